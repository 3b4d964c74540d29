// SPDX-License-Identifier: Apache-2.0
// Printed by ggml_hashes.py with gguf 0.19.0: bytes of blocks, and floats of them, as hashes.
#pragma once

#include <cstdint>

namespace reference {

struct ggml_row {
    const char* blocks;
    const char* inputs;
    std::uint64_t of_inputs;
    std::uint64_t of_bytes;
    std::uint64_t of_floats;
};
inline constexpr ggml_row ggml_rows[]{
    {"Q8_0", "random", 0x77f09780d9dd45c4, 0x0c90ec3cb5e7a163, 0x593e022a171a76fa},
    {"Q8_0", "ties", 0x70cba9b264949601, 0xddc790b9beda5627, 0xedc7aa4e7fd66490},
    {"Q8_0", "edges", 0x8e474eb8e294e13a, 0x1e5b6010f8c62536, 0x9aa8957ef87551a1},
    {"Q4_0", "random", 0x77f09780d9dd45c4, 0x453fb4ea3a46881e, 0x1a584da1bd96c9df},
    {"Q4_0", "ties", 0x9782b192b9de2c58, 0x058754d8048d1731, 0x13a3e5793b62860c},
    {"Q4_0", "edges", 0x8e474eb8e294e13a, 0x02fb88196466639b, 0x3dc1d7fbacdc4156},
    {"MXFP4", "random", 0xd2f42a01bff63c7b, 0xeb5353857905d4f2, 0xe2ae22391f773807},
    {"MXFP4", "ties", 0x07fd5b506b39895f, 0x9fd616063880443b, 0x6b0d27674c62b60f},
    {"MXFP4", "edges", 0x6717d8761b85c7d3, 0x63dae530b729d280, 0x9ae7ea142e55619e},
};

}  // namespace reference
