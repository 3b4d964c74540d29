// SPDX-License-Identifier: Apache-2.0
// kernels/word_stages.hpp with AVX-512: sixteen words at a time.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>

namespace dyad::inline v1::avx512 {

/// Whole vectors only; how many words that is.
[[gnu::target("avx512f"), gnu::noinline]] inline std::ptrdiff_t add_words(const std::int32_t* from,
                                                                          const std::int32_t* terms,
                                                                          std::uint32_t factor, std::uint32_t constant,
                                                                          std::int32_t* to, std::ptrdiff_t n) noexcept {
    std::ptrdiff_t j = 0;
    for (; n - j >= 16; j += 16) {
        const words y = load(from + j) + load(terms + j) * factor + constant;
        __builtin_memcpy(to + j, &y, sizeof y);
    }
    return j;
}
[[gnu::target("avx512f"), gnu::noinline]] inline std::ptrdiff_t clamp_words(const std::int32_t* from, std::int32_t low,
                                                                            std::int32_t high, std::int32_t* to,
                                                                            std::ptrdiff_t n) noexcept {
    const signed_words least = signed_words{} + low;
    const signed_words most = signed_words{} + high;
    std::ptrdiff_t j = 0;
    for (; n - j >= 16; j += 16) {
        auto x = reinterpret_cast<signed_words>(load(from + j));
        x = x > least ? x : least;
        x = x < most ? x : most;
        __builtin_memcpy(to + j, &x, sizeof x);
    }
    return j;
}

}  // namespace dyad::inline v1::avx512

#endif
