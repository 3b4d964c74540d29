// SPDX-License-Identifier: Apache-2.0
// kernels/word_stages.hpp with AVX2: eight words at a time.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/requantize.hpp>

namespace dyad::inline v1::avx2 {

/// Whole vectors only; how many words that is.
[[gnu::target("avx2"), gnu::noinline]] inline std::ptrdiff_t add_words(const std::int32_t* from,
                                                                       const std::int32_t* terms, std::uint32_t factor,
                                                                       std::uint32_t constant, std::int32_t* to,
                                                                       std::ptrdiff_t n) noexcept {
    std::ptrdiff_t j = 0;
    for (; n - j >= 8; j += 8) {
        const auto x = reinterpret_cast<eight_unsigned>(load_eight(from + j));
        const auto y = x + reinterpret_cast<eight_unsigned>(load_eight(terms + j)) * factor + constant;
        __builtin_memcpy(to + j, &y, sizeof y);
    }
    return j;
}
[[gnu::target("avx2"), gnu::noinline]] inline std::ptrdiff_t clamp_words(const std::int32_t* from, std::int32_t low,
                                                                         std::int32_t high, std::int32_t* to,
                                                                         std::ptrdiff_t n) noexcept {
    const eight_signed least = eight_signed{} + low;
    const eight_signed most = eight_signed{} + high;
    std::ptrdiff_t j = 0;
    for (; n - j >= 8; j += 8) {
        eight_signed x = load_eight(from + j);
        x = x > least ? x : least;
        x = x < most ? x : most;
        __builtin_memcpy(to + j, &x, sizeof x);
    }
    return j;
}

}  // namespace dyad::inline v1::avx2

#endif
