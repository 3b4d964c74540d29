// SPDX-License-Identifier: Apache-2.0
// One pixel of a pooling, by the best kernel of an instruction set: the loops of kernels/scalar/pool.hpp, compiled for
// it. The same bits from each.
#pragma once

#include <cstddef>

#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/pool.hpp>

namespace dyad::inline v1 {

#if defined(__x86_64__) && defined(__SSE2__)
namespace avx2 {

template <class T, class Rule>
[[gnu::target("avx2"), gnu::noinline]] inline void pool_pixel(const pool_window<T>& w, const Rule& rule, T* dst,
                                                              std::ptrdiff_t stride, std::ptrdiff_t channels) noexcept {
    scalar::pool_pixel_by_blocks(w, rule, dst, stride, channels);
}

}  // namespace avx2
#endif

/// dst[c * stride] = what the rule makes of channel c's window, for `channels` channels; dst apart from the window.
template <class T, class Rule>
void pool_pixel(instruction_set isa, const pool_window<T>& w, const Rule& rule, T* dst, std::ptrdiff_t stride,
                std::ptrdiff_t channels) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx2) return avx2::pool_pixel(w, rule, dst, stride, channels);
#endif
    static_cast<void>(isa);
    scalar::pool_pixel(w, rule, dst, stride, channels);
}

}  // namespace dyad::inline v1
