// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding as a layer: each head of row i is turned by the angles of position first + i
// (array/rotary.hpp has the formula, the source and the error bounds). Signed fixed-point codes turn by tables of
// integers, floats by tables of float, other numbers as floats: convert, turn, convert back, one rounding each.
#pragma once

#include <cstdint>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/rotary.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// Which rotation: pairs of neighbours or of halves, angles by base and the width of a head, positions 0 on.
struct rotary_geometry {
    std::uint32_t base = 10000;
    index head_width = 0;
    index positions = 0;  ///< how many
    rotary_layout layout = rotary_layout::halves;
};

namespace rotary_rules {

/// The numbers of a table: 14 fraction bits turn codes of 8 bits within half a code and 2^-7; wider codes need 30.
template <class T>
struct table_code {
    using type = float;
};
template <fixed_point T>
struct table_code<T> {
    using type = std::conditional_t<(T::width <= 8), fixed<16, 14>, fixed<32, 30>>;
};

}  // namespace rotary_rules

/// Turns rows of heads side by side. It has no parameters: the tables follow from the geometry when `shape` takes their
/// memory.
template <number T>
class rotary {
    using code = typename rotary_rules::table_code<T>::type;
    static constexpr bool by_table = rotatable_by<T, code>;
    static_assert(by_table || !fixed_point<T>, "dyad::nn::rotary needs signed codes: a turn changes signs.");

public:
    layer_status shape(arena& memory, const rotary_geometry& g) noexcept {
        const auto at_fault = [](status s) { return in_layer(layer_kind::rotary, operand_kind::geometry, s); };
        if (g.positions < 0) return at_fault(status::negative_extent);
        if (g.head_width <= 0 || g.head_width % 2 != 0) return at_fault(status::width_odd);
        if (g.base == 0) return at_fault(status::scale_not_positive);
        matrix_view<code> table;
        const status s = memory.take(g.positions, g.head_width, table);
        if (s != status::ok) return in_layer(layer_kind::rotary, s);
        geometry_ = g;
        if (memory.is_measuring()) return status::ok;
        return at_fault(
            table_.set(g.base, g.head_width, g.positions, make_vector(table.data, g.positions * g.head_width)));
    }

    /// in, out: rows x (heads * head_width), row i at position first + i; out may be in.
    template <class Context>
    layer_status run(matrix_view<const T> in, index first, matrix_view<T> out, const Context& context) const noexcept {
        if (in.extent != out.extent) return {status::extents_differ, layer_kind::rotary, operand_kind::output};
        if (geometry_.head_width == 0) return {status::table_missing, layer_kind::rotary, operand_kind::geometry};
        if (in.extent[1] % geometry_.head_width != 0)
            return {status::heads_do_not_divide_width, layer_kind::rotary, operand_kind::input};
        if (first < 0 || first > geometry_.positions || in.extent[0] > geometry_.positions - first)
            return {status::position_out_of_range, layer_kind::rotary, operand_kind::position};
        const std::size_t mark = context.scratch.used();
        const status s = turn(in, first, out, context);
        context.scratch.rewind(mark);
        return in_layer(layer_kind::rotary, s);
    }

private:
    /// Rows of one task: a turn costs less than handing a task over.
    static constexpr index together = 16;

    template <class Context>
    status turn(matrix_view<const T> in, index first, matrix_view<T> out, const Context& context) const noexcept {
        const index rows = in.extent[0];
        if constexpr (by_table) {
            if (context.measuring() || rows == 0) return status::ok;
            return turn_rows(in, first, out, context);
        } else {
            matrix_view<float> floats;
            if (const status s = context.scratch.take(rows, in.extent[1], floats); s != status::ok) return s;
            if (context.measuring() || in.is_empty()) return status::ok;
            if (in.data == nullptr) return status::lhs_null;
            if (out.data == nullptr) return status::dst_null;
            context.execute(rows, [&](index i) {
                for (index j = 0; j < in.extent[1]; ++j) floats(i, j) = convert<float>(in(i, j));
            });
            if (const status s = turn_rows(as_const(floats), first, floats, context); s != status::ok) return s;
            context.execute(rows, [&](index i) {
                for (index j = 0; j < in.extent[1]; ++j) {
                    out(i, j) = convert<T>(floats(i, j), rounding::nearest_even, saturation::finite);
                }
            });
            return status::ok;
        }
    }
    template <class U, class Context>
    status turn_rows(matrix_view<const U> in, index first, matrix_view<U> out, const Context& context) const noexcept {
        const index rows = in.extent[0];
        const row_options options{context.cap};
        const auto part = [&](index at) {
            const index count = rows - at < together ? rows - at : together;
            return table_.run(row_block(in, at, count), first + at, geometry_.layout, row_block(out, at, count),
                              options);
        };
        // What can fail, fails for the first rows as well.
        if (const status s = part(0); s != status::ok) return s;
        context.execute((rows - 1) / together, [&](index i) { static_cast<void>(part((i + 1) * together)); });
        return status::ok;
    }

    rotary_geometry geometry_;
    rotary_table<code> table_;
};

}  // namespace dyad::inline v1::nn
