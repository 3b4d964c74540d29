// SPDX-License-Identifier: Apache-2.0
// Rows of I-BERT: i-softmax, i-GELU and i-LayerNorm with the bits of the published code or by the paper's constants,
// and mended.
// Source: Kim et al., ICML 2021, and its code; math/ibert.hpp says how they differ and what they lose.
//
// Float32 sums of more than 24 digits depend on the order in which a machine adds: here the sum of a row is exact and
// rounded once. Codes of src are at most 16 bits wide; what dst cannot hold saturates.
#pragma once

#include <cstdint>

#include <dyad/array/published_rows.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/math/ibert.hpp>

namespace dyad::inline v1::ibert {

/// i-softmax: dst in units of 2^-bits, 0 .. 2^bits: 8 bits need a type of 9 or more, or 255 stands for 1.
template <published::narrow_codes In, class Out>
status softmax(vector_view<const In> src, const softmax_parameters& p, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (!p.usable()) return status::parameters_not_usable;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    if (n > (index{1} << 24)) return status::k_exceeds_accumulator;
    const std::int32_t max = published::largest_code(src);
    if (p.exp.set == constants::paper) {
        // Each exponential is below 2^35, so 2^24 of them and 24 more digits stay within 2^83.
        int128_t sum = 0;
        for (index i = 0; i < n; ++i) sum += i_exp_paper(src(i).raw() - max, p.exp);
        for (index i = 0; i < n; ++i) {
            const int128_t e = i_exp_paper(src(i).raw() - max, p.exp);
            dst(i) = Out::saturating_from_raw(static_cast<std::int64_t>((e << p.bits) / sum));
        }
        return status::ok;
    }
    const auto exponential = [&](index i) { return quantized_exp(i_exp_code(src(i).raw() - max, p.exp), p); };
    // 0, or at least almost 1: the last digit is worth 2^-24 or more.
    int128_t sum = 0;
    for (index i = 0; i < n; ++i) sum += exponential(i).scaled(24).floor();
    const std::int64_t factor = factor_code(carried32::round(sum, -24));
    for (index i = 0; i < n; ++i) dst(i) = Out::saturating_from_raw(share_code(exponential(i), factor, p.bits));
    return status::ok;
}

/// i-GELU: dst in units of p.out_scale, which is negative, as published.
template <published::narrow_codes In, class Out>
status gelu(vector_view<const In> src, const gelu_parameters& p, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (!p.usable()) return status::parameters_not_usable;
    for (index i = 0; i < src.extent[0]; ++i) dst(i) = Out::saturating_from_raw(i_gelu(src(i).raw(), p));
    return status::ok;
}

/// i-LayerNorm: dst = y 2^30 / sqrt(V) + bias in units of sqrt(C) / 2^30 * weight; bias = layer_norm_bias of each
/// channel, shift = the code's against V >= 2^32 (0 to 16). At most 2^24 channels.
template <published::narrow_codes In, class Out>
status layer_norm(vector_view<const In> src, constants set, int shift, vector_view<const std::int64_t> bias,
                  vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (const status s = published::check_parameters(bias, dst); s != status::ok) return s;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    if (n > (index{1} << 24)) return status::k_exceeds_accumulator;
    if (shift < 0 || shift > 16) return status::parameters_not_usable;
    std::int64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += src(i).raw();
    const std::int64_t centre = mean(set, sum, n);
    std::uint64_t squares = 0;
    for (index i = 0; i < n; ++i) squares += static_cast<std::uint64_t>(squared(set, src(i).raw() - centre, shift));
    const std::int64_t factor = layer_norm_factor(set, squares, shift);
    for (index i = 0; i < n; ++i) {
        dst(i) = Out::saturating_from_raw(normalized(set, src(i).raw() - centre, factor, bias(i)));
    }
    return status::ok;
}

/// Mended i-softmax: exponentials of the polynomial at a scale of its own, the exact quotient rounded to nearest;
/// m = log2_multiplier(S), `unit` = the code that stands for 1.
template <published::narrow_codes In, class Out>
status softmax_mended(vector_view<const In> src, constants set, multiplier m, std::uint32_t unit,
                      vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    const std::int32_t max = published::largest_code(src);
    const auto exponential = [&](index i) -> std::uint64_t { return i_exp_mended(set, src(i).raw() - max, m); };
    std::uint64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += exponential(i);
    for (index i = 0; i < n; ++i) {
        dst(i) = Out::saturating_from_raw(static_cast<std::int64_t>((exponential(i) * unit + sum / 2) / sum));
    }
    return status::ok;
}
/// Mended i-GELU: dst in units of src's scale * 2^-fraction, rounded half up; m = erf_multiplier(S), fraction <= 31.
template <published::narrow_codes In, class Out>
status gelu_mended(vector_view<const In> src, multiplier m, int fraction, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (fraction < 0 || fraction > 31) return status::parameters_not_usable;
    for (index i = 0; i < src.extent[0]; ++i) {
        const std::int64_t y = i_gelu_mended(src(i).raw(), m);
        dst(i) = Out::saturating_from_raw(round_shift_right(y, 31 - fraction, rounding::nearest_up));
    }
    return status::ok;
}

}  // namespace dyad::inline v1::ibert
