// SPDX-License-Identifier: Apache-2.0
// Rows of sums of scaled floats by the best kernel of an instruction set: the same bits from each.
#pragma once

#include <cstddef>

#include <dyad/kernels/avx2/real_sum.hpp>
#include <dyad/kernels/avx512/real_sum.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/real_sum.hpp>

namespace dyad::inline v1 {

/// dst[i] = x[i] f + y[i] g, n times, in the default environment. dst is x or y or apart from them.
inline void real_sum_row(instruction_set isa, const float* x, const float* y, float* dst, std::ptrdiff_t n,
                         real_factors f) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::real_sum_row(x, y, dst, n, f);
    if (isa >= instruction_set::avx2) return avx2::real_sum_row(x, y, dst, n, f);
#endif
    static_cast<void>(isa);
    scalar::real_sum_row(x, y, dst, n, f);
}

}  // namespace dyad::inline v1
