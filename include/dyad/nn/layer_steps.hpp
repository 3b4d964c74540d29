// SPDX-License-Identifier: Apache-2.0
// Steps (nn/step.hpp) around layers that are not steps themselves, and those that only move or add numbers.
#pragma once

#include <array>
#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

struct linear_geometry {
    index out = 0;
    index in = 0;
    fused_activation activation = fused_activation::none;
    bias_kind bias = bias_kind::given;
};

/// A fully connected layer (nn/linear.hpp) of every row.
template <recipe R, number Out = produced<R, typename R::operand>>
class linear_step {
public:
    using operand = typename R::operand;
    using input = produced<R, operand>;
    using output = Out;
    using geometry = linear_geometry;
    static constexpr auto kind = layer_kind::linear;
    static constexpr auto edge_of_output = output_edge::calibrated;

    layer_status shape(arena& memory, const geometry& g) noexcept {
        geometry_ = g;
        return layer_.shape(memory, g.out, g.in);
    }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        if (in[1] != geometry_.in) return {status::lhs_columns_differ, kind, operand_kind::input};
        out = {in[0], geometry_.out};
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& in, const affine& out) noexcept {
        return layer_.prepare(source, name, in, out, geometry_.bias, geometry_.activation);
    }
    template <class Context>
    layer_status run(matrix_view<const input> in, matrix_view<Out> out, const Context& context) const noexcept {
        const std::size_t mark = context.scratch.used();
        tensor_of<R, operand> codes;
        layer_status s = in_layer(
            kind, R::scaling::template operand<operand>(in, {contracted::columns, in.extent[1]}, context, codes));
        if (s == status::ok) s = layer_.run(codes, out, context);
        context.scratch.rewind(mark);
        return s;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return layer_.visit(v);
    }
    [[nodiscard]] linear<R, Out>& layer() noexcept { return layer_; }

private:
    linear<R, Out> layer_;
    geometry geometry_;
};

/// Rows of `columns` numbers.
struct reshape_geometry {
    index columns = 0;
};

/// The same numbers in the same order, row by row, in rows of another length: an image of one row becomes the input of
/// a fully connected layer. The scale stays.
template <number T>
class reshape {
public:
    using input = T;
    using output = T;
    using geometry = reshape_geometry;
    static constexpr auto edge_of_output = output_edge::told;

    layer_status shape(arena&, const geometry& g) noexcept {
        if (g.columns < 0) return {status::negative_extent, layer_kind::none, operand_kind::geometry};
        columns_ = g.columns;
        return status::ok;
    }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        const index size = saturating_mul(in[0], in[1]);
        const bool fits = columns_ == 0 ? size == 0 : size % columns_ == 0;
        if (!fits) return {status::extents_differ, layer_kind::none, operand_kind::geometry};
        out = {columns_ == 0 ? 0 : size / columns_, columns_};
        return status::ok;
    }
    template <preparation_source Source>
    layer_status prepare(Source&, const path&, const affine& in, affine& out) noexcept {
        out = in;
        return status::ok;
    }
    template <class Context>
    layer_status run(matrix_view<const T> in, matrix_view<T> out, const Context& context) const noexcept {
        std::array<index, 2> expected = {};
        if (const layer_status s = out_extent(in.extent, expected); s != status::ok) return s;
        if (out.extent != expected) return {status::extents_differ, layer_kind::none, operand_kind::output};
        if (context.measuring()) return status::ok;
        index row = 0;
        index column = 0;
        for (index i = 0; i < in.extent[0]; ++i) {
            for (index j = 0; j < in.extent[1]; ++j) {
                out(row, column) = in(i, j);
                if (++column == columns_) {
                    column = 0;
                    ++row;
                }
            }
        }
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor&) noexcept {
        return status::ok;
    }

private:
    index columns_ = 0;
};

}  // namespace dyad::inline v1::nn
