// SPDX-License-Identifier: Apache-2.0
// decimal<Capacity>: the decimal digits of a positive number, 0.d1 d2 d3 ... * 10^point with d1 != 0; made exactly from
// m * 2^e, cut with any rounding, and turned back into binary digits.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/natural.hpp>
#include <dyad/number/text_format.hpp>

namespace dyad::inline v1 {

template <int Capacity>
struct decimal {
    static_assert(Capacity >= 1, "dyad::decimal must have room for a digit.");

    std::uint8_t digits[static_cast<unsigned>(Capacity)]{};
    int count = 0;
    int point = 0;

    /// The digit at a place; zero beyond the last.
    [[nodiscard]] DYAD_HD constexpr int at(int place) const noexcept {
        return place >= 0 && place < count ? digits[place] : 0;
    }
    /// What a cut behind n digits drops, in quarters of the last digit kept: 0 nothing, 1 less than half, 2 half, 3
    /// more.
    [[nodiscard]] DYAD_HD constexpr std::uint8_t dropped(int n) const noexcept {
        if (n >= count) return 0;
        if (n < 0 || at(n) < 5) return 1;
        return at(n) > 5 || n + 1 < count ? 3 : 2;  // there are no zeros at the end
    }
    /// Keeps n digits, one unit more where `up`, which needs something to be dropped. n <= 0 leaves nothing, or with
    /// `up` the digit 1 at the place before.
    DYAD_HD constexpr void cut(int n, bool up) noexcept {
        if (n < count) count = n > 0 ? n : 0;
        if (up) {
            while (count > 0 && digits[count - 1] == 9) --count;
            if (count > 0) {
                ++digits[count - 1];
            } else {
                point += n > 0 ? 1 : 1 - n;
                digits[count++] = 1;
            }
        }
        while (count > 0 && digits[count - 1] == 0) --count;
    }
    /// Rounds behind n digits to nearest even.
    DYAD_HD constexpr void round(int n) noexcept {
        const bool odd = at(n - 1) % 2 != 0;
        cut(n, rounds_away(dropped(n), 2, false, odd, rounding::nearest_even));
    }
};

/// All digits of significand * 2^exponent; they must fit the sizes (see text_limits).
template <int Digits, int Limbs>
[[nodiscard]] DYAD_HD constexpr decimal<Digits> exact_decimal(uint128_t significand, int exponent) noexcept {
    decimal<Digits> result;
    const int zeros = trailing_zeros(significand);
    natural<Limbs> n{significand >> zeros};
    exponent += zeros;
    if (exponent >= 0) n.shift_left(exponent);
    else n.multiply_power_of_five(-exponent);
    // Nine digits at a time, the last ones first; then in order.
    int count = 0;
    while (!n.is_zero()) {
        std::uint32_t chunk = n.divide(1'000'000'000);
        for (int i = 0; i < 9 && (chunk != 0 || !n.is_zero()); ++i, chunk /= 10) {
            result.digits[count++] = static_cast<std::uint8_t>(chunk % 10);
        }
    }
    for (int i = 0; i < count / 2; ++i) {
        const std::uint8_t digit = result.digits[i];
        result.digits[i] = result.digits[count - 1 - i];
        result.digits[count - 1 - i] = digit;
    }
    result.count = count;
    result.point = exponent < 0 ? count + exponent : count;
    result.cut(count, false);
    return result;
}

/// n * 10^scale rounded to odd: exact for every rounding into the type that Limbs was made for.
template <int Limbs>
[[nodiscard]] DYAD_HD constexpr unpacked_wide scaled_by_ten(bool negative, natural<Limbs> n, int scale) noexcept {
    natural<Limbs> d{1};
    if (scale >= 0) n.multiply_power_of_five(scale);
    else d.multiply_power_of_five(-scale);
    unpacked_wide value = ratio_to_odd(negative, n, d);
    value.exponent += scale;
    return value;
}

/// A number so large, or so small, that only its side of a type's range counts.
[[nodiscard]] DYAD_HD constexpr unpacked_wide beyond_range(const value_range& range, bool negative) noexcept {
    return unpacked_wide::finite(negative, 1, range.top + 3);
}
[[nodiscard]] DYAD_HD constexpr unpacked_wide below_range(const value_range& range, bool negative) noexcept {
    return unpacked_wide::finite(negative, 1, range.low - 41);
}

/// Can `value` be packed into a T? False where a fixed-point type that wraps or traps would have to.
template <class T>
inline constexpr bool keeps_range = true;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool keeps_range<fixed<Width, Fraction, Sign, Overflow>> = Overflow == overflow::saturate;

template <class T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr bool fits(const unpacked_wide& value, Rule rule) noexcept {
    if constexpr (keeps_range<T>) {
        return true;
    } else {
        if (value.kind == number_class::zero) return true;
        if (value.kind != number_class::finite || value.top_exponent() > value_range_of<T>().top + 1) return false;
        // (significands of ratio_to_odd fill the word, so that a number in range has no exponent left to shift up by
        // more than the word holds)
        const int up = value.exponent + T::fraction;
        const uint128_t m = up >= 0 ? static_cast<uint128_t>(value.significand << up)
                                    : round_shift_right(value.significand, -up, value.negative, rule);
        if (!T::is_signed && value.negative) return m == 0;
        return m <= static_cast<uint128_t>(T::max_raw) + (value.negative ? 1 : 0);
    }
}

}  // namespace dyad::inline v1
