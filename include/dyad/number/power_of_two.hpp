// SPDX-License-Identifier: Apache-2.0
// power_of_two<Bits>: the numbers 2^e with a signed exponent of Bits bits, value = 2^e, code = e in two's complement.
// The shared exponent of dynamic fixed point: unlike float8_e8m0fnu it has no NaN, and reaches as far as products need.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// A power of two. Conversions round once (a tie lies at 3/2 2^e; "even" and "odd" speak of e) and saturate whatever
/// the policy: zero, negative numbers and what is too small become the smallest power, infinity and NaN the largest.
template <int Bits = 12>
class power_of_two {
    static_assert(Bits >= 2 && Bits <= 12, "dyad::power_of_two's Bits must be 2 to 12, the exponent's sign included.");

public:
    using bits_type = least_uint<Bits>;
    static constexpr int width = Bits;
    static constexpr int max_exponent = (1 << (Bits - 1)) - 1;
    static constexpr int min_exponent = -max_exponent - 1;
    static constexpr value_range values{.low = min_exponent, .top = max_exponent, .precision = 1};

    power_of_two() = default;

    /// 2^e, e clamped to the range.
    [[nodiscard]] DYAD_HD static constexpr power_of_two from_exponent(std::int64_t e) noexcept {
        power_of_two x{};
        x.exponent_ = static_cast<std::int16_t>(e < min_exponent ? min_exponent : e > max_exponent ? max_exponent : e);
        return x;
    }
    [[nodiscard]] DYAD_HD constexpr int exponent() const noexcept { return exponent_; }

    /// The number with this code; bits above `width` must be zero.
    [[nodiscard]] DYAD_HD static constexpr power_of_two from_bits(bits_type bits) noexcept {
        DYAD_ASSERT((bits & low_mask<bits_type>(Bits)) == bits);
        return from_exponent(sign_extend(bits, Bits));
    }
    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept {
        return static_cast<bits_type>(static_cast<bits_type>(exponent_) & low_mask<bits_type>(Bits));
    }

    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept { return unpacked::finite(false, 1, exponent_); }
    /// The value rounded once by `rule`, then saturated, whatever the policy.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr power_of_two pack(const basic_unpacked<S>& x, Rule rule,
                                                             saturation) noexcept {
        if (x.kind == number_class::nan) return from_exponent(max_exponent);
        if (x.kind == number_class::zero || x.negative) return from_exponent(min_exponent);
        if (x.kind == number_class::infinity) return from_exponent(max_exponent);
        const int top = x.top_exponent();
        const bool up = rounds_away(x.significand, bit_width(x.significand) - 1, false, (top & 1) != 0, rule);
        return from_exponent(std::int64_t{top} + (up ? 1 : 0));
    }

    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return pack_as<T>(unpack(), rounding::nearest_even, saturation::none);
    }

    /// Products of powers are powers; beyond the range they saturate.
    [[nodiscard]] DYAD_HD friend constexpr power_of_two operator*(power_of_two x, power_of_two y) noexcept {
        return from_exponent(std::int64_t{x.exponent_} + y.exponent_);
    }
    DYAD_HD constexpr power_of_two& operator*=(power_of_two y) noexcept { return *this = *this * y; }

    [[nodiscard]] friend constexpr bool operator==(power_of_two, power_of_two) = default;
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(power_of_two, power_of_two) = default;

private:
    std::int16_t exponent_;
};

static_assert(format<power_of_two<>>);

}  // namespace dyad::inline v1

/// Radix 2, one digit; the smallest power takes the place of zero.
template <int Bits>
class std::numeric_limits<dyad::power_of_two<Bits>> {
    using type = dyad::power_of_two<Bits>;

public:
    static constexpr bool is_specialized = true;
    static constexpr bool is_signed = false;
    static constexpr bool is_integer = false;
    static constexpr bool is_exact = true;
    static constexpr bool has_infinity = false;
    static constexpr bool has_quiet_NaN = false;
    static constexpr bool has_signaling_NaN = false;
    static constexpr bool is_iec559 = false;
    static constexpr bool is_bounded = true;
    static constexpr bool is_modulo = false;
    static constexpr bool traps = false;
    static constexpr bool tinyness_before = false;
    static constexpr int radix = 2;
    static constexpr int digits = 1;
    static constexpr int digits10 = 0;
    static constexpr int max_digits10 = 2;
    static constexpr int min_exponent = type::min_exponent + 1;
    static constexpr int max_exponent = type::max_exponent + 1;
    static constexpr std::float_round_style round_style = std::round_to_nearest;
    static constexpr type min() noexcept { return type::from_exponent(type::min_exponent); }
    static constexpr type lowest() noexcept { return min(); }
    static constexpr type max() noexcept { return type::from_exponent(type::max_exponent); }
};
