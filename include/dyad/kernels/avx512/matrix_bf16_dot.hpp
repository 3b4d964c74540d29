// SPDX-License-Identifier: Apache-2.0
// bfloat16 x bfloat16 with AVX512_BF16: vdpbf16ps(sum, a, b) = fma(a.low, b.low, fma(a.high, b.high, sum)), each
// rounded once to nearest even whatever MXCSR says, subnormal numbers taken and given as zeros (Intel, Architecture
// Instruction Set Extensions Programming Reference, VDPBF16PS). So a chain of the defined order
// (kernels/scalar/matrix.hpp) is a chain of pairs: the even one of {high: k, low: k + 2}, the odd one of {high: k + 1,
// low: k + 3}. Where no subnormal number can come up, the results are the defined ones; else the same panels go through
// float multiply-adds.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx512/matrix_bf16.hpp>

namespace dyad::inline v1::avx512 {

/// sum + x.high y.high + x.low y.low, two roundings.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add_pair_products(floats sum, floats x, words y) noexcept {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
    return sum;
}

/// Pairs of lhs, read as floats: element 4 g + i is in word 2 g + i % 2.
struct pair_lhs {
    static constexpr std::ptrdiff_t words_of_four = 2;
    template <std::size_t Element>
    [[gnu::target("avx512f"), gnu::always_inline]] static floats element(const std::uint32_t* lhs,
                                                                         std::ptrdiff_t lines) noexcept {
        const std::uint32_t& pair = lhs[static_cast<std::ptrdiff_t>(Element % 2) * lines];
        floats y;
        if constexpr (Element < 2)
            __asm__("vpandd %1%{1to16%}, %2, %0" : "=v"(y) : "m"(pair), "v"(words{} + 0xffff'0000U));
        else __asm__("vpslld $16, %1%{1to16%}, %0" : "=v"(y) : "m"(pair));
        return y;
    }
};

/// As bf16_tile, by pairs.
template <std::ptrdiff_t Lines, std::size_t Rows, std::size_t Vectors>
struct bf16_dot_tile {
    using vectors = std::make_index_sequence<Vectors>;
    using rows = std::make_index_sequence<Rows>;
    floats chains[2][Rows][Vectors];

    template <std::size_t Chain, std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void row(const std::uint32_t* lhs, const words (&rhs)[Vectors],
                                                            std::index_sequence<V...>) noexcept {
        const floats a = broadcast(lhs + Row);
        ((chains[Chain][Row][V] = add_pair_products(chains[Chain][Row][V], a, rhs[V])), ...);
    }
    template <std::size_t Chain, std::size_t... Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void pairs(const std::uint32_t* lhs, const std::uint32_t* rhs,
                                                              std::ptrdiff_t panel, std::index_sequence<Row...>,
                                                              std::index_sequence<V...> all) noexcept {
        if constexpr (Rows <= rows_that_stream) {
            (__builtin_prefetch(rhs + static_cast<std::ptrdiff_t>(V) * panel + prefetch_bytes / 4), ...);
        }
        const words b[Vectors] = {load(rhs + static_cast<std::ptrdiff_t>(V) * panel)...};
        (row<Chain, Row>(lhs, b, all), ...);
    }
    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void end_row(float* sums, std::index_sequence<V...>) noexcept {
        (store_floats(sums + 16 * V, add(load_floats(sums + 16 * V), add(chains[0][Row][V], chains[1][Row][V]))), ...);
    }
    template <std::size_t... Row>
    [[gnu::target("avx512f"), gnu::always_inline]] static void step(const std::uint32_t* lhs, const std::uint32_t* rhs,
                                                                    std::ptrdiff_t panel, std::ptrdiff_t fours,
                                                                    float* sums,
                                                                    std::index_sequence<Row...> all) noexcept {
        bf16_dot_tile tile{};
        for (std::ptrdiff_t i = 0; i < fours; ++i) {
            tile.template pairs<0>(lhs, rhs, panel, all, vectors{});
            tile.template pairs<1>(lhs + Lines, rhs + 16, panel, all, vectors{});
            lhs += 2 * Lines;
            rhs += 32;
        }
        (tile.template end_row<Row>(sums + 16 * Row * Vectors, vectors{}), ...);
    }
};

inline constexpr std::ptrdiff_t bf16_dot_rows = 6;

template <std::size_t Rows, std::size_t Vectors>
[[gnu::target("avx512f"), gnu::noinline]] inline void multiply_bf16_dot(const std::uint32_t* lhs,
                                                                        const std::uint32_t* rhs, std::ptrdiff_t k,
                                                                        const float_sums& to,
                                                                        tile_start start) noexcept {
    using tile = bf16_dot_tile<bf16_dot_rows, Rows, Vectors>;
    const std::ptrdiff_t panel = avx2::panel_bytes<bf16_rhs_form, 16, bf16_depth>(k) / 4;
    sums_in_memory<Rows, Vectors> sums;
    sums.begin(to, start);
    float* data = sums.data;
    for (std::ptrdiff_t done = 0; done < k; done += bf16_depth) {
        __asm__("" : "+r"(data) : : "memory");  // compilers would keep the sums in registers, for which none are left
        tile::step(lhs + done / 2 * bf16_dot_rows, rhs + done / 4 * 32, panel, fours_in_step(k - done), data,
                   typename tile::rows{});
    }
    __asm__("" : : "r"(data) : "memory");
    sums.end(to);
}
template <std::size_t Rows>
void multiply_bf16_dot_rows(const std::uint32_t* lhs, const std::uint32_t* rhs, std::ptrdiff_t k, const float_sums& to,
                            tile_start start) noexcept {
    if (to.columns > 16) multiply_bf16_dot<Rows, 2>(lhs, rhs, k, to, start);
    else multiply_bf16_dot<Rows, 1>(lhs, rhs, k, to, start);
}
inline void multiply_bf16_dot_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                     std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride,
                                     tile_start start) noexcept {
    const auto* const a = static_cast<const std::uint32_t*>(lhs);
    const auto* const b = static_cast<const std::uint32_t*>(rhs);
    const float_sums to{sums, sum_stride, rows, columns};
    switch (rows) {
        case 1: return multiply_bf16_dot_rows<1>(a, b, k, to, start);
        case 2: return multiply_bf16_dot_rows<2>(a, b, k, to, start);
        case 3:
        case 4: return multiply_bf16_dot_rows<4>(a, b, k, to, start);
        default: return multiply_bf16_dot_rows<6>(a, b, k, to, start);
    }
}
/// Three rows at a time, for whose decoding registers are left.
inline void multiply_bf16_gradual(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                  std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride,
                                  tile_start start) noexcept {
    const auto* const a = static_cast<const std::uint32_t*>(lhs);
    const auto* const b = static_cast<const std::uint32_t*>(rhs);
    for (std::ptrdiff_t row = 0; row < rows; row += 3) {
        const float_sums to{sums + row * sum_stride, sum_stride, rows - row < 3 ? rows - row : 3, columns};
        if (columns > 16) multiply_bf16<pair_lhs, bf16_dot_rows, 3, 2>(a + row, b, k, to, start);
        else multiply_bf16<pair_lhs, bf16_dot_rows, 3, 1>(a + row, b, k, to, start);
    }
}

inline constexpr matrix_kernel<bfloat16, bfloat16, float> bf16_dot_kernel = {
    .name = "avx512_bf16 bf16 6x32",
    .isa = instruction_set::avx512_bf16,
    .lhs_lines = bf16_dot_rows,
    .rhs_lines = 16,
    .rhs_panels = 2,
    .depth = bf16_depth,
    .lhs_bytes = &avx2::panel_bytes<avx2::bf16_pair_form<0>, bf16_dot_rows, bf16_depth>,
    .rhs_bytes = &avx2::panel_bytes<bf16_rhs_form, 16, bf16_depth>,
    .pack_lhs = &avx2::pack_panel<avx2::bf16_pair_form<0>, bf16_dot_rows>,
    .pack_rhs = &avx2::pack_panel<bf16_rhs_form, 16>,
    .multiply = &multiply_bf16_dot_panels,
    .multiply_gradual = &multiply_bf16_gradual};

}  // namespace dyad::inline v1::avx512

#endif
