// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/float_requantize.hpp with AVX2: eight columns at a time, the rows of a tile one below the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/requantize.hpp>
#include <dyad/kernels/scalar/float_requantize.hpp>

namespace dyad::inline v1::avx2 {

/// Columns first to first + count - 1, count <= 8.
template <lanes_used Used, std::int32_t Low, std::int32_t High, class Code>
[[gnu::target("avx2"), gnu::always_inline]] inline void float_requantize_part(const sum_tile<std::int32_t, Code>& t,
                                                                              const float_factors_of& c,
                                                                              std::ptrdiff_t first,
                                                                              std::ptrdiff_t count) noexcept {
    using floats [[gnu::vector_size(32)]] = float;
    const floats highest = floats{} + static_cast<float>(High - c.zero_point);
    const eight_signed lowest = eight_signed{} + (Low - c.zero_point);
    const eight_signed addend = eight_signed{} + c.zero_point;
    const eight_signed factors = words_at(c.factors + first * c.factor_stride, c.factor_stride, count);
    eight_signed bias{};
    if (c.bias != nullptr) bias = words_at(c.bias + first * c.bias_stride, c.bias_stride, count);
    const std::int32_t* src = t.sums + first;
    Code* dst = t.dst + first;
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += src_stride, dst += dst_stride) {
        const auto x =
            reinterpret_cast<eight_unsigned>(load_first<Used>(src, count)) + reinterpret_cast<eight_unsigned>(bias);
        floats y;
        eight_signed code;
        __asm__("vcvtdq2ps %1, %0" : "=x"(y) : "x"(x));
        __asm__("vmulps %1, %0, %0" : "+x"(y) : "x"(factors));
        // NaN stays; it and what is below all words become the lowest word.
        __asm__("vminps %0, %1, %0" : "+x"(y) : "x"(highest));
        __asm__("vcvtps2dq %1, %0" : "=x"(code) : "x"(y));
        code = (code > lowest ? code : lowest) + addend;
        store_clamped<Used, Low, High>(code, dst, count);
    }
}
template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2"), gnu::noinline]] inline void float_requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                                                         const float_factors_of& c) noexcept {
    std::ptrdiff_t j = 0;
    for (; t.columns - j >= 8; j += 8) float_requantize_part<lanes_used::all, Low, High>(t, c, j, 8);
    if (j < t.columns) float_requantize_part<lanes_used::some, Low, High>(t, c, j, t.columns - j);
}

}  // namespace dyad::inline v1::avx2

#endif
