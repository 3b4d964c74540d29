// SPDX-License-Identifier: Apache-2.0
// The flush of kernels/scalar/flush.hpp with AVX-512: sixteen sums a vector.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/flush.hpp>

namespace dyad::inline v1::avx512 {

[[gnu::target("avx512f"), gnu::always_inline]] inline words load_lanes_of_flush(const void* from,
                                                                                std::uint16_t mask) noexcept {
    words x;
    __asm__("vmovdqu32 (%2), %0%{%1%}%{z%}" : "=v"(x) : "Yk"(mask), "r"(from) : "memory");
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats load_floats_of_flush(const float* from,
                                                                                  std::uint16_t mask) noexcept {
    return reinterpret_cast<floats>(load_lanes_of_flush(from, mask));
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_floats_of_flush(float* to, floats x,
                                                                                 std::uint16_t mask) noexcept {
    __asm__ volatile("vmovups %0, (%2)%{%1%}" : : "v"(x), "Yk"(mask), "r"(to) : "memory");
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats sums_as_floats(words x) noexcept {
    floats y;
    __asm__("vcvtdq2ps %1, %0" : "=v"(y) : "v"(x));
    return y;
}
/// Lanes that are NaN become 0x7fc00000.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats flushed_nan(floats x) noexcept {
    const words bits = reinterpret_cast<words>(x);
    const words nan = words{} + 0x7fc0'0000U;
    return reinterpret_cast<floats>((bits & 0x7fff'ffffU) > 0x7f80'0000U ? nan : bits);
}

enum class flush_zeros : std::uint8_t { none, some };

/// sixteen columns of one row, or fewer
template <class Sum, flush_zeros Zeros>
[[gnu::target("avx512f"), gnu::always_inline]] inline void flush_some(const Sum* sums, const flush_lines& lines,
                                                                      std::ptrdiff_t i, std::ptrdiff_t j, floats scale,
                                                                      std::uint16_t mask, tile_start start,
                                                                      float* total) noexcept {
    words s = load_lanes_of_flush(sums, mask);
    if constexpr (Zeros == flush_zeros::some) {
        if (lines.lhs_zeros != nullptr)
            s -= load_lanes_of_flush(lines.rhs_sums + j, mask) * static_cast<std::uint32_t>(lines.lhs_zeros[i]);
        if (lines.rhs_zeros != nullptr)
            s -= load_lanes_of_flush(lines.rhs_zeros + j, mask) * static_cast<std::uint32_t>(lines.lhs_rests[i]);
    }
    floats x = reinterpret_cast<floats>(s);
    if constexpr (std::same_as<Sum, std::int32_t>) x = sums_as_floats(s);
    const floats before = start == tile_start::zero ? floats{} : load_floats_of_flush(total, mask);
    const floats factor = multiply(scale, load_floats_of_flush(lines.rhs_scales + j, mask));
    store_floats_of_flush(total, multiply_add(x, factor, before), mask);
}

template <class Sum, flush_zeros Zeros>
[[gnu::target("avx512f"), gnu::noinline]] inline void flush_tile(const Sum* sums, std::ptrdiff_t sum_stride,
                                                                 std::ptrdiff_t rows, std::ptrdiff_t columns,
                                                                 const flush_lines& lines, tile_start start,
                                                                 float* totals, std::ptrdiff_t total_stride) noexcept {
    for (std::ptrdiff_t i = 0; i < rows; ++i, sums += sum_stride, totals += total_stride) {
        const floats scale = splat(lines.lhs_scales[i]);
        std::ptrdiff_t j = 0;
        for (; columns - j >= 16; j += 16)
            flush_some<Sum, Zeros>(sums + j, lines, i, j, scale, 0xffff, start, totals + j);
        if (j == columns) continue;
        const auto mask = static_cast<std::uint16_t>((1U << (columns - j)) - 1U);
        flush_some<Sum, Zeros>(sums + j, lines, i, j, scale, mask, start, totals + j);
    }
}

[[gnu::target("avx512f"), gnu::noinline]] inline void finish_totals(float* x, std::ptrdiff_t n, float first,
                                                                    float second) noexcept {
    const floats a = splat(first);
    const floats b = splat(second);
    for (std::ptrdiff_t j = 0; j < n; j += 16) {
        const auto mask = static_cast<std::uint16_t>(n - j >= 16 ? 0xffffU : (1U << (n - j)) - 1U);
        store_floats_of_flush(x + j, flushed_nan(multiply(multiply(load_floats_of_flush(x + j, mask), a), b)), mask);
    }
}

[[gnu::target("avx512f"), gnu::noinline]] inline void fold_bf16(const float* x, float factor, std::ptrdiff_t n,
                                                                std::uint16_t* to) noexcept {
    const floats scale = splat(factor);
    for (std::ptrdiff_t j = 0; j < n; j += 16) {
        const auto mask = static_cast<std::uint16_t>(n - j >= 16 ? 0xffffU : (1U << (n - j)) - 1U);
        const words high =
            reinterpret_cast<words>(flushed_nan(multiply(load_floats_of_flush(x + j, mask), scale))) >> 16;
        __asm__ volatile("vpmovdw %0, (%2)%{%1%}" : : "v"(high), "Yk"(mask), "r"(to + j) : "memory");
    }
}

}  // namespace dyad::inline v1::avx512

#endif
