// SPDX-License-Identifier: Apache-2.0
// The activation functions of networks to at least 104 correct binary digits, in integers only:
//   gelu      x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2
//   gelu_tanh x s(2 sqrt(2 / pi) (x + 0.044715 x^3)), s the logistic function
//   silu      x s(x)
//   softplus  log(1 + e^x) = x + log(1 + e^-x)
// Sources: Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415; Elfwing et al., "Sigmoid-weighted
// linear units", arXiv 1702.03118; Dugas et al., "Incorporating second-order functional knowledge", NIPS 2000.
//
// Errors, relative, with u = 2^-123 for each operation of wide_real.hpp; operands have at most 64 digits:
//   gelu       x^2 / 2 is exact, so the bell is as good as erf's; x / sqrt 2 adds u to each step: below 2^-108
//   gelu_tanh  the argument v of s is off by 6 u |v|: below |v| 2^-120, 2^-104 where |v| < 2^16
//   silu       s and one product: below 5 u
//   softplus   x <= 0: e^x, then log1p, below 2^-119; x > 0: a sum of positive terms, below 2^-119
// Where x is so small or so large that a result lies next to x / 2, x or 0, it is on the right side of it.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

inline constexpr unpacked_wide wide_sqrt_half = unpacked_wide::finite(false, sqrt2_q127, -128);

/// The normal distribution function Phi(x), x finite or zero.
[[nodiscard]] DYAD_HD constexpr unpacked_wide normal_cdf_wide(const unpacked_wide& x) noexcept {
    const unpacked_wide half = scaled_by_power(wide_one, -1);
    if (x.kind == number_class::zero) return half;
    unpacked_wide y = wide_product(x, wide_sqrt_half);
    const unpacked_wide y_square = scaled_by_power(exact_product(x, x), -1);
    if (y_square.top_exponent() < 2) return wide_sum(half, scaled_by_power(erf_series(y, y_square), -1));
    y.negative = false;
    const unpacked_wide tail = scaled_by_power(erfc_fraction(y, y_square), -1);
    return x.negative ? tail : wide_sum(wide_one, negated(tail));
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide gelu_wide(const unpacked_wide& x) noexcept {
    return wide_product(x, normal_cdf_wide(x));
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide gelu_tanh_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::zero) return x;
    // 0.044715 as the fraction it is.
    const unpacked_wide cubic = wide_product(exact_product(x, x), unpacked_wide::finite(false, 44715, 0));
    const unpacked_wide factor = wide_sum(wide_one, wide_ratio(cubic, unpacked_wide::finite(false, 1'000'000, 0)));
    // 2 sqrt(2 / pi) = 4 sqrt(1/2) / sqrt(pi).
    const unpacked_wide slope = scaled_by_power(wide_product(wide_sqrt_half, wide_inverse_sqrt_pi), 2);
    return wide_product(x, sigmoid_wide(wide_product(wide_product(x, slope), factor)));
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide silu_wide(const unpacked_wide& x) noexcept {
    return wide_product(x, sigmoid_wide(x));
}

[[nodiscard]] DYAD_HD constexpr unpacked_wide softplus_wide(const unpacked_wide& x) noexcept {
    if (x.kind == number_class::zero) return wide_ln2;
    if (x.negative) return log1p_wide(exp_finite(x));
    return wide_sum(x, log1p_wide(exp_finite(negated(x))));
}

}  // namespace dyad::inline v1
