// SPDX-License-Identifier: Apache-2.0
// gelu, silu and others of floats by the best kernel of an instruction set, the same bits from each: the loops of
// kernels/scalar/float_activations.hpp compiled for each.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/float_activations.hpp>
#include <dyad/kernels/stream.hpp>

#if defined(__x86_64__) && defined(__SSE2__)
namespace dyad::inline v1::avx512 {
template <class Lane>
[[gnu::target("avx512f,avx512dq,avx512bw,avx512vl,fma"), gnu::noinline]] inline void activate(
    const float* src, float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block)
        scalar::activate_block<Lane>(src + i, dst + i);
}
}  // namespace dyad::inline v1::avx512
namespace dyad::inline v1::avx2 {
template <class Lane>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void activate(const float* src, float* dst,
                                                                std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block)
        scalar::activate_block<Lane>(src + i, dst + i);
}
}  // namespace dyad::inline v1::avx2
#endif

namespace dyad::inline v1 {

/// dst[i] = Lane::of(src[i]) for n floats; dst may be src, else apart.
template <class Lane>
void activate_floats(instruction_set isa, const float* src, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::activate<Lane>;
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) kernel = &avx512::activate<Lane>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::activate<Lane>;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, kernel);
}

}  // namespace dyad::inline v1
