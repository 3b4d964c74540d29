// SPDX-License-Identifier: Apache-2.0
// fixed<Width, Fraction> beyond 64 bits: value = raw * 2^-Fraction, computed in Boost.Multiprecision's cpp_int.
// Opt-in: no other header needs Boost, and no umbrella includes this one. Not for device code.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <boost/multiprecision/cpp_int.hpp>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Integers of at most Bits bits, and with a sign beside the magnitude: in place, nothing allocated, nothing thrown.
template <int Bits>
using big_uint = boost::multiprecision::number<
    boost::multiprecision::cpp_int_backend<unsigned(Bits), unsigned(Bits), boost::multiprecision::unsigned_magnitude,
                                           boost::multiprecision::unchecked, void>,
    boost::multiprecision::et_off>;
template <int Bits>
using big_int = boost::multiprecision::number<
    boost::multiprecision::cpp_int_backend<unsigned(Bits), unsigned(Bits), boost::multiprecision::signed_magnitude,
                                           boost::multiprecision::unchecked, void>,
    boost::multiprecision::et_off>;

/// Position of the highest set bit plus one; 0 for 0.
template <int Bits>
[[nodiscard]] constexpr int big_width(const big_uint<Bits>& m) noexcept {
    return m == 0 ? 0 : static_cast<int>(msb(m)) + 1;
}
/// The low 64 bits.
template <int Bits>
[[nodiscard]] constexpr std::uint64_t low_word(const big_uint<Bits>& m) noexcept {
    return static_cast<std::uint64_t>(m & big_uint<Bits>(~std::uint64_t{0}));
}
template <int Bits>
[[nodiscard]] constexpr big_uint<Bits> to_big(uint128_t m) noexcept {
    big_uint<Bits> big(static_cast<std::uint64_t>(m >> 64));
    big <<= 64;
    return big | big_uint<Bits>(static_cast<std::uint64_t>(m));
}

/// m * 2^-shift rounded to an integer, shift >= 0: as round_shift_right on words. The cut-off part counts with its
/// first 64 digits and with whether there are more, which is all that any mode looks at.
template <int Bits, rounding_rule Rule>
[[nodiscard]] constexpr big_uint<Bits> big_shift_right(const big_uint<Bits>& m, std::int64_t shift, bool negative,
                                                       Rule rule) noexcept {
    if (shift == 0 || m == 0) return m;
    const int places = static_cast<int>(shift < Bits + 64 ? shift : Bits + 64);
    const auto moved = [&m](int down) {
        return down < 0 ? big_uint<Bits + 64>(m) << -down : big_uint<Bits + 64>(m) >> down;
    };
    const std::uint64_t first = low_word<Bits + 64>(moved(places - 64));
    const std::uint64_t more = static_cast<int>(lsb(m)) < places - 64 ? 1 : 0;
    const auto kept = big_uint<Bits>(moved(places));
    const uint128_t cut = (uint128_t{first} << 1) | more;
    return rounds_away(cut, 65, negative, (low_word<Bits>(kept) & 1) != 0, rule) ? kept + 1 : kept;
}

template <class T>
inline constexpr bool is_wide_fixed = false;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool is_wide_fixed<fixed<Width, Fraction, Sign, Overflow>> = Width > 64;
template <class T>
inline constexpr bool is_narrow_fixed = false;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool is_narrow_fixed<fixed<Width, Fraction, Sign, Overflow>> = Width <= 64;
template <class T>
concept wide_fixed_number = is_wide_fixed<T>;

/// The members, roundings and overflows of `fixed` (see there), sqrt, abs, min, max and rounding to integers, for 65 to
/// 4096 bits. Not a `format`: the codes are arrays of words. `raw_type` is one of Boost's numbers and converts from and
/// to cpp_int; the object itself holds the raw number's two's complement words, lowest first, sign extended.
template <int Width, int Fraction, signedness Sign, overflow Overflow>
    requires(Width > 64)
class fixed<Width, Fraction, Sign, Overflow> {
    static_assert(Width <= 4096, "dyad::fixed's Width must be at most 4096 bits, the sign included.");
    static_assert(Fraction >= -4096 && Fraction <= 4096,
                  "dyad::fixed's Fraction must be -4096 to 4096 for Widths above 64.");
    static constexpr int words = (Width + 63) / 64;
    static constexpr int top_width = Width - 64 * (words - 1);
    using magnitude_type = big_uint<Width + 1>;

public:
    static constexpr bool is_signed = Sign == signedness::is_signed;
    static constexpr int width = Width;
    static constexpr int fraction = Fraction;
    using bits_type = std::array<std::uint64_t, std::size_t{words}>;
    using raw_type = big_int<Width>;
    static constexpr raw_type max_raw = raw_type((magnitude_type(1) << (is_signed ? Width - 1 : Width)) - 1);
    static constexpr raw_type min_raw = is_signed ? raw_type(-max_raw - 1) : raw_type(0);

    fixed() = default;

    /// x rounded to nearest even; overflow as the type says.
    template <number T>
    explicit constexpr fixed(T x) noexcept : fixed(pack(dyad::unpack(x), rounding::nearest_even, saturation::none)) {}
    template <wide_fixed_number T>
        requires(!std::same_as<T, fixed>)
    explicit constexpr fixed(const T& x) noexcept : fixed(rounded_from(x, rounding::nearest_even)) {}

    /// The number raw * 2^-Fraction; raw must be in range.
    [[nodiscard]] static constexpr fixed from_raw(const raw_type& raw) noexcept {
        DYAD_ASSERT(raw >= min_raw && raw <= max_raw);
        return from_magnitude(raw < 0, magnitude_type(raw < 0 ? raw_type(-raw) : raw));
    }
    [[nodiscard]] constexpr raw_type raw() const noexcept {
        const raw_type m(raw_magnitude());
        return is_negative() ? raw_type(-m) : m;
    }
    /// The number with this code, lowest word first; bits above `width` must be zero.
    [[nodiscard]] static constexpr fixed from_bits(const bits_type& bits) noexcept {
        DYAD_ASSERT((bits.back() & ~low_mask<std::uint64_t>(top_width)) == 0);
        fixed x{};
        x.words_ = bits;
        if (is_signed) x.words_.back() = static_cast<std::uint64_t>(sign_extend(bits.back(), top_width));
        return x;
    }
    [[nodiscard]] constexpr bits_type bits() const noexcept {
        bits_type code = words_;
        code.back() &= low_mask<std::uint64_t>(top_width);
        return code;
    }

    /// The value, rounded to odd where it has more than 128 digits: safe to round once more to 126 digits or fewer.
    [[nodiscard]] constexpr unpacked_wide unpack() const noexcept {
        const magnitude_type m = raw_magnitude();
        const int excess = big_width<Width + 1>(m) > 128 ? big_width<Width + 1>(m) - 128 : 0;
        const magnitude_type kept = big_shift_right<Width + 1>(m, excess, false, rounding::to_odd);
        return unpacked_wide::finite(is_negative(), low_words(kept), excess - Fraction);
    }
    /// The value rounded once by `rule` to a multiple of 2^-grid, of which the result holds the low 128 bits where
    /// `beyond` is wrap, and all ones where it is not and there are more: what a narrower fixed-point number needs.
    template <rounding_rule Rule>
    [[nodiscard]] constexpr unpacked_wide unpack_on_grid(int grid, overflow beyond, Rule rule) const noexcept {
        const int up = grid - Fraction;
        const magnitude_type exact = raw_magnitude();
        const magnitude_type m = up < 0 ? big_shift_right<Width + 1>(exact, -up, is_negative(), rule) : exact;
        const int left = up > 0 ? up : 0;
        const uint128_t shifted = left < 128 ? low_words(m) << left : uint128_t{0};
        const bool fits = m == 0 || left + big_width<Width + 1>(m) <= 128;
        return unpacked_wide::finite(is_negative(), fits || beyond == overflow::wrap ? shifted : ~uint128_t{0}, -grid);
    }
    /// The value rounded once by `rule`; the type decides what becomes of an overflow, whatever the policy.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] static constexpr fixed pack(const basic_unpacked<S>& x, Rule rule, saturation) noexcept {
        switch (x.kind) {
            case number_class::zero: return zero();
            case number_class::nan: return no_code(zero());
            case number_class::infinity: return no_code(Overflow == overflow::saturate ? bound(x.negative) : zero());
            case number_class::finite: break;
        }
        return rounded_from<128>(x.negative, to_big<128>(x.significand), x.exponent, rule);
    }
    /// Another wide number rounded once by `rule`.
    template <wide_fixed_number T, rounding_rule Rule>
    [[nodiscard]] static constexpr fixed rounded_from(const T& x, Rule rule) noexcept {
        return rounded_from<T::width + 1>(x.is_negative(), x.raw_magnitude(), -T::fraction, rule);
    }

    /// The value in a native floating-point type, rounded to nearest even.
    template <native_float T>
    [[nodiscard]] explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    [[nodiscard]] constexpr bool is_negative() const noexcept {
        return is_signed && static_cast<std::int64_t>(words_.back()) < 0;
    }
    /// |raw()|.
    [[nodiscard]] constexpr magnitude_type raw_magnitude() const noexcept {
        const bits_type code = bits();
        magnitude_type m(0);
        for (std::size_t i = words; i-- > 0;) m = (m << 64) | magnitude_type(code[i]);
        return is_negative() ? magnitude_type((magnitude_type(1) << Width) - m) : m;
    }

    [[nodiscard]] friend constexpr fixed operator+(const fixed& x, const fixed& y) noexcept {
        return from_exact(wider(x.raw()) + wider(y.raw()));
    }
    [[nodiscard]] friend constexpr fixed operator-(const fixed& x, const fixed& y) noexcept {
        return from_exact(wider(x.raw()) - wider(y.raw()));
    }
    [[nodiscard]] friend constexpr fixed operator*(const fixed& x, const fixed& y) noexcept {
        using product = big_uint<2 * Width>;
        return rounded_from<2 * Width>(x.is_negative() != y.is_negative(),
                                       product(x.raw_magnitude()) * product(y.raw_magnitude()), -2 * Fraction,
                                       rounding::nearest_even);
    }
    [[nodiscard]] friend constexpr fixed operator/(const fixed& x, const fixed& y) noexcept {
        const magnitude_type divisor = y.raw_magnitude();
        if (divisor == 0) {
            const auto result = x == zero() ? invalid<std::uint64_t>() : unpacked::infinity(x.is_negative());
            return pack(result, rounding::nearest_even, saturation::none);
        }
        // 65 digits more than the result has, the last of them odd where there are others: one rounding.
        constexpr int digits = (Width > Fraction ? Width : Fraction) + 65;
        using dividend_type = big_uint<Width + digits>;
        const dividend_type dividend = dividend_type(x.raw_magnitude()) << digits;
        dividend_type quotient = dividend / dividend_type(divisor);
        if (quotient * dividend_type(divisor) != dividend) quotient |= 1;
        return rounded_from<Width + digits>(x.is_negative() != y.is_negative(), quotient, -digits,
                                            rounding::nearest_even);
    }
    [[nodiscard]] friend constexpr fixed operator-(const fixed& x) noexcept { return zero() - x; }
    /// The square root; of a negative number what a NaN becomes.
    [[nodiscard]] friend constexpr fixed sqrt(const fixed& x) noexcept {
        if (x.is_negative()) return no_code(zero());
        // The root of m 2^-e is sqrt(m) 2^(-e/2), for an even e; its last digit is odd where there are others.
        constexpr int digits = (Width > Fraction ? Width : Fraction) + 66;
        constexpr int even = 2 * digits + (Fraction % 2 != 0 ? 1 : 0);
        using square_type = big_uint<Width + even + 1>;
        const square_type square = square_type(x.raw_magnitude()) << even;
        square_type root = sqrt(square);
        if (root * root != square) root |= 1;
        return rounded_from<Width + even + 1>(false, root, -(even + Fraction) / 2, rounding::nearest_even);
    }
    /// |x|; of the lowest number as the type's overflow says.
    [[nodiscard]] friend constexpr fixed abs(const fixed& x) noexcept { return x.is_negative() ? -x : x; }
    /// The first of two equal numbers, as std::min and std::max.
    [[nodiscard]] friend constexpr const fixed& min(const fixed& x, const fixed& y) noexcept { return y < x ? y : x; }
    [[nodiscard]] friend constexpr const fixed& max(const fixed& x, const fixed& y) noexcept { return x < y ? y : x; }
    /// x rounded to an integer; where the type has no such integer, one more rounding.
    [[nodiscard]] friend constexpr fixed round_to_integer(const fixed& x, rounding rule) noexcept {
        if (Fraction <= 0) return x;
        const magnitude_type m = big_shift_right<Width + 1>(x.raw_magnitude(), Fraction, x.is_negative(), rule);
        return rounded_from<Width + 1>(x.is_negative(), m, 0, rounding::nearest_even);
    }
    [[nodiscard]] friend constexpr fixed floor(const fixed& x) noexcept {
        return round_to_integer(x, rounding::toward_negative);
    }
    [[nodiscard]] friend constexpr fixed ceil(const fixed& x) noexcept {
        return round_to_integer(x, rounding::toward_positive);
    }
    constexpr fixed& operator+=(const fixed& y) noexcept { return *this = *this + y; }
    constexpr fixed& operator-=(const fixed& y) noexcept { return *this = *this - y; }
    constexpr fixed& operator*=(const fixed& y) noexcept { return *this = *this * y; }
    constexpr fixed& operator/=(const fixed& y) noexcept { return *this = *this / y; }

    [[nodiscard]] friend constexpr bool operator==(const fixed&, const fixed&) = default;
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(const fixed& x, const fixed& y) noexcept {
        if (x.is_negative() != y.is_negative()) return y.is_negative() <=> x.is_negative();
        for (std::size_t i = words; i-- > 0;) {
            if (x.words_[i] != y.words_[i]) return x.words_[i] <=> y.words_[i];
        }
        return std::strong_ordering::equal;
    }

private:
    using wider = big_int<Width + 2>;

    [[nodiscard]] static constexpr fixed zero() noexcept { return fixed{}; }
    [[nodiscard]] static constexpr fixed bound(bool negative) noexcept {
        return from_raw(negative ? min_raw : max_raw);
    }
    [[nodiscard]] static constexpr fixed no_code(const fixed& instead) noexcept {
        if constexpr (Overflow == overflow::trap) contract_violated();
        return instead;
    }
    /// The low 128 bits.
    [[nodiscard]] static constexpr uint128_t low_words(const magnitude_type& m) noexcept {
        const auto high = uint128_t{low_word<Width + 1>(magnitude_type(m >> 64))};
        return (high << 64) | low_word<Width + 1>(m);
    }
    /// The low Width bits of -m or m.
    [[nodiscard]] static constexpr fixed from_magnitude(bool negative, const magnitude_type& m) noexcept {
        const magnitude_type range = magnitude_type(1) << Width;
        magnitude_type low = m & (range - 1);
        if (negative && low != 0) low = range - low;
        bits_type code{};
        for (std::uint64_t& word : code) {
            word = low_word<Width + 1>(low);
            low >>= 64;
        }
        return from_bits(code);
    }
    [[nodiscard]] static constexpr fixed from_exact(const wider& raw) noexcept {
        const bool negative = raw < 0;
        return in_range<Width + 2>(negative, big_uint<Width + 2>(negative ? wider(-raw) : raw));
    }
    template <int Bits>
    [[nodiscard]] static constexpr fixed in_range(bool negative, const big_uint<Bits>& m) noexcept {
        using big = big_uint<(Bits > Width + 1 ? Bits : Width + 1)>;
        const big limit(negative ? raw_type(-min_raw) : max_raw);
        if (Overflow != overflow::wrap && big(m) > limit) return no_code(bound(negative));
        return from_magnitude(negative, magnitude_type(big(m) & big((magnitude_type(1) << Width) - 1)));
    }
    /// (-1)^negative * m * 2^exponent.
    template <int Bits, rounding_rule Rule>
    [[nodiscard]] static constexpr fixed rounded_from(bool negative, const big_uint<Bits>& m, std::int64_t exponent,
                                                      Rule rule) noexcept {
        const std::int64_t up = exponent + Fraction;
        if (m == 0) return zero();
        if (up <= 0) return in_range<Bits>(negative, big_shift_right<Bits>(m, -up, negative, rule));
        if (Overflow != overflow::wrap && up + big_width<Bits>(m) > Width) return no_code(bound(negative));
        if (up >= Width) return zero();
        // What the shift would move beyond Width bits is cut off first.
        using big = big_uint<(Bits > Width + 1 ? Bits : Width + 1)>;
        const int kept = Width - static_cast<int>(up);
        const magnitude_type low(big(m) & ((big(1) << kept) - 1));
        return in_range<Width + 1>(negative, magnitude_type(low << static_cast<int>(up)));
    }

    bits_type words_;
};

/// convert from, to and between wide numbers: exactly one rounding, like that between all other types. (What is packed
/// from a grid is exact or out of range.)
template <number To, wide_fixed_number From, rounding_rule Rule = rounding>
[[nodiscard]] constexpr To convert(const From& x, Rule rule = rounding::nearest_even,
                                   saturation policy = saturation::none) noexcept {
    if constexpr (native_integer<To>) {
        return pack_as<To>(x.unpack_on_grid(0, overflow::saturate, rule), rounding::nearest_even, policy);
    } else if constexpr (is_narrow_fixed<To>) {
        constexpr overflow beyond = std::numeric_limits<To>::is_modulo ? overflow::wrap : overflow::saturate;
        return To::pack(x.unpack_on_grid(To::fraction, beyond, rule), rounding::nearest_even, policy);
    } else {
        return pack_as<To>(x.unpack(), rule, policy);
    }
}
template <wide_fixed_number To, class From, rounding_rule Rule = rounding>
    requires(number<From> || dyadic_number<From> || wide_fixed_number<From>)
[[nodiscard]] constexpr To convert(const From& x, Rule rule = rounding::nearest_even,
                                   saturation policy = saturation::none) noexcept {
    if constexpr (wide_fixed_number<From>) return To::rounded_from(x, rule);
    else if constexpr (dyadic_number<From>) return To::pack(x.unpack_near(), rule, policy);
    else return To::pack(dyad::unpack(x), rule, policy);
}
template <dyadic_number To, wide_fixed_number From, rounding_rule Rule = rounding>
[[nodiscard]] constexpr To convert(const From& x, Rule rule = rounding::nearest_even) noexcept {
    return To::round(x.unpack(), rule);
}

}  // namespace dyad::inline v1
