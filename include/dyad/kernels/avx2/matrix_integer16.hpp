// SPDX-License-Identifier: Apache-2.0
// Matrix kernels of signed halves by vpmaddwd.
//   s16s16_32  all in 32 bits, exact modulo 2^32 (two times 2^30 wraps to -2^31).
//   s16_short  products of at most 2^23 in magnitude: a chain of 254 has at most 254 * 2^23 = 2^31 - 2^24, and then
//   goes
//              to the sum of 64 bits.
//   s16_wide   any halves: b = 256 h + l, h = floor(b / 256) in [-128, 127], l in [0, 255], eight columns of each in a
//              step of rhs; a chain of 256 has sum a l of at most 2^8 * 2^15 * 255 = 2^31 - 2^23 in magnitude and sum a
//              h of at most 2^8 * 2^15 * 2^7 = 2^30, a = b = -32768 included; the sum takes 256 sum a h + sum a l.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <dyad/kernels/avx2/integer_panels.hpp>
#include <dyad/kernels/avx2/integer_tile.hpp>

namespace dyad::inline v1::avx2 {

/// Writes a panel of rhs of 16 columns.
struct half_columns {
    std::byte* to;
    [[gnu::target("avx2"), gnu::always_inline]] void put(std::ptrdiff_t step, std::ptrdiff_t group,
                                                         tile_words b) noexcept {
        __builtin_memcpy(to + 64 * step + 32 * group, &b, sizeof b);
    }
};
/// Writes a panel of rhs of 8 columns as h and l.
struct split_columns {
    std::byte* to;
    [[gnu::target("avx2"), gnu::always_inline]] void put(std::ptrdiff_t step, std::ptrdiff_t /*group*/,
                                                         tile_words b) noexcept {
        const tile_halves high = reinterpret_cast<tile_halves>(b) >> 8;
        const tile_words low = b & 0x00ff'00ffU;
        __builtin_memcpy(to + 64 * step, &high, sizeof high);
        __builtin_memcpy(to + 64 * step + 32, &low, sizeof low);
    }
};

/// Adds n sums to those at `to`, or stores them; wraps.
template <class Vector, class Sum>
[[gnu::target("avx2"), gnu::always_inline]] inline void put(Vector x, std::ptrdiff_t n, Sum* to,
                                                            tile_start start) noexcept {
    constexpr auto lanes = static_cast<std::ptrdiff_t>(sizeof(Vector) / sizeof(Sum));
    Vector old = {};
    if (n >= lanes) {
        if (start == tile_start::sums) __builtin_memcpy(&old, to, sizeof old);
        x += old;
        __builtin_memcpy(to, &x, sizeof x);
        return;
    }
    for (std::ptrdiff_t j = 0; j < n; ++j) {
        const auto before = start == tile_start::sums ? static_cast<decltype(x[0] + 0U)>(to[j]) : 0U;
        to[j] = static_cast<Sum>(x[j] + before);
    }
}
/// Sums of four columns, widened.
template <std::size_t First>
[[gnu::target("avx2"), gnu::always_inline]] inline tile_longs widened(tile_words x) noexcept {
    using signed_longs [[gnu::vector_size(32)]] = std::int64_t;
    using signed_words [[gnu::vector_size(16)]] = std::int32_t;
    const auto four =
        reinterpret_cast<signed_words>(__builtin_shufflevector(x, x, First, First + 1, First + 2, First + 3));
    return reinterpret_cast<tile_longs>(__builtin_convertvector(four, signed_longs));
}

/// What becomes of a row of a tile.
struct word_sums {
    using sum = std::int32_t;
    static constexpr std::ptrdiff_t columns = 16;
    static constexpr std::ptrdiff_t chain = PTRDIFF_MAX;
    [[gnu::target("avx2"), gnu::always_inline]] static void put_row(const tile_words (&row)[2], std::ptrdiff_t n,
                                                                    sum* to, tile_start start) noexcept {
        put(row[0], n, to, start);
        put(row[1], n - 8, to + 8, start);
    }
};
struct short_sums {
    using sum = std::int64_t;
    static constexpr std::ptrdiff_t columns = 16;
    static constexpr std::ptrdiff_t chain = 127;  // steps of two products
    [[gnu::target("avx2"), gnu::always_inline]] static void put_row(const tile_words (&row)[2], std::ptrdiff_t n,
                                                                    sum* to, tile_start start) noexcept {
        put(widened<0>(row[0]), n, to, start);
        put(widened<4>(row[0]), n - 4, to + 4, start);
        put(widened<0>(row[1]), n - 8, to + 8, start);
        put(widened<4>(row[1]), n - 12, to + 12, start);
    }
};
struct wide_sums {
    using sum = std::int64_t;
    static constexpr std::ptrdiff_t columns = 8;
    static constexpr std::ptrdiff_t chain = 128;
    [[gnu::target("avx2"), gnu::always_inline]] static void put_row(const tile_words (&row)[2], std::ptrdiff_t n,
                                                                    sum* to, tile_start start) noexcept {
        put(widened<0>(row[0]) * 256 + widened<0>(row[1]), n, to, start);
        put(widened<4>(row[0]) * 256 + widened<4>(row[1]), n - 4, to + 4, start);
    }
};

template <class Sums, std::size_t Rows, std::size_t... I>
[[gnu::target("avx2")]] inline void multiply_rows(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t steps,
                                                  std::ptrdiff_t rows, std::ptrdiff_t columns, typename Sums::sum* sums,
                                                  std::ptrdiff_t stride, tile_start start,
                                                  std::index_sequence<I...> all_rows) noexcept {
    constexpr auto row_bytes = static_cast<std::ptrdiff_t>(4 * Rows);
    std::ptrdiff_t done = 0;
    do {
        const std::ptrdiff_t chain = steps - done < Sums::chain ? steps - done : Sums::chain;
        tile_words tile[Rows][2];
        sum_steps(tile, lhs + row_bytes * done, rhs + 64 * done, chain, all_rows);
        ((static_cast<std::ptrdiff_t>(I) < rows
              ? Sums::put_row(tile[I], columns, sums + static_cast<std::ptrdiff_t>(I) * stride, start)
              : void()),
         ...);
        start = tile_start::sums;
        done += chain;
    } while (done < steps);
}

/// matrix_kernel::multiply of all of them, bytes' included.
template <class Sums>
void multiply_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                     typename Sums::sum* sums, std::ptrdiff_t stride, tile_start start) noexcept {
    const auto* const panel = static_cast<const std::byte*>(lhs);
    const auto* const a = panel + panel_header;
    const auto* const b = static_cast<const std::byte*>(rhs);
    const std::ptrdiff_t steps = (k + 1) / 2;
    const auto run = [&]<std::size_t Rows>(std::integral_constant<std::size_t, Rows>) {
        multiply_rows<Sums, Rows>(a, b, steps, rows, columns, sums, stride, start, std::make_index_sequence<Rows>{});
    };
    switch (packed_rows(panel)) {
        case 1: return run(std::integral_constant<std::size_t, 1>{});
        case 2: return run(std::integral_constant<std::size_t, 2>{});
        case 4: return run(std::integral_constant<std::size_t, 4>{});
        default: return run(std::integral_constant<std::size_t, 6>{});
    }
}

/// Kernels of carriers widened to halves; `Columns` writes panels of rhs.
template <class Lhs, class Rhs, class Columns, class Sums>
struct pair_matrix {
    [[nodiscard]] static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept { return 64 * ((k + 1) / 2); }

    [[gnu::target("avx2")]] static void pack_lhs(lines_view<Lhs> from, std::ptrdiff_t lines, std::ptrdiff_t k,
                                                 void* to) noexcept {
        pack_rows(from, lines, k, to);
    }
    [[gnu::target("avx2")]] static void pack_rhs(lines_view<Rhs> from, std::ptrdiff_t lines, std::ptrdiff_t k,
                                                 void* to) noexcept {
        Columns writer{static_cast<std::byte*>(to)};
        pack_columns<Sums::columns / 8>(from, lines, k, writer);
    }
    [[nodiscard]] static constexpr matrix_kernel<Lhs, Rhs, typename Sums::sum> make(const char* name) noexcept {
        return {.name = name,
                .isa = instruction_set::avx2,
                .lhs_lines = tile_rows,
                .rhs_lines = Sums::columns,
                .rhs_panels = 1,
                .depth = 2,
                .lhs_bytes = &row_panel_bytes,
                .rhs_bytes = &rhs_bytes,
                .pack_lhs = &pack_lhs,
                .pack_rhs = &pack_rhs,
                .multiply = &multiply_panels<Sums>};
    }
};

inline constexpr auto s16_short =
    pair_matrix<std::int16_t, std::int16_t, half_columns, short_sums>::make("avx2 s16_short 6x16");
inline constexpr auto s16_wide =
    pair_matrix<std::int16_t, std::int16_t, split_columns, wide_sums>::make("avx2 s16_wide 6x8");
inline constexpr auto s16s16_32 =
    pair_matrix<std::int16_t, std::int16_t, half_columns, word_sums>::make("avx2 s16s16_32 6x16");

}  // namespace dyad::inline v1::avx2

#endif
