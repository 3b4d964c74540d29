// SPDX-License-Identifier: Apache-2.0
// Depthwise sums with AVX-512, across channels.
// Integers: 32 channels a block. Two taps are interleaved to pairs of 16 bits, which one vpdpwssd multiplies and adds.
// Floats: sixteen channels a block, one fma a tap.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/matrix_tile.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/depthwise.hpp>

namespace dyad::inline v1::avx512 {

/// The first elements of 32 as 16 bits, by a mask; zeros elsewhere, where nothing is read.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline signed_words widen(const std::int8_t* from,
                                                                                  std::uint32_t mask) noexcept {
    signed_words x;
    __asm__("vpmovsxbw (%1), %0%{%2%}%{z%}" : "=v"(x) : "r"(from), "Yk"(mask) : "memory");
    return x;
}
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline signed_words widen(const std::uint8_t* from,
                                                                                  std::uint32_t mask) noexcept {
    signed_words x;
    __asm__("vpmovzxbw (%1), %0%{%2%}%{z%}" : "=v"(x) : "r"(from), "Yk"(mask) : "memory");
    return x;
}
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline signed_words widen(const std::int16_t* from,
                                                                                  std::uint32_t mask) noexcept {
    signed_words x;
    __asm__("vmovdqu16 (%1), %0%{%2%}%{z%}" : "=v"(x) : "r"(from), "Yk"(mask) : "memory");
    return x;
}
/// Within each 16 bytes: the lower (upper) four halves of x and y in turn.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline signed_words lower_pairs(signed_words x,
                                                                                        signed_words y) noexcept {
    signed_words z;
    __asm__("vpunpcklwd %2, %1, %0" : "=v"(z) : "v"(x), "v"(y));
    return z;
}
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline signed_words upper_pairs(signed_words x,
                                                                                        signed_words y) noexcept {
    signed_words z;
    __asm__("vpunpckhwd %2, %1, %0" : "=v"(z) : "v"(x), "v"(y));
    return z;
}
/// sum + x0 y0 + x1 y1 of 16-bit halves, modulo 2^32.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words add_pair_products(signed_words sum, signed_words x,
                                                                                     const void* y) noexcept {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "m"(*static_cast<const signed_words*>(y)));
    return sum;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_words(std::int32_t* to, signed_words x,
                                                                       std::uint32_t mask) noexcept {
    __asm__ volatile("vmovdqu32 %0, (%2)%{%1%}" : : "v"(x), "Yk"(static_cast<std::uint16_t>(mask)), "r"(to) : "memory");
}

/// Channels of one call's last block and before.
template <class In>
[[gnu::target("avx512f,avx512bw,avx512vnni"), gnu::noinline]] void depthwise_integer(const In* const* taps,
                                                                                     std::ptrdiff_t n_taps,
                                                                                     const void* packed,
                                                                                     std::ptrdiff_t channels,
                                                                                     std::int32_t* sums) noexcept {
    const auto* weights = static_cast<const std::byte*>(packed);
    for (std::ptrdiff_t c = 0; c < channels; c += 32) {
        const std::ptrdiff_t left = channels - c;
        const std::uint32_t mask = left >= 32 ? ~0U : (1U << left) - 1U;
        signed_words low{};
        signed_words high{};
        for (std::ptrdiff_t t = 0; t < n_taps; t += 2) {
            // (an odd last tap is paired with itself: its second weight is 0)
            const signed_words first = widen(taps[t] + c, mask);
            const signed_words second = widen(taps[t + 1 < n_taps ? t + 1 : t] + c, mask);
            low = add_pair_products(low, lower_pairs(first, second), weights);
            high = add_pair_products(high, upper_pairs(first, second), weights + 64);
            weights += 128;
        }
        store_words(sums + c,
                    __builtin_shufflevector(low, high, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23), mask);
        if (left <= 16) break;
        store_words(sums + c + 16,
                    __builtin_shufflevector(low, high, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31),
                    mask >> 16);
    }
}

[[gnu::target("avx512f"), gnu::always_inline]] inline floats tap_values(const float* from,
                                                                        std::uint16_t mask) noexcept {
    floats x;
    __asm__("vmovups (%1), %0%{%2%}%{z%}" : "=v"(x) : "r"(from), "Yk"(mask) : "memory");
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats tap_values(const bfloat16* from,
                                                                        std::uint16_t mask) noexcept {
    words x;
    __asm__("vpmovzxwd (%1), %0%{%2%}%{z%}" : "=v"(x) : "r"(from), "Yk"(mask) : "memory");
    return reinterpret_cast<floats>(x << 16);
}
template <class In, depthwise_order Order>
[[gnu::target("avx512f"), gnu::noinline]] void depthwise_float(const In* const* taps, std::ptrdiff_t n_taps,
                                                               const void* packed, std::ptrdiff_t channels,
                                                               float* sums) noexcept {
    const auto* weights = static_cast<const float*>(packed);
    for (std::ptrdiff_t c = 0; c < channels; c += 16) {
        const std::ptrdiff_t left = channels - c;
        const auto mask = static_cast<std::uint16_t>(left >= 16 ? 0xffffU : (1U << left) - 1U);
        floats sum{};
        if constexpr (Order == depthwise_order::f32) {
            for (std::ptrdiff_t t = 0; t < n_taps; ++t, weights += 16)
                sum = add_product(sum, tap_values(taps[t] + c, mask), load_floats(weights));
        } else {
            for (std::ptrdiff_t first = 0; first < n_taps; first += 32) {
                const std::ptrdiff_t end = n_taps - first < 32 ? n_taps : first + 32;
                floats even{};
                floats odd{};
                std::ptrdiff_t t = first;
                for (; t + 1 < end; t += 2, weights += 32) {
                    even = add_product(even, tap_values(taps[t] + c, mask), load_floats(weights));
                    odd = add_product(odd, tap_values(taps[t + 1] + c, mask), load_floats(weights + 16));
                }
                if (t < end) {
                    even = add_product(even, tap_values(taps[t] + c, mask), load_floats(weights));
                    weights += 16;
                }
                sum = add(sum, add(even, odd));
            }
        }
        sum = one_nan(sum);
        __asm__ volatile("vmovups %0, (%2)%{%1%}" : : "v"(sum), "Yk"(mask), "r"(sums + c) : "memory");
    }
}

}  // namespace dyad::inline v1::avx512

#endif
