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

/// Codes of two matrices, and where those of their sum go; neighbours in a row are neighbours in memory.
template <class X, class Y, class Out>
struct residual_matrices {
    const X* x;
    std::ptrdiff_t x_stride;
    const Y* y;
    std::ptrdiff_t y_stride;
    Out* dst;
    std::ptrdiff_t dst_stride;
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;

    /// run(x, y, dst) of each row.
    template <class Run>
    void for_each_row(const Run& run) const noexcept {
        for (std::ptrdiff_t i = 0; i < rows; ++i) run(x + i * x_stride, y + i * y_stride, dst + i * dst_stride);
    }
};

/// Codes from which tables of all codes pay: measured on Zen 4, where they take as long as the sums of 400 codes.
inline constexpr std::ptrdiff_t residual_table_codes = 512;

template <requantization Mode, residual_form Form, class X, class Y, class Out>
void residual_rows_as(instruction_set isa, const residual_matrices<X, Y, Out>& m, const residual_terms& t) noexcept {
    const std::ptrdiff_t n = m.columns;
#if defined(__x86_64__) && defined(__SSE2__)
    residual_terms fitting = t;
    if (isa >= instruction_set::avx2 && fit_residual_terms<Mode, Form>(fitting)) {
        if constexpr (Form == residual_form::sum && sizeof(X) == 1 && sizeof(Y) == 1 && sizeof(Out) == 1) {
            if (isa >= instruction_set::avx512 && n >= (residual_table_codes + m.rows - 1) / m.rows) {
                const avx512::residual_tables<Mode, X, Y, Out> tables(fitting);
                if (tables.are_usable())
                    return m.for_each_row([&](const X* x, const Y* y, Out* dst) { tables.run(x, y, dst, n); });
            }
        }
        return m.for_each_row([&](const X* x, const Y* y, Out* dst) {
            if (isa >= instruction_set::avx512) avx512::residual_row<Mode, Form>(x, y, dst, n, fitting);
            else avx2::residual_row<Mode, Form>(x, y, dst, n, fitting);
        });
    }
#endif
    static_cast<void>(isa);
    m.for_each_row([&](const X* x, const Y* y, Out* dst) { scalar::residual_row<Form>(x, y, dst, n, t); });
}

/// dst = the codes of x and y, codes of 8 or 16 bits, at least one row. dst is x or y or apart from them.
template <residual_form Form, class X, class Y, class Out>
void residual_rows(instruction_set isa, const residual_matrices<X, Y, Out>& m, const residual_terms& t) noexcept {
    switch (t.mode) {
        case requantization::single_half_up: return residual_rows_as<requantization::single_half_up, Form>(isa, m, t);
        case requantization::gemmlowp_double: return residual_rows_as<requantization::gemmlowp_double, Form>(isa, m, t);
        case requantization::nearest_even: return residual_rows_as<requantization::nearest_even, Form>(isa, m, t);
    }
}

}  // namespace dyad::inline v1
