// SPDX-License-Identifier: Apache-2.0
// The run-time choice among the kernels that normalize rows of floats: the bits of kernels/scalar/float_norm.hpp.
#pragma once

#include <cstddef>

#include <dyad/kernels/avx2/float_norm.hpp>
#include <dyad/kernels/avx512/float_norm.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/float_norm.hpp>

namespace dyad::inline v1 {

/// Rows of n elements each, within a default_float_environment; dst may be src.
template <norm_kind Kind>
void normalize_floats(instruction_set isa, norm_rows<const float> src, std::ptrdiff_t rows, std::ptrdiff_t n,
                      norm_elements<const float> gamma, norm_elements<const float> beta, double epsilon,
                      norm_rows<float> dst) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    const auto flat = [](std::ptrdiff_t step) { return step == 0 || step == 1; };
    if (src.step == 1 && dst.step == 1 && flat(gamma.step) && flat(beta.step)) {
        if (isa >= instruction_set::avx512)
            return avx512::float_norms::normalize_floats<Kind>(src, rows, n, gamma, beta, epsilon, dst);
        if (isa >= instruction_set::avx2)
            return avx2::float_norms::normalize_floats<Kind>(src, rows, n, gamma, beta, epsilon, dst);
    }
#endif
    static_cast<void>(isa);
    scalar::float_norms::normalize_floats<Kind>(src, rows, n, gamma, beta, epsilon, dst);
}

}  // namespace dyad::inline v1
