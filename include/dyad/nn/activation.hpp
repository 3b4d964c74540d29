// SPDX-License-Identifier: Apache-2.0
// A function of one number on every element of a tensor: activation<R, In, Out> is the recipe's GELU,
// activation<R, In, Out, scalar_function::silu> its SiLU ...
#pragma once

#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/functions.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/pointwise.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

namespace activation_rules {

/// A family's own F; where it has none, ours: integers between fixed-point numbers, else floats.
template <class Functions, pointwise F, number In, number Out>
[[nodiscard]] constexpr auto choose() noexcept {
    constexpr bool is_gelu = F == pointwise(scalar_function::gelu_tanh);
    if constexpr (requires { typename Functions::template activation<F, In, Out>; }) {
        return std::type_identity<typename Functions::template activation<F, In, Out>>{};
    } else if constexpr (is_gelu && requires { typename Functions::template gelu<In, Out>; }) {
        return std::type_identity<typename Functions::template gelu<In, Out>>{};
    } else if constexpr (fixed_point<In> && fixed_point<Out>) {
        return std::type_identity<integer_functions::activation<F, In, Out>>{};
    } else {
        return std::type_identity<float_functions::activation<F, In, Out>>{};
    }
}

}  // namespace activation_rules

/// The row function of a family for F from In to Out.
template <class Functions, pointwise F, number In, number Out>
using activation_of = typename decltype(activation_rules::choose<Functions, F, In, Out>())::type;

template <recipe R, number In, number Out, pointwise F = scalar_function::gelu_tanh>
class activation {
public:
    using input = In;
    using output = Out;
    static constexpr auto kind = layer_kind::activation;

    layer_status shape(arena& memory) noexcept {
        ready_.forget();
        return in_layer(kind, function_.shape(memory));
    }
    layer_status prepare(const affine& in, const affine& out) noexcept {
        ready_.forget();
        if (!is_positive_finite(in.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        if (!is_positive_finite(out.scale)) return {status::scale_not_positive, kind, operand_kind::output_scale};
        return in_layer(kind, operand_kind::input_scale, ready_.ended(function_.set(in, out)));
    }
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
    activation_of<typename R::functions, F, In, Out> function_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
