// SPDX-License-Identifier: Apache-2.0
// view<T, Rank>: a pointer, extents and strides in elements. Never owns.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

namespace dyad::inline v1 {

using index = std::ptrdiff_t;

/// Elements at data[i0 * stride[0] + i1 * stride[1] ...]; strides may be negative, and zero where only read.
template <class T, int Rank>
struct view {
    static_assert(Rank >= 1, "dyad::view's Rank must be at least 1.");
    using element_type = T;
    T* data = nullptr;
    std::array<index, static_cast<std::size_t>(Rank)> extent = {};
    std::array<index, static_cast<std::size_t>(Rank)> stride = {};

    [[nodiscard]] constexpr T& operator()(index i) const noexcept requires(Rank == 1) { return data[i * stride[0]]; }
    [[nodiscard]] constexpr T& operator()(index i, index j) const noexcept requires(Rank == 2) {
        return data[i * stride[0] + j * stride[1]];
    }
    [[nodiscard]] constexpr T& operator()(index i, index j, index k) const noexcept requires(Rank == 3) {
        return data[i * stride[0] + j * stride[1] + k * stride[2]];
    }
    [[nodiscard]] constexpr T& operator()(index i, index j, index k, index l) const noexcept requires(Rank == 4) {
        return data[i * stride[0] + j * stride[1] + k * stride[2] + l * stride[3]];
    }
    /// The same elements, read only.
    [[nodiscard]] constexpr operator view<const T, Rank>() const noexcept  // NOLINT: loses nothing
        requires(!std::is_const_v<T>) {
        return {data, extent, stride};
    }
    [[nodiscard]] constexpr index size() const noexcept {
        index product = 1;
        for (const index e : extent) product *= e;
        return product;
    }
    /// Whatever size() says where the product of the extents is no index.
    [[nodiscard]] constexpr bool is_empty() const noexcept {
        for (const index e : extent) {
            if (e == 0) return true;
        }
        return false;
    }
};

template <class T>
using vector_view = view<T, 1>;
template <class T>
using matrix_view = view<T, 2>;

/// `n` elements in a row.
template <class T>
[[nodiscard]] constexpr vector_view<T> make_vector(T* data, index n) noexcept {
    return {data, {n}, {1}};
}
/// The same view, read only: for templates that deduce `const T`.
template <class T, int Rank>
[[nodiscard]] constexpr view<const T, Rank> as_const(view<T, Rank> v) noexcept {
    return {v.data, v.extent, v.stride};
}
/// Row-major rows x columns.
template <class T>
[[nodiscard]] constexpr matrix_view<T> make_matrix(T* data, index rows, index columns) noexcept {
    return {data, {rows, columns}, {columns, 1}};
}
template <class T>
[[nodiscard]] constexpr matrix_view<T> transposed(matrix_view<T> m) noexcept {
    return {m.data, {m.extent[1], m.extent[0]}, {m.stride[1], m.stride[0]}};
}
/// data + offset, but null stays null: parts of views without memory are views without memory.
template <class T>
[[nodiscard]] constexpr T* shifted(T* data, index offset) noexcept {
    return data == nullptr ? nullptr : data + offset;
}
template <class T>
[[nodiscard]] constexpr vector_view<T> row(matrix_view<T> m, index i) noexcept {
    return {shifted(m.data, i * m.stride[0]), {m.extent[1]}, {m.stride[1]}};
}
/// A vector as a matrix of one row.
template <class T>
[[nodiscard]] constexpr matrix_view<T> as_row(vector_view<T> v) noexcept {
    return {v.data, {1, v.extent[0]}, {0, v.stride[0]}};
}
/// Rows first .. first + count - 1, all columns.
template <class T>
[[nodiscard]] constexpr matrix_view<T> row_block(matrix_view<T> m, index first, index count) noexcept {
    return {shifted(m.data, first * m.stride[0]), {count, m.extent[1]}, m.stride};
}
/// Columns first .. first + count - 1, all rows.
template <class T>
[[nodiscard]] constexpr matrix_view<T> column_block(matrix_view<T> m, index first, index count) noexcept {
    return {shifted(m.data, first * m.stride[1]), {m.extent[0], count}, m.stride};
}

}  // namespace dyad::inline v1
