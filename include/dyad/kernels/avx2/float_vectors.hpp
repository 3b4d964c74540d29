// SPDX-License-Identifier: Apache-2.0
// Float arithmetic on vectors of 256 bits, each operation one instruction: no compiler flag changes its result.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/scale.hpp>

namespace dyad::inline v1::avx2 {

using eight_floats [[gnu::vector_size(32)]] = float;
using eight_words [[gnu::vector_size(32)]] = std::uint32_t;

[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats splat(float x) noexcept {
    return x - eight_floats{};
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats load_floats(const float* from) noexcept {
    eight_floats x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void store_floats(float* to, eight_floats x) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void stream_floats(float* to, eight_floats x) noexcept {
    __asm__ volatile("vmovntps %1, %0" : "=m"(*reinterpret_cast<eight_floats*>(to)) : "x"(x));
}

/// a + b, a - b, a * b.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats add(eight_floats a, eight_floats b) noexcept {
    __asm__("vaddps %1, %0, %0" : "+x"(a) : "x"(b));
    return a;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles add(four_doubles a, four_doubles b) noexcept {
    __asm__("vaddpd %1, %0, %0" : "+x"(a) : "x"(b));
    return a;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats subtract(eight_floats a, eight_floats b) noexcept {
    eight_floats y;
    __asm__("vsubps %2, %1, %0" : "=x"(y) : "x"(a), "xm"(b));
    return y;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats multiply(eight_floats a, eight_floats b) noexcept {
    eight_floats y;
    __asm__("vmulps %2, %1, %0" : "=x"(y) : "x"(a), "xm"(b));
    return y;
}
/// a * b + c, rounded once.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats multiply_add(eight_floats a, eight_floats b,
                                                                                 eight_floats c) noexcept {
    __asm__("vfmadd213ps %2, %1, %0" : "+x"(a) : "x"(b), "xm"(c));
    return a;
}
/// a * b - c, rounded once.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats multiply_subtract(eight_floats a, eight_floats b,
                                                                                      eight_floats c) noexcept {
    __asm__("vfmsub213ps %2, %1, %0" : "+x"(a) : "x"(b), "xm"(c));
    return a;
}
/// sum + a * b, rounded once.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats add_product(eight_floats sum, eight_floats a,
                                                                                eight_floats b) noexcept {
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "xm"(b));
    return sum;
}

/// The larger of a number and y; y where x is NaN.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats larger_number(eight_floats x,
                                                                                  eight_floats y) noexcept {
    __asm__("vmaxps %1, %0, %0" : "+x"(x) : "x"(y));
    return x;
}
/// All bits of a lane, unless x < y: for NaN as well.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_words not_less(eight_floats x, eight_floats y) noexcept {
    eight_words mask;
    __asm__("vcmpps $0x15, %2, %1, %0" : "=x"(mask) : "x"(x), "xm"(y));
    return mask;
}

[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats minus_infinities() noexcept {
    return reinterpret_cast<eight_floats>(eight_words{} + 0xff80'0000U);
}
/// All bits of the first n lanes, n <= 8.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_words first_lanes(std::size_t n) noexcept {
    using integers [[gnu::vector_size(32)]] = std::int32_t;
    const integers lane{0, 1, 2, 3, 4, 5, 6, 7};
    return reinterpret_cast<eight_words>(lane < static_cast<std::int32_t>(n));
}
/// The first n floats, n <= 8, and -infinity.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats load_first(const float* from,
                                                                               std::size_t n) noexcept {
    const eight_words mask = first_lanes(n);
    eight_words x;
    __asm__("vmaskmovps (%2), %1, %0" : "=x"(x) : "x"(mask), "r"(from) : "memory");
    return reinterpret_cast<eight_floats>(x | (~mask & 0xff80'0000U));
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void store_first(float* to, eight_floats x,
                                                                        std::size_t n) noexcept {
    const eight_words mask = first_lanes(n);
    __asm__ volatile("vmaskmovps %0, %1, (%2)" : : "x"(x), "x"(mask), "r"(to) : "memory");
}

[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles lower_doubles(eight_floats x) noexcept {
    return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3), four_doubles);
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles upper_doubles(eight_floats x) noexcept {
    return __builtin_convertvector(__builtin_shufflevector(x, x, 4, 5, 6, 7), four_doubles);
}
/// Four numbers, added up by halves.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline double lane_total(four_doubles x) noexcept {
    x = add(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));
    x = add(x, __builtin_shufflevector(x, x, 1, 0, 3, 2));
    return x[0];
}
/// The largest lane; none is NaN.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline float largest_lane(eight_floats x) noexcept {
    x = larger_number(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
    x = larger_number(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
    x = larger_number(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
    return x[0];
}

}  // namespace dyad::inline v1::avx2

#endif
