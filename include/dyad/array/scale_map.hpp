// SPDX-License-Identifier: Apache-2.0
// scale_map<S>: which scale an element of a matrix has. Every granularity is a tile: the whole matrix, a row, a column,
// a block along a row or along a column, a rectangle.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// An extent of a tile that takes in all rows, or all columns.
inline constexpr index whole_extent = std::numeric_limits<index>::max();

/// Element (i, j) has the scale at (i / tile[0], j / tile[1]), times tensor_scale. S: a format or a native float, const
/// where it is only read. Strides in scales; never owns.
template <class S>
struct scale_map {
    S* data = nullptr;
    std::array<index, 2> tile = {1, whole_extent};  ///< rows and columns that share a scale, at least 1
    std::array<index, 2> stride = {1, 0};           ///< from a tile to the next one below, and on the right
    float tensor_scale = 1;                         ///< of all elements; positive and finite

    [[nodiscard]] constexpr S& operator()(index i, index j) const noexcept {
        return data[i / tile[0] * stride[0] + j / tile[1] * stride[1]];
    }
    [[nodiscard]] constexpr operator scale_map<const S>() const noexcept  // NOLINT: loses nothing
        requires(!std::is_const_v<S>) {
        return {data, tile, stride, tensor_scale};
    }
};

/// Tiles that cover n elements; 0 of a tile without extent, which a status tells later.
[[nodiscard]] constexpr index tiles_of(index n, index tile) noexcept {
    return tile < 1 ? 0 : n / tile + (n % tile != 0 ? 1 : 0);
}

/// The scales as a matrix: tiles by tiles.
template <class S>
[[nodiscard]] constexpr matrix_view<S> scales_of(const scale_map<S>& map, index rows, index columns) noexcept {
    return {map.data, {tiles_of(rows, map.tile[0]), tiles_of(columns, map.tile[1])}, map.stride};
}

/// One scale.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_tensor(S* scale) noexcept {
    return {scale, {whole_extent, whole_extent}, {0, 0}};
}
/// One for each row (a token, an output channel of weights): `rows` scales.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_row(S* scales) noexcept {
    return {scales, {1, whole_extent}, {1, 0}};
}
/// One for each column: `columns` scales.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_column(S* scales) noexcept {
    return {scales, {whole_extent, 1}, {0, 1}};
}
/// One for each rectangle of tile_rows x tile_columns, row-major, for a matrix of `columns` columns.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_tile(S* scales, index tile_rows, index tile_columns, index columns) noexcept {
    return {scales, {tile_rows, tile_columns}, {tiles_of(columns, tile_columns), 1}};
}
/// One for each `size` elements along a row, row-major.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_row_block(S* scales, index size, index columns) noexcept {
    return per_tile(scales, 1, size, columns);
}
/// One for each `size` elements along a column, row-major.
template <class S>
[[nodiscard]] constexpr scale_map<S> per_column_block(S* scales, index size, index columns) noexcept {
    return per_tile(scales, size, 1, columns);
}

/// The map of the transposed matrix.
template <class S>
[[nodiscard]] constexpr scale_map<S> transposed(const scale_map<S>& map) noexcept {
    return {map.data, {map.tile[1], map.tile[0]}, {map.stride[1], map.stride[0]}, map.tensor_scale};
}

/// Zero points: the code that stands for the value 0, value = (raw - zero point) * scale. None:
struct no_zero_points {};
/// The same for all elements (ggml's Q4_0: 8).
template <int Value>
struct constant_zero_point {
    static constexpr int value = Value;
};
/// One beside each scale, at the same place and with the same strides. Z is an integer type: the element's own raw
/// type, or a wider one (std::int8_t for integer<8>, std::uint8_t for uinteger<8>).
template <class Z>
struct zero_points {
    static_assert(integer_word<std::remove_const_t<Z>>,
                  "dyad::zero_points' Z must be an integer type of 8 to 64 bits.");
    using value_type = std::remove_const_t<Z>;
    Z* data = nullptr;
};

template <class Zero>
inline constexpr bool has_constant_zero_point = false;
template <int Value>
inline constexpr bool has_constant_zero_point<constant_zero_point<Value>> = true;
template <class Zero>
inline constexpr bool stores_zero_points = false;
template <class Z>
inline constexpr bool stores_zero_points<zero_points<Z>> = true;

}  // namespace dyad::inline v1
