// SPDX-License-Identifier: Apache-2.0
// Tables of codes of codes: dst[i] = table[src[i]].
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::inline v1::scalar {

/// n codes by a table of one entry for each word up to `mask`. dst may be src. Eight loads before eight stores: a
/// table of 65536 entries lives in level 2, whose latency is all that counts (gathers of AVX2 and AVX-512 took 1.1 to
/// 1.5 times as long).
template <class Index, class Code>
[[gnu::noinline]] inline void look_up(const Code* table, Index mask, const Index* src, Code* dst,
                                      std::size_t n) noexcept {
    constexpr std::size_t at_once = 8;
    std::size_t i = 0;
    for (; n - i >= at_once; i += at_once) {
        Index x[at_once];
        Code y[at_once];
        __builtin_memcpy(x, src + i, sizeof x);
        for (std::size_t j = 0; j < at_once; ++j) y[j] = table[x[j] & mask];
        __builtin_memcpy(dst + i, y, sizeof y);
    }
    for (; i < n; ++i) dst[i] = table[src[i] & mask];
}

}  // namespace dyad::inline v1::scalar
