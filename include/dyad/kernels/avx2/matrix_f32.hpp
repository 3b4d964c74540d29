// SPDX-License-Identifier: Apache-2.0
// float x float with AVX2 and FMA: tiles of 6 x 16, sum = fma(lhs[k], rhs[k], sum) for one k after the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx2/matrix_tile.hpp>

namespace dyad::inline v1::avx2 {

inline constexpr std::ptrdiff_t f32_rows = 6;

template <std::size_t Rows>
struct f32_tile {
    eight_floats sums[Rows][2];

    template <std::size_t Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void row(const float* lhs, eight_floats first,
                                                             eight_floats second) noexcept {
        add_products(sums[Row][0], sums[Row][1], lhs + Row, first, second);
    }
    template <std::size_t... Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] static void run(const float* lhs, const float* rhs,
                                                                    std::ptrdiff_t k, const float_sums& to,
                                                                    tile_start start,
                                                                    std::index_sequence<Row...>) noexcept {
        f32_tile tile{};
        if (start == tile_start::sums) {
            ((tile.sums[Row][0] = load_sums(to, Row, 0), tile.sums[Row][1] = load_sums(to, Row, 1)), ...);
        }
        for (std::ptrdiff_t i = 0; i < k; ++i) {
            if constexpr (Rows <= rows_that_stream) __builtin_prefetch(rhs + prefetch_bytes / 4);
            const eight_floats first = load_floats(rhs);
            const eight_floats second = load_floats(rhs + 8);
            (tile.template row<Row>(lhs, first, second), ...);
            lhs += f32_rows;
            rhs += tile_columns;
        }
        ((store_sums(to, Row, 0, tile.sums[Row][0]), store_sums(to, Row, 1, tile.sums[Row][1])), ...);
    }
};

template <std::size_t Rows>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void multiply_f32(const void* lhs, const void* rhs, std::ptrdiff_t k,
                                                                    const float_sums& to, tile_start start) noexcept {
    f32_tile<Rows>::run(static_cast<const float*>(lhs), static_cast<const float*>(rhs), k, to, start,
                        std::make_index_sequence<Rows>{});
}
inline void multiply_f32_rows(const void* lhs, const void* rhs, std::ptrdiff_t k, const float_sums& to,
                              tile_start start) noexcept {
    switch (to.rows) {
        case 1: return multiply_f32<1>(lhs, rhs, k, to, start);
        case 2: return multiply_f32<2>(lhs, rhs, k, to, start);
        case 3:
        case 4: return multiply_f32<4>(lhs, rhs, k, to, start);
        default: return multiply_f32<6>(lhs, rhs, k, to, start);
    }
}

inline constexpr matrix_kernel<float, float, float> f32 = {.name = "avx2 f32 6x16",
                                                           .isa = instruction_set::avx2,
                                                           .lhs_lines = f32_rows,
                                                           .rhs_lines = tile_columns,
                                                           .rhs_panels = 1,
                                                           .depth = 1,
                                                           .lhs_bytes = &panel_bytes<f32_form, f32_rows>,
                                                           .rhs_bytes = &panel_bytes<f32_form, tile_columns>,
                                                           .pack_lhs = &pack_panel<f32_form, f32_rows>,
                                                           .pack_rhs = &pack_panel<f32_form, tile_columns>,
                                                           .multiply = &multiply_tile<f32_rows, &multiply_f32_rows>};

}  // namespace dyad::inline v1::avx2

#endif
