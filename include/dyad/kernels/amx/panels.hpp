// SPDX-License-Identifier: Apache-2.0
// Packing for AMX: 32 lines of carriers to tiles of 16 lines by one step of k.
//   a tile of lhs: row i = line i, 64 bytes of it;
//   a tile of rhs: row r = dwords r of the 16 lines: the transpose of the 16 x 16 dwords that a tile of lhs has.
// 16-bit integers are split, x = 256 h + l with h signed and l unsigned: a step of 64 makes two tiles, h and l.
// A panel: for each step the tiles of lines 0..15, then those of lines 16..31; the two sets of 16 lines of 16-bit
// integers each lie together, for their sums are computed 16 x 16 at a time.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::amx {

inline constexpr std::ptrdiff_t panel_lines = 32;

enum class panel_side : std::uint8_t { lhs, rhs };

/// How k is cut for a carrier, and how many tiles 16 lines of one step make.
template <class T>
struct step_of {
    static constexpr bool split = std::is_same_v<T, std::int16_t>;
    static constexpr std::ptrdiff_t depth = sizeof(T) == 1 || split ? 64 : 32;
    static constexpr std::ptrdiff_t tiles = split ? 2 : 1;
    static constexpr std::ptrdiff_t bytes = tiles * tile_bytes;  ///< of 16 lines

    [[nodiscard]] static constexpr std::ptrdiff_t count(std::ptrdiff_t k) noexcept { return (k + depth - 1) / depth; }
    [[nodiscard]] static constexpr std::ptrdiff_t panel_bytes(std::ptrdiff_t k) noexcept {
        return count(k) * 2 * bytes;
    }
};

/// Quarter or half Place of x becomes the lowest one of y.
template <int Place>
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::bytes with_quarter(avx512::bytes x,
                                                                                 avx512::bytes y) noexcept {
    __asm__("vinserti32x4 %2, %x1, %0, %0" : "+v"(x) : "v"(y), "i"(Place));
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::bytes with_upper_half(avx512::bytes x,
                                                                                    avx512::bytes y) noexcept {
    __asm__("vinserti64x4 $1, %t1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}

/// Places among 128 bytes: byte 4c + q of a dword c from place(q, c).
template <class Place>
[[nodiscard]] constexpr std::array<std::uint8_t, 64> places_of(Place place) noexcept {
    std::array<std::uint8_t, 64> places{};
    for (int c = 0; c < 16; ++c)
        for (int q = 0; q < 4; ++q)
            places[static_cast<std::size_t>(4 * c + q)] = static_cast<std::uint8_t>(place(q, c));
    return places;
}
/// Rows q of 16 bytes; rows q / 2 of 16 halves; the upper or lower bytes of rows q of 16 halves, and of 64 halves in
/// a line.
alignas(64) inline constexpr auto from_four_rows = places_of([](int q, int c) { return 16 * q + c; });
alignas(64) inline constexpr auto from_two_rows = places_of([](int q, int c) { return q / 2 * 32 + 2 * c + q % 2; });
alignas(64) inline constexpr auto upper_of_rows = places_of([](int q, int c) { return 32 * q + 2 * c + 1; });
alignas(64) inline constexpr auto lower_of_rows = places_of([](int q, int c) { return 32 * q + 2 * c; });
alignas(64) inline constexpr auto upper_of_line = places_of([](int q, int c) { return 2 * (4 * c + q) + 1; });
alignas(64) inline constexpr auto lower_of_line = places_of([](int q, int c) { return 2 * (4 * c + q); });

/// Of 32 lines, in one row of two tiles: from four rows of 32 bytes, or from two rows of 32 halves.
template <std::size_t Size>
alignas(64) inline constexpr auto lower_lines = places_of([](int q, int c) {
    return Size == 1 ? 32 * q + c : q / 2 * 64 + 2 * c + q % 2;
});
template <std::size_t Size>
alignas(64) inline constexpr auto upper_lines = places_of([](int q, int c) {
    return Size == 1 ? 32 * q + c + 16 : q / 2 * 64 + 2 * c + q % 2 + 32;
});

/// Two rows of 32 bytes.
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::bytes two_rows(const void* first,
                                                                             const void* second) noexcept {
    using row = const char(*)[32];
    avx512::bytes x;
    __asm__("vmovdqu %1, %t0" : "=v"(x) : "m"(*static_cast<row>(first)));
    __asm__("vinserti64x4 $1, %1, %0, %0" : "+v"(x) : "m"(*static_cast<row>(second)));
    return x;
}

/// Four dwords of rows 0, 4, 8 and 12.
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::words every_fourth_row(const std::byte* from,
                                                                                     std::ptrdiff_t stride) noexcept {
    using quarter = const char(*)[16];
    avx512::words x;
    __asm__("vmovdqu %1, %x0" : "=v"(x) : "m"(*reinterpret_cast<quarter>(from)));
    __asm__("vinserti32x4 $1, %1, %0, %0" : "+v"(x) : "m"(*reinterpret_cast<quarter>(from + 4 * stride)));
    __asm__("vinserti32x4 $2, %1, %0, %0" : "+v"(x) : "m"(*reinterpret_cast<quarter>(from + 8 * stride)));
    __asm__("vinserti32x4 $3, %1, %0, %0" : "+v"(x) : "m"(*reinterpret_cast<quarter>(from + 12 * stride)));
    return x;
}

/// 16 x 16 dwords, rows `stride` bytes apart, four of every row at a time: lane l of x_i has row i + 4l, and a
/// transposition of 4 x 4 in each lane makes four whole rows.
[[gnu::target("avx512f"), gnu::noinline]] inline void transpose_tile(const std::byte* from, std::ptrdiff_t stride,
                                                                     std::byte* to) noexcept {
    using avx512::words;
    for (int column = 0; column < 4; ++column, from += 16, to += 256) {
        const words x0 = every_fourth_row(from, stride);
        const words x1 = every_fourth_row(from + stride, stride);
        const words x2 = every_fourth_row(from + 2 * stride, stride);
        const words x3 = every_fourth_row(from + 3 * stride, stride);
        words low01;
        words low23;
        words high01;
        words high23;
        __asm__("vpunpckldq %2, %1, %0" : "=v"(low01) : "v"(x0), "v"(x1));
        __asm__("vpunpckldq %2, %1, %0" : "=v"(low23) : "v"(x2), "v"(x3));
        __asm__("vpunpckhdq %2, %1, %0" : "=v"(high01) : "v"(x0), "v"(x1));
        __asm__("vpunpckhdq %2, %1, %0" : "=v"(high23) : "v"(x2), "v"(x3));
        words rows[4];
        __asm__("vpunpcklqdq %2, %1, %0" : "=v"(rows[0]) : "v"(low01), "v"(low23));
        __asm__("vpunpckhqdq %2, %1, %0" : "=v"(rows[1]) : "v"(low01), "v"(low23));
        __asm__("vpunpcklqdq %2, %1, %0" : "=v"(rows[2]) : "v"(high01), "v"(high23));
        __asm__("vpunpckhqdq %2, %1, %0" : "=v"(rows[3]) : "v"(high01), "v"(high23));
        __builtin_memcpy(to, rows, sizeof rows);
    }
}

/// Tiles of lhs from lines whose k lie side by side: lines <= 16, k <= depth, the rest zeros.
template <class T>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void take_lines(lines_view<T> from,
                                                                                     std::ptrdiff_t lines,
                                                                                     std::ptrdiff_t k,
                                                                                     std::byte* to) noexcept {
    using namespace avx512;
    constexpr std::ptrdiff_t whole = 64 / static_cast<std::ptrdiff_t>(sizeof(T));
    const byte_mask first = first_bytes(static_cast<std::size_t>(k) * sizeof(T));
    const byte_mask second = k > whole ? first_bytes(static_cast<std::size_t>(k - whole) * sizeof(T)) : 0;
    for (std::ptrdiff_t line = 0; line < tile_rows; ++line, to += tile_row_bytes) {
        bytes x{};
        bytes y{};
        if (line < lines) {
            const T* const data = from.data + line * from.line_stride;
            x = load_some(data, first);
            if (second != 0) y = load_some(data + whole, second);
        }
        if constexpr (step_of<T>::split) {
            store_bytes(look_up(load_bytes(upper_of_line.data()), x, y), to);
            store_bytes(look_up(load_bytes(lower_of_line.data()), x, y), to + tile_bytes);
        } else {
            store_bytes(x, to);
        }
    }
}

/// Element i of every line, where i < k; else zeros.
template <class T>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline avx512::bytes take_row(lines_view<T> from,
                                                                                      std::ptrdiff_t i,
                                                                                      std::ptrdiff_t k,
                                                                                      avx512::byte_mask some) noexcept {
    if (i >= k) return avx512::bytes{};
    return avx512::load_some(from.data + i * from.k_stride, some);
}

/// Tiles of rhs from lines that lie side by side at every k.
template <class T>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void take_columns(lines_view<T> from,
                                                                                       std::ptrdiff_t lines,
                                                                                       std::ptrdiff_t k,
                                                                                       std::byte* to) noexcept {
    using namespace avx512;
    constexpr std::ptrdiff_t rows = step_of<T>::depth / tile_rows;  // of k, in a row of the tile
    const byte_mask some = first_bytes(static_cast<std::size_t>(lines) * sizeof(T));
    for (std::ptrdiff_t i = 0; i < step_of<T>::depth; i += rows, to += tile_row_bytes) {
        const bytes x0 = take_row(from, i, k, some);
        const bytes x1 = take_row(from, i + 1, k, some);
        if constexpr (rows == 2) {
            store_bytes(look_up(load_bytes(from_two_rows.data()), with_upper_half(x0, x1)), to);
        } else {
            const bytes x2 = take_row(from, i + 2, k, some);
            const bytes x3 = take_row(from, i + 3, k, some);
            if constexpr (step_of<T>::split) {
                const bytes low = with_upper_half(x0, x1);
                const bytes high = with_upper_half(x2, x3);
                store_bytes(look_up(load_bytes(upper_of_rows.data()), low, high), to);
                store_bytes(look_up(load_bytes(lower_of_rows.data()), low, high), to + tile_bytes);
            } else {
                const bytes four = with_quarter<3>(with_quarter<2>(with_quarter<1>(x0, x1), x2), x3);
                store_bytes(look_up(load_bytes(from_four_rows.data()), four), to);
            }
        }
    }
}

/// take_columns for 32 lines and a whole step: two rows of tiles at a time, of lines 0..15 and of lines 16..31.
template <class T>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void take_whole_columns(lines_view<T> from,
                                                                                             std::byte* to) noexcept {
    using namespace avx512;
    const bytes lower = load_bytes(lower_lines<sizeof(T)>.data());
    const bytes upper = load_bytes(upper_lines<sizeof(T)>.data());
    const T* row = from.data;
    for (std::ptrdiff_t i = 0; i < tile_rows; ++i, to += tile_row_bytes) {
        bytes x;
        bytes y;
        if constexpr (sizeof(T) == 1) {
            x = two_rows(row, row + from.k_stride);
            row += 2 * from.k_stride;
            y = two_rows(row, row + from.k_stride);
        } else {
            x = load_bytes(row);
            row += from.k_stride;
            y = load_bytes(row);
        }
        // The last row is the last that is there.
        if (i + 1 < tile_rows) row += sizeof(T) == 1 ? 2 * from.k_stride : from.k_stride;
        store_bytes(look_up(lower, x, y), to);
        store_bytes(look_up(upper, x, y), to + tile_bytes);
    }
}

/// Lines of any strides, made lines of one step.
template <class T>
inline void gather_lines(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, T* to) noexcept {
    for (std::ptrdiff_t line = 0; line < lines; ++line)
        for (std::ptrdiff_t i = 0; i < k; ++i)
            to[line * step_of<T>::depth + i] = from.data[line * from.line_stride + i * from.k_stride];
}

/// The tiles of one step of lines <= 16.
template <panel_side Side, class T>
inline void pack_step(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::byte* to) noexcept {
    constexpr std::ptrdiff_t depth = step_of<T>::depth;
    alignas(64) std::byte turned[static_cast<std::size_t>(step_of<T>::bytes)];
    if (lines <= 0) {
        __builtin_memset(to, 0, step_of<T>::bytes);
        return;
    }
    if constexpr (Side == panel_side::rhs && !step_of<T>::split) {
        if (from.k_stride == 1 && lines == tile_rows && k == depth) {
            const auto stride = from.line_stride * static_cast<std::ptrdiff_t>(sizeof(T));
            return transpose_tile(reinterpret_cast<const std::byte*>(from.data), stride, to);
        }
    }
    const bool columns = from.line_stride == 1 && from.k_stride != 1;
    std::byte* const taken = columns == (Side == panel_side::rhs) ? to : turned;
    if (columns) {
        take_columns(from, lines, k, taken);
    } else if (from.k_stride == 1) {
        take_lines(from, lines, k, taken);
    } else {
        T gathered[static_cast<std::size_t>(tile_rows * depth)];
        gather_lines(from, lines, k, gathered);
        take_lines(lines_view<T>{gathered, depth, 1}, lines, k, taken);
    }
    if (taken != to)
        for (std::ptrdiff_t t = 0; t < step_of<T>::tiles; ++t)
            transpose_tile(turned + t * tile_bytes, tile_row_bytes, to + t * tile_bytes);
}

/// One step of a panel at `to`, its two sets of 16 lines `apart` bytes from each other.
template <panel_side Side, class T>
inline void pack_step_of_panel(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::byte* to,
                               std::ptrdiff_t apart) noexcept {
    if constexpr (!step_of<T>::split) {
        const bool columns = from.line_stride == 1 && from.k_stride != 1;
        if (columns && lines == panel_lines && k == step_of<T>::depth) {
            if constexpr (Side == panel_side::rhs) return take_whole_columns(from, to);
            alignas(64) std::byte turned[static_cast<std::size_t>(2 * tile_bytes)];
            take_whole_columns(from, turned);
            transpose_tile(turned, tile_row_bytes, to);
            transpose_tile(turned + tile_bytes, tile_row_bytes, to + tile_bytes);
            return;
        }
    }
    pack_step<Side>(from, lines < tile_rows ? lines : tile_rows, k, to);
    if (lines > tile_rows) from.data += tile_rows * from.line_stride;
    pack_step<Side>(from, lines - tile_rows, k, to + apart);
}

template <panel_side Side, class T>
void pack_panel(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
    using step = step_of<T>;
    constexpr std::ptrdiff_t next = step::split ? step::bytes : 2 * step::bytes;
    const std::ptrdiff_t apart = step::split ? step::count(k) * step::bytes : step::bytes;
    auto* place = static_cast<std::byte*>(to);
    for (std::ptrdiff_t k0 = 0; k0 < k; k0 += step::depth, place += next) {
        const lines_view<T> part = {from.data + k0 * from.k_stride, from.line_stride, from.k_stride};
        pack_step_of_panel<Side>(part, lines, k - k0 < step::depth ? k - k0 : step::depth, place, apart);
    }
}

}  // namespace dyad::inline v1::amx

#endif
