// SPDX-License-Identifier: Apache-2.0
// Requantization by one float product, as deployed x86 libraries do it:
//   r = round_nearest_even(float(sum + bias) * factor), out = clamp(r + zero point).
// float(x) of a 32-bit x rounds to nearest even, the product once more. Where it is NaN, out is the lowest code.
// Sources: oneDNN, int8 primitives with output scales; XNNPACK, fp32 requantization; FBGEMM,
// requantizeOutputProcessingAvx2.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/kernels/scalar/requantize.hpp>

namespace dyad::inline v1 {

/// What each column of a tile is multiplied by; strides 0 where all columns share one. No bias where it is null.
struct float_factors_of {
    const float* factors;
    std::ptrdiff_t factor_stride;
    const std::int32_t* bias;
    std::ptrdiff_t bias_stride;
    std::int32_t zero_point;  ///< from Low to High
};

namespace scalar {

/// x to nearest even, clamped to 32 bits; NaN to the lowest number.
[[nodiscard]] constexpr std::int64_t nearest_word(float x) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto magnitude = bits & 0x7fff'ffffU;
    if (magnitude > 0x7f80'0000U) return word_min<std::int32_t>();
    const bool negative = bits != magnitude;
    if (magnitude >= 0x4f00'0000U) return negative ? word_min<std::int32_t>() : word_max<std::int32_t>();
    const int shift = 127 + 23 - static_cast<int>(magnitude >> 23);
    const std::uint32_t digits = (magnitude & 0x007f'ffffU) | 0x0080'0000U;
    if (shift > 25) return 0;
    const std::int64_t m = shift <= 0
                               ? std::int64_t{digits} << -shift
                               : std::int64_t{round_shift_right(digits, shift, negative, rounding::nearest_even)};
    return negative ? -m : m;
}

template <std::int32_t Low, std::int32_t High>
[[nodiscard]] constexpr std::int32_t float_requantized(std::int32_t sum, std::int32_t bias, float factor,
                                                       std::int32_t zero_point) noexcept {
    const auto x = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(bias));
    const std::int64_t y = nearest_word(static_cast<float>(x) * factor) + zero_point;
    return static_cast<std::int32_t>(y < Low ? Low : y > High ? High : y);
}

template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::noinline]] inline void float_requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                                    const float_factors_of& c) noexcept {
    for (std::ptrdiff_t i = 0; i < t.rows; ++i) {
        for (std::ptrdiff_t j = 0; j < t.columns; ++j) {
            const std::int32_t bias = c.bias == nullptr ? 0 : c.bias[j * c.bias_stride];
            t.dst[i * t.dst_stride + j] = static_cast<Code>(float_requantized<Low, High>(
                t.sums[i * t.sum_stride + j], bias, c.factors[j * c.factor_stride], c.zero_point));
        }
    }
}

}  // namespace scalar

}  // namespace dyad::inline v1
