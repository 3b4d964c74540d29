// SPDX-License-Identifier: Apache-2.0
// Softmax of rows as a layer, for classifiers: y_i = exp(x_i) / sum_j exp(x_j).
#pragma once

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/functions.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// From In to Out, both given: logits to shares.
template <recipe R, number In = typename R::stream, number Out = typename R::probability>
class softmax {
public:
    using input = In;
    using output = Out;
    static constexpr auto kind = layer_kind::softmax;

    layer_status shape(arena&) noexcept { return status::ok; }
    /// What the codes of shares mean where nobody says otherwise: 1 is the largest, unless the family has one scale
    /// only.
    [[nodiscard]] static constexpr affine usual_output() noexcept {
        if constexpr (requires { function_type::fixed_quantization; }) return function_type::fixed_quantization;
        else if constexpr (requires { function_type::fixed_scale; }) return function_type::fixed_scale;
        else return R::scaling::template scale<Out>(1.0);
    }
    layer_status prepare(const affine& in, const affine& out = usual_output()) noexcept {
        ready_.forget();
        if (!is_positive_finite(in.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        if (!is_positive_finite(out.scale)) return {status::scale_not_positive, kind, operand_kind::output_scale};
        const status s = ready_.ended(function_.set(in, out));
        const bool is_input = s == status::parameters_not_usable;
        return in_layer(kind, is_input ? operand_kind::input_scale : operand_kind::output_scale, s);
    }
    /// Every row of `in` by itself.
    template <class Context>
    layer_status run(matrix_view<const In> in, matrix_view<Out> out, const Context& context) const noexcept {
        if (in.extent != out.extent) return {status::extents_differ, kind, operand_kind::output};
        if (!ready_ && !context.measuring()) return {status::not_prepared, kind, operand_kind::input_scale};
        return in_layer(kind, for_each_row(function_, in, out, context));
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return ready_.ended(function_.visit(v));
    }

private:
    using function_type = typename R::functions::template softmax<In, Out>;
    function_type function_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
