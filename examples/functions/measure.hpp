// SPDX-License-Identifier: Apache-2.0
// From the options to figures: sweeps, shards of them, curves and times.
#pragma once

#include <string>
#include <vector>

#include <dyad/study/sweep_shard.hpp>

#include "options.hpp"
#include "report.hpp"

namespace functions {

/// The chosen part of the chosen sweeps, in the order of the report.
[[nodiscard]] std::vector<dyad::study::sweep_shard> measure(const options& chosen);

/// The whole sweeps that the shards of some files make up, in the order of the report. std::runtime_error with a
/// sentence where they do not, or where this program does not know a sweep.
[[nodiscard]] std::vector<dyad::study::sweep_shard> merge_files(const std::vector<std::string>& files);

/// Whole sweeps with what a report needs beside: curves, and times measured now.
[[nodiscard]] std::vector<outcome> complete(const std::vector<dyad::study::sweep_shard>& sweeps);

}  // namespace functions
