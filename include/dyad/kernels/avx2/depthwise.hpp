// SPDX-License-Identifier: Apache-2.0
// Depthwise sums with AVX2, across channels.
// Integers: sixteen channels a block. Two taps are interleaved to pairs of 16 bits, which vpmaddwd multiplies and adds.
// Floats: eight channels a block, one fma a tap. What a whole block lacks is copied, so that nothing beyond is read.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/avx2/matrix_tile.hpp>
#include <dyad/kernels/scalar/depthwise.hpp>

namespace dyad::inline v1::avx2 {

using depthwise_words [[gnu::vector_size(32)]] = std::uint32_t;

/// Sixteen numbers as 16 bits.
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words widen(const std::int8_t* from) noexcept {
    depthwise_words x;
    __asm__("vpmovsxbw (%1), %0" : "=x"(x) : "r"(from) : "memory");
    return x;
}
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words widen(const std::uint8_t* from) noexcept {
    depthwise_words x;
    __asm__("vpmovzxbw (%1), %0" : "=x"(x) : "r"(from) : "memory");
    return x;
}
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words widen(const std::int16_t* from) noexcept {
    depthwise_words x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
/// The first `count` of sixteen, and zeros.
template <class In>
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words widen_first(const In* from,
                                                                               std::ptrdiff_t count) noexcept {
    if (count >= 16) return widen(from);
    In some[16] = {};
    for (std::ptrdiff_t i = 0; i < count; ++i) some[i] = from[i];
    return widen(some);
}
/// sum + x0 y0 + x1 y1 of the pairs that the lower (upper) halves of the lanes of first and second make.
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words add_lower(depthwise_words sum, depthwise_words first,
                                                                             depthwise_words second,
                                                                             const void* weights) noexcept {
    depthwise_words pairs;
    __asm__("vpunpcklwd %2, %1, %0" : "=x"(pairs) : "x"(first), "x"(second));
    __asm__("vpmaddwd %1, %0, %0" : "+x"(pairs) : "m"(*static_cast<const depthwise_words*>(weights)));
    return sum + pairs;
}
[[gnu::target("avx2"), gnu::always_inline]] inline depthwise_words add_upper(depthwise_words sum, depthwise_words first,
                                                                             depthwise_words second,
                                                                             const void* weights) noexcept {
    depthwise_words pairs;
    __asm__("vpunpckhwd %2, %1, %0" : "=x"(pairs) : "x"(first), "x"(second));
    __asm__("vpmaddwd %1, %0, %0" : "+x"(pairs) : "m"(*static_cast<const depthwise_words*>(weights)));
    return sum + pairs;
}

template <class In>
[[gnu::target("avx2"), gnu::noinline]] void depthwise_integer(const In* const* taps, std::ptrdiff_t n_taps,
                                                              const void* packed, std::ptrdiff_t channels,
                                                              std::int32_t* sums) noexcept {
    const auto* weights = static_cast<const std::byte*>(packed);
    for (std::ptrdiff_t c = 0; c < channels; c += 16) {
        const std::ptrdiff_t left = channels - c;
        depthwise_words low{};
        depthwise_words high{};
        for (std::ptrdiff_t t = 0; t < n_taps; t += 2) {
            // (an odd last tap is paired with itself: its second weight is 0)
            const depthwise_words first = widen_first(taps[t] + c, left);
            const depthwise_words second = widen_first(taps[t + 1 < n_taps ? t + 1 : t] + c, left);
            low = add_lower(low, first, second, weights);
            high = add_upper(high, first, second, weights + 32);
            weights += 64;
        }
        const depthwise_words all[2] = {__builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11),
                                        __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15)};
        __builtin_memcpy(sums + c, all, static_cast<std::size_t>(left < 16 ? left : 16) * sizeof(std::int32_t));
    }
}

[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats tap_values(const float* from) noexcept {
    return load_floats(from);
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats tap_values(const bfloat16* from) noexcept {
    depthwise_words x;
    __asm__("vpmovzxwd (%1), %0" : "=x"(x) : "r"(from) : "memory");
    return reinterpret_cast<eight_floats>(x << 16);
}
template <class In>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats first_tap_values(const In* from,
                                                                                     std::ptrdiff_t count) noexcept {
    if (count >= 8) return tap_values(from);
    In some[8] = {};
    for (std::ptrdiff_t i = 0; i < count; ++i) some[i] = from[i];
    return tap_values(some);
}
template <class In, depthwise_order Order>
[[gnu::target("avx2,fma"), gnu::noinline]] void depthwise_float(const In* const* taps, std::ptrdiff_t n_taps,
                                                                const void* packed, std::ptrdiff_t channels,
                                                                float* sums) noexcept {
    const auto* weights = static_cast<const float*>(packed);
    for (std::ptrdiff_t c = 0; c < channels; c += 8) {
        const std::ptrdiff_t left = channels - c;
        eight_floats sum{};
        if constexpr (Order == depthwise_order::f32) {
            for (std::ptrdiff_t t = 0; t < n_taps; ++t, weights += 8)
                sum = add_product(sum, first_tap_values(taps[t] + c, left), load_floats(weights));
        } else {
            for (std::ptrdiff_t first = 0; first < n_taps; first += 32) {
                const std::ptrdiff_t end = n_taps - first < 32 ? n_taps : first + 32;
                eight_floats even{};
                eight_floats odd{};
                std::ptrdiff_t t = first;
                for (; t + 1 < end; t += 2, weights += 16) {
                    even = add_product(even, first_tap_values(taps[t] + c, left), load_floats(weights));
                    odd = add_product(odd, first_tap_values(taps[t + 1] + c, left), load_floats(weights + 8));
                }
                if (t < end) {
                    even = add_product(even, first_tap_values(taps[t] + c, left), load_floats(weights));
                    weights += 8;
                }
                sum = add(sum, add(even, odd));
            }
        }
        sum = one_nan(sum);
        __builtin_memcpy(sums + c, &sum, static_cast<std::size_t>(left < 8 ? left : 8) * sizeof(float));
    }
}

}  // namespace dyad::inline v1::avx2

#endif
