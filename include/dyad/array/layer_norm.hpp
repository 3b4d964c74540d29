// SPDX-License-Identifier: Apache-2.0
// Layer normalization of a row of any numbers, in double: y_i = (x_i - mean) / sqrt(variance + epsilon) * gamma_i +
// beta_i with the population variance. array/integer_norms.hpp and array/float_norms.hpp have the fast ones. Source:
// Ba, Kiros, Hinton, "Layer normalization", arXiv 1607.06450.
#pragma once

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

/// Float layer_norm of x = src * in_scale: sums in double in order, dst = narrow<Out>(y / out_scale).
template <number In, number Out>
status layer_norm_float(vector_view<const In> src, vector_view<const float> gamma, vector_view<const float> beta,
                        double epsilon, double in_scale, double out_scale, vector_view<Out> dst) noexcept {
    const index n = src.extent[0];
    if (dst.extent[0] != n || gamma.extent[0] != n || beta.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr || gamma.data == nullptr || beta.data == nullptr) return status::dst_null;
    // In units of in_scale, which cancels but for epsilon: so no product feeds a sum that a compiler could fuse.
    double sum = 0;
    for (index i = 0; i < n; ++i) sum += convert<double>(src(i));
    const double mean = sum / static_cast<double>(n);
    double squares = 0;
    for (index i = 0; i < n; ++i) {
        const double d = convert<double>(src(i)) - mean;
        squares = fused(d, d, squares);
    }
    const double scaled_epsilon = epsilon / (in_scale * in_scale);
    const double root = __builtin_sqrt(squares / static_cast<double>(n) + scaled_epsilon);
    for (index i = 0; i < n; ++i) {
        const double x = (convert<double>(src(i)) - mean) / root;
        const double y = fused(x, static_cast<double>(gamma(i)), static_cast<double>(beta(i)));
        dst(i) = narrow<Out>(y / out_scale);
    }
    return status::ok;
}

}  // namespace dyad::inline v1
