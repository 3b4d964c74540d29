// SPDX-License-Identifier: Apache-2.0
// Requantization of one accumulator: y = x * b * 2^e with a 31-bit b, in the three roundings that deployed runtimes
// use. Sources: gemmlowp fixedpoint.h; TensorFlow Lite common.h; Yao et al., HAWQ-V3, ICML 2021.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

enum class requantization : std::uint8_t {
    single_half_up,   ///< floor(x b 2^e + 1/2): TFLITE_SINGLE_ROUNDING, ruy
    gemmlowp_double,  ///< rounding doubling high multiply, then rounding division by a power of two: two roundings
    nearest_even      ///< the exact product to nearest even
};

/// floor((2 a b + 2^31) / 2^32), saturating the one case a = b = -2^31: ties toward +infinity (ARM's SQRDMULH).
[[nodiscard]] DYAD_HD constexpr std::int32_t rounding_doubling_high_multiply(std::int32_t a, std::int32_t b) noexcept {
    if (a == b && a == word_min<std::int32_t>()) return word_max<std::int32_t>();
    return static_cast<std::int32_t>((std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31);
}

/// x * m rounded by `mode`, clamped to 32 bits (gemmlowp's form clamps before it multiplies, where m shifts left).
/// m.significand >= 0.
[[nodiscard]] DYAD_HD constexpr std::int32_t requantize(std::int32_t x, multiplier m, requantization mode) noexcept {
    DYAD_ASSERT(m.significand >= 0);
    if (mode == requantization::gemmlowp_double) {
        // m = b 2^-31 2^(left or -right); the left shift saturates where the published code would overflow.
        const int shift = held_exponent(m) + 31;
        const int left = shift > 0 ? (shift < 31 ? shift : 31) : 0;
        const auto raised = saturating_cast<std::int32_t>(std::int64_t{x} * (std::int64_t{1} << left));
        const std::int32_t high = rounding_doubling_high_multiply(raised, m.significand);
        return shift < 0 ? round_shift_right(high, -shift, rounding::nearest_away) : high;
    }
    const std::int64_t product = std::int64_t{x} * m.significand;
    if (m.exponent >= 0) {
        const int left = m.exponent < 32 ? m.exponent : 32;
        return saturating_cast<std::int32_t>(static_cast<int128_t>(product) * (int128_t{1} << left));
    }
    const int right = -held_exponent(m);
    if (mode == requantization::single_half_up && right <= 62) {
        // |product| < 2^62, so adding a half cannot overflow, and the arithmetic shift rounds down.
        return saturating_cast<std::int32_t>((product + (std::int64_t{1} << (right - 1))) >> right);
    }
    const auto rule = mode == requantization::nearest_even ? rounding::nearest_even : rounding::nearest_up;
    return saturating_cast<std::int32_t>(round_shift_right(product, right, rule));
}

/// The same for a 64-bit x, rounded once half up; not for gemmlowp's form, which is defined on 32 bits.
[[nodiscard]] DYAD_HD constexpr std::int32_t requantize(std::int64_t x, multiplier m) noexcept {
    DYAD_ASSERT(m.significand >= 0);
    const int128_t product = static_cast<int128_t>(x) * m.significand;
    if (m.exponent >= 0) {
        const int left = m.exponent < 32 ? m.exponent : 32;
        return saturating_cast<std::int32_t>(product * (int128_t{1} << left));
    }
    return saturating_cast<std::int32_t>(round_shift_right(product, -held_exponent(m), rounding::nearest_up));
}

/// The 64-bit form of TensorFlow Lite Micro, CMSIS-NN and TensorFlow Lite before its LiteRT releases, for accumulators
/// of 16-bit activations (LiteRT 2.3 computes the one above): the multiplier is cut to b' = b 2^-16, rounded half up,
/// at most 2^15 - 1, then floor(x b' 2^(e + 16) + 1/2). b' is off by up to 2^-15 of itself: results of 16 bits differ
/// by up to 1. Clamped to 32 bits; the published code takes -2^47 <= x < 2^47 and -62 <= e <= -24, and expects a result
/// that fits.
[[nodiscard]] DYAD_HD constexpr std::int32_t requantize_reduced(std::int64_t x, multiplier m) noexcept {
    DYAD_ASSERT(m.significand >= 0);
    const std::int32_t b = m.significand < 0x7fff'0000 ? (m.significand + (1 << 15)) >> 16 : 0x7fff;
    const std::int32_t room = word_max<std::int32_t>() - 16;
    return requantize(x, multiplier{b, m.exponent < room ? m.exponent + 16 : m.exponent});
}

}  // namespace dyad::inline v1
