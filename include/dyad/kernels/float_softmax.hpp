// SPDX-License-Identifier: Apache-2.0
// Largest element, sum of terms and shares of a float softmax, by the best kernel of an instruction set: the same bits
// from each. Callers set the default floating-point environment; see kernels/scalar/float_softmax.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_softmax.hpp>
#include <dyad/kernels/avx512/float_softmax.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/float_softmax.hpp>
#include <dyad/kernels/stream.hpp>

namespace dyad::inline v1 {

/// The largest of n floats, NaN apart; -infinity where there is none.
[[nodiscard]] inline float softmax_largest(instruction_set isa, const float* x, std::size_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::softmax_largest(x, n);
    if (isa >= instruction_set::avx2) return avx2::softmax_largest(x, n);
#endif
    static_cast<void>(isa);
    return scalar::softmax_largest(x, n);
}

/// The sum of the terms of n floats, at most softmax_block, NaN if one is. Terms are `kept_terms{where}` (it may be x)
/// or `no_terms{}`; `next`, which may be null, is fetched meanwhile, as much as n.
template <class Terms>
[[nodiscard]] double softmax_sum(instruction_set isa, const float* x, std::size_t n, const softmax_reference& to,
                                 Terms terms, const float* next) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::softmax_sum(x, n, to, terms, next);
    if (isa >= instruction_set::avx2) return avx2::softmax_sum(x, n, to, terms, next);
#endif
    static_cast<void>(isa);
    static_cast<void>(next);
    return scalar::softmax_sum(x, n, to, terms);
}

/// y[i] = x[i] * factor; y may be x, else apart.
inline void softmax_multiply(instruction_set isa, const float* x, std::size_t n, float factor, float* y) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::softmax_multiply(x, n, factor, y);
    if (isa >= instruction_set::avx2) return avx2::softmax_multiply(x, n, factor, y);
#endif
    static_cast<void>(isa);
    scalar::softmax_multiply(x, n, factor, y);
}

/// y[i] = (term of x[i]) * factor; y may be x, else apart.
inline void softmax_shares(instruction_set isa, const float* x, std::size_t n, const softmax_reference& to,
                           float factor, float* y) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::softmax_shares(x, n, to, factor, y);
    if (isa >= instruction_set::avx2) return avx2::softmax_shares(x, n, to, factor, y);
#endif
    static_cast<void>(isa);
    scalar::softmax_shares(x, n, to, factor, y);
}

/// The same for rows that are larger than the caches: y is written past them.
inline void softmax_shares_streamed(instruction_set isa, const float* x, std::size_t n, const softmax_reference& to,
                                    float factor, float* y) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    const auto address = reinterpret_cast<std::uintptr_t>(y);
    if (isa >= instruction_set::avx2 && address % sizeof(float) == 0) {
        std::size_t head = (64 - address % 64) % 64 / sizeof(float);
        head = head < n ? head : n;
        softmax_shares(isa, x, head, to, factor, y);
        x += head, y += head, n -= head;
        const std::size_t lines = n / 16 * 16;
        if (isa >= instruction_set::avx512) avx512::softmax_shares_streamed(x, lines, to, factor, y);
        else avx2::softmax_shares_streamed(x, lines, to, factor, y);
        __asm__ volatile("sfence" : : : "memory");
        x += lines, y += lines, n -= lines;
    }
#endif
    softmax_shares(isa, x, n, to, factor, y);
}

}  // namespace dyad::inline v1
