// SPDX-License-Identifier: Apache-2.0
// What the two directions of text share: the formats, the results, and how many decimal digits a type can need.
// A number m * 2^e has a finite decimal: m 2^e for e >= 0, else m 5^-e digits shifted by 10^e.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/unpacked.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

class ternary;
template <int Bits, int Exponent>
class power;

enum class text_format : std::uint8_t {
    shortest,     ///< fewest digits that read back as the same number, 0.1; as 1e-05 where that is shorter
    exact,        ///< all digits, 0.1015625; or that many after the point, rounded to nearest even
    scientific,   ///< 1.015625e-01; all digits, or that many after the point
    general,      ///< that many significant digits without trailing zeros, in the shorter form as C's %g; or all digits
    fraction,     ///< 13/128, in lowest terms
    hexadecimal,  ///< 0x1.ap-4; all digits, or that many after the point
};

enum class text_error : std::uint8_t {
    none,
    invalid_argument,    ///< the text does not begin with a number
    value_too_large,     ///< the characters do not fit the buffer, or the value the range that text is made for
    result_out_of_range  ///< the number is beyond a fixed-point type that wraps or traps, or the fraction too long
};

/// `ptr` is the end of what was written; `last` where it did not fit, and then the buffer holds nothing of use.
struct to_chars_result {
    char* ptr;
    text_error ec;

    [[nodiscard]] DYAD_HD explicit constexpr operator bool() const noexcept { return ec == text_error::none; }
    [[nodiscard]] friend constexpr bool operator==(const to_chars_result&, const to_chars_result&) = default;
};

/// `ptr` is the end of what was read; `first` for an invalid argument.
struct from_chars_result {
    const char* ptr;
    text_error ec;

    [[nodiscard]] DYAD_HD explicit constexpr operator bool() const noexcept { return ec == text_error::none; }
    [[nodiscard]] friend constexpr bool operator==(const from_chars_result&, const from_chars_result&) = default;
};

/// What has a text: every number, and types with an exact value but no code of fixed size (dyadic).
template <class T>
concept text_number = number<T> || requires(const T x) {
    { x.unpack() }
    noexcept->std::same_as<unpacked>;
};

/// The exact value of x.
template <text_number T>
[[nodiscard]] DYAD_HD constexpr auto exact_value(T x) noexcept {
    if constexpr (number<T>) return unpack(x);
    else return x.unpack();
}

/// Every nonzero finite value of a type is a multiple of 2^low below 2^(top + 1), of at most `precision` digits.
struct value_range {
    int low;
    int top;
    int precision;
};

/// Types that the library does not know by name: what a double can hold, and more. A value outside has no text.
template <class T>
inline constexpr value_range value_range_of{.low = -1100, .top = 1100, .precision = 64};
/// What has a float_format: minifloat, lmul_number.
template <class T>
concept has_float_format = requires {
    { T::format } -> std::same_as<const float_format&>;
};
[[nodiscard]] DYAD_HD constexpr value_range value_range_of_format(const float_format& f) noexcept {
    return {.low = f.min_exponent() - f.significand_bits, .top = f.max_exponent(), .precision = f.precision()};
}
template <has_float_format T>
inline constexpr value_range value_range_of<T> = value_range_of_format(T::format);
template <native_float T>
inline constexpr value_range value_range_of<T> = value_range_of_format(native_format<T>);
template <native_integer T>
inline constexpr value_range value_range_of<T>{.low = 0, .top = word_width<T> - 1, .precision = word_width<T>};
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr value_range value_range_of<fixed<Width, Fraction, Sign, Overflow>>{
    .low = -Fraction, .top = Width - 1 - Fraction, .precision = Width};
template <>
inline constexpr value_range value_range_of<ternary>{.low = 0, .top = 0, .precision = 1};
template <int Bits, int Exponent>
inline constexpr value_range value_range_of<power<Bits, Exponent>>{
    .low = 0, .top = Exponent*(Bits - 1), .precision = Exponent*(Bits - 1)};

/// ceil(e log10 2) for e >= 0, or one more.
[[nodiscard]] DYAD_HD constexpr int decimal_digits(int e) noexcept {
    return static_cast<int>(std::int64_t{e} * 30103 / 100000) + 1;
}

/// Sizes of the exact arithmetic behind the text of a type.
struct text_limits {
    int digits;  ///< significant decimal digits of any value, midpoint, or 2^-37 of a unit in the last place
    int above;   ///< 10^above is beyond twice the largest value
    int below;   ///< 10^-below is less than 2^-40 of the smallest
    int limbs;   ///< of naturals
};

/// Sizes in a few steps, so that types share the routines for them.
[[nodiscard]] DYAD_HD constexpr int rounded_size(int size, int least) noexcept {
    int step = least;
    while (step < size && step < 8 * least) step *= 2;
    return (size + step - 1) / step * step;
}

/// Digits beyond the 2^-37 of a unit that 32 random bits look at change nothing; nor does it matter how far beyond the
/// range a number is.
template <class T>
[[nodiscard]] DYAD_HD consteval text_limits text_limits_of() {
    constexpr value_range range = value_range_of<T>;
    static_assert(range.low >= -(1 << 17) && range.top <= (1 << 17),
                  "dyad's text is for types whose values lie between 2^-131072 and 2^131072.");
    // k 2^-s with k < 2^b has the digits of k 5^s; integers have those of their size.
    const int s = range.low < 37 ? 37 - range.low : 0;
    const int t = range.top > 0 ? range.top : 0;
    const int of_fractions =
        static_cast<int>((std::int64_t{range.precision + 38} * 30103 + std::int64_t{s} * 69898) / 100000) + 2;
    const int of_integers = decimal_digits(t + 2);
    text_limits limits{};
    limits.digits = rounded_size(of_fractions > of_integers ? of_fractions : of_integers, 64);
    limits.above = decimal_digits(t + 3);
    limits.below = decimal_digits(s + 3);
    const int scale = limits.above > limits.below ? limits.above : limits.below;
    // The widest naturals have the digits of a number and of its scale; 3.322 = log2 10, and ratio_to_odd adds 192.
    limits.limbs = rounded_size(static_cast<int>(std::int64_t{limits.digits + scale + 4} * 3322 / 32000) + 8, 32);
    return limits;
}

}  // namespace dyad::inline v1
