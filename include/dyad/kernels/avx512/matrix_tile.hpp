// SPDX-License-Identifier: Apache-2.0
// Rows of float sums as AVX-512 matrix kernels load and store them: vectors of 16, the last one cut by a mask.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/matrix_kernel.hpp>

namespace dyad::inline v1::avx512 {

/// All lanes the float at `from`.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats broadcast(const void* from) noexcept {
    floats x;
    __asm__("vbroadcastss %1, %0" : "=v"(x) : "m"(*static_cast<const std::uint32_t*>(from)));
    return x;
}

/// A NaN has one pattern.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats one_nan(floats x) noexcept {
    const words nan = words{} + 0x7fc0'0000U;
    std::uint16_t unordered;
    __asm__("vcmpps $3, %1, %1, %0" : "=Yk"(unordered) : "v"(x));
    __asm__("vmovaps %2, %0%{%1%}" : "+v"(x) : "Yk"(unordered), "v"(nan));
    return x;
}

/// Where a tile's sums are: `columns` of them a row.
struct float_sums {
    float* data;
    std::ptrdiff_t stride;
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;

    /// How many of the 16 columns of vector v there are.
    [[nodiscard]] std::ptrdiff_t width(std::size_t v) const noexcept {
        const std::ptrdiff_t left = columns - 16 * static_cast<std::ptrdiff_t>(v);
        return left < 16 ? left : 16;
    }
    [[nodiscard]] float* at(std::size_t row, std::size_t v) const noexcept {
        return data + static_cast<std::ptrdiff_t>(row) * stride + 16 * static_cast<std::ptrdiff_t>(v);
    }
};

/// The sums of one vector of a row, 0 where there are none.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats load_sums(const float_sums& sums, std::size_t row,
                                                                       std::size_t v) noexcept {
    floats x{};
    if (static_cast<std::ptrdiff_t>(row) >= sums.rows) return x;
    const auto& memory = *reinterpret_cast<const char(*)[64]>(sums.at(row, v));
    const auto mask = static_cast<std::uint16_t>((1U << sums.width(v)) - 1);
    __asm__("vmovups %1, %0%{%2%}%{z%}" : "=v"(x) : "m"(memory), "Yk"(mask));
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_sums(const float_sums& sums, std::size_t row,
                                                                      std::size_t v, floats x) noexcept {
    if (static_cast<std::ptrdiff_t>(row) >= sums.rows) return;
    x = one_nan(x);
    if (sums.width(v) == 16) return store_floats(sums.at(row, v), x);
    auto& memory = *reinterpret_cast<char(*)[64]>(sums.at(row, v));
    const auto mask = static_cast<std::uint16_t>((1U << sums.width(v)) - 1);
    __asm__("vmovups %1, %0%{%2%}" : "+m"(memory) : "v"(x), "Yk"(mask));
}

/// Rhs panels read by few rows come from far away: the hardware's own prefetch leaves a fifth of the bandwidth.
inline constexpr std::ptrdiff_t prefetch_bytes = 2048;
inline constexpr std::size_t rows_that_stream = 4;

}  // namespace dyad::inline v1::avx512

#endif
