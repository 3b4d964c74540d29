// SPDX-License-Identifier: Apache-2.0
// Elements of a row in and out of the storage they have: pieces of rows as arrays, which is what kernels take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/packed.hpp>
#include <dyad/array/packed_copy.hpp>
#include <dyad/array/packed_view.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/pack.hpp>

namespace dyad::inline v1 {

/// dst[c] = element (i, j + c) for c < n; at most convert_piece of them.
template <class T>
void load_elements(instruction_set, matrix_view<T> m, index i, index j, index n, std::remove_const_t<T>* dst) noexcept {
    const T* from = m.data + i * m.stride[0] + j * m.stride[1];
    if (m.stride[1] == 1) {
        __builtin_memcpy(dst, from, static_cast<std::size_t>(n) * sizeof(T));
    } else {
        for (index c = 0; c < n; ++c) dst[c] = from[c * m.stride[1]];
    }
}
/// Element (i, j + c) = src[c] for c < n.
template <class T>
void store_elements(instruction_set, matrix_view<T> m, index i, index j, const T* src, index n) noexcept {
    T* to = m.data + i * m.stride[0] + j * m.stride[1];
    if (m.stride[1] == 1) {
        __builtin_memcpy(to, src, static_cast<std::size_t>(n) * sizeof(T));
    } else {
        for (index c = 0; c < n; ++c) to[c * m.stride[1]] = src[c];
    }
}

/// Packed rows: by the pack kernels where a row's elements lie side by side, and some begin a byte.
template <class T>
[[nodiscard]] packed_view<T> piece_of_row(packed_matrix<T> m, index i, index j, index n) noexcept {
    return row(column_block(m, j, n), i);
}
template <class T>
void load_elements(instruction_set, packed_matrix<T> m, index i, index j, index n,
                   std::remove_const_t<T>* dst) noexcept {
    using element = std::remove_const_t<T>;
    const packed_view<const element> from = piece_of_row(m, i, j, n);
    static_cast<void>(copy_from_packed(from, std::span<element>(dst, static_cast<std::size_t>(n))));
}
template <class T>
void store_elements(instruction_set, packed_matrix<T> m, index i, index j, const T* src, index n) noexcept {
    static_cast<void>(copy_to_packed(std::span<const T>(src, static_cast<std::size_t>(n)), piece_of_row(m, i, j, n)));
}

/// The element of a block whose value is 0.
template <class B>
[[nodiscard]] constexpr typename B::element_type zero_element() noexcept {
    using E = typename B::element_type;
    if constexpr (B::layout.zero_point != 0) return E::saturating_from_raw(B::layout.zero_point);
    else return E::from_bits(0);
}

/// Blocks whose codes are bits in order, and full: those of many blocks pack as one string.
template <class B>
inline constexpr bool packs_in_order =
    B::layout.order == code_order::in_order&& B::element_type::width <= 8 && B::size* B::element_type::width % 8 == 0;

/// The elements of blocks: whole blocks at once where they pack in order, the rest one by one.
template <block_type B>
void load_elements(instruction_set isa, block_codes<B> m, index i, index j, index n,
                   element_of<block_codes<B>>* dst) noexcept {
    using plain = std::remove_const_t<B>;
    if constexpr (packs_in_order<plain>) {
        if (j % plain::size == 0 && n >= plain::size) {
            constexpr auto bytes = static_cast<std::size_t>(plain::code_bytes);
            constexpr auto most = convert_piece / static_cast<std::size_t>(plain::size) * bytes;
            const auto blocks = static_cast<std::size_t>(n / plain::size);
            std::uint8_t codes[most > 0 ? most + 64 : 1];  // (kernels read on to the end of a vector)
            const plain* from = &m.block_of(i, j);
            for (std::size_t b = 0; b < blocks; ++b) __builtin_memcpy(codes + b * bytes, from[b].codes, bytes);
            unpack_piece(isa, std::span<const std::uint8_t>(codes), blocks * static_cast<std::size_t>(plain::size),
                         dst);
            const index done = static_cast<index>(blocks) * plain::size;
            j += done, dst += done, n -= done;
        }
    }
    if constexpr (plain::layout.order == code_order::halves) {
        constexpr auto size = static_cast<std::size_t>(plain::size);
        for (; j % plain::size == 0 && n >= plain::size; j += plain::size, dst += size, n -= plain::size) {
            std::uint8_t codes[size];
            unpack_halves<plain::element_type::width, size>(m.block_of(i, j).codes, static_cast<std::uint8_t*>(codes));
            for (std::size_t c = 0; c < size; ++c) dst[c] = plain::element_type::from_bits(codes[c]);
        }
    }
    for (index c = 0; c < n; ++c) dst[c] = m(i, j + c);
}
template <block_type B>
void store_elements(instruction_set isa, block_codes<B> m, index i, index j, const typename B::element_type* src,
                    index n) noexcept {
    if constexpr (packs_in_order<B>) {
        if (j % B::size == 0 && n >= B::size) {
            constexpr auto bytes = static_cast<std::size_t>(B::code_bytes);
            constexpr auto most = convert_piece / static_cast<std::size_t>(B::size) * bytes;
            const auto blocks = static_cast<std::size_t>(n / B::size);
            std::uint8_t codes[most > 0 ? most : 1];
            pack_piece(isa, src, blocks * static_cast<std::size_t>(B::size), static_cast<std::uint8_t*>(codes));
            B* to = &m.block_of(i, j);
            for (std::size_t b = 0; b < blocks; ++b) __builtin_memcpy(to[b].codes, codes + b * bytes, bytes);
            const index done = static_cast<index>(blocks) * B::size;
            j += done, src += done, n -= done;
        }
    }
    if constexpr (B::layout.order == code_order::halves) {
        constexpr auto size = static_cast<std::size_t>(B::size);
        for (; j % B::size == 0 && n >= B::size; j += B::size, src += size, n -= B::size) {
            std::uint8_t codes[size];
            for (std::size_t c = 0; c < size; ++c) codes[c] = src[c].bits();
            pack_halves<B::element_type::width, size>(codes, m.block_of(i, j).codes);
        }
    }
    for (index c = 0; c < n; ++c) m(i, j + c) = src[c];
    // What is left of the row's last block gets codes of the value 0.
    if (n == 0 || j + n != m.extent[1]) return;
    for (index c = j + n; c % B::size != 0; ++c) {
        m.block_of(i, j + n - 1).set_element(static_cast<int>(c % B::size), zero_element<B>());
    }
}

/// Do neighbouring rows meet in a byte? Then they cannot be written at the same time.
template <class T>
[[nodiscard]] constexpr bool rows_share_bytes(matrix_view<T>) noexcept {
    return false;
}
template <class T>
[[nodiscard]] constexpr bool rows_share_bytes(packed_matrix<T> m) noexcept {
    return m.extent[0] > 1 && (m.stride[1] != 1 || m.stride[0] * m.width % 8 != 0 || m.offset % 8 != 0);
}
template <class B>
[[nodiscard]] constexpr bool rows_share_bytes(block_codes<B>) noexcept {
    return false;
}
/// Columns at whose multiples a row can be cut so that both parts can be written at the same time.
template <class T>
[[nodiscard]] constexpr index separable_columns(matrix_view<T>) noexcept {
    return 1;
}
template <class T>
[[nodiscard]] constexpr index separable_columns(packed_matrix<T> m) noexcept {
    // (rows that begin in a byte, and in which eight elements are whole bytes)
    return m.stride[1] == 1 && m.offset % 8 == 0 ? 8 : m.extent[1] > 0 ? m.extent[1] : 1;
}
template <class B>
[[nodiscard]] constexpr index separable_columns(block_codes<B>) noexcept {
    return B::size;
}

template <class B>
[[nodiscard]] byte_range memory_of(block_codes<B> m) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(m.data);
    return {first, first + static_cast<std::uintptr_t>(m.extent[0] * m.blocks_in_row()) * sizeof(B)};
}
template <class T>
[[nodiscard]] constexpr bool overlaps_itself_as_codes(matrix_view<T> m) noexcept {
    return overlaps_itself(m);
}
template <class T>
[[nodiscard]] constexpr bool overlaps_itself_as_codes(packed_matrix<T> m) noexcept {
    return overlaps_itself(m);
}
template <class B>
[[nodiscard]] constexpr bool overlaps_itself_as_codes(block_codes<B>) noexcept {
    return false;
}

}  // namespace dyad::inline v1
