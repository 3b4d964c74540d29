// SPDX-License-Identifier: Apache-2.0
// Sums of two tensors with real factors, of any number type: the residual connections where scales are floats.
//   out = narrow<T>(fma(x, x_factor, y * y_factor)), in double; for floats the product is exact
// Error for floats: one rounding to double and one to float, so at most (1/2 + 2^-29) ulp.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/sum_operands.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/real_sum.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Both operands times their factors, added, rounded to T. NaN has one pattern: the positive quiet one without payload;
/// formats without NaN have 0 for it. Trivially copyable.
template <number T>
struct real_residual_sum {
    float x_factor = 1;
    float y_factor = 1;

    /// The factors x_scale / out_scale and y_scale / out_scale, as floats.
    status set(double x_scale, double y_scale, double out_scale) noexcept {
        if (!is_factor(x_scale / out_scale) || !is_factor(y_scale / out_scale)) return status::scale_not_positive;
        x_factor = static_cast<float>(x_scale / out_scale);
        y_factor = static_cast<float>(y_scale / out_scale);
        return status::ok;
    }
    /// One sum; the caller's environment is the default one.
    [[nodiscard]] T operator()(T x, T y) const noexcept {
        if constexpr (std::same_as<T, float>) {
            return scalar::real_sum(x, y, {x_factor, y_factor});
        } else {
            const double scaled = convert<double>(y) * static_cast<double>(y_factor);
            double sum = fused(convert<double>(x), static_cast<double>(x_factor), scaled);
            if (unpack(sum).kind == number_class::nan)
                sum = std::bit_cast<double>(std::uint64_t{0x7ff8'0000'0000'0000});
            return narrow<T>(sum);
        }
    }
    /// dst = x x_factor + y y_factor, element by element, in any environment. dst is x, or y, or apart from both. Any
    /// strides; rows are fastest.
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> dst,
               row_options options = {}) const noexcept {
        if (const status s = check_sum(x, y, dst); s != status::ok || dst.is_empty()) return s;
        const instruction_set isa = options.chosen();
        const default_float_environment environment;
        summed_rows<T, T, T>::of(x, y, dst).for_each_run(
            [&](const T* from_x, const T* from_y, T* to, index n) { run_row(isa, from_x, from_y, to, n); });
        return status::ok;
    }
    status run(vector_view<const T> x, vector_view<const T> y, vector_view<T> dst,
               row_options options = {}) const noexcept {
        return run(as_row(x), as_row(y), as_row(dst), options);
    }

private:
    [[nodiscard]] static bool is_factor(double factor) noexcept {
        const unpacked x = unpack(factor);  // by its bits: no compiler flag takes this away
        return x.kind == number_class::finite && !x.negative;
    }
    [[gnu::noinline]] void run_row(instruction_set isa, const T* x, const T* y, T* dst, index n) const noexcept {
        if constexpr (std::same_as<T, float>) {
            real_sum_row(isa, x, y, dst, n, {x_factor, y_factor});
        } else {
            for (index i = 0; i < n; ++i) dst[i] = (*this)(x[i], y[i]);
        }
    }
};

static_assert(std::is_trivially_copyable_v<real_residual_sum<float>>);

}  // namespace dyad::inline v1
