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

#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
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

/// The sum of two tensors, ADD: both to units of 2^-20 of twice the larger scale (2^-15 for codes of 16 bits), added,
/// and to the sum's scale; each of the three rounded as named.
template <format T, requantization Rounding>
struct tflite_sum {
    static_assert(T::width <= 16, "dyad::nn::tflite_sum adds codes of at most 16 bits.");
    static constexpr int left_shift = T::width <= 8 ? 20 : 15;

    multiplier x_factor = {0, 0};
    multiplier y_factor = {0, 0};
    multiplier out_factor = {0, 0};
    std::int32_t x_zero = 0;
    std::int32_t y_zero = 0;
    std::int32_t zero = 0;

    /// The output's scale must exceed half the larger one's 2^-left_shift.
    status set(const affine& x, const affine& y, const affine& out) noexcept {
        for (const affine* const q : {&x, &y, &out}) {
            if (!is_positive_finite(q->scale)) return status::scale_not_positive;
            if (q->zero_point < T::min_raw || q->zero_point > T::max_raw) return status::scale_unsupported;
        }
        const double twice = 2 * (x.scale > y.scale ? x.scale : y.scale);
        const double unit = out.scale * static_cast<double>(std::int32_t{1} << left_shift);
        const double to_out = tflite_rules::quotient_of(twice, unit);
        if (!is_positive_finite(twice) || !is_positive_finite(unit) || !(to_out < 1)) return status::scale_unsupported;
        x_factor = tflite::quantize_multiplier(tflite_rules::quotient_of(x.scale, twice), Rounding);
        y_factor = tflite::quantize_multiplier(tflite_rules::quotient_of(y.scale, twice), Rounding);
        out_factor = tflite::quantize_multiplier(to_out, Rounding);
        x_zero = x.zero_point;
        y_zero = y.zero_point;
        zero = out.zero_point;
        return status::ok;
    }
    [[nodiscard]] T operator()(T x, T y) const noexcept {
        constexpr std::int32_t unit = std::int32_t{1} << left_shift;
        const std::int32_t a = requantize((x.raw() - x_zero) * unit, x_factor, Rounding);
        const std::int32_t b = requantize((y.raw() - y_zero) * unit, y_factor, Rounding);
        return T::saturating_from_raw(std::int64_t{requantize(a + b, out_factor, Rounding)} + zero);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        for (multiplier* const m : {&x_factor, &y_factor, &out_factor}) {
            if (const status s = v.scalar(*m); s != status::ok) return s;
        }
        for (std::int32_t* const z : {&x_zero, &y_zero, &zero}) {
            if (const status s = v.scalar(*z); s != status::ok) return s;
        }
        return status::ok;
    }
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
