// SPDX-License-Identifier: Apache-2.0
// Integer-only requantization of 32-bit sums by columns: out = clamp(round((sum + bias[j]) b[j] 2^e[j]) + zero).
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/format.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/requantize.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// Integer-only: (sum + bias[column]) * multipliers[column], rounded as named and clamped to 32 bits, plus the zero
/// point of dst, clamped to low ... high: Out's codes, or fewer of them for a fused activation (ReLU: from the zero
/// point on). Columns of dst are rows of the weights. bias is in the sum's units; a sum with its bias should fit 32
/// bits (the plan's bound says so), else it is taken modulo 2^32. Strides are free; 0 stands for one number for all
/// columns.
template <format Out>
struct requantize_columns {
    vector_view<const std::int32_t> bias;
    vector_view<const multiplier> multipliers;
    requantization mode = requantization::single_half_up;
    std::int32_t zero_point = 0;
    std::int32_t low = saturating_cast<std::int32_t>(Out::min_raw);
    std::int32_t high = saturating_cast<std::int32_t>(Out::max_raw);

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index column) const noexcept {
        const auto biased =
            static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(bias(column)));
        const code_range range = code_range::from(zero_point, low, high);
        return Out::saturating_from_raw(range(requantize(biased, multipliers(column), mode)));
    }

    /// A row, and a tile, of sums: the same codes.
    void run(instruction_set isa, const std::int32_t* sums, index row, index column, index count,
             Out* dst) const noexcept {
        run(isa, sum_tile<std::int32_t, Out>{sums, count, 1, count, dst, count}, row, column);
    }
    void run(instruction_set isa, const sum_tile<std::int32_t, Out>& tile, index row, index column) const noexcept {
        if (zero_point != 0 || low != Out::min_raw || high != Out::max_raw) return run_each(*this, tile, row, column);
        if constexpr (narrow_fixed<Out>) {
            const requantize_columns_of c{shifted(bias.data, column * bias.stride[0]),
                                          bias.stride[0],
                                          shifted(multipliers.data, column * multipliers.stride[0]),
                                          multipliers.stride[0],
                                          mode,
                                          code_range::from(zero_point, low, high)};
            requantize_tile(isa, raw_tile(tile), c);
        } else {
            static_cast<void>(isa);
            run_each(*this, tile, row, column);
        }
    }

    /// Are there numbers for n columns, and are the bounds codes of Out in order?
    [[nodiscard]] status check(index m, index n) const noexcept {
        const bool in_order = low <= high && saturating_cast<std::int32_t>(Out::min_raw) <= low &&
                              high <= saturating_cast<std::int32_t>(Out::max_raw);
        if (!in_order) return status::parameter_out_of_range;
        if (m == 0 || n == 0) return status::ok;
        if (bias.data == nullptr) return status::bias_null;
        if (multipliers.data == nullptr) return status::scales_null;
        return serves(bias, n) && serves(multipliers, n) ? status::ok : status::extents_differ;
    }
};

}  // namespace dyad::inline v1
