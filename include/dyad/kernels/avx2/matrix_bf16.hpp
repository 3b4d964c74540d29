// SPDX-License-Identifier: Apache-2.0
// bfloat16 x bfloat16 with AVX2 and FMA, in the order of kernels/scalar/dot.hpp: in steps of 32 k, an even and an odd
// chain from +0, sum += even + odd. Tiles of 3 x 16 whose twelve chains stay in registers; the sums lie in memory.
// Rhs comes as pairs (avx2/matrix_panels.hpp), each made two floats by a shift and a mask; lhs as floats.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx2/matrix_tile.hpp>

namespace dyad::inline v1::avx2 {

inline constexpr std::ptrdiff_t bf16_rows = 3;
inline constexpr std::ptrdiff_t bf16_depth = 32;
using bf16_rhs_form = bf16_pair_form<0x8000>;

template <std::size_t Rows>
struct bf16_tile {
    eight_floats chains[2][Rows][2];

    template <std::size_t Element, std::size_t Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void row(const float* lhs, eight_floats first,
                                                             eight_floats second) noexcept {
        const eight_floats a = broadcast(lhs + static_cast<std::ptrdiff_t>(Element) * bf16_rows + Row);
        eight_floats(&chain)[2] = chains[Element % 2][Row];
        chain[0] = add_product(chain[0], a, first);
        chain[1] = add_product(chain[1], a, second);
    }
    /// Element 0 to 3 of four k.
    template <std::size_t Element, std::size_t... Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void element(const float* lhs, const std::uint32_t* rhs,
                                                                 std::index_sequence<Row...>) noexcept {
        eight_words first;
        eight_words second;
        __builtin_memcpy(&first, rhs + Element % 2 * 16, sizeof first);
        __builtin_memcpy(&second, rhs + Element % 2 * 16 + 8, sizeof second);
        first = Element < 2 ? first & 0xffff'0000U : first << 16U;
        second = Element < 2 ? second & 0xffff'0000U : second << 16U;
        (row<Element, Row>(lhs, reinterpret_cast<eight_floats>(first), reinterpret_cast<eight_floats>(second)), ...);
    }
    template <std::size_t Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void end_row(float* sums) noexcept {
        store_floats(sums, add(load_floats(sums), add(chains[0][Row][0], chains[1][Row][0])));
        store_floats(sums + 8, add(load_floats(sums + 8), add(chains[0][Row][1], chains[1][Row][1])));
    }
    /// One step of 32 k, of `fours` fours.
    template <std::size_t... Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] static void step(const float* lhs, const std::uint32_t* rhs,
                                                                     std::ptrdiff_t fours, float* sums,
                                                                     std::index_sequence<Row...> all) noexcept {
        bf16_tile tile{};
        for (std::ptrdiff_t i = 0; i < fours; ++i) {
            if constexpr (Rows == 1) {
                __builtin_prefetch(rhs + prefetch_bytes / 4);
                __builtin_prefetch(rhs + prefetch_bytes / 4 + 16);
            }
            tile.template element<0>(lhs, rhs, all);
            tile.template element<1>(lhs, rhs, all);
            tile.template element<2>(lhs, rhs, all);
            tile.template element<3>(lhs, rhs, all);
            lhs += 4 * bf16_rows;
            rhs += 32;
        }
        (tile.template end_row<Row>(sums + 16 * Row), ...);
    }
};

template <std::size_t Rows>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void multiply_bf16(const float* lhs, const std::uint32_t* rhs,
                                                                     std::ptrdiff_t k, float* sums) noexcept {
    for (std::ptrdiff_t left = k; left > 0; left -= bf16_depth) {
        const std::ptrdiff_t fours = ((left < bf16_depth ? left : bf16_depth) + 3) / 4;
        bf16_tile<Rows>::step(lhs, rhs, fours, sums, std::make_index_sequence<Rows>{});
        lhs += bf16_depth * bf16_rows;
        rhs += bf16_depth / 2 * 16;
    }
}
[[gnu::target("avx2,fma")]] inline void multiply_bf16_rows(const void* lhs, const void* rhs, std::ptrdiff_t k,
                                                           const float_sums& to, tile_start start) noexcept {
    alignas(32) float sums[bf16_rows * tile_columns] = {};
    if (start == tile_start::sums) {
        for (std::size_t i = 0; i < 2 * bf16_rows; ++i) store_floats(sums + 8 * i, load_sums(to, i / 2, i % 2));
    }
    const auto* const a = static_cast<const float*>(lhs);
    const auto* const b = static_cast<const std::uint32_t*>(rhs);
    if (to.rows == 1) multiply_bf16<1>(a, b, k, sums);
    else multiply_bf16<3>(a, b, k, sums);
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
    .multiply = &multiply_tile<bf16_rows, &multiply_bf16_rows>};

}  // namespace dyad::inline v1::avx2

#endif
