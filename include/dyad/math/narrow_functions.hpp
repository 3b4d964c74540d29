// SPDX-License-Identifier: Apache-2.0
// The functions of scalar_function.hpp of a number other than 0, to 64 binary digits with a bound of the error.
#pragma once

#include <dyad/math/narrow_error_functions.hpp>
#include <dyad/math/narrow_exponentials.hpp>
#include <dyad/math/narrow_logarithms.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/narrow_roots.hpp>
#include <dyad/math/scalar_function.hpp>

namespace dyad::inline v1 {

/// f(x), or f(-x) if `negative`; unknown where f has no value or a constant one, or is beyond 2^(2^21).
[[nodiscard]] DYAD_HD constexpr narrow_result narrow_function(scalar_function f, narrow_real x,
                                                              bool negative) noexcept {
    narrow_result odd = narrow_unknown;
    switch (f) {
        case scalar_function::exp_nonpositive: return negative ? exp_narrow(x, true) : narrow_unknown;
        case scalar_function::exp2: return exp2_narrow(x, negative);
        case scalar_function::log2: return negative ? narrow_unknown : log2_narrow(x);
        case scalar_function::reciprocal: return reciprocal_narrow(x, negative);
        case scalar_function::sqrt: return negative ? narrow_unknown : sqrt_narrow(x);
        case scalar_function::rsqrt: return negative ? narrow_unknown : rsqrt_narrow(x);
        case scalar_function::erf: odd = erf_narrow(x); break;
        case scalar_function::gelu: return gelu_narrow(x, negative);
        case scalar_function::gelu_tanh: return gelu_tanh_narrow(x, negative);
        case scalar_function::sigmoid: return sigmoid_narrow(x, negative);
        case scalar_function::tanh: odd = tanh_narrow(x); break;
        case scalar_function::silu: return silu_narrow(x, negative);
        case scalar_function::softplus: return softplus_narrow(x, negative);
    }
    odd.negative = negative;
    return odd;
}

}  // namespace dyad::inline v1
