// SPDX-License-Identifier: Apache-2.0
// Elements of a packed view to a row of elements and back: dst[i] = src[i], by the pack kernels where elements lie in a
// row and one of them begins a byte, else one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/convert.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/packed.hpp>
#include <dyad/array/packed_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/kernels/cpu.hpp>

namespace dyad::inline v1 {

/// How many elements stand before the first that begins a byte in a row of elements; all of them where none does.
/// Every eighth element is at the same place in its byte.
template <class T>
[[nodiscard]] constexpr index elements_before_byte(packed_view<T> v) noexcept {
    if (v.stride[0] != 1) return v.extent[0];
    for (index i = 0; i < 8 && i < v.extent[0]; ++i) {
        if (((v.offset + i * v.width) & 7) == 0) return i;
    }
    return v.extent[0];
}

/// As many elements in dst as in src (else status::extents_differ), no byte in common (else status::dst_overlaps_src).
template <packable T>
status copy_from_packed(packed_view<const T> src, std::span<T> dst) noexcept {
    if (src.extent[0] < 0 || static_cast<std::size_t>(src.extent[0]) != dst.size()) return status::extents_differ;
    if (overlap(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    const index first = elements_before_byte(src);
    for (index i = 0; i < first; ++i) dst[static_cast<std::size_t>(i)] = src(i);
    const std::span<T> row = dst.subspan(static_cast<std::size_t>(first));
    if (row.empty()) return status::ok;
    const std::span<const std::uint8_t> bytes(src.data + (src.offset + first * T::width) / 8,
                                              packed_size<T>(row.size()));
    const instruction_set isa = best_instruction_set();
    for (std::size_t i = 0; i < row.size(); i += convert_piece) {
        const std::size_t count = row.size() - i < convert_piece ? row.size() - i : convert_piece;
        unpack_piece<T>(isa, bytes.subspan(packed_size<T>(i)), count, row.data() + i);
    }
    return status::ok;
}

/// And back; the bits around the elements stay. status::dst_overlaps_itself for more than one element at stride 0.
template <packable T>
status copy_to_packed(std::span<const T> src, packed_view<T> dst) noexcept {
    if (dst.extent[0] < 0 || static_cast<std::size_t>(dst.extent[0]) != src.size()) return status::extents_differ;
    if (dst.stride[0] == 0 && dst.extent[0] > 1) return status::dst_overlaps_itself;
    if (overlap(memory_of(src), memory_of(dst))) return status::dst_overlaps_src;
    const index first = elements_before_byte(dst);
    const index n = dst.extent[0];
    // Kernels write whole bytes: eight elements are that, what is left over may share its last byte.
    const index whole = first + (n - first) / 8 * 8;
    for (index i = 0; i < first; ++i) dst(i) = src[static_cast<std::size_t>(i)];
    const instruction_set isa = best_instruction_set();
    for (index i = first; i < whole; i += static_cast<index>(convert_piece)) {
        const index left = whole - i;
        const auto count =
            static_cast<std::size_t>(left) < convert_piece ? static_cast<std::size_t>(left) : convert_piece;
        pack_piece<T>(isa, src.data() + i, count, dst.data + (dst.offset + i * T::width) / 8);
    }
    for (index i = whole; i < n; ++i) dst(i) = src[static_cast<std::size_t>(i)];
    return status::ok;
}

}  // namespace dyad::inline v1
