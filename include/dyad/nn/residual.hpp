// SPDX-License-Identifier: Apache-2.0
// Sums of two tensors with scales of their own: a residual, and a constant of the model.
#pragma once

#include <cstddef>

#include <dyad/array/arena.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// out = x + y, two tensors of the stream. out may be x or y.
template <recipe R>
class residual {
public:
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::residual;

    layer_status prepare(const affine& x, const affine& y, const affine& out) noexcept {
        ready_.forget();
        if (!is_positive_finite(x.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        if (!is_positive_finite(y.scale)) return {status::scale_not_positive, kind, operand_kind::residual};
        if (!is_positive_finite(out.scale)) return {status::scale_not_positive, kind, operand_kind::output_scale};
        return in_layer(kind, operand_kind::output_scale, ready_.ended(sum_.set(x, y, out)));
    }
    template <class Context>
    layer_status run(matrix_view<const stream> x, matrix_view<const stream> y, matrix_view<stream> out,
                     const Context& context) const noexcept {
        if (x.extent != y.extent) return {status::extents_differ, kind, operand_kind::residual};
        if (x.extent != out.extent) return {status::extents_differ, kind, operand_kind::output};
        if (context.measuring()) return status::ok;
        if (!ready_) return {status::not_prepared, kind, operand_kind::input_scale};
        if (const status s = check_map(x, out); s != status::ok) return in_layer(kind, s);
        if (const status s = check_map(y, out); s != status::ok) {
            const bool missing = s == status::src_null;
            return {missing ? status::residual_null : s, kind, missing ? operand_kind::residual : operand_kind::output};
        }
        // What could fail has been checked: rows in any order.
        constexpr index together = 16;
        context.execute((x.extent[0] + together - 1) / together, [&](index task) {
            const index first = task * together;
            const index count = x.extent[0] - first < together ? x.extent[0] - first : together;
            static_cast<void>(sum_.run(row_block(x, first, count), row_block(y, first, count),
                                       row_block(out, first, count), {context.cap}));
        });
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return ready_.ended(sum_.visit(v));
    }

private:
    typename R::scaling::template sum<stream> sum_;
    readiness ready_;
};

/// out = x + a constant tensor of the model, position embeddings say: one parameter `name`, rows x columns. A run may
/// take the first rows only.
template <recipe R>
class add_constant {
public:
    using stream = typename R::stream;
    using input = stream;
    using output = stream;
    static constexpr auto kind = layer_kind::add_constant;

    layer_status shape(arena& memory, index rows, index columns) noexcept {
        return in_layer(kind, memory.take(rows, columns, constant_));
    }
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& x, const affine& out) noexcept {
        matrix_view<const float> c;
        const auto [rows, columns] = constant_.extent;
        if (const status s = source.parameter(name.text(), rows, columns, c); s != status::ok) return in_layer(kind, s);
        if (!nn::is_finite(c)) return {status::parameter_not_finite, kind, operand_kind::weight};
        const double scale = R::scaling::template scale<stream>(largest_magnitude(c));
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < columns; ++j) {
                constant_(i, j) =
                    convert<stream>(static_cast<double>(c(i, j)) / scale, rounding::nearest_even, saturation::finite);
            }
        }
        const layer_status s = sum_.prepare(x, scale, out);
        return s == status::ok ? s : layer_status{s.code(), kind, s.operand()};
    }
    /// x: as many rows as the constant has, or fewer: those from row `first` on.
    template <class Context>
    layer_status run(matrix_view<const stream> x, matrix_view<stream> out, const Context& context,
                     index first = 0) const noexcept {
        if (x.extent[1] != constant_.extent[1]) return {status::extents_differ, kind, operand_kind::input};
        if (x.extent[0] < 0) return {status::negative_extent, kind, operand_kind::input};
        if (first < 0 || x.extent[0] > constant_.extent[0] || first > constant_.extent[0] - x.extent[0])
            return {status::position_out_of_range, kind, operand_kind::position};
        const auto rows = row_block(as_const(constant_), first, x.extent[0]);
        const layer_status s = sum_.run(x, rows, out, context);
        return s == status::ok ? s : layer_status{s.code(), kind, s.operand()};
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        const status s = v.array(constant_);
        return s == status::ok ? sum_.visit(v) : s;
    }

private:
    matrix_view<stream> constant_;
    residual<R> sum_;
};

}  // namespace dyad::inline v1::nn
