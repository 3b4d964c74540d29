// SPDX-License-Identifier: Apache-2.0
// Nonlinear functions as other integer-only networks publish them, with the bits of their codes, as families that a
// recipe names (nn/functions.hpp has our own, and what these do not publish): I-ViT, I-BERT, TensorFlow Lite. Every
// result is requantized to the scale of the tensor that it becomes by the published fixedpoint_mul (math/hawq.hpp).
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/ibert_rows.hpp>
#include <dyad/array/ivit_rows.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/hawq.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/integer_functions.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tflite_functions.hpp>

namespace dyad::inline v1::nn {

/// code = round(result * b / 2^c) + zero point, saturated.
struct requantized {
    hawq::ratio factor;
    std::int32_t zero_point = 0;

    template <class Out>
    [[nodiscard]] constexpr Out code(std::int64_t result, index) const noexcept {
        return Out::saturating_from_raw(hawq::fixedpoint_mul(result, factor) + zero_point);
    }
};
/// The same with a factor for each column.
struct requantized_by_column {
    vector_view<const hawq::ratio> factors;
    std::int32_t zero_point = 0;

    template <class Out>
    [[nodiscard]] constexpr Out code(std::int64_t result, index i) const noexcept {
        return requantized{factors(i), zero_point}.code<Out>(result, i);
    }
};

/// The ratio of two scales, of which the first may be negative; b = 0 where it is 0.
[[nodiscard]] constexpr hawq::ratio signed_ratio(double in_scale, double out_scale) noexcept {
    const auto of = [](double x) { return carried64::from_float(x); };
    hawq::ratio r = hawq::ratio::from(of(in_scale < 0 ? -in_scale : in_scale), of(out_scale));
    if (in_scale < 0) r.b = -r.b;
    return r;
}

/// The published arithmetic is that of symmetric codes; only what comes out may have a zero point.
[[nodiscard]] constexpr status check_published(const affine& in, const affine& out) noexcept {
    if (!is_positive_finite(in.scale) || !is_positive_finite(out.scale)) return status::scale_not_positive;
    return in.zero_point == 0 ? status::ok : status::scale_unsupported;
}

/// GELU is what a published family has of its own; it serves for either form. Everything else is ours.
[[nodiscard]] constexpr bool is_gelu(const pointwise& f) noexcept {
    return f == pointwise(scalar_function::gelu) || f == pointwise(scalar_function::gelu_tanh);
}
template <pointwise F, class Gelu, class In, class Out>
struct gelu_or_ours {
    using type = integer_functions::activation<F, In, Out>;
};
template <pointwise F, class Gelu, class In, class Out>
    requires(is_gelu(F))
struct gelu_or_ours<F, Gelu, In, Out> {
    using type = Gelu;
};

/// Biases and factors of a published layer norm, whose results are in units of sqrt(channels) / 2^30 * weight. A
/// channel of weight 0 gives 0, its bias is lost: the published codes divide by it.
struct published_norm_columns {
    vector_view<std::int64_t> biases;
    vector_view<hawq::ratio> factors;
    std::int32_t zero_point = 0;

    status shape(arena& memory, index n) noexcept {
        const status s = memory.take(n, biases);
        return s == status::ok ? memory.take(n, factors) : s;
    }
    status prepare(vector_view<const float> gamma, vector_view<const float> beta, const affine& in,
                   const affine& out) noexcept {
        const index n = biases.extent[0];
        if (gamma.extent[0] != n || beta.extent[0] != n) return status::extents_differ;
        if (const status s = check_published(in, out); s != status::ok) return s;
        for (index i = 0; i < n; ++i) {
            if (!dyad::is_finite(gamma(i)) || !dyad::is_finite(beta(i))) return status::parameter_not_finite;
        }
        const auto channels = static_cast<std::int32_t>(n);
        for (index i = 0; i < n; ++i) {
            biases(i) = hawq::layer_norm_bias(beta(i), gamma(i), channels);
            factors(i) = signed_ratio(hawq::layer_norm_scale(gamma(i), channels), out.scale);
        }
        zero_point = out.zero_point;
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(biases); s != status::ok) return s;
        if (const status s = v.array(factors); s != status::ok) return s;
        return v.scalar(zero_point);
    }
};

/// What a published function of rows was prepared with, and the factor that takes its results to codes of dst.
template <class Parameters>
struct published_row {
    Parameters parameters;
    requantized results;

    status prepare(const Parameters& p, double result_scale, const affine& in, const affine& out) noexcept {
        if (const status s = check_published(in, out); s != status::ok) return s;
        parameters = p;
        results = {signed_ratio(result_scale, out.scale), out.zero_point};
        return parameters.usable() ? status::ok : status::parameters_not_usable;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.scalar(parameters); s != status::ok) return s;
        if (const status s = v.scalar(results.factor); s != status::ok) return s;
        return v.scalar(results.zero_point);
    }
};

/// I-ViT in its PyTorch arithmetic: Shiftmax of 16 bits, ShiftGELU with the row's maximum, I-LayerNorm with ten steps
/// of Newton. Published with scores and GELU's inputs of 8 bits, a residual stream of 16. The norms have no epsilon.
struct ivit_functions {
    static constexpr auto arithmetic = ivit::arithmetic::pytorch;

    template <class In, class Out>
    struct softmax : published_row<ivit::softmax_parameters> {
        status set(const affine& in, const affine& out) noexcept {
            const auto p = ivit::softmax_parameters::from(arithmetic, static_cast<float>(in.scale));
            return this->prepare(p, 0x1p-15, in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::softmax(src, this->parameters, dst, this->results);
        }
    };

    template <class In, class Out>
    struct gelu : published_row<ivit::gelu_parameters> {
        status shape(arena&) noexcept { return status::ok; }
        status set(const affine& in, const affine& out) noexcept {
            const auto p = ivit::gelu_parameters::from(arithmetic, static_cast<float>(in.scale));
            return this->prepare(p, in.scale * 0x1p-7, in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::gelu(src, this->parameters, dst, this->results);
        }
    };

    template <class In, class Out>
    struct layer_norm : published_norm_columns {
        status set(vector_view<const float> gamma, vector_view<const float> beta, double, const affine& in,
                   const affine& out) noexcept {
            return this->prepare(gamma, beta, in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ivit::layer_norm(src, arithmetic, as_const(this->biases), dst,
                                    requantized_by_column{as_const(this->factors), this->zero_point});
        }
    };

    template <pointwise F, class In, class Out>
    using activation = typename gelu_or_ours<F, gelu<In, Out>, In, Out>::type;
    template <class In, class Out>
    using rms_norm = integer_functions::rms_norm<In, Out>;
    template <class In, class Out>
    using l1_norm = integer_functions::l1_norm<In, Out>;
};

/// I-BERT as its code computes it: i-softmax with 16-bit exponentials, i-GELU with its shift by 14, which needs inputs
/// of about 16 bits, i-LayerNorm.
struct ibert_functions {
    static constexpr auto set_of_constants = ibert::constants::code;

    template <class In, class Out>
    struct softmax : published_row<ibert::softmax_parameters> {
        status set(const affine& in, const affine& out) noexcept {
            const auto p = ibert::softmax_parameters::from(set_of_constants, static_cast<float>(in.scale));
            return this->prepare(p, 0x1p-8, in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::softmax(src, this->parameters, dst, this->results);
        }
    };

    template <class In, class Out>
    struct gelu : published_row<ibert::gelu_parameters> {
        status shape(arena&) noexcept { return status::ok; }
        status set(const affine& in, const affine& out) noexcept {
            const auto p = ibert::gelu_parameters::from(set_of_constants, static_cast<float>(in.scale));
            return this->prepare(p, to_double(p.out_scale), in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::gelu(src, this->parameters, dst, this->results);
        }
    };

    template <class In, class Out>
    struct layer_norm : published_norm_columns {
        std::int32_t squares_shift = 0;

        /// The published shift is the least that kept the sums of squares seen in training below 2^32; here it keeps
        /// all of them there.
        status set(vector_view<const float> gamma, vector_view<const float> beta, double, const affine& in,
                   const affine& out) noexcept {
            const int over = 2 * In::width + bit_width(static_cast<std::uint64_t>(this->biases.extent[0])) - 32;
            squares_shift = over > 0 ? (over + 1) / 2 : 0;
            return this->prepare(gamma, beta, in, out);
        }
        status run(vector_view<const In> src, vector_view<Out> dst) const noexcept {
            return ibert::layer_norm(src, set_of_constants, squares_shift, as_const(this->biases), dst,
                                     requantized_by_column{as_const(this->factors), this->zero_point});
        }
        template <class Visitor>
        status visit(Visitor& v) noexcept {
            const status s = v.scalar(squares_shift);
            return s == status::ok ? published_norm_columns::visit(v) : s;
        }
    };

    template <pointwise F, class In, class Out>
    using activation = typename gelu_or_ours<F, gelu<In, Out>, In, Out>::type;
    template <class In, class Out>
    using rms_norm = integer_functions::rms_norm<In, Out>;
    template <class In, class Out>
    using l1_norm = integer_functions::l1_norm<In, Out>;
};

}  // namespace dyad::inline v1::nn
