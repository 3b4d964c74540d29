// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 with AMX-BF16, in its order of sums: in steps of 32 k, the even and the odd products form two
// fused chains from +0, and sum = sum + (even + odd). TDPBF16PS takes subnormal numbers as zeros and makes none;
// multiply_gradual computes the same from the same panels with AVX-512, subnormal numbers kept.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/amx/blocks.hpp>
#include <dyad/kernels/amx/panels.hpp>
#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::amx {

/// The two chains of one row by 2 x 16 columns.
struct bf16_chains {
    avx512::floats left_even{};
    avx512::floats left_odd{};
    avx512::floats right_even{};
    avx512::floats right_odd{};
};

/// Pairs of 2 x 16 columns, as floats.
struct bf16_pairs {
    avx512::floats left_even;
    avx512::floats left_odd;
    avx512::floats right_even;
    avx512::floats right_odd;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::floats even_of(avx512::words pairs) noexcept {
    return reinterpret_cast<avx512::floats>(pairs << 16);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline avx512::floats odd_of(avx512::words pairs) noexcept {
    return reinterpret_cast<avx512::floats>(pairs & 0xffff'0000U);
}

/// The pair of one line of lhs times those of the columns.
[[gnu::target("avx512f"), gnu::always_inline]] inline void add_pair(bf16_chains& sums, const std::byte* lhs,
                                                                    const bf16_pairs& rhs) noexcept {
    using namespace avx512;
    words pair;
    __asm__("vpbroadcastd %1, %0" : "=v"(pair) : "m"(*reinterpret_cast<const char(*)[4]>(lhs)));
    const floats even = even_of(pair);
    sums.left_even = add_product(sums.left_even, even, rhs.left_even);
    sums.right_even = add_product(sums.right_even, even, rhs.right_even);
    const floats odd = odd_of(pair);
    sums.left_odd = add_product(sums.left_odd, odd, rhs.left_odd);
    sums.right_odd = add_product(sums.right_odd, odd, rhs.right_odd);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void add_chains(const bf16_chains& chains, float* sums) noexcept {
    using namespace avx512;
    store_floats(sums, add(load_floats(sums), add(chains.left_even, chains.left_odd)));
    store_floats(sums + 16, add(load_floats(sums + 16), add(chains.right_even, chains.right_odd)));
}

/// Adds the products of 4 rows of a panel with the 32 columns of another to `sums`, rows of 32.
[[gnu::target("avx512f"), gnu::noinline]] inline void add_rows_gradual(const std::byte* lhs, const std::byte* rhs,
                                                                       std::ptrdiff_t steps, float* sums) noexcept {
    using namespace avx512;
    for (; steps != 0; --steps, lhs += 2 * tile_bytes, rhs += 2 * tile_bytes) {
        bf16_chains row0;
        bf16_chains row1;
        bf16_chains row2;
        bf16_chains row3;
        for (std::ptrdiff_t i = 0; i < tile_rows; ++i) {
            const words left = load(rhs + i * tile_row_bytes);
            const words right = load(rhs + i * tile_row_bytes + tile_bytes);
            const bf16_pairs pairs = {even_of(left), odd_of(left), even_of(right), odd_of(right)};
            add_pair(row0, lhs + 4 * i, pairs);
            add_pair(row1, lhs + 4 * i + tile_row_bytes, pairs);
            add_pair(row2, lhs + 4 * i + 2 * tile_row_bytes, pairs);
            add_pair(row3, lhs + 4 * i + 3 * tile_row_bytes, pairs);
        }
        add_chains(row0, sums);
        add_chains(row1, sums + panel_lines);
        add_chains(row2, sums + 2 * panel_lines);
        add_chains(row3, sums + 3 * panel_lines);
    }
}

/// As multiply_panels, without tiles.
inline void multiply_bf16_gradual(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                  std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride,
                                  tile_start start) noexcept {
    const std::ptrdiff_t steps = step_of<bfloat16>::count(k);
    const auto* b = static_cast<const std::byte*>(rhs);
    for (std::ptrdiff_t j = 0; j < columns; j += panel_lines, b += steps * 2 * tile_bytes) {
        const std::ptrdiff_t n = columns - j < panel_lines ? columns - j : panel_lines;
        for (std::ptrdiff_t i = 0; i < rows; i += 4) {
            const std::ptrdiff_t m = rows - i < 4 ? rows - i : 4;
            float* const to = sums + i * sum_stride + j;
            const auto* const a =
                static_cast<const std::byte*>(lhs) + i / tile_rows * tile_bytes + i % tile_rows * tile_row_bytes;
            alignas(64) float block[4 * panel_lines] = {};
            if (start == tile_start::sums) copy_words(to, 4 * sum_stride, block, 4 * panel_lines, m, n);
            add_rows_gradual(a, b, steps, block);
            unify_nans(block, panel_lines, m, n);
            copy_words(block, 4 * panel_lines, to, 4 * sum_stride, m, n);
        }
    }
}

inline constexpr matrix_kernel<bfloat16, bfloat16, float> bf16 = {
    .name = "amx bf16 32x32",
    .isa = instruction_set::amx,
    .lhs_lines = panel_lines,
    .rhs_lines = panel_lines,
    .rhs_panels = 2,
    .depth = step_of<bfloat16>::depth,
    .lhs_bytes = &step_of<bfloat16>::panel_bytes,
    .rhs_bytes = &step_of<bfloat16>::panel_bytes,
    .pack_lhs = &pack_panel<panel_side::lhs, bfloat16>,
    .pack_rhs = &pack_panel<panel_side::rhs, bfloat16>,
    .multiply = &multiply_panels<tile_product::bf16, float>,
    .multiply_gradual = &multiply_bf16_gradual,
    .begin = &configure_tiles,
    .end = &release_tiles};

}  // namespace dyad::inline v1::amx

#endif
