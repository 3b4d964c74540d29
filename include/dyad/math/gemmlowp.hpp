// SPDX-License-Identifier: Apache-2.0
// gemmlowp's fixed-point functions, bit for bit: exp, 1/(1+x), (1-x)/(1+x), tanh and logistic of 16-bit and 32-bit
// words, value = raw * 2^-(width - 1 - IntegerBits), the sign not counted among the integer bits. Source: gemmlowp,
// fixedpoint/fixedpoint.h; equal to it for all 16-bit words (gemmlowp_test).
//
// The largest error in units of the last place of a result with no integer bits, 2^-15 or 2^-31, over all 16-bit words
// and over every 997th 32-bit word, for 0 to 6 integer bits of the argument; in brackets what gemmlowp's own tests
// allow:
//                      16 bits    32 bits
//   exp                 2  (2)    492 (500)
//   1/(1+x)             6  (5)      7   (6)    beyond the published tolerance
//   (1-x)/(1+x)        12 (11)     14  (12)    beyond it
//   tanh               12 (12)    306 (310)
//   logistic            7  (6)    153 (155)    beyond it at 16 bits with 1 integer bit; low by half a unit on average
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1::gemmlowp {

/// The scalar types the published code is written for.
template <class T>
concept raw_word = std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t>;

/// Bits below the sign.
template <raw_word Raw>
inline constexpr int digits = word_width<Raw> - 1;

/// Sum and difference that wrap: the published ones overflow for some words outside of a function's domain, and for the
/// negation of the lowest word, where wrapping gives the right result in the end.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw wrapping_add(Raw a, Raw b) noexcept {
    return static_cast<Raw>(static_cast<std::int64_t>(a) + b);
}
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw wrapping_sub(Raw a, Raw b) noexcept {
    return static_cast<Raw>(static_cast<std::int64_t>(a) - b);
}

/// a * b of fractions in [-1, 1): ties toward +infinity, -1 * -1 saturates. Integer bits add up. (VQRDMULH)
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw multiply(Raw a, Raw b) noexcept {
    const std::int64_t product = static_cast<std::int64_t>(a) * b;
    const std::int64_t rounded = (product + (std::int64_t{1} << (digits<Raw> - 1))) >> digits<Raw>;
    return rounded > word_max<Raw>() ? word_max<Raw>() : static_cast<Raw>(rounded);
}

/// x / 2^exponent, ties away from zero; exponents of 0 to 62.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw divide_by_power_of_two(Raw x, int exponent) noexcept {
    DYAD_ASSERT(exponent >= 0 && exponent <= 62);
    if (exponent == 0) return x;
    const std::int64_t half = std::int64_t{1} << (exponent - 1);
    return static_cast<Raw>((x + half - (x < 0 ? 1 : 0)) >> exponent);
}

/// x * 2^exponent for an exponent of 0 to 31, clamped.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw saturating_shift_left(Raw x, int exponent) noexcept {
    DYAD_ASSERT(exponent >= 0 && exponent <= 31);
    return saturating_cast<Raw>(static_cast<std::int64_t>(x) * (std::int64_t{1} << exponent));
}

/// The same number with other integer bits: fewer saturate, more round with ties away from zero.
template <int From, int To, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw rescale(Raw x) noexcept {
    if constexpr (From >= To) return saturating_shift_left(x, From - To);
    else return divide_by_power_of_two(x, To - From);
}

/// (a + b) / 2, ties away from zero.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw half_sum(Raw a, Raw b) noexcept {
    const std::int64_t sum = static_cast<std::int64_t>(a) + b;
    return static_cast<Raw>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/// A 32-bit constant in the word at hand.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw constant(std::int32_t value) noexcept {
    return static_cast<Raw>(divide_by_power_of_two(value, 32 - word_width<Raw>));
}

/// e^a for -1/4 <= a < 0, no integer bits in and out: c (1 + x + x^2/2 + x^3/6 + x^4/24) with x = a + 1/8, c =
/// e^(-1/8).
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw exp_on_interval_between_negative_one_quarter_and_0_excl(Raw a) noexcept {
    constexpr Raw centre = constant<Raw>(1895147668);
    constexpr Raw third = constant<Raw>(715827883);
    const Raw x = wrapping_add(a, static_cast<Raw>(Raw{1} << (digits<Raw> - 3)));
    const Raw x2 = multiply(x, x);
    const Raw x3 = multiply(x2, x);
    const Raw x4 = multiply(x2, x2);
    const Raw cubic = multiply(wrapping_add(divide_by_power_of_two(x4, 2), x3), third);
    const Raw tail = divide_by_power_of_two(wrapping_add(cubic, x2), 1);
    const Raw rest = multiply(centre, wrapping_add(x, tail));
    if constexpr (std::same_as<Raw, std::int16_t>) return saturating_add(centre, rest);
    else return wrapping_add(centre, rest);
}

/// e^a for a <= 0, no integer bits in the result, e^0 = the largest word: the interval above times e^(-2^e) for each
/// bit 2^e of the rest, e = -2 to 4; 0 below -32.
template <int IntegerBits, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw exp_on_negative_values(Raw a) noexcept {
    static_assert(IntegerBits >= 0 && IntegerBits <= digits<Raw> - 2,
                  "dyad::gemmlowp::exp_on_negative_values needs a quarter among the argument's digits.");
    constexpr std::int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    constexpr int fraction = digits<Raw> - IntegerBits;
    constexpr auto quarter = static_cast<Raw>(Raw{1} << (fraction - 2));
    if (a == 0) return word_max<Raw>();
    if constexpr (IntegerBits > 5) {
        if (a < constant<Raw>(-(std::int32_t{1} << (36 - IntegerBits)))) return 0;
    }
    const auto below = static_cast<Raw>((a & (quarter - 1)) - quarter);
    const Raw rest = wrapping_sub(below, a);
    Raw result = exp_on_interval_between_negative_one_quarter_and_0_excl(rescale<IntegerBits, 0>(below));
    for (int e = -2; e <= 4 && e < IntegerBits; ++e) {
        if (((rest >> (fraction + e)) & 1) != 0) result = multiply(result, constant<Raw>(powers[e + 2]));
    }
    return result;
}

/// 2 / (1 + a) with two integer bits, for 0 <= a < 1: Newton's iteration for d = (1 + a) / 2 from 48/17 - 32/17 d.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw two_over_one_plus(Raw a) noexcept {
    constexpr auto one = static_cast<Raw>(Raw{1} << (digits<Raw> - 2));
    const Raw d = half_sum(a, word_max<Raw>());
    Raw x = wrapping_add(constant<Raw>(1515870810), multiply(d, constant<Raw>(-1010580540)));
    for (int i = 0; i < 3; ++i) x = wrapping_add(x, rescale<4, 2>(multiply(x, wrapping_sub(one, multiply(d, x)))));
    return x;
}

/// (1 - a) / (1 + a) for 0 <= a < 1.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw one_minus_x_over_one_plus_x_for_x_in_0_1(Raw a) noexcept {
    return rescale<2, 0>(wrapping_sub(two_over_one_plus(a), static_cast<Raw>(Raw{1} << (digits<Raw> - 2))));
}

/// 1 / (1 + a) for 0 <= a < 1; 1 is the largest word.
template <raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw one_over_one_plus_x_for_x_in_0_1(Raw a) noexcept {
    return rescale<1, 0>(two_over_one_plus(a));
}

/// -tanh(a) for a <= 0, as (1 - e^2a) / (1 + e^2a).
template <int IntegerBits, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw neg_tanh_on_negative_values(Raw a) noexcept {
    return one_minus_x_over_one_plus_x_for_x_in_0_1(exp_on_negative_values<IntegerBits + 1>(a));
}

/// tanh(a), odd but for the lowest word.
template <int IntegerBits, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw tanh(Raw a) noexcept {
    if (a == 0) return 0;
    const Raw t = neg_tanh_on_negative_values<IntegerBits>(a < 0 ? a : wrapping_sub(Raw{0}, a));
    return a < 0 ? wrapping_sub(Raw{0}, t) : t;
}

/// 1 / (1 + e^-a) for a >= 0.
template <int IntegerBits, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw logistic_on_positive_values(Raw a) noexcept {
    return one_over_one_plus_x_for_x_in_0_1(exp_on_negative_values<IntegerBits>(wrapping_sub(Raw{0}, a)));
}

/// 1 / (1 + e^-a); logistic(-a) is the largest word less logistic(a), one unit short of 1: low by half a unit on
/// average.
template <int IntegerBits, raw_word Raw>
[[nodiscard]] DYAD_HD constexpr Raw logistic(Raw a) noexcept {
    if (a == 0) return static_cast<Raw>(Raw{1} << (digits<Raw> - 1));
    const Raw y = logistic_on_positive_values<IntegerBits>(a > 0 ? a : wrapping_sub(Raw{0}, a));
    return a > 0 ? y : wrapping_sub(word_max<Raw>(), y);
}

/// The same on fixed-point numbers: no integer bits in the results.
template <int Width, int Fraction>
    requires(Width == 16 || Width == 32)
[[nodiscard]] DYAD_HD constexpr fixed<Width, Width - 1> exp_on_negative_values(fixed<Width, Fraction> a) noexcept {
    return fixed<Width, Width - 1>::from_raw(exp_on_negative_values<Width - 1 - Fraction>(a.raw()));
}
template <int Width, int Fraction>
    requires(Width == 16 || Width == 32)
[[nodiscard]] DYAD_HD constexpr fixed<Width, Width - 1> tanh(fixed<Width, Fraction> a) noexcept {
    return fixed<Width, Width - 1>::from_raw(tanh<Width - 1 - Fraction>(a.raw()));
}
template <int Width, int Fraction>
    requires(Width == 16 || Width == 32)
[[nodiscard]] DYAD_HD constexpr fixed<Width, Width - 1> logistic(fixed<Width, Fraction> a) noexcept {
    return fixed<Width, Width - 1>::from_raw(logistic<Width - 1 - Fraction>(a.raw()));
}

}  // namespace dyad::inline v1::gemmlowp
