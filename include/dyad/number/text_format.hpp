// SPDX-License-Identifier: Apache-2.0
// What the two directions of text share: the formats, the results, and how many decimal digits a type can need.
// A number m * 2^e has a finite decimal: m 2^e for e >= 0, else m 5^-e digits shifted by 10^e.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/unpacked.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

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
    constexpr value_range range = value_range_of<T>();
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
