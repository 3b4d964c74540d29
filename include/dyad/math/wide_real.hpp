// SPDX-License-Identifier: Apache-2.0
// Working arithmetic for functions: real numbers of 124 significant binary digits, in integers only.
// value = (-1)^negative * significand * 2^exponent, an unpacked_wide; every operation rounds to odd once, so its
// relative error is below 2^-123, and an inexact result never looks exact to the one rounding that follows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// Significant digits of a result: what exact_sum takes in a word of 128 bits.
inline constexpr int wide_digits = 124;

inline constexpr unpacked_wide wide_one = unpacked_wide::finite(false, 1, 0);

[[nodiscard]] DYAD_HD constexpr uint128_t join_words(std::uint64_t high, std::uint64_t low) noexcept {
    return (static_cast<uint128_t>(high) << 64) | low;
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide negated(unpacked_wide x) noexcept {
    x.negative = !x.negative;
    return x;
}

/// x * 2^n, exactly.
[[nodiscard]] DYAD_HD constexpr unpacked_wide scaled_by_power(unpacked_wide x, int n) noexcept {
    if (x.kind == number_class::finite) x.exponent += n;
    return x;
}

/// x to odd in wide_digits digits.
[[nodiscard]] DYAD_HD constexpr unpacked_wide trimmed(const unpacked_wide& x) noexcept {
    const int excess = bit_width(x.significand) - wide_digits;
    if (x.kind != number_class::finite || excess <= 0) return x;
    return {x.kind, x.negative, x.exponent + excess,
            round_shift_right(x.significand, excess, x.negative, rounding::to_odd)};
}

/// The 256 bits of a product.
struct full_product {
    uint128_t high = 0;
    uint128_t low = 0;
};
[[nodiscard]] DYAD_HD constexpr full_product multiply_full(uint128_t x, uint128_t y) noexcept {
    const auto x0 = static_cast<std::uint64_t>(x);
    const auto x1 = static_cast<std::uint64_t>(x >> 64);
    const auto y0 = static_cast<std::uint64_t>(y);
    const auto y1 = static_cast<std::uint64_t>(y >> 64);
    // (2^64 - 1)^2 + 2^64 - 1 < 2^128: neither of the sums in the middle overflows.
    const uint128_t low = static_cast<uint128_t>(x0) * y0;
    const uint128_t first = static_cast<uint128_t>(x1) * y0 + (low >> 64);
    const uint128_t second = static_cast<uint128_t>(x0) * y1 + static_cast<std::uint64_t>(first);
    return {static_cast<uint128_t>(x1) * y1 + (first >> 64) + (second >> 64),
            (second << 64) | static_cast<std::uint64_t>(low)};
}

/// x + y, finite or zero, of at most wide_digits digits each.
[[nodiscard]] DYAD_HD constexpr unpacked_wide wide_sum(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    return trimmed(exact_sum(x, y));
}

/// x * y, finite or zero, of up to 128 digits each.
[[nodiscard]] DYAD_HD constexpr unpacked_wide wide_product(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    const bool negative = x.negative != y.negative;
    if (x.significand == 0 || y.significand == 0) return unpacked_wide::zero(negative);
    const int x_up = 128 - bit_width(x.significand);
    const int y_up = 128 - bit_width(y.significand);
    const full_product product = multiply_full(x.significand << x_up, y.significand << y_up);
    const uint128_t digits = product.high | (product.low != 0 ? 1 : 0);  // at least 127, so the last is trimmed
    return trimmed(unpacked_wide::finite(negative, digits, x.exponent - x_up + y.exponent - y_up + 128));
}

/// x / y by long division, for finite x and y of at most 126 digits.
[[nodiscard]] DYAD_HD constexpr unpacked_wide wide_ratio(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    const bool negative = x.negative != y.negative;
    if (x.significand == 0) return unpacked_wide::zero(negative);
    // 1. Both with their top at bit 125, so the quotient's first digit is 0 or 1.
    const int x_up = 128 - bit_width(x.significand);
    const int y_up = 128 - bit_width(y.significand);
    const uint128_t divisor = (y.significand << y_up) >> 2;
    uint128_t rest = (x.significand << x_up) >> 2;
    uint128_t quotient = rest >= divisor ? 1 : 0;
    rest -= quotient != 0 ? divisor : 0;
    // 2. Three digits of 42 bits, each estimated from the upper 62 bits: never too large, and less than two too small.
    //    What is then left is below 3 divisors, so it is right modulo 2^128.
    const auto divisor_top = static_cast<std::uint64_t>(divisor >> 64) + 1;
    for (int i = 0; i < 3; ++i) {
        uint128_t digit = ((rest >> 64) << 42) / divisor_top;
        rest = (rest << 42) - digit * divisor;
        for (; rest >= divisor; rest -= divisor) ++digit;
        quotient = (quotient << 42) | digit;
    }
    quotient |= rest != 0 ? 1 : 0;
    return trimmed(unpacked_wide::finite(negative, quotient, (x.exponent - x_up) - (y.exponent - y_up) - 126));
}

/// |x| modulo 1, with 128 fraction bits, rounded down.
[[nodiscard]] DYAD_HD constexpr uint128_t fraction_q128(const unpacked_wide& x) noexcept {
    const int up = x.exponent + 128;
    if (up >= 128) return 0;
    return up >= 0 ? static_cast<uint128_t>(x.significand << up) : shift_right(x.significand, -up);
}

enum class series_signs : std::uint8_t { same, alternating };

/// sum c[k] y^k or sum c[k] (-y)^k by Horner's rule, for coefficients with 127 fraction bits that fall, c[0] = 1, and
/// 0 <= y < 1 with 128. Each step loses less than 2^-127, so the error is below 2^-127 (1 + E) / (1 - c[1] y) where E
/// counts the coefficients' own errors in units. The result is at least one unit above 1, or below if alternating: a y
/// too small to show still says which side of 1 the sum is on.
template <std::size_t Terms>
[[nodiscard]] DYAD_HD constexpr unpacked_wide series(const std::array<uint128_t, Terms>& c, uint128_t y,
                                                     series_signs signs) noexcept {
    uint128_t sum = c[Terms - 1];
    for (std::size_t k = Terms - 1; k > 0; --k) {
        const uint128_t rest = multiply_full(sum, y).high;
        sum = signs == series_signs::same ? c[k - 1] + rest : c[k - 1] - rest;
    }
    return unpacked_wide::finite(false, signs == series_signs::same ? sum + 1 : sum - 1, -127);
}

/// Do the function's digits stand for themselves? Else the operand is a zero, an infinity or a NaN.
[[nodiscard]] DYAD_HD constexpr bool is_finite_nonzero(const unpacked_wide& x) noexcept {
    return x.kind == number_class::finite;
}

}  // namespace dyad::inline v1
