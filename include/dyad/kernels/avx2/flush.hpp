// SPDX-License-Identifier: Apache-2.0
// The flush of kernels/scalar/flush.hpp with AVX2: eight sums a vector, what is left of a row one by one.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/scalar/flush.hpp>

namespace dyad::inline v1::avx2 {

[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_words load_eight_of_flush(const void* from) noexcept {
    eight_words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats sums_as_floats(eight_words x) noexcept {
    eight_floats y;
    __asm__("vcvtdq2ps %1, %0" : "=x"(y) : "x"(x));
    return y;
}

/// Columns j .. j + 7 of one row.
template <class Sum>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void flush_some(const Sum* sums, const flush_lines& lines,
                                                                       std::ptrdiff_t i, std::ptrdiff_t j,
                                                                       tile_start start, float* total) noexcept {
    eight_words s = load_eight_of_flush(sums);
    if (lines.lhs_zeros != nullptr)
        s -= load_eight_of_flush(lines.rhs_sums + j) * static_cast<std::uint32_t>(lines.lhs_zeros[i]);
    if (lines.rhs_zeros != nullptr)
        s -= load_eight_of_flush(lines.rhs_zeros + j) * static_cast<std::uint32_t>(lines.lhs_rests[i]);
    eight_floats x = reinterpret_cast<eight_floats>(s);
    if constexpr (std::same_as<Sum, std::int32_t>) x = sums_as_floats(s);
    const eight_floats before = start == tile_start::zero ? eight_floats{} : load_floats(total);
    const eight_floats factor = multiply(splat(lines.lhs_scales[i]), load_floats(lines.rhs_scales + j));
    store_floats(total, multiply_add(x, factor, before));
}

/// Columns of one row from j on, one instruction each.
template <class Sum>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void flush_rest(const Sum* sums, const flush_lines& lines,
                                                                       std::ptrdiff_t i, std::ptrdiff_t j,
                                                                       std::ptrdiff_t columns, tile_start start,
                                                                       float* totals) noexcept {
    for (; j < columns; ++j) {
        const auto x = static_cast<float>(scalar::without_zeros(sums[j], lines, i, j));
        const float factor = scalar::opaque(lines.lhs_scales[i] * lines.rhs_scales[j]);
        float total = start == tile_start::zero ? 0.0F : totals[j];
        __asm__("vfmadd231ss %2, %1, %0" : "+x"(total) : "x"(x), "x"(factor));
        totals[j] = total;
    }
}

template <class Sum>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void flush_tile(const Sum* sums, std::ptrdiff_t sum_stride,
                                                                  std::ptrdiff_t rows, std::ptrdiff_t columns,
                                                                  const flush_lines& lines, tile_start start,
                                                                  float* totals, std::ptrdiff_t total_stride) noexcept {
    for (std::ptrdiff_t i = 0; i < rows; ++i, sums += sum_stride, totals += total_stride) {
        std::ptrdiff_t j = 0;
        for (; columns - j >= 8; j += 8) flush_some(sums + j, lines, i, j, start, totals + j);
        flush_rest(sums, lines, i, j, columns, start, totals);
    }
}

/// Lanes that are NaN become 0x7fc00000.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_words flushed_nan(eight_floats x) noexcept {
    using integers [[gnu::vector_size(32)]] = std::int32_t;
    const auto bits = reinterpret_cast<integers>(x);
    const integers nan = integers{} + 0x7fc0'0000;
    return reinterpret_cast<eight_words>((bits & 0x7fff'ffff) > 0x7f80'0000 ? nan : bits);
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void finish_totals(float* x, std::ptrdiff_t n, float first,
                                                                     float second) noexcept {
    const eight_floats a = splat(first);
    const eight_floats b = splat(second);
    std::ptrdiff_t j = 0;
    for (; n - j >= 8; j += 8) {
        const eight_words y = flushed_nan(multiply(multiply(load_floats(x + j), a), b));
        store_floats(x + j, reinterpret_cast<eight_floats>(y));
    }
    scalar::finish_totals(x + j, n - j, first, second);
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void fold_bf16(const float* x, float factor, std::ptrdiff_t n,
                                                                 std::uint16_t* to) noexcept {
    using halves [[gnu::vector_size(32)]] = std::uint16_t;
    const eight_floats scale = splat(factor);
    std::ptrdiff_t j = 0;
    for (; n - j >= 8; j += 8) {
        const auto y = reinterpret_cast<halves>(flushed_nan(multiply(load_floats(x + j), scale)));
        const auto upper = __builtin_shufflevector(y, y, 1, 3, 5, 7, 9, 11, 13, 15);
        __builtin_memcpy(to + j, &upper, sizeof upper);
    }
    scalar::fold_bf16(x + j, factor, n - j, to + j);
}

}  // namespace dyad::inline v1::avx2

#endif
