// SPDX-License-Identifier: Apache-2.0
// Blocks of 32 x 32 sums in four tiles: every tile of an operand that is loaded serves two products (the method of
// oneDNN's brgemm: src/cpu/x64/jit_brgemm_amx_uker.cpp). Tiles 0..3 hold the sums, 4 and 5 lhs, 6 and 7 rhs.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/kernels/amx/panels.hpp>
#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::amx {

/// Steps of k for Rows x Columns tiles, 1 or 2 each way. Loads stand between the products that need them.
template <tile_product Product, int Rows, int Columns>
[[gnu::always_inline]] inline void add_steps(const std::byte* lhs, const std::byte* rhs,
                                             std::ptrdiff_t steps) noexcept {
    const std::ptrdiff_t panel = steps * 2 * tile_bytes;
    const std::byte* const end = rhs + panel;
    for (; rhs != end; lhs += 2 * tile_bytes, rhs += 2 * tile_bytes) {
        prefetch_two_tiles(rhs, panel);
        load_tile<6>(rhs, tile_row_bytes);
        load_tile<4>(lhs, tile_row_bytes);
        add_tile_product<Product, 0, 4, 6>();
        if constexpr (Columns == 2) {
            load_tile<7, tile_bytes>(rhs, tile_row_bytes);
            add_tile_product<Product, 1, 4, 7>();
        }
        if constexpr (Rows == 2) {
            load_tile<5, tile_bytes>(lhs, tile_row_bytes);
            add_tile_product<Product, 2, 5, 6>();
            if constexpr (Columns == 2) add_tile_product<Product, 3, 5, 7>();
        }
    }
}

/// The sums of Rows x Columns whole tiles; `sums` has them, `stride` bytes from row to row.
template <tile_product Product, int Rows, int Columns>
[[gnu::noinline]] inline void multiply_tiles(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t steps,
                                             std::byte* sums, std::ptrdiff_t stride, tile_start start) noexcept {
    std::byte* const lower = sums + (Rows == 2 ? tile_rows * stride : 0);
    if (start == tile_start::zero) {
        zero_tile<0>();
        if constexpr (Columns == 2) zero_tile<1>();
        if constexpr (Rows == 2) zero_tile<2>();
        if constexpr (Rows == 2 && Columns == 2) zero_tile<3>();
    } else {
        load_tile<0>(sums, stride);
        if constexpr (Columns == 2) load_tile<1, tile_row_bytes>(sums, stride);
        if constexpr (Rows == 2) load_tile<2>(lower, stride);
        if constexpr (Rows == 2 && Columns == 2) load_tile<3, tile_row_bytes>(lower, stride);
    }
    add_steps<Product, Rows, Columns>(lhs, rhs, steps);
    store_tile<0>(sums, stride);
    if constexpr (Columns == 2) store_tile<1>(sums + tile_row_bytes, stride);
    if constexpr (Rows == 2) store_tile<2>(lower, stride);
    if constexpr (Rows == 2 && Columns == 2) store_tile<3>(lower + tile_row_bytes, stride);
}

/// As few tiles as rows and columns need.
template <tile_product Product>
inline void multiply_needed_tiles(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t steps, std::ptrdiff_t rows,
                                  std::ptrdiff_t columns, void* sums, std::ptrdiff_t stride,
                                  tile_start start) noexcept {
    auto* const to = static_cast<std::byte*>(sums);
    if (rows > tile_rows && columns > 16) multiply_tiles<Product, 2, 2>(lhs, rhs, steps, to, stride, start);
    else if (rows > tile_rows) multiply_tiles<Product, 2, 1>(lhs, rhs, steps, to, stride, start);
    else if (columns > 16) multiply_tiles<Product, 1, 2>(lhs, rhs, steps, to, stride, start);
    else multiply_tiles<Product, 1, 1>(lhs, rhs, steps, to, stride, start);
}

/// Rows of up to 32 words of 32 bits; strides in bytes.
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline void copy_words(const void* from, std::ptrdiff_t from_stride,
                                                                          void* to, std::ptrdiff_t to_stride,
                                                                          std::ptrdiff_t rows,
                                                                          std::ptrdiff_t columns) noexcept {
    using namespace avx512;
    const auto* x = static_cast<const std::byte*>(from);
    auto* y = static_cast<std::byte*>(to);
    const auto size = static_cast<std::size_t>(4 * columns);
    const byte_mask first = first_bytes(size);
    const byte_mask second = size > 64 ? first_bytes(size - 64) : 0;
    for (; rows != 0; --rows) {
        store_some(load_some(x, first), first, y);
        if (second != 0) store_some(load_some(x + 64, second), second, y + 64);
        if (rows == 1) break;
        x += from_stride;
        y += to_stride;
    }
}

/// NaN gets its one pattern; nearly always there is none, which the largest magnitude tells. Whole vectors of 16.
[[gnu::target("avx512f,avx512bw"), gnu::noinline]] inline void unify_nans(float* sums, std::ptrdiff_t stride,
                                                                          std::ptrdiff_t rows,
                                                                          std::ptrdiff_t columns) noexcept {
    using namespace avx512;
    words largest{};
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
        for (std::ptrdiff_t j = 0; j < columns; j += 16) {
            const words x = load(sums + i * stride + j) & 0x7fff'ffffU;
            largest = x > largest ? x : largest;
        }
    }
    const words beyond = reinterpret_cast<words>(largest > words{} + 0x7f80'0000U);
    if (set_bytes(reinterpret_cast<bytes>(beyond)) == 0) return;
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
        for (std::ptrdiff_t j = 0; j < columns; j += 16) {
            words x = load(sums + i * stride + j);
            x = (x & 0x7fff'ffffU) > words{} + 0x7f80'0000U ? words{} + 0x7fc0'0000U : x;
            __builtin_memcpy(sums + i * stride + j, &x, sizeof x);
        }
    }
}

/// The kernel: a panel of lhs times up to four of rhs. Whole blocks go from the tiles to `sums`, others by way of a
/// block on the stack.
template <tile_product Product, class Sum>
void multiply_panels(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                     Sum* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    constexpr std::ptrdiff_t depth = Product == tile_product::bf16 ? 32 : 64;
    const std::ptrdiff_t steps = (k + depth - 1) / depth;
    const auto* const a = static_cast<const std::byte*>(lhs);
    const auto* b = static_cast<const std::byte*>(rhs);
    for (std::ptrdiff_t j = 0; j < columns; j += panel_lines, b += steps * 2 * tile_bytes) {
        const std::ptrdiff_t n = columns - j < panel_lines ? columns - j : panel_lines;
        if (rows == panel_lines && n == panel_lines) {
            multiply_tiles<Product, 2, 2>(a, b, steps, reinterpret_cast<std::byte*>(sums + j), 4 * sum_stride, start);
            if constexpr (Product == tile_product::bf16) unify_nans(sums + j, sum_stride, rows, n);
            continue;
        }
        alignas(64) Sum block[panel_lines * panel_lines];
        if (start == tile_start::sums) copy_words(sums + j, 4 * sum_stride, block, 4 * panel_lines, rows, n);
        multiply_needed_tiles<Product>(a, b, steps, rows, n, block, 4 * panel_lines, start);
        if constexpr (Product == tile_product::bf16) unify_nans(block, panel_lines, rows, n);
        copy_words(block, 4 * panel_lines, sums + j, 4 * sum_stride, rows, n);
    }
}

}  // namespace dyad::inline v1::amx

#endif
