// SPDX-License-Identifier: Apache-2.0
// What a product of operands with shared scales must not meet. Lines of rhs are columns of the k x n matrix.
#pragma once

#include <cstddef>
#include <span>

#include <dyad/array/block_dot.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/block_operand.hpp>

namespace dyad::inline v1 {

struct block_extents {
    index m = 0;
    index k = 0;
    index n = 0;
};

/// Extents and tiles of the operands that a plan is made for.
template <class A, class B>
[[nodiscard]] status check_planned(const A& lhs, const B& rhs) noexcept {
    for (const index e : {lhs.codes.extent[0], lhs.codes.extent[1], rhs.codes.extent[0], rhs.codes.extent[1]}) {
        if (e < 0) return status::negative_extent;
    }
    if (rhs.codes.extent[1] != lhs.codes.extent[1]) return status::rhs_rows_differ;
    for (const index t : {lhs.scales.tile[0], lhs.scales.tile[1], rhs.scales.tile[0], rhs.scales.tile[1]}) {
        if (t < 1) return status::tile_not_positive;
    }
    return status::ok;
}

/// Does memory hold codes, scales or zero points of a view?
template <class View>
[[nodiscard]] bool meets(byte_range memory, const View& view) noexcept {
    const index lines = view.codes.extent[0];
    const index columns = view.codes.extent[1];
    if (lines == 0 || columns == 0) return false;
    if (overlap(memory, memory_of(view.codes))) return true;
    if (overlap(memory, memory_of(scales_of(view.scales, lines, columns)))) return true;
    if constexpr (stores_zero_points<decltype(View::zero)>)
        return overlap(memory, memory_of(zeros_of(view, lines, columns)));
    else return false;
}

template <class A, class B, class D>
[[nodiscard]] status check_block_product(const A& lhs, const B& rhs, matrix_view<D> dst, const block_extents& planned,
                                         std::span<std::byte> workspace, std::size_t needed) noexcept {
    if (lhs.codes.extent[0] != planned.m) return status::lhs_rows_differ;
    if (lhs.codes.extent[1] != planned.k) return status::lhs_columns_differ;
    if (rhs.codes.extent[1] != planned.k) return status::rhs_rows_differ;
    if (rhs.codes.extent[0] != planned.n) return status::rhs_columns_differ;
    if (dst.extent[0] != planned.m) return status::dst_rows_differ;
    if (dst.extent[1] != planned.n) return status::dst_columns_differ;
    if (const status s = check_operand(lhs, status::lhs_null); s != status::ok) return s;
    if (const status s = check_operand(rhs, status::rhs_null); s != status::ok) return s;
    if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    if (meets(memory_of(dst), lhs)) return status::dst_overlaps_lhs;
    if (meets(memory_of(dst), rhs)) return status::dst_overlaps_rhs;
    if (workspace.size() < needed) return status::workspace_too_small;
    const byte_range scratch = memory_of(workspace);
    const bool touched = meets(scratch, lhs) || meets(scratch, rhs) || overlap(scratch, memory_of(dst));
    return touched ? status::workspace_overlaps_operand : status::ok;
}

}  // namespace dyad::inline v1
