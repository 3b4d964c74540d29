// SPDX-License-Identifier: Apache-2.0
// Stages of epilogues on 32-bit sums, in integers only. Sums are modulo 2^32: a step in between may overflow as long as
// the last of them fits.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/function_table.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/requantize.hpp>
#include <dyad/kernels/word_stages.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/math/requantize.hpp>

namespace dyad::inline v1 {

/// x + y z modulo 2^32.
[[nodiscard]] constexpr std::int32_t wrapping_add_product(std::int32_t x, std::int32_t y, std::int32_t z) noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) +
                                     static_cast<std::uint32_t>(y) * static_cast<std::uint32_t>(z));
}

/// dst[j] = requantize(sums[j], multipliers[j * stride], mode).
inline void requantize_row(instruction_set isa, const std::int32_t* sums, const multiplier* multipliers, index stride,
                           requantization mode, index count, std::int32_t* dst) noexcept {
    static constexpr std::int32_t none = 0;
    requantize_tile(isa, sum_tile<std::int32_t, std::int32_t>{sums, count, 1, count, dst, count},
                    requantize_columns_of{&none, 0, multipliers, stride, mode});
}

/// sum + bias[column].
struct add_bias {
    vector_view<const std::int32_t> bias;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index, index column) const noexcept {
        return wrapping_add_product(sum, bias(column), 1);
    }
    void run(instruction_set isa, const std::int32_t* sums, index, index column, index count,
             std::int32_t* dst) const noexcept {
        add_words(isa, sums, shifted(bias.data, column * bias.stride[0]), bias.stride[0], 1, 0, dst, count);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (bias.data == nullptr) return status::bias_null;
        return serves(bias, n) ? status::ok : status::extents_differ;
    }
};

/// sum + rows[row] + columns[column] + constant: what zero points add to a product of codes. With zero points a of lhs
/// and b of rhs the product of x - a and y - b is
///   sum x y - b (sum of lhs's row) - a (sum of rhs's column) + k a b.
struct add_terms {
    vector_view<const std::int32_t> rows;
    vector_view<const std::int32_t> columns;
    std::int32_t constant = 0;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index row, index column) const noexcept {
        return wrapping_add_product(wrapping_add_product(sum, columns(column), 1), of_row(row), 1);
    }
    void run(instruction_set isa, const std::int32_t* sums, index row, index column, index count,
             std::int32_t* dst) const noexcept {
        add_words(isa, sums, shifted(columns.data, column * columns.stride[0]), columns.stride[0], 1, of_row(row), dst,
                  count);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (rows.data == nullptr || columns.data == nullptr) return status::row_sums_null;
        return serves(rows, m) && serves(columns, n) ? status::ok : status::extents_differ;
    }

private:
    [[nodiscard]] constexpr std::int32_t of_row(index row) const noexcept {
        return wrapping_add_product(constant, rows(row), 1);
    }
};

/// sum + rows[row] * columns[column]: zero points of lhs's rows (their negatives in `rows`, one for each token) times
/// the sums of rhs's columns.
struct add_row_products {
    vector_view<const std::int32_t> rows;
    vector_view<const std::int32_t> columns;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index row, index column) const noexcept {
        return wrapping_add_product(sum, rows(row), columns(column));
    }
    void run(instruction_set isa, const std::int32_t* sums, index row, index column, index count,
             std::int32_t* dst) const noexcept {
        add_words(isa, sums, shifted(columns.data, column * columns.stride[0]), columns.stride[0], rows(row), 0, dst,
                  count);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        return add_terms{rows, columns}.check(m, n);
    }
};

/// sum * 2^-places, rounded as named (places >= 0): a power of two as the scale of a tensor.
struct shift_right_by {
    int places = 0;
    rounding rule = rounding::nearest_even;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index, index) const noexcept {
        return round_shift_right(sum, places, rule);
    }
    [[nodiscard]] constexpr status check(index, index) const noexcept {
        return places >= 0 ? status::ok : status::bits_out_of_range;
    }
};

/// requantize(sum, multipliers[column], mode) in 32 bits, saturated; stride 0 for one multiplier of the tensor.
struct scale_dyadic {
    vector_view<const multiplier> multipliers;
    requantization mode = requantization::single_half_up;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index, index column) const noexcept {
        return requantize(sum, multipliers(column), mode);
    }
    void run(instruction_set isa, const std::int32_t* sums, index, index column, index count,
             std::int32_t* dst) const noexcept {
        requantize_row(isa, sums, shifted(multipliers.data, column * multipliers.stride[0]), multipliers.stride[0],
                       mode, count, dst);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (multipliers.data == nullptr) return status::scales_null;
        return serves(multipliers, n) ? status::ok : status::extents_differ;
    }
};

/// The same with a multiplier for each row: tokens.
struct scale_rows_dyadic {
    vector_view<const multiplier> multipliers;
    requantization mode = requantization::single_half_up;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index row, index) const noexcept {
        return requantize(sum, multipliers(row), mode);
    }
    void run(instruction_set isa, const std::int32_t* sums, index row, index, index count,
             std::int32_t* dst) const noexcept {
        requantize_row(isa, sums, &multipliers(row), 0, mode, count, dst);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        return scale_dyadic{multipliers}.check(n, m);
    }
};

/// sum + requantize((code - zero point) * 2^up, factor, mode), saturated to 32 bits: a residual input, of the shape of
/// dst, brought to the sum's units before the sum itself is rounded. 2^up raises small codes, so that the rounding of
/// the residual is finer than the sum's: |code - zero point| 2^up < 2^31.
template <narrow_fixed Residual>
struct add_residual_dyadic {
    matrix_view<const Residual> residual;
    multiplier factor;
    requantization mode = requantization::single_half_up;
    std::int32_t zero_point = 0;
    int up = 0;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index row, index column) const noexcept {
        const std::int64_t raised = (std::int64_t{residual(row, column).raw()} - zero_point) * (std::int64_t{1} << up);
        return saturating_add(sum, requantize(saturating_cast<std::int32_t>(raised), factor, mode));
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (residual.extent[0] != m || residual.extent[1] != n) return status::residual_differs;
        if (residual.data == nullptr && m != 0 && n != 0) return status::residual_null;
        return up >= 0 && up < 31 ? status::ok : status::bits_out_of_range;
    }
};

/// The sum clamped to low ... high; {0, word_max} is ReLU.
struct clamp_words_between {
    std::int32_t low = word_min<std::int32_t>();
    std::int32_t high = word_max<std::int32_t>();

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr std::int32_t operator()(Sum sum, index, index) const noexcept {
        return sum < low ? low : sum > high ? high : sum;
    }
    void run(instruction_set isa, const std::int32_t* sums, index, index, index count,
             std::int32_t* dst) const noexcept {
        clamp_words(isa, sums, low, high, dst, count);
    }
};

/// The sum plus the zero point as a code, clamped: the last integer stage.
template <narrow_fixed Out>
struct to_codes {
    typename Out::raw_type zero_point = 0;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index) const noexcept {
        return Out::saturating_from_raw(std::int64_t{sum} + zero_point);
    }
};

/// table[code]: any function of a code, rounded already, as a look-up. The table outlives the stage.
template <short_code In, short_code Out>
struct through_table {
    const function_table<In, Out>* table = nullptr;

    [[nodiscard]] Out operator()(In code, index, index) const noexcept { return (*table)(code); }
    void run(instruction_set isa, const In* codes, index, index, index count, Out* dst) const noexcept {
        // (nothing can fail: check has seen the table)
        static_cast<void>(table->run(make_vector(codes, count), make_vector(dst, count), {isa}));
    }
    [[nodiscard]] status check(index, index) const noexcept {
        if (table == nullptr) return status::table_missing;
        return table->run(vector_view<const In>{}, vector_view<Out>{});
    }
};

}  // namespace dyad::inline v1
