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

}  // namespace dyad::inline v1::avx2

#endif
