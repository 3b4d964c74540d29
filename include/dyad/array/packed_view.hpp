// SPDX-License-Identifier: Apache-2.0
// Views of packed storage, as view<T, Rank> is one of elements in memory: bytes, extents and strides in elements, and
// the bit where element 0 begins. Element (i, j) has the bits [p, p + width) of the byte string,
// p = offset + (i * stride[0] + j * stride[1]) * width. Never owns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/packed_iterator.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/assert.hpp>

namespace dyad::inline v1 {

/// T any format of at most 8 bits, const where only read. Strides may be negative, and zero where only read; the offset
/// is in bits, any number. Called with indices it gives a packed_reference, or a value where T is const: so code that
/// takes `const U x = m(i, j)` and `m(i, j) = x` works on either kind of view.
template <class T, int Rank>
struct packed_elements {
    static_assert(packable<std::remove_const_t<T>>, "dyad::packed_elements' T must be a format of 1 to 8 bits.");
    static_assert(Rank >= 1, "dyad::packed_elements' Rank must be at least 1.");
    using element_type = T;
    static constexpr int width = T::width;
    packed_byte<T>* data = nullptr;
    std::array<index, static_cast<std::size_t>(Rank)> extent = {};
    std::array<index, static_cast<std::size_t>(Rank)> stride = {};
    index offset = 0;

    [[nodiscard]] constexpr packed_element<T> operator()(index i) const noexcept requires(Rank == 1) {
        return element_at<T>(data, offset + i * stride[0] * width);
    }
    [[nodiscard]] constexpr packed_element<T> operator()(index i, index j) const noexcept requires(Rank == 2) {
        return element_at<T>(data, offset + (i * stride[0] + j * stride[1]) * width);
    }
    [[nodiscard]] constexpr packed_element<T> operator[](index i) const noexcept requires(Rank == 1) {
        return (*this)(i);
    }
    [[nodiscard]] constexpr packed_iterator<T> begin() const noexcept requires(Rank == 1) {
        return {data, offset, stride[0], 0};
    }
    [[nodiscard]] constexpr packed_iterator<T> end() const noexcept requires(Rank == 1) {
        return {data, offset, stride[0], extent[0]};
    }
    /// The same elements, read only.
    [[nodiscard]] constexpr operator packed_elements<const T, Rank>() const noexcept  // NOLINT: loses nothing
        requires(!std::is_const_v<T>) {
        return {data, extent, stride, offset};
    }
    [[nodiscard]] constexpr index size() const noexcept {
        index product = 1;
        for (const index e : extent) product *= e;
        return product;
    }
    [[nodiscard]] constexpr bool is_empty() const noexcept {
        for (const index e : extent) {
            if (e == 0) return true;
        }
        return false;
    }
};

template <class T>
using packed_view = packed_elements<T, 1>;
template <class T>
using packed_matrix = packed_elements<T, 2>;

/// The first n elements of T in `bytes`, at least packed_size<T>(n) of them.
template <packable T>
[[nodiscard]] constexpr packed_view<T> make_packed(std::span<std::uint8_t> bytes, index n) noexcept {
    DYAD_ASSERT(n >= 0 && packed_size<T>(static_cast<std::size_t>(n)) <= bytes.size());
    return {bytes.data(), {n}, {1}};
}
template <packable T>
[[nodiscard]] constexpr packed_view<const T> make_packed(std::span<const std::uint8_t> bytes, index n) noexcept {
    DYAD_ASSERT(n >= 0 && packed_size<T>(static_cast<std::size_t>(n)) <= bytes.size());
    return {bytes.data(), {n}, {1}};
}
/// Row-major rows x columns without gaps: where columns * width is no multiple of 8 a row may begin inside a byte.
template <packable T>
[[nodiscard]] constexpr packed_matrix<T> make_packed_matrix(std::span<std::uint8_t> bytes, index rows,
                                                            index columns) noexcept {
    DYAD_ASSERT(rows >= 0 && columns >= 0 && packed_size<T>(static_cast<std::size_t>(rows * columns)) <= bytes.size());
    return {bytes.data(), {rows, columns}, {columns, 1}};
}
template <packable T>
[[nodiscard]] constexpr packed_matrix<const T> make_packed_matrix(std::span<const std::uint8_t> bytes, index rows,
                                                                  index columns) noexcept {
    DYAD_ASSERT(rows >= 0 && columns >= 0 && packed_size<T>(static_cast<std::size_t>(rows * columns)) <= bytes.size());
    return {bytes.data(), {rows, columns}, {columns, 1}};
}

/// The same view, read only: for templates that deduce `const T`.
template <class T, int Rank>
[[nodiscard]] constexpr packed_elements<const T, Rank> as_const(packed_elements<T, Rank> v) noexcept {
    return {v.data, v.extent, v.stride, v.offset};
}
// Parts keep `data` and move the offset, so that a part may begin at any bit.
template <class T>
[[nodiscard]] constexpr packed_matrix<T> transposed(packed_matrix<T> m) noexcept {
    return {m.data, {m.extent[1], m.extent[0]}, {m.stride[1], m.stride[0]}, m.offset};
}
template <class T>
[[nodiscard]] constexpr packed_view<T> row(packed_matrix<T> m, index i) noexcept {
    return {m.data, {m.extent[1]}, {m.stride[1]}, m.offset + i * m.stride[0] * m.width};
}
/// Rows first .. first + count - 1, all columns.
template <class T>
[[nodiscard]] constexpr packed_matrix<T> row_block(packed_matrix<T> m, index first, index count) noexcept {
    return {m.data, {count, m.extent[1]}, m.stride, m.offset + first * m.stride[0] * m.width};
}
/// Columns first .. first + count - 1, all rows.
template <class T>
[[nodiscard]] constexpr packed_matrix<T> column_block(packed_matrix<T> m, index first, index count) noexcept {
    return {m.data, {m.extent[0], count}, m.stride, m.offset + first * m.stride[1] * m.width};
}

/// From the byte of the lowest to behind that of the highest element, gaps included; empty for an empty view. Views
/// that meet in one byte overlap, even where no element is common: a write rewrites the byte.
template <class T, int Rank>
[[nodiscard]] byte_range memory_of(packed_elements<T, Rank> v) noexcept {
    if (v.is_empty()) return {};
    index lowest = v.offset;
    index highest = v.offset;
    for (std::size_t r = 0; r < Rank; ++r) {
        const index reach = (v.extent[r] - 1) * v.stride[r] * v.width;
        (reach < 0 ? lowest : highest) += reach;
    }
    return {reinterpret_cast<std::uintptr_t>(v.data + (lowest >> 3)),
            reinterpret_cast<std::uintptr_t>(v.data + ((highest + v.width - 1) >> 3) + 1)};
}
/// As of a matrix in memory: elements apart have no bits in common.
template <class T>
[[nodiscard]] constexpr bool overlaps_itself(packed_matrix<T> m) noexcept {
    return overlaps_itself(matrix_view<const std::uint8_t>{nullptr, m.extent, m.stride});
}

}  // namespace dyad::inline v1

/// A packed view is a view and a borrowed range in the sense of the standard library's ranges.
template <class T>
inline constexpr bool std::ranges::enable_view<dyad::packed_elements<T, 1>> = true;
template <class T>
inline constexpr bool std::ranges::enable_borrowed_range<dyad::packed_elements<T, 1>> = true;
