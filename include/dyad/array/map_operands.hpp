// SPDX-License-Identifier: Apache-2.0
// The operands of an operation that makes each element, or each row, of dst from that of src: what is checked before
// anything is written, and the longest runs of elements in a row.
#pragma once

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// Elements of one size at the same places.
template <class From, class To>
[[nodiscard]] bool same_places(matrix_view<const From> src, matrix_view<To> dst) noexcept {
    const bool at_once = static_cast<const void*>(src.data) == static_cast<const void*>(dst.data);
    const bool down = src.stride[0] == dst.stride[0] || dst.extent[0] == 1;
    const bool across = src.stride[1] == dst.stride[1] || dst.extent[1] == 1;
    return at_once && sizeof(From) == sizeof(To) && down && across;
}

/// Equal extents, memory where there are elements, and dst's elements apart from each other and from src's, or the same
/// as these one by one.
template <class From, class To>
[[nodiscard]] status check_map(matrix_view<const From> src, matrix_view<To> dst) noexcept {
    if (src.extent != dst.extent) return status::extents_differ;
    if (src.extent[0] < 0 || src.extent[1] < 0) return status::negative_extent;
    if (src.is_empty()) return status::ok;
    if (src.data == nullptr) return status::src_null;
    if (dst.data == nullptr) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    if (overlap(memory_of(src), memory_of(dst)) && !same_places(src, dst)) return status::dst_overlaps_src;
    return status::ok;
}

/// run(from, to, n) for elements that stand in a row in both operands, as many at once as there are; element(from, to)
/// one by one where there are none.
template <class From, class To, class Run, class Element>
void for_each_run(matrix_view<const From> src, matrix_view<To> dst, Run run, Element element) noexcept {
    if (src.stride[1] != 1 && src.stride[0] == 1 && dst.stride[0] == 1) {
        src = transposed(src);
        dst = transposed(dst);
    }
    const index columns = src.extent[1];
    const bool in_rows = (src.stride[1] == 1 && dst.stride[1] == 1) || columns == 1;
    const bool end_to_end = src.stride[0] == columns && dst.stride[0] == columns;
    if (in_rows && end_to_end) return run(src.data, dst.data, src.extent[0] * columns);
    for (index i = 0; i < src.extent[0]; ++i) {
        if (in_rows) {
            run(&src(i, 0), &dst(i, 0), columns);
        } else {
            for (index j = 0; j < columns; ++j) element(&src(i, j), &dst(i, j));
        }
    }
}

}  // namespace dyad::inline v1
