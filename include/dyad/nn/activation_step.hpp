// SPDX-License-Identifier: Apache-2.0
// An activation (nn/activation.hpp) as a step of a sequential or a graph. Those that only clamp cost less as the
// fused_activation of the layer before.
#pragma once

#include <array>

#include <dyad/array/arena.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/scalar_function.hpp>
#include <dyad/nn/activation.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// Element by element, from In to Out.
template <recipe R, pointwise F, number In = typename R::value, number Out = produced<R, typename R::operand>>
class activation_step {
public:
    using input = In;
    using output = Out;
    using geometry = no_geometry;
    static constexpr auto kind = layer_kind::activation;
    static constexpr auto edge_of_output = output_edge::calibrated;

    layer_status shape(arena& memory, const geometry&) noexcept { return layer_.shape(memory); }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        out = in;
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const affine& in, const affine& out) noexcept {
        return layer_.prepare(in, out);
    }
    template <class Context>
    layer_status run(matrix_view<const In> in, matrix_view<Out> out, const Context& context) const noexcept {
        return layer_.run(in, out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return layer_.visit(v);
    }

private:
    activation<R, In, Out, F> layer_;
};

}  // namespace dyad::inline v1::nn
