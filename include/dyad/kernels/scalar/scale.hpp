// SPDX-License-Identifier: Apache-2.0
// Floats divided or multiplied by scales of more digits than a float has, as loops without branches.
//
// The quotient Q of a float x = X 2^a, X < 2^24, and a divisor D 2^b, D < 2^30, is rounded to odd to 24 bits: a later
// rounding to 22 bits or fewer, in any mode, then gives what it gives of Q. q, the double nearest to Q, is cut to 24
// bits, and a rest sets the last one. This is Q to odd, exactly:
// 1. Let B be a number of at most 23 bits, B != Q. In the unit of B D's last digit, or of x's, if that is the smaller,
//    B D and x are different whole numbers; the one whose unit it is is less than 2^53. So |Q - B| > 2^-53 B, more than
//    half a last place of B as a double: q != B, and q is on Q's side of B, since rounding is monotone.
// 2. So q tells Q from every even 24-bit number. Where q is an odd one and Q is not, Q to odd is that number as well.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1::scalar {

/// Nonzero quotients are clamped to these magnitudes: further out no narrow format decides anything.
inline constexpr std::uint32_t least_quotient = (127 - 100) << 23;
inline constexpr std::uint32_t most_quotient = (127 + 120) << 23;

/// One factor for all elements, or one for each.
template <class T>
struct same_value {
    T value;
    [[nodiscard, gnu::always_inline]] T operator[](std::size_t) const noexcept { return value; }
    [[nodiscard, gnu::always_inline]] same_value from(std::size_t) const noexcept { return *this; }
};
template <class T>
struct own_values {
    const T* values;
    [[nodiscard, gnu::always_inline]] T operator[](std::size_t i) const noexcept { return values[i]; }
    [[nodiscard, gnu::always_inline]] own_values from(std::size_t i) const noexcept { return {values + i}; }
};
using same_factor = same_value<double>;
using own_factors = own_values<double>;

/// The bits of a quotient from the magnitude found, for a dividend with these bits: zero, infinity and NaN stay.
[[nodiscard, gnu::always_inline]] inline std::uint32_t finish_quotient(std::uint32_t found, std::uint32_t bits,
                                                                       std::uint32_t divisor_high) noexcept {
    const std::uint32_t magnitude = bits & 0x7fff'ffff;
    found = found > least_quotient ? found : least_quotient;
    found = found < most_quotient ? found : most_quotient;
    const bool is_nonzero = magnitude - 1 < 0x7f7f'ffff;  // and finite
    const std::uint32_t sign = select(magnitude > 0x7f80'0000, bits, bits ^ divisor_high);
    return select(is_nonzero, found, magnitude) | (sign & 0x8000'0000);
}

/// x / y, rounded once. An instruction where there is one: with -ffast-math compilers multiply by inverses.
[[nodiscard, gnu::always_inline]] inline double divided(double x, double y) noexcept {
#if defined(__x86_64__)
    __asm__("divsd %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fdiv %d0, %d0, %d1" : "+w"(x) : "w"(y));
    return x;
#else
    return x / y;
#endif
}

[[nodiscard, gnu::always_inline]] inline float divide_lane(float x, double divisor) noexcept {
    constexpr std::uint64_t tail = (std::uint64_t{1} << 29) - 1;
    const auto q = std::bit_cast<std::uint64_t>(divided(static_cast<double>(x), divisor)) & ~(std::uint64_t{1} << 63);
    const std::uint64_t odd = (q | ((q & tail) + tail)) & ~tail;
    // Beyond float's range this is infinite or small, and clamped.
    const auto found = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(odd)));
    const auto high = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(divisor) >> 32);
    return std::bit_cast<float>(finish_quotient(found, std::bit_cast<std::uint32_t>(x), high));
}

/// By a power of two, given its inverse, a normal float: where the product is not exact it is clamped.
[[nodiscard, gnu::always_inline]] inline float shift_lane(float x, float inverse) noexcept {
    const auto found = std::bit_cast<std::uint32_t>(x * inverse) & 0x7fff'ffff;
    return std::bit_cast<float>(
        finish_quotient(found, std::bit_cast<std::uint32_t>(x), std::bit_cast<std::uint32_t>(inverse)));
}

/// x * factor, rounded once: the product of 24 and 29 bits is a double.
[[nodiscard, gnu::always_inline]] inline float multiply_lane(float x, double factor) noexcept {
    constexpr std::uint32_t infinity = 0x7f80'0000;
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto y = std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<double>(x) * factor));
    const std::uint32_t number = select((y & 0x7fff'ffff) > infinity, 0x7fc0'0000, y);
    return std::bit_cast<float>(select((bits & 0x7fff'ffff) > infinity, bits | 0x0040'0000, number));
}

// 64 elements; dst may be src.

template <class Factors>
[[gnu::always_inline]] inline void divide_block(const float* src, Factors divisors, float* dst) noexcept {
    float x[lanes];
    float y[lanes];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < lanes; ++i) y[i] = divide_lane(x[i], divisors[i]);
    __builtin_memcpy(dst, y, sizeof y);
}
template <class Inverses>
[[gnu::always_inline]] inline void shift_block(const float* src, Inverses inverses, float* dst) noexcept {
    float x[lanes];
    float y[lanes];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < lanes; ++i) y[i] = shift_lane(x[i], inverses[i]);
    __builtin_memcpy(dst, y, sizeof y);
}
template <class Factors>
[[gnu::always_inline]] inline void multiply_block(const float* src, Factors factors, float* dst) noexcept {
    float x[lanes];
    float y[lanes];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < lanes; ++i) y[i] = multiply_lane(x[i], factors[i]);
    __builtin_memcpy(dst, y, sizeof y);
}

template <class Factors>
[[gnu::noinline]] inline void divide_blocks(const float* src, Factors divisors, float* dst, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * lanes; i += lanes) divide_block(src + i, divisors.from(i), dst + i);
}
template <class Inverses>
[[gnu::noinline]] inline void shift_blocks(const float* src, Inverses inverses, float* dst, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * lanes; i += lanes) shift_block(src + i, inverses.from(i), dst + i);
}
template <class Factors>
[[gnu::noinline]] inline void multiply_blocks(const float* src, Factors factors, float* dst, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n * lanes; i += lanes) multiply_block(src + i, factors.from(i), dst + i);
}

// n groups of Size elements, a factor for each group.

template <std::size_t Size>
[[gnu::always_inline]] inline void divide_each_group(const float* src, const double* divisors, float* dst,
                                                     std::size_t n) noexcept {
    for (std::size_t g = 0; g < n; ++g) {
        float x[Size];
        float y[Size];
        __builtin_memcpy(x, src + g * Size, sizeof x);
        for (std::size_t i = 0; i < Size; ++i) y[i] = divide_lane(x[i], divisors[g]);
        __builtin_memcpy(dst + g * Size, y, sizeof y);
    }
}
template <std::size_t Size>
[[gnu::always_inline]] inline void multiply_each_group(const float* src, const double* factors, float* dst,
                                                       std::size_t n) noexcept {
    for (std::size_t g = 0; g < n; ++g) {
        float x[Size];
        float y[Size];
        __builtin_memcpy(x, src + g * Size, sizeof x);
        for (std::size_t i = 0; i < Size; ++i) y[i] = multiply_lane(x[i], factors[g]);
        __builtin_memcpy(dst + g * Size, y, sizeof y);
    }
}
template <std::size_t Size>
[[gnu::noinline]] inline void divide_groups(const float* src, const double* divisors, float* dst,
                                            std::size_t n) noexcept {
    divide_each_group<Size>(src, divisors, dst, n);
}
template <std::size_t Size>
[[gnu::noinline]] inline void multiply_groups(const float* src, const double* factors, float* dst,
                                              std::size_t n) noexcept {
    multiply_each_group<Size>(src, factors, dst, n);
}

}  // namespace dyad::inline v1::scalar
