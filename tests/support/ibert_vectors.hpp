// SPDX-License-Identifier: Apache-2.0
// Printed by ibert_vectors.py with transformers 5.23.0, torch 2.6.0: hashes of what I-BERT's modules give.
#pragma once

#include <cstdint>

namespace reference {

struct ibert_case {
    int bits;
    float scale;
    int n;      ///< elements of a row
    int shift;  ///< of a layer norm
    int kept;   ///< rows, or codes, that were whole
    std::uint64_t hash;
};
inline constexpr ibert_case ibert_softmax[]{
    {8, 0x1.0000000000000p-4f, 2, 0, 64, 0xdb3439f680cdaf93},
    {8, 0x1.0000000000000p-4f, 197, 0, 64, 0x35ad303ad85013ce},
    {8, 0x1.99999a0000000p-4f, 16, 0, 8, 0x5d36271059ec37bb},
    {8, 0x1.82a9940000000p-5f, 17, 0, 3, 0xc890a2f71fe8a318},
    {8, 0x1.0000000000000p-7f, 64, 0, 64, 0x45f50c9a616d6ac4},
    {8, 0x1.0000000000000p-2f, 197, 0, 64, 0x8b9fa56f3177de53},
    {16, 0x1.6a00000000000p-11f, 64, 0, 64, 0x15f642db79a1d91a},
    {16, 0x1.0000000000000p-10f, 197, 0, 64, 0xa4c3f01c4dad1e69},
    {16, 0x1.8000000000000p-11f, 5, 0, 64, 0xdb03eb569a681896},
    {8, 0x1.62e0000000000p-7f, 64, 0, 64, 0xb4ed98d122c6d40b},
};
inline constexpr ibert_case ibert_exp[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 256, 0xc652ae479a3691c4},
    {12, 0x1.0000000000000p-9f, 1, 0, 4096, 0x5779ec64e49882d1},
    {8, 0x1.62e0000000000p-7f, 1, 0, 256, 0x93531d1cf0b28c2b},
};
inline constexpr ibert_case ibert_gelu[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 256, 0x0769b300649b2e11},
    {8, 0x1.013a920000000p-5f, 1, 0, 256, 0x0769b300649b2e11},
    {8, 0x1.4000000000000p-4f, 1, 0, 256, 0x0769b300649b2e11},
    {16, 0x1.0000000000000p-12f, 1, 0, 65536, 0x6eaf93f80dd933d4},
    {16, 0x1.6a00000000000p-13f, 1, 0, 65536, 0x439dd3168818376a},
    {16, 0x1.0000000000000p-13f, 1, 0, 65536, 0x865eb720db372d38},
};
inline constexpr ibert_case ibert_norm[]{
    {8, 0x1.0000000000000p-10f, 64, 0, 64, 0x4977952c4728406b},
    {16, 0x1.0000000000000p-10f, 192, 0, 64, 0x00410b14f1f0b834},
    {16, 0x1.0000000000000p-10f, 768, 0, 64, 0x47883c12aad93bd3},
    {16, 0x1.0000000000000p-10f, 768, 3, 64, 0x5000aa2bd0960aef},
    {16, 0x1.0000000000000p-10f, 5, 0, 64, 0xc3ea3bb67bf2feb9},
    {12, 0x1.0000000000000p-10f, 256, 1, 64, 0x9f9e6ad6008f9538},
};
struct fixedpoint_case {
    float in_scale;
    float out_scale;
    int bits;
    int in_bits;
    int kept;
    std::uint64_t hash;
};
inline constexpr fixedpoint_case fixedpoint_cases[]{
    {0x1.5555560000000p-2f, 0x1.6666660000000p-1f, 8, 9, 4096, 0xd1bc7702b7c30c88},
    {0x1.0624de0000000p-10f, 0x1.eb851e0000000p-6f, 8, 12, 4096, 0x06d426d505866d98},
    {0x1.0000000000000p+0f, 0x1.0000000000000p+0f, 16, 17, 4096, 0x817c5605a027a16c},
    {0x1.0000000000000p-1f, 0x1.0000000000000p-2f, 16, 15, 4096, 0x278a9b3fdb1b828a},
    {0x1.4f8b580000000p-17f, 0x1.5a07b40000000p-12f, 16, 20, 4096, 0xd0b1f54ec405cd74},
    {0x1.6f00680000000p-11f, 0x1.205bc00000000p-10f, 24, 24, 3935, 0xcdd8162bb189a4ab},
    {0x1.0000000000000p+0f, 0x1.0000000000000p+6f, 8, 13, 4096, 0x3f49692356d1d053},
};

}  // namespace reference
