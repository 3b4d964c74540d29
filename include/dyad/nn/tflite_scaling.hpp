// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's int8 scaling: real = scale * (code - zero point), scales are float32.
//   activations   256 codes over a range that contains 0; as the file prescribes, else from what calibration saw
//   weights       symmetric, one scale for each output, or as the file prescribes
//   biases        int32 in units of the sums
//   sums          y = clamp(requantize(sum + bias, multiplier) + zero point), see math/requantize.hpp for the roundings
//   multiplier    QuantizeMultiplier(double(s_x) * double(s_w[j]) / double(s_y)); where the weights have one scale,
//                 double(float(s_x * s_w)) / double(s_y): the two differ in bits
// Source: TensorFlow Lite, kernels/kernel_util.cc (PopulateConvolutionQuantizationParams, GetQuantizedConvolution-
// Multipler, CalculateActivationRangeQuantized) and tools/optimize/quantization_utils.cc (the ranges).
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/array/residual_sum.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/tflite_functions.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tflite_functions.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1::nn {

/// Dyadic columns with the published constants.
template <format Out, requantization Rounding>
struct tflite_columns : dyadic_columns<Out, Rounding> {
    /// Column j (nn/affine.hpp): the bias and the offset together must be below 2^30 units.
    status set(index j, const column_terms& t, const affine& out) noexcept {
        if (!is_positive_finite(t.sum_scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
        const double m = tflite_rules::quotient_of(t.sum_scale, out.scale);
        if (!is_positive_finite(m)) return status::scale_unsupported;
        if (const status s = dyadic_columns<Out, Rounding>::set(j, t, out); s != status::ok) return s;
        this->multipliers(j) = tflite::quantize_multiplier(m, Rounding);
        return status::ok;
    }
    /// Codes of the bounds: zero point + round(bound / scale), in float32.
    void clamp_to(const value_interval& bounds, const affine& out) noexcept {
        const auto code = [&](double x) {
            return Out::saturating_from_raw(tflite_rules::float_code(x, out.scale) + out.zero_point).raw();
        };
        this->low = code(bounds.low);
        this->high = code(bounds.high);
    }
};

/// The sum of two tensors, ADD (array/residual_sum.hpp).
template <format T, requantization Rounding>
class tflite_sum {
public:
    /// What takes the sum to its scale must be below 1.
    status set(const affine& x, const affine& y, const affine& out) noexcept {
        tflite::residual_sum<T> sum;
        sum.mode = Rounding;
        if (const status s = sum.set(x.scale, y.scale, out.scale); s != status::ok) return s;
        sum.x_zero_point = x.zero_point;
        sum.y_zero_point = y.zero_point;
        sum.zero_point = out.zero_point;
        if (sum.check() != status::ok || !(sum.factor < multiplier{1, 0})) return status::scale_unsupported;
        sum_ = sum;
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept { return sum_(x, y); }
    status run(matrix_view<const T> x, matrix_view<const T> y, matrix_view<T> out, row_options options) const noexcept {
        return sum_.run(x, y, out, options);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.scalar(sum_); s != status::ok) return s;
        return sum_.check() == status::ok ? status::ok : status::parameter_out_of_range;
    }

private:
    tflite::residual_sum<T> sum_;
};

/// Formats of at most 8 bits have zero points; wider ones are symmetric. Takes what a file prescribes.
template <requantization Rounding = requantization::gemmlowp_double>
struct tflite_scaling : real_scaling {
    template <class Sum, format Out>
    using columns = tflite_columns<Out, Rounding>;
    template <format T>
    using sum = tflite_sum<T, Rounding>;

    static constexpr prescribed file_scales = prescribed::taken;

    template <format T>
    [[nodiscard]] static constexpr double scale(double absmax) noexcept {
        if (!(absmax > 0)) return 1;
        constexpr auto most = static_cast<float>(T::max_raw);
        return static_cast<double>(tflite_rules::float_quotient(static_cast<float>(absmax), most));
    }
    /// The range with 0, in as many steps as there are codes but one; 0 has a code of its own.
    template <format T>
    [[nodiscard]] static constexpr affine quantization(const value_interval& seen) noexcept {
        if constexpr (T::width > 8) {
            return scale<T>(seen.largest_magnitude());
        } else {
            const float low = seen.low < 0 ? static_cast<float>(seen.low) : 0.0f;
            const float high = seen.high > 0 ? static_cast<float>(seen.high) : 0.0f;
            if (!(high - low > 0)) return {};
            constexpr auto steps = static_cast<float>(T::max_raw - T::min_raw);
            const float s = tflite_rules::float_quotient(high - low, steps);
            // static_cast<float>: each step is rounded to a float, as published.
            const auto zero = static_cast<float>(static_cast<float>(T::min_raw) - tflite_rules::float_quotient(low, s));
            const auto code = pack_as<std::int32_t>(unpack(zero), rounding::nearest_away, saturation::finite);
            return {static_cast<double>(s), T::saturating_from_raw(code).raw()};
        }
    }
    [[nodiscard]] static constexpr double sum_scale(double in_scale, double weight_scale, weight_scales kind) noexcept {
        if (kind == weight_scales::by_row) return in_scale * weight_scale;
        return static_cast<double>(
            tflite_rules::float_product(static_cast<float>(in_scale), static_cast<float>(weight_scale)));
    }
    template <format W>
    [[nodiscard]] static constexpr double weight_scale(matrix_view<const float> weights, index row,
                                                       double if_zero) noexcept {
        const double largest = largest_magnitude(row_block(weights, row, 1));
        return largest == 0 ? static_cast<double>(static_cast<float>(if_zero)) : scale<W>(largest);
    }
};

/// TensorFlow Lite's int8 networks, in the rounding of a runtime: gemmlowp_double for TensorFlow Lite Micro, CMSIS-NN
/// and the reference kernels, single_half_up for builds with TFLITE_SINGLE_ROUNDING and others.
template <requantization Rounding>
struct tflite_int8 {
    using weight = integer<8>;
    using operand = integer<8>;
    using probability = uinteger<8>;
    using value = integer<8>;
    using stream = integer<8>;
    using accumulator = proven<std::int32_t>;
    using scaling = tflite_scaling<Rounding>;
    using functions = tflite_functions_of<Rounding>;
    static constexpr auto product = product_rule::exact;
};
using tflite_int8_double = tflite_int8<requantization::gemmlowp_double>;
using tflite_int8_single = tflite_int8<requantization::single_half_up>;
static_assert(recipe<tflite_int8_double> && recipe<tflite_int8_single>);

}  // namespace dyad::inline v1::nn
