// SPDX-License-Identifier: Apache-2.0
// Products of 16-bit integers with AMX-INT8. With x = 256 h + l, h signed and l unsigned bytes,
//   x y = 2^16 hx hy + 2^8 (hx ly + lx hy) + lx ly,
// four tiles of int32 sums for 16 x 16 results, every sum exact while k <= 65536:
//   |sum hx hy| <= 2^14 k <= 2^30,  |sum hx ly|, |sum lx hy| <= 128 * 255 k < 2^31,  sum lx ly <= 255^2 k < 2^32,
//   unsigned.
// (Three tiles would do for k <= 32768, but two products in a row on one tile wait for each other.)
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/kernels/amx/blocks.hpp>
#include <dyad/kernels/amx/panels.hpp>
#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::amx {

/// Steps of 64 k that keep the tiles' sums exact.
inline constexpr std::ptrdiff_t exact_steps16 = 1024;
static_assert(128LL * 128 * 64 * exact_steps16 <= 0x7fff'ffffLL);
static_assert(128LL * 255 * 64 * exact_steps16 <= 0x7fff'ffffLL);
static_assert(255LL * 255 * 64 * exact_steps16 <= 0xffff'ffffLL);

/// The four tiles, one after the other: h h, h l, l h, l l.
struct alignas(64) sums16 {
    std::byte tiles[4][tile_bytes];
};

/// 16 x 16 sums of products of bytes.
[[gnu::noinline]] inline void multiply_split(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t steps,
                                             std::ptrdiff_t next_panel, sums16& sums) noexcept {
    zero_tile<0>();
    zero_tile<1>();
    zero_tile<2>();
    zero_tile<3>();
    const std::byte* const end = rhs + steps * 2 * tile_bytes;
    for (; rhs != end; lhs += 2 * tile_bytes, rhs += 2 * tile_bytes) {
        prefetch_two_tiles(rhs, next_panel);
        load_tile<6>(rhs, tile_row_bytes);
        load_tile<4>(lhs, tile_row_bytes);
        add_tile_product<tile_product::s8s8, 0, 4, 6>();
        load_tile<7, tile_bytes>(rhs, tile_row_bytes);
        add_tile_product<tile_product::s8u8, 1, 4, 7>();
        load_tile<5, tile_bytes>(lhs, tile_row_bytes);
        add_tile_product<tile_product::u8s8, 2, 5, 6>();
        add_tile_product<tile_product::u8u8, 3, 5, 7>();
    }
    store_tile<0>(sums.tiles[0], tile_row_bytes);
    store_tile<1>(sums.tiles[1], tile_row_bytes);
    store_tile<2>(sums.tiles[2], tile_row_bytes);
    store_tile<3>(sums.tiles[3], tile_row_bytes);
}

[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::longs signed_eight(const std::byte* from) noexcept {
    avx512::longs x;
    __asm__("vpmovsxdq %1, %0" : "=v"(x) : "m"(*reinterpret_cast<const char(*)[32]>(from)));
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::longs unsigned_eight(const std::byte* from) noexcept {
    avx512::longs x;
    __asm__("vpmovzxdq %1, %0" : "=v"(x) : "m"(*reinterpret_cast<const char(*)[32]>(from)));
    return x;
}

/// Writes or adds the first `columns` sums of one row.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void add_row16(const sums16& from, std::ptrdiff_t row,
                                                                              std::ptrdiff_t columns, std::int64_t* to,
                                                                              tile_start start) noexcept {
    using namespace avx512;
    for (std::ptrdiff_t j = 0; j < columns; j += 8) {
        const std::ptrdiff_t at = row * tile_row_bytes + 4 * j;
        const longs upper = signed_eight(from.tiles[0] + at);
        const longs middle = signed_eight(from.tiles[1] + at) + signed_eight(from.tiles[2] + at);
        longs sum = (upper << 16) + (middle << 8) + unsigned_eight(from.tiles[3] + at);
        const byte_mask some = first_bytes(static_cast<std::size_t>(8 * (columns - j)));
        if (start == tile_start::sums) sum += reinterpret_cast<longs>(load_some(to + j, some));
        store_some(reinterpret_cast<bytes>(sum), some, to + j);
    }
}
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void add_row16(const sums16& from, std::ptrdiff_t row,
                                                                              std::ptrdiff_t columns, std::int32_t* to,
                                                                              tile_start start) noexcept {
    using namespace avx512;
    const std::ptrdiff_t at = row * tile_row_bytes;
    const words middle = load(from.tiles[1] + at) + load(from.tiles[2] + at);
    words sum = (load(from.tiles[0] + at) << 16) + (middle << 8) + load(from.tiles[3] + at);
    const byte_mask some = first_bytes(static_cast<std::size_t>(4 * columns));
    if (start == tile_start::sums) sum += reinterpret_cast<words>(load_some(to, some));
    store_some(reinterpret_cast<bytes>(sum), some, to);
}
template <class Sum>
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] void add_rows16(const sums16& from, std::ptrdiff_t rows,
                                                                   std::ptrdiff_t columns, Sum* to,
                                                                   std::ptrdiff_t stride, tile_start start) noexcept {
    for (std::ptrdiff_t i = 0; i < rows; ++i) add_row16(from, i, columns, to + i * stride, start);
}

/// The kernel, 16 x 16 results at a time. Modulo 2^32 (Sum int32) the tiles' sums may wrap, so k is not cut.
template <class Sum>
void multiply_panels16(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                       Sum* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    const std::ptrdiff_t steps = step_of<std::int16_t>::count(k);
    const std::ptrdiff_t most = std::is_same_v<Sum, std::int32_t> || steps < exact_steps16 ? steps : exact_steps16;
    const std::ptrdiff_t lines16 = steps * step_of<std::int16_t>::bytes;
    sums16 tiles;
    const auto* b = static_cast<const std::byte*>(rhs);
    for (std::ptrdiff_t j = 0; j < columns; j += 16, b += lines16) {
        for (std::ptrdiff_t i = 0; i < rows; i += tile_rows) {
            const auto* const a = static_cast<const std::byte*>(lhs) + i / tile_rows * lines16;
            std::ptrdiff_t s = 0;
            do {  // once if there is no k: sums of nothing are 0
                const std::ptrdiff_t count = steps - s < most ? steps - s : most;
                multiply_split(a + s * 2 * tile_bytes, b + s * 2 * tile_bytes, count, lines16, tiles);
                add_rows16(tiles, rows - i < tile_rows ? rows - i : tile_rows, columns - j < 16 ? columns - j : 16,
                           sums + i * sum_stride + j, sum_stride, s == 0 ? start : tile_start::sums);
                s += count;
            } while (s < steps);
        }
    }
}

template <class Sum>
[[nodiscard]] constexpr matrix_kernel<std::int16_t, std::int16_t, Sum> make_integer16_kernel(
    const char* name) noexcept {
    return {.name = name,
            .isa = instruction_set::amx,
            .lhs_lines = panel_lines,
            .rhs_lines = panel_lines,
            .rhs_panels = 2,
            .depth = step_of<std::int16_t>::depth,
            .lhs_bytes = &step_of<std::int16_t>::panel_bytes,
            .rhs_bytes = &step_of<std::int16_t>::panel_bytes,
            .pack_lhs = &pack_panel<panel_side::lhs, std::int16_t>,
            .pack_rhs = &pack_panel<panel_side::rhs, std::int16_t>,
            .multiply = &multiply_panels16<Sum>,
            .begin = &configure_tiles,
            .end = &release_tiles};
}

inline constexpr auto s16_wide = make_integer16_kernel<std::int64_t>("amx s16 32x32");
inline constexpr auto s16_short = s16_wide;
inline constexpr auto s16s16_32 = make_integer16_kernel<std::int32_t>("amx s16s16 32x32");

}  // namespace dyad::inline v1::amx

#endif
