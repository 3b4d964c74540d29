// SPDX-License-Identifier: Apache-2.0
// Where a report's figures come from: commit, compiler, machine, command.
#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dyad/core/version.hpp>
#include <dyad/kernels/cpu.hpp>

#include "commit.hpp"  // generated when the program is built
#include "options.hpp"

namespace study {

[[nodiscard]] inline std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> provenance(const options& chosen,
                                                                                 std::size_t calibration_images,
                                                                                 std::size_t test_images) {
#if defined(__clang__)
    const std::string compiler = std::string("clang ") + __clang_version__;
#else
    const std::string compiler = std::string("g++ ") + __VERSION__;
#endif
    const std::string version = std::to_string(DYAD_VERSION_MAJOR) + "." + std::to_string(DYAD_VERSION_MINOR) + "." +
                                std::to_string(DYAD_VERSION_PATCH);
    return {
        {"dyad", version},
        {"commit", commit},
        {"compiler", compiler},
        {"flags", DYAD_STUDY_FLAGS},
        {"cpu", cpu_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " threads"},
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
