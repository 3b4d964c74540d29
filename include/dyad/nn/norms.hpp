// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows as layers: layer_norm, rms_norm, l1_norm (array/integer_norms.hpp has the formulas), with a
// gain and an offset for each channel.
#pragma once

#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/functions.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

namespace norm_rules {

/// A family's own norm; where it has none, ours: integers between fixed-point numbers, else floats.
template <class Functions, norm_kind Kind, number In, number Out>
[[nodiscard]] constexpr auto choose() noexcept {
    if constexpr (Kind == norm_kind::layer) {
        return std::type_identity<typename Functions::template layer_norm<In, Out>>{};
    } else if constexpr (Kind == norm_kind::rms && requires { typename Functions::template rms_norm<In, Out>; }) {
        return std::type_identity<typename Functions::template rms_norm<In, Out>>{};
    } else if constexpr (Kind == norm_kind::l1 && requires { typename Functions::template l1_norm<In, Out>; }) {
        return std::type_identity<typename Functions::template l1_norm<In, Out>>{};
    } else if constexpr (fixed_point<In> && fixed_point<Out>) {
        return std::type_identity<integer_functions::norm<Kind, In, Out>>{};
    } else {
        return std::type_identity<float_functions::norm<Kind, In, Out>>{};
    }
}

[[nodiscard]] constexpr layer_kind layer_of(norm_kind kind) noexcept {
    return kind == norm_kind::layer ? layer_kind::layer_norm
           : kind == norm_kind::rms ? layer_kind::rms_norm
                                    : layer_kind::l1_norm;
}

}  // namespace norm_rules

/// The row function of a family's norm from In to Out.
template <class Functions, norm_kind Kind, number In, number Out>
using norm_of = typename decltype(norm_rules::choose<Functions, Kind, In, Out>())::type;

/// From In to Out: parameters name.weight, and name.bias where it has one.
template <recipe R, norm_kind Kind, number In, number Out>
class norm {
public:
    using input = In;
    using output = Out;
    static constexpr auto kind = norm_rules::layer_of(Kind);
    /// RMS norms come without offsets mostly.
    static constexpr auto usual_bias = Kind == norm_kind::rms ? bias_kind::none : bias_kind::given;

    layer_status shape(arena& memory, index width) noexcept {
        if (width < 0) return {status::negative_extent, kind, operand_kind::geometry};
        width_ = width;
        ready_.forget();
        const status s = function_.shape(memory, width);
        return in_layer(kind, s == status::row_too_long ? operand_kind::geometry : operand_of(s), s);
    }
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, double epsilon, const affine& in, const affine& out,
                         bias_kind bias = usual_bias) noexcept {
        return ready_.ended(set(source, name, epsilon, in, out, bias));
    }
    template <class Context>
    layer_status run(matrix_view<const In> in, matrix_view<Out> out, const Context& context) const noexcept {
        if (in.extent[1] != width_) return {status::extents_differ, kind, operand_kind::input};
        if (in.extent != out.extent) return {status::extents_differ, kind, operand_kind::output};
        if (!ready_ && !context.measuring()) return {status::not_prepared, kind, operand_kind::gain};
        return in_layer(kind, for_each_row(function_, in, out, context));
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return ready_.ended(function_.visit(v));
    }

private:
    template <preparation_source Source>
    layer_status set(Source& source, const path& name, double epsilon, const affine& in, const affine& out,
                     bias_kind bias) noexcept {
        if (!is_positive_finite(in.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        if (!is_positive_finite(out.scale)) return {status::scale_not_positive, kind, operand_kind::output_scale};
        matrix_view<const float> gamma;
        matrix_view<const float> beta;
        if (const status s = source.parameter((name / "weight").text(), 1, width_, gamma); s != status::ok)
            return {s, kind, operand_kind::gain};
        if (bias == bias_kind::given) {
            const status s = source.parameter((name / "bias").text(), 1, width_, beta);
            if (s != status::ok) return {s, kind, operand_kind::offset};
            if (!nn::is_finite(beta)) return {status::parameter_not_finite, kind, operand_kind::offset};
        }
        const auto offsets = bias == bias_kind::given ? row(beta, 0) : vector_view<const float>{};
        const status s = function_.set(row(gamma, 0), offsets, epsilon, in, out);
        return in_layer(kind, s == status::scale_unsupported ? operand_kind::input_scale : operand_kind::gain, s);
    }

    index width_ = 0;
    norm_of<typename R::functions, Kind, In, Out> function_;
    readiness ready_;
};

template <recipe R, number In, number Out>
using layer_norm = norm<R, norm_kind::layer, In, Out>;
template <recipe R, number In, number Out>
using rms_norm = norm<R, norm_kind::rms, In, Out>;
template <recipe R, number In, number Out>
using l1_norm = norm<R, norm_kind::l1, In, Out>;

}  // namespace dyad::inline v1::nn
