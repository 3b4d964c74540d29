// SPDX-License-Identifier: Apache-2.0
// Block sums to float totals, totals to results and scaled elements to bfloat16, by the best kernel of an instruction
// set: the same bits from each. The caller sets the floating-point environment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/kernels/avx2/flush.hpp>
#include <dyad/kernels/avx512/flush.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/flush.hpp>

namespace dyad::inline v1 {

/// Adds a tile of block sums (std::int32_t, std::int64_t or float) to its totals, which begin at +0 or as they are.
/// Zero points beside std::int32_t only.
template <class Sum>
void flush_sums(instruction_set isa, const Sum* sums, std::ptrdiff_t sum_stride, std::ptrdiff_t rows,
                std::ptrdiff_t columns, const flush_lines& lines, tile_start start, float* totals,
                std::ptrdiff_t total_stride) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if constexpr (sizeof(Sum) == 4) {
        if (isa >= instruction_set::avx512) {
            const bool zeros = lines.lhs_zeros != nullptr || lines.rhs_zeros != nullptr;
            const auto kernel = zeros ? &avx512::flush_tile<Sum, avx512::flush_zeros::some>
                                      : &avx512::flush_tile<Sum, avx512::flush_zeros::none>;
            return kernel(sums, sum_stride, rows, columns, lines, start, totals, total_stride);
        }
        if (isa >= instruction_set::avx2)
            return avx2::flush_tile(sums, sum_stride, rows, columns, lines, start, totals, total_stride);
    }
#endif
    static_cast<void>(isa);
    scalar::flush_sums(sums, sum_stride, rows, columns, lines, start, totals, total_stride);
}

/// x[j] = (x[j] * first) * second, each rounded once; a NaN becomes 0x7fc00000.
inline void finish_totals(instruction_set isa, float* x, std::ptrdiff_t n, float first, float second) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::finish_totals(x, n, first, second);
    if (isa >= instruction_set::avx2) return avx2::finish_totals(x, n, first, second);
#endif
    static_cast<void>(isa);
    scalar::finish_totals(x, n, first, second);
}

/// to[j] = the bfloat16 code of x[j] * factor, a product that bfloat16 holds exactly; NaN as 0x7fc0.
inline void fold_bf16(instruction_set isa, const float* x, float factor, std::ptrdiff_t n, std::uint16_t* to) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::fold_bf16(x, factor, n, to);
    if (isa >= instruction_set::avx2) return avx2::fold_bf16(x, factor, n, to);
#endif
    static_cast<void>(isa);
    scalar::fold_bf16(x, factor, n, to);
}

}  // namespace dyad::inline v1
