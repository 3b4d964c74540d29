// SPDX-License-Identifier: Apache-2.0
// Residual sums of recipes: two tensors with scales of their own, added at the scale of a third
// (array/residual_sum.hpp, array/real_residual_sum.hpp), with what a layer needs beside: affine scales and archives.
#pragma once

#include <cstdint>

#include <dyad/array/real_residual_sum.hpp>
#include <dyad/array/residual_sum.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// narrow<T>(x * x_factor + y * y_factor): a residual sum.
template <number T>
struct real_sum {
    float x_factor = 1;
    float y_factor = 1;

    /// Without zero points: status::scale_unsupported.
    status set(const affine& x, const affine& y, const affine& out) noexcept {
        if (!is_positive_finite(x.scale / out.scale) || !is_positive_finite(y.scale / out.scale)) {
            return status::scale_not_positive;
        }
        if (x.zero_point != 0 || y.zero_point != 0 || out.zero_point != 0) return status::scale_unsupported;
        x_factor = static_cast<float>(x.scale / out.scale);
        y_factor = static_cast<float>(y.scale / out.scale);
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept { return real_residual_sum<T>{x_factor, y_factor}(x, y); }
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> out, row_options options) const noexcept {
        return real_residual_sum<T>{x_factor, y_factor}.run(x, y, out, options);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.scalar(x_factor);
        return s == status::ok ? v.scalar(y_factor) : s;
    }
};

/// Both branches of a residual to the sum's scale, each rounded, then added and clamped (HAWQ-V3, ICML 2021).
template <format T>
struct dyadic_sum {
    static_assert(residual_code<T>, "dyad::nn::dyadic_sum adds fixed-point streams of at most 16 bits.");

    multiplier x_factor = {0, 0};
    multiplier y_factor = {0, 0};

    std::int32_t x_zero = 0;
    std::int32_t y_zero = 0;
    std::int32_t zero = 0;

    status set(const affine& x, const affine& y, const affine& out) noexcept {
        if (!is_positive_finite(x.scale / out.scale) || !is_positive_finite(y.scale / out.scale)) {
            return status::scale_not_positive;
        }
        for (const std::int32_t z : {x.zero_point, y.zero_point, out.zero_point}) {
            if (z < T::min_raw || z > T::max_raw) return status::scale_unsupported;
        }
        x_factor = multiplier::from_ratio(x.scale, out.scale);
        y_factor = multiplier::from_ratio(y.scale, out.scale);
        x_zero = x.zero_point;
        y_zero = y.zero_point;
        zero = out.zero_point;
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept { return plan()(x, y); }
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> out, row_options options) const noexcept {
        return plan().run(x, y, out, options);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.scalar(x_factor); s != status::ok) return s;
        if (const status s = v.scalar(y_factor); s != status::ok) return s;
        if (const status s = v.scalar(x_zero); s != status::ok) return s;
        if (const status s = v.scalar(y_zero); s != status::ok) return s;
        if (const status s = v.scalar(zero); s != status::ok) return s;
        const auto is_code = [](std::int32_t x) { return x >= T::min_raw && x <= T::max_raw; };
        const bool usable = x_factor.significand >= 0 && y_factor.significand >= 0 && is_code(x_zero) &&
                            is_code(y_zero) && is_code(zero);
        return usable ? status::ok : status::parameter_out_of_range;
    }

private:
    [[nodiscard]] dyadic_residual_sum<T> plan() const noexcept {
        return {.x_factor = x_factor,
                .y_factor = y_factor,
                .x_zero_point = x_zero,
                .y_zero_point = y_zero,
                .zero_point = zero};
    }
};

}  // namespace dyad::inline v1::nn
