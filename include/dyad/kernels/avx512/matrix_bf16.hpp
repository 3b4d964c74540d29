// SPDX-License-Identifier: Apache-2.0
// bfloat16 x bfloat16 with AVX-512's float multiply-adds, in the order of kernels/scalar/matrix.hpp: in steps of 32 k,
// an even and an odd chain from +0, sum += even + odd. Tiles of 4 x 48 whose 24 chains stay in registers; the sums lie
// in memory, which each of them meets once in 32 k. Rhs comes as pairs (avx2/matrix_panels.hpp), each made two floats
// by a shift and a mask; lhs as floats, so that its decoding happens once a panel.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx512/matrix_tile.hpp>

namespace dyad::inline v1::avx512 {

inline constexpr std::ptrdiff_t bf16_depth = 32;
using bf16_rhs_form = avx2::bf16_pair_form<0x8000>;

/// Fours of k in the step of 32 that has `left` k to go.
[[nodiscard]] constexpr std::ptrdiff_t fours_in_step(std::ptrdiff_t left) noexcept {
    return ((left < bf16_depth ? left : bf16_depth) + 3) / 4;
}

/// The floats in the upper (part 0) or lower halves of sixteen pairs; each time from memory: 24 chains leave no
/// registers for pairs.
template <std::size_t Part>
[[gnu::target("avx512f"), gnu::always_inline]] inline floats part_of_pairs(const std::uint32_t* pairs) noexcept {
    const auto& memory = *reinterpret_cast<const char(*)[64]>(pairs);
    floats y;
    if constexpr (Part == 0) __asm__("vpandd %1, %2, %0" : "=v"(y) : "m"(memory), "v"(words{} + 0xffff'0000U));
    else __asm__("vpslld $16, %1, %0" : "=v"(y) : "m"(memory));
    return y;
}

/// An element of lhs in all lanes: the floats of element 4 g + i lie in row i of four.
struct float_lhs {
    static constexpr std::ptrdiff_t words_of_four = 4;  ///< words of a line for four k
    template <std::size_t Element>
    [[gnu::target("avx512f"), gnu::always_inline]] static floats element(const std::uint32_t* lhs,
                                                                         std::ptrdiff_t lines) noexcept {
        return broadcast(lhs + static_cast<std::ptrdiff_t>(Element) * lines);
    }
};

/// Even and odd chains of Rows x Vectors sums. Lhs says how its panel is read, of Lines lines.
template <class Lhs, std::ptrdiff_t Lines, std::size_t Rows, std::size_t Vectors>
struct bf16_tile {
    using vectors = std::make_index_sequence<Vectors>;
    using rows = std::make_index_sequence<Rows>;
    floats chains[2][Rows][Vectors];

    template <std::size_t Element, std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void row(const std::uint32_t* lhs, const floats (&rhs)[Vectors],
                                                            std::index_sequence<V...>) noexcept {
        const floats a = Lhs::template element<Element>(lhs + Row, Lines);
        ((chains[Element % 2][Row][V] = add_product(chains[Element % 2][Row][V], a, rhs[V])), ...);
    }
    /// Element 0 to 3 of four k.
    template <std::size_t Element, std::size_t... Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void element(const std::uint32_t* lhs, const std::uint32_t* rhs,
                                                                std::ptrdiff_t panel, std::index_sequence<Row...>,
                                                                std::index_sequence<V...> all) noexcept {
        constexpr std::ptrdiff_t word = Element % 2 * 16;
        const floats b[Vectors] = {part_of_pairs<Element / 2>(rhs + word + static_cast<std::ptrdiff_t>(V) * panel)...};
        (row<Element, Row>(lhs, b, all), ...);
    }
    template <std::size_t Row, std::size_t... V>
    [[gnu::target("avx512f"), gnu::always_inline]] void end_row(float* sums, std::index_sequence<V...>) noexcept {
        (store_floats(sums + 16 * V, add(load_floats(sums + 16 * V), add(chains[0][Row][V], chains[1][Row][V]))), ...);
    }
    /// One step of 32 k, of `fours` fours.
    template <std::size_t... Row>
    [[gnu::target("avx512f"), gnu::always_inline]] static void step(const std::uint32_t* lhs, const std::uint32_t* rhs,
                                                                    std::ptrdiff_t panel, std::ptrdiff_t fours,
                                                                    float* sums,
                                                                    std::index_sequence<Row...> all) noexcept {
        bf16_tile tile{};
        for (std::ptrdiff_t i = 0; i < fours; ++i) {
            if constexpr (Rows < 4) prefetch(rhs, panel, vectors{});
            tile.template element<0>(lhs, rhs, panel, all, vectors{});
            tile.template element<1>(lhs, rhs, panel, all, vectors{});
            tile.template element<2>(lhs, rhs, panel, all, vectors{});
            tile.template element<3>(lhs, rhs, panel, all, vectors{});
            lhs += Lhs::words_of_four * Lines;
            rhs += 32;
        }
        (tile.template end_row<Row>(sums + 16 * Row * Vectors, vectors{}), ...);
    }
    template <std::size_t... V>
    [[gnu::always_inline]] static void prefetch(const std::uint32_t* rhs, std::ptrdiff_t panel,
                                                std::index_sequence<V...>) noexcept {
        (__builtin_prefetch(rhs + static_cast<std::ptrdiff_t>(V) * panel + prefetch_bytes / 4), ...);
        (__builtin_prefetch(rhs + static_cast<std::ptrdiff_t>(V) * panel + prefetch_bytes / 4 + 16), ...);
    }
};

/// The sums of a tile between steps, on the stack.
template <std::size_t Rows, std::size_t Vectors>
struct sums_in_memory {
    alignas(64) float data[Rows * Vectors * 16];

    [[gnu::target("avx512f"), gnu::always_inline]] void begin(const float_sums& from, tile_start start) noexcept {
        for (std::size_t row = 0; row < Rows; ++row) {
            for (std::size_t v = 0; v < Vectors; ++v) {
                const floats x = start == tile_start::sums ? load_sums(from, row, v) : floats{};
                store_floats(data + (row * Vectors + v) * 16, x);
            }
        }
    }
    [[gnu::target("avx512f"), gnu::always_inline]] void end(const float_sums& to) const noexcept {
        for (std::size_t row = 0; row < Rows; ++row) {
            for (std::size_t v = 0; v < Vectors; ++v)
                store_sums(to, row, v, load_floats(data + (row * Vectors + v) * 16));
        }
    }
};

template <class Lhs, std::ptrdiff_t Lines, std::size_t Rows, std::size_t Vectors>
[[gnu::target("avx512f"), gnu::noinline]] inline void multiply_bf16(const std::uint32_t* lhs, const std::uint32_t* rhs,
                                                                    std::ptrdiff_t k, const float_sums& to,
                                                                    tile_start start) noexcept {
    using tile = bf16_tile<Lhs, Lines, Rows, Vectors>;
    const std::ptrdiff_t panel = avx2::panel_bytes<bf16_rhs_form, 16, bf16_depth>(k) / 4;
    sums_in_memory<Rows, Vectors> sums;
    sums.begin(to, start);
    float* data = sums.data;
    for (std::ptrdiff_t done = 0; done < k; done += bf16_depth) {
        __asm__("" : "+r"(data) : : "memory");  // compilers would keep the sums in registers, for which none are left
        tile::step(lhs + done / 4 * Lhs::words_of_four * Lines, rhs + done / 4 * 32, panel, fours_in_step(k - done),
                   data, typename tile::rows{});
    }
    __asm__("" : : "r"(data) : "memory");
    sums.end(to);
}
template <class Lhs, std::ptrdiff_t Lines, std::size_t Rows>
void multiply_bf16_rows(const std::uint32_t* lhs, const std::uint32_t* rhs, std::ptrdiff_t k, const float_sums& to,
                        tile_start start) noexcept {
    if (to.columns > 32) multiply_bf16<Lhs, Lines, Rows, 3>(lhs, rhs, k, to, start);
    else if (to.columns > 16) multiply_bf16<Lhs, Lines, Rows, 2>(lhs, rhs, k, to, start);
    else multiply_bf16<Lhs, Lines, Rows, 1>(lhs, rhs, k, to, start);
}
inline constexpr std::ptrdiff_t bf16_rows = 4;
inline void multiply_bf16_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                                 std::ptrdiff_t columns, float* sums, std::ptrdiff_t sum_stride,
                                 tile_start start) noexcept {
    const auto* const a = static_cast<const std::uint32_t*>(lhs);
    const auto* const b = static_cast<const std::uint32_t*>(rhs);
    const float_sums to{sums, sum_stride, rows, columns};
    if (rows == 1) multiply_bf16_rows<float_lhs, bf16_rows, 1>(a, b, k, to, start);
    else if (rows == 2) multiply_bf16_rows<float_lhs, bf16_rows, 2>(a, b, k, to, start);
    else multiply_bf16_rows<float_lhs, bf16_rows, 4>(a, b, k, to, start);
}

inline constexpr matrix_kernel<bfloat16, bfloat16, float> bf16 = {
    .name = "avx512 bf16 4x48",
    .isa = instruction_set::avx512,
    .lhs_lines = bf16_rows,
    .rhs_lines = 16,
    .rhs_panels = 3,
    .depth = bf16_depth,
    .lhs_bytes = &avx2::panel_bytes<avx2::bf16_float_form, bf16_rows, bf16_depth>,
    .rhs_bytes = &avx2::panel_bytes<bf16_rhs_form, 16, bf16_depth>,
    .pack_lhs = &avx2::pack_panel<avx2::bf16_float_form, bf16_rows>,
    .pack_rhs = &avx2::pack_panel<bf16_rhs_form, 16>,
    .multiply = &multiply_bf16_panels};

}  // namespace dyad::inline v1::avx512

#endif
