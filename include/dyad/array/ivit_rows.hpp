// SPDX-License-Identifier: Apache-2.0
// Rows of I-ViT: Shiftmax, ShiftGELU and I-LayerNorm with the bits of the published PyTorch or TVM code, and mended.
// Source: Li and Gu, ICCV 2023, and its two codes; math/ivit.hpp says how they differ and what they lose.
//
// Float32 sums of more than 24 digits depend on the order in which a machine adds (vector width, threads): here the sum
// of a row is exact and rounded once, which is what every order gives while partial sums stay within 2^24.
// Codes of src are at most 16 bits wide; what dst cannot hold saturates.
#pragma once

#include <cstdint>

#include <dyad/array/published_rows.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/ivit.hpp>

namespace dyad::inline v1::ivit {

/// Shiftmax: dst in units of 2^-(bits-1), 0 .. 2^(bits-1), so that 8 bits need a uinteger<8> or wider (pytorch); in
/// units of 2^-7 (tvm), where sums beyond 2^31 wrap and codes may be negative. The row's codes add up to less than 1.
template <published::narrow_codes In, class Out>
status softmax(vector_view<const In> src, const softmax_parameters& p, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (!p.usable()) return status::parameters_not_usable;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    const std::int32_t max = published::largest_code(src);
    if (p.mode == arithmetic::tvm) {
        std::int32_t sum = 0;
        for (index i = 0; i < n; ++i) sum = wrapped(std::int64_t{sum} + shift_exp_tvm(src(i).raw() - max, p.exp));
        const std::int32_t factor = truncated_quotient(0x7fff'ffff, sum);
        for (index i = 0; i < n; ++i) {
            const auto code = static_cast<std::int8_t>(share_tvm(shift_exp_tvm(src(i).raw() - max, p.exp), factor));
            dst(i) = Out::saturating_from_raw(code);
        }
        return status::ok;
    }
    // Each exponential is an integer below 2^35.
    int128_t sum = 0;
    for (index i = 0; i < n; ++i) sum += shift_exp_pytorch(src(i).raw() - max, p.exp).floor();
    const std::int64_t factor = factor_pytorch(carried32::round(sum, 0));
    for (index i = 0; i < n; ++i) {
        const carried32 e = shift_exp_pytorch(src(i).raw() - max, p.exp);
        dst(i) = Out::saturating_from_raw(share_pytorch(e, factor, p.bits));
    }
    return status::ok;
}

/// ShiftGELU of a token: dst in units of src's scale / 2^(bits-1). The row's maximum enters, so rows are not
/// elementwise: the same code gives other results in another row.
template <published::narrow_codes In, class Out>
status gelu(vector_view<const In> src, const gelu_parameters& p, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (!p.usable()) return status::parameters_not_usable;
    if (src.extent[0] == 0) return status::ok;
    const std::int32_t max = published::largest_code(src);
    if (p.mode == arithmetic::tvm) {
        const std::int32_t at_zero = shift_exp_tvm(-max, p.exp);
        for (index i = 0; i < src.extent[0]; ++i) {
            dst(i) = Out::saturating_from_raw(gelu_tvm(src(i).raw(), max, at_zero, p));
        }
        return status::ok;
    }
    const carried32 at_zero = shift_exp_pytorch(-max, p.exp);
    for (index i = 0; i < src.extent[0]; ++i) {
        dst(i) = Out::saturating_from_raw(gelu_pytorch(src(i).raw(), max, at_zero, p));
    }
    return status::ok;
}

/// I-LayerNorm: dst = y 2^30 / sqrt(V) + bias in units of sqrt(C) / 2^30 * weight; bias = layer_norm_bias of each
/// channel. At most 2^24 channels.
template <published::narrow_codes In, class Out>
status layer_norm(vector_view<const In> src, arithmetic mode, vector_view<const std::int64_t> bias,
                  vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (const status s = published::check_parameters(bias, dst); s != status::ok) return s;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    if (n > (index{1} << 24)) return status::k_exceeds_accumulator;
    std::int64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += src(i).raw();
    const std::int64_t centre = mean(mode, sum, n);
    const bool torch = mode == arithmetic::pytorch;
    std::uint64_t squares = 0;
    for (index i = 0; i < n; ++i) {
        const std::int64_t y = src(i).raw() - centre;
        squares += static_cast<std::uint64_t>(torch ? carried32::from(y * y).floor() : wrapped(y * y));
    }
    const std::int64_t root = torch ? newton_sqrt_pytorch(carried32::from(static_cast<std::int64_t>(squares)))
                                    : newton_sqrt_tvm(static_cast<std::uint32_t>(squares));
    const std::int64_t factor = layer_norm_factor(mode, root);
    for (index i = 0; i < n; ++i) {
        dst(i) = Out::saturating_from_raw(normalized(mode, src(i).raw() - centre, factor, bias(i)));
    }
    return status::ok;
}

/// Mended softmax: the exact quotient rounded to nearest, `unit` = the code that stands for 1, m = log2_multiplier(S).
template <published::narrow_codes In, class Out>
status softmax_mended(vector_view<const In> src, multiplier m, std::uint32_t unit, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    return shiftmax(src, m, unit, dst);
}
/// Mended GELU: dst in units of src's scale * 2^-fraction, rounded half up, m = log2_multiplier(1.702 S); elementwise.
template <published::narrow_codes In, class Out>
status gelu_mended(vector_view<const In> src, multiplier m, int fraction, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (fraction < 0 || fraction > exp_fraction) return status::parameters_not_usable;
    for (index i = 0; i < src.extent[0]; ++i) {
        const std::int64_t y = shift_gelu_mended(src(i).raw(), m);
        dst(i) = Out::saturating_from_raw(round_shift_right(y, exp_fraction - fraction, rounding::nearest_up));
    }
    return status::ok;
}
/// Mended layer norm in the published units: the exact mean, the root to 31 digits, one rounding.
template <published::narrow_codes In, class Out>
status layer_norm_mended(vector_view<const In> src, vector_view<const std::int64_t> bias,
                         vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (const status s = published::check_parameters(bias, dst); s != status::ok) return s;
    const index n = src.extent[0];
    if (n > (index{1} << 24)) return status::k_exceeds_accumulator;
    std::int64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += src(i).raw();
    const auto deviation = [&](index i) { return static_cast<std::int64_t>(n) * src(i).raw() - sum; };
    uint128_t squares = 0;
    for (index i = 0; i < n; ++i) squares += static_cast<uint128_t>(magnitude(deviation(i))) * magnitude(deviation(i));
    for (index i = 0; i < n; ++i) {
        dst(i) = Out::saturating_from_raw(normalized_mended(deviation(i), squares, bias(i)));
    }
    return status::ok;
}

}  // namespace dyad::inline v1::ivit
