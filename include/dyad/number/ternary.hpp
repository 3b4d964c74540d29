// SPDX-License-Identifier: Apache-2.0
// ternary: the numbers -1, 0, +1 in two bits, two's complement. The weights of BitNet b1.58.
// Source: Ma et al., "The era of 1-bit LLMs: all large language models are in 1.58 bits", arXiv 2402.17764.
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

/// Codes 0b00, 0b01, 0b11 for 0, +1, -1. Any pattern may be read: the fourth, 0b10, is -2 in two's complement and
/// saturates, so from_bits makes it -1, code 0b11. Everything saturates to [-1, 1], an infinity too; a NaN gives 0.
/// Operators take and give ternary: the exact result rounded once to nearest even, then saturated. Products are exact;
/// x / 0 is treated as the infinity of x's sign, 0 / 0 as a NaN.
class ternary {
public:
    using bits_type = std::uint8_t;
    using raw_type = std::int8_t;
    static constexpr int width = 2;
    static constexpr value_range values{.low = 0, .top = 0, .precision = 1};
    static constexpr int fraction = 0;

    ternary() = default;

    /// x rounded to nearest even, saturated.
    template <number T>
        requires(!std::same_as<T, ternary>)
    DYAD_HD explicit constexpr ternary(T x) noexcept
        : raw_(pack(dyad::unpack(x), rounding::nearest_even, saturation::none).raw_) {}

    /// The number raw, -1, 0 or 1.
    [[nodiscard]] DYAD_HD static constexpr ternary from_raw(raw_type raw) noexcept {
        DYAD_ASSERT(raw >= -1 && raw <= 1);
        ternary x{};
        x.raw_ = raw;
        return x;
    }
    [[nodiscard]] DYAD_HD constexpr raw_type raw() const noexcept { return raw_; }
    /// The number with this code, -1 for 0b10; bits above `width` must be zero.
    [[nodiscard]] DYAD_HD static constexpr ternary from_bits(bits_type bits) noexcept {
        DYAD_ASSERT(bits <= 3);
        return from_raw(static_cast<raw_type>(bits < 2 ? bits : -1));
    }
    [[nodiscard]] DYAD_HD constexpr bits_type bits() const noexcept { return static_cast<bits_type>(raw_ & 3); }

    [[nodiscard]] DYAD_HD constexpr unpacked unpack() const noexcept {
        return unpacked::finite(raw_ < 0, magnitude(raw_), 0);
    }
    /// The value rounded once to an integer by `rule`, then saturated, whatever the policy.
    template <unsigned_word S, rounding_rule Rule>
    [[nodiscard]] DYAD_HD static constexpr ternary pack(const basic_unpacked<S>& x, Rule rule,
                                                        saturation policy) noexcept {
        const integer<2> wide = integer<2>::pack(x, rule, policy);
        return from_raw(wide.raw() < -1 ? raw_type{-1} : wide.raw());
    }

    template <native_float T>
    [[nodiscard]] DYAD_HD explicit constexpr operator T() const noexcept {
        return static_cast<T>(raw_);
    }

    [[nodiscard]] DYAD_HD friend constexpr ternary operator+(ternary x, ternary y) noexcept {
        return saturated(x.raw_ + y.raw_);
    }
    [[nodiscard]] DYAD_HD friend constexpr ternary operator-(ternary x, ternary y) noexcept {
        return saturated(x.raw_ - y.raw_);
    }
    [[nodiscard]] DYAD_HD friend constexpr ternary operator*(ternary x, ternary y) noexcept {
        return saturated(x.raw_ * y.raw_);
    }
    [[nodiscard]] DYAD_HD friend constexpr ternary operator/(ternary x, ternary y) noexcept {
        return y.raw_ == 0 ? x : x * y;  // 1 / y = y
    }
    [[nodiscard]] DYAD_HD friend constexpr ternary operator-(ternary x) noexcept { return saturated(-x.raw_); }
    DYAD_HD constexpr ternary& operator+=(ternary y) noexcept { return *this = *this + y; }
    DYAD_HD constexpr ternary& operator-=(ternary y) noexcept { return *this = *this - y; }
    DYAD_HD constexpr ternary& operator*=(ternary y) noexcept { return *this = *this * y; }
    DYAD_HD constexpr ternary& operator/=(ternary y) noexcept { return *this = *this / y; }

    [[nodiscard]] friend constexpr bool operator==(ternary, ternary) = default;
    [[nodiscard]] friend constexpr std::strong_ordering operator<=>(ternary, ternary) = default;

private:
    [[nodiscard]] DYAD_HD static constexpr ternary saturated(int x) noexcept {
        return from_raw(static_cast<raw_type>(x < -1 ? -1 : x > 1 ? 1 : x));
    }

    raw_type raw_;
};

static_assert(format<ternary>);

}  // namespace dyad::inline v1

/// As for an integer type of one digit.
template <>
class std::numeric_limits<dyad::ternary> : public std::numeric_limits<dyad::integer<2>> {
    using type = dyad::ternary;

public:
    static constexpr type min() noexcept { return type::from_raw(-1); }
    static constexpr type lowest() noexcept { return type::from_raw(-1); }
    static constexpr type max() noexcept { return type::from_raw(1); }
    static constexpr type epsilon() noexcept { return type::from_raw(0); }
    static constexpr type round_error() noexcept { return type::from_raw(0); }
    static constexpr type infinity() noexcept { return type::from_raw(0); }
    static constexpr type quiet_NaN() noexcept { return type::from_raw(0); }
    static constexpr type signaling_NaN() noexcept { return type::from_raw(0); }
    static constexpr type denorm_min() noexcept { return type::from_raw(0); }
};
