// SPDX-License-Identifier: Apache-2.0
// The run-time choice among matrix kernels: the same bits from each.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// The best kernel of int8 and uint8 carriers that `isa` allows.
template <class L, class R>
[[nodiscard]] inline const matrix_kernel<L, R, std::int32_t>& integer8_kernel(instruction_set isa) noexcept {
    static_cast<void>(isa);
    if constexpr (std::same_as<L, std::int8_t>) {
        if constexpr (std::same_as<R, std::int8_t>) return scalar::s8s8;
        else return scalar::s8u8;
    } else {
        if constexpr (std::same_as<R, std::int8_t>) return scalar::u8s8;
        else return scalar::u8u8;
    }
}

/// Largest product of two numbers, in magnitude, that the shorter of the kernels for 64-bit sums takes.
inline constexpr std::uint64_t short_product = std::uint64_t{1} << 23;

/// int16 carriers, 64-bit sums, products of at most `largest_product` in magnitude.
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int64_t>& integer16_kernel(
    instruction_set isa, std::uint64_t largest_product) noexcept {
    static_cast<void>(isa);
    return largest_product <= short_product ? scalar::s16_short : scalar::s16_wide;
}
/// int16 carriers, sums modulo 2^32.
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int32_t>& integer16_kernel_32(
    instruction_set isa) noexcept {
    static_cast<void>(isa);
    return scalar::s16s16_32;
}

[[nodiscard]] inline const matrix_kernel<bfloat16, bfloat16, float>& bf16_kernel(instruction_set isa) noexcept {
    static_cast<void>(isa);
    return scalar::bf16;
}
[[nodiscard]] inline const matrix_kernel<float, float, float>& f32_kernel(instruction_set isa) noexcept {
    static_cast<void>(isa);
    return scalar::f32;
}
/// L-Mul by integer addition with the constant 2^-L.
template <int L>
[[nodiscard]] inline const matrix_kernel<float, float, float>& lmul_adder_kernel(instruction_set isa) noexcept {
    static_cast<void>(isa);
    return scalar::lmul_adder_f32<L>;
}

}  // namespace dyad::inline v1
