// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of integer codes, y_i = exp(s x_i) / sum_j exp(s x_j), by integers: exponentials that are rounded
// correctly, an exact sum, and one rounding.
//
//   E_i = 2^f e^(-s (max - x_i)) in 64 bits,   S = sum E_i,   code_i = unit E_i / S to nearest even, at most Out's
//   largest
//
// Inputs of 8 bits: f = 44 and |error of E_i| <= 1/2, by a table. As the largest element has E = 2^44, an error of 1/2
// in each of n exponentials moves unit E_i / S by at most unit (2^-45 + n 2^-45) 2^44 / S: 1/2 + unit (n + 1) 2^-45
// units from the true softmax, with unit = 256 and n = 4096 less than 1/2 + 2^-24, with n = 2^20 less than 1/2 + 2^-16.
// Inputs of 16 bits: f = 43 and |error| < 2^-33 E_i + 1 (math/exp_q43.hpp): 1/2 + unit (2^-32 + (n + 1) 2^-43) units,
// with unit = 2^16 and n = 4096 less than 1/2 + 2^-14, with n = 2^20 less than 1/2 + 2^-6.
#pragma once

#include <cstdint>

#include <dyad/array/row_options.hpp>
#include <dyad/array/softmax_views.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/softmax.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// How the codes of a row are rounded: each to nearest even; or by largest remainders (Hamilton's method), ties to the
/// lower index, so that they add up to `unit`. Each is then less than 1 unit from the true share.
enum class softmax_sum : std::uint8_t { nearest, preserved };

[[nodiscard]] constexpr const char* to_string(softmax_sum s) noexcept {
    switch (s) {
        case softmax_sum::nearest: return "nearest";
        case softmax_sum::preserved: return "preserved";
    }
    return "unknown rounding of a sum";
}

/// A plan for one scale and one unit: tables, no memory of its own; many threads may run it at once. In and Out: any
/// dyad::fixed of 2 to 16 bits. Rows have up to max_columns elements.
template <softmax_code In, softmax_code Out>
class integer_softmax {
public:
    static constexpr index max_columns = static_cast<index>(softmax_plan_of<In>::max_columns);

    /// x = in_scale * the value of src; `unit` = the raw number of dst that stands for 1, from 1 to one more than the
    /// largest: with 256 for unsigned bytes, shares above 255.5 / 256 become 255, and then the codes of a preserved row
    /// add up to 255. Takes some 50 us for inputs of 8 bits. A plan that was not set runs nowhere.
    [[nodiscard]] status set(multiplier in_scale, std::uint32_t unit, softmax_sum sum = softmax_sum::nearest) noexcept {
        constexpr auto largest = static_cast<std::uint32_t>(Out::max_raw);
        if (in_scale.significand <= 0) return status::scale_not_positive;
        if (unit == 0 || unit > largest + 1) return status::unit_out_of_range;
        plan_ = softmax_plan_of<In>::from(softmax_step<In>(in_scale), {unit, largest});
        sum_ = sum;
        return status::ok;
    }

    /// Each row of src by itself. dst has src's extents; it may be src itself, of the same size and strides.
    [[nodiscard]] status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
        const status s = check(src, dst);
        if (s == status::ok && !dst.is_empty()) evaluate(softmax_rows_of(src, dst), options);
        return s;
    }
    /// Row i sees the columns j <= i + offset: the others do not count, and get 0. A row that sees none is all 0.
    [[nodiscard]] status run_causal(matrix_view<const In> src, index offset, matrix_view<Out> dst,
                                    row_options options = {}) const noexcept {
        const status s = check(src, dst);
        if (s == status::ok && !dst.is_empty())
            evaluate(with_causal_offset(softmax_rows_of(src, dst), offset), options);
        return s;
    }
    /// Elements whose byte of `mask` is 0 do not count, and get 0. A row without others is all 0. The mask's strides
    /// may be 0: one row of it for all rows, or one byte for each row.
    [[nodiscard]] status run_masked(matrix_view<const In> src, matrix_view<const std::uint8_t> mask,
                                    matrix_view<Out> dst, row_options options = {}) const noexcept {
        status s = check(src, dst);
        if (s == status::ok) s = check_softmax_mask(mask, dst);
        if (s == status::ok && !dst.is_empty()) evaluate(with_mask(softmax_rows_of(src, dst), mask), options);
        return s;
    }
    /// One row.
    [[nodiscard]] status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
        if (src.extent != dst.extent) return status::extents_differ;
        return run(as_row(src), as_row(dst), options);
    }

private:
    [[nodiscard]] status check(matrix_view<const In> src, matrix_view<Out> dst) const noexcept {
        if (plan_.out.unit == 0) return status::scale_not_positive;
        return check_softmax(src, dst, softmax_plan_of<In>::max_columns);
    }
    template <class Rows>
    void evaluate(const Rows& rows, row_options options) const noexcept {
        if (sum_ == softmax_sum::preserved) return scalar::softmax_preserved(plan_, rows);
        softmax_nearest(options.chosen(), plan_, rows);
    }

    softmax_plan_of<In> plan_{};
    softmax_sum sum_ = softmax_sum::nearest;
};

}  // namespace dyad::inline v1
