// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/float_requantize.hpp with AVX2: eight columns at a time, the rows of a tile one below the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/requantize.hpp>
#include <dyad/kernels/scalar/float_requantize.hpp>
#include <dyad/kernels/scalar/scale_sums.hpp>

namespace dyad::inline v1::avx2 {

template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2"), gnu::noinline]] inline void float_requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                                                         const float_factors_of& c) noexcept {
    using floats [[gnu::vector_size(32)]] = float;
    const floats highest = floats{} + static_cast<float>(High - c.zero_point);
    const eight_signed lowest = eight_signed{} + (Low - c.zero_point);
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    for (std::ptrdiff_t j = 0; j < t.columns; j += 8) {
        const std::ptrdiff_t count = t.columns - j < 8 ? t.columns - j : 8;
        float own_factors[8];
        std::int32_t own_bias[8];
        const auto factors = reinterpret_cast<floats>(load_eight(static_cast<const void*>(
            in_a_row<8>(c.factors + j * c.factor_stride, c.factor_stride, count, own_factors))));
        eight_unsigned bias{};
        if (c.bias != nullptr) {
            bias = reinterpret_cast<eight_unsigned>(load_eight(
                static_cast<const void*>(in_a_row<8>(c.bias + j * c.bias_stride, c.bias_stride, count, own_bias))));
        }
        const std::int32_t* src = t.sums + j;
        Code* dst = t.dst + j;
        for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += src_stride, dst += dst_stride) {
            const eight_unsigned x = reinterpret_cast<eight_unsigned>(load_eight(src, count)) + bias;
            floats y;
            eight_signed code;
            __asm__("vcvtdq2ps %1, %0" : "=x"(y) : "x"(x));
            __asm__("vmulps %1, %0, %0" : "+x"(y) : "x"(factors));
            // NaN stays; it and what is below all words become the lowest word.
            __asm__("vminps %0, %1, %0" : "+x"(y) : "x"(highest));
            __asm__("vcvtps2dq %1, %0" : "=x"(code) : "x"(y));
            code = (code > lowest ? code : lowest) + c.zero_point;
            store_clamped<Code, Low, High>(code, dst, count);
        }
    }
}

}  // namespace dyad::inline v1::avx2

#endif
