// SPDX-License-Identifier: Apache-2.0
// float x float with AVX-512: tiles of 8 x 48, sum = fma(lhs[k], rhs[k], sum) for one k after the other.
// 24 sums stay in registers; each step of k takes three vectors of rhs and eight floats of lhs, 11 loads for 24
// multiply-adds.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx512/matrix_tile.hpp>

namespace dyad::inline v1::avx512 {

inline constexpr std::ptrdiff_t f32_rows = 8;

template <std::size_t Rows, std::size_t Vectors>
struct f32_tile {
    using vectors = std::make_index_sequence<Vectors>;
    floats sums[Rows][Vectors];

    /// One row: its float of lhs times the vectors of rhs.
    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void row(const float* lhs, const floats (&rhs)[Vectors],
                                                            std::index_sequence<V...>) noexcept {
        const floats a = broadcast(lhs + Row);
        ((sums[Row][V] = add_product(sums[Row][V], a, rhs[V])), ...);
    }
    template <std::size_t... Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void step(const float* lhs, const float* rhs, std::ptrdiff_t panel,
                                                             std::index_sequence<Row...>,
                                                             std::index_sequence<V...> all) noexcept {
        if constexpr (Rows <= rows_that_stream) {
            (__builtin_prefetch(rhs + static_cast<std::ptrdiff_t>(V) * panel + prefetch_bytes / 4), ...);
        }
        const floats b[Vectors] = {load_floats(rhs + static_cast<std::ptrdiff_t>(V) * panel)...};
        (row<Row>(lhs, b, all), ...);
    }
    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void begin(const float_sums& from,
                                                              std::index_sequence<V...>) noexcept {
        ((sums[Row][V] = load_sums(from, Row, V)), ...);
    }
    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void end(const float_sums& to,
                                                            std::index_sequence<V...>) const noexcept {
        (store_sums(to, Row, V, sums[Row][V]), ...);
    }
    template <std::size_t... Row>
    [[gnu::target("avx512f"), gnu::always_inline]] static void run(const float* lhs, const float* rhs, std::ptrdiff_t k,
                                                                   const float_sums& to, tile_start start,
                                                                   std::index_sequence<Row...> rows) noexcept {
        const std::ptrdiff_t panel = avx2::panel_bytes<avx2::f32_form, 16>(k) / 4;
        f32_tile tile{};
        if (start == tile_start::sums) (tile.template begin<Row>(to, vectors{}), ...);
        for (std::ptrdiff_t i = 0; i < k; ++i) {
            tile.step(lhs, rhs, panel, rows, vectors{});
            lhs += f32_rows;
            rhs += 16;
        }
        (tile.template end<Row>(to, vectors{}), ...);
    }
};

template <std::size_t Rows, std::size_t Vectors>
[[gnu::target("avx512f"), gnu::noinline]] inline void multiply_f32(const float* lhs, const float* rhs, std::ptrdiff_t k,
                                                                   const float_sums& to, tile_start start) noexcept {
    f32_tile<Rows, Vectors>::run(lhs, rhs, k, to, start, std::make_index_sequence<Rows>{});
}
template <std::size_t Rows>
void multiply_f32_rows(const float* lhs, const float* rhs, std::ptrdiff_t k, const float_sums& to,
                       tile_start start) noexcept {
    if (to.columns > 32) multiply_f32<Rows, 3>(lhs, rhs, k, to, start);
    else if (to.columns > 16) multiply_f32<Rows, 2>(lhs, rhs, k, to, start);
    else multiply_f32<Rows, 1>(lhs, rhs, k, to, start);
}
inline void multiply_f32_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride,
                                tile_start start) noexcept {
    const auto* const a = static_cast<const float*>(lhs);
    const auto* const b = static_cast<const float*>(rhs);
    const float_sums to{sums, sum_stride, rows, columns};
    switch (rows) {
        case 1: return multiply_f32_rows<1>(a, b, k, to, start);
        case 2: return multiply_f32_rows<2>(a, b, k, to, start);
        case 3:
        case 4: return multiply_f32_rows<4>(a, b, k, to, start);
        case 5:
        case 6: return multiply_f32_rows<6>(a, b, k, to, start);
        default: return multiply_f32_rows<8>(a, b, k, to, start);
    }
}

inline constexpr matrix_kernel<float, float, float> f32 = {.name = "avx512 f32 8x48",
                                                           .isa = instruction_set::avx512,
                                                           .lhs_lines = f32_rows,
                                                           .rhs_lines = 16,
                                                           .rhs_panels = 3,
                                                           .depth = 1,
                                                           .lhs_bytes = &avx2::panel_bytes<avx2::f32_form, f32_rows>,
                                                           .rhs_bytes = &avx2::panel_bytes<avx2::f32_form, 16>,
                                                           .pack_lhs = &avx2::pack_panel<avx2::f32_form, f32_rows>,
                                                           .pack_rhs = &avx2::pack_panel<avx2::f32_form, 16>,
                                                           .multiply = &multiply_f32_panels};

}  // namespace dyad::inline v1::avx512

#endif
