// SPDX-License-Identifier: Apache-2.0
// Batch normalization folded into the layer before it, offline: with root = sqrt(variance + epsilon) of channel j,
//   gain * (w x + b - mean) / root + offset = (w * factor) x + ((b - mean) * factor + offset),  factor = gain / root.
// Source: Ioffe and Szegedy, arXiv 1502.03167; Jacob et al., arXiv 1712.05877, section 3.2.
#pragma once

#include <concepts>
#include <limits>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// What one channel's weights and bias are multiplied by and moved by. In any field of numbers: the identity above is
/// exact; in double each line rounds twice.
template <class Real>
struct folded_channel {
    Real factor;
    Real mean;
    Real offset;

    /// root: of variance + epsilon.
    [[nodiscard]] static constexpr folded_channel make(const Real& gain, const Real& offset, const Real& mean,
                                                       const Real& root) {
        return {gain / root, mean, offset};
    }
    [[nodiscard]] constexpr Real weight(const Real& w) const { return w * factor; }
    [[nodiscard]] constexpr Real bias(const Real& b) const {
        if constexpr (std::same_as<Real, double>) return fused(b - mean, factor, offset);
        else return (b - mean) * factor + offset;
    }
};

/// Statistics and parameters of the channels. Null gains are 1, null offsets 0.
struct batch_norm {
    vector_view<const float> gain;
    vector_view<const float> offset;
    vector_view<const float> mean;
    vector_view<const float> variance;
    double epsilon = 1e-5;
};

/// The correctly rounded square root of a positive finite number.
[[nodiscard]] constexpr double root_of(double x) noexcept {
    return pack_as<double>(square_root(unpack(x)), rounding::nearest_even, saturation::none);
}

namespace batch_norm_rules {

[[nodiscard]] inline bool is_number(double x) noexcept {
    return x >= -static_cast<double>(std::numeric_limits<float>::max()) &&
           x <= static_cast<double>(std::numeric_limits<float>::max());
}
[[nodiscard]] inline layer_status fault(operand_kind operand, status s) noexcept {
    return in_layer(layer_kind::batch_norm, operand, s);
}
/// `absent` where there are none.
[[nodiscard]] inline double value_at(vector_view<const float> v, index j, double absent) noexcept {
    return v.data == nullptr ? absent : static_cast<double>(v(j));
}
[[nodiscard]] inline folded_channel<double> channel(const batch_norm& n, index j) noexcept {
    const double root = root_of(static_cast<double>(n.variance(j)) + n.epsilon);
    return folded_channel<double>::make(value_at(n.gain, j, 1), value_at(n.offset, j, 0),
                                        static_cast<double>(n.mean(j)), root);
}
/// One vector of `count` numbers; null where it may be.
enum class presence : unsigned char { required, optional };
[[nodiscard]] inline layer_status check(vector_view<const float> v, index count, operand_kind operand,
                                        presence p) noexcept {
    if (v.data == nullptr && (p == presence::optional || count == 0)) return status::ok;
    if (v.data == nullptr) return fault(operand, status::parameter_missing);
    if (v.extent[0] != count) return fault(operand, status::parameter_shape_differs);
    for (index j = 0; j < count; ++j) {
        if (!is_number(static_cast<double>(v(j)))) return fault(operand, status::parameter_not_finite);
    }
    return status::ok;
}
[[nodiscard]] inline layer_status check(const batch_norm& n, index count) noexcept {
    using enum operand_kind;
    if (const auto s = check(n.gain, count, gain, presence::optional); s != status::ok) return s;
    if (const auto s = check(n.offset, count, offset, presence::optional); s != status::ok) return s;
    if (const auto s = check(n.mean, count, state, presence::required); s != status::ok) return s;
    if (const auto s = check(n.variance, count, state, presence::required); s != status::ok) return s;
    if (!is_number(n.epsilon) || n.epsilon < 0) return fault(state, status::variance_not_positive);
    for (index j = 0; j < count; ++j) {
        const auto v = static_cast<double>(n.variance(j));
        if (v < 0 || !(v + n.epsilon > 0)) return fault(state, status::variance_not_positive);
    }
    return status::ok;
}
/// Is dst src itself, or memory of its own?
template <int Rank>
[[nodiscard]] bool is_apart(view<const float, Rank> src, view<float, Rank> dst) noexcept {
    return !overlap(memory_of(src), memory_of(dst)) || (src.data == dst.data && src.stride == dst.stride);
}

}  // namespace batch_norm_rules

/// folded_bias = (bias - mean) * factor + offset, one for each of weights' rows. `bias` may be null: zeros.
[[nodiscard]] inline layer_status fold_batch_norm(const batch_norm& norm, vector_view<const float> bias,
                                                  vector_view<float> folded_bias) noexcept {
    using namespace batch_norm_rules;
    const index channels = folded_bias.extent[0];
    if (channels < 0) return fault(operand_kind::geometry, status::negative_extent);
    if (const auto s = check(norm, channels); s != status::ok) return s;
    if (const auto s = check(bias, channels, operand_kind::bias, presence::optional); s != status::ok) return s;
    if (folded_bias.data == nullptr && channels != 0) return fault(operand_kind::output, status::dst_null);
    if (bias.data != nullptr && !is_apart(bias, folded_bias))
        return fault(operand_kind::output, status::dst_overlaps_src);
    const auto folded = [&](index j) { return channel(norm, j).bias(value_at(bias, j, 0)); };
    for (index j = 0; j < channels; ++j) {
        if (!is_number(folded(j))) return fault(operand_kind::bias, status::parameter_not_finite);
    }
    for (index j = 0; j < channels; ++j) folded_bias(j) = static_cast<float>(folded(j));
    return status::ok;
}

/// folded = weights * factor of their row, in double and rounded once more to float. Rows are output channels: the
/// weights of a depthwise convolution, channels last, come transposed. `folded` may be `weights`. Nothing is written
/// where a parameter is missing or not finite, a variance plus epsilon is not positive, or a result is not a float:
/// status::variance_not_positive, parameter_not_finite.
[[nodiscard]] inline layer_status fold_batch_norm(const batch_norm& norm, matrix_view<const float> weights,
                                                  matrix_view<float> folded) noexcept {
    using namespace batch_norm_rules;
    const auto [channels, inputs] = weights.extent;
    if (channels < 0 || inputs < 0) return fault(operand_kind::geometry, status::negative_extent);
    if (const auto s = check(norm, channels); s != status::ok) return s;
    if (folded.extent != weights.extent) return fault(operand_kind::output, status::extents_differ);
    if (weights.data == nullptr && !weights.is_empty()) return fault(operand_kind::weight, status::parameter_missing);
    if (folded.data == nullptr && !folded.is_empty()) return fault(operand_kind::output, status::dst_null);
    if (overlaps_itself(folded)) return fault(operand_kind::output, status::dst_overlaps_itself);
    if (!is_apart(weights, folded)) return fault(operand_kind::output, status::dst_overlaps_src);
    for (index i = 0; i < channels; ++i) {
        const auto line = channel(norm, i);
        for (index j = 0; j < inputs; ++j) {
            const auto w = static_cast<double>(weights(i, j));
            if (!is_number(w) || !is_number(line.weight(w)))
                return fault(operand_kind::weight, status::parameter_not_finite);
        }
    }
    for (index i = 0; i < channels; ++i) {
        const auto line = channel(norm, i);
        for (index j = 0; j < inputs; ++j)
            folded(i, j) = static_cast<float>(line.weight(static_cast<double>(weights(i, j))));
    }
    return status::ok;
}

}  // namespace dyad::inline v1::nn
