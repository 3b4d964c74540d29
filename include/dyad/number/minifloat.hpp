// SPDX-License-Identifier: Apache-2.0
// minifloat<Format>: a floating-point number of at most 64 bits whose format is a value known at compile time.
// value = (-1)^s * (1 + t 2^-M) * 2^(e - bias); see float_format.hpp for the special codes.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/operations.hpp>

namespace dyad::inline v1 {

/// A number of format F. Trivially copyable; default construction leaves it uninitialised, value construction gives
/// code 0. Operators take and give the same type, rounded once to nearest even with saturation::none; other roundings
/// through convert and pack. Comparison is IEEE 754's: -0 == +0, NaN is unordered.
template <float_format F>
class minifloat {
    static_assert(is_consistent(F),
                  "dyad::minifloat's format must have 1 to 16 exponent bits, at most 64 bits in all and 60 of them for "
                  "the significand, one meaning for every code (IEEE infinity and NaN come together) and two finite "
                  "ones, a sign for NaN at negative zero, and a negative zero only beside a zero and a sign.");

public:
    using bits_type = float_bits<F>;
    static constexpr float_format format = F;
    static constexpr int width = F.width();

    minifloat() = default;

    /// x rounded to nearest even; overflow as saturation::none.
    template <number T>
        requires(!std::same_as<T, minifloat>)
    DYAD_HD explicit constexpr minifloat(T x) noexcept
        : bits_(pack(dyad::unpack(x), rounding::nearest_even, saturation::none).bits_) {}

    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept { return bits_; }
    /// The number with this code; bits above `width` must be zero.
    [[nodiscard]] DYAD_HD static constexpr minifloat from_bits(bits_type bits) noexcept {
        DYAD_ASSERT(width == word_width<bits_type> || (bits >> (width % word_width<bits_type>)) == 0);
        minifloat x{};
        x.bits_ = bits;
        return x;
    }

    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept { return decode<F>(bits_); }
    /// The value rounded once by `rule`, then saturated by `policy`.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr minifloat pack(const basic_unpacked<S>& x, Rule rule,
                                                          saturation policy) noexcept {
        return from_bits(encode<F>(x, rule, policy));
    }

    /// The exact value where T is wide enough, else rounded to nearest even.
    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        if constexpr (assembles_as<T, F>) {
            if (is_finite_code<F>(bits_)) return assemble<T, F>(bits_);
        }
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    [[nodiscard]] DYAD_HD friend constexpr minifloat operator+(minifloat x, minifloat y) noexcept { return add(x, y); }
    [[nodiscard]] DYAD_HD friend constexpr minifloat operator-(minifloat x, minifloat y) noexcept {
        return subtract(x, y);
    }
    [[nodiscard]] DYAD_HD friend constexpr minifloat operator*(minifloat x, minifloat y) noexcept {
        return multiply(x, y);
    }
    [[nodiscard]] DYAD_HD friend constexpr minifloat operator/(minifloat x, minifloat y) noexcept {
        return divide(x, y);
    }
    /// Flips the sign, of a NaN too where it has one; a single zero stays. In an unsigned format: NaN, or the smallest
    /// value.
    [[nodiscard]] DYAD_HD friend constexpr minifloat operator-(minifloat x) noexcept {
        unpacked value = x.unpack();
        value.negative = !value.negative;
        return pack(value, rounding::nearest_even, saturation::none);
    }
    DYAD_HD constexpr minifloat& operator+=(minifloat y) noexcept { return *this = *this + y; }
    DYAD_HD constexpr minifloat& operator-=(minifloat y) noexcept { return *this = *this - y; }
    DYAD_HD constexpr minifloat& operator*=(minifloat y) noexcept { return *this = *this * y; }
    DYAD_HD constexpr minifloat& operator/=(minifloat y) noexcept { return *this = *this / y; }

    [[nodiscard]] DYAD_HD friend constexpr bool operator==(minifloat x, minifloat y) noexcept {
        return order_of_code<F>(x.bits_) == order_of_code<F>(y.bits_) && !is_nan_code<F>(x.bits_) &&
               !is_nan_code<F>(y.bits_);
    }
    [[nodiscard]] DYAD_HD friend constexpr std::partial_ordering operator<=>(minifloat x, minifloat y) noexcept {
        if (is_nan_code<F>(x.bits_) || is_nan_code<F>(y.bits_)) return std::partial_ordering::unordered;
        return order_of_code<F>(x.bits_) <=> order_of_code<F>(y.bits_);
    }

private:
    bits_type bits_;
};

/// (Not what only has the codes of one, like lmul_number.)
template <class T>
inline constexpr bool is_minifloat = false;
template <float_format F>
inline constexpr bool is_minifloat<minifloat<F>> = true;

/// floor(log10 x) of a positive finite x: exact from 1 to 2^127, where powers of ten fit a word; elsewhere from 48
/// digits of log2 x, which tell all but numbers less than 2^-45 of themselves above a power of ten.
[[nodiscard]] constexpr int floor_log10(const unpacked& x) noexcept {
    if (x.top_exponent() >= 0 && x.top_exponent() < 127) {
        const auto wide = static_cast<uint128_t>(x.significand);
        const uint128_t whole = x.exponent < 0 ? shift_right(wide, -x.exponent) : wide << x.exponent;
        int n = 0;
        for (uint128_t power = 10; power <= whole; power *= 10) ++n;
        return n;
    }
    // Digits of log2 m, 1 <= m < 2 with 63 fraction bits: squaring doubles the logarithm, a square beyond 2 is a one.
    std::uint64_t m = x.significand << (64 - bit_width(x.significand));
    std::int64_t log2 = x.top_exponent();
    for (int digit = 0; digit < 48; ++digit) {
        const auto square = static_cast<uint128_t>(m) * m;
        const bool one = (square >> 127) != 0;
        m = static_cast<std::uint64_t>(square >> (one ? 64 : 63));
        log2 = 2 * log2 + (one ? 1 : 0);
    }
    constexpr std::int64_t log10_2_q64 = 0x4D104D427DE7FBCC;  // floor(2^64 log10 2)
    return static_cast<int>((static_cast<int128_t>(log2) * log10_2_q64) >> 112);
}

}  // namespace dyad::inline v1

/// Computed from the format; infinity and NaN members give what the format has in their place.
template <dyad::float_format F>
class std::numeric_limits<dyad::minifloat<F>> {
    using type = dyad::minifloat<F>;
    using bits = typename type::bits_type;
    static constexpr bool ieee_like = F.infinity == dyad::infinity_codes::ieee && F.nan == dyad::nan_codes::ieee;

public:
    static constexpr bool is_specialized = true;
    static constexpr bool is_signed = F.is_signed;
    static constexpr bool is_integer = false;
    static constexpr bool is_exact = false;
    static constexpr bool has_infinity = F.infinity != dyad::infinity_codes::none;
    static constexpr bool has_quiet_NaN = F.nan != dyad::nan_codes::none;
    static constexpr bool has_signaling_NaN = F.nan == dyad::nan_codes::ieee && F.significand_bits > 1;
    static constexpr float_denorm_style has_denorm =
        F.has_zero && F.subnormals == dyad::subnormal_codes::yes && F.significand_bits > 0 ? denorm_present
                                                                                           : denorm_absent;
    static constexpr bool has_denorm_loss = false;
    static constexpr float_round_style round_style = round_to_nearest;
    static constexpr bool is_iec559 = ieee_like && F.is_signed && F.has_negative_zero;
    static constexpr bool is_bounded = true;
    static constexpr bool is_modulo = false;
    static constexpr int digits = F.precision();
    static constexpr int digits10 = (digits - 1) * 30103 / 100000;    // floor((digits - 1) log10 2)
    static constexpr int max_digits10 = 2 + digits * 30103 / 100000;  // ceil(1 + digits log10 2)
    static constexpr int radix = 2;
    // As <limits> counts: the power of two just above; the decimal exponents whose powers are normal and finite.
    static constexpr int min_exponent = F.min_exponent() + 1;
    static constexpr int max_exponent = F.max_exponent() + 1;
    static constexpr int min_exponent10 =
        F.min_exponent() == 0 ? 0 : dyad::floor_log10(dyad::unpacked::finite(false, 1, F.min_exponent())) + 1;
    static constexpr int max_exponent10 =
        dyad::floor_log10(type::from_bits(static_cast<bits>(F.max_finite_code())).unpack());
    static constexpr bool traps = false;
    static constexpr bool tinyness_before = false;

    static constexpr type min() noexcept {
        return type::from_bits(static_cast<bits>(F.has_zero ? std::uint64_t{1} << F.significand_bits : 0));
    }
    static constexpr type max() noexcept { return type::from_bits(static_cast<bits>(F.max_finite_code())); }
    static constexpr type lowest() noexcept {
        return F.is_signed ? type::from_bits(static_cast<bits>(F.sign_bit() | F.max_finite_code()))
                           : type::from_bits(0);
    }
    static constexpr type epsilon() noexcept {
        return type::pack(dyad::unpacked::finite(false, 1, -F.significand_bits), dyad::rounding::nearest_even,
                          dyad::saturation::none);
    }
    static constexpr type round_error() noexcept {
        return type::pack(dyad::unpacked::finite(false, 1, -1), dyad::rounding::nearest_even, dyad::saturation::none);
    }
    static constexpr type infinity() noexcept {
        return type::from_bits(
            dyad::encode_overflow<F>(false, true, dyad::rounding::nearest_even, dyad::saturation::none));
    }
    static constexpr type quiet_NaN() noexcept {
        return type::from_bits(dyad::encode_nan<F>(false, dyad::quiet_bit<std::uint64_t>));
    }
    static constexpr type signaling_NaN() noexcept {
        return has_signaling_NaN ? type::from_bits(dyad::encode_nan<F>(false, std::uint64_t{1} << 62)) : quiet_NaN();
    }
    static constexpr type denorm_min() noexcept { return has_denorm == denorm_present ? type::from_bits(1) : min(); }
};
