// SPDX-License-Identifier: Apache-2.0
// Rows of residual sums by the best kernel of an instruction set: the same codes from each.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/residual_sum.hpp>
#include <dyad/kernels/avx512/residual_sum.hpp>
#include <dyad/kernels/avx512/residual_tables.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/residual_sum.hpp>

namespace dyad::inline v1 {

/// Codes in a row from which tables of all codes pay.
inline constexpr std::ptrdiff_t residual_table_codes = 1024;

template <requantization Mode, residual_form Form, class X, class Y, class Out>
void residual_row_as(instruction_set isa, const X* x, const Y* y, Out* dst, std::ptrdiff_t n,
                     const residual_terms& t) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    residual_terms fitting = t;
    if (isa >= instruction_set::avx2 && fit_residual_terms<Mode, Form>(fitting)) {
        if constexpr (Form == residual_form::sum && sizeof(X) == 1 && sizeof(Y) == 1 && sizeof(Out) == 1) {
            const bool many = n >= residual_table_codes && isa >= instruction_set::avx512;
            if (many && avx512::residual_row_by_tables<Mode>(x, y, dst, n, fitting)) return;
        }
        if (isa >= instruction_set::avx512) return avx512::residual_row<Mode, Form>(x, y, dst, n, fitting);
        return avx2::residual_row<Mode, Form>(x, y, dst, n, fitting);
    }
#endif
    static_cast<void>(isa);
    scalar::residual_row<Form>(x, y, dst, n, t);
}

/// dst[i] = the code of x[i] and y[i], codes of 8 or 16 bits, n times. dst is x or y or apart from them.
template <residual_form Form, class X, class Y, class Out>
void residual_row(instruction_set isa, const X* x, const Y* y, Out* dst, std::ptrdiff_t n,
                  const residual_terms& t) noexcept {
    switch (t.mode) {
        case requantization::single_half_up:
            return residual_row_as<requantization::single_half_up, Form>(isa, x, y, dst, n, t);
        case requantization::gemmlowp_double:
            return residual_row_as<requantization::gemmlowp_double, Form>(isa, x, y, dst, n, t);
        case requantization::nearest_even:
            return residual_row_as<requantization::nearest_even, Form>(isa, x, y, dst, n, t);
    }
}

}  // namespace dyad::inline v1
