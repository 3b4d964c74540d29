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

/// Two chains for each of 4 rows by 16 columns.
struct bf16_chains {
    avx512::floats even[4];
    avx512::floats odd[4];
};

/// The pairs of one row of an rhs tile times those of four lines of an lhs tile.
[[gnu::target("avx512f"), gnu::always_inline]] inline void add_pair(bf16_chains& x, bf16_chains& y,
                                                                    const std::byte* lhs, avx512::words left,
                                                                    avx512::words right, int row) noexcept {
    using namespace avx512;
    words pair;
    __asm__("vpbroadcastd %1, %0" : "=v"(pair) : "m"(*reinterpret_cast<const std::uint32_t*>(lhs)));
    const auto even = reinterpret_cast<floats>(pair << 16);
    const auto odd = reinterpret_cast<floats>(pair & 0xffff'0000U);
    x.even[row] = add_product(x.even[row], even, reinterpret_cast<floats>(left << 16));
    y.even[row] = add_product(y.even[row], even, reinterpret_cast<floats>(right << 16));
    x.odd[row] = add_product(x.odd[row], odd, reinterpret_cast<floats>(left & 0xffff'0000U));
    y.odd[row] = add_product(y.odd[row], odd, reinterpret_cast<floats>(right & 0xffff'0000U));
}

/// Adds the products of 4 rows of a panel with the 32 columns of another to `sums`, rows of 32.
[[gnu::target("avx512f"), gnu::noinline]] inline void add_rows_gradual(const std::byte* lhs, const std::byte* rhs,
                                                                       std::ptrdiff_t steps, float* sums) noexcept {
    using namespace avx512;
    for (; steps != 0; --steps, lhs += 2 * tile_bytes, rhs += 2 * tile_bytes) {
        bf16_chains x = {};
        bf16_chains y = {};
        for (std::ptrdiff_t pair = 0; pair < tile_rows; ++pair) {
            const words left = load(rhs + pair * tile_row_bytes);
            const words right = load(rhs + pair * tile_row_bytes + tile_bytes);
            const std::byte* const at = lhs + 4 * pair;
            add_pair(x, y, at, left, right, 0);
            add_pair(x, y, at + tile_row_bytes, left, right, 1);
            add_pair(x, y, at + 2 * tile_row_bytes, left, right, 2);
            add_pair(x, y, at + 3 * tile_row_bytes, left, right, 3);
        }
        for (std::ptrdiff_t i = 0; i < 4; ++i) {
            float* const to = sums + i * panel_lines;
            store_floats(to, add(load_floats(to), add(x.even[i], x.odd[i])));
            store_floats(to + 16, add(load_floats(to + 16), add(y.even[i], y.odd[i])));
        }
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
    .rhs_panels = 4,
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
