// SPDX-License-Identifier: Apache-2.0
// Epilogues: what becomes of an accumulator. Any callable out = e(sum, row, column) is one; these are the usual ones.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// The sum itself, for tests and for callers who do the rest.
struct keep_sum {
    template <class Sum>
    [[nodiscard]] constexpr Sum operator()(Sum sum, index, index) const noexcept {
        return sum;
    }
};

/// Integer-only: (sum + bias[column]) * multipliers[column], rounded as named, clamped to Out. Columns of dst are rows
/// of the weights. bias is in the sum's units; a sum with its bias must fit the sum's type (the plan's bound says so).
template <format Out>
struct requantize_columns {
    vector_view<const std::int32_t> bias;
    vector_view<const multiplier> multipliers;
    requantization mode = requantization::single_half_up;

    template <std::same_as<std::int32_t> Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index column) const noexcept {
        return Out::saturating_from_raw(requantize(sum + bias(column), multipliers(column), mode));
    }
};

/// Real scales: narrow<Out>(sum * factor * factors[column] + offsets[column]), in double with one fma. `factor` is what
/// is known at run time only: a dynamic scale.
template <number Out>
struct scale_columns {
    vector_view<const float> factors;
    vector_view<const float> offsets;
    double factor = 1;

    template <class Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index column) const noexcept {
        const double scale = static_cast<double>(factors(column)) * factor;
        const double y = fused(static_cast<double>(sum), scale, static_cast<double>(offsets(column)));
        return narrow<Out>(y);
    }
};

}  // namespace dyad::inline v1
