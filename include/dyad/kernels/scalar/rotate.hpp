// SPDX-License-Identifier: Apache-2.0
// Pairs of numbers turned by tabulated angles:
//   (a, b) -> (a c - b s, a s + b c),
// in integers with one rounding to nearest even and saturation, or in floats with one rounding of a double.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1 {

/// Which elements of a row of d are pair i: 2i and 2i + 1 (RoFormer, GPT-J), or i and i + d/2 (GPT-NeoX, LLaMA in
/// Hugging Face's transformers).
enum class rotary_layout : std::uint8_t { interleaved, halves };

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar {

/// The range of raw numbers that a rotation saturates to.
template <class X>
struct raw_range {
    X lowest;
    X largest;
};

/// A word for a c - b s and a s + b c: (c, s) is at most sqrt 2 as a sum of magnitudes, in units of 2^-Fraction.
template <class X, class C>
using rotation_word = least_int<(sizeof(X) + sizeof(C) <= 4 ? 32 : 64)>;

/// t 2^-Fraction to nearest even, then into range.
template <int Fraction, class X, class Word>
[[nodiscard, gnu::always_inline]] inline X finish_rotation(Word t, const raw_range<X>& range) noexcept {
    constexpr auto below_half = static_cast<Word>((Word{1} << (Fraction - 1)) - 1);
    const auto y = static_cast<Word>((t + below_half + ((t >> Fraction) & 1)) >> Fraction);
    return static_cast<X>(y < Word{range.lowest}    ? Word{range.lowest}
                          : y > Word{range.largest} ? Word{range.largest}
                                                    : y);
}

/// One pair. `table` holds cosine and sine.
template <int Fraction, class X, class C>
[[gnu::always_inline]] inline void rotate_pair(const C* table, X& a, X& b, const raw_range<X>& range) noexcept {
    using word = rotation_word<X, C>;
    const word x = a;
    const word y = b;
    const word c = table[0];
    const word s = table[1];
    a = finish_rotation<Fraction>(static_cast<word>(x * c - y * s), range);
    b = finish_rotation<Fraction>(static_cast<word>(x * s + y * c), range);
}
/// A double as a float; every NaN as the same one.
[[nodiscard, gnu::always_inline]] inline float finish_rotation(double t) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(t));
    return std::bit_cast<float>(select((bits & 0x7fff'ffff) > 0x7f80'0000, 0x7fc0'0000, bits));
}
/// Products of floats are exact in double, whether or not they are contracted: each result is rounded to 53 bits, and
/// then to 24.
template <int>
[[gnu::always_inline]] inline void rotate_pair(const float* table, float& a, float& b,
                                               const raw_range<float>&) noexcept {
    const double x = static_cast<double>(a);
    const double y = static_cast<double>(b);
    const double c = static_cast<double>(table[0]);
    const double s = static_cast<double>(table[1]);
    a = finish_rotation(x * c - y * s);
    b = finish_rotation(x * s + y * c);
}

/// Pairs first .. pairs - 1 of a head of 2 * pairs elements; elements `stride` apart. dst may be src.
template <int Fraction, class X, class C>
[[gnu::always_inline]] inline void rotate_pairs(rotary_layout layout, const C* table, const X* src,
                                                std::ptrdiff_t src_stride, X* dst, std::ptrdiff_t dst_stride,
                                                std::ptrdiff_t first, std::ptrdiff_t pairs,
                                                const raw_range<X>& range) noexcept {
    const bool interleaved = layout == rotary_layout::interleaved;
    for (std::ptrdiff_t i = first; i < pairs; ++i) {
        const std::ptrdiff_t at = interleaved ? 2 * i : i;
        const std::ptrdiff_t other = interleaved ? at + 1 : at + pairs;
        X a = src[at * src_stride];
        X b = src[other * src_stride];
        rotate_pair<Fraction>(table + 2 * i, a, b, range);
        dst[at * dst_stride] = a;
        dst[other * dst_stride] = b;
    }
}

/// `heads` of 2 * pairs elements, one behind the other, by the same table.
template <int Fraction, class X, class C>
[[gnu::noinline]] inline void rotate(rotary_layout layout, const C* table, const X* src, std::ptrdiff_t src_stride,
                                     X* dst, std::ptrdiff_t dst_stride, std::ptrdiff_t pairs, std::ptrdiff_t heads,
                                     const raw_range<X>& range) noexcept {
    for (; heads != 0; --heads, src += 2 * pairs * src_stride, dst += 2 * pairs * dst_stride)
        rotate_pairs<Fraction>(layout, table, src, src_stride, dst, dst_stride, 0, pairs, range);
}

}  // namespace dyad::inline v1::scalar
