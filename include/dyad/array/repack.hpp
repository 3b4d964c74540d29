// SPDX-License-Identifier: Apache-2.0
// The same quantized numbers in another layout: blocks to codes and scales in arrays of their own, and back; bytes to
// packed codes; row-major to column-major. Codes, scales and zero points are copied: nothing is rounded.
#pragma once

#include <concepts>

#include <dyad/array/elements.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>

namespace dyad::inline v1 {

/// Views that hold the same numbers: equal elements, scales, and kinds of zero points.
template <class A, class B>
concept same_quantized = std::same_as<typename A::element, typename B::element> &&
    std::same_as<typename A::scale, typename B::scale> && std::same_as<decltype(A::zero), decltype(B::zero)>;

/// dst = src, code by code and scale by scale. Equal extents (else status::extents_differ), equal tiles and scales of
/// the tensor (else status::scales_differ), no memory in common. Elements behind the last one of a row of blocks get
/// the value 0, and are not read.
template <class From, class To>
    requires same_quantized<From, To> status repack(const From& src, const To& dst)
noexcept {
    using E = typename From::element;
    const index rows = src.codes.extent[0];
    const index columns = src.codes.extent[1];
    if (rows < 0 || columns < 0) return status::negative_extent;
    if (dst.codes.extent[0] != rows || dst.codes.extent[1] != columns) return status::extents_differ;
    for (std::size_t r = 0; r < 2; ++r) {
        if (src.scales.tile[r] < 1 || dst.scales.tile[r] < 1) return status::tile_not_positive;
        const index n = r == 0 ? rows : columns;
        const auto within = [n](index tile) { return tile < n ? tile : n; };
        if (within(src.scales.tile[r]) != within(dst.scales.tile[r])) return status::scales_differ;
    }
    if (src.scales.tensor_scale != dst.scales.tensor_scale) return status::scales_differ;
    if (rows == 0 || columns == 0) return status::ok;
    if (src.codes.data == nullptr) return status::src_null;
    if (dst.codes.data == nullptr) return status::dst_null;
    if (src.scales.data == nullptr || dst.scales.data == nullptr) return status::scales_null;
    const auto scales = scales_of(src.scales, rows, columns);
    const auto new_scales = scales_of(dst.scales, rows, columns);
    if (overlap(memory_of(src.codes), memory_of(dst.codes))) return status::dst_overlaps_src;
    if (overlaps_itself_as_codes(dst.codes)) return status::dst_overlaps_itself;
    if (overlaps_itself(new_scales)) return status::scales_overlap_themselves;
    if (overlap(memory_of(scales), memory_of(dst.codes)) || overlap(memory_of(new_scales), memory_of(src.codes)) ||
        overlap(memory_of(scales), memory_of(new_scales))) {
        return status::scales_overlap_operand;
    }
    if constexpr (stores_zero_points<std::remove_const_t<decltype(src.zero)>>) {
        if (src.zero.data == nullptr || dst.zero.data == nullptr) return status::zero_points_null;
        const byte_range zeros = memory_of(zeros_of(src, rows, columns));
        const byte_range new_zeros = memory_of(zeros_of(dst, rows, columns));
        for (const byte_range other : {memory_of(scales), memory_of(src.codes), zeros}) {
            if (overlap(new_zeros, other)) return status::scales_overlap_operand;
        }
        for (const byte_range other : {memory_of(new_scales), memory_of(dst.codes)}) {
            if (overlap(zeros, other) || overlap(new_zeros, other)) return status::scales_overlap_operand;
        }
    }
    for (index i = 0; i < scales.extent[0]; ++i) {
        for (index j = 0; j < scales.extent[1]; ++j) {
            new_scales(i, j) = scales(i, j);
            if constexpr (stores_zero_points<std::remove_const_t<decltype(src.zero)>>) {
                dst.zero.data[&new_scales(i, j) - dst.scales.data] = src.zero.data[&scales(i, j) - src.scales.data];
            }
        }
    }
    const instruction_set isa = best_instruction_set();
    E piece[convert_piece];
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < columns; j += piece_columns) {
            const index n = columns - j < piece_columns ? columns - j : piece_columns;
            load_elements(isa, src.codes, i, j, n, static_cast<E*>(piece));
            store_elements(isa, dst.codes, i, j, static_cast<const E*>(piece), n);
        }
    }
    return status::ok;
}

}  // namespace dyad::inline v1
