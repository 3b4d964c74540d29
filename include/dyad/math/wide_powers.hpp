// SPDX-License-Identifier: Apache-2.0
// rsqrt to 124 binary digits, in integers only: Newton's y + y (1 - m y^2) / 2 from an integer square root.
// Source: the iteration is classical (Muller, "Elementary functions", chapter 11).
//
// Error: the start is off by less than 2^-29, e becomes 3/2 e^2 + 2 u with u = 2^-123 (wide_real.hpp): below 2^-121
// after three steps. |m b^2 - 1| is at least 2^-(p + 2q) for an m of p digits and a b of q, so no boundary b of
// rounding is closer than 2^-119 up to p = q = 39. wide_powers_test measures the error.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/integer_sqrt.hpp>
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

}  // namespace dyad::inline v1
