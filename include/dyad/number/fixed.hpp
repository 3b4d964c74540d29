// SPDX-License-Identifier: Apache-2.0
// fixed<Width, Fraction>: value = raw * 2^-Fraction, raw a two's complement (or unsigned) integer of Width bits.
// Width counts the sign; Fraction may be negative or exceed Width.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// What a result outside the range becomes: the nearest bound, its low Width bits, or the end of the program.
enum class overflow : std::uint8_t { saturate, wrap, trap };

/// A fixed-point number. Operators take and give the same type: exact result, rounded once to nearest even, then
/// brought into range as Overflow says. A NaN has no code: 0, or a trap where Overflow is trap; an infinity saturates,
/// wraps to 0, or traps. x / 0 is treated as the infinity of x's sign, 0 / 0 as a NaN.
template <int Width, int Fraction = 0, signedness Sign = signedness::is_signed, overflow Overflow = overflow::saturate>
class fixed {
    static_assert(Width >= 1 && Width <= 64,
                  "dyad::fixed's Width must be 1 to 64 bits, the sign included; dyad/number/wide_fixed.hpp has wider.");
    static_assert(Fraction >= -1024 && Fraction <= 1024, "dyad::fixed's Fraction must be -1024 to 1024.");

public:
    static constexpr bool is_signed = Sign == signedness::is_signed;
    using bits_type = least_uint<Width>;
    using raw_type = std::conditional_t<is_signed, least_int<Width>, least_uint<Width>>;
    static constexpr int width = Width;
    static constexpr int fraction = Fraction;
    static constexpr raw_type max_raw = static_cast<raw_type>(low_mask<bits_type>(is_signed ? Width - 1 : Width));
    static constexpr raw_type min_raw = is_signed ? static_cast<raw_type>(-max_raw - 1) : raw_type{0};

    fixed() = default;

    /// x rounded to nearest even; overflow as the type says.
    template <number T>
        requires(!std::same_as<T, fixed>)
    DYAD_HD explicit constexpr fixed(T x) noexcept
        : raw_(pack(dyad::unpack(x), rounding::nearest_even, saturation::none).raw_) {}

    /// The number raw * 2^-Fraction; raw must be in range.
    [[nodiscard]] DYAD_HD static constexpr fixed from_raw(raw_type raw) noexcept {
        DYAD_ASSERT(holds(raw));
        fixed x{};
        x.raw_ = raw;
        return x;
    }
    /// The same with raw clamped to the range, whatever Overflow says.
    [[nodiscard]] DYAD_HD static constexpr fixed saturating_from_raw(std::int64_t raw) noexcept {
        constexpr auto max = saturating_cast<std::int64_t>(max_raw);
        constexpr auto min = static_cast<std::int64_t>(min_raw);
        return from_raw(static_cast<raw_type>(raw < min ? min : raw > max ? max : raw));
    }
    [[nodiscard]] DYAD_HD constexpr raw_type raw() const noexcept { return raw_; }
    /// The number with this code; bits above `width` must be zero.
    [[nodiscard]] DYAD_HD static constexpr fixed from_bits(bits_type bits) noexcept {
        DYAD_ASSERT((bits & low_mask<bits_type>(Width)) == bits);
        if constexpr (is_signed) return from_raw(static_cast<raw_type>(sign_extend(bits, Width)));
        else return from_raw(bits);
    }
    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept {
        return static_cast<bits_type>(static_cast<bits_type>(raw_) & low_mask<bits_type>(Width));
    }

    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept { return unpack_as<std::uint64_t>(); }
    /// The value rounded once by `rule`; the type decides what becomes of an overflow, whatever the policy.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr fixed pack(const basic_unpacked<S>& x, Rule rule, saturation) noexcept {
        if (x.kind == number_class::zero) return from_raw(0);
        if (x.kind == number_class::nan) return no_code(from_raw(0));
        const fixed bound = from_raw(x.negative ? min_raw : max_raw);
        if (x.kind == number_class::infinity) return no_code(Overflow == overflow::saturate ? bound : from_raw(0));
        // Shifts of more than 256 places leave what 256 leave, in every mode.
        const std::int64_t shift = std::int64_t{x.exponent} + Fraction;
        const int up = static_cast<int>(shift < -256 ? -256 : shift > 256 ? 256 : shift);
        const uint128_t wide = x.significand;
        // Beyond 128 bits nothing is left of a wrapped value but zeros, and any other is out of range.
        if (up > 0 && up + bit_width(wide) > 128) {
            if (Overflow != overflow::wrap) return no_code(bound);
            return wrapped(x.negative, up >= 128 ? uint128_t{0} : static_cast<uint128_t>(wide << up));
        }
        const uint128_t m =
            up >= 0 ? static_cast<uint128_t>(wide << up) : round_shift_right(wide, -up, x.negative, rule);
        return in_range(x.negative, m);
    }

    /// The value in a native floating-point type, rounded to nearest even.
    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    [[nodiscard]] DYAD_HD friend constexpr fixed operator+(fixed x, fixed y) noexcept {
        return from_exact(static_cast<sum_type>(x.template as<sum_type>() + y.template as<sum_type>()));
    }
    [[nodiscard]] DYAD_HD friend constexpr fixed operator-(fixed x, fixed y) noexcept {
        return from_exact(static_cast<sum_type>(x.template as<sum_type>() - y.template as<sum_type>()));
    }
    [[nodiscard]] DYAD_HD friend constexpr fixed operator*(fixed x, fixed y) noexcept {
        if constexpr (Fraction >= 0 && Fraction <= 2 * Width - 2 && product_width <= 128) {
            using word = least_int<product_width>;
            return from_exact(round_product<word>(static_cast<word>(x.template as<word>() * y.template as<word>())));
        } else {
            return rounded(exact_product(x.unpack_as<uint128_t>(), y.unpack_as<uint128_t>()));
        }
    }
    [[nodiscard]] DYAD_HD friend constexpr fixed operator/(fixed x, fixed y) noexcept {
        if constexpr (Fraction >= 0 && Width + Fraction <= 63) {
            if (y.raw_ == 0) return rounded(x.raw_ == 0 ? invalid<std::uint64_t>() : unpacked::infinity(x.raw_ < 0));
            const std::int64_t sign = y.raw_ < 0 ? -1 : 1;
            const std::int64_t dividend = static_cast<std::int64_t>(x.raw_) * (std::int64_t{1} << Fraction);
            const std::int64_t divisor = sign * static_cast<std::int64_t>(y.raw_);
            return from_exact(round_divide(sign * dividend, divisor, rounding::nearest_even));
        } else if constexpr (Overflow == overflow::wrap && Fraction > 0) {
            return wrapped_quotient(x.unpack_as<uint128_t>(), y.unpack_as<uint128_t>());
        } else {
            return rounded(quotient(x.unpack_as<uint128_t>(), y.unpack_as<uint128_t>()));
        }
    }
    [[nodiscard]] DYAD_HD friend constexpr fixed operator-(fixed x) noexcept { return from_raw(0) - x; }
    DYAD_HD constexpr fixed& operator+=(fixed y) noexcept { return *this = *this + y; }
    DYAD_HD constexpr fixed& operator-=(fixed y) noexcept { return *this = *this - y; }
    DYAD_HD constexpr fixed& operator*=(fixed y) noexcept { return *this = *this * y; }
    DYAD_HD constexpr fixed& operator/=(fixed y) noexcept { return *this = *this / y; }

    [[nodiscard]] friend constexpr bool operator==(fixed, fixed) = default;
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(fixed, fixed) = default;

private:
    [[nodiscard]] DYAD_HD static constexpr bool holds(raw_type raw) noexcept {
        if constexpr (is_signed) return raw >= min_raw && raw <= max_raw;
        else return raw <= max_raw;
    }
    template <unsigned_word S>
    [[nodiscard]] DYAD_HD constexpr basic_unpacked<S> unpack_as() const noexcept {
        if constexpr (is_signed) return basic_unpacked<S>::finite(raw_ < 0, magnitude(raw_), -Fraction);
        else return basic_unpacked<S>::finite(false, raw_, -Fraction);
    }
    // Sums and differences of two raw numbers; products of two with the half that rounding adds.
    using sum_type = least_int<(Width + 2 > 32 ? Width + 2 : 32)>;
    static constexpr int product_width = Width <= 15 ? 32 : is_signed ? 2 * Width : 2 * Width + 2;

    template <signed_word T>
    [[nodiscard]] DYAD_HD constexpr T as() const noexcept {
        return static_cast<T>(raw_);
    }
    /// p * 2^-Fraction to nearest even: p + half, less one unit below an even quotient, cut.
    template <signed_word T>
    [[nodiscard]] DYAD_HD static constexpr T round_product(T p) noexcept {
        if constexpr (Fraction == 0) {
            return p;
        } else {
            constexpr auto below_half = static_cast<T>((T{1} << (Fraction - 1)) - 1);
            return static_cast<T>((p + below_half + ((p >> Fraction) & 1)) >> Fraction);
        }
    }
    /// A raw number of any size brought into range.
    template <signed_word T>
    [[nodiscard]] DYAD_HD static constexpr fixed from_exact(T raw) noexcept {
        if constexpr (Overflow == overflow::wrap) {
            const auto pattern = static_cast<bits_type>(static_cast<unsigned_of<T>>(raw));
            return from_bits(static_cast<bits_type>(pattern & low_mask<bits_type>(Width)));
        } else {
            if (raw > static_cast<T>(max_raw)) return no_code(from_raw(max_raw));
            if (raw < static_cast<T>(min_raw)) return no_code(from_raw(min_raw));
            return from_raw(static_cast<raw_type>(raw));
        }
    }
    template <unsigned_word S>
    [[nodiscard]] DYAD_HD static constexpr fixed rounded(const basic_unpacked<S>& x) noexcept {
        return pack(x, rounding::nearest_even, saturation::none);
    }
    [[nodiscard]] DYAD_HD static constexpr fixed no_code(fixed instead) noexcept {
        if constexpr (Overflow == overflow::trap) contract_violated();
        return instead;
    }
    [[nodiscard]] DYAD_HD static constexpr fixed wrapped(bool negative, uint128_t m) noexcept {
        const auto low = static_cast<bits_type>(negative ? uint128_t{0} - m : m);
        return from_bits(static_cast<bits_type>(low & low_mask<bits_type>(Width)));
    }
    /// x / y to nearest even: long division, Fraction digits in steps of 64, of which wrapping keeps the last ones. (A
    /// quotient to odd has the first ones.)
    [[nodiscard]] DYAD_HD static constexpr fixed wrapped_quotient(const unpacked_wide& x,
                                                                  const unpacked_wide& y) noexcept {
        const uint128_t divisor = y.significand;
        if (divisor == 0) return from_raw(0);
        uint128_t digits = x.significand / divisor;
        uint128_t rest = x.significand % divisor;
        for (int left = Fraction; left > 0; left -= 64) {
            const int step = left < 64 ? left : 64;
            const uint128_t raised = rest << step;
            digits = (digits << step) | (raised / divisor);
            rest = raised % divisor;
        }
        const bool up = 2 * rest > divisor || (2 * rest == divisor && (digits & 1) != 0);
        return wrapped(x.negative != y.negative, digits + (up ? 1 : 0));
    }
    [[nodiscard]] DYAD_HD static constexpr fixed in_range(bool negative, uint128_t m) noexcept {
        const auto bound = static_cast<uint128_t>(max_raw) + (negative ? 1 : 0);
        const bool fits = is_signed || !negative ? m <= bound : m == 0;
        if (fits || Overflow == overflow::wrap) return wrapped(negative, m);
        return no_code(from_raw(negative ? min_raw : max_raw));
    }

    raw_type raw_;
};

/// Integers of any width from 1 to 64 bits, saturating.
template <int Bits>
using integer = fixed<Bits, 0, signedness::is_signed, overflow::saturate>;
template <int Bits>
using uinteger = fixed<Bits, 0, signedness::is_unsigned, overflow::saturate>;

/// The integers of 2 to 16 bits by name. CUDA has vector types called int2 to uint4 in the global namespace: beside its
/// headers write dyad::int4, and no using directive for dyad in the global namespace.
using int2 = integer<2>;
using int3 = integer<3>;
using int4 = integer<4>;
using int5 = integer<5>;
using int6 = integer<6>;
using int7 = integer<7>;
using int8 = integer<8>;
using int9 = integer<9>;
using int10 = integer<10>;
using int11 = integer<11>;
using int12 = integer<12>;
using int13 = integer<13>;
using int14 = integer<14>;
using int15 = integer<15>;
using int16 = integer<16>;
using uint2 = uinteger<2>;
using uint3 = uinteger<3>;
using uint4 = uinteger<4>;
using uint5 = uinteger<5>;
using uint6 = uinteger<6>;
using uint7 = uinteger<7>;
using uint8 = uinteger<8>;
using uint9 = uinteger<9>;
using uint10 = uinteger<10>;
using uint11 = uinteger<11>;
using uint12 = uinteger<12>;
using uint13 = uinteger<13>;
using uint14 = uinteger<14>;
using uint15 = uinteger<15>;
using uint16 = uinteger<16>;

static_assert(format<fixed<8, 4>> && format<integer<4>> && format<uinteger<64>> && format<fixed<16, 15>>);

}  // namespace dyad::inline v1

template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
class std::numeric_limits<dyad::fixed<Width, Fraction, Sign, Overflow>> {
    using type = dyad::fixed<Width, Fraction, Sign, Overflow>;

public:
    static constexpr bool is_specialized = true;
    static constexpr bool is_signed = type::is_signed;
    static constexpr bool is_integer = Fraction <= 0;
    static constexpr bool is_exact = true;
    static constexpr bool has_infinity = false;
    static constexpr bool has_quiet_NaN = false;
    static constexpr bool has_signaling_NaN = false;
    static constexpr float_denorm_style has_denorm = denorm_absent;
    static constexpr bool has_denorm_loss = false;
    static constexpr float_round_style round_style = round_to_nearest;
    static constexpr bool is_iec559 = false;
    static constexpr bool is_bounded = true;
    static constexpr bool is_modulo = Overflow == dyad::overflow::wrap;
    static constexpr int digits = is_signed ? Width - 1 : Width;
    static constexpr int digits10 = digits * 30103 / 100000;
    static constexpr int max_digits10 = 0;
    static constexpr int radix = 2;
    static constexpr int min_exponent = 0;
    static constexpr int min_exponent10 = 0;
    static constexpr int max_exponent = 0;
    static constexpr int max_exponent10 = 0;
    static constexpr bool traps = Overflow == dyad::overflow::trap;
    static constexpr bool tinyness_before = false;

    static constexpr type min() noexcept { return lowest(); }
    static constexpr type lowest() noexcept { return type::from_raw(type::min_raw); }
    static constexpr type max() noexcept { return type::from_raw(type::max_raw); }
    /// One unit in the last place, as C++ defines it for types that are exact: 0.
    static constexpr type epsilon() noexcept { return type::from_raw(0); }
    static constexpr type round_error() noexcept { return type::from_raw(0); }
    static constexpr type infinity() noexcept { return type::from_raw(0); }
    static constexpr type quiet_NaN() noexcept { return type::from_raw(0); }
    static constexpr type signaling_NaN() noexcept { return type::from_raw(0); }
    static constexpr type denorm_min() noexcept { return type::from_raw(0); }
};
