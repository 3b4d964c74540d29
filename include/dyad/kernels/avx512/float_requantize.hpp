// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/float_requantize.hpp with AVX-512: sixteen columns at a time, the rows of a tile one below the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/requantize.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/scalar/float_requantize.hpp>

namespace dyad::inline v1::avx512 {

/// What there is beside the product.
enum class code_shift : std::uint8_t { none, bias, bias_and_zero_point };

/// The numbers of sixteen columns.
struct float_factor_lanes {
    floats factors;
    signed_words bias;
    floats highest;       // High less the zero point
    signed_words lowest;  // Low less the zero point
    signed_words addend;  // the zero point
};

template <code_shift Shift>
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words float_requantized(
    signed_words x, const float_factor_lanes& c) noexcept {
    if constexpr (Shift != code_shift::none) x = wrapping_sum(x, c.bias);
    floats y;
    signed_words code;
    __asm__("vcvtdq2ps %1, %0" : "=v"(y) : "v"(x));
    __asm__("vmulps %1, %0, %0" : "+v"(y) : "v"(c.factors));
    // NaN stays; it and what is below all words become the lowest word.
    __asm__("vminps %0, %1, %0" : "+v"(y) : "v"(c.highest));
    __asm__("vcvtps2dq %1, %0" : "=v"(code) : "v"(y));
    if constexpr (Shift == code_shift::bias_and_zero_point) code = (code > c.lowest ? code : c.lowest) + c.addend;
    return code;
}

template <code_shift Shift, lanes_used Used, std::int32_t Low, std::int32_t High, class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void float_requantize_part(
    const sum_tile<std::int32_t, Code>& t, const float_factors_of& columns, std::ptrdiff_t first,
    std::ptrdiff_t count) noexcept {
    const std::uint16_t mask = lane_mask(count);
    const words factors = words_at(columns.factors + first * columns.factor_stride, columns.factor_stride, count);
    words bias{};
    if constexpr (Shift != code_shift::none) {
        if (columns.bias != nullptr)
            bias = words_at(columns.bias + first * columns.bias_stride, columns.bias_stride, count);
    }
    const float_factor_lanes c{reinterpret_cast<floats>(factors), reinterpret_cast<signed_words>(bias),
                               floats{} + static_cast<float>(High - columns.zero_point),
                               signed_words{} + (Low - columns.zero_point), signed_words{} + columns.zero_point};
    const std::int32_t* src = t.sums + first;
    Code* dst = t.dst + first;
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += src_stride, dst += dst_stride)
        store_clamped<Used, Low, High>(float_requantized<Shift>(load_lanes<Used>(src, mask), c), dst, mask);
}

template <code_shift Shift, std::int32_t Low, std::int32_t High, class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline void float_requantize_columns(
    const sum_tile<std::int32_t, Code>& t, const float_factors_of& c) noexcept {
    std::ptrdiff_t j = 0;
    for (; t.columns - j >= 16; j += 16) float_requantize_part<Shift, lanes_used::all, Low, High>(t, c, j, 16);
    if (j < t.columns) float_requantize_part<Shift, lanes_used::some, Low, High>(t, c, j, t.columns - j);
}
template <class Code, std::int32_t Low, std::int32_t High>
inline void float_requantize_tile(const sum_tile<std::int32_t, Code>& t, const float_factors_of& c) noexcept {
    if (c.zero_point != 0) return float_requantize_columns<code_shift::bias_and_zero_point, Low, High>(t, c);
    if (c.bias != nullptr) return float_requantize_columns<code_shift::bias, Low, High>(t, c);
    float_requantize_columns<code_shift::none, Low, High>(t, c);
}

}  // namespace dyad::inline v1::avx512

#endif
