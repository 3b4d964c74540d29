// SPDX-License-Identifier: Apache-2.0
// Rows of pairs turned by tabulated angles, by the best kernel of an instruction set: the same bits from each.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/rotate.hpp>
#include <dyad/kernels/avx512/rotate.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/rotate.hpp>

namespace dyad::inline v1 {

/// `heads` of 2 * pairs elements, one behind the other. Pair i of each, (a, b), to (a c - b s, a s + b c) 2^-Fraction
/// with (c, s) = table[2i], table[2i + 1]: rounded to nearest even, saturated to `range`. |c| + |s| <= 1.5 *
/// 2^Fraction, Fraction below the width of C. dst may be src, with the same stride.
template <int Fraction, class X, class C>
void rotate_heads(instruction_set isa, rotary_layout layout, const C* table, const X* src, std::ptrdiff_t src_stride,
                  X* dst, std::ptrdiff_t dst_stride, std::ptrdiff_t pairs, std::ptrdiff_t heads,
                  const scalar::raw_range<X>& range) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (src_stride == 1 && dst_stride == 1) {
        if constexpr (std::same_as<X, float> && std::same_as<C, float>) {
            if (isa >= instruction_set::avx512) return avx512::rotate(layout, table, src, dst, pairs, heads);
            if (isa >= instruction_set::avx2) return avx2::rotate(layout, table, src, dst, pairs, heads);
        } else if constexpr (std::same_as<C, std::int16_t> && sizeof(X) <= 2) {
            const bool whole_words = range.largest == static_cast<X>((1U << (8 * sizeof(X) - 1)) - 1);
            if (isa >= instruction_set::avx512 && whole_words) {
                return avx512::rotate<Fraction>(layout, table, src, dst, pairs, heads);
            }
            if (isa >= instruction_set::avx2 && whole_words) {
                return avx2::rotate<Fraction>(layout, table, src, dst, pairs, heads, range);
            }
        }
    }
#endif
    static_cast<void>(isa);
    scalar::rotate<Fraction>(layout, table, src, src_stride, dst, dst_stride, pairs, heads, range);
}

}  // namespace dyad::inline v1
