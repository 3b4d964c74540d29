// SPDX-License-Identifier: Apache-2.0
// Floats divided by scales, to odd, and multiplied by them, rounded once; by the best kernel of an instruction set: the
// same bits from each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/scale.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1 {

/// kernel(src, factors, dst, blocks) for 64 * blocks elements, and for the rest by buffers. dst may be src.
template <class T, class Kernel>
void for_each_scaled_block(const float* src, scalar::same_value<T> factors, float* dst, std::size_t n,
                           Kernel kernel) noexcept {
    const std::size_t done = n / scalar::lanes * scalar::lanes;
    kernel(src, factors, dst, n / scalar::lanes);
    if (done == n) return;
    float rest[scalar::lanes]{};
    __builtin_memcpy(rest, src + done, (n - done) * sizeof(float));
    kernel(static_cast<const float*>(rest), factors, static_cast<float*>(rest), 1);
    __builtin_memcpy(dst + done, rest, (n - done) * sizeof(float));
}
template <class T, class Kernel>
void for_each_scaled_block(const float* src, scalar::own_values<T> factors, float* dst, std::size_t n,
                           Kernel kernel) noexcept {
    const std::size_t done = n / scalar::lanes * scalar::lanes;
    kernel(src, factors, dst, n / scalar::lanes);
    if (done == n) return;
    float rest[scalar::lanes]{};
    T rest_factors[scalar::lanes];
    for (T& factor : rest_factors) factor = 1;
    __builtin_memcpy(rest, src + done, (n - done) * sizeof(float));
    __builtin_memcpy(rest_factors, factors.values + done, (n - done) * sizeof(T));
    kernel(static_cast<const float*>(rest), scalar::own_values<T>{rest_factors}, static_cast<float*>(rest), 1);
    __builtin_memcpy(dst + done, rest, (n - done) * sizeof(float));
}

template <class Factors>
void divide_floats_by(instruction_set isa, const float* src, Factors divisors, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::divide_blocks<Factors>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) kernel = &avx512::divide_blocks<Factors>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::divide_blocks<Factors>;
#endif
    static_cast<void>(isa);
    for_each_scaled_block(src, divisors, dst, n, kernel);
}
template <class Inverses>
void shift_floats_by(instruction_set isa, const float* src, Inverses inverses, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::shift_blocks<Inverses>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) kernel = &avx512::shift_blocks<Inverses>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::shift_blocks<Inverses>;
#endif
    static_cast<void>(isa);
    for_each_scaled_block(src, inverses, dst, n, kernel);
}
template <class Factors>
void multiply_floats_by(instruction_set isa, const float* src, Factors factors, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::multiply_blocks<Factors>;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx512) kernel = &avx512::multiply_blocks<Factors>;
    else if (isa >= instruction_set::avx2) kernel = &avx2::multiply_blocks<Factors>;
#endif
    static_cast<void>(isa);
    for_each_scaled_block(src, factors, dst, n, kernel);
}

/// A power of two, of either sign, whose inverse is a normal float.
[[nodiscard]] constexpr bool is_shift(double divisor) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(divisor);
    const auto exponent = static_cast<int>((bits >> 52) & 0x7ff) - 1023;
    return (bits << 12) == 0 && exponent >= -127 && exponent <= 126;
}

/// dst[i] = src[i] / divisor, the exact quotient rounded to odd to 24 bits: rounded again, to 22 bits or fewer and in
/// any mode, it is the quotient rounded once. Magnitudes of nonzero quotients are clamped to [2^-100, 2^120]. Zeros
/// and infinities stay, with the sign of a quotient; NaN stays as it is. The divisor: finite, not 0, of either sign, at
/// most 30 significant bits. dst may be src, else apart.
inline void divide_floats(instruction_set isa, const float* src, double divisor, float* dst, std::size_t n) noexcept {
    if (!is_shift(divisor)) return divide_floats_by(isa, src, scalar::same_factor{divisor}, dst, n);
    shift_floats_by(isa, src, scalar::same_value<float>{static_cast<float>(1 / divisor)}, dst, n);
}
/// dst[i] = src[i] * inverses[i], powers of two of either sign that are normal floats: a division by 1 / inverses[i].
inline void shift_floats(instruction_set isa, const float* src, const float* inverses, float* dst,
                         std::size_t n) noexcept {
    shift_floats_by(isa, src, scalar::own_values<float>{inverses}, dst, n);
}
/// The same with a divisor for each element.
inline void divide_floats(instruction_set isa, const float* src, const double* divisors, float* dst,
                          std::size_t n) noexcept {
    divide_floats_by(isa, src, scalar::own_factors{divisors}, dst, n);
}

/// dst[i] = src[i] * factor, rounded once to nearest even, for a factor of at most 29 significant bits. NaN elements
/// keep their bits, made quiet; other products that are NaN (of a NaN factor, 0 * infinity) are 0x7fc00000. dst may be
/// src, else apart.
inline void multiply_floats(instruction_set isa, const float* src, double factor, float* dst, std::size_t n) noexcept {
    multiply_floats_by(isa, src, scalar::same_factor{factor}, dst, n);
}
/// The same with a factor for each element.
inline void multiply_floats(instruction_set isa, const float* src, const double* factors, float* dst,
                            std::size_t n) noexcept {
    multiply_floats_by(isa, src, scalar::own_factors{factors}, dst, n);
}

/// divide_floats and multiply_floats of n groups of Size floats, group g by divisors[g] or factors[g].
template <std::size_t Size>
    requires(Size % 8 == 0)
void divide_groups(instruction_set isa, const float* src, const double* divisors, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) return avx2::divide_groups<Size>(src, divisors, dst, n);
#endif
    static_cast<void>(isa);
    scalar::divide_groups<Size>(src, divisors, dst, n);
}
template <std::size_t Size>
    requires(Size % 8 == 0)
void multiply_groups(instruction_set isa, const float* src, const double* factors, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
#if defined(__x86_64__)
    if (isa >= instruction_set::avx2) return avx2::multiply_groups<Size>(src, factors, dst, n);
#endif
    static_cast<void>(isa);
    scalar::multiply_groups<Size>(src, factors, dst, n);
}

}  // namespace dyad::inline v1
