// SPDX-License-Identifier: Apache-2.0
// Requantization by one float product a sum: the codes of oneDNN, XNNPACK and FBGEMM on x86.
//   out = clamp(round_nearest_even(float(sum + bias[j]) * factors[j]) + zero point)
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_requantize.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// The sum with its bias is taken modulo 2^32, rounded to a float (nearest even), multiplied by the column's factor in
/// float, rounded to the nearest integer (ties to even) and moved by the zero point; then clamped. NaN, of a factor
/// that is NaN or of 0 times infinity, becomes the lowest code. Without the zero point this is oneDNN's s8 and u8
/// output with common or per-column scales. bias may be null: none. Strides are free; 0 stands for one number for all
/// columns.
template <narrow_fixed Out>
struct scale_columns_float {
    vector_view<const float> factors;
    vector_view<const std::int32_t> bias = {};
    typename Out::raw_type zero_point = 0;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index column) const noexcept {
        const std::int32_t b = bias.data == nullptr ? 0 : bias(column);
        const std::int32_t raw = scalar::float_requantized<std::int32_t{Out::min_raw}, std::int32_t{Out::max_raw}>(
            sum, b, factors(column), zero_point);
        return Out::from_raw(static_cast<typename Out::raw_type>(raw));
    }

    /// A row, and a tile, of sums: the same codes.
    void run(instruction_set isa, const std::int32_t* sums, index row, index column, index count,
             Out* dst) const noexcept {
        run(isa, sum_tile<std::int32_t, Out>{sums, count, 1, count, dst, count}, row, column);
    }
    void run(instruction_set isa, const sum_tile<std::int32_t, Out>& tile, index, index column) const noexcept {
        const float_factors_of c{shifted(factors.data, column * factors.stride[0]), factors.stride[0],
                                 shifted(bias.data, column * bias.stride[0]), bias.stride[0], zero_point};
        float_requantize_tile<typename Out::raw_type, std::int32_t{Out::min_raw}, std::int32_t{Out::max_raw}>(
            isa, raw_tile(tile), c);
    }

    /// Are there numbers for n columns?
    [[nodiscard]] status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (factors.data == nullptr) return status::scales_null;
        if (bias.data == nullptr && bias.extent[0] != 0) return status::bias_null;
        const bool biased = bias.data != nullptr;
        return serves(factors, n) && (!biased || serves(bias, n)) ? status::ok : status::extents_differ;
    }
};

}  // namespace dyad::inline v1
