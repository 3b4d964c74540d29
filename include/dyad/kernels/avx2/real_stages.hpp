// SPDX-License-Identifier: Apache-2.0
// kernels/real_stages.hpp with AVX2 and FMA: four doubles at a time.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/scale_sums.hpp>

namespace dyad::inline v1::avx2 {

/// Four doubles, of which count are there.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles load_doubles(const double* from,
                                                                                 std::ptrdiff_t count) noexcept {
    double own[4];
    return as_doubles(in_a_row<4>(from, 1, count, own));
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void add_scaled(const double* from, const float* values, double zero,
                                                                  double factor, double* to,
                                                                  std::ptrdiff_t n) noexcept {
    for (std::ptrdiff_t j = 0; j < n; j += 4) {
        float own[4];
        four_doubles value = as_doubles(in_a_row<4>(values + j, 1, n - j, own));
        __asm__("vsubpd %1, %0, %0" : "+x"(value) : "x"(zero - four_doubles{}));
        store_doubles::store(fused_sum(value, factor - four_doubles{}, load_doubles(from + j, n - j)), to + j, n - j);
    }
}
/// min(high, max(low, x)): of NaN, and of zeros of both signs, the second operand, x, stays.
[[gnu::target("avx2,fma"), gnu::noinline]] inline void clamp_reals(const double* from, double low, double high,
                                                                   double* to, std::ptrdiff_t n) noexcept {
    for (std::ptrdiff_t j = 0; j < n; j += 4) {
        four_doubles x = load_doubles(from + j, n - j);
        __asm__("vmaxpd %0, %1, %0" : "+x"(x) : "x"(low - four_doubles{}));
        __asm__("vminpd %0, %1, %0" : "+x"(x) : "x"(high - four_doubles{}));
        store_doubles::store(x, to + j, n - j);
    }
}

template <float_narrowing Narrowing>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void narrow_reals(const double* from, float* to,
                                                                    std::ptrdiff_t n) noexcept {
    for (std::ptrdiff_t j = 0; j < n; j += 4)
        store_floats_as<Narrowing>::store(load_doubles(from + j, n - j), to + j, n - j);
}
template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void narrow_reals(const double* from, Code* to, std::ptrdiff_t n,
                                                                    code_narrowing<Code, Low, High> how) noexcept {
    const store_codes_as<Low, High> codes{how.unit - four_doubles{}};
    for (std::ptrdiff_t j = 0; j < n; j += 4) codes.store(load_doubles(from + j, n - j), to + j, n - j);
}

}  // namespace dyad::inline v1::avx2

#endif
