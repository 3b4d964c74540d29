// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's functions of 8-bit codes, as a family that a recipe names (nn/functions.hpp), bit for bit in either
// of the roundings that its builds have:
//   softmax           integer exponentials; results of scale 1/256 and the lowest code as zero point, always
//   sigmoid, tanh     to 1/256 and -128, or 1/128 and 0: the integer kernels of TensorFlow Lite Micro; to other scales,
//                     and GELU: tables by float arithmetic, as the desktop makes them
//   relu, leaky_relu  the code above the zero point times a 31-bit multiplier, rounded as named
//   others, norms     ours (nn/integer_functions.hpp): it has no such kernels, or computes them in float
// Source: TensorFlow Lite, kernels/activations.cc; formulas: array/tflite_softmax.hpp, array/tflite_rows.hpp.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/function_table.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tflite_rows.hpp>
#include <dyad/array/tflite_softmax.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/tflite_functions.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/integer_functions.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

namespace tflite_rules {

/// a / b in double, by integers: the same whatever the flags.
[[nodiscard]] constexpr double quotient_of(double a, double b) noexcept {
    const auto wide = [](double x) { return resize<uint128_t>(unpack(x)); };
    return pack_as<double>(quotient(wide(a), wide(b)), rounding::nearest_even, saturation::none);
}
/// a / b and a * b of floats in float.
[[nodiscard]] constexpr float float_quotient(float a, float b) noexcept {
    const auto wide = [](float x) { return resize<uint128_t>(unpack(x)); };
    return pack_as<float>(quotient(wide(a), wide(b)), rounding::nearest_even, saturation::none);
}
[[nodiscard]] constexpr float float_product(float a, float b) noexcept {
    return pack_as<float>(exact_product(unpack(a), unpack(b)), rounding::nearest_even, saturation::none);
}
/// round(x / s) in float, ties away from zero; infinite where x is.
[[nodiscard]] constexpr std::int64_t float_code(double x, double scale) noexcept {
    const float q = float_quotient(static_cast<float>(x), static_cast<float>(scale));
    return pack_as<std::int32_t>(unpack(q), rounding::nearest_away, saturation::finite);
}

/// max(x, 0), min(max(x, 0), 6), leaky_relu and the identity, of codes.
struct straight_parameters {
    multiplier above{};
    multiplier below{};
    std::int64_t least = -256;  ///< codes above the output's zero point
    std::int64_t most = 256;

    static constexpr bool serves(const pointwise& f) noexcept {
        if (f.kind != pointwise::shape::straight) return false;
        if (f.straight == straight_function::leaky_relu) return f.slope_millionths >= 0;
        return f.straight == straight_function::identity || f.straight == straight_function::relu ||
               f.straight == straight_function::relu6;
    }
    constexpr straight_parameters(const pointwise& f, float in, float out, requantization mode) noexcept {
        above = tflite::quantize_multiplier(static_cast<double>(float_quotient(in, out)), mode);
        below = above;
        if (f.straight == straight_function::leaky_relu) {
            // The slope as a float, as the file has it.
            const float slope = float_quotient(static_cast<float>(f.slope_millionths), 1'000'000.0f);
            below =
                tflite::quantize_multiplier(static_cast<double>(float_quotient(float_product(in, slope), out)), mode);
        } else if (f.straight != straight_function::identity) {
            least = 0;
            if (f.straight == straight_function::relu6) most = float_code(6, static_cast<double>(out));
        }
    }
    [[nodiscard]] constexpr std::int64_t operator()(std::int32_t x, requantization mode) const noexcept {
        const std::int64_t y = requantize(x, x < 0 ? below : above, mode);
        return y < least ? least : y > most ? most : y;
    }
};

}  // namespace tflite_rules

template <requantization Rounding>
struct tflite_functions_of {
    /// Blind to the zero point of its input.
    template <class In, class Out>
    struct softmax {
        static_assert(tflite::code8<In> && tflite::softmax_code<Out>,
                      "dyad::nn::tflite_functions' softmax takes codes of 8 bits to codes of 8 bits or int16.");
        static constexpr double fixed_scale = Out::width == 8 ? 0x1p-8 : 0x1p-16;
        /// What its results always mean.
        static constexpr affine fixed_quantization{fixed_scale, Out::min_raw};
        tflite::softmax_parameters parameters;

        status set(const affine& in, const affine& out) noexcept {
            if (!is_positive_finite(in.scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
            if (out != fixed_quantization) return status::scale_unsupported;
            return parameters.set(static_cast<float>(in.scale), 1.0f, Rounding);
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept {
            return tflite::softmax(src, parameters, dst);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            return v.scalar(parameters);
        }
    };

    /// A table of all codes.
    template <pointwise F, class In, class Out>
    class code_table {
        static_assert(tflite::code8<In> && In::width == Out::width && In::is_signed == Out::is_signed,
                      "dyad::nn::tflite_functions has functions from 8-bit codes to codes of the same type.");

    public:
        status shape(arena&) noexcept { return status::ok; }
        status set(const affine& in, const affine& out) noexcept {
            if (!is_positive_finite(in.scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
            if (!are_codes<In, Out>(in, out)) return status::parameter_out_of_range;
            const meaning from{static_cast<float>(in.scale), in.zero_point};
            const meaning to{static_cast<float>(out.scale), out.zero_point};
            if (!tflite::is_scale(from.scale) || !tflite::is_scale(to.scale)) return status::scale_unsupported;
            in_ = from;
            out_ = to;
            return fill();
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
            return table_.run(src, dst, options);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            if (const status s = v.scalar(in_); s != status::ok) return s;
            if (const status s = v.scalar(out_); s != status::ok) return s;
            if (!tflite::is_scale(in_.scale) || !tflite::is_scale(out_.scale)) return status::ok;  // never prepared
            if (!are_codes<In, Out>({1, in_.zero_point}, {1, out_.zero_point})) return status::parameter_out_of_range;
            return fill();
        }

    private:
        struct meaning {
            float scale = 0;
            std::int32_t zero_point = 0;
        };

        status fill() noexcept {
            if constexpr (tflite_rules::straight_parameters::serves(F)) {
                const tflite_rules::straight_parameters p(F, in_.scale, out_.scale, Rounding);
                return table_.fill([&](In x) {
                    return Out::saturating_from_raw(p(x.raw() - in_.zero_point, Rounding) + out_.zero_point);
                });
            } else if constexpr (F == pointwise(scalar_function::sigmoid) && In::is_signed) {
                if (out_.scale == 0x1p-8f && out_.zero_point == -128)
                    return fill_integer([](auto x, const auto& p) { return tflite::logistic(x, p); });
            } else if constexpr (F == pointwise(scalar_function::tanh) && In::is_signed) {
                if (out_.scale == 0x1p-7f && out_.zero_point == 0)
                    return fill_integer([](auto x, const auto& p) { return tflite::tanh(x, p); });
            }
            const auto f = [](float x) {
                if constexpr (F == pointwise(scalar_function::gelu_tanh)) return gelu_tanh_float(x);
                else return pointwise_float(F, x);
            };
            return table_.fill([&](In x) {
                return Out::from_raw(
                    tflite::float_activation(x.raw(), in_.scale, in_.zero_point, out_.scale, out_.zero_point, f));
            });
        }
        template <class Function>
        status fill_integer(const Function& f) noexcept {
            tflite::activation_parameters p;
            const auto zero = static_cast<std::int8_t>(in_.zero_point);
            if (const status s = p.set(in_.scale, zero, Rounding); s != status::ok) return s;
            return table_.fill([&](In x) { return Out::from_raw(f(x.raw(), p)); });
        }

        meaning in_;
        meaning out_;
        function_table<In, Out> table_;
    };

    /// Functions that TensorFlow Lite has for codes.
    [[nodiscard]] static constexpr bool has(const pointwise& f) noexcept {
        if (f.kind == pointwise::shape::straight) return tflite_rules::straight_parameters::serves(f);
        switch (f.smooth) {
            case scalar_function::sigmoid:
            case scalar_function::tanh:
            case scalar_function::gelu:
            case scalar_function::gelu_tanh: return true;
            default: return false;
        }
    }
    template <pointwise F, class In, class Out>
    struct chosen {
        using type = integer_functions::activation<F, In, Out>;
    };
    template <pointwise F, class In, class Out>
        requires(has(F) && tflite::code8<In> && In::width == Out::width && In::is_signed == Out::is_signed)
    struct chosen<F, In, Out> {
        using type = code_table<F, In, Out>;
    };
    template <pointwise F, class In, class Out>
    using activation = typename chosen<F, In, Out>::type;
    template <class In, class Out>
    using gelu = activation<scalar_function::gelu_tanh, In, Out>;

    template <class In, class Out>
    using layer_norm = integer_functions::layer_norm<In, Out>;
    template <class In, class Out>
    using rms_norm = integer_functions::rms_norm<In, Out>;
    template <class In, class Out>
    using l1_norm = integer_functions::l1_norm<In, Out>;
};

/// The rounding of TensorFlow Lite's default build, of TensorFlow Lite Micro and of CMSIS-NN.
using tflite_functions = tflite_functions_of<requantization::gemmlowp_double>;

}  // namespace dyad::inline v1::nn
