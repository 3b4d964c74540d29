// SPDX-License-Identifier: Apache-2.0
// Requantization as HAWQ-V3, I-BERT and I-ViT publish it: a ratio of scales is b / 2^c with a b of 31 bits, and
// z -> round(z b / 2^c) in float64, ties to even. A sum of two branches rounds each on its own.
// Source: Yao et al., "HAWQ-V3: dyadic neural network quantization", ICML 2021; batch_frexp and fixedpoint_mul of its
// code, which those of I-BERT (ICML 2021) and I-ViT (ICCV 2023) repeat.
//
// Kept, and wrong in two places:
//   b = round(m 2^31), half up, of m < 1 may be 2^31, which no int32 holds: ratios within 2^-32 below a power of
//   2, which two float32 scales do not have (they are 2^-24 apart at least), but products of scales in float64 do;
//   z b has up to 62 bits and float64 has 53: beyond |z| = 2^22 the product is rounded before it is rounded.
#pragma once

#include <cstdint>

#include <dyad/core/saturation.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1::hawq {

/// b / 2^c, 2^30 <= b <= 2^31; b = 0 stands for no ratio (a scale that is not positive and finite).
struct ratio {
    std::int64_t b = 0;
    std::int32_t c = 0;
    [[nodiscard]] DYAD_HD friend constexpr bool operator==(ratio, ratio) noexcept = default;

    /// Offline. in_scale / out_scale is rounded to 53 digits, then to 31, half up.
    [[nodiscard]] DYAD_HD static constexpr ratio from(carried64 in_scale, carried64 out_scale) noexcept {
        if (in_scale.significand <= 0 || out_scale.significand <= 0) return {};
        const carried64 r = in_scale / out_scale;
        constexpr int cut = 53 - 31;
        return {(r.significand + (std::int64_t{1} << (cut - 1))) >> cut, -(r.exponent + cut)};
    }
    [[nodiscard]] DYAD_HD static constexpr ratio from(float in_scale, float out_scale) noexcept {
        if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return {};
        return from(carried64::from_float(in_scale), carried64::from_float(out_scale));
    }
    /// b as an int32 holds it: the mended form, for requantize(x, m, requantization::nearest_even).
    [[nodiscard]] DYAD_HD constexpr multiplier mended() const noexcept {
        const bool carry = b == (std::int64_t{1} << 31);
        return {static_cast<std::int32_t>(carry ? b >> 1 : b), carry ? 1 - c : -c};
    }
};

/// round(z b / 2^c), not clamped. z in a float32: |z| beyond 2^24 is rounded to 24 digits first.
[[nodiscard]] DYAD_HD constexpr std::int64_t fixedpoint_mul(std::int64_t z, ratio r) noexcept {
    return (widened(carried32::from(z)) * carried64::from(r.b)).scaled(-r.c).nearest();
}

/// The codes of `bits` bits: [-2^(bits-1), 2^(bits-1) - 1]. 2 <= bits <= 24.
[[nodiscard]] DYAD_HD constexpr std::int32_t clamped(std::int64_t x, int bits) noexcept {
    DYAD_ASSERT(bits >= 2 && bits <= 24);
    const std::int64_t n = (std::int64_t{1} << (bits - 1)) - 1;
    return static_cast<std::int32_t>(x < -n - 1 ? -n - 1 : x > n ? n : x);
}
[[nodiscard]] DYAD_HD constexpr std::int32_t fixedpoint_mul(std::int64_t z, ratio r, int bits) noexcept {
    return clamped(fixedpoint_mul(z, r), bits);
}
/// A residual: both branches rounded, added, clamped once.
[[nodiscard]] DYAD_HD constexpr std::int32_t fixedpoint_mul(std::int64_t z, ratio r, std::int64_t identity,
                                                            ratio identity_r, int bits) noexcept {
    return clamped(saturating_add(fixedpoint_mul(z, r), fixedpoint_mul(identity, identity_r)), bits);
}

/// Mended: the exact product, rounded once to nearest even, with a multiplier of 31 bits always.
[[nodiscard]] DYAD_HD constexpr std::int32_t fixedpoint_mul_mended(std::int32_t z, ratio r, int bits) noexcept {
    return clamped(requantize(z, r.mended(), requantization::nearest_even), bits);
}

/// Offline: floor(bias / weight / (sqrt(C) / 2^30)) in float32, as the codes of I-BERT and I-ViT use it; saturates.
/// Weight 0 breaks the published form (infinity or NaN): 0 here, as for anything that is not finite.
[[nodiscard]] DYAD_HD constexpr std::int64_t layer_norm_bias(float bias, float weight, std::int32_t channels) noexcept {
    if (!is_finite(bias) || !is_finite(weight) || channels <= 0) return 0;
    const carried32 divisor = carried32::from_float(weight);
    if (divisor.significand == 0) return 0;
    const carried32 scale = square_root(carried32::from(channels)).scaled(-30);
    return (carried32::from_float(bias) / divisor / scale).floor();
}

/// The scale of what such a layer norm gives: sqrt(C) / 2^30 * weight, a float32; negative where the weight is.
[[nodiscard]] DYAD_HD constexpr double layer_norm_scale(float weight, std::int32_t channels) noexcept {
    if (!is_finite(weight) || channels <= 0) return 0;
    return to_double(square_root(carried32::from(channels)).scaled(-30) * carried32::from_float(weight));
}

}  // namespace dyad::inline v1::hawq
