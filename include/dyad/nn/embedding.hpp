// SPDX-License-Identifier: Apache-2.0
// embedding: row id of a table for each token, the table kept as the recipe keeps weights, and its rows requantized
// (or dequantized) to the stream: out(i, j) = table(ids(i), j) * scale of the row / out.scale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1::nn {

/// The recipe is that of R's part embed. Weights that are decoded before they are read (blocks that share scales) are
/// kept and decoded row by row.
template <recipe R>
class embedding {
public:
    using own_recipe = part_of<R, part::embed>;
    using weight = typename own_recipe::weight;
    using stream = typename R::stream;
    static constexpr auto kind = layer_kind::embedding;

    layer_status shape(arena& memory, index entries, index width) noexcept {
        if (entries < 0 || width < 0) return {status::negative_extent, kind, operand_kind::geometry};
        ready_.forget();
        entries_ = entries;
        width_ = width;
        return in_layer(kind, take(memory));
    }
    /// Reads name.weight [entries, width]. `out`: what the stream's codes mean.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& out) noexcept {
        return ready_.ended(fill(source, name, out));
    }
    /// out: one row for each id. status::id_out_of_range, before anything is written, where one is no row of the
    /// table.
    template <class Context>
    layer_status run(vector_view<const std::int32_t> ids, matrix_view<stream> out,
                     const Context& context) const noexcept {
        const index n = ids.extent[0];
        if (n < 0) return {status::negative_extent, kind, operand_kind::input};
        if (out.extent[0] != n) return {status::dst_rows_differ, kind, operand_kind::output};
        if (out.extent[1] != width_) return {status::dst_columns_differ, kind, operand_kind::output};
        if (context.measuring()) return decode_and_write(ids, out, context);
        if (out.is_empty()) return status::ok;
        if (!ready_) return in_layer(kind, status::not_prepared);
        if (ids.data == nullptr) return {status::src_null, kind, operand_kind::input};
        if (out.data == nullptr) return {status::dst_null, kind, operand_kind::output};
        if (overlaps_itself(out)) return {status::dst_overlaps_itself, kind, operand_kind::output};
        if (overlap(memory_of(ids), memory_of(out))) return {status::dst_overlaps_src, kind, operand_kind::output};
        for (index i = 0; i < n; ++i) {
            if (ids(i) < 0 || ids(i) >= entries_) return {status::id_out_of_range, kind, operand_kind::input};
        }
        return decode_and_write(ids, out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        ready_.forget();
        if constexpr (has_codes) {
            if (const status s = table_.visit(v); s != status::ok) return s;
        } else {
            for (index i = 0; i < entries_; ++i) {
                if (const status s = table_(i).visit(v); s != status::ok) return s;
            }
        }
        return ready_.ended(columns_.visit(v));
    }

private:
    using weights = weights_of<own_recipe>;
    static constexpr bool has_codes = requires(const weights& w) { w.codes(); };
    using term = sum_of<own_recipe>;

    template <preparation_source Source>
    layer_status fill(Source& source, const path& name, const affine& out) noexcept {
        if (!is_positive_finite(out.scale)) return {status::scale_not_positive, kind, operand_kind::output_scale};
        if constexpr (has_codes) {
            return in_layer(kind, prepare_product<own_recipe>(
                                      source, name, weight_order::outputs_first, bias_kind::none, affine(),
                                      [&](index) { return out; }, table_, columns_));
        } else {
            matrix_view<const float> w;
            const status found = source.parameter((name / "weight").text(), entries_, width_, w);
            if (found != status::ok) return {found, kind, operand_kind::weight};
            for (index i = 0; i < entries_; ++i) {
                const auto set = [&](index, double scale) { return columns_.set(i, {.sum_scale = scale}, out); };
                const status s = table_(i).prepare(
                    row_block(w, i, 1), [&](index) { return out.scale / 1024; }, set);
                if (s != status::ok) return in_layer(kind, s);
            }
            return status::ok;
        }
    }
    status take(arena& memory) noexcept {
        if constexpr (has_codes) {
            if (const status s = table_.shape(memory, entries_, width_); s != status::ok) return s;
        } else {
            if (const status s = memory.take(entries_, table_); s != status::ok) return s;
            for (index i = 0; i < entries_; ++i) {
                weights one;
                if (const status s = one.shape(memory, 1, width_); s != status::ok) return s;
                if (table_.data != nullptr) table_(i) = one;
            }
        }
        return columns_.shape(memory, entries_);
    }

    template <class Context>
    layer_status decode_and_write(vector_view<const std::int32_t> ids, matrix_view<stream> out,
                                  const Context& context) const noexcept {
        const auto epilogue = columns_.epilogue(static_scale{});
        if constexpr (has_codes) {
            if (context.measuring()) return status::ok;
            const auto codes = table_.codes();
            context.execute(ids.extent[0], [&](index i) {
                const index id = ids(i);
                for (index j = 0; j < width_; ++j) out(i, j) = epilogue(term_of(codes(id, j)), 0, id);
            });
        } else {
            // One after the other: they share the memory in which they are decoded.
            const index n = context.measuring() && ids.extent[0] > 0 ? 1 : ids.extent[0];
            for (index i = 0; i < n; ++i) {
                const index id = context.measuring() ? 0 : ids(i);
                const std::size_t mark = context.scratch.used();
                matrix_view<const carried<own_recipe, weight>> values;
                if (entries_ == 0) return status::ok;
                const weights one = context.measuring() ? shaped_row() : table_(id);
                const status s = one.operand(context, values);
                if (s == status::ok && !context.measuring()) {
                    for (index j = 0; j < width_; ++j) out(i, j) = epilogue(term_of(values(0, j)), 0, id);
                }
                context.scratch.rewind(mark);
                if (s != status::ok) return in_layer(kind, s);
            }
        }
        return status::ok;
    }
    /// A row of the table without memory, for measuring.
    [[nodiscard]] weights shaped_row() const noexcept {
        weights one;
        arena counts = arena::measuring();
        static_cast<void>(one.shape(counts, 1, width_));
        return one;
    }
    template <class T>
    [[nodiscard]] static term term_of(T x) noexcept {
        if constexpr (carrier_rules::is_fixed<T>) return static_cast<term>(x.raw());
        else return convert<term>(x);
    }

    index entries_ = 0;
    index width_ = 0;
    std::conditional_t<has_codes, weights, vector_view<weights>> table_;
    columns_of<own_recipe, stream> columns_;
    readiness ready_;
};

}  // namespace dyad::inline v1::nn
