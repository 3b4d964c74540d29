// SPDX-License-Identifier: Apache-2.0
// What the matrix kernels of AArch64 share: a call walks over panels of rhs, and tiles may overhang the edge of the
// sums.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::neon {

/// A panel's size is a multiple of a cache line.
[[nodiscard]] constexpr std::ptrdiff_t whole_lines(std::ptrdiff_t bytes) noexcept { return (bytes + 63) / 64 * 64; }

/// Tile::run(lhs, rhs, k, sums, stride, start) writes all Tile::lhs_lines x Tile::rhs_lines sums of a panel of lhs with
/// one of rhs. What of them is not asked for goes through a tile of its own.
template <class Tile>
void multiply_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                     typename Tile::sum_type* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    using sum_type = typename Tile::sum_type;
    const auto* panel = static_cast<const std::byte*>(rhs);
    for (std::ptrdiff_t j = 0; j < columns; j += Tile::rhs_lines, panel += Tile::rhs_bytes(k)) {
        const std::ptrdiff_t width = columns - j < Tile::rhs_lines ? columns - j : Tile::rhs_lines;
        sum_type* const corner = sums + j;
        if (rows == Tile::lhs_lines && width == Tile::rhs_lines) {
            Tile::run(lhs, panel, k, corner, sum_stride, start);
            continue;
        }
        alignas(64) sum_type whole[Tile::lhs_lines * Tile::rhs_lines] = {};
        if (start == tile_start::sums) {
            for (std::ptrdiff_t r = 0; r < rows; ++r)
                for (std::ptrdiff_t c = 0; c < width; ++c) whole[r * Tile::rhs_lines + c] = corner[r * sum_stride + c];
        }
        Tile::run(lhs, panel, k, whole, Tile::rhs_lines, start);
        for (std::ptrdiff_t r = 0; r < rows; ++r)
            for (std::ptrdiff_t c = 0; c < width; ++c) corner[r * sum_stride + c] = whole[r * Tile::rhs_lines + c];
    }
}

template <class Tile>
[[nodiscard]] constexpr matrix_kernel<typename Tile::lhs_type, typename Tile::rhs_type, typename Tile::sum_type>
make_matrix_kernel(const char* name, instruction_set isa) noexcept {
    return {.name = name,
            .isa = isa,
            .lhs_lines = Tile::lhs_lines,
            .rhs_lines = Tile::rhs_lines,
            .rhs_panels = 4,
            .depth = Tile::depth,
            .lhs_bytes = &Tile::lhs_bytes,
            .rhs_bytes = &Tile::rhs_bytes,
            .pack_lhs = &Tile::pack_lhs,
            .pack_rhs = &Tile::pack_rhs,
            .multiply = &multiply_panels<Tile>};
}

}  // namespace dyad::inline v1::neon

#endif
