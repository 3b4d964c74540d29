// SPDX-License-Identifier: Apache-2.0
// Depthwise sums in plain C++: sums[c] = sum over taps t of taps[t][c] * weights[t][c], the definition of every bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/kernels/scalar/opaque.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// The order of float sums over taps: one chain of fma, or in steps of 32 an even and an odd chain (scalar::bf16_dot).
enum class depthwise_order : std::uint8_t { f32, bf16 };

namespace scalar {

/// Exact modulo 2^32. Weights tap by tap: those of tap t at packed[t * channels].
template <class In>
void depthwise_integer(const In* const* taps, std::ptrdiff_t n_taps, const void* packed, std::ptrdiff_t channels,
                       std::int32_t* sums) noexcept {
    const auto* const weights = static_cast<const std::int16_t*>(packed);
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
        std::uint32_t sum = 0;
        for (std::ptrdiff_t t = 0; t < n_taps; ++t)
            sum += static_cast<std::uint32_t>(std::int32_t{taps[t][c]} * weights[t * channels + c]);
        sums[c] = static_cast<std::int32_t>(sum);
    }
}

[[nodiscard]] inline float depthwise_value(float x) noexcept { return x; }
[[nodiscard]] inline float depthwise_value(bfloat16 x) noexcept {
    const auto bits = static_cast<std::uint32_t>(x.bits()) << 16;
    float value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

template <class In, depthwise_order Order>
void depthwise_float(const In* const* taps, std::ptrdiff_t n_taps, const void* packed, std::ptrdiff_t channels,
                     float* sums) noexcept {
    const auto* const weights = static_cast<const float*>(packed);
    constexpr std::ptrdiff_t step = 32;
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (std::ptrdiff_t first = 0; first < n_taps; first += step) {
            const std::ptrdiff_t end = n_taps - first < step ? n_taps : first + step;
            float chains[2] = {0, 0};
            for (std::ptrdiff_t t = first; t < end; ++t) {
                float& chain = Order == depthwise_order::f32 ? sum : chains[t & 1];
                chain = fused(depthwise_value(taps[t][c]), weights[t * channels + c], chain);
            }
            if constexpr (Order == depthwise_order::bf16) sum += opaque(chains[0] + chains[1]);
        }
        sums[c] = one_nan(sum);
    }
}

}  // namespace scalar
}  // namespace dyad::inline v1
