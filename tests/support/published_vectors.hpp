// SPDX-License-Identifier: Apache-2.0
// Printed by published_vectors.py: hashes of what the published formulas give, in numpy's words.
#pragma once

#include <cstdint>

namespace reference {

struct published_case {
    int bits;
    float scale;
    int n;  ///< elements of a row
    int extra;
    std::uint64_t hash;
};
inline constexpr published_case ivit_softmax_16[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 0x0e0a7d0adcb59591},
    {8, 0x1.0000000000000p-4f, 2, 1, 0xa73c991c36af8d45},
    {8, 0x1.0000000000000p-4f, 197, 2, 0xe07c654ffc3ecbae},
    {8, 0x1.0000000000000p-2f, 16, 3, 0xb58c4234bda44566},
    {8, 0x1.99999a0000000p-4f, 197, 4, 0x20520ea659cb2589},
    {8, 0x1.82a9940000000p-5f, 65, 5, 0x156c6418a469f7d1},
    {8, 0x1.0000000000000p-7f, 197, 6, 0x14a80365587f9c72},
    {16, 0x1.6a00000000000p-11f, 64, 7, 0x14772148555de81b},
    {16, 0x1.0000000000000p-10f, 197, 8, 0x4d06b25323517b59},
    {16, 0x1.3a92a40000000p-12f, 5, 9, 0x39f117e3c83fe565},
    {8, 0x1.4000000000000p+1f, 17, 10, 0x986d7fa726b6c33c},
};
inline constexpr published_case ivit_softmax_8[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 0x6e029af46b7f6553},
    {8, 0x1.0000000000000p-4f, 2, 1, 0x969497be69a0a766},
    {8, 0x1.0000000000000p-4f, 197, 2, 0x0aaac73d88cad5ed},
    {8, 0x1.0000000000000p-2f, 16, 3, 0xf8d05c6c91f15dea},
    {8, 0x1.99999a0000000p-4f, 197, 4, 0xbaa2ec56ca5036b7},
    {8, 0x1.82a9940000000p-5f, 65, 5, 0xf033cf3ca4c57e09},
    {8, 0x1.0000000000000p-7f, 197, 6, 0xbbd0e30b96e87176},
    {16, 0x1.6a00000000000p-11f, 64, 7, 0x7e6db0399888fdde},
    {16, 0x1.0000000000000p-10f, 197, 8, 0x944bc0546a021465},
    {16, 0x1.3a92a40000000p-12f, 5, 9, 0xb1efff05ab6c5dc7},
    {8, 0x1.4000000000000p+1f, 17, 10, 0x3d86d811e876a34e},
};
inline constexpr published_case ivit_softmax_tvm[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 0xf6b7e41de58a092b},
    {8, 0x1.0000000000000p-4f, 2, 1, 0xb0c3c32fe8501fdc},
    {8, 0x1.0000000000000p-4f, 197, 2, 0xfac170ba489da13c},
    {8, 0x1.0000000000000p-2f, 16, 3, 0xaaf454cc1a27cf23},
    {8, 0x1.99999a0000000p-4f, 197, 4, 0x1c4aac0255c59077},
    {8, 0x1.82a9940000000p-5f, 65, 5, 0x39c8fca934c61011},
    {8, 0x1.0000000000000p-7f, 197, 6, 0xb59f5b92410d2e65},
    {16, 0x1.6a00000000000p-11f, 64, 7, 0xab364cf856011d4f},
    {16, 0x1.0000000000000p-10f, 197, 8, 0x4e0f46c1d2a80c28},
    {16, 0x1.3a92a40000000p-12f, 5, 9, 0xc17fd36482cda9c2},
    {8, 0x1.4000000000000p+1f, 17, 10, 0x3d86d811e876a34e},
};
inline constexpr published_case ivit_gelu[]{
    {8, 0x1.0000000000000p-4f, 64, 20, 0x46ff47eb8cc9d364},
    {8, 0x1.0204080000000p-5f, 192, 21, 0xe2a33ad616e37aea},
    {8, 0x1.0204080000000p-4f, 192, 22, 0x083dd2e89e0f2607},
    {8, 0x1.42850a0000000p-4f, 64, 23, 0xf5ecdaeaaed1e6df},
    {8, 0x1.0000000000000p-2f, 32, 24, 0x9700720bc2cf2f7d},
    {8, 0x1.0000000000000p-9f, 64, 25, 0x057a690300f9b548},
    {16, 0x1.0000000000000p-12f, 64, 26, 0xfe751c3960f4641e},
    {16, 0x1.6f00680000000p-11f, 64, 27, 0x9d96116e9475f489},
};
inline constexpr published_case ivit_gelu_tvm[]{
    {8, 0x1.0000000000000p-4f, 64, 20, 0x4f34c020712b4499},
    {8, 0x1.0204080000000p-5f, 192, 21, 0x1adff0fb09b164fa},
    {8, 0x1.0204080000000p-4f, 192, 22, 0x6c00abf1262a67f5},
    {8, 0x1.42850a0000000p-4f, 64, 23, 0x1025866c6acfe5fb},
    {8, 0x1.0000000000000p-2f, 32, 24, 0x66859acba90173c8},
    {8, 0x1.0000000000000p-9f, 64, 25, 0xfa7011b6ead10be9},
    {16, 0x1.0000000000000p-12f, 64, 26, 0x429fa0c5eb55a372},
    {16, 0x1.6f00680000000p-11f, 64, 27, 0x2c28d53bb7e1c27b},
};
inline constexpr published_case ivit_norm[]{
    {8, 0x1.0000000000000p+0f, 64, 40, 0xbee629a8b0e70f28},
    {16, 0x1.0000000000000p+0f, 192, 41, 0x4ce8a69bfb0df145},
    {16, 0x1.0000000000000p+0f, 768, 42, 0x63fee16ac323a4b4},
    {3, 0x1.0000000000000p+0f, 192, 43, 0xc501fcb96fa0466f},
    {2, 0x1.0000000000000p+0f, 7, 44, 0xa89c34e9224b7049},
    {6, 0x1.0000000000000p+0f, 384, 45, 0x42a3a726199bbdb0},
};
inline constexpr published_case ivit_norm_tvm[]{
    {8, 0x1.0000000000000p+0f, 64, 40, 0x90401fd03165b817},
    {16, 0x1.0000000000000p+0f, 192, 41, 0x7c6d0f612e44d9dd},
    {16, 0x1.0000000000000p+0f, 768, 42, 0x3898902d381353f9},
    {3, 0x1.0000000000000p+0f, 192, 43, 0xfb0c6528a4a62bf7},
    {2, 0x1.0000000000000p+0f, 7, 44, 0x9d0aebbdc399c46c},
    {6, 0x1.0000000000000p+0f, 384, 45, 0xa6d2c06e221013b7},
};
inline constexpr published_case fqvit_log[]{
    {8, 0x1.0000000000000p-4f, 197, 60, 0x404420deb3e7a651},
    {8, 0x1.99999a0000000p-4f, 16, 61, 0xa39a8628b52b26c9},
    {16, 0x1.0000000000000p-10f, 197, 62, 0xfb0c25e85d5d9cf7},
    {8, 0x1.0000000000000p-7f, 65, 63, 0x93d58f9954678050},
};
inline constexpr published_case index_softmax_rows[]{
    {20, 0x1.47ae140000000p-7f, 64, 42240, 0x68cb492fa926d564},
    {22, 0x1.6f00680000000p-11f, 197, 603428, 0xa6ab0de50f1402d7},
    {14, 0x1.99999a0000000p-5f, 17, 8448, 0x35fc873ebe04b97d},
    {24, 0x1.0000000000000p-16f, 64, 27682406, 0x9e2326560497941f},
};
inline constexpr published_case softermax_rows[]{
    {8, 0x1.0000000000000p+4f, 197, 80, 0xebc38de078078e6c},
    {8, 0x1.0000000000000p+0f, 64, 81, 0x4b56a75409d678b0},
    {6, 0x1.0000000000000p+4f, 768, 82, 0xfbecd55f02ab01d3},
    {4, 0x1.0000000000000p+2f, 2000, 83, 0x53e0c96bf9d810bd},
    {8, 0x1.0000000000000p+6f, 3, 84, 0x08ca2433868bbf3b},
};
inline constexpr published_case paper_softmax[]{
    {8, 0x1.0000000000000p-4f, 197, 90, 0x1037a0560ef1e4e0},
    {8, 0x1.99999a0000000p-4f, 16, 91, 0xcac3a7c3df806756},
    {16, 0x1.0000000000000p-10f, 64, 92, 0x0065c176a854841d},
    {8, 0x1.0000000000000p-7f, 65, 93, 0xa538434d699859bc},
};
inline constexpr published_case paper_gelu[]{
    {8, 0x1.0000000000000p-4f, 1, 0, 0x8d2006248e1a1759},
    {8, 0x1.82a9940000000p-5f, 1, 0, 0x98b5ea423f6bad21},
    {16, 0x1.0000000000000p-12f, 1, 0, 0xd6f51b596f1ae36f},
};
inline constexpr published_case paper_norm[]{
    {8, 0x1.0000000000000p+0f, 64, 40, 0x9789125e8ca8c5c7},
    {16, 0x1.0000000000000p+0f, 192, 41, 0x34099e7d6c024319},
    {16, 0x1.0000000000000p+0f, 768, 42, 0xb2d7d8d0ce02d2af},
    {3, 0x1.0000000000000p+0f, 192, 43, 0x8035e6bfed34c6d5},
    {2, 0x1.0000000000000p+0f, 7, 44, 0xaa0cde8e9f48b0f0},
    {6, 0x1.0000000000000p+0f, 384, 45, 0xbe61327a8fd288ca},
};
struct ratio_case {
    double ratio;
    std::int64_t b;
    int c;
};
inline constexpr ratio_case ratio_cases[]{
    {0x1.0000000000000p+0, 1073741824, 30},
    {0x1.0000000000000p-1, 1073741824, 31},
    {0x1.5555555555555p-2, 1431655765, 32},
    {0x1.6666666666666p-1, 1503238554, 31},
    {0x1.ad7f29abcaf48p-24, 1801439851, 54},
    {0x1.edd2f1a9fbe77p+6, 2071247978, 24},
    {0x1.ffffffff00000p-1, 2147483648, 31},
    {0x1.fffffffe00000p-1, 2147483648, 31},
    {0x1.fffffffc00000p-1, 2147483647, 31},
    {0x1.ffffffffff000p+0, 2147483648, 30},
    {0x1.99999999999dap-4, 1717986918, 34},
};

}  // namespace reference
