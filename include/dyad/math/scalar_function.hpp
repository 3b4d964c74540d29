// SPDX-License-Identifier: Apache-2.0
// Names of the functions of one number that quantized networks use.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1 {

enum class scalar_function : std::uint8_t {
    exp_nonpositive,  ///< e^x for x <= 0; 1 above
    exp2,             ///< 2^x
    log2,             ///< the binary logarithm; -infinity for x <= 0
    reciprocal,       ///< 1 / x; infinity at 0
    sqrt,             ///< the square root; 0 below 0
    rsqrt,            ///< 1 / sqrt(x); infinity for x <= 0
    erf,              ///< 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x
    gelu,             ///< x Phi(x) = x erfc(-x / sqrt 2) / 2
    gelu_tanh,        ///< x / (1 + e^(-2u)) with u = sqrt(2 / pi) (x + 0.044715 x^3)
    sigmoid,          ///< 1 / (1 + e^-x)
    tanh,             ///< the hyperbolic tangent
    silu,             ///< x / (1 + e^-x)
    softplus          ///< log(1 + e^x)
};

[[nodiscard]] constexpr const char* to_string(scalar_function f) noexcept {
    switch (f) {
        case scalar_function::exp_nonpositive: return "exp_nonpositive";
        case scalar_function::exp2: return "exp2";
        case scalar_function::log2: return "log2";
        case scalar_function::reciprocal: return "reciprocal";
        case scalar_function::sqrt: return "sqrt";
        case scalar_function::rsqrt: return "rsqrt";
        case scalar_function::erf: return "erf";
        case scalar_function::gelu: return "gelu";
        case scalar_function::gelu_tanh: return "gelu_tanh";
        case scalar_function::sigmoid: return "sigmoid";
        case scalar_function::tanh: return "tanh";
        case scalar_function::silu: return "silu";
        case scalar_function::softplus: return "softplus";
    }
    return "unknown";
}

}  // namespace dyad::inline v1
