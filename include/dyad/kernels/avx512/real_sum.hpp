// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/real_sum.hpp with AVX-512: sixteen floats at a time, each operation one instruction.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/scalar/real_sum.hpp>

namespace dyad::inline v1::avx512 {

/// NaN with one pattern.
[[gnu::target("avx512f,avx512dq,avx512vl,fma"), gnu::always_inline]] inline floats with_one_nan(floats x) noexcept {
    std::uint16_t nan;
    __asm__("vcmpps $3, %1, %1, %0" : "=Yk"(nan) : "v"(x));
    __asm__("vpbroadcastd %2, %0%{%1%}" : "+v"(x) : "Yk"(nan), "r"(0x7fc0'0000U));
    return x;
}
/// Eight floats as doubles.
[[gnu::target("avx512f,avx512dq,avx512vl,fma"), gnu::always_inline]] inline doubles widened(
    const float* from) noexcept {
    doubles x;
    __asm__("vcvtps2pd %1, %0" : "=v"(x) : "m"(*reinterpret_cast<const float(*)[8]>(from)));
    return x;
}
[[gnu::target("avx512f,avx512dq,avx512vl,fma"), gnu::always_inline]] inline eight_floats real_sums(const float* x,
                                                                                                   const float* y,
                                                                                                   doubles f,
                                                                                                   doubles g) noexcept {
    doubles sum = widened(y);
    __asm__("vmulpd %1, %0, %0" : "+v"(sum) : "v"(g));
    __asm__("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(widened(x)), "v"(f));
    eight_floats rounded;
    __asm__("vcvtpd2ps %1, %0" : "=v"(rounded) : "v"(sum));
    return rounded;
}

/// dst[i] for i < 16 n.
[[gnu::target("avx512f,avx512dq,avx512vl,fma"), gnu::always_inline]] inline void real_sum_blocks(
    const float* x, const float* y, float* dst, std::ptrdiff_t n, real_factors f) noexcept {
    if (f.are_one()) {
        for (; n != 0; --n, x += 16, y += 16, dst += 16)
            store_floats(dst, with_one_nan(add(load_floats(x), load_floats(y))));
        return;
    }
    const doubles of_x = static_cast<double>(f.x) - doubles{};
    const doubles of_y = static_cast<double>(f.y) - doubles{};
    for (; n != 0; --n, x += 16, y += 16, dst += 16) {
        const eight_floats low = real_sums(x, y, of_x, of_y);
        const eight_floats high = real_sums(x + 8, y + 8, of_x, of_y);
        store_floats(dst, with_one_nan(__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                                               14, 15)));
    }
}

/// dst[i] for n floats; dst may be x or y. The default environment.
[[gnu::target("avx512f,avx512dq,avx512vl,fma"), gnu::noinline]] inline void real_sum_row(const float* x, const float* y,
                                                                                         float* dst, std::ptrdiff_t n,
                                                                                         real_factors f) noexcept {
    real_sum_blocks(x, y, dst, n / 16, f);
    const std::ptrdiff_t done = n / 16 * 16;
    if (done == n) return;
    float last_x[16] = {};
    float last_y[16] = {};
    float last[16];
    const auto rest = static_cast<std::size_t>(n - done) * sizeof(float);
    __builtin_memcpy(last_x, x + done, rest);
    __builtin_memcpy(last_y, y + done, rest);
    real_sum_blocks(last_x, last_y, last, 1, f);
    __builtin_memcpy(dst + done, last, rest);
}

}  // namespace dyad::inline v1::avx512

#endif
