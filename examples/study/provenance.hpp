// SPDX-License-Identifier: Apache-2.0
// Where a report's figures come from: commit, compiler, machine, command.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <dyad/kernels/cpu.hpp>

#include "commit.hpp"  // generated when the program is built
#include "machine.hpp"
#include "options.hpp"

namespace study {

[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> provenance(const options& chosen,
                                                                                 std::size_t calibration_images,
                                                                                 std::size_t test_images) {
    return {
        {"dyad", library_version()},
        {"commit", commit},
        {"compiler", compiler_name()},
        {"flags", DYAD_STUDY_FLAGS},
        {"cpu", cpu_text()},
        {"kernels", std::string("float sums: ") +
                        dyad::to_string(std::min(dyad::best_instruction_set(), dyad::instruction_set::avx2)) +
                        ", integer sums: plain loops; times compare recipes on these, not machines"},
        {"seed", "none: nothing in the study is random"},
        {"model", chosen.model},
        {"images", chosen.images + ": " + std::to_string(test_images) + " tested, " +
                       std::to_string(calibration_images) + " for calibration"},
        {"command", chosen.command},
    };
}

}  // namespace study
