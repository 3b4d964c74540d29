// SPDX-License-Identifier: Apache-2.0
// bfloat16 x bfloat16 with AVX2 and FMA, in the order of kernels/scalar/matrix.hpp: in steps of 32 k, an even and an
// odd chain from +0, sum += even + odd. Tiles of 3 x 16 whose twelve chains stay in registers; the sums lie in memory.
// Rhs comes as pairs (avx2/matrix_panels.hpp), each made two floats by a shift and a mask; lhs as floats.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx2/matrix_tile.hpp>

namespace dyad::inline v1::avx2 {

inline constexpr std::ptrdiff_t bf16_rows = 3;
inline constexpr std::ptrdiff_t bf16_depth = 32;
using bf16_rhs_form = bf16_pair_form<0x8000>;

/// chains[i][v] += lhs[i] y_v for three rows, y_v the upper (lower) floats of eight pairs each. One statement, for the
/// twelve chains, y_0, y_1, the float of lhs and the mask are all 16 registers.
using row_chains = eight_floats[bf16_rows][2];
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_high_products(row_chains& chains, const float* lhs,
                                                                              const panel_words* pairs,
                                                                              eight_words mask) noexcept {
    eight_floats y0;
    eight_floats y1;
    eight_floats x;
    __asm__(
        "vpand %9, %11, %6\n\tvpand %10, %11, %7\n\t"
        "vbroadcastss %12, %8\n\tvfmadd231ps %6, %8, %0\n\tvfmadd231ps %7, %8, %1\n\t"
        "vbroadcastss %13, %8\n\tvfmadd231ps %6, %8, %2\n\tvfmadd231ps %7, %8, %3\n\t"
        "vbroadcastss %14, %8\n\tvfmadd231ps %6, %8, %4\n\tvfmadd231ps %7, %8, %5"
        : "+x"(chains[0][0]), "+x"(chains[0][1]), "+x"(chains[1][0]), "+x"(chains[1][1]), "+x"(chains[2][0]),
          "+x"(chains[2][1]), "=&x"(y0), "=&x"(y1), "=&x"(x)
        : "m"(pairs[0]), "m"(pairs[1]), "x"(mask), "m"(lhs[0]), "m"(lhs[1]), "m"(lhs[2]));
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_low_products(row_chains& chains, const float* lhs,
                                                                             const panel_words* pairs) noexcept {
    eight_floats y0;
    eight_floats y1;
    eight_floats x;
    __asm__(
        "vmovdqa %9, %6\n\tvmovdqa %10, %7\n\tvpslld $16, %6, %6\n\tvpslld $16, %7, %7\n\t"
        "vbroadcastss %11, %8\n\tvfmadd231ps %6, %8, %0\n\tvfmadd231ps %7, %8, %1\n\t"
        "vbroadcastss %12, %8\n\tvfmadd231ps %6, %8, %2\n\tvfmadd231ps %7, %8, %3\n\t"
        "vbroadcastss %13, %8\n\tvfmadd231ps %6, %8, %4\n\tvfmadd231ps %7, %8, %5"
        : "+x"(chains[0][0]), "+x"(chains[0][1]), "+x"(chains[1][0]), "+x"(chains[1][1]), "+x"(chains[2][0]),
          "+x"(chains[2][1]), "=&x"(y0), "=&x"(y1), "=&x"(x)
        : "m"(pairs[0]), "m"(pairs[1]), "m"(lhs[0]), "m"(lhs[1]), "m"(lhs[2]));
}

[[gnu::target("avx2,fma"), gnu::always_inline]] inline void end_bf16_row(float* sums, const eight_floats (&even)[2],
                                                                         const eight_floats (&odd)[2]) noexcept {
    store_floats(sums, add(load_floats(sums), add(even[0], odd[0])));
    store_floats(sums + 8, add(load_floats(sums + 8), add(even[1], odd[1])));
}
/// One step of 32 k, of `fours` fours, for three rows of 16 sums.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_bf16_step(const float* lhs, const panel_words* rhs,
                                                                          std::ptrdiff_t fours, float* sums) noexcept {
    const eight_words mask = eight_words{} + 0xffff'0000U;
    row_chains even{};
    row_chains odd{};
    for (std::ptrdiff_t i = 0; i < fours; ++i) {
        __builtin_prefetch(rhs + prefetch_bytes / 32);
        __builtin_prefetch(rhs + prefetch_bytes / 32 + 2);
        add_high_products(even, lhs, rhs, mask);
        add_high_products(odd, lhs + bf16_rows, rhs + 2, mask);
        add_low_products(even, lhs + 2 * bf16_rows, rhs);
        add_low_products(odd, lhs + 3 * bf16_rows, rhs + 2);
        lhs += 4 * bf16_rows;
        rhs += 4;
    }
    end_bf16_row(sums, even[0], odd[0]);
    end_bf16_row(sums + 16, even[1], odd[1]);
    end_bf16_row(sums + 32, even[2], odd[2]);
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void multiply_bf16(const void* lhs, const void* rhs, std::ptrdiff_t k,
                                                                     const float_sums& to, tile_start start) noexcept {
    alignas(32) float sums[bf16_rows * tile_columns] = {};
    if (start == tile_start::sums) {
        for (std::size_t i = 0; i < 2 * bf16_rows; ++i) store_floats(sums + 8 * i, load_sums(to, i / 2, i % 2));
    }
    const auto* a = static_cast<const float*>(lhs);
    const auto* b = static_cast<const panel_words*>(rhs);
    for (std::ptrdiff_t left = k; left > 0; left -= bf16_depth) {
        add_bf16_step(a, b, ((left < bf16_depth ? left : bf16_depth) + 3) / 4, sums);
        a += bf16_depth * bf16_rows;
        b += bf16_depth;
    }
    for (std::size_t i = 0; i < 2 * bf16_rows; ++i) store_sums(to, i / 2, i % 2, load_floats(sums + 8 * i));
}

inline constexpr matrix_kernel<bfloat16, bfloat16, float> bf16 = {
    .name = "avx2 bf16 3x16",
    .isa = instruction_set::avx2,
    .lhs_lines = bf16_rows,
    .rhs_lines = tile_columns,
    .rhs_panels = 1,
    .depth = bf16_depth,
    .lhs_bytes = &panel_bytes<bf16_float_form, bf16_rows, bf16_depth>,
    .rhs_bytes = &panel_bytes<bf16_rhs_form, tile_columns, bf16_depth>,
    .pack_lhs = &pack_panel<bf16_float_form, bf16_rows>,
    .pack_rhs = &pack_panel<bf16_rhs_form, tile_columns>,
    .multiply = &multiply_tile<bf16_rows, &multiply_bf16>};

}  // namespace dyad::inline v1::avx2

#endif
