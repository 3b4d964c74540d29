// SPDX-License-Identifier: Apache-2.0
// Floats divided by one float, each quotient rounded once, and a whole number added to floats, rounded to odd: what
// stands between a function's results and codes. By the best kernel of an instruction set, the same bits from each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/scalar/scale.hpp>
#include <dyad/kernels/stream.hpp>

namespace dyad::inline v1::scalar {

/// x / y, rounded once. (An instruction: with -ffast-math compilers multiply by inverses.)
[[nodiscard, gnu::always_inline]] inline float divided(float x, float y) noexcept {
#if defined(__x86_64__)
    __asm__("divss %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fdiv %s0, %s0, %s1" : "+w"(x) : "w"(y));
    return x;
#else
    return x / y;
#endif
}
[[gnu::noinline]] inline void quotients(const float* src, float divisor, float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; ++i) dst[i] = divided(src[i], divisor);
}

/// double(x) + z, rounded once to double and then to odd to 24 bits: rounded again, to 22 bits or fewer and in any
/// mode, it is that double rounded once.
[[nodiscard, gnu::always_inline]] inline float sum_to_odd(float x, double z) noexcept {
    constexpr std::uint64_t tail = (std::uint64_t{1} << 29) - 1;
    const auto sum = std::bit_cast<std::uint64_t>(static_cast<double>(x) + z);
    const std::uint64_t odd = (sum | ((sum & tail) + tail)) & ~tail;
    return static_cast<float>(std::bit_cast<double>(odd));
}
[[gnu::always_inline]] inline void sum_block(const float* src, double z, float* dst) noexcept {
    float x[kernel_block];
    float y[kernel_block];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < kernel_block; ++i) y[i] = sum_to_odd(x[i], z);
    __builtin_memcpy(dst, y, sizeof y);
}
[[gnu::noinline]] inline void sums_to_odd(const float* src, double z, float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block) sum_block(src + i, z, dst + i);
}

}  // namespace dyad::inline v1::scalar

#if defined(__x86_64__) && defined(__SSE2__)
namespace dyad::inline v1::avx512 {
[[gnu::target("avx512f"), gnu::noinline]] inline void quotients(const float* src, float divisor, float* dst,
                                                                std::size_t blocks) noexcept {
    const floats d = splat(divisor);
    for (std::size_t i = 0; i < blocks * kernel_block; i += 16) {
        floats x = load_floats(src + i);
        __asm__("vdivps %1, %0, %0" : "+v"(x) : "v"(d));
        store_floats(dst + i, x);
    }
}
[[gnu::target("avx512f,avx512dq,avx512bw,avx512vl"), gnu::noinline]] inline void sums_to_odd(
    const float* src, double z, float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block) scalar::sum_block(src + i, z, dst + i);
}
}  // namespace dyad::inline v1::avx512
namespace dyad::inline v1::avx2 {
[[gnu::target("avx2,fma"), gnu::noinline]] inline void quotients(const float* src, float divisor, float* dst,
                                                                 std::size_t blocks) noexcept {
    const eight_floats d = divisor - eight_floats{};
    for (std::size_t i = 0; i < blocks * kernel_block; i += 8) {
        eight_floats x = load_floats(src + i);
        __asm__("vdivps %1, %0, %0" : "+x"(x) : "x"(d));
        store_floats(dst + i, x);
    }
}
[[gnu::target("avx2"), gnu::noinline]] inline void sums_to_odd(const float* src, double z, float* dst,
                                                               std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * kernel_block; i += kernel_block) scalar::sum_block(src + i, z, dst + i);
}
}  // namespace dyad::inline v1::avx2
#endif

namespace dyad::inline v1 {

/// dst[i] = src[i] / divisor, rounded once to nearest even; the divisor positive and finite. dst may be src, else
/// apart.
inline void quotients(instruction_set isa, const float* src, float divisor, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::quotients;
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) kernel = &avx512::quotients;
    else if (isa >= instruction_set::avx2) kernel = &avx2::quotients;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n, [kernel, divisor](const float* from, float* to, std::size_t blocks) {
        kernel(from, divisor, to, blocks);
    });
}

/// dst[i] = src[i] + z for a whole number z: the sum in double, rounded to odd to 24 bits. dst may be src, else apart.
inline void sums_to_odd(instruction_set isa, const float* src, double z, float* dst, std::size_t n) noexcept {
    const default_float_environment environment;
    auto* kernel = &scalar::sums_to_odd;
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) kernel = &avx512::sums_to_odd;
    else if (isa >= instruction_set::avx2) kernel = &avx2::sums_to_odd;
#endif
    static_cast<void>(isa);
    for_each_block(src, dst, n,
                   [kernel, z](const float* from, float* to, std::size_t blocks) { kernel(from, z, to, blocks); });
}

}  // namespace dyad::inline v1
