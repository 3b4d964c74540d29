// SPDX-License-Identifier: Apache-2.0
// The operands of an operation that makes each element of dst from one of lhs and one of rhs: what is checked before
// anything is written, and the longest runs of elements in a row.
#pragma once

#include <dyad/array/map_operands.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// Equal extents, memory where there are elements, and dst's elements apart from each other and from the operands', or
/// the same as those of one, or both, one by one.
template <class X, class Y, class To>
[[nodiscard]] status check_sum(matrix_view<const X> lhs, matrix_view<const Y> rhs, matrix_view<To> dst) noexcept {
    if (lhs.extent != dst.extent || rhs.extent != dst.extent) return status::extents_differ;
    if (dst.extent[0] < 0 || dst.extent[1] < 0) return status::negative_extent;
    if (dst.is_empty()) return status::ok;
    if (lhs.data == nullptr) return status::lhs_null;
    if (rhs.data == nullptr) return status::rhs_null;
    if (dst.data == nullptr) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    if (overlap(memory_of(lhs), memory_of(dst)) && !same_places(lhs, dst)) return status::dst_overlaps_lhs;
    if (overlap(memory_of(rhs), memory_of(dst)) && !same_places(rhs, dst)) return status::dst_overlaps_rhs;
    return status::ok;
}

/// Three matrices with the same extents whose rows are without gaps; or not, and then element by element.
template <class X, class Y, class To>
struct summed_rows {
    matrix_view<const X> lhs;
    matrix_view<const Y> rhs;
    matrix_view<To> dst;
    bool in_rows;

    /// Columns that have no gaps become rows, and rows that stand end to end in all three one row.
    [[nodiscard]] static summed_rows of(matrix_view<const X> lhs, matrix_view<const Y> rhs,
                                        matrix_view<To> dst) noexcept {
        const auto in_columns = [](const auto& v) { return v.stride[1] != 1 && v.stride[0] == 1; };
        if (in_columns(lhs) && in_columns(rhs) && in_columns(dst))
            return of(transposed(lhs), transposed(rhs), transposed(dst));
        const index columns = dst.extent[1];
        const bool in_rows = (lhs.stride[1] == 1 && rhs.stride[1] == 1 && dst.stride[1] == 1) || columns == 1;
        const bool end_to_end = lhs.stride[0] == columns && rhs.stride[0] == columns && dst.stride[0] == columns;
        if (in_rows && end_to_end) {
            const index n = dst.extent[0] * columns;
            return {make_matrix(lhs.data, 1, n), make_matrix(rhs.data, 1, n), make_matrix(dst.data, 1, n), true};
        }
        return {lhs, rhs, dst, in_rows};
    }
    /// element(x, y, to) one by one.
    template <class Element>
    void for_each(const Element& element) const noexcept {
        for (index i = 0; i < dst.extent[0]; ++i) {
            for (index j = 0; j < dst.extent[1]; ++j) element(&lhs(i, j), &rhs(i, j), &dst(i, j));
        }
    }
    /// run(x, y, to, n) row by row, or element by element with n = 1.
    template <class Run>
    void for_each_run(const Run& run) const noexcept {
        if (!in_rows) return for_each([&](const X* x, const Y* y, To* to) { run(x, y, to, index{1}); });
        for (index i = 0; i < dst.extent[0]; ++i) run(&lhs(i, 0), &rhs(i, 0), &dst(i, 0), dst.extent[1]);
    }
};

}  // namespace dyad::inline v1
