// SPDX-License-Identifier: Apache-2.0
// erf and erfc to at least 108 correct binary digits, in integers only.
// |x| < 2: erf x = 2 / sqrt(pi) x e^(-x^2) (1 + 2x^2/3 (1 + 2x^2/5 (1 + ...))), all terms positive;
// x >= 2:  erfc x = e^(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...)))), Laplace's fraction.
// Source: NIST Digital Library of Mathematical Functions, 7.6.2 and 7.9.1.
//
// Errors, relative, with u = 2^-123 for each operation of wide_real.hpp:
//   erf below 2      series: each step loses less than 4 units of 2^-120, weighted with the terms: 2^-118; below 2^-117
//   erfc below 2     1 - erf, at least 0.0046: below 2^-109
//   erfc from 2 on   neighbouring convergents enclose the value: 2^-120; fewer than 300 steps of 3 u each: below 2^-112
//   erf from 2 on    1 - erfc: below 2^-119
// wide_error_functions_test measures them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// erf x for finite |x| < 2; `square` is x^2 exactly, where x itself may be rounded.
[[nodiscard]] DYAD_HD constexpr unpacked_wide erf_series(const unpacked_wide& x, const unpacked_wide& square) noexcept {
    const uint128_t quarter = fraction_q128(scaled_by_power(square, -2));
    // 120 fraction bits: the sum stays below e^4 / 2 < 28, and what is multiplied by 16 below 9. The terms beyond the
    // last are below 2^-125 together.
    constexpr const auto& reciprocals = odd_reciprocals<57>;
    constexpr uint128_t one = uint128_t{1} << 120;
    uint128_t sum = one;
    for (std::size_t n = reciprocals.size() - 1; n > 0; --n) {
        const uint128_t term = multiply_full(sum, quarter).high;    // x^2 / 4
        sum = one + multiply_full(term << 4, reciprocals[n]).high;  // 8 / (2n + 1): the reciprocal counts half here
    }
    const unpacked_wide slope = scaled_by_power(wide_product(x, wide_inverse_sqrt_pi), 1);
    const unpacked_wide bell = exp_wide(negated(square));
    return wide_product(wide_product(slope, bell), unpacked_wide::finite(false, sum, -120));
}

/// erfc x for finite x >= 2; `square` is x^2 exactly, where x itself may be rounded.
[[nodiscard]] DYAD_HD constexpr unpacked_wide erfc_fraction(const unpacked_wide& x,
                                                            const unpacked_wide& square) noexcept {
    // Convergents a / b by b[k + 1] = x b[k] + (k / 2) b[k - 1], the same for a: all terms are positive. Neighbours
    // differ by prod (j / 2) / (b[k + 1] b[k]), and the value lies between them.
    unpacked_wide a_before = unpacked_wide::zero(false);
    unpacked_wide a = wide_one;
    unpacked_wide b_before = wide_one;
    unpacked_wide b = x;
    unpacked_wide product = wide_one;
    for (unsigned k = 1;; ++k) {
        const auto half_k = unpacked_wide::finite(false, k, -1);
        const unpacked_wide a_next = wide_sum(wide_product(x, a), wide_product(half_k, a_before));
        const unpacked_wide b_next = wide_sum(wide_product(x, b), wide_product(half_k, b_before));
        a_before = a;
        b_before = b;
        a = a_next;
        b = b_next;
        product = wide_product(product, half_k);
        if (product.top_exponent() + 1 - a.top_exponent() - b_before.top_exponent() < -120) break;
    }
    const unpacked_wide bell = exp_finite(negated(square));
    return wide_product(wide_product(bell, wide_inverse_sqrt_pi), wide_ratio(a, b));
}

/// The functions of any operand of at most 64 digits: a NaN comes back quiet, and the limit at an infinity.
[[nodiscard]] DYAD_HD constexpr unpacked_wide erf_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::nan) return quieted(x);
    if (x.kind == number_class::zero) return x;
    unpacked_wide one = wide_one;
    one.negative = x.negative;
    if (x.kind == number_class::infinity) return one;
    if (x.top_exponent() < 1) return erf_series(x, exact_product(x, x));
    unpacked_wide magnitude = x;
    magnitude.negative = false;
    unpacked_wide rest = erfc_fraction(magnitude, exact_product(x, x));
    rest.negative = !x.negative;
    return wide_sum(one, rest);
}

/// 1 - erf x.
[[nodiscard]] DYAD_HD constexpr unpacked_wide erfc_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::finite && !x.negative && x.top_exponent() >= 1)
        return erfc_fraction(x, exact_product(x, x));
    if (x.kind == number_class::infinity && !x.negative) return unpacked_wide::zero(false);
    if (x.kind == number_class::finite && x.negative && x.top_exponent() >= 1) {
        return wide_sum(scaled_by_power(wide_one, 1), negated(erfc_fraction(negated(x), exact_product(x, x))));
    }
    const unpacked_wide erf = erf_wide(x);
    if (erf.kind == number_class::nan) return erf;
    return wide_sum(wide_one, negated(erf));
}

}  // namespace dyad::inline v1
