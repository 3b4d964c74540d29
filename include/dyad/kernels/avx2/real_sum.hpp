// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/real_sum.hpp with AVX2: eight floats at a time, each operation one instruction.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/avx2/scale.hpp>
#include <dyad/kernels/scalar/real_sum.hpp>

namespace dyad::inline v1::avx2 {

/// NaN with one pattern.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats with_one_nan(eight_floats x) noexcept {
    eight_words nan;
    __asm__("vcmpps $3, %1, %1, %0" : "=x"(nan) : "x"(x));
    const eight_words one = eight_words{} + 0x7fc0'0000U;
    __asm__("vblendvps %2, %1, %0, %0" : "+x"(x) : "x"(one), "x"(nan));
    return x;
}
/// Four floats as doubles.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles widened(const float* from) noexcept {
    four_doubles x;
    __asm__("vcvtps2pd %1, %0" : "=x"(x) : "m"(*reinterpret_cast<const float(*)[4]>(from)));
    return x;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_floats real_sums(const float* x, const float* y,
                                                                             four_doubles f, four_doubles g) noexcept {
    four_doubles sum = widened(y);
    __asm__("vmulpd %1, %0, %0" : "+x"(sum) : "x"(g));
    __asm__("vfmadd231pd %2, %1, %0" : "+x"(sum) : "x"(widened(x)), "x"(f));
    four_floats rounded;
    __asm__("vcvtpd2ps %1, %0" : "=x"(rounded) : "x"(sum));
    return rounded;
}

/// dst[i] for i < 8 n.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void real_sum_blocks(const float* x, const float* y, float* dst,
                                                                            std::ptrdiff_t n, real_factors f) noexcept {
    if (f.are_one()) {
        for (; n != 0; --n, x += 8, y += 8, dst += 8)
            store_floats(dst, with_one_nan(add(load_floats(x), load_floats(y))));
        return;
    }
    const four_doubles of_x = static_cast<double>(f.x) - four_doubles{};
    const four_doubles of_y = static_cast<double>(f.y) - four_doubles{};
    for (; n != 0; --n, x += 8, y += 8, dst += 8) {
        const four_floats low = real_sums(x, y, of_x, of_y);
        const four_floats high = real_sums(x + 4, y + 4, of_x, of_y);
        store_floats(dst, with_one_nan(__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7)));
    }
}

/// dst[i] for n floats; dst may be x or y. The default environment.
[[gnu::target("avx2,fma"), gnu::noinline]] inline void real_sum_row(const float* x, const float* y, float* dst,
                                                                    std::ptrdiff_t n, real_factors f) noexcept {
    real_sum_blocks(x, y, dst, n / 8, f);
    const std::ptrdiff_t done = n / 8 * 8;
    if (done == n) return;
    float last_x[8] = {};
    float last_y[8] = {};
    float last[8];
    const auto rest = static_cast<std::size_t>(n - done) * sizeof(float);
    __builtin_memcpy(last_x, x + done, rest);
    __builtin_memcpy(last_y, y + done, rest);
    real_sum_blocks(last_x, last_y, last, 1, f);
    __builtin_memcpy(dst + done, last, rest);
}

}  // namespace dyad::inline v1::avx2

#endif
