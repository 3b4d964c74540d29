// SPDX-License-Identifier: Apache-2.0
// Panels of the integer matrix kernels, packed: words of 4 bytes or 2 halves along k, those of all lines of a step side
// by side. Lines whose k lie together are transposed as matrices of words; lines side by side in memory (row-major
// k x n) are interleaved row by row; all else goes through a block of 16 lines by 64 bytes on the stack.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx512/integer_tile.hpp>

namespace dyad::inline v1::avx512 {

[[gnu::target("avx512bw"), gnu::always_inline]] inline longs low_words(words a, words b) noexcept {
    return reinterpret_cast<longs>(
        __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29));
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline longs high_words(words a, words b) noexcept {
    return reinterpret_cast<longs>(
        __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31));
}
/// Four vectors of words, transposed within each of their four lanes.
[[gnu::target("avx512bw"), gnu::always_inline]] inline void transpose_words(words (&x)[4]) noexcept {
    const longs a = low_words(x[0], x[1]);
    const longs b = low_words(x[2], x[3]);
    const longs c = high_words(x[0], x[1]);
    const longs d = high_words(x[2], x[3]);
    x[0] = reinterpret_cast<words>(__builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14));
    x[1] = reinterpret_cast<words>(__builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15));
    x[2] = reinterpret_cast<words>(__builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14));
    x[3] = reinterpret_cast<words>(__builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15));
}
/// Four vectors as a matrix of 4 x 4 lanes, transposed.
[[gnu::target("avx512bw"), gnu::always_inline]] inline void transpose_lanes(words& w, words& x, words& y,
                                                                            words& z) noexcept {
    const auto a = reinterpret_cast<longs>(w);
    const auto b = reinterpret_cast<longs>(x);
    const auto c = reinterpret_cast<longs>(y);
    const auto d = reinterpret_cast<longs>(z);
    const longs even_ab = __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13);
    const longs odd_ab = __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
    const longs even_cd = __builtin_shufflevector(c, d, 0, 1, 4, 5, 8, 9, 12, 13);
    const longs odd_cd = __builtin_shufflevector(c, d, 2, 3, 6, 7, 10, 11, 14, 15);
    w = reinterpret_cast<words>(__builtin_shufflevector(even_ab, even_cd, 0, 1, 4, 5, 8, 9, 12, 13));
    x = reinterpret_cast<words>(__builtin_shufflevector(odd_ab, odd_cd, 0, 1, 4, 5, 8, 9, 12, 13));
    y = reinterpret_cast<words>(__builtin_shufflevector(even_ab, even_cd, 2, 3, 6, 7, 10, 11, 14, 15));
    z = reinterpret_cast<words>(__builtin_shufflevector(odd_ab, odd_cd, 2, 3, 6, 7, 10, 11, 14, 15));
}

/// Sixteen lines of sixteen words, `stride` bytes apart, transposed: the first n words of all lines go to `to`.
/// g++ keeps vectors in registers only where every index is a constant early on, hence the packs of indices.
template <class Writer, std::size_t... I, std::size_t... Four>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void write_columns(const std::byte* from, std::ptrdiff_t stride,
                                                                          std::ptrdiff_t step, std::ptrdiff_t n,
                                                                          Writer& to, std::index_sequence<I...>,
                                                                          std::index_sequence<Four...>) noexcept {
    words x[4][4] = {};
    ((x[I / 4][I % 4] = load(from + static_cast<std::ptrdiff_t>(I) * stride)), ...);
    (transpose_words(x[Four]), ...);
    (transpose_lanes(x[0][Four], x[1][Four], x[2][Four], x[3][Four]), ...);
    const auto count = static_cast<std::size_t>(n);
    ((I < count ? to.put(step + static_cast<std::ptrdiff_t>(I), x[I / 4][I % 4]) : void()), ...);
}
template <class Writer>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void write_columns(const std::byte* from, std::ptrdiff_t stride,
                                                                          std::ptrdiff_t step, std::ptrdiff_t n,
                                                                          Writer& to) noexcept {
    write_columns(from, stride, step, n, to, std::make_index_sequence<16>{}, std::make_index_sequence<4>{});
}
/// Eight lines likewise, two steps to a vector.
template <class Writer, std::size_t... I>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void write_rows(const std::byte* from, std::ptrdiff_t stride,
                                                                       std::ptrdiff_t step, std::ptrdiff_t n,
                                                                       Writer& to, std::index_sequence<I...>) noexcept {
    words x[2][4] = {};
    ((x[I / 4][I % 4] = load(from + static_cast<std::ptrdiff_t>(I) * stride)), ...);
    transpose_words(x[0]);
    transpose_words(x[1]);
    transpose_lanes(x[0][0], x[1][0], x[0][1], x[1][1]);
    transpose_lanes(x[0][2], x[1][2], x[0][3], x[1][3]);
    const words ordered[8] = {x[0][0], x[0][2], x[1][0], x[1][2], x[0][1], x[0][3], x[1][1], x[1][3]};
    const auto count = static_cast<std::size_t>(n);
    ((2 * I < count ? to.put(step + 2 * static_cast<std::ptrdiff_t>(I), ordered[I]) : void()), ...);
}
template <class Writer>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void write_rows(const std::byte* from, std::ptrdiff_t stride,
                                                                       std::ptrdiff_t step, std::ptrdiff_t n,
                                                                       Writer& to) noexcept {
    write_rows(from, stride, step, n, to, std::make_index_sequence<8>{});
}

/// A block of lines by 64 bytes of k, gathered; what is missing is `missing`.
template <class T, std::size_t Lines>
struct line_block {
    static constexpr std::ptrdiff_t depth = 64 / static_cast<std::ptrdiff_t>(sizeof(T));
    alignas(64) T at[Lines][64 / sizeof(T)];

    void gather(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, T missing) noexcept {
        for (std::ptrdiff_t line = 0; line < static_cast<std::ptrdiff_t>(Lines); ++line) {
            for (T& x : at[line]) x = missing;
            if (line >= lines) continue;
            const T* const first = from.data + line * from.line_stride;
            if (from.k_stride == 1) {
                __builtin_memcpy(at[line], first, static_cast<std::size_t>(k) * sizeof(T));
            } else {
                for (std::ptrdiff_t i = 0; i < k; ++i) at[line][i] = first[i * from.k_stride];
            }
        }
    }
    [[nodiscard]] const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(at); }
};

/// 4 rows of 16 bytes, or 2 of 16 halves, `stride` bytes apart, interleaved to one word for each column.
template <class T>
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline words interleave(const T* from,
                                                                          std::ptrdiff_t stride) noexcept {
    constexpr std::size_t parts = 4 / sizeof(T);
    alignas(64) static constexpr std::array<std::uint8_t, 64> places = [] {
        std::array<std::uint8_t, 64> place{};
        for (std::size_t i = 0; i < 64; ++i) {
            const std::size_t part = i % 4 / sizeof(T);
            place[i] = static_cast<std::uint8_t>(part * 16 * sizeof(T) + i / 4 * sizeof(T) + i % sizeof(T));
        }
        return place;
    }();
    using two_longs [[gnu::vector_size(16)]] = std::uint64_t;
    using four_longs [[gnu::vector_size(32)]] = std::uint64_t;
    four_longs low;
    four_longs high;
    if constexpr (parts == 4) {
        two_longs a;
        two_longs b;
        two_longs c;
        two_longs d;
        __builtin_memcpy(&a, from, 16);
        __builtin_memcpy(&b, from + stride, 16);
        __builtin_memcpy(&c, from + 2 * stride, 16);
        __builtin_memcpy(&d, from + 3 * stride, 16);
        low = __builtin_shufflevector(a, b, 0, 1, 2, 3);
        high = __builtin_shufflevector(c, d, 0, 1, 2, 3);
    } else {
        __builtin_memcpy(&low, from, 32);
        __builtin_memcpy(&high, from + stride, 32);
    }
    longs all = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
    const words index = load(places.data());
    __asm__("vpermb %0, %1, %0" : "+v"(all) : "v"(index));
    return reinterpret_cast<words>(all);
}

/// Sixteen lines of rhs, its columns. `Writer` has `missing`, the carrier of what is not there.
template <class T, class Writer>
[[gnu::target("avx512vbmi,avx512bw"), gnu::always_inline]] inline void pack_columns(lines_view<T> from,
                                                                                    std::ptrdiff_t lines,
                                                                                    std::ptrdiff_t k,
                                                                                    Writer& to) noexcept {
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(T));
    constexpr std::ptrdiff_t parts = 4 / size;
    using block = line_block<T, 16>;
    std::ptrdiff_t done = 0;
    if (lines == panel_columns && from.k_stride == 1) {
        for (; done + block::depth <= k; done += block::depth) {
            write_columns(reinterpret_cast<const std::byte*>(from.data + done), from.line_stride * size, done / parts,
                          16, to);
        }
    } else if (lines == panel_columns && from.line_stride == 1) {
        for (; done + parts <= k; done += parts)
            to.put(done / parts, interleave(from.data + done * from.k_stride, from.k_stride));
    }
    for (; done < k; done += block::depth) {
        const std::ptrdiff_t rest = k - done < block::depth ? k - done : block::depth;
        block gathered;
        gathered.gather({from.data + done * from.k_stride, from.line_stride, from.k_stride}, lines, rest,
                        Writer::missing);
        write_columns(gathered.data(), 64, done / parts, (rest + parts - 1) / parts, to);
    }
}

/// Writes the header of a panel of lhs: corrections of its rows, the rows in a step.
inline void write_header(const std::uint32_t (&of_rows)[8], std::ptrdiff_t rows, std::byte* to) noexcept {
    std::uint32_t header[16] = {};
    for (std::size_t i = 0; i < 8; ++i) header[i] = of_rows[i];
    header[8] = static_cast<std::uint32_t>(rows);
    __builtin_memcpy(to, header, sizeof header);
}

/// Up to four lines of lhs: a word of each, step after step. `Turned` turns carriers into what is packed, a word at a
/// time, and their sums into corrections.
template <class Turned, class T>
void pack_few_rows(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::byte* to) noexcept {
    constexpr auto parts = static_cast<std::ptrdiff_t>(4 / sizeof(T));
    const std::ptrdiff_t rows = lines <= 2 ? lines : 4;
    std::uint32_t sums[8] = {};
    for (std::ptrdiff_t line = 0; line < rows; ++line) {
        std::byte* place = to + panel_header + 4 * line;
        for (std::ptrdiff_t first = 0; first < k; first += parts) {
            T x[4 / sizeof(T)] = {};
            const std::ptrdiff_t rest = k - first < parts ? k - first : parts;
            for (std::ptrdiff_t i = 0; i < rest && line < lines; ++i) {
                x[i] = from.data[line * from.line_stride + (first + i) * from.k_stride];
                sums[line] += static_cast<std::uint32_t>(x[i]);
            }
            std::uint32_t word = 0;
            __builtin_memcpy(&word, x, sizeof word);
            word ^= Turned::flip;
            __builtin_memcpy(place, &word, sizeof word);
            place += 4 * rows;
        }
        sums[line] *= Turned::correction;
    }
    write_header(sums, rows, to);
}
/// Five to eight lines of lhs, its rows.
template <class T, class Writer>
[[gnu::target("avx512vbmi,avx512bw"), gnu::always_inline]] inline void pack_rows(lines_view<T> from,
                                                                                 std::ptrdiff_t lines, std::ptrdiff_t k,
                                                                                 Writer& to) noexcept {
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(T));
    constexpr std::ptrdiff_t parts = 4 / size;
    using block = line_block<T, 8>;
    std::ptrdiff_t done = 0;
    if (lines == tile_rows && from.k_stride == 1) {
        for (; done + block::depth <= k; done += block::depth) {
            write_rows(reinterpret_cast<const std::byte*>(from.data + done), from.line_stride * size, done / parts, 16,
                       to);
        }
    }
    for (; done < k; done += block::depth) {
        const std::ptrdiff_t rest = k - done < block::depth ? k - done : block::depth;
        block gathered;
        gathered.gather({from.data + done * from.k_stride, from.line_stride, from.k_stride}, lines, rest, T{});
        write_rows(gathered.data(), 64, done / parts, (rest + parts - 1) / parts, to);
    }
}

/// Bytes of a panel of lhs, whole pairs of steps.
template <std::ptrdiff_t Parts>
[[nodiscard]] constexpr std::ptrdiff_t row_panel_bytes(std::ptrdiff_t k) noexcept {
    return panel_header + 64 * ((k + 2 * Parts - 1) / (2 * Parts));
}

}  // namespace dyad::inline v1::avx512

#endif
