// SPDX-License-Identifier: Apache-2.0
// Elements of a row in and out of the storage they have: pieces of rows as arrays, which is what kernels take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/packed.hpp>
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

/// The elements of blocks: whole blocks at once where their order and width allow, the rest one by one.
template <class B>
inline constexpr bool packs_in_order = B::layout.order == code_order::in_order&& B::element_type::width <= 8;

template <block_type B>
void load_elements(instruction_set isa, block_codes<B> m, index i, index j, index n,
                   element_of<block_codes<B>>* dst) noexcept {
    using plain = std::remove_const_t<B>;
    for (index c = 0; c < n;) {
        const index at = (j + c) % plain::size;
        const index rest = plain::size - at < n - c ? plain::size - at : n - c;
        if constexpr (packs_in_order<plain>) {
            if (at == 0) {
                const plain& from = m.block_of(i, j + c);
                unpack_piece(isa, std::span<const std::uint8_t>(from.codes), static_cast<std::size_t>(rest), dst + c);
                c += rest;
                continue;
            }
        }
        for (index k = 0; k < rest; ++k) dst[c + k] = m(i, j + c + k);
        c += rest;
    }
}
template <block_type B>
void store_elements(instruction_set isa, block_codes<B> m, index i, index j, const typename B::element_type* src,
                    index n) noexcept {
    for (index c = 0; c < n;) {
        const index at = (j + c) % B::size;
        const index rest = B::size - at < n - c ? B::size - at : n - c;
        B& to = m.block_of(i, j + c);
        if constexpr (packs_in_order<B>) {
            if (at == 0 && (rest == B::size || j + c + rest == m.extent[1])) {
                // (the rest of the last block becomes zeros)
                for (std::uint8_t& byte : to.codes) byte = 0;
                pack_piece(isa, src + c, static_cast<std::size_t>(rest), static_cast<std::uint8_t*>(to.codes));
                c += rest;
                continue;
            }
        }
        for (index k = 0; k < rest; ++k) to.set_element(static_cast<int>(at + k), src[c + k]);
        if (j + c + rest == m.extent[1]) {
            for (index k = at + rest; k < B::size; ++k)
                to.set_element(static_cast<int>(k), B::element_type::from_bits(0));
        }
        c += rest;
    }
}

/// Do neighbouring rows meet in a byte? Then they cannot be written at the same time.
template <class T>
[[nodiscard]] constexpr bool rows_share_bytes(matrix_view<T>) noexcept {
    return false;
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
template <class B>
[[nodiscard]] constexpr bool overlaps_itself_as_codes(block_codes<B>) noexcept {
    return false;
}

}  // namespace dyad::inline v1
