// SPDX-License-Identifier: Apache-2.0
// The float activations against double: the machine's exp, tanh, erfc, log1p, each within a few 1e-16 (and within 1e-14
// of the result where its argument is rounded), a thousandth of what is measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <dyad/array/float_activations.hpp>

namespace dyad_test {

inline constexpr dyad::float_activation all_activations[]{
    dyad::float_activation::gelu,    dyad::float_activation::gelu_tanh, dyad::float_activation::silu,
    dyad::float_activation::sigmoid, dyad::float_activation::tanh,      dyad::float_activation::softplus};

/// What array/float_activations.hpp promises, in ulps.
[[nodiscard]] inline double activation_bound(dyad::float_activation f) {
    switch (f) {
        case dyad::float_activation::gelu: return 4.6;
        case dyad::float_activation::gelu_tanh: return 3.1;
        case dyad::float_activation::silu: return 3.0;
        case dyad::float_activation::sigmoid: return 2.3;
        case dyad::float_activation::tanh: return 2.6;
        case dyad::float_activation::softplus: return 2.1;
    }
    return 0;
}

[[nodiscard]] inline double exact_sigmoid(double x) {
    return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
/// x is a float, not NaN.
[[nodiscard]] inline double exact_activation(dyad::float_activation f, double x) {
    // (far below zero nothing is left, and infinity times 0 is avoided)
    const double low = std::max(x, -300.0);
    switch (f) {
        case dyad::float_activation::gelu: return std::max(x, -30.0) / 2 * std::erfc(-x / std::sqrt(2.0));
        case dyad::float_activation::gelu_tanh: {
            const double v = std::max(x, -20.0);
            return v * exact_sigmoid(1.5957691216057307117 * (v + 0.044715 * v * v * v));
        }
        case dyad::float_activation::silu: return low * exact_sigmoid(x);
        case dyad::float_activation::sigmoid: return exact_sigmoid(x);
        case dyad::float_activation::tanh: return std::tanh(x);
        case dyad::float_activation::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    }
    return 0;
}

/// |y - exact| in units of the last place of a float of exact's size; infinite where one is infinite and the other not.
[[nodiscard]] inline double ulps_off(float y, double exact) {
    const auto nearest = static_cast<float>(exact);
    if (std::isinf(y) || std::isinf(nearest)) return y == nearest ? 0 : std::numeric_limits<double>::infinity();
    int exponent = 0;
    std::frexp(exact, &exponent);  // 0.5 <= |m| < 1
    const double off = std::ldexp(std::abs(static_cast<double>(y) - exact), std::min(149, 24 - exponent));
    return std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
}

}  // namespace dyad_test
