// SPDX-License-Identifier: Apache-2.0
// Activation functions of floats, element by element: the same bits on every instruction set, in every floating-point
// environment and with every compiler flag.
//
// | function    | value                                     | within | -infinity | +infinity |
// | gelu        | x Phi(x), Phi the normal distribution     | 5.5    | -0        | +infinity |
// | gelu_tanh   | x / (1 + e^-w), see below                 | 3.6    | -0        | +infinity |
// | silu        | x / (1 + e^-x)                            | 3.5    | -0        | +infinity |
// | sigmoid     | 1 / (1 + e^-x)                            | 2.5    | +0        | 1         |
// | tanh        | (1 - e^-2x) / (1 + e^-2x)                 | 2.6    | -1        | 1         |
// | softplus    | ln(1 + e^x)                               | 2.1    | +0        | +infinity |
// with w = 2 sqrt(2 / pi) (x + 0.044715 x^3). "Within": ulps of the float next to the value, subnormal ones as well,
// for all floats (float_activations_slow_test). NaN stays, made quiet; a zero keeps its sign where the function is 0
// there.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_activations.hpp>

namespace dyad::inline v1 {

enum class float_activation : std::uint8_t { gelu, gelu_tanh, silu, sigmoid, tanh, softplus };

[[nodiscard]] constexpr const char* to_string(float_activation f) noexcept {
    switch (f) {
        case float_activation::gelu: return "gelu";
        case float_activation::gelu_tanh: return "gelu_tanh";
        case float_activation::silu: return "silu";
        case float_activation::sigmoid: return "sigmoid";
        case float_activation::tanh: return "tanh";
        case float_activation::softplus: return "softplus";
    }
    return "unknown activation";
}

/// n floats laid end to end; dst may be src, else apart.
inline void activate_floats(float_activation f, instruction_set isa, const float* src, float* dst,
                            std::size_t n) noexcept {
    switch (f) {
        case float_activation::gelu: return activate_floats<scalar::gelu_lane>(isa, src, dst, n);
        case float_activation::gelu_tanh: return activate_floats<scalar::gelu_tanh_lane>(isa, src, dst, n);
        case float_activation::silu: return activate_floats<scalar::silu_lane>(isa, src, dst, n);
        case float_activation::sigmoid: return activate_floats<scalar::sigmoid_lane>(isa, src, dst, n);
        case float_activation::tanh: return activate_floats<scalar::tanh_lane>(isa, src, dst, n);
        case float_activation::softplus: return activate_floats<scalar::softplus_lane>(isa, src, dst, n);
    }
}

/// dst(i) = f(src(i)); dst may be src, with the same strides, and is apart otherwise.
inline status activate(float_activation f, matrix_view<const float> src, matrix_view<float> dst,
                       row_options options = {}) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    const instruction_set isa = options.chosen();
    const index rows = src.extent[0];
    const index columns = src.extent[1];
    const auto runs_on = [&](auto m) { return columns == 1 || m.stride[1] == 1; };
    const auto is_one_run = [&](auto m) { return runs_on(m) && (rows == 1 || m.stride[0] == columns); };
    if (is_one_run(src) && is_one_run(dst)) {
        activate_floats(f, isa, src.data, dst.data, static_cast<std::size_t>(rows * columns));
        return status::ok;
    }
    for (index i = 0; i < rows; ++i) {
        const auto from = row(src, i);
        const auto to = row(dst, i);
        if (runs_on(src) && runs_on(dst)) {
            activate_floats(f, isa, from.data, to.data, static_cast<std::size_t>(columns));
            continue;
        }
        constexpr index piece = 256;
        float room[piece];
        for (index first = 0; first < columns; first += piece) {
            const index here = columns - first < piece ? columns - first : piece;
            for (index j = 0; j < here; ++j) room[j] = from(first + j);
            activate_floats(f, isa, room, room, static_cast<std::size_t>(here));
            for (index j = 0; j < here; ++j) to(first + j) = room[j];
        }
    }
    return status::ok;
}
inline status activate(float_activation f, vector_view<const float> src, vector_view<float> dst,
                       row_options options = {}) noexcept {
    return activate(f, matrix_view<const float>{src.data, {1, src.extent[0]}, {0, src.stride[0]}},
                    matrix_view<float>{dst.data, {1, dst.extent[0]}, {0, dst.stride[0]}}, options);
}

}  // namespace dyad::inline v1
