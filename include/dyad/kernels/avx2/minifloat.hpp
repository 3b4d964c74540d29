// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/scalar/minifloat.hpp compiled for AVX2: eight elements a vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/minifloat.hpp>

namespace dyad::inline v1::avx2 {

template <float_format F>
[[gnu::target("avx2"), gnu::noinline]] inline void decode_blocks(const float_bits<F>* src, float* dst,
                                                                 std::size_t n) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes) scalar::decode_block<F>(src, dst);
}
template <nearest_shape S, class Code>
[[gnu::target("avx2"), gnu::noinline]] inline void encode_nearest_blocks(const float* src, Code* dst, std::size_t n,
                                                                         const nearest_constants& constants) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes)
        scalar::encode_nearest_block<S>(src, dst, constants);
}
template <float_format F>
[[gnu::target("avx2"), gnu::noinline]] inline void encode_rounded_blocks(
    const float* src, float_bits<F>* dst, std::size_t n, const scalar::rounding_constants& constants) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes)
        scalar::encode_rounded_block<F>(src, dst, constants);
}
template <float_format F, scalar::tail_rule Tail>
[[gnu::target("avx2"), gnu::noinline]] inline void encode_stochastic_blocks(
    const float* src, float_bits<F>* dst, std::size_t n, const random_stream& stream, std::uint64_t first,
    const scalar::rounding_constants& constants) noexcept {
    for (; n != 0; --n, src += scalar::lanes, dst += scalar::lanes, first += scalar::lanes)
        scalar::encode_stochastic_block<F, Tail>(src, dst, stream, first, constants);
}

using vector [[gnu::vector_size(32)]] = std::uint32_t;
using half_vector [[gnu::vector_size(16)]] = std::uint16_t;

/// float16 by F16C's own conversions: nearest even, NaN made quiet, payload cut.
[[gnu::target("avx2,f16c"), gnu::noinline]] inline void encode_float16_blocks(const float* src, std::uint16_t* dst,
                                                                              std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += 8) {
        vector x;
        half_vector y;
        __builtin_memcpy(&x, src + i, sizeof x);
        __asm__("vcvtps2ph $0, %1, %0" : "=x"(y) : "x"(x));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}
[[gnu::target("avx2,f16c"), gnu::noinline]] inline void decode_float16_blocks(const std::uint16_t* src, float* dst,
                                                                              std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * scalar::lanes; i += 8) {
        half_vector x;
        vector y;
        __builtin_memcpy(&x, src + i, sizeof x);
        __asm__("vcvtph2ps %1, %0" : "=x"(y) : "x"(x));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
}

}  // namespace dyad::inline v1::avx2

#endif
