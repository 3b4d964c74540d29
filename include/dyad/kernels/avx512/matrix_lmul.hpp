// SPDX-License-Identifier: Apache-2.0
// Sums of L-Mul's integer additions with the constant 2^-L (number/lmul_adder.hpp), with AVX-512: tiles of 8 x 48, one
// addition of integers and one of floats a step; zeros by masks; panels and everything else as avx2/matrix_lmul.hpp.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_lmul.hpp>
#include <dyad/kernels/avx512/matrix_tile.hpp>

namespace dyad::inline v1::avx512 {

inline constexpr std::ptrdiff_t lmul_rows = 8;
using avx2::lmul_way;

/// sum + (a + b as the code of a float). The processor spreads a over the lanes while it adds, which is faster here
/// than a vector of a, kept for all of a row.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add_sum_of_codes(floats sum, const std::uint32_t* a,
                                                                              words b) noexcept {
    words code;
    __asm__("vpaddd %2%{1to16%}, %1, %0" : "=v"(code) : "v"(b), "m"(*a));
    return add(sum, reinterpret_cast<floats>(code));
}
/// The same where both masks are set; elsewhere sum + 0, or sum.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add_sum_of_codes(floats sum, const std::uint32_t* a,
                                                                              words b, std::uint16_t a_there,
                                                                              std::uint16_t b_there) noexcept {
    words code;
    __asm__("vpaddd %2%{1to16%}, %1, %0%{%3%}%{z%}" : "=v"(code) : "v"(b), "m"(*a), "Yk"(b_there));
    __asm__("vaddps %1, %0, %0%{%2%}" : "+v"(sum) : "v"(code), "Yk"(a_there));
    return sum;
}

template <lmul_way Way, std::size_t Rows, std::size_t Vectors>
struct lmul_tile {
    using vectors = std::make_index_sequence<Vectors>;
    floats sums[Rows][Vectors];

    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void row(const std::uint32_t* lhs, const std::uint32_t* masks,
                                                            const words (&rhs)[Vectors],
                                                            const std::uint16_t (&there)[Vectors],
                                                            std::index_sequence<V...>) noexcept {
        if constexpr (Way == lmul_way::zeros) {
            std::uint16_t mask;
            __asm__("kmovw %1, %0" : "=Yk"(mask) : "m"(*reinterpret_cast<const char(*)[2]>(masks + Row)));
            ((sums[Row][V] = add_sum_of_codes(sums[Row][V], lhs + Row, rhs[V], mask, there[V])), ...);
        } else {
            ((sums[Row][V] = add_sum_of_codes(sums[Row][V], lhs + Row, rhs[V])), ...);
        }
    }
    template <std::size_t... Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void step(const std::uint32_t* lhs, const std::uint32_t* masks,
                                                             const std::uint32_t* rhs, std::ptrdiff_t panel,
                                                             std::index_sequence<Row...>,
                                                             std::index_sequence<V...> all) noexcept {
        if constexpr (Rows <= rows_that_stream) {
            (__builtin_prefetch(rhs + static_cast<std::ptrdiff_t>(V) * panel + prefetch_bytes / 4), ...);
        }
        const words b[Vectors] = {load(rhs + static_cast<std::ptrdiff_t>(V) * panel)...};
        std::uint16_t there[Vectors] = {};
        if constexpr (Way == lmul_way::zeros) {
            const words magnitude = words{} + 0x7fff'ffffU;
            for (std::size_t v = 0; v < Vectors; ++v)
                __asm__("vptestmd %2, %1, %0" : "=Yk"(there[v]) : "v"(b[v]), "v"(magnitude));
        }
        (row<Row>(lhs, masks, b, there, all), ...);
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
    [[gnu::target("avx512f"), gnu::always_inline]] static void run(const avx2::lmul_panel<lmul_rows>& lhs,
                                                                   const std::uint32_t* rhs, std::ptrdiff_t k,
                                                                   const float_sums& to, tile_start start,
                                                                   std::index_sequence<Row...> rows) noexcept {
        const std::ptrdiff_t panel = avx2::lmul_rhs_bytes<16>(k) / 4;
        lmul_tile tile{};
        if (start == tile_start::sums) (tile.template begin<Row>(to, vectors{}), ...);
        for (std::ptrdiff_t i = 0; i < k; ++i)
            tile.step(lhs.words + i * lmul_rows, lhs.masks + i * lhs.mask_stride, rhs + i * 16, panel, rows, vectors{});
        (tile.template end<Row>(to, vectors{}), ...);
    }
};

template <lmul_way Way, std::size_t Rows, std::size_t Vectors>
[[gnu::target("avx512f"), gnu::noinline]] inline void multiply_lmul(const avx2::lmul_panel<lmul_rows>& lhs,
                                                                    const std::uint32_t* rhs, std::ptrdiff_t k,
                                                                    const float_sums& to, tile_start start) noexcept {
    lmul_tile<Way, Rows, Vectors>::run(lhs, rhs, k, to, start, std::make_index_sequence<Rows>{});
}
template <lmul_way Way, std::size_t Rows>
void multiply_lmul_columns(const avx2::lmul_panel<lmul_rows>& lhs, const std::uint32_t* rhs, std::ptrdiff_t k,
                           const float_sums& to, tile_start start) noexcept {
    if (to.columns > 32) multiply_lmul<Way, Rows, 3>(lhs, rhs, k, to, start);
    else if (to.columns > 16) multiply_lmul<Way, Rows, 2>(lhs, rhs, k, to, start);
    else multiply_lmul<Way, Rows, 1>(lhs, rhs, k, to, start);
}
template <lmul_way Way>
void multiply_lmul_rows(const avx2::lmul_panel<lmul_rows>& lhs, const std::uint32_t* rhs, std::ptrdiff_t k,
                        const float_sums& to, tile_start start) noexcept {
    switch (to.rows) {
        case 1: return multiply_lmul_columns<Way, 1>(lhs, rhs, k, to, start);
        case 2: return multiply_lmul_columns<Way, 2>(lhs, rhs, k, to, start);
        case 3:
        case 4: return multiply_lmul_columns<Way, 4>(lhs, rhs, k, to, start);
        case 5:
        case 6: return multiply_lmul_columns<Way, 6>(lhs, rhs, k, to, start);
        default: return multiply_lmul_columns<Way, 8>(lhs, rhs, k, to, start);
    }
}

template <int L>
void multiply_lmul_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                          std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    const avx2::lmul_panel<lmul_rows> a(lhs, k);
    const auto* const panels = static_cast<const std::byte*>(rhs);
    const std::ptrdiff_t size = avx2::lmul_rhs_bytes<16>(k);
    lmul_way way = lmul_way::plain;
    for (std::ptrdiff_t j = 0; j < columns; j += 16) {
        const lmul_way own = avx2::way_of<L>(a.range, avx2::lmul_panel<16>(panels + j / 16 * size, k).range);
        way = way < own ? own : way;
    }
    if (way != lmul_way::plain && start == tile_start::sums &&
        avx2::has_negative_zero(sums, sum_stride, rows, columns)) {
        way = lmul_way::any;
    }
    const float_sums to{sums, sum_stride, rows, columns};
    const std::uint32_t* const first = avx2::lmul_panel<16>(rhs, k).words;
    if (way == lmul_way::plain) return multiply_lmul_rows<lmul_way::plain>(a, first, k, to, start);
    if (way != lmul_way::any) return multiply_lmul_rows<lmul_way::zeros>(a, first, k, to, start);
    for (std::ptrdiff_t j = 0; j < columns; j += 8) {
        const auto* const b = avx2::lmul_panel<16>(panels + j / 16 * size, k).words + j % 16;
        avx2::multiply_any_lmul<L, lmul_rows>(a.words, b, k, rows, columns - j, sums + j, sum_stride, start);
    }
}

template <int L>
inline constexpr matrix_kernel<float, float, float> lmul_adder_f32 = {.name = "avx512 lmul_adder 8x48",
                                                                      .isa = instruction_set::avx512,
                                                                      .lhs_lines = lmul_rows,
                                                                      .rhs_lines = 16,
                                                                      .rhs_panels = 3,
                                                                      .depth = 1,
                                                                      .lhs_bytes = &avx2::lmul_lhs_bytes<lmul_rows>,
                                                                      .rhs_bytes = &avx2::lmul_rhs_bytes<16>,
                                                                      .pack_lhs = &avx2::pack_lmul_lhs<L, lmul_rows>,
                                                                      .pack_rhs = &avx2::pack_lmul_rhs<16>,
                                                                      .multiply = &multiply_lmul_panels<L>};

}  // namespace dyad::inline v1::avx512

#endif
