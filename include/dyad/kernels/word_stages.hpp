// SPDX-License-Identifier: Apache-2.0
// Steps of epilogues on rows of 32-bit words, by the best kernel of an instruction set; integers only. to may be from.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/word_stages.hpp>
#include <dyad/kernels/avx512/word_stages.hpp>
#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// to[j] = from[j] + terms[j * stride] * factor + constant modulo 2^32; terms may be null, for none.
inline void add_words(instruction_set isa, const std::int32_t* from, const std::int32_t* terms, std::ptrdiff_t stride,
                      std::int32_t factor, std::int32_t constant, std::int32_t* to, std::ptrdiff_t n) noexcept {
    const auto f = static_cast<std::uint32_t>(factor);
    const auto c = static_cast<std::uint32_t>(constant);
    std::ptrdiff_t j = 0;
#if defined(__x86_64__) && defined(__SSE2__)
    if (terms != nullptr && stride == 1) {
        if (isa >= instruction_set::avx512) j = avx512::add_words(from, terms, f, c, to, n);
        else if (isa >= instruction_set::avx2) j = avx2::add_words(from, terms, f, c, to, n);
    }
#endif
    static_cast<void>(isa);
    for (; j < n; ++j) {
        const auto term = terms == nullptr ? 0U : static_cast<std::uint32_t>(terms[j * stride]);
        to[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(from[j]) + term * f + c);
    }
}

/// to[j] = from[j] clamped to low ... high.
inline void clamp_words(instruction_set isa, const std::int32_t* from, std::int32_t low, std::int32_t high,
                        std::int32_t* to, std::ptrdiff_t n) noexcept {
    std::ptrdiff_t j = 0;
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) j = avx512::clamp_words(from, low, high, to, n);
    else if (isa >= instruction_set::avx2) j = avx2::clamp_words(from, low, high, to, n);
#endif
    static_cast<void>(isa);
    for (; j < n; ++j) to[j] = from[j] < low ? low : from[j] > high ? high : from[j];
}

}  // namespace dyad::inline v1
