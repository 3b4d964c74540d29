// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a panel of packed weights, by the best kernel of an instruction set. Bits never depend on
// it.
#pragma once

#include <dyad/kernels/avx2/gemv.hpp>
#include <dyad/kernels/avx512/gemv.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/gemv_layout.hpp>
#include <dyad/kernels/scalar/gemv.hpp>

namespace dyad::inline v1 {

inline void gemv_panel(instruction_set isa, const gemv_layout& layout, const gemv_operands& operands,
                       gemv_sums& sums) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::gemv_panel(layout, operands, sums);
    if (isa >= instruction_set::avx2) return avx2::gemv_panel(layout, operands, sums);
#endif
    static_cast<void>(isa);
    scalar::gemv_panel(layout, operands, sums);
}

/// The instruction set whose kernel runs under a cap.
[[nodiscard]] constexpr instruction_set gemv_instruction_set(instruction_set isa) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return instruction_set::avx512;
    if (isa >= instruction_set::avx2) return instruction_set::avx2;
#endif
    static_cast<void>(isa);
    return instruction_set::scalar;
}

}  // namespace dyad::inline v1
