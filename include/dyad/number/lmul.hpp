// SPDX-License-Identifier: Apache-2.0
// L-Mul: multiplication by addition, lmul(x, y) = sign * (1 + xm + ym + c) * 2^(xe + ye), where x = (1 + xm) 2^xe and
// the constant c stands for xm ym. Its other form, whose carry runs into the exponent, is in lmul_adder.hpp.
// Source: Luo and Sun, "Addition is all you need for energy-efficient language models", arXiv 2410.00907.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/format.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// The paper's offset rule l(m) for m >= 1 stored significand bits: m up to 3, 3 at 4, 4 beyond.
[[nodiscard]] DYAD_HD constexpr int lmul_offset(int significand_bits) noexcept {
    DYAD_ASSERT(significand_bits >= 1);
    return significand_bits <= 3 ? significand_bits : significand_bits == 4 ? 3 : 4;
}

/// The constant c = units * 2^-digits, of either sign: 0 <= digits <= 30, |units| < 2^digits or 0. The paper's free
/// offset l is {1, l}; k units in the last place of m significand bits are {k, m}.
struct lmul_constant {
    std::int32_t units = 0;
    int digits = 0;

    /// 2^-l(m). Without significand bits there are no fractions to make up for: 0.
    [[nodiscard]] DYAD_HD static constexpr lmul_constant rule(int significand_bits) noexcept {
        if (significand_bits == 0) return {0, 0};
        return {1, lmul_offset(significand_bits)};
    }
    [[nodiscard]] DYAD_HD constexpr bool is_valid() const noexcept {
        if (digits < 0 || digits > 30) return false;
        const std::int32_t one = std::int32_t{1} << digits;
        return units == 0 || (units > -one && units < one);
    }
    [[nodiscard]] friend constexpr bool operator==(const lmul_constant&, const lmul_constant&) = default;
};

/// m of a type: the significand bits that it stores.
template <float_number T>
inline constexpr int stored_significand_bits = format_of<T>().significand_bits;

/// P(x) = sign(x) * 2^floor(log2 |x|), exactly; zeros, infinities and NaN stay what they are.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> power_of_two_part(const basic_unpacked<T>& x) noexcept {
    if (x.kind != number_class::finite) return x;
    return basic_unpacked<T>::finite(x.negative, 1, x.top_exponent());
}

/// xm + ym + c of two finite numbers, in units of 2^-digits; digits is the least number that all three allow.
template <unsigned_word T>
struct lmul_fractions {
    signed_of<T> sum;
    int digits;
};

/// Needs significands of at most word_width - 2 bits.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr lmul_fractions<T> add_fractions(const basic_unpacked<T>& x, const basic_unpacked<T>& y,
                                                                lmul_constant c) noexcept {
    const int x_width = bit_width(x.significand);
    const int y_width = bit_width(y.significand);
    int width = x_width > y_width ? x_width : y_width;
    if (width < c.digits + 1) width = c.digits + 1;
    DYAD_ASSERT(c.is_valid() && width <= word_width<T> - 2);
    // The leading ones of both, which are no part of the fractions, make 2^width.
    const T ones = static_cast<T>((x.significand << (width - x_width)) + (y.significand << (width - y_width)));
    const auto fractions = static_cast<signed_of<T>>(ones - static_cast<T>(T{1} << width));
    const auto constant =
        static_cast<signed_of<T>>(signed_of<T>{c.units} * (signed_of<T>{1} << (width - 1 - c.digits)));
    return {static_cast<signed_of<T>>(fractions + constant), width - 1};
}

/// y - (1 - c) P(y) = sign(y) * (ym + c) * 2^ye, exactly. Needs a significand of at most word_width - 2 bits.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> lmul_rest(const basic_unpacked<T>& y, lmul_constant c) noexcept {
    if (y.kind != number_class::finite) return y;
    const auto fractions = add_fractions(power_of_two_part(y), y, c);
    const bool negative = y.negative != (fractions.sum < 0);
    return basic_unpacked<T>::finite(negative, magnitude(fractions.sum), y.top_exponent() - fractions.digits);
}

/// All bits of L-Mul. 0 times a finite number is 0 with the sign of the product, infinity times another number
/// infinite; infinity times 0 is invalid, a NaN stays, quiet. It is the sum of two exact products, x P(y) + P(x) (y -
/// (1 - c) P(y)), so a matrix of L-Mul sums is one ordinary product with K doubled. Significands: at most word_width -
/// 2 bits.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr basic_unpacked<T> lmul_exact(const basic_unpacked<T>& x, const basic_unpacked<T>& y,
                                                             lmul_constant c) noexcept {
    if (x.kind != number_class::finite || y.kind != number_class::finite) return exact_product(x, y);
    const auto fractions = add_fractions(x, y, c);
    const auto digits = static_cast<T>(static_cast<T>(T{1} << fractions.digits) + static_cast<T>(fractions.sum));
    return basic_unpacked<T>::finite(x.negative != y.negative, digits,
                                     x.top_exponent() + y.top_exponent() - fractions.digits);
}

/// All bits of L-Mul of two numbers of one type: up to m + 2 digits, m = stored_significand_bits<T>, and an exponent
/// from twice the smallest to twice the largest of T plus one, for which T itself has no room.
template <float_number T>
[[nodiscard]] DYAD_HD constexpr unpacked lmul_exact(
    T x, T y, lmul_constant c = lmul_constant::rule(stored_significand_bits<T>)) noexcept {
    return lmul_exact(unpack(x), unpack(y), c);
}

/// L-Mul with the constant c rounded once to the operands' type, subnormals too; they are normalised as operands.
/// Zeros, infinities and NaN as lmul_exact says, overflow as `policy` does.
template <float_number T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T lmul(T x, T y, lmul_constant c, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return pack_as<T>(lmul_exact(x, y, c), rule, policy);
}

/// L-Mul with the paper's constant 2^-l(m).
template <float_number T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T lmul(T x, T y, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return pack_as<T>(lmul_exact(x, y), rule, policy);
}

}  // namespace dyad::inline v1
