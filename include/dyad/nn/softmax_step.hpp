// SPDX-License-Identifier: Apache-2.0
// softmax as the last step of a sequential or a graph: a classifier's shares. The codes of its output mean what the
// recipe's family of functions makes of them (softmax::usual_output).
#pragma once

#include <array>

#include <dyad/array/arena.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/softmax.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// Every row by itself.
template <recipe R, number In = typename R::value, number Out = typename R::probability>
class softmax_step {
public:
    using input = In;
    using output = Out;
    using geometry = no_geometry;
    static constexpr auto kind = layer_kind::softmax;
    static constexpr auto edge_of_output = output_edge::told;

    layer_status shape(arena& memory, const geometry&) noexcept { return layer_.shape(memory); }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        out = in;
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const affine& in, affine& out) noexcept {
        out = softmax<R, In, Out>::usual_output();
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
    softmax<R, In, Out> layer_;
};

}  // namespace dyad::inline v1::nn
