// SPDX-License-Identifier: Apache-2.0
// kernels/real_stages.hpp with AVX-512: sixteen doubles at a time.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/scale_sums.hpp>

namespace dyad::inline v1::avx512 {

/// Sixteen doubles, of which count are there.
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline double_lanes load_doubles(
    const double* from, std::ptrdiff_t count) noexcept {
    double own[16];
    from = in_a_row<16>(from, 1, count, own);
    return {as_doubles(from), as_doubles(from + 8)};
}
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline void store_some(double_lanes y, double* to,
                                                                               std::ptrdiff_t count) noexcept {
    if (count >= 16) store_doubles::store<lanes_used::all>(y, to, count);
    else store_doubles::store<lanes_used::some>(y, to, count);
}

[[gnu::target("avx512f,avx512dq"), gnu::noinline]] inline void add_scaled(const double* from, const float* values,
                                                                          double zero, double factor, double* to,
                                                                          std::ptrdiff_t n) noexcept {
    const doubles factors = factor - doubles{};
    for (std::ptrdiff_t j = 0; j < n; j += 16) {
        float own[16];
        const float* value = in_a_row<16>(values + j, 1, n - j, own);
        double_lanes x = load_doubles(from + j, n - j);
        doubles low = as_doubles(value);
        doubles high = as_doubles(value + 8);
        __asm__("vsubpd %1, %0, %0" : "+v"(low) : "v"(zero - doubles{}));
        __asm__("vsubpd %1, %0, %0" : "+v"(high) : "v"(zero - doubles{}));
        x.low = fused_sum(low, factors, x.low);
        x.high = fused_sum(high, factors, x.high);
        store_some(x, to + j, n - j);
    }
}

/// min(high, max(low, x)): of NaN, and of zeros of both signs, the second operand, x, stays.
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles clamped(doubles x, doubles low, doubles high) noexcept {
    __asm__("vmaxpd %0, %1, %0" : "+v"(x) : "v"(low));
    __asm__("vminpd %0, %1, %0" : "+v"(x) : "v"(high));
    return x;
}
[[gnu::target("avx512f,avx512dq"), gnu::noinline]] inline void clamp_reals(const double* from, double low, double high,
                                                                           double* to, std::ptrdiff_t n) noexcept {
    for (std::ptrdiff_t j = 0; j < n; j += 16) {
        double_lanes x = load_doubles(from + j, n - j);
        x.low = clamped(x.low, low - doubles{}, high - doubles{});
        x.high = clamped(x.high, low - doubles{}, high - doubles{});
        store_some(x, to + j, n - j);
    }
}

template <float_narrowing Narrowing>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void narrow_reals(const double* from, float* to,
                                                                                      std::ptrdiff_t n) noexcept {
    std::ptrdiff_t j = 0;
    for (; n - j >= 16; j += 16)
        store_floats_as<Narrowing>::template store<lanes_used::all>(load_doubles(from + j, 16), to + j, 16);
    if (j < n)
        store_floats_as<Narrowing>::template store<lanes_used::some>(load_doubles(from + j, n - j), to + j, n - j);
}
template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void narrow_reals(
    const double* from, Code* to, std::ptrdiff_t n, code_narrowing<Code, Low, High> how) noexcept {
    const store_codes_as<Low, High> codes{how.unit - doubles{}};
    std::ptrdiff_t j = 0;
    for (; n - j >= 16; j += 16) codes.template store<lanes_used::all>(load_doubles(from + j, 16), to + j, 16);
    if (j < n) codes.template store<lanes_used::some>(load_doubles(from + j, n - j), to + j, n - j);
}

}  // namespace dyad::inline v1::avx512

#endif
