// SPDX-License-Identifier: Apache-2.0
// Normalizations of a row of any numbers, in double: y_i = x'_i gamma_i + beta_i, x'_i as in array/integer_norms.hpp,
// which has the fast ones, as has array/float_norms.hpp.
#pragma once

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// Zero points of both sides, in codes.
struct norm_zero_points {
    double in = 0;
    double out = 0;
};

/// x = (src - zero.in) * in_scale: sums in double in order, dst = narrow<Out>(y / out_scale + zero.out).
template <norm_kind Kind, number In, number Out>
status norm_float(vector_view<const In> src, vector_view<const float> gamma, vector_view<const float> beta,
                  double epsilon, double in_scale, double out_scale, vector_view<Out> dst,
                  norm_zero_points zero = {}) noexcept {
    const index n = src.extent[0];
    if (dst.extent[0] != n || gamma.extent[0] != n || beta.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr || gamma.data == nullptr || beta.data == nullptr) return status::dst_null;
    // In units of in_scale, which cancels but for epsilon: so no product feeds a sum that a compiler could fuse.
    double middle = zero.in;
    if constexpr (Kind != norm_kind::rms) {
        double sum = 0;
        for (index i = 0; i < n; ++i) sum += convert<double>(src(i));
        middle = sum / static_cast<double>(n);
    }
    double deviations = 0;
    for (index i = 0; i < n; ++i) {
        const double d = convert<double>(src(i)) - middle;
        if constexpr (Kind == norm_kind::l1) deviations += d < 0 ? -d : d;
        else deviations = fused(d, d, deviations);
    }
    const double mean = deviations / static_cast<double>(n);
    double divisor = 0;
    if constexpr (Kind == norm_kind::l1) divisor = mean + epsilon / in_scale;
    else divisor = __builtin_sqrt(mean + epsilon / (in_scale * in_scale));
    for (index i = 0; i < n; ++i) {
        const double x = (convert<double>(src(i)) - middle) / divisor;
        const double y = fused(x, static_cast<double>(gamma(i)), static_cast<double>(beta(i))) / out_scale;
        dst(i) = narrow<Out>(zero.out == 0 ? y : y + zero.out);
    }
    return status::ok;
}

/// Layer norm: Ba, Kiros, Hinton, "Layer normalization", arXiv 1607.06450.
template <number In, number Out>
status layer_norm_float(vector_view<const In> src, vector_view<const float> gamma, vector_view<const float> beta,
                        double epsilon, double in_scale, double out_scale, vector_view<Out> dst) noexcept {
    return norm_float<norm_kind::layer>(src, gamma, beta, epsilon, in_scale, out_scale, dst);
}

}  // namespace dyad::inline v1
