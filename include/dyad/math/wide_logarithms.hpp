// SPDX-License-Identifier: Apache-2.0
// log, log2, log10 and log1p to 124 binary digits, in integers only:
// log(2^k m) = k ln 2 + 2 atanh((m - 1) / (m + 1)) with sqrt(1/2) < m <= sqrt 2, so |z| < 0.1716 in atanh z =
// z (1 + z^2/3 + z^4/5 + ...), and k = 0 near 1: no cancellation where the logarithm is small.
// Source: the reduction and the series are classical (Muller, "Elementary functions", chapter 11).
//
// Errors, relative, with u = 2^-123 for each operation of wide_real.hpp: z u, z^2 3 u of little weight, series below
// 2^-124, product u: log m below 2.6 u. Where k is not 0, |log x| > |log m|, so the sum gives less than 4.7 u; one more
// product makes log2 and log10, whose bound is 2^-120. wide_logarithms_test measures them.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// 2 atanh(x / y) = log((y + x) / (y - x)) for |x / y| < 0.1716 and operands of at most 126 digits.
[[nodiscard]] DYAD_HD constexpr unpacked_wide twice_atanh(const unpacked_wide& x, const unpacked_wide& y) noexcept {
    const unpacked_wide z = wide_ratio(x, y);
    if (z.kind == number_class::zero) return z;
    const uint128_t square = fraction_q128(wide_product(z, z));
    return scaled_by_power(wide_product(z, series(odd_reciprocals<25>, square, series_signs::same)), 1);
}

/// log x, x > 0 finite of at most wide_digits digits; +0 for 1.
[[nodiscard]] DYAD_HD constexpr unpacked_wide log_finite(const unpacked_wide& x) noexcept {
    // x = 2^k m; the digits of m stand at the top of a word whose lowest four bits are zero.
    const uint128_t digits = x.significand << (128 - bit_width(x.significand));
    constexpr uint128_t one = uint128_t{1} << 127;
    int k = x.top_exponent();
    unpacked_wide log_m;
    if (digits > sqrt2_q127) {
        ++k;
        log_m = twice_atanh(unpacked_wide::finite(true, uint128_t{0} - digits, -128),
                            unpacked_wide::finite(false, (digits >> 1) + one, -127));
    } else {
        log_m = twice_atanh(unpacked_wide::finite(false, digits - one, -127),
                            unpacked_wide::finite(false, (digits >> 1) + (one >> 1), -126));
    }
    if (k == 0) return log_m;
    const auto magnitude = static_cast<uint128_t>(static_cast<unsigned>(k < 0 ? -k : k));
    return wide_sum(log_m, wide_product(unpacked_wide::finite(k < 0, magnitude, 0), wide_ln2));
}

/// The integer n with value = odd * 2^n, and the odd part.
struct odd_parts {
    uint128_t odd = 0;
    int power = 0;
};
[[nodiscard]] DYAD_HD constexpr odd_parts split_odd(const unpacked_wide& x) noexcept {
    const int zeros = trailing_zeros(x.significand);
    return {x.significand >> zeros, x.exponent + zeros};
}

/// The functions of any operand: a NaN comes back quiet, a negative number is invalid, log 0 is -infinity.
[[nodiscard]] DYAD_HD constexpr unpacked_wide log_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return unpacked_wide::infinity(true);
    if (x.negative) return invalid<uint128_t>();
    return x.kind == number_class::infinity ? x : log_finite(x);
}

/// Exact for powers of two.
[[nodiscard]] DYAD_HD constexpr unpacked_wide log2_wide(const unpacked_wide& x) noexcept {
    if (!is_finite_nonzero(x) || x.negative) return log_wide(x);
    const auto [odd, power] = split_odd(x);
    if (odd != 1) return wide_product(log_finite(x), wide_log2_e);
    return unpacked_wide::finite(power < 0, static_cast<uint128_t>(static_cast<unsigned>(power < 0 ? -power : power)),
                                 0);
}

/// Exact for powers of ten: 5^n 2^n.
[[nodiscard]] DYAD_HD constexpr unpacked_wide log10_wide(const unpacked_wide& x) noexcept {
    if (!is_finite_nonzero(x) || x.negative) return log_wide(x);
    const auto [odd, power] = split_odd(x);
    uint128_t five_to_n = 1;
    unsigned n = 0;
    for (; five_to_n < odd; ++n) five_to_n *= 5;  // odd has at most 124 digits
    if (five_to_n == odd && power == static_cast<int>(n)) return unpacked_wide::finite(false, n, 0);
    return wide_product(log_finite(x), wide_log10_e);
}

/// log(1 + x); for |x| < 2^-16 as x - x^2/2 (1 - 2x/3 + ...), on the right side of x and of x - x^2/2; for |x| < 1/4 as
/// 2 atanh(x / (2 + x)).
[[nodiscard]] DYAD_HD constexpr unpacked_wide log1p_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    if (x.kind == number_class::infinity) return x.negative ? invalid<uint128_t>() : x;
    if (x.top_exponent() < -16) {
        const auto signs = x.negative ? series_signs::same : series_signs::alternating;
        const unpacked_wide half = scaled_by_power(wide_product(x, x), -1);
        return wide_sum(x, negated(wide_product(half, series(log1p_coefficients, fraction_q128(x), signs))));
    }
    if (x.top_exponent() < -2) return twice_atanh(x, wide_sum(scaled_by_power(wide_one, 1), x));
    return log_wide(wide_sum(wide_one, x));
}

}  // namespace dyad::inline v1
