// SPDX-License-Identifier: Apache-2.0
// Nonlinear functions as other integer-only networks publish them, with the bits of their codes, as families that a
// recipe names (nn/functions.hpp has our own): I-ViT, I-BERT, TensorFlow Lite. Every result is requantized to the scale
// of the tensor that it becomes by the published fixedpoint_mul (math/hawq.hpp).
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/function_table.hpp>
#include <dyad/array/ibert_rows.hpp>
#include <dyad/array/integer_norms.hpp>
#include <dyad/array/ivit_rows.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tflite_rows.hpp>
#include <dyad/array/tflite_softmax.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/hawq.hpp>
#include <dyad/nn/scaling.hpp>

namespace dyad::inline v1::nn {

/// code = round(result * b / 2^c), saturated.
struct requantized {
    hawq::ratio factor;

    template <class Out>
    [[nodiscard]] constexpr Out code(std::int64_t result, index) const noexcept {
        return Out::saturating_from_raw(hawq::fixedpoint_mul(result, factor));
    }
};
/// The same with a factor for each column.
struct requantized_by_column {
    vector_view<const hawq::ratio> factors;

    template <class Out>
    [[nodiscard]] constexpr Out code(std::int64_t result, index i) const noexcept {
        return requantized{factors(i)}.code<Out>(result, i);
    }
};

/// The ratio of two scales, of which the first may be negative; b = 0 where it is 0.
[[nodiscard]] constexpr hawq::ratio signed_ratio(double in_scale, double out_scale) noexcept {
    const auto of = [](double x) { return carried64::from_float(x); };
    hawq::ratio r = hawq::ratio::from(of(in_scale < 0 ? -in_scale : in_scale), of(out_scale));
    if (in_scale < 0) r.b = -r.b;
    return r;
}

/// Biases and factors of a published layer norm, whose results are in units of sqrt(channels) / 2^30 * weight. A
/// channel of weight 0 gives 0, its bias is lost: the published codes divide by it.
struct published_norm_columns {
    vector_view<std::int64_t> biases;
    vector_view<hawq::ratio> factors;

    status shape(arena& memory, index n) noexcept {
        const status s = memory.take(n, biases);
        return s == status::ok ? memory.take(n, factors) : s;
    }
    status set(vector_view<const float> gamma, vector_view<const float> beta, double in_scale,
               double out_scale) noexcept {
        const index n = biases.extent[0];
        if (gamma.extent[0] != n || beta.extent[0] != n) return status::extents_differ;
        if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
        for (index i = 0; i < n; ++i) {
            if (!dyad::is_finite(gamma(i)) || !dyad::is_finite(beta(i))) return status::parameter_not_finite;
        }
        const double unit = __builtin_sqrt(static_cast<double>(n)) * 0x1p-30;
        for (index i = 0; i < n; ++i) {
            biases(i) = hawq::layer_norm_bias(beta(i), gamma(i), static_cast<std::int32_t>(n));
            factors(i) = signed_ratio(unit * static_cast<double>(gamma(i)), out_scale);
        }
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.array(biases);
        return s == status::ok ? v.array(factors) : s;
    }
};

/// I-ViT in its PyTorch arithmetic: Shiftmax of 16 bits, ShiftGELU with the row's maximum, I-LayerNorm with ten steps
/// of Newton. Published with scores and GELU's inputs of 8 bits, a residual stream of 16. The norms have no epsilon.
struct ivit_functions {
    template <class In, class Out>
    struct softmax {
        ivit::softmax_parameters parameters;
        hawq::ratio factor;

        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            parameters = ivit::softmax_parameters::from(ivit::arithmetic::pytorch, static_cast<float>(in_scale));
            factor = signed_ratio(0x1p-15, out_scale);
            return parameters.usable() ? status::ok : status::parameters_not_usable;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::softmax(src, parameters, dst, requantized{factor});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(parameters);
            return s == status::ok ? v.scalar(factor) : s;
        }
    };

    template <class In, class Out>
    struct gelu {
        ivit::gelu_parameters parameters;
        hawq::ratio factor;

        status shape(arena&) noexcept { return status::ok; }
        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            parameters = ivit::gelu_parameters::from(ivit::arithmetic::pytorch, static_cast<float>(in_scale));
            factor = signed_ratio(in_scale * 0x1p-7, out_scale);
            return parameters.usable() ? status::ok : status::parameters_not_usable;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::gelu(src, parameters, dst, requantized{factor});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(parameters);
            return s == status::ok ? v.scalar(factor) : s;
        }
    };

    template <class In, class Out>
    struct layer_norm {
        published_norm_columns columns;

        status shape(arena& memory, index n) noexcept { return columns.shape(memory, n); }
        status set(vector_view<const float> gamma, vector_view<const float> beta, double, double in_scale,
                   double out_scale) noexcept {
            return columns.set(gamma, beta, in_scale, out_scale);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::layer_norm(src, ivit::arithmetic::pytorch, as_const(columns.biases), dst,
                                    requantized_by_column{as_const(columns.factors)});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            return columns.visit(v);
        }
    };
};

/// I-BERT as its code computes it: i-softmax with 16-bit exponentials, i-GELU with its shift by 14, which needs inputs
/// of about 16 bits, i-LayerNorm.
struct ibert_functions {
    template <class In, class Out>
    struct softmax {
        ibert::softmax_parameters parameters;
        hawq::ratio factor;

        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            parameters = ibert::softmax_parameters::from(ibert::constants::code, static_cast<float>(in_scale));
            factor = signed_ratio(0x1p-8, out_scale);
            return parameters.usable() ? status::ok : status::parameters_not_usable;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::softmax(src, parameters, dst, requantized{factor});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(parameters);
            return s == status::ok ? v.scalar(factor) : s;
        }
    };

    template <class In, class Out>
    struct gelu {
        ibert::gelu_parameters parameters;
        hawq::ratio factor;

        status shape(arena&) noexcept { return status::ok; }
        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            parameters = ibert::gelu_parameters::from(ibert::constants::code, static_cast<float>(in_scale));
            factor = signed_ratio(to_double(parameters.out_scale), out_scale);
            return parameters.usable() ? status::ok : status::parameters_not_usable;
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::gelu(src, parameters, dst, requantized{factor});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(parameters);
            return s == status::ok ? v.scalar(factor) : s;
        }
    };

    template <class In, class Out>
    struct layer_norm {
        published_norm_columns columns;
        std::int32_t squares_shift = 0;

        status shape(arena& memory, index n) noexcept { return columns.shape(memory, n); }
        /// The published shift is the least that kept the sums of squares seen in training below 2^32; here it keeps
        /// all of them there.
        status set(vector_view<const float> gamma, vector_view<const float> beta, double, double in_scale,
                   double out_scale) noexcept {
            const auto n = static_cast<std::uint64_t>(columns.biases.extent[0]);
            const int deviation_bits = In::width;  // a deviation's magnitude is below 2^width
            const int over = 2 * deviation_bits + bit_width(n) - 32;
            squares_shift = over > 0 ? (over + 1) / 2 : 0;
            return columns.set(gamma, beta, in_scale, out_scale);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::layer_norm(src, ibert::constants::code, squares_shift, as_const(columns.biases), dst,
                                     requantized_by_column{as_const(columns.factors)});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(squares_shift);
            return s == status::ok ? columns.visit(v) : s;
        }
    };
};

/// TensorFlow Lite's 8-bit functions: softmax with gemmlowp's exponentials, whose results have the scale 1/256 always;
/// GELU (the tanh form) as a table that it makes in float arithmetic. It has no kernel for layer norms: ours.
struct tflite_functions {
    template <class In, class Out>
    struct softmax {
        static constexpr double fixed_scale = 0x1p-8;
        tflite::softmax_parameters parameters;

        status set(double in_scale, double out_scale) noexcept {
            if (out_scale != fixed_scale) return status::scale_unsupported;
            return parameters.set(static_cast<float>(in_scale));
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept {
            return tflite::softmax(src, parameters, dst);
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            return v.scalar(parameters);
        }
    };

    template <class In, class Out>
    class gelu {
    public:
        status shape(arena&) noexcept { return status::ok; }
        status set(double in_scale, double out_scale) noexcept {
            if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
            scales_ = {static_cast<float>(in_scale), static_cast<float>(out_scale)};
            return fill();
        }
        status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept { return table_.run(src, dst); }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            if (const status s = v.scalar(scales_); s != status::ok) return s;
            return is_positive_finite(scales_.in) && is_positive_finite(scales_.out) ? fill() : status::ok;
        }

    private:
        struct float_scales {
            float in = 0;
            float out = 0;
        };
        status fill() noexcept {
            return table_.fill([&](In x) {
                const auto f = [](float v) { return gelu_tanh_float(v); };
                return Out::from_raw(tflite::float_activation(x.raw(), scales_.in, 0, scales_.out, 0, f));
            });
        }

        float_scales scales_;
        function_table<In, Out> table_;
    };

    template <class In, class Out>
    using layer_norm = integer_layer_norm<In, Out>;
};

}  // namespace dyad::inline v1::nn
