// SPDX-License-Identifier: Apache-2.0
// A matrix in parts that tasks take side by side: whole tiles, or runs of rows within a row of tiles.
#pragma once

#include <array>

#include <dyad/array/convert.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>

namespace dyad::inline v1 {

/// Rows and columns first .. last - 1 of a matrix.
struct matrix_part {
    index first_row, last_row, first_column, last_column;
};
template <class T>
[[nodiscard]] constexpr matrix_view<T> part_of(matrix_view<T> m, const matrix_part& p) noexcept {
    return column_block(row_block(m, p.first_row, p.last_row - p.first_row), p.first_column,
                        p.last_column - p.first_column);
}

/// Columns that one piece of a row has at most.
inline constexpr index piece_columns = static_cast<index>(convert_piece);

/// Elements of one task, roughly: small enough to stay in a core's cache, large enough to be worth starting.
inline constexpr index quantize_task = index{1} << 15;

/// How a matrix is cut into parts for tasks: rows of tiles into runs of rows, and these into pieces of columns.
struct matrix_cut {
    index tile_rows, part_rows, part_columns, runs, down, across;
    [[nodiscard]] constexpr index parts() const noexcept { return down * runs * across; }
    /// (a short last row of tiles has empty parts)
    [[nodiscard]] constexpr matrix_part operator()(index part, index rows, index columns) const noexcept {
        const index run = part / across;
        const index top = run / runs * tile_rows;
        const index bottom = rows - top < tile_rows ? rows : top + tile_rows;
        const index i = top + run % runs * part_rows;
        const index j = part % across * part_columns;
        return {i < bottom ? i : bottom, bottom - i < part_rows ? bottom : i + part_rows, j,
                columns - j < part_columns ? columns : j + part_columns};
    }
};
[[nodiscard]] constexpr matrix_cut cut_matrix(index rows, index columns, index tile_rows, index part_rows,
                                              index part_columns) noexcept {
    return {tile_rows,
            part_rows,
            part_columns,
            tiles_of(tile_rows, part_rows),
            tiles_of(rows, tile_rows),
            tiles_of(columns, part_columns)};
}
/// Parts one tile high and as many whole tiles wide as a piece of a row takes, or one wider tile.
[[nodiscard]] constexpr matrix_cut cut_into_tiles(index rows, index columns, std::array<index, 2> tile) noexcept {
    const index height = tile[0] < rows ? tile[0] : rows;
    const index width = tile[1] < columns ? tile[1] : columns;
    return cut_matrix(rows, columns, height, height, width >= piece_columns ? width : piece_columns / width * width);
}
/// Parts of some rows of one row of tiles, whatever the tiles' columns.
[[nodiscard]] constexpr matrix_cut cut_into_rows(index rows, index columns, index tile_rows, index separable) noexcept {
    constexpr index run = 32;
    const index height = tile_rows < rows ? tile_rows : rows;
    const index part_rows = height < run ? height : run;
    const index pieces = quantize_task / part_rows / separable;
    return cut_matrix(rows, columns, height, part_rows, (pieces < 1 ? 1 : pieces) * separable);
}

/// f(part) for all parts, several in one task, in the default floating-point environment: what f calls must not be
/// inlined, so that no operation moves out of it. `alone`: one task, as neighbouring parts meet in a byte.
template <class F, executor Executor>
void for_each_part(const matrix_cut& cut, index rows, index columns, bool alone, const F& f, Executor& execute) {
    const index parts = cut.parts();
    const index of_part = cut.part_rows * (cut.part_columns < columns ? cut.part_columns : columns);
    const index in_task = alone ? parts : of_part >= quantize_task ? 1 : quantize_task / of_part;
    execute(tiles_of(parts, in_task), [&](index task) {
        const default_float_environment environment;
        const index first = task * in_task;
        const index last = parts - first < in_task ? parts : first + in_task;
        for (index p = first; p < last; ++p) f(cut(p, rows, columns));
    });
}

}  // namespace dyad::inline v1
