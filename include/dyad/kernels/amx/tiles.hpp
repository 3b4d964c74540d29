// SPDX-License-Identifier: Apache-2.0
// The tile registers of AMX, each function one instruction. Tiles are numbered by template arguments; a tile is 16 rows
// of 64 bytes. Products: sum[i][j] += dot product of row i of lhs with the column of dwords j of rhs (Intel's
// Architectures Software Developer's Manual, volume 2: LDTILECFG, TILELOADD, TDPBSSD, TDPBF16PS).
// Compilers know nothing of the tiles' contents, so that their own spilling and copying never gets in between; every
// function that reads or writes memory says so, or the stores that fill it could be dropped.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

namespace dyad::inline v1::amx {

inline constexpr std::ptrdiff_t tile_rows = 16;
inline constexpr std::ptrdiff_t tile_row_bytes = 64;
inline constexpr std::ptrdiff_t tile_bytes = tile_rows * tile_row_bytes;

/// What LDTILECFG reads.
struct alignas(64) tile_configuration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::array<std::uint8_t, 14> reserved{};
    std::array<std::uint16_t, 16> row_bytes{};
    std::array<std::uint8_t, 16> rows{};
};
static_assert(sizeof(tile_configuration) == 64);

/// All eight tiles whole.
inline constexpr tile_configuration whole_tiles = [] {
    tile_configuration whole;
    for (std::size_t i = 0; i < 8; ++i) {
        whole.row_bytes[i] = tile_row_bytes;
        whole.rows[i] = tile_rows;
    }
    return whole;
}();

/// Makes the tiles of this thread usable, all zero.
inline void configure_tiles() noexcept { __asm__ volatile("ldtilecfg %0" : : "m"(whole_tiles)); }
/// Gives them back: the system then has less to save for this thread.
inline void release_tiles() noexcept { __asm__ volatile("tilerelease"); }

template <int Tile>
[[gnu::always_inline]] inline void zero_tile() noexcept {
    static_assert(Tile >= 0 && Tile < 8, "zero_tile: there are eight tiles");
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(Tile));
}
/// Row i from `from` + Offset + i * stride bytes.
template <int Tile, int Offset = 0>
[[gnu::always_inline]] inline void load_tile(const void* from, std::ptrdiff_t stride) noexcept {
    static_assert(Tile >= 0 && Tile < 8, "load_tile: there are eight tiles");
    __asm__ volatile("tileloadd %c2(%0,%1,1), %%tmm%c3" : : "r"(from), "r"(stride), "i"(Offset), "i"(Tile) : "memory");
}
/// The same for memory that is read once: it need not stay in the caches.
template <int Tile, int Offset = 0>
[[gnu::always_inline]] inline void load_passing_tile(const void* from, std::ptrdiff_t stride) noexcept {
    static_assert(Tile >= 0 && Tile < 8, "load_passing_tile: there are eight tiles");
    __asm__ volatile("tileloaddt1 %c2(%0,%1,1), %%tmm%c3"
                     :
                     : "r"(from), "r"(stride), "i"(Offset), "i"(Tile)
                     : "memory");
}
template <int Tile>
[[gnu::always_inline]] inline void store_tile(void* to, std::ptrdiff_t stride) noexcept {
    static_assert(Tile >= 0 && Tile < 8, "store_tile: there are eight tiles");
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(Tile) : "memory");
}

/// The carriers of a product, lhs first.
enum class tile_product : std::uint8_t { s8s8, s8u8, u8s8, u8u8, bf16 };

/// Tile Sum += tile Lhs * tile Rhs: 64 byte products for each int32, modulo 2^32, or 32 bfloat16 products for each
/// float.
template <tile_product Product, int Sum, int Lhs, int Rhs>
[[gnu::always_inline]] inline void add_tile_product() noexcept {
    static_assert(Sum != Lhs && Lhs != Rhs && Sum != Rhs, "add_tile_product: the three tiles differ");
    if constexpr (Product == tile_product::s8s8)
        __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Lhs), "i"(Rhs));
    else if constexpr (Product == tile_product::s8u8)
        __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Lhs), "i"(Rhs));
    else if constexpr (Product == tile_product::u8s8)
        __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Lhs), "i"(Rhs));
    else if constexpr (Product == tile_product::u8u8)
        __asm__ volatile("tdpbuud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Lhs), "i"(Rhs));
    else __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Lhs), "i"(Rhs));
}

/// Two tiles that lie `distance` bytes on are brought toward the second-level cache, every second line: the processor
/// fetches lines in pairs. The memory may be anyone's, so the address is computed here.
[[gnu::always_inline]] inline void prefetch_two_tiles(const void* from, std::ptrdiff_t distance) noexcept {
    __asm__ volatile(
        ".irp line, 0, 128, 256, 384, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1536, 1664, 1792, 1920\n\t"
        "prefetcht1 \\line(%0,%1,1)\n\t"
        ".endr"
        :
        : "r"(from), "r"(distance));
}

}  // namespace dyad::inline v1::amx

#endif
