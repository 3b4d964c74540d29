// SPDX-License-Identifier: Apache-2.0
// y = float((x - m) s - c), evaluated in double with one fused multiply-add: the loop of kernels/scalar/float_log.hpp,
// compiled for each instruction set. Callers set the default floating-point environment.
#pragma once

#include <cstddef>

#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/float_log.hpp>
#include <dyad/kernels/stream.hpp>

#if defined(__x86_64__) && defined(__SSE2__)
namespace dyad::inline v1::avx512 {
[[gnu::target("avx512f,avx512dq"), gnu::noinline]] inline void log_shares(const float* src, const scalar::log_share& to,
                                                                          float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block)
        scalar::log_shares_block(src + i, to, dst + i);
}
}  // namespace dyad::inline v1::avx512
namespace dyad::inline v1::avx2 {
[[gnu::target("avx2,fma"), gnu::noinline]] inline void log_shares(const float* src, const scalar::log_share& to,
                                                                  float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block)
        scalar::log_shares_block(src + i, to, dst + i);
}
}  // namespace dyad::inline v1::avx2
#endif

namespace dyad::inline v1 {

/// n elements; dst may be src, else apart.
inline void log_shares(instruction_set isa, const float* src, const scalar::log_share& to, float* dst,
                       std::size_t n) noexcept {
    auto* kernel = &scalar::log_shares;
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) kernel = &avx512::log_shares;
    else if (isa >= instruction_set::avx2) kernel = &avx2::log_shares;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, [kernel, &to](const float* from, float* into, std::size_t blocks) {
        kernel(from, to, into, blocks);
    });
}

}  // namespace dyad::inline v1
