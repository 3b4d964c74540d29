// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of integer codes by the best kernel of an instruction set: the same bits from each.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/softmax.hpp>
#include <dyad/kernels/avx2/softmax_halves.hpp>
#include <dyad/kernels/avx512/softmax.hpp>
#include <dyad/kernels/avx512/softmax_halves.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/softmax.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>
#include <dyad/kernels/scalar/softmax_rows.hpp>

namespace dyad::inline v1 {

/// Each code to nearest even. Rows whose elements do not lie side by side take the scalar way.
template <class In, class Out, class Plan>
void softmax_nearest(instruction_set isa, const Plan& plan, const softmax_rows<In, Out>& rows) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx2 && rows.contiguous()) {
        const default_float_environment environment;
        if (isa >= instruction_set::avx512) return avx512::softmax_nearest(plan, rows);
        return avx2::softmax_nearest(plan, rows);
    }
#endif
    static_cast<void>(isa);
    scalar::softmax_nearest(plan, rows);
}

}  // namespace dyad::inline v1
