// SPDX-License-Identifier: Apache-2.0
// Rows of a table by their numbers: dst(i, j) = table(indices[i], j). The look-up of an embedding, and of packed codes
// as the bytes that hold them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

template <class I>
concept row_index = std::same_as<I, std::int32_t> || std::same_as<I, std::int64_t>;

/// The place of the first index that is not the number of one of `rows` rows; the number of indices if there is none.
template <row_index I>
[[nodiscard]] constexpr index first_out_of_range(vector_view<const I> indices, index rows) noexcept {
    index i = 0;
    while (i < indices.extent[0] && indices(i) >= 0 && static_cast<std::int64_t>(indices(i)) < rows) ++i;
    return i;
}

namespace gather_rules {

template <class T, row_index I>
[[nodiscard]] status check(matrix_view<const T> table, vector_view<const I> indices, matrix_view<T> dst) noexcept {
    if (table.extent[0] < 0 || table.extent[1] < 0 || indices.extent[0] < 0) return status::negative_extent;
    if (dst.extent[0] != indices.extent[0] || dst.extent[1] != table.extent[1]) return status::extents_differ;
    if (!indices.is_empty() && indices.data == nullptr) return status::rhs_null;
    if (first_out_of_range(indices, table.extent[0]) != indices.extent[0]) return status::id_out_of_range;
    if (dst.is_empty()) return status::ok;
    if (table.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    if (overlap(memory_of(dst), memory_of(table))) return status::dst_overlaps_lhs;
    return overlap(memory_of(dst), memory_of(indices)) ? status::dst_overlaps_rhs : status::ok;
}

}  // namespace gather_rules

/// lhs: the table; rhs: the indices. All indices are looked at before anything is written: one that is negative or not
/// below the table's rows gives status::id_out_of_range, and first_out_of_range says which. dst is apart from both.
/// Any strides; rows without gaps are copied as bytes.
template <class T, row_index I>
    requires std::is_trivially_copyable_v<T> status gather_rows(matrix_view<const T> table,
                                                                vector_view<const I> indices, matrix_view<T> dst)
noexcept {
    if (const status s = gather_rules::check(table, indices, dst); s != status::ok || dst.is_empty()) return s;
    const bool in_rows = (table.stride[1] == 1 && dst.stride[1] == 1) || dst.extent[1] == 1;
    const std::size_t bytes = static_cast<std::size_t>(dst.extent[1]) * sizeof(T);
    // A row from memory is asked for while some before it are copied: rows are anywhere, no processor foresees them.
    constexpr index ahead = 4;
    constexpr index line = 64 / sizeof(T) > 0 ? static_cast<index>(64 / sizeof(T)) : 1;
    const index n = dst.extent[0];
    for (index i = 0; i < n; ++i) {
        const auto from = static_cast<index>(indices(i));
        if (!in_rows) {
            for (index j = 0; j < dst.extent[1]; ++j) dst(i, j) = table(from, j);
            continue;
        }
        if (i + ahead < n) {
            const T* const next = &table(static_cast<index>(indices(i + ahead)), 0);
            for (index j = 0; j < dst.extent[1]; j += line) __builtin_prefetch(next + j);
        }
        __builtin_memcpy(&dst(i, 0), &table(from, 0), bytes);
    }
    return status::ok;
}

}  // namespace dyad::inline v1
