// SPDX-License-Identifier: Apache-2.0
// Activations that only clamp, and so cost nothing where a layer's sums become codes. Names: TensorFlow Lite's schema.
#pragma once

#include <cstdint>
#include <limits>

#include <dyad/nn/affine.hpp>

namespace dyad::inline v1::nn {

enum class fused_activation : std::uint8_t { none, relu, relu6, relu_n1_to_1 };

/// The real values that it lets through.
[[nodiscard]] constexpr value_interval bounds(fused_activation f) noexcept {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    switch (f) {
        case fused_activation::none: return {-infinity, infinity};
        case fused_activation::relu: return {0, infinity};
        case fused_activation::relu6: return {0, 6};
        case fused_activation::relu_n1_to_1: return {-1, 1};
    }
    return {-infinity, infinity};
}

}  // namespace dyad::inline v1::nn
