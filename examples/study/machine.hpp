// SPDX-License-Identifier: Apache-2.0
// The machine and the compiler by name, for reports.
#pragma once

#include <fstream>
#include <string>
#include <thread>

#include <dyad/core/version.hpp>

namespace study {

[[nodiscard]] inline std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}
[[nodiscard]] inline std::string cpu_text() {
    return cpu_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " threads";
}

[[nodiscard]] inline std::string compiler_name() {
#if defined(__clang__)
    return std::string("clang ") + __clang_version__;
#else
    return std::string("g++ ") + __VERSION__;
#endif
}

[[nodiscard]] inline std::string library_version() {
    return std::to_string(DYAD_VERSION_MAJOR) + "." + std::to_string(DYAD_VERSION_MINOR) + "." +
           std::to_string(DYAD_VERSION_PATCH);
}

}  // namespace study
