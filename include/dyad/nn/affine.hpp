// SPDX-License-Identifier: Apache-2.0
// What the codes of a tensor mean: real value = scale * (code - zero_point), times the token's factor where one is left
// for run time (nn/tensor.hpp). Source: Jacob et al., arXiv 1712.05877, equation 1.
#pragma once

#include <cstdint>

#include <dyad/array/view.hpp>

namespace dyad::inline v1::nn {

struct affine {
    double scale = 1;
    std::int32_t zero_point = 0;

    constexpr affine() noexcept = default;
    /// A scale alone is a symmetric tensor's. (Implicit: most tensors are.)
    constexpr affine(double value_of_one, std::int32_t zero = 0) noexcept : scale(value_of_one), zero_point(zero) {}

    [[nodiscard]] friend constexpr bool operator==(const affine&, const affine&) noexcept = default;
};

/// Values from low to high: what calibration saw, or what an activation lets through.
struct value_interval {
    double low = 0;
    double high = 0;

    /// NaN where an end is.
    [[nodiscard]] constexpr double largest_magnitude() const noexcept {
        const double below = low < 0 ? -low : low;
        const double above = high < 0 ? -high : high;
        return below > above || below != below ? below : above;
    }
};

/// What a scaling does with scales and codes that a file prescribes (nn/preparation.hpp).
enum class prescribed : std::uint8_t { ignored, taken };

/// How many scales a matrix of weights has.
enum class weight_scales : std::uint8_t { one, by_row };

/// Weights as a file holds them: codes, and a scale for all of them or one for each row.
struct given_codes {
    matrix_view<const std::int8_t> codes;
    vector_view<const float> scales;
};

/// One column of sums as codes:
///   out = ((sum + offset) * sum_scale + bias) / out.scale + out.zero_point.
struct column_terms {
    double bias = 0;          ///< real
    double sum_scale = 1;     ///< value of one unit of the sum
    std::int64_t offset = 0;  ///< what the zero point of lhs adds: -zero point * sum of rhs's codes
};

}  // namespace dyad::inline v1::nn
