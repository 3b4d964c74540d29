// SPDX-License-Identifier: Apache-2.0
// f(x) * b for a function of scalar_function.hpp, an exact x of at most 64 digits and a factor b of at most 32, as a
// number rounded to odd: the plain way to the integer functions, whose one rounding follows.
//
// reciprocal, sqrt and rsqrt are decided exactly, ties included: b / x; sqrt(x b^2); and sqrt(b^2 / x), where
// b^2 / x to odd has 126 digits, more than the square of any boundary of a result of 32 bits. exp2 of integers, log2 of
// powers of two and all values at x = 0 are exact too. Everywhere else f(x) is irrational, so there is no tie, and it
// is known to 104 digits at least (wide_activations.hpp and what it includes).
#pragma once

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/scalar_function.hpp>
#include <dyad/math/wide_activations.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// y * b for a factor b that is not zero; an infinity takes b's sign.
[[nodiscard]] DYAD_HD constexpr unpacked_wide times_factor(const unpacked_wide& y, const unpacked_wide& b) noexcept {
    if (y.kind == number_class::infinity) return unpacked_wide::infinity(y.negative != b.negative);
    return wide_product(y, b);
}

/// sqrt(square) with the sign of b.
[[nodiscard]] DYAD_HD constexpr unpacked_wide signed_root(const unpacked_wide& square,
                                                          const unpacked_wide& b) noexcept {
    unpacked_wide root = square_root(square);
    root.negative = b.negative;
    return root;
}

/// f(x) * b, to odd, for an x that is finite or zero and a b that is finite; infinite at a pole, whose sign at 0 is
/// that of an x > 0, and where f has no value.
[[nodiscard]] DYAD_HD constexpr unpacked_wide scaled_function(scalar_function f, const unpacked_wide& x,
                                                              const unpacked_wide& b) noexcept {
    const bool positive = x.kind == number_class::finite && !x.negative;
    const auto pole = [&b](bool negative) { return unpacked_wide::infinity(negative != b.negative); };
    switch (f) {
        case scalar_function::exp_nonpositive: return times_factor(positive ? wide_one : exp_wide(x), b);
        case scalar_function::exp2: return times_factor(exp2_wide(x), b);
        case scalar_function::log2: return positive ? times_factor(log2_wide(x), b) : pole(true);
        case scalar_function::reciprocal: return x.kind == number_class::zero ? pole(false) : quotient(b, x);
        case scalar_function::sqrt:
            return positive ? signed_root(exact_product(x, exact_product(b, b)), b) : unpacked_wide::zero(false);
        case scalar_function::rsqrt: return positive ? signed_root(quotient(exact_product(b, b), x), b) : pole(false);
        case scalar_function::erf: return times_factor(erf_wide(x), b);
        case scalar_function::gelu: return times_factor(gelu_wide(x), b);
        case scalar_function::gelu_tanh: return times_factor(gelu_tanh_wide(x), b);
        case scalar_function::sigmoid: return times_factor(sigmoid_wide(x), b);
        case scalar_function::tanh: return times_factor(tanh_wide(x), b);
        case scalar_function::silu: return times_factor(silu_wide(x), b);
        case scalar_function::softplus: return times_factor(softplus_wide(x), b);
    }
    return unpacked_wide::zero(false);
}

}  // namespace dyad::inline v1
