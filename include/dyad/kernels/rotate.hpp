// SPDX-License-Identifier: Apache-2.0
// Rows of pairs turned by tabulated angles, by the best kernel of an instruction set: the same bits from each.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/rotate.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/rotate.hpp>

namespace dyad::inline v1 {

/// Pair i, (a, b), of a row of 2 * pairs elements to (a c - b s, a s + b c) 2^-Fraction with (c, s) = table[2i],
/// table[2i
/// + 1]: rounded to nearest even, saturated to `range`. |c| + |s| <= 1.5 * 2^Fraction, Fraction below the width of C.
/// dst may be src, with the same stride.
template <int Fraction, class X, class C>
void rotate_row(instruction_set isa, rotary_layout layout, const C* table, const X* src, std::ptrdiff_t src_stride,
                X* dst, std::ptrdiff_t dst_stride, std::ptrdiff_t pairs, const scalar::raw_range<X>& range) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if constexpr (std::same_as<C, std::int16_t> && (std::same_as<X, std::int16_t> || std::same_as<X, std::int8_t>)) {
        const bool whole_words = static_cast<unsigned>(range.largest) == (1U << (8 * sizeof(X) - 1)) - 1;
        if (isa >= instruction_set::avx512 && src_stride == 1 && dst_stride == 1 && whole_words)
            return avx512::rotate<Fraction>(layout, table, src, dst, pairs, range);
    }
#endif
    static_cast<void>(isa);
    scalar::rotate<Fraction>(layout, table, src, src_stride, dst, dst_stride, pairs, range);
}

}  // namespace dyad::inline v1
