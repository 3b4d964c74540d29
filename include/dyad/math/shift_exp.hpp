// SPDX-License-Identifier: Apache-2.0
// Integer exponential and sigmoid by shifts, in the manner of I-ViT, mended: 2^-t = 2^-q * 2^-f with t = q + f.
// Source: Li and Gu, "I-ViT: integer-only quantization for efficient vision transformer inference", ICCV 2023.
//
// What I-ViT's ShiftExp loses, and what is done here instead:
//   log2 e is 1 + 1/2 - 1/16, and 1/S is cut to an integer -> one 31-bit multiplier S log2 e (log2_multiplier);
//   2^-f is 1 - f/2, up to 6.1 % high                       -> 1 - f/2 - (11/64) f (1 - f), within 2e-3;
//   E << (n - q) overflows or underflows with n             -> Q0.30 always, shifted right with rounding.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// Fraction bits of the exponents t below, and of the results.
inline constexpr int exponent_fraction = 16;
inline constexpr int exp_fraction = 30;

/// The multiplier that takes codes of scale `scale` (a positive real) to exponents t = x * scale * log2 e with
/// exponent_fraction fraction bits. Offline: the only place where the scale is a floating-point number.
[[nodiscard]] DYAD_HD constexpr multiplier log2_multiplier(double scale) noexcept {
    constexpr double log2_e = 1.4426950408889634074;
    return multiplier::from_scale(scale * log2_e * (1 << exponent_fraction));
}

/// x * m in exponent_fraction fraction bits, rounded half up; what does not fit is the largest word, an exponent of
/// almost 2^16 where every exponential is long 0.
[[nodiscard]] DYAD_HD constexpr std::uint32_t scaled_exponent(std::uint32_t x, multiplier m) noexcept {
    constexpr std::uint64_t most = word_max<std::uint32_t>();
    const std::uint64_t product = std::uint64_t{x} * static_cast<std::uint32_t>(m.significand);
    if (product == 0) return 0;
    std::uint64_t t = most;
    if (m.exponent < -64) t = 0;  // less than half; the lowest exponent has no positive partner
    else if (m.exponent < 0) t = round_shift_right(product, -m.exponent, false, rounding::nearest_up);
    else if (m.exponent < 32 && product <= (most >> m.exponent)) t = product << m.exponent;
    return static_cast<std::uint32_t>(t < most ? t : most);
}

/// 2^-t for t >= 0 with exponent_fraction fraction bits; result has exp_fraction fraction bits, 2^-0 = 2^30.
/// Max abs error 1.96e-3 (shift_exp_test): 2^-f by a parabola through 1 at 0 and 1/2 at 1.
[[nodiscard]] DYAD_HD constexpr std::uint32_t shift_exp2(std::uint32_t t) noexcept {
    const std::uint32_t q = t >> exponent_fraction;
    if (q > 30) return 0;
    constexpr std::uint32_t unit = std::uint32_t{1} << exponent_fraction;
    const std::uint32_t f = t & (unit - 1);
    const std::uint64_t bulge = 11 * (std::uint64_t{f} * (unit - f));  // 64 * (11/64) f (1 - f), 32 fraction bits
    const std::uint64_t e = (std::uint64_t{1} << exp_fraction) -
                            (std::uint64_t{f} << (exp_fraction - exponent_fraction - 1)) -
                            (bulge >> (6 + 2 * exponent_fraction - exp_fraction));
    return static_cast<std::uint32_t>(round_shift_right(e, static_cast<int>(q), false, rounding::nearest_up));
}

/// 1 / (1 + 2^-t), or 1 / (1 + 2^t) if `negative`, exp_fraction fraction bits: the logistic function of +-t ln 2.
/// One division; nothing overflows, because only 2^-t <= 1 is ever formed (I-ViT's form needs exp(-max) of the row).
[[nodiscard]] DYAD_HD constexpr std::uint32_t shift_sigmoid(std::uint32_t t, bool negative) noexcept {
    constexpr std::uint64_t one = std::uint64_t{1} << exp_fraction;
    const std::uint64_t e = shift_exp2(t);
    const std::uint64_t denominator = one + e;
    const std::uint64_t numerator = (negative ? e : one) << exp_fraction;
    return static_cast<std::uint32_t>((numerator + denominator / 2) / denominator);
}

/// x * sigmoid(1.702 x S) for an integer code x of scale S, as an integer of scale S * 2^-30; m = log2_multiplier(1.702
/// S). ShiftGELU: the sigmoid form itself is within 0.0204 of x * Phi(x).
[[nodiscard]] DYAD_HD constexpr std::int64_t shift_gelu(std::int32_t x, multiplier m) noexcept {
    const std::uint32_t t = scaled_exponent(magnitude(x), m);
    return static_cast<std::int64_t>(x) * shift_sigmoid(t, x < 0);
}

}  // namespace dyad::inline v1
