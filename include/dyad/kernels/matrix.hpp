// SPDX-License-Identifier: Apache-2.0
// The run-time choice among matrix kernels: the same bits from each.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/kernels/amx/matrix_bf16.hpp>
#include <dyad/kernels/amx/matrix_integer16.hpp>
#include <dyad/kernels/amx/matrix_integer8.hpp>
#include <dyad/kernels/avx2/matrix_bf16.hpp>
#include <dyad/kernels/avx2/matrix_f32.hpp>
#include <dyad/kernels/avx2/matrix_integer16.hpp>
#include <dyad/kernels/avx2/matrix_integer8.hpp>
#include <dyad/kernels/avx2/matrix_lmul.hpp>
#include <dyad/kernels/avx512/matrix_bf16.hpp>
#include <dyad/kernels/avx512/matrix_bf16_dot.hpp>
#include <dyad/kernels/avx512/matrix_f32.hpp>
#include <dyad/kernels/avx512/matrix_integer16.hpp>
#include <dyad/kernels/avx512/matrix_integer8.hpp>
#include <dyad/kernels/avx512/matrix_lmul.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/neon/matrix_bf16.hpp>
#include <dyad/kernels/neon/matrix_f32.hpp>
#include <dyad/kernels/neon/matrix_integer16.hpp>
#include <dyad/kernels/neon/matrix_integer8.hpp>
#include <dyad/kernels/neon_dot/matrix_integer8.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

[[nodiscard]] inline const matrix_kernel<std::int8_t, std::int8_t, std::int32_t>& s8s8_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::s8s8;
    if (isa >= instruction_set::avx512) return avx512::s8s8;
    if (isa >= instruction_set::avx2) return avx2::s8s8;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon_dot) return neon_dot::s8s8;
    if (isa >= instruction_set::neon) return neon::s8s8;
#endif
    static_cast<void>(isa);
    return scalar::s8s8;
}
[[nodiscard]] inline const matrix_kernel<std::int8_t, std::uint8_t, std::int32_t>& s8u8_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::s8u8;
    if (isa >= instruction_set::avx512) return avx512::s8u8;
    if (isa >= instruction_set::avx2) return avx2::s8u8;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon_dot) return neon_dot::s8u8;
    if (isa >= instruction_set::neon) return neon::s8u8;
#endif
    static_cast<void>(isa);
    return scalar::s8u8;
}
[[nodiscard]] inline const matrix_kernel<std::uint8_t, std::int8_t, std::int32_t>& u8s8_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::u8s8;
    if (isa >= instruction_set::avx512) return avx512::u8s8;
    if (isa >= instruction_set::avx2) return avx2::u8s8;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon_dot) return neon_dot::u8s8;
    if (isa >= instruction_set::neon) return neon::u8s8;
#endif
    static_cast<void>(isa);
    return scalar::u8s8;
}
[[nodiscard]] inline const matrix_kernel<std::uint8_t, std::uint8_t, std::int32_t>& u8u8_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::u8u8;
    if (isa >= instruction_set::avx512) return avx512::u8u8;
    if (isa >= instruction_set::avx2) return avx2::u8u8;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon_dot) return neon_dot::u8u8;
    if (isa >= instruction_set::neon) return neon::u8u8;
#endif
    static_cast<void>(isa);
    return scalar::u8u8;
}
/// The best kernel of int8 and uint8 carriers that `isa` allows.
template <class L, class R>
[[nodiscard]] inline const matrix_kernel<L, R, std::int32_t>& integer8_kernel(instruction_set isa) noexcept {
    if constexpr (std::same_as<L, std::int8_t>) {
        if constexpr (std::same_as<R, std::int8_t>) return s8s8_kernel(isa);
        else return s8u8_kernel(isa);
    } else {
        if constexpr (std::same_as<R, std::int8_t>) return u8s8_kernel(isa);
        else return u8u8_kernel(isa);
    }
}

/// Largest product of two numbers, in magnitude, that the shorter of the kernels for 64-bit sums takes.
inline constexpr std::uint64_t short_product = std::uint64_t{1} << 23;

[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int64_t>& s16_short_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::s16_short;
    if (isa >= instruction_set::avx512) return avx512::s16_short;
    if (isa >= instruction_set::avx2) return avx2::s16_short;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon) return neon::s16_short;
#endif
    static_cast<void>(isa);
    return scalar::s16_short;
}
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int64_t>& s16_wide_kernel(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::s16_wide;
    if (isa >= instruction_set::avx512) return avx512::s16_wide;
    if (isa >= instruction_set::avx2) return avx2::s16_wide;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon) return neon::s16_wide;
#endif
    static_cast<void>(isa);
    return scalar::s16_wide;
}
/// int16 carriers, 64-bit sums, products of at most `largest_product` in magnitude.
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int64_t>& integer16_kernel(
    instruction_set isa, std::uint64_t largest_product) noexcept {
    return largest_product <= short_product ? s16_short_kernel(isa) : s16_wide_kernel(isa);
}
/// int16 carriers, sums modulo 2^32.
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int32_t>& integer16_kernel_32(
    instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::s16s16_32;
    if (isa >= instruction_set::avx512) return avx512::s16s16_32;
    if (isa >= instruction_set::avx2) return avx2::s16s16_32;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon) return neon::s16s16_32;
#endif
    static_cast<void>(isa);
    return scalar::s16s16_32;
}

[[nodiscard]] inline const matrix_kernel<bfloat16, bfloat16, float>& bf16_kernel(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::amx) return amx::bf16;
    if (isa >= instruction_set::avx512_bf16) return avx512::bf16_dot_kernel;
    if (isa >= instruction_set::avx512) return avx512::bf16;
    if (isa >= instruction_set::avx2) return avx2::bf16;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon) return neon::bf16;
#endif
    static_cast<void>(isa);
    return scalar::bf16;
}
[[nodiscard]] inline const matrix_kernel<float, float, float>& f32_kernel(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::f32;
    if (isa >= instruction_set::avx2) return avx2::f32;
#elif defined(__aarch64__)
    if (isa >= instruction_set::neon) return neon::f32;
#endif
    static_cast<void>(isa);
    return scalar::f32;
}
/// L-Mul by integer addition with the constant 2^-L.
template <int L>
[[nodiscard]] inline const matrix_kernel<float, float, float>& lmul_adder_kernel(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::lmul_adder_f32<L>;
    if (isa >= instruction_set::avx2) return avx2::lmul_adder_f32<L>;
#endif
    static_cast<void>(isa);
    return scalar::lmul_adder_f32<L>;
}

}  // namespace dyad::inline v1
