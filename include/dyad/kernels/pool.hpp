// SPDX-License-Identifier: Apache-2.0
// One pixel of a pooling, by the best kernel of an instruction set: the loops of kernels/scalar/pool.hpp, compiled for
// it. The same bits from each.
#pragma once

#include <concepts>
#include <cstddef>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/avx2/real_sum.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/pool.hpp>

namespace dyad::inline v1 {

#if defined(__x86_64__) && defined(__SSE2__)
namespace avx2 {

/// scalar::mean_float with divisions by eight.
struct mean_float : scalar::mean_float {
    template <std::size_t Lanes>
    [[gnu::target("avx2,fma"), gnu::noinline]] void finish_all(const float* sums, float* dst) const noexcept {
        const eight_floats n = static_cast<float>(count) - eight_floats{};
        for (std::size_t c = 0; c < Lanes; c += 8) {
            eight_floats x = load_floats(sums + c);
            __asm__("vdivps %1, %0, %0" : "+x"(x) : "x"(n));
            store_floats(dst + c, with_one_nan(x));
        }
    }
};

template <class T, class Rule>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void pool_pixel(const pool_window<T>& w, const Rule& rule, T* dst,
                                                                  std::ptrdiff_t stride,
                                                                  std::ptrdiff_t channels) noexcept {
    if constexpr (std::same_as<Rule, scalar::mean_float>)
        scalar::pool_pixel_by_blocks(w, mean_float{rule}, dst, stride, channels);
    else scalar::pool_pixel_by_blocks(w, rule, dst, stride, channels);
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
