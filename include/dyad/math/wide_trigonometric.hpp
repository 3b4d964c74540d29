// SPDX-License-Identifier: Apache-2.0
// sin and cos to 124 binary digits, in integers only: |x| = (q + f) pi / 2 with an integer q and |f| <= 1/2, so that
// each is +-sin or +-cos of f pi / 2; sin r = r (1 - r^2/6 + r^4/120 - ...), cos r = 1 - 2 sin(r / 2)^2.
// Source: Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18 (1983): of the digits
// of 2 / pi only those count that do not give multiples of 4.
//
// Errors, relative, with u = 2^-123 for each operation of wide_real.hpp: f is off by less than 2^-254, and no 64-bit
// significand with an exponent below 2^11 comes nearer than about 2^-76 to a multiple of pi / 2, so f pi / 2 is off by
// less than 2 u; sin r adds 2 u, cos r, at least 0.7, 3 u: below 2^-120. wide_trigonometric_test measures them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// |x| = quadrant pi / 2 + r modulo 2 pi, |r| <= pi / 4.
struct quarter_turns {
    unsigned quadrant = 0;
    unpacked_wide r;
};

/// Words of 2 / pi that one reduction reads: 64 bits go with the significand, and 256 are left behind the point.
inline constexpr std::size_t reduction_words = 6;

/// Largest exponent of a significand of 64 bits for which two_over_pi has words enough.
inline constexpr int max_turn_exponent = 64 * static_cast<int>(two_over_pi.size() - reduction_words + 1);

/// A number of 448 bits, the first word highest: the product of a significand and six words.
using turn_words = std::array<std::uint64_t, reduction_words + 1>;

/// The 64 bits from bit `from` on, counted from the top; zeros behind the end.
[[nodiscard]] DYAD_HD constexpr std::uint64_t bits_from(const turn_words& words, int from) noexcept {
    const auto first = static_cast<std::size_t>(from / 64);
    const int up = from % 64;
    const std::uint64_t high = first < words.size() ? words[first] << up : 0;
    return up == 0 || first + 1 >= words.size() ? high : high | (words[first + 1] >> (64 - up));
}

/// For finite |x| <= 2^max_turn_exponent of at most 64 digits. r is exact where quadrant = 0 and |x| < 1/2.
[[nodiscard]] DYAD_HD constexpr quarter_turns reduce_quarter_turns(unpacked_wide x) noexcept {
    x.negative = false;
    if (x.top_exponent() < -1) return {0, x};
    DYAD_ASSERT(bit_width(x.significand) <= 64 && x.exponent <= max_turn_exponent);
    // 1. significand * 2 / pi without the words that give multiples of 4: word i has the unit 2^(exponent - 64 (i +
    // 1)).
    const int first = x.exponent < 2 ? 0 : (x.exponent - 2) / 64;
    turn_words product{};
    std::uint64_t carry = 0;
    for (std::size_t i = reduction_words; i > 0; --i) {
        const uint128_t term =
            (x.significand & low_mask<uint128_t>(64)) * two_over_pi[static_cast<std::size_t>(first) + i - 1] + carry;
        product[i] = static_cast<std::uint64_t>(term);
        carry = static_cast<std::uint64_t>(term >> 64);
    }
    product[0] = carry;
    // 2. The point stands behind `whole` bits, 0 <= whole < 130; the quadrant is the two bits before it, rounded up if
    //    the bit behind it is set.
    const int whole =
        64 * static_cast<int>(product.size()) - (64 * (first + static_cast<int>(reduction_words)) - x.exponent);
    const auto bit = [&product](int i) { return i < 0 ? 0U : static_cast<unsigned>(bits_from(product, i) >> 63); };
    const bool above = bit(whole) != 0;
    const unsigned quadrant = (2 * bit(whole - 2) + bit(whole - 1) + (above ? 1 : 0)) & 3;
    // 3. f, or 1 - f from the complement, from its first one on: it has no more than about 76 zeros there.
    turn_words part = product;
    if (above) {
        for (auto& word : part) word = ~word;
    }
    int start = whole;
    while (start < whole + 128 && bits_from(part, start) == 0) start += 64;
    start += 64 - bit_width(bits_from(part, start));
    const uint128_t digits = join_words(bits_from(part, start), bits_from(part, start + 64));
    return {quadrant, wide_product(unpacked_wide::finite(above, digits, whole - start - 128), wide_half_pi)};
}

/// cos r for |r| <= pi / 4.
[[nodiscard]] DYAD_HD constexpr unpacked_wide cos_series(const unpacked_wide& r) noexcept {
    const unpacked_wide half = sinh_series(scaled_by_power(r, -1), series_signs::alternating);
    return wide_sum(wide_one, negated(scaled_by_power(wide_product(half, half), 1)));
}

/// sin of (quadrant + quarters) pi / 2 + r.
[[nodiscard]] DYAD_HD constexpr unpacked_wide sin_of_turns(const quarter_turns& x, unsigned quarters) noexcept {
    const unsigned quadrant = (x.quadrant + quarters) & 3;
    const unpacked_wide result = (quadrant & 1) == 0 ? sinh_series(x.r, series_signs::alternating) : cos_series(x.r);
    return quadrant < 2 ? result : negated(result);
}

/// The functions of any operand with an exponent up to max_turn_exponent: a NaN comes back quiet, an infinity is
/// invalid.
[[nodiscard]] DYAD_HD constexpr unpacked_wide sin_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    if (x.kind == number_class::infinity) return invalid<uint128_t>();
    const unpacked_wide result = sin_of_turns(reduce_quarter_turns(x), 0);
    return x.negative ? negated(result) : result;
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide cos_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return wide_one;
    if (x.kind == number_class::infinity) return invalid<uint128_t>();
    return sin_of_turns(reduce_quarter_turns(x), 1);
}

}  // namespace dyad::inline v1
