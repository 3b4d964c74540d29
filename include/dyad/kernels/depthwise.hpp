// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution at one output pixel, by the best kernel of an instruction set:
//   sums[c] = sum over taps t of taps[t][c] * weights[t][c], in order of t where that is float.
// taps[t] points to the channels of the input pixel under tap t. The same bits from every instruction set.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/depthwise.hpp>
#include <dyad/kernels/avx512/depthwise.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/depthwise.hpp>

namespace dyad::inline v1 {

/// Weights in an order of the kernel's own. Weight is std::int16_t or float.
template <class Weight>
struct depthwise_panel {
    static_assert(std::same_as<Weight, std::int16_t> || std::same_as<Weight, float>,
                  "dyad::depthwise_panel's Weight must be std::int16_t or float.");
    /// Channels of a block: whole vectors of pairs of 16 bits, or of floats. 0: tap by tap.
    [[nodiscard]] static constexpr std::ptrdiff_t block(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
        constexpr std::ptrdiff_t whole = std::same_as<Weight, float> ? 8 : 16;
        if (isa >= instruction_set::avx512) return 2 * whole;
        if (isa >= instruction_set::avx2) return whole;
#endif
        static_cast<void>(isa);
        return 0;
    }
    /// A multiple of 64.
    [[nodiscard]] static constexpr std::ptrdiff_t bytes(instruction_set isa, std::ptrdiff_t taps,
                                                        std::ptrdiff_t channels) noexcept {
        const std::ptrdiff_t b = block(isa);
        const std::ptrdiff_t wide = b == 0 ? channels : (channels + b - 1) / b * b;
        const std::ptrdiff_t deep = std::same_as<Weight, float> || b == 0 ? taps : (taps + 1) / 2 * 2;
        return (wide * deep * static_cast<std::ptrdiff_t>(sizeof(Weight)) + 63) / 64 * 64;
    }
    /// From weight_at(t, c).
    template <class At>
    static void pack(instruction_set isa, const At& weight_at, std::ptrdiff_t taps, std::ptrdiff_t channels,
                     void* to) noexcept {
        const std::ptrdiff_t b = block(isa);
        auto* out = static_cast<Weight*>(to);
        if (b == 0) {
            for (std::ptrdiff_t i = 0; i < taps * channels; ++i) out[i] = weight_at(i / channels, i % channels);
            return;
        }
        const auto weight = [&](std::ptrdiff_t t, std::ptrdiff_t c) {
            return t < taps && c < channels ? weight_at(t, c) : Weight{};
        };
        for (std::ptrdiff_t first = 0; first < channels; first += b) {
            if constexpr (std::same_as<Weight, float>) {
                for (std::ptrdiff_t t = 0; t < taps; ++t) {
                    for (std::ptrdiff_t c = 0; c < b; ++c) *out++ = weight(t, first + c);
                }
            } else {
                // Pairs of taps; the lower four of each eight channels, then the upper four: as unpacking leaves them.
                for (std::ptrdiff_t t = 0; t < taps; t += 2) {
                    for (std::ptrdiff_t i = 0; i < 2 * b; ++i) {
                        const std::ptrdiff_t pair = i / 2 % (b / 2);
                        const std::ptrdiff_t c = pair / 4 * 8 + i / b * 4 + pair % 4;
                        *out++ = weight(t + i % 2, first + c);
                    }
                }
            }
        }
    }
};

/// In: std::int8_t, std::uint8_t or std::int16_t. Exact modulo 2^32. `packed` by depthwise_panel<std::int16_t>, 64-byte
/// aligned, for the same instruction set.
template <class In>
void depthwise_sums(instruction_set isa, const In* const* taps, std::ptrdiff_t n_taps, const void* packed,
                    std::ptrdiff_t channels, std::int32_t* sums) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::depthwise_integer(taps, n_taps, packed, channels, sums);
    if (isa >= instruction_set::avx2) return avx2::depthwise_integer(taps, n_taps, packed, channels, sums);
#endif
    static_cast<void>(isa);
    scalar::depthwise_integer(taps, n_taps, packed, channels, sums);
}
/// In: float or bfloat16. `packed` by depthwise_panel<float>.
template <depthwise_order Order, class In>
void depthwise_sums(instruction_set isa, const In* const* taps, std::ptrdiff_t n_taps, const void* packed,
                    std::ptrdiff_t channels, float* sums) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::depthwise_float<In, Order>(taps, n_taps, packed, channels, sums);
    if (isa >= instruction_set::avx2) return avx2::depthwise_float<In, Order>(taps, n_taps, packed, channels, sums);
#endif
    static_cast<void>(isa);
    scalar::depthwise_float<In, Order>(taps, n_taps, packed, channels, sums);
}

}  // namespace dyad::inline v1
