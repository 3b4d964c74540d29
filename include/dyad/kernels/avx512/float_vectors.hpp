// SPDX-License-Identifier: Apache-2.0
// Float arithmetic on vectors of 512 bits, each operation one instruction: no compiler flag changes its result.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/avx512/vectors.hpp>

namespace dyad::inline v1::avx512 {

[[gnu::target("avx512f"), gnu::always_inline]] inline floats splat(float x) noexcept { return x - floats{}; }

[[gnu::target("avx512f"), gnu::always_inline]] inline floats load_floats(const float* from) noexcept {
    floats x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_floats(float* to, floats x) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void stream_floats(float* to, floats x) noexcept {
    __asm__ volatile("vmovntps %1, %0" : "=m"(*reinterpret_cast<floats*>(to)) : "v"(x));
}

/// a + b, a - b, a * b.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add(floats a, floats b) noexcept {
    __asm__("vaddps %1, %0, %0" : "+v"(a) : "v"(b));
    return a;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles add(doubles a, doubles b) noexcept {
    __asm__("vaddpd %1, %0, %0" : "+v"(a) : "v"(b));
    return a;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats subtract(floats a, floats b) noexcept {
    floats y;
    __asm__("vsubps %2, %1, %0" : "=v"(y) : "v"(a), "v"(b));
    return y;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline floats multiply(floats a, floats b) noexcept {
    floats y;
    __asm__("vmulps %2, %1, %0" : "=v"(y) : "v"(a), "v"(b));
    return y;
}
/// a * b + c, rounded once.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats multiply_add(floats a, floats b, floats c) noexcept {
    __asm__("vfmadd213ps %2, %1, %0" : "+v"(a) : "v"(b), "v"(c));
    return a;
}
/// a * b - c, rounded once.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats multiply_subtract(floats a, floats b, floats c) noexcept {
    __asm__("vfmsub213ps %2, %1, %0" : "+v"(a) : "v"(b), "v"(c));
    return a;
}
/// sum + a * b, rounded once.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add_product(floats sum, floats a, floats b) noexcept {
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

/// The larger of a number and y; y where x is NaN.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats larger_number(floats x, floats y) noexcept {
    __asm__("vmaxps %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
/// A bit for each lane: set unless x < y, so for NaN as well.
[[gnu::target("avx512f"), gnu::always_inline]] inline std::uint16_t not_less(floats x, floats y) noexcept {
    std::uint16_t mask;
    __asm__("vcmpps $0x15, %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    return mask;
}
/// a * b in the lanes of the mask, 0 in the others.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats multiply_unless(std::uint16_t mask, floats a,
                                                                             floats b) noexcept {
    floats y;
    __asm__("vmulps %2, %1, %0%{%3%}%{z%}" : "=v"(y) : "v"(a), "v"(b), "Yk"(mask));
    return y;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline floats minus_infinities() noexcept {
    return reinterpret_cast<floats>(words{} + 0xff80'0000U);
}
/// The first n floats, n <= 16, and -infinity.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats load_first(const float* from, std::size_t n) noexcept {
    const auto mask = static_cast<std::uint16_t>((1U << n) - 1U);
    floats x = minus_infinities();
    __asm__("vmovups (%2), %0%{%1%}" : "+v"(x) : "Yk"(mask), "r"(from) : "memory");
    return x;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_first(float* to, floats x, std::size_t n) noexcept {
    const auto mask = static_cast<std::uint16_t>((1U << n) - 1U);
    __asm__ volatile("vmovups %0, (%2)%{%1%}" : : "v"(x), "Yk"(mask), "r"(to) : "memory");
}

[[gnu::target("avx512f"), gnu::always_inline]] inline doubles lower_doubles(floats x) noexcept {
    return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), doubles);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles upper_doubles(floats x) noexcept {
    return __builtin_convertvector(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15), doubles);
}
/// Eight numbers, added up by halves.
[[gnu::target("avx512f"), gnu::always_inline]] inline double lane_total(doubles x) noexcept {
    x = add(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
    x = add(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
    x = add(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
    return x[0];
}
/// The largest lane; none is NaN.
[[gnu::target("avx512f"), gnu::always_inline]] inline float largest_lane(floats x) noexcept {
    x = larger_number(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = larger_number(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    x = larger_number(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    x = larger_number(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return x[0];
}

}  // namespace dyad::inline v1::avx512

#endif
