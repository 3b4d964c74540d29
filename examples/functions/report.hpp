// SPDX-License-Identifier: Apache-2.0
// What dyad-functions found, and the ways of showing it: table, HTML page, CSV, JSON.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include <dyad/study/sweep_state.hpp>

#include "registry.hpp"

namespace functions {

/// One point of a drawn curve.
struct curve_point {
    double x;      ///< the real input; of rows their number
    double error;  ///< value - reference
};

/// A variant at a scale.
struct outcome {
    const function_entry* function = nullptr;
    const variant* subject = nullptr;
    double scale = 1;
    dyad::study::sweep_state state;
    double nanoseconds = 0;          ///< per element, on one thread
    std::vector<curve_point> curve;  ///< all inputs, or the extremes of short stretches
};

struct study_result {
    std::vector<std::pair<std::string, std::string>> provenance;
    std::vector<outcome> outcomes;  ///< by function, then variant, then scale
};

void print_table(std::ostream& out, const study_result& result);
void write_html(std::ostream& out, const study_result& result);
void write_csv(std::ostream& out, const study_result& result);
void write_json(std::ostream& out, const study_result& result);

}  // namespace functions
