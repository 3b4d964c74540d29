// SPDX-License-Identifier: Apache-2.0
// exp, exp2, expm1, sinh, cosh, tanh and the logistic function to 124 binary digits, in integers only:
// e^x = 2^n (1 + expm1(r)) with x = n ln 2 + r, |r| < 0.35, and expm1(r) = r (1 + r/2 + r^2/6 + ...).
// Source: the reduction and the series are classical (Muller, "Elementary functions", chapters 3 and 11).
//
// Errors, relative, with u = 2^-123 for each operation of wide_real.hpp:
//   expm1_series   x + rest, |rest / x| < 0.3, rest off by less than 4 u: below 2.2 u
//   exp, exp2      r is off by less than 2^-126, expm1(r) / e^r below 0.42, one sum: below 2 u = 2^-122
//   expm1          n not 0: e^x / |e^x - 1| below 3.42, one sum: below 8 u = 2^-120
//   sinh, cosh     2 u coth(1/2) + u, or less for the series; 2 u + u: below 2^-120, 2^-121
//   tanh           8 u for E, then a sum and a ratio: below 2^-119
//   logistic       2 u for e^x, then a sum and a ratio: below 4 u = 2^-121
// wide_exponentials_test measures them. A result that is not exact never shows as a number of fewer digits, and is on
// the right side of 0, 1/2 and 1 however close to them it is.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// Exponent of what stands for all results beyond 2^(2^18) and below its inverse: no format reaches that far.
inline constexpr int beyond_exponent = 1 << 18;

[[nodiscard]] DYAD_HD constexpr unpacked_wide beyond_all(bool tiny) noexcept {
    return unpacked_wide::finite(false, 1, tiny ? -beyond_exponent : beyond_exponent);
}

/// e^x - 1 = x + x^2/2 (1 + x/3 + ...) for |x| <= 1/2. The sum is what rounds: it is on the right side of x, and of
/// x + x^2/2, however small x is.
[[nodiscard]] DYAD_HD constexpr unpacked_wide expm1_series(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::zero) return x;
    const auto signs = x.negative ? series_signs::alternating : series_signs::same;
    const unpacked_wide rest = wide_product(wide_product(x, x), series(expm1_coefficients, fraction_q128(x), signs));
    return wide_sum(trimmed(x), scaled_by_power(rest, -1));
}

/// x = n ln 2 + r with |r| < 0.35.
struct exp_reduction {
    int n = 0;
    unpacked_wide r;
};

/// For finite |x| < 2^16. r is exact where n = 0.
[[nodiscard]] DYAD_HD constexpr exp_reduction reduce_exp(const unpacked_wide& x) noexcept {
    // 1. n = |x| log2 e to the nearest, give or take what 40 fraction bits miss.
    const int up = x.exponent + 40;
    const uint128_t q40 = up >= 0 ? x.significand << up : shift_right(x.significand, -up);  // below 2^56
    const auto n = static_cast<int>((q40 * log2_e_q63 + (uint128_t{1} << 102)) >> 103);
    if (n == 0) return {0, x};
    // 2. |x| - n ln 2 is small, so it is enough to know it modulo 1: two's complement with 128 fraction bits.
    const auto whole = static_cast<uint128_t>(static_cast<std::uint64_t>(n));
    const uint128_t r = fraction_q128(x) - (whole * ln2_q128 + ((whole * ln2_next) >> 64));
    const bool below = (r >> 127) != 0;
    return {x.negative ? -n : n, unpacked_wide::finite(x.negative != below, below ? uint128_t{0} - r : r, -128)};
}

/// e^x, x finite of up to 128 digits.
[[nodiscard]] DYAD_HD constexpr unpacked_wide exp_finite(const unpacked_wide& x) noexcept {
    if (x.top_exponent() >= 16) return beyond_all(x.negative);
    const exp_reduction reduced = reduce_exp(x);
    return scaled_by_power(wide_sum(wide_one, expm1_series(reduced.r)), reduced.n);
}

/// e^x - 1, x finite.
[[nodiscard]] DYAD_HD constexpr unpacked_wide expm1_finite(const unpacked_wide& x) noexcept {
    if (x.top_exponent() >= 16) return wide_sum(beyond_all(x.negative), negated(wide_one));
    const exp_reduction reduced = reduce_exp(x);
    const unpacked_wide small = expm1_series(reduced.r);
    if (reduced.n == 0) return small;
    return wide_sum(scaled_by_power(wide_sum(wide_one, small), reduced.n), negated(wide_one));
}

/// 2^x, x finite; exact for integers.
[[nodiscard]] DYAD_HD constexpr unpacked_wide exp2_finite(const unpacked_wide& x) noexcept {
    if (x.top_exponent() >= 18) return beyond_all(x.negative);
    const auto magnitude = static_cast<int>(
        x.exponent >= 0 ? x.significand << x.exponent
                        : round_shift_right(x.significand, -x.exponent, false, rounding::nearest_even));
    const auto whole = unpacked_wide::finite(x.negative, static_cast<uint128_t>(static_cast<unsigned>(magnitude)), 0);
    const unpacked_wide rest = wide_product(wide_sum(x, negated(whole)), wide_ln2);
    return scaled_by_power(wide_sum(wide_one, expm1_series(rest)), x.negative ? -magnitude : magnitude);
}

/// x^3 / 3.
[[nodiscard]] DYAD_HD constexpr unpacked_wide third_of_cube(const unpacked_wide& x) noexcept {
    return wide_product(wide_product(x, wide_product(x, x)), scaled_by_power(wide_sixth, 1));
}

/// sinh x = x + x^3/6 (1 + x^2/20 + ...) for |x| <= 1/2, or sin x = x - x^3/6 (1 - x^2/20 + ...) for |x| <= pi / 4 if
/// the signs alternate; on the right side of x, however small it is.
[[nodiscard]] DYAD_HD constexpr unpacked_wide sinh_series(const unpacked_wide& x, series_signs signs) noexcept {
    const unpacked_wide square = wide_product(x, x);
    const unpacked_wide sixth = scaled_by_power(third_of_cube(x), -1);
    const unpacked_wide rest = wide_product(sixth, series(sinh_coefficients, fraction_q128(square), signs));
    return wide_sum(x, signs == series_signs::same ? rest : negated(rest));
}

/// The functions of any operand: a NaN comes back quiet, and the limit at an infinity.
[[nodiscard]] DYAD_HD constexpr unpacked_wide exp_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return wide_one;
    if (x.kind == number_class::infinity) return x.negative ? unpacked_wide::zero(false) : x;
    return exp_finite(x);
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide exp2_wide(const unpacked_wide& x) noexcept {
    return is_finite_nonzero(x) ? exp2_finite(x) : exp_wide(x);
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide expm1_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    if (x.kind == number_class::infinity) return x.negative ? negated(wide_one) : x;
    return expm1_finite(x);
}

/// (e^x - e^-x) / 2.
[[nodiscard]] DYAD_HD constexpr unpacked_wide sinh_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (!is_finite_nonzero(x)) return x;
    if (x.top_exponent() < -1) return sinh_series(x, series_signs::same);
    return scaled_by_power(wide_sum(exp_finite(x), negated(exp_finite(negated(x)))), -1);
}

/// (e^x + e^-x) / 2; near 0 as 1 + 2 sinh(x / 2)^2.
[[nodiscard]] DYAD_HD constexpr unpacked_wide cosh_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return wide_one;
    if (x.kind == number_class::infinity) return unpacked_wide::infinity(false);
    if (x.top_exponent() < 0) {
        const unpacked_wide half = sinh_series(scaled_by_power(x, -1), series_signs::same);
        return wide_sum(wide_one, scaled_by_power(wide_product(half, half), 1));
    }
    return scaled_by_power(wide_sum(exp_finite(x), exp_finite(negated(x))), -1);
}

/// tanh x = E / (E + 2) with E = e^2x - 1; for |x| >= 1 as 1 - 2 / (e^2x + 1), which stays below 1; below 2^-32 as
/// x - x^3/3, on the right side of x.
[[nodiscard]] DYAD_HD constexpr unpacked_wide tanh_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    unpacked_wide one = wide_one;
    one.negative = x.negative;
    if (x.kind == number_class::infinity) return one;
    if (x.top_exponent() < -32) return wide_sum(x, negated(third_of_cube(x)));
    const unpacked_wide two = scaled_by_power(wide_one, 1);
    unpacked_wide twice = scaled_by_power(x, 1);
    twice.negative = false;
    unpacked_wide result;
    if (x.top_exponent() < 0) {
        const unpacked_wide e = expm1_finite(twice);
        result = wide_ratio(e, wide_sum(e, two));
    } else {
        result = wide_sum(wide_one, negated(wide_ratio(two, wide_sum(exp_finite(twice), wide_one))));
    }
    result.negative = x.negative;
    return result;
}

/// 1 / (1 + e^-x), the logistic function; for x > 0 as 1 - 1 / (1 + e^x), which stays below 1; below 2^-40 as
/// 1/2 + (x/4 - x^3/48), where 1/2 + x/4 may well be a boundary of rounding.
[[nodiscard]] DYAD_HD constexpr unpacked_wide sigmoid_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    const unpacked_wide half = scaled_by_power(wide_one, -1);
    if (x.kind == number_class::zero) return half;
    if (x.kind == number_class::infinity) return x.negative ? unpacked_wide::zero(false) : wide_one;
    if (x.top_exponent() < -40) {
        const unpacked_wide rest = scaled_by_power(third_of_cube(x), -4);
        return wide_sum(half, wide_sum(scaled_by_power(x, -2), negated(rest)));
    }
    unpacked_wide magnitude = x;
    magnitude.negative = false;
    const unpacked_wide small = wide_ratio(wide_one, wide_sum(wide_one, exp_finite(magnitude)));
    return x.negative ? small : wide_sum(wide_one, negated(small));
}

}  // namespace dyad::inline v1
