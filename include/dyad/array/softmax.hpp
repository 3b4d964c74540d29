// SPDX-License-Identifier: Apache-2.0
// Softmax of a row: y_i = exp(s x_i) / sum_j exp(s x_j); integer-only (Shiftmax) and float.
#pragma once

#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/shift_exp.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// Integer softmax of a row of fixed-point codes, in the structure of I-ViT's Shiftmax (Li and Gu, ICCV 2023):
/// dst = round(E_i * unit / sum E), E = shift_exp2(max - x). `m` = log2_multiplier(scale of one code of src), `unit` =
/// the code of dst that stands for 1. In codes of dst, at most 1e-3 * unit comes from the exponential and half
/// a code from the one rounding (softmax_test). Mended: the division is exact and rounds to nearest (I-ViT floors a
/// reciprocal of 31 bits and then the output), and 1 is a code of unsigned outputs. Shares below half a code still
/// round to 0, all of them in a row of more than 2 * unit equal elements: take a wider Out for long rows.
template <format In, format Out>
status shiftmax(vector_view<const In> src, multiplier m, std::uint32_t unit, vector_view<Out> dst) noexcept {
    static_assert(In::width <= 31, "dyad::shiftmax takes codes of at most 31 bits.");
    const index n = src.extent[0];
    if (dst.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr) return status::dst_null;
    std::int32_t max = src(0).raw();
    for (index i = 1; i < n; ++i) max = src(i).raw() > max ? src(i).raw() : max;
    const auto exponential = [&](index i) -> std::uint64_t {
        const auto below = static_cast<std::uint32_t>(static_cast<std::int64_t>(max) - src(i).raw());
        return shift_exp2(scaled_exponent(below, m));
    };
    // The maximum itself contributes 2^30, so the sum is never 0; 2^33 terms fit.
    std::uint64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += exponential(i);
    for (index i = 0; i < n; ++i) {
        const std::uint64_t share = (exponential(i) * unit + sum / 2) / sum;
        dst(i) = Out::saturating_from_raw(static_cast<std::int64_t>(share));
    }
    return status::ok;
}

/// Float softmax of a row: float exponentials of the differences to the maximum, summed in double in order, one
/// division each; x = src * in_scale, dst = narrow<Out>(share / out_scale). NaN makes the row NaN.
template <number In, number Out>
status softmax_float(vector_view<const In> src, double in_scale, double out_scale, vector_view<Out> dst) noexcept {
    const index n = src.extent[0];
    if (dst.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr) return status::dst_null;
    const auto value = [&](index i) { return static_cast<float>(convert<double>(src(i)) * in_scale); };
    const auto exponential = [&](index i, float max) { return static_cast<double>(exp_float(value(i) - max)); };
    float max = value(0);
    for (index i = 1; i < n; ++i) max = value(i) > max || value(i) != value(i) ? value(i) : max;
    double sum = 0;
    for (index i = 0; i < n; ++i) sum += exponential(i, max);
    for (index i = 0; i < n; ++i) {
        const double share = exponential(i, max) / sum;
        dst(i) = narrow<Out>(share / out_scale);
    }
    return status::ok;
}

}  // namespace dyad::inline v1
