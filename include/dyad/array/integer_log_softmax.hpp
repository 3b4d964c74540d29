// SPDX-License-Identifier: Apache-2.0
// Logarithms of softmax of rows of integer codes, y_i = s x_i - log sum_j exp(s x_j), by integers: the exact sum of the
// exponentials of array/integer_softmax.hpp, one logarithm for a row to 108 digits, a line, and one rounding.
//
// In codes of dst the result is within 1/2 + 2^-24 + out e of the true value, where e bounds the relative error of the
// sum: n 2^-45 for inputs of 8 bits, 2^-33 + n 2^-43 for longer ones.
#pragma once

#include <cstdint>

#include <dyad/array/row_options.hpp>
#include <dyad/array/softmax_views.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/scalar/log_softmax.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// A plan for two scales. Out is signed: no result is above 0.
template <softmax_code In, softmax_code Out>
class integer_log_softmax {
    static_assert(Out::is_signed, "dyad::integer_log_softmax's results are negative: Out must be signed.");

public:
    static constexpr index max_columns = static_cast<index>(softmax_plan_of<In>::max_columns);

    /// x = in_scale * the value of src; the value of dst = out * y, saturated.
    [[nodiscard]] status set(multiplier in_scale, multiplier out) noexcept {
        if (in_scale.significand <= 0 || out.significand <= 0) return status::scale_not_positive;
        unpacked raw = out.unpack_near();
        raw.exponent += Out::fraction;
        plan_ = log_softmax_plan<softmax_plan_of<In>>::from(softmax_step<In>(in_scale), raw);
        return status::ok;
    }

    /// Each row of src by itself. dst has src's extents; it may be src itself, of the same size and strides.
    [[nodiscard]] status run(matrix_view<const In> src, matrix_view<Out> dst, row_options = {}) const noexcept {
        const status s = check(src, dst);
        if (s == status::ok && !dst.is_empty()) evaluate(softmax_rows_of(src, dst));
        return s;
    }
    /// Row i sees the columns j <= i + offset: the others do not count, and get the lowest code.
    [[nodiscard]] status run_causal(matrix_view<const In> src, index offset, matrix_view<Out> dst,
                                    row_options = {}) const noexcept {
        const status s = check(src, dst);
        if (s == status::ok && !dst.is_empty()) evaluate(with_causal_offset(softmax_rows_of(src, dst), offset));
        return s;
    }
    /// Elements whose byte of `mask` is 0 do not count, and get the lowest code. The mask's strides may be 0.
    [[nodiscard]] status run_masked(matrix_view<const In> src, matrix_view<const std::uint8_t> mask,
                                    matrix_view<Out> dst, row_options = {}) const noexcept {
        status s = check(src, dst);
        if (s == status::ok) s = check_softmax_mask(mask, dst);
        if (s == status::ok && !dst.is_empty()) evaluate(with_mask(softmax_rows_of(src, dst), mask));
        return s;
    }
    /// One row.
    [[nodiscard]] status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
        if (src.extent != dst.extent) return status::extents_differ;
        return run(as_row(src), as_row(dst), options);
    }

private:
    [[nodiscard]] status check(matrix_view<const In> src, matrix_view<Out> dst) const noexcept {
        if (plan_.fraction == 0) return status::scale_not_positive;  // not set
        return check_softmax(src, dst, softmax_plan_of<In>::max_columns);
    }
    template <class Rows>
    void evaluate(const Rows& rows) const noexcept {
        scalar::log_softmax(plan_, std::int32_t{Out::min_raw}, rows);
    }

    log_softmax_plan<softmax_plan_of<In>> plan_{};
};

}  // namespace dyad::inline v1
