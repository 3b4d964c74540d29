// SPDX-License-Identifier: Apache-2.0
// The inner loops of the integer matrix kernels: tiles of sums in registers, and their way to memory.
//   sums[i][j] += sum over a step's k of lhs[i][k] * rhs[j][k], a step being 4 bytes or 2 halves of each line.
// A panel of lhs is a header of 64 bytes and then the steps, each one word for each of 1, 2, 4 or 8 rows; the header is
// one correction for each of 8 rows and at its 32nd byte the number of rows in a step, so that a single row lies
// dense. A step of rhs is 64 bytes, one word for each of 16 columns.
// 8 rows by 3 panels are 24 sums: with three vectors of rhs and one of lhs 28 of the 32 registers, 11 loads for 24
// products. Up to 4 rows are bound by memory: panel after panel is read as one stream, four chains hide the latency.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::avx512 {

inline constexpr std::ptrdiff_t panel_header = 64;
inline constexpr std::ptrdiff_t tile_rows = 8;
inline constexpr std::ptrdiff_t panel_columns = 16;

using eight_sums [[gnu::vector_size(32)]] = std::int32_t;

/// Four products of an unsigned byte of lhs and a signed one of rhs, exact modulo 2^32.
struct byte_products {
    [[gnu::target("avx512bw"), gnu::always_inline]] static signed_words add(signed_words sum, words lhs,
                                                                            words rhs) noexcept {
        return add_products(sum, reinterpret_cast<bytes>(lhs), reinterpret_cast<bytes>(rhs));
    }
};
/// Two products of signed halves, exact modulo 2^32.
struct half_products {
    [[gnu::target("avx512bw"), gnu::always_inline]] static signed_words add(signed_words sum, words lhs,
                                                                            words rhs) noexcept {
        __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(lhs), "v"(rhs));
        return sum;
    }
};

/// The word at `from` in every lane.
[[gnu::target("avx512bw"), gnu::always_inline]] inline words spread(const std::byte* from) noexcept {
    std::uint32_t x = 0;
    __builtin_memcpy(&x, from, sizeof x);
    return words{} + x;
}

/// Where the operands of a tile lie.
struct tile_operands {
    const std::byte* lhs;     ///< the first step
    std::ptrdiff_t lhs_step;  ///< bytes from one step to the next
    const std::byte* rhs;     ///< the first step of the first vector
    std::ptrdiff_t distance;  ///< bytes from one vector of rhs to the next of the same step
    std::ptrdiff_t rhs_step;  ///< bytes from one step to the next
};

template <class Products, std::size_t... J>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void add_row(signed_words* sums, const words* rhs,
                                                                    const std::byte* lhs,
                                                                    std::index_sequence<J...> /*columns*/) noexcept {
    const words a = spread(lhs);
    ((sums[J] = Products::add(sums[J], a, rhs[J])), ...);
}

template <class Products, std::size_t Rows, std::size_t Across, std::size_t... I, std::size_t... J>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void add_step(signed_words (&sums)[Rows][Across],
                                                                     const std::byte* lhs, const std::byte* rhs,
                                                                     std::ptrdiff_t distance,
                                                                     std::index_sequence<I...> /*rows*/,
                                                                     std::index_sequence<J...> columns) noexcept {
    const words b[] = {load(rhs + static_cast<std::ptrdiff_t>(J) * distance)...};
    (add_row<Products>(sums[I], b, lhs + 4 * I, columns), ...);
}

/// Adds `steps` steps to a tile.
template <class Products, std::size_t Rows, std::size_t Across>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void add_steps(signed_words (&sums)[Rows][Across],
                                                                      tile_operands from,
                                                                      std::ptrdiff_t steps) noexcept {
    const std::byte* lhs = from.lhs;
    const std::byte* rhs = from.rhs;
    for (std::ptrdiff_t step = 0; step < steps; ++step) {
        add_step<Products>(sums, lhs, rhs, from.distance, std::make_index_sequence<Rows>{},
                           std::make_index_sequence<Across>{});
        lhs += from.lhs_step;
        rhs += from.rhs_step;
    }
}

/// The same for few rows and vectors of rhs that follow each other without a gap, fetched 8 KB ahead (4 KB and 16 KB
/// are slower from the third cache): a prefetch may reach beyond the panel, into the next one or nowhere.
template <class Products, std::size_t Rows, std::size_t Across>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void add_steps_of_few(signed_words (&sums)[Rows][Across],
                                                                             tile_operands from,
                                                                             std::ptrdiff_t steps) noexcept {
    constexpr std::ptrdiff_t ahead = 8192;
    constexpr std::make_index_sequence<Rows> rows;
    constexpr std::make_index_sequence<Across> across;
    signed_words chains[3][Rows][Across] = {};
    const std::byte* lhs = from.lhs;
    const std::byte* rhs = from.rhs;
    std::ptrdiff_t step = 0;
    for (; step + 4 <= steps; step += 4) {
        const auto next = reinterpret_cast<std::uintptr_t>(rhs) + ahead;
        for (std::uintptr_t line = 0; line < 4 * Across; ++line)
            __builtin_prefetch(reinterpret_cast<const void*>(next + 64 * line));
        add_step<Products>(sums, lhs, rhs, 64, rows, across);
        add_step<Products>(chains[0], lhs + from.lhs_step, rhs + from.rhs_step, 64, rows, across);
        add_step<Products>(chains[1], lhs + 2 * from.lhs_step, rhs + 2 * from.rhs_step, 64, rows, across);
        add_step<Products>(chains[2], lhs + 3 * from.lhs_step, rhs + 3 * from.rhs_step, 64, rows, across);
        lhs += 4 * from.lhs_step;
        rhs += 4 * from.rhs_step;
    }
    add_steps<Products>(sums, {lhs, from.lhs_step, rhs, 64, from.rhs_step}, steps - step);
    for (std::size_t i = 0; i < Rows; ++i) {
        for (std::size_t j = 0; j < Across; ++j) {
            const words others = reinterpret_cast<words>(chains[0][i][j]) + reinterpret_cast<words>(chains[1][i][j]) +
                                 reinterpret_cast<words>(chains[2][i][j]);
            sums[i][j] = reinterpret_cast<signed_words>(reinterpret_cast<words>(sums[i][j]) + others);
        }
    }
}

/// Adds a vector to the sums at `to`, or stores it: the lanes of the mask; wraps. Masked stores are slow, so a whole
/// vector goes without.
template <class Vector, class Sum>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void put(Vector x, byte_mask lanes, Sum* to,
                                                                tile_start start) noexcept {
    if (lanes == ~byte_mask{0}) {
        if (start == tile_start::sums) x += reinterpret_cast<Vector>(load(to));
        __builtin_memcpy(to, &x, sizeof x);
    } else {
        if (start == tile_start::sums) x += reinterpret_cast<Vector>(load_some(to, lanes));
        store_some(reinterpret_cast<bytes>(x), lanes, to);
    }
}
/// The masks of n columns' sums of T in vectors of 64 bytes.
template <class T>
[[nodiscard]] constexpr byte_mask column_mask(std::ptrdiff_t n) noexcept {
    return n <= 0 ? 0 : first_bytes(static_cast<std::size_t>(n) * sizeof(T));
}

/// The sums a call writes.
template <class Sum>
struct tile_result {
    Sum* sums;
    std::ptrdiff_t stride;
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;
    tile_start start;
};

/// Sums of 32 bits: a tile's, columns of which only the last vector's may be fewer than 16.
template <std::size_t Across, std::size_t... J>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void put_row(const signed_words* row, std::int32_t* to,
                                                                    byte_mask last, tile_start start,
                                                                    std::index_sequence<J...> /*columns*/) noexcept {
    (put(reinterpret_cast<words>(row[J]), J + 1 == Across ? last : ~byte_mask{0}, to + 16 * J, start), ...);
}
template <std::size_t Rows, std::size_t Across, std::size_t... I>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void put_tile(const signed_words (&sums)[Rows][Across],
                                                                     const tile_result<std::int32_t>& to,
                                                                     std::index_sequence<I...> /*rows*/) noexcept {
    const byte_mask last = column_mask<std::int32_t>(to.columns - 16 * static_cast<std::ptrdiff_t>(Across - 1));
    const auto rows = static_cast<std::size_t>(to.rows);
    ((I < rows ? put_row<Across>(sums[I], to.sums + static_cast<std::ptrdiff_t>(I) * to.stride, last, to.start,
                                 std::make_index_sequence<Across>{})
               : void()),
     ...);
}

/// Corrections of columns before the first step of each panel, of rows in the header of lhs; or none.
enum class corrections : std::uint8_t { none, both };

template <corrections Corrected, std::size_t Across, std::size_t... J>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void begin_row(signed_words* row, const std::byte* of_row,
                                                                      const std::byte* of_columns,
                                                                      std::ptrdiff_t distance,
                                                                      std::index_sequence<J...> /*columns*/) noexcept {
    if constexpr (Corrected == corrections::none) {
        ((row[J] = signed_words{}), ...);
    } else {
        const words x = spread(of_row);
        ((row[J] = reinterpret_cast<signed_words>(x + load(of_columns + static_cast<std::ptrdiff_t>(J) * distance))),
         ...);
    }
}
template <corrections Corrected, std::size_t Rows, std::size_t Across, std::size_t... I>
[[gnu::target("avx512bw"), gnu::always_inline]] inline void begin_tile(signed_words (&sums)[Rows][Across],
                                                                       const std::byte* of_rows,
                                                                       const std::byte* of_columns,
                                                                       std::ptrdiff_t distance,
                                                                       std::index_sequence<I...> /*rows*/) noexcept {
    (begin_row<Corrected, Across>(sums[I], of_rows + 4 * I, of_columns, distance, std::make_index_sequence<Across>{}),
     ...);
}

/// The first rows of a panel of 8 with up to three panels of rhs, `panel` bytes apart.
template <class Products, corrections Corrected, std::size_t Rows, std::size_t Across>
[[gnu::target("avx512bw")]] inline void multiply_tile(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t panel,
                                                      std::ptrdiff_t steps,
                                                      const tile_result<std::int32_t>& to) noexcept {
    constexpr std::make_index_sequence<Rows> rows;
    constexpr std::ptrdiff_t header = Corrected == corrections::none ? 0 : 64;
    signed_words sums[Rows][Across];
    begin_tile<Corrected>(sums, lhs, rhs, panel, rows);
    add_steps<Products>(sums, {lhs + panel_header, 4 * tile_rows, rhs + header, panel, 64}, steps);
    put_tile(sums, to, rows);
}
/// Rows of a panel packed with that many rows, with any number of panels of rhs, one after the other.
template <class Products, corrections Corrected, std::size_t Rows>
[[gnu::target("avx512bw")]] inline void multiply_few(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t panel,
                                                     std::ptrdiff_t steps, tile_result<std::int32_t> to) noexcept {
    constexpr std::make_index_sequence<Rows> rows;
    constexpr std::ptrdiff_t header = Corrected == corrections::none ? 0 : 64;
    for (; to.columns > 0; to.columns -= panel_columns) {
        signed_words sums[Rows][1];
        begin_tile<Corrected>(sums, lhs, rhs, 0, rows);
        add_steps_of_few<Products>(sums, {lhs + panel_header, 4 * Rows, rhs + header, 64, 64}, steps);
        put_tile(sums, to, rows);
        rhs += panel;
        to.sums += panel_columns;
    }
}

/// The rows in a step of a packed panel of lhs.
[[nodiscard]] inline std::int32_t packed_rows(const std::byte* lhs) noexcept {
    std::int32_t rows = 0;
    __builtin_memcpy(&rows, lhs + 32, sizeof rows);
    return rows;
}

/// matrix_kernel::multiply for sums of 32 bits: `steps` steps, panels of rhs `panel` bytes apart.
template <class Products, corrections Corrected>
void multiply_words(const void* lhs, const void* rhs, std::ptrdiff_t panel, std::ptrdiff_t steps,
                    const tile_result<std::int32_t>& to) noexcept {
    const auto* const a = static_cast<const std::byte*>(lhs);
    const auto* const b = static_cast<const std::byte*>(rhs);
    switch (packed_rows(a)) {
        case 1: return multiply_few<Products, Corrected, 1>(a, b, panel, steps, to);
        case 2: return multiply_few<Products, Corrected, 2>(a, b, panel, steps, to);
        case 4: return multiply_few<Products, Corrected, 4>(a, b, panel, steps, to);
        default: break;
    }
    // A last panel of 5, 6 or 7 rows has tiles of its own at full width, where the work is.
    if (to.columns <= 16) return multiply_tile<Products, Corrected, 8, 1>(a, b, panel, steps, to);
    if (to.columns <= 32) return multiply_tile<Products, Corrected, 8, 2>(a, b, panel, steps, to);
    if (to.rows <= 5) return multiply_tile<Products, Corrected, 5, 3>(a, b, panel, steps, to);
    if (to.rows == 6) return multiply_tile<Products, Corrected, 6, 3>(a, b, panel, steps, to);
    if (to.rows == 7) return multiply_tile<Products, Corrected, 7, 3>(a, b, panel, steps, to);
    return multiply_tile<Products, Corrected, 8, 3>(a, b, panel, steps, to);
}

}  // namespace dyad::inline v1::avx512

#endif
