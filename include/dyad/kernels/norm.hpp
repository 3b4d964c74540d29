// SPDX-License-Identifier: Apache-2.0
// The run-time choice among the kernels that normalize rows of integers: the bits of kernels/scalar/norm.hpp from each.
// Codes of 8 or 16 bits, one after the other; rows of at most 2^14 elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/kernels/avx2/norm.hpp>
#include <dyad/kernels/avx512/norm.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/norm.hpp>

namespace dyad::inline v1 {

template <class In>
[[nodiscard]] norm_sums sum_norm_row(instruction_set isa, const In* src, std::ptrdiff_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::norms::sum_row(src, n);
    if (isa >= instruction_set::avx2) return avx2::norms::sum_row(src, n);
#endif
    static_cast<void>(isa);
    return scalar::norms::sum_row(src, 1, n);
}

template <class In>
[[nodiscard]] norm_upper_sums sum_norm_above(instruction_set isa, const In* src, std::ptrdiff_t n,
                                             std::int32_t threshold) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::norms::sum_above(src, n, threshold);
    if (isa >= instruction_set::avx2) return avx2::norms::sum_above(src, n, threshold);
#endif
    static_cast<void>(isa);
    return scalar::norms::sum_above(src, 1, n, threshold);
}

/// dst may be src.
template <class In, class Out>
void normalize_row(instruction_set isa, const In* src, std::ptrdiff_t n, const norm_row_factor& factor,
                   const norm_channel_factors& channels, Out* dst) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::norms::normalize_row(src, n, factor, channels, dst);
    if (isa >= instruction_set::avx2) return avx2::norms::normalize_row(src, n, factor, channels, dst);
#endif
    static_cast<void>(isa);
    for (std::ptrdiff_t i = 0; i < n; ++i)
        dst[i] = static_cast<Out>(scalar::norms::normalize_one(src[i], factor, channels.gains[i], channels.offsets[i],
                                                               channels.shift, std::numeric_limits<Out>::min(),
                                                               std::numeric_limits<Out>::max()));
}

}  // namespace dyad::inline v1
