// SPDX-License-Identifier: Apache-2.0
// Panels of the integer matrix kernels by vpmaddwd, packed: words of two halves along k, bytes widened to halves, those
// of all lines of a step side by side. Groups of eight lines whose k lie together are transposed as matrices of words;
// lines side by side in memory (row-major k x n) are interleaved row by row; all else goes through a block on the
// stack.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/integer_tile.hpp>

namespace dyad::inline v1::avx2 {

using tile_longs [[gnu::vector_size(32)]] = std::uint64_t;
using tile_halves [[gnu::vector_size(32)]] = std::int16_t;
using eight_carriers [[gnu::vector_size(16)]] = std::int16_t;

/// Carriers as halves.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline tile_words load_sixteen(const T* from) noexcept {
    using carriers [[gnu::vector_size(16 * sizeof(T))]] = T;
    carriers x;
    __builtin_memcpy(&x, from, sizeof x);
    return reinterpret_cast<tile_words>(__builtin_convertvector(x, tile_halves));
}
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline eight_carriers load_eight_carriers(const T* from) noexcept {
    using carriers [[gnu::vector_size(8 * sizeof(T))]] = T;
    carriers x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, eight_carriers);
}

/// Two vectors' words, and long words, interleaved in each lane.
[[gnu::target("avx2"), gnu::always_inline]] inline tile_longs low_words(tile_words a, tile_words b) noexcept {
    return reinterpret_cast<tile_longs>(__builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13));
}
[[gnu::target("avx2"), gnu::always_inline]] inline tile_longs high_words(tile_words a, tile_words b) noexcept {
    return reinterpret_cast<tile_longs>(__builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15));
}
[[gnu::target("avx2"), gnu::always_inline]] inline tile_longs low_longs(tile_longs a, tile_longs b) noexcept {
    return __builtin_shufflevector(a, b, 0, 4, 2, 6);
}
[[gnu::target("avx2"), gnu::always_inline]] inline tile_longs high_longs(tile_longs a, tile_longs b) noexcept {
    return __builtin_shufflevector(a, b, 1, 5, 3, 7);
}
/// Four lines, transposed within each lane: x[i] holds words i and 4 + i of all.
[[gnu::target("avx2"), gnu::always_inline]] inline void transpose_lanes(tile_words a, tile_words b, tile_words c,
                                                                        tile_words d, tile_longs (&x)[4]) noexcept {
    x[0] = low_longs(low_words(a, b), low_words(c, d));
    x[1] = high_longs(low_words(a, b), low_words(c, d));
    x[2] = low_longs(high_words(a, b), high_words(c, d));
    x[3] = high_longs(high_words(a, b), high_words(c, d));
}
/// Up to eight lines of 16 carriers, `stride` apart, as a matrix of 8 x 8 words, transposed: one vector for each step.
/// g++ keeps vectors in registers only where every index is a constant early on, hence the packs of indices.
template <std::size_t Lines, class T, std::size_t... I, std::size_t... Four>
[[gnu::target("avx2"), gnu::always_inline]] inline void load_transposed(const T* from, std::ptrdiff_t stride,
                                                                        tile_words (&x)[8], std::index_sequence<I...>,
                                                                        std::index_sequence<Four...>) noexcept {
    ((x[I] = I < Lines ? load_sixteen(from + static_cast<std::ptrdiff_t>(I) * stride) : tile_words{}), ...);
    tile_longs low[4];
    tile_longs high[4];
    transpose_lanes(x[0], x[1], x[2], x[3], low);
    transpose_lanes(x[4], x[5], x[6], x[7], high);
    ((x[Four] = reinterpret_cast<tile_words>(__builtin_shufflevector(low[Four], high[Four], 0, 1, 4, 5))), ...);
    ((x[Four + 4] = reinterpret_cast<tile_words>(__builtin_shufflevector(low[Four], high[Four], 2, 3, 6, 7))), ...);
}
template <std::size_t Lines, class T>
[[gnu::target("avx2"), gnu::always_inline]] inline void load_transposed(const T* from, std::ptrdiff_t stride,
                                                                        tile_words (&x)[8]) noexcept {
    load_transposed<Lines>(from, stride, x, std::make_index_sequence<8>{}, std::make_index_sequence<4>{});
}

/// A block of lines by 16 k, gathered; what is missing is 0.
template <class T, std::size_t Lines>
struct line_block {
    T at[Lines][16];

    void gather(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k) noexcept {
        for (std::ptrdiff_t line = 0; line < static_cast<std::ptrdiff_t>(Lines); ++line) {
            for (T& x : at[line]) x = T{};
            if (line >= lines) continue;
            const T* const first = from.data + line * from.line_stride;
            if (from.k_stride == 1) {
                __builtin_memcpy(at[line], first, static_cast<std::size_t>(k) * sizeof(T));
            } else {
                for (std::ptrdiff_t i = 0; i < k; ++i) at[line][i] = first[i * from.k_stride];
            }
        }
    }
};

/// Eight columns of rhs; the first n steps of a block.
template <class T, class Writer, std::size_t... I>
[[gnu::target("avx2"), gnu::always_inline]] inline void write_columns(const T* from, std::ptrdiff_t stride,
                                                                      std::ptrdiff_t step, std::ptrdiff_t n,
                                                                      std::ptrdiff_t group, Writer& to,
                                                                      std::index_sequence<I...>) noexcept {
    tile_words x[8];
    load_transposed<8>(from, stride, x);
    const auto count = static_cast<std::size_t>(n);
    ((I < count ? to.put(step + static_cast<std::ptrdiff_t>(I), group, x[I]) : void()), ...);
}
/// Two rows of eight columns, interleaved.
template <class T>
[[gnu::target("avx2"), gnu::always_inline]] inline tile_words interleave(const T* from,
                                                                         std::ptrdiff_t stride) noexcept {
    const eight_carriers even = load_eight_carriers(from);
    const eight_carriers odd = load_eight_carriers(from + stride);
    return reinterpret_cast<tile_words>(
        __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
}

/// Groups of eight lines of rhs, its columns.
template <std::size_t Groups, class T, class Writer>
[[gnu::target("avx2"), gnu::always_inline]] inline void pack_columns(lines_view<T> from, std::ptrdiff_t lines,
                                                                     std::ptrdiff_t k, Writer& to) noexcept {
    constexpr auto groups = static_cast<std::ptrdiff_t>(Groups);
    constexpr std::make_index_sequence<8> eight;
    std::ptrdiff_t done = 0;
    if (lines == 8 * groups && from.k_stride == 1) {
        for (; done + 16 <= k; done += 16) {
            for (std::ptrdiff_t g = 0; g < groups; ++g) {
                write_columns(from.data + done + 8 * g * from.line_stride, from.line_stride, done / 2, 8, g, to, eight);
            }
        }
    } else if (lines == 8 * groups && from.line_stride == 1) {
        for (; done + 2 <= k; done += 2) {
            for (std::ptrdiff_t g = 0; g < groups; ++g)
                to.put(done / 2, g, interleave(from.data + done * from.k_stride + 8 * g, from.k_stride));
        }
    }
    for (; done < k; done += 16) {
        const std::ptrdiff_t rest = k - done < 16 ? k - done : 16;
        line_block<T, 8 * Groups> block;
        block.gather({from.data + done * from.k_stride, from.line_stride, from.k_stride}, lines, rest);
        for (std::ptrdiff_t g = 0; g < groups; ++g)
            write_columns(block.at[8 * g], 16, done / 2, (rest + 1) / 2, g, to, eight);
    }
}

/// Bytes of a panel of lhs. The last step of six rows is stored as eight.
[[nodiscard]] constexpr std::ptrdiff_t row_panel_bytes(std::ptrdiff_t k) noexcept {
    return panel_header + (4 * tile_rows * ((k + 1) / 2) + 8 + 63) / 64 * 64;
}

/// Up to four lines of lhs: a word of each, step after step.
template <class T>
void pack_few_rows(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t rows, std::ptrdiff_t k,
                   std::byte* to) noexcept {
    for (std::ptrdiff_t step = 0; 2 * step < k; ++step) {
        for (std::ptrdiff_t line = 0; line < rows; ++line) {
            const T* const at = from.data + line * from.line_stride + 2 * step * from.k_stride;
            std::int16_t word[2] = {};
            if (line < lines) word[0] = at[0];
            if (line < lines && 2 * step + 1 < k) word[1] = at[from.k_stride];
            __builtin_memcpy(to + 4 * (step * rows + line), word, 4);
        }
    }
}
/// The first n steps of a block of six lines. Each store leaves two words too many, which the next one overwrites.
template <class T, std::size_t... I>
[[gnu::target("avx2"), gnu::always_inline]] inline void write_rows(const T* from, std::ptrdiff_t stride,
                                                                   std::ptrdiff_t n, std::byte* to,
                                                                   std::index_sequence<I...>) noexcept {
    tile_words x[8];
    load_transposed<tile_rows>(from, stride, x);
    const auto count = static_cast<std::size_t>(n);
    ((I < count ? static_cast<void>(__builtin_memcpy(to + 4 * tile_rows * I, &x[I], sizeof x[I])) : void()), ...);
}
/// Up to six lines of lhs, its rows.
template <class T>
[[gnu::target("avx2")]] inline void pack_rows(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k,
                                              void* panel) noexcept {
    const std::ptrdiff_t rows = lines <= 2 ? lines : lines <= 4 ? 4 : tile_rows;
    const std::int32_t header[16] = {static_cast<std::int32_t>(rows)};
    __builtin_memcpy(panel, header, sizeof header);
    std::byte* const to = static_cast<std::byte*>(panel) + panel_header;
    constexpr std::make_index_sequence<8> eight;
    if (lines <= 4) return pack_few_rows(from, lines, rows, k, to);
    std::ptrdiff_t done = 0;
    if (lines == tile_rows && from.k_stride == 1) {
        for (; done + 16 <= k; done += 16)
            write_rows(from.data + done, from.line_stride, 8, to + 2 * tile_rows * done, eight);
    }
    for (; done < k; done += 16) {
        const std::ptrdiff_t rest = k - done < 16 ? k - done : 16;
        line_block<T, tile_rows> block;
        block.gather({from.data + done * from.k_stride, from.line_stride, from.k_stride}, lines, rest);
        write_rows(block.at[0], 16, (rest + 1) / 2, to + 2 * tile_rows * done, eight);
    }
}

}  // namespace dyad::inline v1::avx2

#endif
