// SPDX-License-Identifier: Apache-2.0
// The inner loops of the integer matrix kernels by vpmaddwd: tiles of 6 rows by two vectors of sums.
//   sums[i][j] += lhs[i][k] * rhs[j][k] + lhs[i][k + 1] * rhs[j][k + 1], exact modulo 2^32.
// A panel of lhs is a header of 64 bytes, which says the number of rows in a step, and then the steps, one word of two
// halves for each of 1, 2, 4 or 6 rows. A step of rhs is 64 bytes, two vectors. 12 sums, two vectors of rhs, one word
// of lhs and one product are all 16 registers.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::avx2 {

using tile_words [[gnu::vector_size(32)]] = std::uint32_t;

inline constexpr std::ptrdiff_t panel_header = 64;
inline constexpr std::ptrdiff_t tile_rows = 6;

[[gnu::target("avx2"), gnu::always_inline]] inline tile_words load_words(const void* from) noexcept {
    tile_words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

/// row[j] += the two products of the word at `lhs` with the words of rhs. One block: a sum that follows its product
/// at once is a fifth slower.
[[gnu::target("avx2"), gnu::always_inline]] inline void add_row(tile_words (&row)[2], const std::byte* lhs,
                                                                tile_words first, tile_words second) noexcept {
    tile_words a;
    tile_words product;
    __asm__(
        "vpbroadcastd %4, %2\n\t"
        "vpmaddwd %5, %2, %3\n\t"
        "vpmaddwd %6, %2, %2\n\t"
        "vpaddd %3, %0, %0\n\t"
        "vpaddd %2, %1, %1"
        : "+x"(row[0]), "+x"(row[1]), "=&x"(a), "=&x"(product)
        : "m"(*reinterpret_cast<const char(*)[4]>(lhs)), "x"(first), "x"(second));
}
template <std::size_t Rows, std::size_t... I>
[[gnu::target("avx2"), gnu::always_inline]] inline void add_step(tile_words (&sums)[Rows][2], const std::byte* lhs,
                                                                 const std::byte* rhs,
                                                                 std::index_sequence<I...> /*rows*/) noexcept {
    const tile_words first = load_words(rhs);
    const tile_words second = load_words(rhs + 32);
    (add_row(sums[I], lhs + 4 * I, first, second), ...);
}

/// Steps from zero. Few rows are bound by memory: rhs is fetched ahead, into the next panel or nowhere.
template <std::size_t Rows, std::size_t... I>
[[gnu::target("avx2"), gnu::always_inline]] inline void sum_steps(tile_words (&sums)[Rows][2], const std::byte* lhs,
                                                                  const std::byte* rhs, std::ptrdiff_t steps,
                                                                  std::index_sequence<I...> rows) noexcept {
    ((sums[I][0] = tile_words{}, sums[I][1] = tile_words{}), ...);
    for (std::ptrdiff_t step = 0; step < steps; ++step) {
        if constexpr (Rows <= 4)
            __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(rhs) + 8192));
        add_step(sums, lhs, rhs, rows);
        lhs += 4 * Rows;
        rhs += 64;
    }
}

/// The rows in a step of a packed panel of lhs.
[[nodiscard]] inline std::int32_t packed_rows(const std::byte* lhs) noexcept {
    std::int32_t rows = 0;
    __builtin_memcpy(&rows, lhs, sizeof rows);
    return rows;
}

}  // namespace dyad::inline v1::avx2

#endif
