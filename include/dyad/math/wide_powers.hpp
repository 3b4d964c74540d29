// SPDX-License-Identifier: Apache-2.0
// rsqrt and pow to 124 and 103 binary digits, in integers only: Newton's y + y (1 - m y^2) / 2 from an integer square
// root; x^y = 2^(y log2 x), and exactly where it is a number of few digits.
// Sources: the iteration is classical (Muller, "Elementary functions", chapter 11); pow's special values are those of
// IEEE 754-2019, section 9.2.1.
//
// Error of rsqrt: the start is off by less than 2^-29, e becomes 3/2 e^2 + 2 u with u = 2^-123 (wide_real.hpp): below
// 2^-121 after three steps. |m b^2 - 1| is at least 2^-(p + 2q) for an m of p digits and a b of q, so no boundary b of
// rounding is closer than 2^-119 up to p = q = 39. Of pow: |y log2 x| 2^-119, so below 2^-103 for results in 2^+-65536,
// and 2^-109 in 2^+-1024. wide_powers_test measures both.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// 1 / sqrt(x), x > 0 finite of at most wide_digits digits; exact for even powers of two.
[[nodiscard]] DYAD_HD constexpr unpacked_wide rsqrt_finite(const unpacked_wide& x) noexcept {
    const auto [odd, power] = split_odd(x);
    if (odd == 1 && power % 2 == 0) return unpacked_wide::finite(false, 1, -power / 2);
    // 1. x = m 4^k with 1 <= m < 4, and the digits of m with 62 fraction bits.
    const int top = x.top_exponent();
    const int k = (top - (top & 1)) / 2;
    const unpacked_wide m = scaled_by_power(x, -2 * k);
    const uint128_t digits = x.significand << (128 - bit_width(x.significand));
    const auto m_q62 = static_cast<std::uint64_t>(digits >> ((top & 1) != 0 ? 64 : 65));
    // 2. 2^63 / (2^31 sqrt m), then three steps.
    unpacked_wide y = unpacked_wide::finite(false, (std::uint64_t{1} << 63) / integer_sqrt(m_q62), -32);
    for (int step = 0; step < 3; ++step) {
        const unpacked_wide rest = wide_sum(wide_one, negated(wide_product(m, wide_product(y, y))));
        y = wide_sum(y, scaled_by_power(wide_product(y, rest), -1));
    }
    return scaled_by_power(y, -k);
}

/// Of any operand: a NaN comes back quiet, a negative number is invalid, a zero gives the infinity of its sign.
[[nodiscard]] DYAD_HD constexpr unpacked_wide rsqrt_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return unpacked_wide::infinity(x.negative);
    if (x.negative) return invalid<uint128_t>();
    return x.kind == number_class::infinity ? unpacked_wide::zero(false) : rsqrt_finite(x);
}

/// A number as an exponent: is it an integer, and an odd one? Infinities are even.
enum class parity : std::uint8_t { even, odd, fractional };
[[nodiscard]] DYAD_HD constexpr parity parity_of(const unpacked_wide& y) noexcept {
    if (y.kind != number_class::finite) return parity::even;
    const int power = split_odd(y).power;
    return power > 0 ? parity::even : power == 0 ? parity::odd : parity::fractional;
}

/// x^y for finite x > 0 and finite y, both of at most 64 digits, where it is exact in at most wide_digits digits; zero
/// elsewhere. With x = m 2^k and y = n 2^j, m and n odd: m^n has no inverse in binary digits unless m = 1, which exp2
/// takes care of, and a root of x of order 2^-j must be exact.
[[nodiscard]] DYAD_HD constexpr unpacked_wide exact_power(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    auto [m, k] = split_odd(x);
    auto [n, j] = split_odd(y);
    if (y.negative || y.top_exponent() >= 7) return unpacked_wide::zero(false);
    for (; j < 0; ++j, k /= 2) {
        const auto digits = static_cast<std::uint64_t>(m);
        const std::uint64_t root = integer_sqrt(digits);
        if (k % 2 != 0 || root * root != digits) return unpacked_wide::zero(false);
        m = root;
    }
    if (n > 124) return unpacked_wide::zero(false);
    const int times = static_cast<int>(n << j);
    if (times * bit_width(m) > wide_digits) return unpacked_wide::zero(false);
    uint128_t power = 1;
    for (int i = 0; i < times; ++i) power *= m;
    return unpacked_wide::finite(false, power, k * times);
}

/// x^y for finite x > 0 and finite y, both of at most 64 digits.
[[nodiscard]] DYAD_HD constexpr unpacked_wide pow_finite(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    const unpacked_wide exact = exact_power(x, y);
    if (exact.kind == number_class::finite) return exact;
    const unpacked_wide exponent = wide_product(y, log2_wide(x));
    return exponent.kind == number_class::zero ? wide_one : exp2_finite(exponent);
}

/// x^y. 1 for y = 0 and for x = 1, whatever the other, NaN included; invalid for x < 0 unless y is an integer.
[[nodiscard]] DYAD_HD constexpr unpacked_wide pow_wide(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    // 1. What is 1 at any price, NaN, and what has no power.
    if (y.kind == number_class::zero || compare(x, wide_one) == 0) return wide_one;
    if (x.kind == number_class::nan) return quieted(x);
    if (y.kind == number_class::nan) return quieted(y);
    const parity kind = parity_of(y);
    if (x.kind == number_class::finite && x.negative && kind == parity::fractional) return invalid<uint128_t>();
    // 2. Zero and infinity as a base, then as an exponent.
    const bool negative = x.negative && kind == parity::odd;
    if (x.kind != number_class::finite) {
        const bool to_zero = (x.kind == number_class::zero) != y.negative;
        return to_zero ? unpacked_wide::zero(negative) : unpacked_wide::infinity(negative);
    }
    unpacked_wide base = x;
    base.negative = false;
    if (y.kind == number_class::infinity) {
        const auto order = compare(base, wide_one);
        if (order == 0) return wide_one;
        return (order > 0) != y.negative ? unpacked_wide::infinity(false) : unpacked_wide::zero(false);
    }
    unpacked_wide result = pow_finite(base, y);
    result.negative = negative;
    return result;
}

}  // namespace dyad::inline v1
