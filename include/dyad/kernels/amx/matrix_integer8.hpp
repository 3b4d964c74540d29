// SPDX-License-Identifier: Apache-2.0
// Products of 8-bit integers with AMX-INT8: signs as they are, sums modulo 2^32.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstdint>

#include <dyad/kernels/amx/blocks.hpp>
#include <dyad/kernels/amx/panels.hpp>
#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::amx {

template <class Lhs, class Rhs, tile_product Product>
[[nodiscard]] constexpr matrix_kernel<Lhs, Rhs, std::int32_t> make_integer8_kernel(const char* name) noexcept {
    return {.name = name,
            .isa = instruction_set::amx,
            .lhs_lines = panel_lines,
            .rhs_lines = panel_lines,
            .rhs_panels = 2,
            .depth = step_of<Lhs>::depth,
            .lhs_bytes = &step_of<Lhs>::panel_bytes,
            .rhs_bytes = &step_of<Rhs>::panel_bytes,
            .pack_lhs = &pack_panel<panel_side::lhs, Lhs>,
            .pack_rhs = &pack_panel<panel_side::rhs, Rhs>,
            .multiply = &multiply_panels<Product, std::int32_t>,
            .begin = &configure_tiles,
            .end = &release_tiles};
}

inline constexpr auto s8s8 = make_integer8_kernel<std::int8_t, std::int8_t, tile_product::s8s8>("amx s8s8 32x32");
inline constexpr auto u8s8 = make_integer8_kernel<std::uint8_t, std::int8_t, tile_product::u8s8>("amx u8s8 32x32");
inline constexpr auto s8u8 = make_integer8_kernel<std::int8_t, std::uint8_t, tile_product::s8u8>("amx s8u8 32x32");
inline constexpr auto u8u8 = make_integer8_kernel<std::uint8_t, std::uint8_t, tile_product::u8u8>("amx u8u8 32x32");

}  // namespace dyad::inline v1::amx

#endif
