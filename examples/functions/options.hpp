// SPDX-License-Identifier: Apache-2.0
// The command line of dyad-functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace functions {

struct options {
    std::vector<std::string> functions;  ///< empty: all but those that take too long
    std::vector<std::string> variants;   ///< empty: all
    std::vector<double> scales;          ///< empty: each function's own
    std::string out = "build/functions";
    std::string save;         ///< not empty: the shard goes there, and there is no page
    std::uint64_t shard = 0;  ///< part `shard` of `shards`, counted from 0
    std::uint64_t shards = 1;
    std::vector<std::string> merge;  ///< shard files to put together
    bool help = false;
    bool list = false;
    std::string command;
};

/// Scales that can be measured; of smaller ones 16 bits would not hold the codes of -16.
[[nodiscard]] constexpr bool is_scale(double x) noexcept { return x >= 0x1p-11 && x <= 1024; }

[[nodiscard]] std::string usage();
[[nodiscard]] std::string list_text();

/// Reads the arguments; std::invalid_argument with one sentence for what is not understood.
[[nodiscard]] options parse_options(int argc, char** argv);

}  // namespace functions
