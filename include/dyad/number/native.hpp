// SPDX-License-Identifier: Apache-2.0
// C++'s own numbers as formats: unpack(x) and pack_as<To>(value, rule, policy) for float, double, integers up to 128
// bits, and every Dyad format. What convert and the constructors are made of.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/float_format.hpp>

namespace dyad::inline v1 {

template <class T>
concept native_float = std::same_as<T, float> || std::same_as<T, double>;

/// Integers, but not bool and not the character types.
template <class T>
concept native_integer = std::same_as<T, int128_t> || std::same_as<T, uint128_t> ||
    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
     !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>);

/// Everything that converts: a Dyad format or one of C++'s numbers.
template <class T>
concept number = format<T> || native_float<T> || native_integer<T>;

/// Types that a float_format describes: float, double, minifloats, and what has their codes.
template <class T>
concept float_number = native_float<T> ||(format<T>&& requires {
    { T::format } -> std::convertible_to<float_format>;
});

template <native_float T>
inline constexpr float_format native_format = std::same_as<T, float> ? binary32_format : binary64_format;

/// The float_format of a type.
template <float_number T>
[[nodiscard]] DYAD_HD consteval float_format format_of() noexcept {
    if constexpr (native_float<T>) return native_format<T>;
    else return T::format;
}

/// The exact value of x.
template <format T>
[[nodiscard]] DYAD_HD constexpr unpacked unpack(T x) noexcept {
    return x.unpack();
}
template <native_float T>
[[nodiscard]] DYAD_HD constexpr unpacked unpack(T x) noexcept {
    return decode<native_format<T>>(std::bit_cast<least_uint<word_width<T>>>(x));
}
/// Neither infinite nor NaN; by its bits, so that no compiler flag changes the answer.
template <native_float T>
[[nodiscard]] DYAD_HD constexpr bool is_finite(T x) noexcept {
    const number_class kind = unpack(x).kind;
    return kind == number_class::zero || kind == number_class::finite;
}
/// Neither zero, negative, infinite nor NaN.
template <native_float T>
[[nodiscard]] DYAD_HD constexpr bool is_positive_finite(T x) noexcept {
    const unpacked u = unpack(x);
    return u.kind == number_class::finite && !u.negative;
}
template <native_integer T>
[[nodiscard]] DYAD_HD constexpr auto unpack(T x) noexcept {
    using word = least_uint<(word_width<T> > 64 ? 128 : 64)>;
    if constexpr (T(-1) < T(0)) {
        return basic_unpacked<word>::finite(x < 0, magnitude(static_cast<signed_of<word>>(x)), 0);
    } else {
        return basic_unpacked<word>::finite(false, static_cast<word>(x), 0);
    }
}

/// The word that unpack gives for T.
template <number T>
using significand_word = decltype(unpack(T{}).significand);

/// Do F and T share their exponents, so that subnormal numbers of F are those of T?
template <native_float T, float_format F>
inline constexpr bool shares_exponents = F.exponent_bits == native_format<T>.exponent_bits&& F.bias ==
                                         native_format<T>.bias&& F.has_zero&& F.subnormals == subnormal_codes::yes;

/// Are all finite values of F values of T, and either zero or normal there, or subnormal in both?
template <native_float T, float_format F>
inline constexpr bool assembles_as = F.significand_bits <= native_format<T>.significand_bits &&
                                     (shares_exponents<T, F> ||
                                      (F.min_exponent() - F.significand_bits >= native_format<T>.min_exponent() &&
                                       F.max_exponent() <= native_format<T>.max_exponent()));

/// The value of a finite code, put together from its fields.
template <native_float T, float_format F>
    requires assembles_as<T, F>
[[nodiscard]] DYAD_HD constexpr T assemble(float_bits<F> code) noexcept {
    using word = least_uint<word_width<T>>;
    constexpr float_format to = native_format<T>;
    constexpr int m = F.significand_bits;
    const auto magnitude = static_cast<word>(code & F.top_code());
    const word sign = (code & F.sign_bit()) != 0 ? static_cast<word>(to.sign_bit()) : word{0};
    // The fields stay neighbours: the significand moves to the top of its field, the exponent's bias is exchanged.
    word bits = static_cast<word>(magnitude << (to.significand_bits - m));
    int biased_by = to.bias - F.bias;
    if (!shares_exponents<T, F> && F.has_zero && (magnitude >> m) == 0) {
        if (magnitude == 0 || F.subnormals == subnormal_codes::flushed) return std::bit_cast<T>(sign);
        // t 2^(1 - bias - m): the leading one goes to the place of the implicit one.
        const int up = to.significand_bits + 1 - bit_width(magnitude);
        bits = static_cast<word>(magnitude << up) & static_cast<word>(low_mask<word>(to.significand_bits));
        biased_by += 1 - m + to.significand_bits - up;
    }
    return std::bit_cast<T>(static_cast<word>(sign + bits + (static_cast<word>(biased_by) << to.significand_bits)));
}

/// A magnitude m with a sign, clamped to a native integer.
template <native_integer To, unsigned_word S>
[[nodiscard]] DYAD_HD constexpr To clamp_magnitude(bool negative, S m) noexcept {
    using word = least_uint<word_width<To>>;
    constexpr bool is_signed = To(-1) < To(0);
    constexpr word max = is_signed ? static_cast<word>(static_cast<word>(~word{0}) >> 1) : static_cast<word>(~word{0});
    if (negative) {
        if (!is_signed) return To{0};
        const bool beyond = m > static_cast<uint128_t>(max) + 1;
        return static_cast<To>(
            static_cast<word>(word{0} - (beyond ? static_cast<word>(max + 1) : static_cast<word>(m))));
    }
    return static_cast<To>(m > max ? max : static_cast<word>(m));
}

/// The value as a To, rounded once. Native integers saturate whatever the policy, and a NaN becomes 0: there is no code
/// for it (C++'s own cast is undefined there).
template <number To, unsigned_word S, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr To pack_as(const basic_unpacked<S>& x, Rule rule, saturation policy) noexcept {
    if constexpr (format<To>) {
        return To::pack(x, rule, policy);
    } else if constexpr (native_float<To>) {
        return std::bit_cast<To>(encode<native_format<To>>(x, rule, policy));
    } else {
        if (x.kind == number_class::zero || x.kind == number_class::nan) return To{0};
        constexpr uint128_t all = ~uint128_t{0};
        if (x.kind == number_class::infinity || x.top_exponent() >= 128) return clamp_magnitude<To>(x.negative, all);
        const auto wide = static_cast<uint128_t>(x.significand);
        const uint128_t m = x.exponent >= 0 ? static_cast<uint128_t>(wide << x.exponent)
                                            : round_shift_right(wide, -x.exponent, x.negative, rule);
        return clamp_magnitude<To>(x.negative, m);
    }
}

}  // namespace dyad::inline v1
