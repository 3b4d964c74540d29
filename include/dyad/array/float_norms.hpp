// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of floats: y_i = x'_i gamma_i + beta_i with
//   layer_norm  x' = (x - mean) / sqrt(mean (x - mean)^2 + epsilon)     Ba, Kiros, Hinton, arXiv 1607.06450
//   rms_norm    x' = x / sqrt(mean x^2 + epsilon)                       Zhang and Sennrich, arXiv 1910.07467
//   l1_norm     x' = (x - mean) / (mean |x - mean| + epsilon)           arXiv 2411.10948
// The order of sums is part of the definition (kernels/scalar/float_norm.hpp): the same bits from every instruction
// set, compiler and floating-point environment.
//
// Error, with u = 2^-53, n elements and k = mean |x| / (the divisor). The sums are in double: those of 32 lanes err by
// n / 32 + 5 roundings, so the mean by (n / 32 + 6) u mean |x|; it enters x' by k times that, and the divisor only
// squared (L1: by k). The rest is in float: the factor and the sum of its product are each rounded once, x - high(mean)
// only where it is far larger than the mean's rest, so x' by 3 * 2^-24 of itself; and y once:
//   |y - exact| <= ulp(y) / 2 + |gamma| (|x'| 3.01 * 2^-24 + (n / 32 + 12) (1 + |x'|) max(k, 1) u + 2^-149) + |y| u
// (float_norms_test: at most 0.77 of what stands behind the half). Rows whose divisor is beyond 2^-60 .. 2^60 stay in
// double to the end.
#pragma once

#include <cstdint>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/norm_parameters.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/float_norm.hpp>

namespace dyad::inline v1 {

namespace float_norm_rules {

/// A parameter of every channel, or `all` for each where there are no elements.
[[nodiscard]] inline norm_elements<const float> parameter_or(vector_view<const float> v, const float& all) noexcept {
    if (v.extent[0] == 0) return {&all, 0};
    return {v.data, v.extent[0] == 1 ? index{1} : v.stride[0]};
}

inline status check_parameter(vector_view<const float> v, index n) noexcept {
    if (v.extent[0] == 0) return status::ok;
    if (v.extent[0] != n) return status::extents_differ;
    if (v.data == nullptr) return status::parameter_missing;
    for (index i = 0; i < n; ++i) {
        if (!is_finite(v(i))) return status::parameter_not_finite;
    }
    return status::ok;
}

inline status check(matrix_view<const float> src, vector_view<const float> gamma, vector_view<const float> beta,
                    double epsilon, matrix_view<float> dst) noexcept {
    if (const status s = check_map(src, dst); s != status::ok) return s;
    for (const auto& v : {gamma, beta}) {
        if (const status s = check_parameter(v, src.extent[1]); s != status::ok) return s;
    }
    if (!is_finite(epsilon)) return status::parameter_not_finite;
    if (epsilon < 0) return status::parameter_out_of_range;
    if (src.is_empty()) return status::ok;
    const byte_range to = memory_of(dst);
    if (overlap(to, memory_of(gamma)) || overlap(to, memory_of(beta))) return status::workspace_overlaps_operand;
    return status::ok;
}

template <norm_kind Kind>
status run(matrix_view<const float> src, vector_view<const float> gamma, vector_view<const float> beta, double epsilon,
           matrix_view<float> dst, row_options options) noexcept {
    if (const status s = check(src, gamma, beta, epsilon, dst); s != status::ok || src.is_empty()) return s;
    static constexpr float one = 1;
    static constexpr float zero = 0;
    const instruction_set best = best_instruction_set();
    const instruction_set isa = options.cap < best ? options.cap : best;
    const default_float_environment environment;
    normalize_floats<Kind>(isa, {src.data, src.stride[0], src.stride[1]}, src.extent[0], src.extent[1],
                           parameter_or(gamma, one), parameter_or(beta, zero), epsilon,
                           {dst.data, dst.stride[0], dst.stride[1]});
    return status::ok;
}

}  // namespace float_norm_rules

/// Every row on its own; the columns are the channels. gamma and beta without elements are 1 and 0. epsilon >= 0. A row
/// in which all x' are 0 / 0 (equal elements and epsilon 0) becomes beta, one with NaN or infinity becomes NaN. dst may
/// be src itself.
inline status layer_norm(matrix_view<const float> src, vector_view<const float> gamma, vector_view<const float> beta,
                         double epsilon, matrix_view<float> dst, row_options options = {}) noexcept {
    return float_norm_rules::run<norm_kind::layer>(src, gamma, beta, epsilon, dst, options);
}
inline status rms_norm(matrix_view<const float> src, vector_view<const float> gamma, vector_view<const float> beta,
                       double epsilon, matrix_view<float> dst, row_options options = {}) noexcept {
    return float_norm_rules::run<norm_kind::rms>(src, gamma, beta, epsilon, dst, options);
}
inline status l1_norm(matrix_view<const float> src, vector_view<const float> gamma, vector_view<const float> beta,
                      double epsilon, matrix_view<float> dst, row_options options = {}) noexcept {
    return float_norm_rules::run<norm_kind::l1>(src, gamma, beta, epsilon, dst, options);
}

}  // namespace dyad::inline v1
