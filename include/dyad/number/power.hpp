// SPDX-License-Identifier: Apache-2.0
// power<Bits, 2>: PowerQuant codes, value = sign(c) * |c|^2 for a two's complement integer c, |c| < 2^(Bits-1).
// Source: Yvinec et al., "PowerQuant: automorphism search for non-uniform quantization", ICLR 2023, whose codes are
// c = sign(w) |w|^a in equal steps; with a = 1/2 a code's value is the exact integer c^2, times the tensor's scale.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// One rounding to a square, in the value and not in the code: x between c^2 and (c + 1)^2 goes up by
/// nu = (|x| - c^2) / (2c + 1); a tie is c^2 + c + 1/2, "even" and "odd" speak of c. (The paper rounds |w|^a instead,
/// so that its thresholds are c^2 + c + 1/4: for that, pack the square root into an integer and read its bits here.)
/// Everything saturates to the largest square, an infinity too; a NaN gives 0. Any pattern may be read: the lowest,
/// -2^(Bits-1), has no positive partner and saturates, so from_bits makes it one more.
/// Operators take and give the same type: the exact result rounded once to nearest even, saturated. Products of
/// squares are squares, so they round only at the bound. x / 0 is the infinity of x's sign, 0 / 0 a NaN.
template <int Bits, int Exponent>
class power {
    static_assert(Bits >= 2 && Bits <= 16, "dyad::power's Bits must be 2 to 16, the sign included.");
    static_assert(Exponent == 2, "dyad::power's Exponent must be 2: only squares are exact in a small integer.");

public:
    using bits_type = least_uint<Bits>;
    using raw_type = least_int<Bits>;
    static constexpr int width = Bits;
    static constexpr value_range values{.low = 0, .top = 2 * (Bits - 1), .precision = 2 * (Bits - 1)};
    static constexpr raw_type max_raw = static_cast<raw_type>(low_mask<bits_type>(Bits - 1));

    power() = default;

    /// x rounded to nearest even, saturated.
    template <number T>
        requires(!std::same_as<T, power>)
    DYAD_HD explicit constexpr power(T x) noexcept
        : raw_(pack(dyad::unpack(x), rounding::nearest_even, saturation::none).raw_) {}

    /// The number sign(c) c^2, |c| <= max_raw.
    [[nodiscard]] DYAD_HD static constexpr power from_raw(raw_type c) noexcept {
        DYAD_ASSERT(c >= -max_raw && c <= max_raw);
        power x{};
        x.raw_ = c;
        return x;
    }
    /// The code c as an integer.
    [[nodiscard]] DYAD_HD constexpr raw_type raw() const noexcept { return raw_; }
    /// The number with this code; bits above `width` must be zero.
    [[nodiscard]] DYAD_HD static constexpr power from_bits(bits_type bits) noexcept {
        DYAD_ASSERT((bits & low_mask<bits_type>(Bits)) == bits);
        const auto c = sign_extend(bits, Bits);
        return from_raw(c < -max_raw ? static_cast<raw_type>(-max_raw) : c);
    }
    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept {
        return static_cast<bits_type>(static_cast<bits_type>(raw_) & low_mask<bits_type>(Bits));
    }
    /// The value: the integer that a kernel multiplies, of 2 Bits - 1 bits with its sign.
    [[nodiscard]] DYAD_HD constexpr std::int32_t value() const noexcept {
        return std::int32_t{raw_} * (raw_ < 0 ? -raw_ : raw_);
    }

    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept {
        return unpacked::finite(raw_ < 0, magnitude(value()), 0);
    }
    /// The value rounded once by `rule`, then saturated, whatever the policy.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr power pack(const basic_unpacked<S>& x, Rule rule, saturation) noexcept {
        if (x.kind == number_class::zero || x.kind == number_class::nan) return from_raw(0);
        // 1. Magnitudes from the largest square on.
        if (x.kind == number_class::infinity || std::int64_t{x.exponent} + bit_width(x.significand) > 2 * Bits) {
            return with_sign(x.negative, max_raw);
        }
        // 2. |x| in units of 2^-48 to odd: fine enough that every threshold c^2 + k 2^-33 (2c + 1) has an even
        // multiple.
        const int down = x.exponent < -256 ? 208 : -48 - x.exponent;
        const uint128_t wide = x.significand;
        const uint128_t m =
            down >= 0 ? round_shift_right(wide, down, false, rounding::to_odd) : static_cast<uint128_t>(wide << -down);
        // 3. The square below, and how far above it in 48 digits of the gap, to odd again.
        const auto whole = static_cast<std::uint64_t>(m >> 48);
        const std::uint64_t c = root(whole);
        if (c >= static_cast<std::uint64_t>(max_raw)) return with_sign(x.negative, max_raw);
        const std::uint64_t gap = 2 * c + 1;  // < 2^16, so that the rest has at most 64 bits
        const auto rest = static_cast<std::uint64_t>(m - (static_cast<uint128_t>(c * c) << 48));
        const std::uint64_t cut = ((rest / gap) << 1) | (rest % gap != 0 ? 1 : 0);
        const bool up = rounds_away(cut, 49, x.negative, (c & 1) != 0, rule);
        return with_sign(x.negative, static_cast<raw_type>(c + (up ? 1 : 0)));
    }

    /// The exact value, but in a float above 2^24: there rounded to nearest even.
    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    [[nodiscard]] DYAD_HD friend constexpr power operator+(power x, power y) noexcept {
        return rounded(exact_sum(x.unpack(), y.unpack()));
    }
    [[nodiscard]] DYAD_HD friend constexpr power operator-(power x, power y) noexcept { return x + -y; }
    [[nodiscard]] DYAD_HD friend constexpr power operator*(power x, power y) noexcept {
        return rounded(exact_product(x.unpack(), y.unpack()));
    }
    [[nodiscard]] DYAD_HD friend constexpr power operator/(power x, power y) noexcept {
        return rounded(quotient(x.unpack(), y.unpack()));
    }
    [[nodiscard]] DYAD_HD friend constexpr power operator-(power x) noexcept {
        return from_raw(static_cast<raw_type>(-x.raw_));
    }
    DYAD_HD constexpr power& operator+=(power y) noexcept { return *this = *this + y; }
    DYAD_HD constexpr power& operator-=(power y) noexcept { return *this = *this - y; }
    DYAD_HD constexpr power& operator*=(power y) noexcept { return *this = *this * y; }
    DYAD_HD constexpr power& operator/=(power y) noexcept { return *this = *this / y; }

    [[nodiscard]] friend constexpr bool operator==(power, power) = default;
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(power, power) = default;

private:
    [[nodiscard]] DYAD_HD static constexpr power with_sign(bool negative, raw_type c) noexcept {
        return from_raw(negative ? static_cast<raw_type>(-c) : c);
    }
    [[nodiscard]] DYAD_HD static constexpr power rounded(const unpacked& x) noexcept {
        return pack(x, rounding::nearest_even, saturation::none);
    }
    /// floor(sqrt(x)) for x < 2^(2 Bits), digit by digit.
    [[nodiscard]] DYAD_HD static constexpr std::uint64_t root(std::uint64_t x) noexcept {
        std::uint64_t c = 0;
        for (std::uint64_t digit = std::uint64_t{1} << (Bits - 1); digit != 0; digit >>= 1) {
            if ((c + digit) * (c + digit) <= x) c += digit;
        }
        return c;
    }

    raw_type raw_;
};

static_assert(format<power<2, 2>> && format<power<4, 2>> && format<power<8, 2>> && format<power<16, 2>>);

}  // namespace dyad::inline v1

/// As for an integer type of one digit: 2 is no square.
template <int Bits, int Exponent>
class std::numeric_limits<dyad::power<Bits, Exponent>> : public std::numeric_limits<dyad::integer<2>> {
    using type = dyad::power<Bits, Exponent>;

public:
    static constexpr type min() noexcept { return lowest(); }
    static constexpr type lowest() noexcept { return -max(); }
    static constexpr type max() noexcept { return type::from_raw(type::max_raw); }
    static constexpr type epsilon() noexcept { return type::from_raw(0); }
    static constexpr type round_error() noexcept { return type::from_raw(0); }
    static constexpr type infinity() noexcept { return type::from_raw(0); }
    static constexpr type quiet_NaN() noexcept { return type::from_raw(0); }
    static constexpr type signaling_NaN() noexcept { return type::from_raw(0); }
    static constexpr type denorm_min() noexcept { return type::from_raw(0); }
};
