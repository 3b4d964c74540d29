// SPDX-License-Identifier: Apache-2.0
// The mean over all rows of a tensor, as one row: an operand of which a product sums over the rows.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

template <recipe R, number Out>
class mean_rows {
public:
    using operand = typename R::operand;
    static constexpr auto kind = layer_kind::mean_rows;

    layer_status shape(arena& memory, index rows, index columns) noexcept {
        if (rows < 0 || columns < 0) return {status::negative_extent, kind, operand_kind::geometry};
        rows_ = rows;
        ready_.forget();
        return in_layer(kind, columns_.shape_uniform(memory, columns));
    }
    layer_status prepare(const affine& in, const affine& out) noexcept {
        ready_.forget();
        if (!is_positive_finite(in.scale)) return {status::scale_not_positive, kind, operand_kind::input_scale};
        const std::int64_t offset = -std::int64_t{in.zero_point} * rows_;
        const status s = columns_.set(0, {.sum_scale = in.scale / static_cast<double>(rows_), .offset = offset}, out);
        return in_layer(kind, operand_kind::output_scale, ready_.ended(s));
    }
    template <class Context>
    layer_status run(const tensor_of<R, operand>& in, matrix_view<Out> out, const Context& context) const noexcept {
        if (in.codes.extent[0] != rows_) return {status::extents_differ, kind, operand_kind::input};
        if (out.extent[0] != 1 || in.codes.extent[1] != out.extent[1])
            return {status::extents_differ, kind, operand_kind::output};
        if constexpr (plain::is_proven<typename R::accumulator>) {
            constexpr std::uint64_t most = max_terms<sum_of<R>, operand, uinteger<1>>();
            if (static_cast<std::uint64_t>(rows_) > most)
                return {status::k_exceeds_accumulator, kind, operand_kind::input};
        }
        if (context.measuring() || out.is_empty()) return status::ok;
        if (!ready_) return {status::not_prepared, kind, operand_kind::input_scale};
        if (in.codes.data == nullptr && rows_ != 0) return {status::lhs_null, kind, operand_kind::input};
        if (out.data == nullptr) return {status::dst_null, kind, operand_kind::output};
        const auto epilogue = columns_.epilogue(static_scale{}, in.token);
        for (index j = 0; j < out.extent[1]; ++j) {
            sum_of<R> sum = 0;
            for (index i = 0; i < rows_; ++i) sum += code(in.codes(i, j));
            out(0, j) = epilogue(sum, 0, j);
        }
        return status::ok;
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return ready_.ended(columns_.visit(v));
    }

private:
    static sum_of<R> code(carried<R, operand> x) noexcept {
        if constexpr (carrier_rules::is_fixed<carried<R, operand>>) return static_cast<sum_of<R>>(x.raw());
        else return convert<sum_of<R>>(x);
    }

    index rows_ = 0;
    columns_of<R, Out> columns_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
