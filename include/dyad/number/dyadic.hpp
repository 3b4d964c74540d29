// SPDX-License-Identifier: Apache-2.0
// dyadic<Width>: value = significand * 2^exponent with an exponent known at run time; the form of every integer-only
// scale factor. Source: Yao et al., "HAWQ-V3: dyadic neural network quantization", ICML 2021.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// A result that may not exist: `value` is 0 where `overflow` is set.
template <class T>
struct checked {
    T value;
    bool overflow;

    [[nodiscard]] friend constexpr bool operator==(const checked&, const checked&) = default;
};

/// A signed significand of Width bits and an exponent. Not a format: it has no code of fixed size. Any members are
/// valid, the ends of the exponent's range too; a number has many forms, and == compares values.
template <int Width>
struct dyadic {
    static_assert(Width >= 2 && Width <= 64, "dyad::dyadic's Width must be 2 to 64 bits, the sign included.");
    using significand_type = least_int<Width>;
    static constexpr int width = Width;

    significand_type significand;
    std::int32_t exponent;

    /// `value` rounded to Width - 1 significant bits, the significand's magnitude in [2^(Width-2), 2^(Width-1)), or 0
    /// for 0. A carry to 2^(Width-1) is renormalised. NaN and infinities give significand 0: check the scale first. At
    /// the ends of the exponent's range: too large gives the largest number, too small keeps the digits it has room
    /// for.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr dyadic round(const basic_unpacked<S>& value, Rule rule) noexcept {
        if (value.kind != number_class::finite) return {0, 0};
        // 1. Cut or pad to Width - 1 digits; padding stops at the lowest exponent.
        const int excess = bit_width(value.significand) - (Width - 1);
        const std::int64_t room = std::int64_t{value.exponent} - lowest_exponent;
        const int shift = excess < 0 && room < -excess ? -static_cast<int>(room) : excess;
        uint128_t m = value.significand;
        m = shift <= 0 ? m << -shift : round_shift_right(m, shift, value.negative, rule);
        std::int64_t exponent = std::int64_t{value.exponent} + shift;
        // 2. 0.111...1 rounded up to 1.0.
        if (bit_width(m) == Width) {
            m >>= 1;
            ++exponent;
        }
        if (exponent > highest_exponent) return from_parts(value.negative, low_mask<word>(Width - 1), highest_exponent);
        return from_parts(value.negative, static_cast<word>(m), exponent);
    }
    /// The same to nearest, ties away from zero.
    template <unsigned_word S>
    [[nodiscard]] DYAD_HD static constexpr dyadic nearest(const basic_unpacked<S>& value) noexcept {
        return round(value, rounding::nearest_away);
    }
    /// The multiplier of HAWQ-V3: scale = m 2^e with m in [1/2, 1), b = m 2^(Width-1) rounded half up (which for a
    /// positive scale is half away), scale = b 2^(e - Width + 1) = b / 2^c. The published code leaves b = 2^31 as it
    /// is, where m rounds up to 1; here it becomes 2^30 and e one more, so that b always fits.
    [[nodiscard]] DYAD_HD static constexpr dyadic from_scale(double scale) noexcept {
        return nearest(dyad::unpack(scale));
    }
    /// numerator / denominator rounded once: the quotient itself is never rounded to a double.
    template <number A, number B>
        requires(word_width<significand_word<A>> <= 64 && word_width<significand_word<B>> <= 64)
    [[nodiscard]] DYAD_HD static constexpr dyadic from_ratio(A numerator, B denominator) noexcept {
        return nearest(
            quotient(resize<uint128_t>(dyad::unpack(numerator)), resize<uint128_t>(dyad::unpack(denominator))));
    }

    [[nodiscard]] DYAD_HD constexpr dyad::unpacked unpack() const noexcept {
        return dyad::unpacked::finite(significand < 0, magnitude(significand), exponent);
    }
    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack_near(), rounding::nearest_even, saturation::none);
    }
    /// unpack() with the exponent cut to +-2^20: what is beyond is equally far from every number of every format.
    [[nodiscard]] DYAD_HD constexpr dyad::unpacked unpack_near() const noexcept {
        constexpr std::int32_t far = 1 << 20;
        dyad::unpacked x = unpack();
        x.exponent = x.exponent < -far ? -far : x.exponent > far ? far : x.exponent;
        return x;
    }

    /// The same value with the shortest significand: odd, or as few trailing zeros as the exponent allows; 0 is {0, 0}.
    [[nodiscard]] DYAD_HD constexpr dyadic reduced() const noexcept {
        if (significand == 0) return {0, 0};
        const int zeros = trailing_zeros(magnitude(significand));
        const std::int64_t room = highest_exponent - exponent;
        const int shift = room < zeros ? static_cast<int>(room) : zeros;
        return {static_cast<significand_type>(significand >> shift), exponent + shift};
    }
    /// The same value with the longest significand, of Width - 1 digits like from_scale's, or as many as the exponent
    /// allows; 0 is {0, 0}.
    [[nodiscard]] DYAD_HD constexpr dyadic normalized() const noexcept {
        const dyadic x = reduced();
        const int missing = Width - 1 - bit_width(magnitude(x.significand));
        if (x.significand == 0 || missing <= 0) return x;
        const std::int64_t room = x.exponent - lowest_exponent;
        const int shift = room < missing ? static_cast<int>(room) : missing;
        return {static_cast<significand_type>(std::int64_t{x.significand} * (std::int64_t{1} << shift)),
                x.exponent - shift};
    }

    /// Exact sum, difference and product in their shortest form. Overflow: no significand of Width bits with an
    /// exponent of 32 bits holds the value, be it too large, too long or too fine.
    [[nodiscard]] DYAD_HD friend constexpr checked<dyadic> checked_add(dyadic x, dyadic y) noexcept {
        return sum(x, y, 1);
    }
    [[nodiscard]] DYAD_HD friend constexpr checked<dyadic> checked_subtract(dyadic x, dyadic y) noexcept {
        return sum(x, y, -1);
    }
    [[nodiscard]] DYAD_HD friend constexpr checked<dyadic> checked_multiply(dyadic x, dyadic y) noexcept {
        return exactly(static_cast<int128_t>(x.significand) * y.significand, std::int64_t{x.exponent} + y.exponent);
    }

    /// Order of the values: 1 * 2^1 equals 2 * 2^0.
    [[nodiscard]] DYAD_HD friend constexpr bool operator==(dyadic x, dyadic y) noexcept { return (x <=> y) == 0; }
    [[nodiscard]] DYAD_HD friend constexpr std::strong_ordering operator<=>(dyadic x, dyadic y) noexcept {
        const int x_sign = x.significand < 0 ? -1 : x.significand > 0 ? 1 : 0;
        const int y_sign = y.significand < 0 ? -1 : y.significand > 0 ? 1 : 0;
        if (x_sign != y_sign || x_sign == 0) return x_sign <=> y_sign;
        // Aligned to the top of the word, significands of equal top exponents compare as integers.
        const std::uint64_t a = magnitude(x.significand);
        const std::uint64_t b = magnitude(y.significand);
        const std::int64_t a_top = std::int64_t{x.exponent} + bit_width(a);
        const std::int64_t b_top = std::int64_t{y.exponent} + bit_width(b);
        const auto order = a_top != b_top ? a_top <=> b_top : a << (64 - bit_width(a)) <=> b << (64 - bit_width(b));
        return x_sign > 0 ? order : 0 <=> order;
    }

private:
    using word = unsigned_of<significand_type>;
    static constexpr std::int64_t lowest_exponent = word_min<std::int32_t>();
    static constexpr std::int64_t highest_exponent = word_max<std::int32_t>();

    /// m < 2^(Width-1), the exponent within 32 bits.
    [[nodiscard]] DYAD_HD static constexpr dyadic from_parts(bool negative, word m, std::int64_t exponent) noexcept {
        const auto positive = static_cast<significand_type>(m);
        return {negative ? static_cast<significand_type>(-positive) : positive, static_cast<std::int32_t>(exponent)};
    }
    /// x + sign * y.
    [[nodiscard]] DYAD_HD static constexpr checked<dyadic> sum(dyadic x, dyadic y, int sign) noexcept {
        const dyadic a = x.reduced();
        const dyadic b = y.reduced();
        const int128_t m = a.significand;
        const int128_t n = static_cast<int128_t>(b.significand) * sign;
        if (m == 0) return exactly(n, b.exponent);
        if (n == 0) return exactly(m, a.exponent);
        // The one with the smaller exponent is odd: 2^64 or more below the other, the sum has more than 64 digits.
        const std::int64_t apart = std::int64_t{a.exponent} - b.exponent;
        if (apart > 63 || apart < -63) return {{0, 0}, true};
        if (apart >= 0) return exactly(m * (int128_t{1} << apart) + n, b.exponent);
        return exactly(m + n * (int128_t{1} << -apart), a.exponent);
    }
    /// m * 2^exponent in its shortest form.
    [[nodiscard]] DYAD_HD static constexpr checked<dyadic> exactly(int128_t m, std::int64_t exponent) noexcept {
        if (m == 0) return {{0, 0}, false};
        const int zeros = trailing_zeros(magnitude(m));
        std::int64_t e = exponent + zeros;
        const std::int64_t up = e > highest_exponent ? e - highest_exponent : 0;
        // m >> zeros, odd, and then `up` zeros again, must fit; -2^(Width-1) is the one value of Width digits.
        const int digits = bit_width(magnitude(m)) - zeros;
        const bool lowest = m < 0 && digits == 1 && up == Width - 1;
        if (e < lowest_exponent || (digits + up > Width - 1 && !lowest)) return {{0, 0}, true};
        e -= up;
        const auto shortest = static_cast<std::int64_t>((m >> zeros) * (int128_t{1} << up));
        return {{static_cast<significand_type>(shortest), static_cast<std::int32_t>(e)}, false};
    }
};

/// A requantization multiplier: b * 2^exponent with a positive b of 31 bits.
using multiplier = dyadic<32>;

/// m's exponent, held to +-2^15: beyond, products with words of 64 bits are 0 or too large in any case, and no shift by
/// the result overflows.
[[nodiscard]] DYAD_HD constexpr int held_exponent(multiplier m) noexcept {
    constexpr std::int32_t most = 1 << 15;
    return m.exponent < -most ? -most : m.exponent > most ? most : m.exponent;
}

template <class T>
inline constexpr bool is_dyadic = false;
template <int Width>
inline constexpr bool is_dyadic<dyadic<Width>> = true;
template <class T>
concept dyadic_number = is_dyadic<T>;

/// convert from and to dyadic numbers: exactly one rounding, like that between all other types. Into a dyadic it is to
/// Width - 1 digits.
template <number To, dyadic_number From, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr To convert(From x, Rule rule = rounding::nearest_even,
                                           saturation policy = saturation::none) noexcept {
    return pack_as<To>(x.unpack_near(), rule, policy);
}
template <dyadic_number To, class From, rounding_rule Rule = rounding>
    requires(number<From> || dyadic_number<From>)
[[nodiscard]] DYAD_HD constexpr To convert(From x, Rule rule = rounding::nearest_even) noexcept {
    if constexpr (dyadic_number<From>) return To::round(x.unpack(), rule);
    else return To::round(dyad::unpack(x), rule);
}

}  // namespace dyad::inline v1
