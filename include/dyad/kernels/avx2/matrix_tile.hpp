// SPDX-License-Identifier: Apache-2.0
// Tiles of float sums as AVX2 matrix kernels load and store them: two vectors of eight a row. A tile of less than 16
// columns is worked on in memory of its own.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::avx2 {

inline constexpr std::ptrdiff_t tile_columns = 16;

/// All lanes the float at `from`.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats broadcast(const void* from) noexcept {
    eight_floats x;
    __asm__("vbroadcastss %1, %0" : "=x"(x) : "m"(*static_cast<const std::uint32_t*>(from)));
    return x;
}

/// A NaN has one pattern.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats one_nan(eight_floats x) noexcept {
    const eight_words nan = eight_words{} + 0x7fc0'0000U;
    eight_floats unordered;
    __asm__("vcmpps $3, %1, %1, %0" : "=x"(unordered) : "x"(x));
    __asm__("vblendvps %1, %2, %0, %0" : "+x"(x) : "x"(unordered), "x"(nan));
    return x;
}

/// first += x y0, second += x y1 for the float at `x`: one statement, so that no compiler gathers the broadcast floats
/// of all rows before it uses them, for which 16 registers are too few.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_products(eight_floats& first, eight_floats& second,
                                                                         const float* x, eight_floats y0,
                                                                         eight_floats y1) noexcept {
    eight_floats all;
    __asm__("vbroadcastss %3, %2\n\tvfmadd231ps %4, %2, %0\n\tvfmadd231ps %5, %2, %1"
            : "+x"(first), "+x"(second), "=&x"(all)
            : "m"(*x), "x"(y0), "x"(y1));
}

/// Where a tile's sums are, 16 a row.
struct float_sums {
    float* data;
    std::ptrdiff_t stride;
    std::ptrdiff_t rows;
};
/// The sums of one vector of a row, 0 where the row is missing.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats load_sums(const float_sums& sums, std::size_t row,
                                                                              std::size_t v) noexcept {
    const auto i = static_cast<std::ptrdiff_t>(row);
    return i < sums.rows ? load_floats(sums.data + i * sums.stride + 8 * v) : eight_floats{};
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void store_sums(const float_sums& sums, std::size_t row,
                                                                       std::size_t v, eight_floats x) noexcept {
    const auto i = static_cast<std::ptrdiff_t>(row);
    if (i < sums.rows) store_floats(sums.data + i * sums.stride + 8 * v, one_nan(x));
}

/// The matrix_kernel's multiply by a routine for `rows` rows of 16 columns.
template <std::ptrdiff_t Rows, void (*Multiply)(const void* lhs, const void* rhs, std::ptrdiff_t k,
                                                const float_sums& sums, tile_start start) noexcept>
void multiply_tile(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows, std::ptrdiff_t columns,
                   float* sums, std::ptrdiff_t sum_stride, tile_start start) noexcept {
    if (columns == tile_columns) return Multiply(lhs, rhs, k, {sums, sum_stride, rows}, start);
    float memory[static_cast<std::size_t>(Rows * tile_columns)] = {};
    const auto size = static_cast<std::size_t>(columns) * sizeof(float);
    if (start == tile_start::sums) {
        for (std::ptrdiff_t i = 0; i < rows; ++i)
            __builtin_memcpy(memory + i * tile_columns, sums + i * sum_stride, size);
    }
    Multiply(lhs, rhs, k, {memory, tile_columns, rows}, start);
    for (std::ptrdiff_t i = 0; i < rows; ++i) __builtin_memcpy(sums + i * sum_stride, memory + i * tile_columns, size);
}

/// Rhs panels read by few rows come from far away.
inline constexpr std::ptrdiff_t prefetch_bytes = 1024;
inline constexpr std::size_t rows_that_stream = 4;

}  // namespace dyad::inline v1::avx2

#endif
