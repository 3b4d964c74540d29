// SPDX-License-Identifier: Apache-2.0
// The independent reference: words and unpacked numbers as exact rationals, and rounding by its definition.
// Everything here follows the mathematics (floor, ceiling, distances), nothing the library's bit operations.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <boost/multiprecision/cpp_int.hpp>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>

namespace dyad_test {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

inline constexpr std::array all_rounding_modes{dyad::rounding::nearest_even,    dyad::rounding::nearest_away,
                                               dyad::rounding::nearest_up,      dyad::rounding::toward_zero,
                                               dyad::rounding::toward_negative, dyad::rounding::toward_positive,
                                               dyad::rounding::to_odd};

inline constexpr std::array all_stochastic_variants{dyad::stochastic_variant::a, dyad::stochastic_variant::b,
                                                    dyad::stochastic_variant::c};

/// The integer that a word holds.
template <class Word>
    requires(std::integral<Word> || dyad::unsigned_word<Word> || dyad::signed_word<Word>)
[[nodiscard]] cpp_int to_integer(Word x) {
    if constexpr (sizeof(Word) <= 8) {
        return cpp_int(x);
    } else {
        // Two halves, so that nothing depends on Boost's own support for 128 bits: x = high * 2^64 + low, low >= 0.
        const cpp_int high =
            to_integer(static_cast<std::conditional_t<dyad::signed_word<Word>, std::int64_t, std::uint64_t>>(x >> 64));
        return high * (cpp_int(1) << 64) + cpp_int(static_cast<std::uint64_t>(x));
    }
}

/// 2^exponent, of either sign.
[[nodiscard]] inline cpp_rational power_of_two(int exponent) {
    if (exponent >= 0) return cpp_rational(cpp_int(1) << static_cast<unsigned>(exponent));
    return cpp_rational(1, cpp_int(1) << static_cast<unsigned>(-exponent));
}

/// The largest integer <= x, and the smallest >= x.
[[nodiscard]] inline cpp_int floor_of(const cpp_rational& x) {
    const cpp_int n = numerator(x);
    const cpp_int d = denominator(x);
    const cpp_int quotient = n / d;  // toward zero
    return n < 0 && quotient * d != n ? cpp_int(quotient - 1) : quotient;
}
[[nodiscard]] inline cpp_int ceiling_of(const cpp_rational& x) { return -floor_of(-x); }

/// floor(log2 |x|) for x != 0.
[[nodiscard]] inline int top_exponent_of(const cpp_rational& x) {
    const cpp_int n = abs(numerator(x));
    const cpp_int d = denominator(x);
    const int guess = static_cast<int>(msb(n)) - static_cast<int>(msb(d));  // right, or one too high
    return power_of_two(guess) <= abs(x) ? guess : guess - 1;
}

/// The real number that a zero or a finite number stands for.
template <dyad::unsigned_word T>
[[nodiscard]] cpp_rational value_of(const dyad::basic_unpacked<T>& x) {
    if (x.kind == dyad::number_class::zero) return 0;
    const cpp_rational magnitude = cpp_rational(to_integer(x.significand)) * power_of_two(x.exponent);
    return x.negative ? cpp_rational(-magnitude) : magnitude;
}

/// The integers around a real number: equal to it and to each other where it is one itself.
class neighbours {
public:
    explicit neighbours(const cpp_rational& x) : below_(floor_of(x)), above_(ceiling_of(x)), negative_(x < 0) {
        const cpp_rational from_below = x - below_;
        const cpp_rational to_above = above_ - x;
        below_is_nearer_ = from_below < to_above;
        above_is_nearer_ = to_above < from_below;
    }

    /// Where the number goes in this mode.
    [[nodiscard]] const cpp_int& rounded(dyad::rounding mode) const {
        if (below_ == above_) return below_;
        const cpp_int& inner = negative_ ? above_ : below_;
        const cpp_int& outer = negative_ ? below_ : above_;
        const bool below_is_odd = below_ % 2 != 0;
        const cpp_int& even = below_is_odd ? above_ : below_;
        const cpp_int& odd = below_is_odd ? below_ : above_;
        switch (mode) {
            case dyad::rounding::nearest_even: return nearest(even);
            case dyad::rounding::nearest_away: return nearest(outer);
            case dyad::rounding::nearest_up: return nearest(above_);
            case dyad::rounding::toward_zero: return inner;
            case dyad::rounding::toward_negative: return below_;
            case dyad::rounding::toward_positive: return above_;
            case dyad::rounding::to_odd: return odd;
        }
        return inner;
    }

private:
    [[nodiscard]] const cpp_int& nearest(const cpp_int& of_a_tie) const {
        return below_is_nearer_ ? below_ : above_is_nearer_ ? above_ : of_a_tie;
    }

    cpp_int below_;
    cpp_int above_;
    bool negative_;
    bool below_is_nearer_ = false;
    bool above_is_nearer_ = false;
};

/// x rounded to an integer.
[[nodiscard]] inline cpp_int reference_round(const cpp_rational& x, dyad::rounding mode) {
    return neighbours(x).rounded(mode);
}

/// P3109's predicate for a cut-off fraction 0 <= nu < 1: away from zero?
[[nodiscard]] inline bool reference_rounds_away(const cpp_rational& nu, const dyad::stochastic& rule) {
    const cpp_int one = cpp_int(1) << static_cast<unsigned>(rule.n);
    const cpp_int random = rule.random_bits;
    const cpp_rational scaled = nu * cpp_rational(one);
    switch (rule.variant) {
        case dyad::stochastic_variant::a: return floor_of(scaled) + random >= one;
        case dyad::stochastic_variant::b: return floor_of(2 * scaled) + (2 * random + 1) >= 2 * one;
        case dyad::stochastic_variant::c: return reference_round(scaled, dyad::rounding::nearest_even) + random >= one;
    }
    return false;
}

/// x rounded to an integer with random bits; the rule sees the magnitude.
[[nodiscard]] inline cpp_int reference_round(const cpp_rational& x, const dyad::stochastic& rule) {
    const cpp_rational m = abs(x);
    const cpp_int kept = floor_of(m);
    const cpp_int rounded = reference_rounds_away(m - kept, rule) ? cpp_int(kept + 1) : kept;
    return x < 0 ? cpp_int(-rounded) : rounded;
}

/// x != 0 rounded to `digits` significant binary digits.
template <dyad::rounding_rule Rule>
[[nodiscard]] cpp_rational reference_round_to_digits(const cpp_rational& x, int digits, const Rule& rule) {
    const cpp_rational unit = power_of_two(top_exponent_of(x) - digits + 1);
    return cpp_rational(reference_round(x / unit, rule)) * unit;
}

}  // namespace dyad_test
