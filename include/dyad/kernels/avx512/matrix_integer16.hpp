// SPDX-License-Identifier: Apache-2.0
// Matrix kernels of signed halves by vpdpwssd, which adds two products to 32 bits without saturation.
//   s16s16_32  all in 32 bits, exact modulo 2^32.
//   s16_short  products of at most 2^23 in magnitude: a chain of 254 has at most 254 * 2^23 = 2^31 - 2^24, and then
//   goes
//              to the sum of 64 bits.
//   s16_wide   any halves: b = 256 h + l, h = floor(b / 256) in [-128, 127], l in [0, 255], two panels of rhs in one;
//              a chain of 256 has sum a l of at most 2^8 * 2^15 * 255 = 2^31 - 2^23 in magnitude and sum a h of at most
//              2^8 * 2^15 * 2^7 = 2^30, a = b = -32768 included; the sum takes 256 sum a h + sum a l.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/integer_panels.hpp>
#include <dyad/kernels/avx512/integer_tile.hpp>

namespace dyad::inline v1::avx512 {

/// How halves of rhs stand in a step: as they are, or as a vector of h and a vector of l.
enum class half_planes : std::uint8_t { one = 1, high_low = 2 };

/// Writes a panel of rhs.
template <half_planes Planes>
struct half_columns {
    static constexpr std::int16_t missing = 0;
    std::byte* to;

    [[gnu::target("avx512bw"), gnu::always_inline]] void put(std::ptrdiff_t step, words b) noexcept {
        if constexpr (Planes == half_planes::one) {
            __builtin_memcpy(to + 64 * step, &b, sizeof b);
        } else {
            const signed_halves high = reinterpret_cast<signed_halves>(b) >> 8;
            const words low = b & 0x00ff'00ffU;
            __builtin_memcpy(to + 128 * step, &high, sizeof high);
            __builtin_memcpy(to + 128 * step + 64, &low, sizeof low);
        }
    }
};
/// Writes a panel of lhs of eight rows, without corrections.
struct half_rows {
    static constexpr std::uint32_t flip = 0;
    static constexpr std::uint32_t correction = 0;
    std::byte* to;

    [[gnu::target("avx512bw"), gnu::always_inline]] void put(std::ptrdiff_t step, words a) noexcept {
        __builtin_memcpy(to + panel_header + 32 * step, &a, sizeof a);
    }
};

/// Eight sums of 32 bits, as 64 bits; of two planes 256 h + l, l standing 16 behind h.
template <half_planes Planes>
[[gnu::target("avx512bw"), gnu::always_inline]] inline longs widened(const std::int32_t* from) noexcept {
    eight_sums high;
    __builtin_memcpy(&high, from, sizeof high);
    const auto wide = __builtin_convertvector(high, signed_longs);
    if constexpr (Planes == half_planes::one) return reinterpret_cast<longs>(wide);
    eight_sums low;
    __builtin_memcpy(&low, from + 16, sizeof low);
    return reinterpret_cast<longs>(wide * 256 + __builtin_convertvector(low, signed_longs));
}
/// Adds a chain's sums, rows of `width`, to those of 64 bits, or stores them. Apart from the inner loop: among its
/// registers clang would find too few for the sums.
template <half_planes Planes>
[[gnu::target("avx512bw"), gnu::noinline]] inline void put_chain(const std::int32_t* chain, std::ptrdiff_t width,
                                                                 const tile_result<std::int64_t>& to) noexcept {
    constexpr auto planes = static_cast<std::ptrdiff_t>(Planes);
    for (std::ptrdiff_t i = 0; i < to.rows; ++i) {
        std::int64_t* const sums = to.sums + i * to.stride;
        for (std::ptrdiff_t j = 0; j < to.columns; j += 8) {
            const longs x = widened<Planes>(chain + i * width + j / 16 * 16 * planes + j % 16);
            put(x, column_mask<std::int64_t>(to.columns - j), sums + j, to.start);
        }
    }
}
/// The sums of a chain as they stand in registers.
template <std::size_t Rows, std::size_t Across>
struct chain_sums {
    alignas(64) std::int32_t at[Rows][16 * Across];

    template <std::size_t... I>
    [[gnu::target("avx512bw"), gnu::always_inline]] void store(const signed_words (&sums)[Rows][Across],
                                                               std::index_sequence<I...> /*vectors*/) noexcept {
        (__builtin_memcpy(at[I / Across] + 16 * (I % Across), &sums[I / Across][I % Across], 64), ...);
    }
};

/// The steps of a chain: 127 of two products, 128 of two products in two planes.
template <half_planes Planes>
inline constexpr std::ptrdiff_t chain_steps = Planes == half_planes::one ? 127 : 128;

/// A panel of 8 rows with vectors of rhs, `panel` bytes apart: chain after chain.
template <half_planes Planes, std::size_t Across>
[[gnu::target("avx512bw")]] inline void multiply_chains(const std::byte* lhs, const std::byte* rhs,
                                                        std::ptrdiff_t panel, std::ptrdiff_t steps,
                                                        tile_result<std::int64_t> to) noexcept {
    constexpr std::make_index_sequence<8> rows;
    constexpr std::ptrdiff_t rhs_step = 64 * static_cast<std::ptrdiff_t>(Planes);
    std::ptrdiff_t done = 0;
    do {
        const std::ptrdiff_t chain = steps - done < chain_steps<Planes> ? steps - done : chain_steps<Planes>;
        signed_words sums[8][Across];
        begin_tile<corrections::none>(sums, lhs, rhs, 0, rows);
        add_steps<half_products>(sums, {lhs + panel_header + 32 * done, 32, rhs + rhs_step * done, panel, rhs_step},
                                 chain);
        chain_sums<8, Across> stored;
        stored.store(sums, std::make_index_sequence<8 * Across>{});
        put_chain<Planes>(stored.at[0], 16 * Across, to);
        to.start = tile_start::sums;
        done += chain;
    } while (done < steps);
}
/// Rows of a panel packed with that many rows, with any number of panels of rhs, one after the other.
template <half_planes Planes, std::size_t Rows>
[[gnu::target("avx512bw")]] inline void multiply_few_chains(const std::byte* lhs, const std::byte* rhs,
                                                            std::ptrdiff_t panel, std::ptrdiff_t steps,
                                                            tile_result<std::int64_t> to) noexcept {
    constexpr std::make_index_sequence<Rows> rows;
    constexpr auto row_bytes = static_cast<std::ptrdiff_t>(4 * Rows);
    constexpr auto planes = static_cast<std::size_t>(Planes);
    constexpr std::ptrdiff_t rhs_step = 64 * static_cast<std::ptrdiff_t>(Planes);
    constexpr std::ptrdiff_t longest = chain_steps<Planes> / 4 * 4;
    for (; to.columns > 0; to.columns -= panel_columns) {
        tile_result<std::int64_t> part = to;
        if (part.columns > panel_columns) part.columns = panel_columns;
        std::ptrdiff_t done = 0;
        do {
            const std::ptrdiff_t chain = steps - done < longest ? steps - done : longest;
            signed_words sums[Rows][planes];
            begin_tile<corrections::none>(sums, lhs, rhs, 0, rows);
            const tile_operands from{lhs + panel_header + row_bytes * done, row_bytes, rhs + rhs_step * done, 64,
                                     rhs_step};
            add_steps_of_few<half_products>(sums, from, chain);
            chain_sums<Rows, planes> stored;
            stored.store(sums, std::make_index_sequence<Rows * planes>{});
            put_chain<Planes>(stored.at[0], 16 * planes, part);
            part.start = tile_start::sums;
            done += chain;
        } while (done < steps);
        rhs += panel;
        to.sums += panel_columns;
    }
}

/// s16_short and s16_wide.
template <half_planes Planes>
struct half_matrix {
    static constexpr std::ptrdiff_t planes = static_cast<std::ptrdiff_t>(Planes);
    [[nodiscard]] static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept {
        return 64 * planes * ((k + 1) / 2);
    }

    [[gnu::target("avx512vbmi,avx512bw")]] static void pack_lhs(lines_view<std::int16_t> from, std::ptrdiff_t lines,
                                                                std::ptrdiff_t k, void* to) noexcept {
        if (lines <= 4) return pack_few_rows<half_rows>(from, lines, k, static_cast<std::byte*>(to));
        half_rows writer{static_cast<std::byte*>(to)};
        pack_rows(from, lines, k, writer);
        write_header({}, tile_rows, writer.to);
    }
    [[gnu::target("avx512vbmi,avx512bw")]] static void pack_rhs(lines_view<std::int16_t> from, std::ptrdiff_t lines,
                                                                std::ptrdiff_t k, void* to) noexcept {
        half_columns<Planes> writer{static_cast<std::byte*>(to)};
        pack_columns(from, lines, k, writer);
    }
    static void multiply(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                         std::ptrdiff_t columns, std::int64_t* sums, std::ptrdiff_t sum_stride,
                         tile_start start) noexcept {
        const auto* const a = static_cast<const std::byte*>(lhs);
        const auto* const b = static_cast<const std::byte*>(rhs);
        const tile_result<std::int64_t> to{sums, sum_stride, rows, columns, start};
        const std::ptrdiff_t panel = rhs_bytes(k);
        const std::ptrdiff_t steps = (k + 1) / 2;
        switch (packed_rows(a)) {
            case 1: return multiply_few_chains<Planes, 1>(a, b, panel, steps, to);
            case 2: return multiply_few_chains<Planes, 2>(a, b, panel, steps, to);
            case 4: return multiply_few_chains<Planes, 4>(a, b, panel, steps, to);
            default: break;
        }
        if constexpr (Planes == half_planes::high_low) {
            multiply_chains<Planes, 2>(a, b, 64, steps, to);
        } else {
            if (columns <= 16) return multiply_chains<Planes, 1>(a, b, panel, steps, to);
            if (columns <= 32) return multiply_chains<Planes, 2>(a, b, panel, steps, to);
            multiply_chains<Planes, 3>(a, b, panel, steps, to);
        }
    }
    /// The same panels, all sums in 32 bits.
    static void multiply_32(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                            std::ptrdiff_t columns, std::int32_t* sums, std::ptrdiff_t sum_stride,
                            tile_start start) noexcept {
        multiply_words<half_products, corrections::none>(lhs, rhs, rhs_bytes(k), (k + 1) / 2,
                                                         {sums, sum_stride, rows, columns, start});
    }
    template <class Sum>
    [[nodiscard]] static constexpr matrix_kernel<std::int16_t, std::int16_t, Sum> make(
        const char* name,
        typename matrix_kernel<std::int16_t, std::int16_t, Sum>::multiply_function multiply_tiles) noexcept {
        return {.name = name,
                .isa = instruction_set::avx512,
                .lhs_lines = tile_rows,
                .rhs_lines = panel_columns,
                .rhs_panels = Planes == half_planes::one ? 3 : 1,
                .depth = 2,
                .lhs_bytes = &row_panel_bytes<2>,
                .rhs_bytes = &rhs_bytes,
                .pack_lhs = &pack_lhs,
                .pack_rhs = &pack_rhs,
                .multiply = multiply_tiles};
    }
};

inline constexpr auto s16_short = half_matrix<half_planes::one>::make<std::int64_t>(
    "avx512 s16_short 8x48", &half_matrix<half_planes::one>::multiply);
inline constexpr auto s16_wide = half_matrix<half_planes::high_low>::make<std::int64_t>(
    "avx512 s16_wide 8x16", &half_matrix<half_planes::high_low>::multiply);
inline constexpr auto s16s16_32 = half_matrix<half_planes::one>::make<std::int32_t>(
    "avx512 s16s16_32 8x48", &half_matrix<half_planes::one>::multiply_32);

}  // namespace dyad::inline v1::avx512

#endif
