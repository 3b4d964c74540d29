// SPDX-License-Identifier: Apache-2.0
// The matrix kernel of a rule: of two operands' types and an instruction set.
#pragma once

#include <cstdint>

#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::block_rules {

[[nodiscard]] inline const matrix_kernel<std::int8_t, std::int8_t, std::int32_t>& bytes_kernel(instruction_set) noexcept {
    return scalar::s8s8;
}
[[nodiscard]] inline const matrix_kernel<std::int16_t, std::int16_t, std::int64_t>& halves_kernel(
    instruction_set) noexcept {
    return scalar::s16_wide;
}
[[nodiscard]] inline const matrix_kernel<bfloat16, bfloat16, float>& bf16_kernel(instruction_set) noexcept {
    return scalar::bf16;
}
[[nodiscard]] inline const matrix_kernel<float, float, float>& float_kernel(instruction_set) noexcept {
    return scalar::f32;
}

}  // namespace dyad::inline v1::block_rules
