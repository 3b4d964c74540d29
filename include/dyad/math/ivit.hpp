// SPDX-License-Identifier: Apache-2.0
// I-ViT's integer functions with the bits of its published codes: ShiftExp, Shiftmax, ShiftGELU, I-LayerNorm.
//   exp(S x) = E S / 2^n,  p = x + (x >> 1) - (x >> 4),  x0 = floor(-1 / S),  p = q x0 + r,  E = (r / 2 - x0) 2^(n - q)
// Source: Li and Gu, "I-ViT: integer-only quantization for efficient vision transformer inference", ICCV 2023, and its
// two codes, which differ from each other:
//                      arithmetic::pytorch (training, accuracy)     arithmetic::tvm (the int8 engine, speed)
//   words              float32: rounds beyond 24 digits             int32 and uint32: wrap around
//   x0                 floor(-1 / S) in float32                     trunc(-1 / S - 1): one less where 1 / S is whole
//   r / 2              exact, and whole after the shift             floored first
//   n                  15 softmax, 23 GELU                          16 softmax, 23 GELU
//   (2^31 - 1) / D     floor(rn(1 / D) 2^31): rn(2^31 - 1) is 2^31  trunc((2^31 - 1) / D)
//   x / y, x < 0       floor                                        truncation
//   softmax's result   0 .. 2^(k-1), the end included               int8, 0 .. 127
// The bits are those of PyTorch on a CPU: what a GPU adds in another order, or divides by a factor, may differ in the
// last digit of a float32. Left as published, with what it costs (ivit_test measures it):
//   1 - f/2 for 2^-f: up to 6.1 % high; 1.4375 for log2 e;
//   x0 of few bits at coarse scales: ShiftExp is .143 off at S = 1/4, .046 at 1/128; TVM's
//   x0, one too large in magnitude there, makes it .393 at 1/4 and .125 at 1/16;
//   factors of 31 bits over sums of 2^27 keep 4 significant bits: 8-bit softmax of 197 columns loses .22 of the mass;
//   ten steps of Newton from 2^16: up to 64 too large for V < 2^12, 20 for V < 2^16, 1 at most from 34596 on;
//   GELU's exp(-max) underflows at coarse scales, and its shift leaves the int32 in rows without positive codes.
// The mended forms stand at the end, and in math/shift_exp.hpp.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/hawq.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/shift_exp.hpp>

namespace dyad::inline v1::ivit {

enum class arithmetic : std::uint8_t { pytorch, tvm };

/// An int32 after overflow, as numpy, CUDA and the hardware leave it: modulo 2^32.
[[nodiscard]] DYAD_HD constexpr std::int32_t wrapped(std::int64_t x) noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(x)));
}
/// dividend / divisor truncated; 0 where the divisor is 0 (published: undefined; numpy's answer).
[[nodiscard]] DYAD_HD constexpr std::int32_t truncated_quotient(std::int32_t dividend, std::int32_t divisor) noexcept {
    return divisor == 0 ? 0 : wrapped(std::int64_t{dividend} / divisor);
}

// --- ShiftExp ---

/// x0 < 0; x0 = 0 where the scale is not usable.
struct exp_parameters {
    std::int32_t x0 = 0;
    std::int32_t n = 15;
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept { return x0 < 0; }
};

/// Offline. Scales from 2^-19 up: below, n x0 leaves the integers that a float32 holds. `factor` is 1.702 for GELU.
[[nodiscard]] DYAD_HD constexpr exp_parameters exp_parameters_for(arithmetic a, float scale, std::int32_t n,
                                                                  double factor = 1) noexcept {
    if (!is_positive_finite(scale)) return {0, n};
    std::int64_t x0 = 0;
    if (a == arithmetic::pytorch) {
        const carried32 s = carried32::from_float(scale) * carried32::from_float(factor);
        x0 = (-reciprocal(s)).floor();
    } else {
        // (a numpy float32 times a Python float is a float64, before NumPy 2)
        const carried64 s = carried64::from_float(scale) * carried64::from_float(factor);
        x0 = (carried64::from(-1) / s + carried64::from(-1)).truncated();
    }
    return {x0 < -(1 << 19) ? 0 : static_cast<std::int32_t>(x0), n};
}

/// E as the PyTorch code has it. |x| <= 2^24. x > 0 is GELU's exp(-max) of a row without positive codes: q < 0.
[[nodiscard]] DYAD_HD constexpr carried32 shift_exp_pytorch(std::int32_t x, exp_parameters p) noexcept {
    DYAD_ASSERT(p.usable() && x >= -(1 << 24) && x <= (1 << 24));
    const std::int64_t scaled = std::int64_t{x} + (x >> 1) - (x >> 4);
    const std::int64_t least = std::int64_t{p.n} * p.x0;
    const std::int64_t t = scaled < least ? least : scaled;
    // A quotient below 32 that is no integer is 1 / |x0| or more below the next, which float32 tells from it while that
    // is above 2^-20: its floor is then that of the integers.
    const bool plain = t <= 0 && p.n < 32 && p.x0 > -(1 << 18);
    const std::int64_t q = plain ? t / p.x0 : (carried32::from(t) / carried32::from(p.x0)).floor();
    const std::int64_t r = t - q * p.x0;
    // A whole number: q = n only where r = 0, so that the published floor finds nothing to cut off.
    return carried32::from(r - 2 * std::int64_t{p.x0}).scaled(static_cast<std::int32_t>(p.n - q) - 1);
}

/// E as the TVM code has it. Shifts of 32 and more, which int32 does not define, give 0 (as a GPU's shift does).
[[nodiscard]] DYAD_HD constexpr std::int32_t shift_exp_tvm(std::int32_t x, exp_parameters p) noexcept {
    DYAD_ASSERT(p.usable());
    const std::int32_t scaled = wrapped(std::int64_t{x} + (x >> 1) - (x >> 4));
    const std::int32_t least = p.n * p.x0;
    const std::int32_t t = scaled < least ? least : scaled;
    const std::int32_t q = t / p.x0;
    const std::int32_t r = t - q * p.x0;
    const std::int64_t shift = std::int64_t{p.n} - q;
    if (shift >= 32) return 0;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>((r >> 1) - p.x0) << shift);
}

// --- Shiftmax: codes of 2^(bits-1) units ---

struct softmax_parameters {
    arithmetic mode = arithmetic::pytorch;
    exp_parameters exp;
    std::int32_t bits = 16;  ///< published: 16 in the models of the PyTorch code; the TVM code is 8 bits always

    /// 2 <= bits <= 24 for pytorch.
    [[nodiscard]] DYAD_HD static constexpr softmax_parameters from(arithmetic a, float scale,
                                                                   std::int32_t bits = 16) noexcept {
        const bool torch = a == arithmetic::pytorch;
        return {a, exp_parameters_for(a, scale, torch ? 15 : 16), torch ? bits : 8};
    }
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept { return exp.usable() && bits >= 2 && bits <= 24; }
};

/// floor((2^31 - 1) / sum) as PyTorch computes it, the sum clamped: 2^31 - 1 is 2^31 in float32 both times. sum > 0.
[[nodiscard]] DYAD_HD constexpr std::int64_t factor_pytorch(carried32 sum) noexcept {
    constexpr carried32 most = carried32::from(std::int64_t{1} << 31);
    return reciprocal(most < sum ? most : sum).scaled(31).floor();
}
/// floor(E f / 2^(32 - bits)).
[[nodiscard]] DYAD_HD constexpr std::int64_t share_pytorch(carried32 e, std::int64_t factor,
                                                           std::int32_t bits) noexcept {
    return (e * carried32::from(factor)).scaled(bits - 32).floor();
}
/// (f E) >> 24.
[[nodiscard]] DYAD_HD constexpr std::int32_t share_tvm(std::int32_t e, std::int32_t factor) noexcept {
    return wrapped(std::int64_t{factor} * e) >> 24;
}

// --- ShiftGELU: x * (exp(x - max) / (exp(x - max) + exp(-max))), scale S / 2^(bits-1) ---

struct gelu_parameters {
    arithmetic mode = arithmetic::pytorch;
    exp_parameters exp;
    std::int32_t bits = 8;

    [[nodiscard]] DYAD_HD static constexpr gelu_parameters from(arithmetic a, float scale,
                                                                std::int32_t bits = 8) noexcept {
        return {a, exp_parameters_for(a, scale, 23, 1.702), a == arithmetic::pytorch ? bits : 8};
    }
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept { return exp.usable() && bits >= 2 && bits <= 24; }
};

/// One code x <= max of a row whose largest is max; at_zero = shift_exp(-max), the same for all of them.
[[nodiscard]] DYAD_HD constexpr std::int64_t gelu_pytorch(std::int32_t x, std::int32_t max, carried32 at_zero,
                                                          const gelu_parameters& p) noexcept {
    const carried32 e = shift_exp_pytorch(x - max, p.exp);
    const carried32 sum = e + at_zero;
    if (sum.significand == 0) return 0;  // (published: infinity times 0)
    const std::int64_t sigmoid = share_pytorch(e, factor_pytorch(sum), p.bits);
    return (carried32::from(x) * carried32::from(sigmoid)).floor();
}
[[nodiscard]] DYAD_HD constexpr std::int32_t gelu_tvm(std::int32_t x, std::int32_t max, std::int32_t at_zero,
                                                      const gelu_parameters& p) noexcept {
    const std::int32_t e = shift_exp_tvm(wrapped(std::int64_t{x} - max), p.exp);
    const std::int32_t factor = truncated_quotient(0x7fff'ffff, wrapped(std::int64_t{e} + at_zero));
    return wrapped(std::int64_t{x} * share_tvm(e, factor));
}
/// `max` = the row's largest code; x <= max. The scale is the input's / 2^(bits-1).
[[nodiscard]] DYAD_HD constexpr std::int64_t shift_gelu(std::int32_t x, std::int32_t max,
                                                        const gelu_parameters& p) noexcept {
    if (p.mode == arithmetic::pytorch) return gelu_pytorch(x, max, shift_exp_pytorch(-max, p.exp), p);
    return gelu_tvm(x, max, shift_exp_tvm(wrapped(-std::int64_t{max}), p.exp), p);
}

// --- I-LayerNorm: y 2^30 / sqrt(V) + bias, scale sqrt(C) / 2^30 * weight ---

/// round(sum / C); the TVM code truncates.
[[nodiscard]] DYAD_HD constexpr std::int64_t mean(arithmetic a, std::int64_t sum, std::int64_t count) noexcept {
    if (a == arithmetic::tvm) return truncated_quotient(wrapped(sum), wrapped(count));
    return (carried32::from(sum) / carried32::from(count)).nearest();
}

/// sqrt(V) by `steps` of k -> floor((k + floor(V / k)) / 2) from 2^16; 10 published. V is not divided by C.
/// Never less than floor(sqrt(V)); at most 1 more from V = 34596 on, 20 from 2^12 on, 64 at V = 0; 16 steps: 1 at most.
[[nodiscard]] DYAD_HD constexpr std::int64_t newton_sqrt_pytorch(carried32 v, int steps = 10) noexcept {
    std::int64_t k = std::int64_t{1} << 16;
    for (int i = 0; i < steps; ++i) {
        const carried32 now = carried32::from(k);
        k = (now + carried32::from((v / now).floor())).scaled(-1).floor();
    }
    return k;
}
[[nodiscard]] DYAD_HD constexpr std::uint32_t newton_sqrt_tvm(std::uint32_t v, int steps = 10) noexcept {
    std::uint32_t k = std::uint32_t{1} << 16;
    for (int i = 0; i < steps && k != 0; ++i) k = (k + v / k) / 2;
    return k;
}

/// floor((2^31 - 1) / k), then floor(y f / 2) + bias, y = x - mean. The TVM code truncates and wraps.
[[nodiscard]] DYAD_HD constexpr std::int64_t layer_norm_factor(arithmetic a, std::int64_t k) noexcept {
    if (a == arithmetic::tvm) return truncated_quotient(0x7fff'ffff, wrapped(k));
    return reciprocal(carried32::from(k)).scaled(31).floor();
}
[[nodiscard]] DYAD_HD constexpr std::int64_t normalized(arithmetic a, std::int64_t y, std::int64_t factor,
                                                        std::int64_t bias) noexcept {
    if (a == arithmetic::tvm) return wrapped(std::int64_t{wrapped(factor * wrapped(y)) / 2} + wrapped(bias));
    const carried32 z = carried32::from((carried32::from(y) * carried32::from(factor)).scaled(-1).floor());
    return (z + carried32::from(bias)).floor();
}

// --- Offline bias, and requantization between layers (pytorch; the TVM code leaves it to relay.qnn.requantize) ---

using hawq::fixedpoint_mul;
using hawq::fixedpoint_mul_mended;
using hawq::layer_norm_bias;
using hawq::layer_norm_scale;
using hawq::ratio;

// --- Mended ---

/// exp(S x) in units of 2^-30 for x <= 0, m = log2_multiplier(S): within 1.96e-3 at every scale.
[[nodiscard]] DYAD_HD constexpr std::uint32_t shift_exp_mended(std::int32_t x, multiplier m) noexcept {
    DYAD_ASSERT(x <= 0);
    return shift_exp2(scaled_exponent(magnitude(x), m));
}
/// x sigmoid(1.702 S x) in units of S 2^-30, m = log2_multiplier(1.702 S): no row maximum, nothing underflows.
[[nodiscard]] DYAD_HD constexpr std::int64_t shift_gelu_mended(std::int32_t x, multiplier m) noexcept {
    return dyad::shift_gelu(x, m);
}
/// d 2^30 / sqrt(V) + bias rounded half away, with the root to 31 digits: for deviations from the exact mean,
/// d = C x - sum and V = sum of d^2 (a mean rounded to codes costs as much as the root does).
[[nodiscard]] DYAD_HD constexpr std::int64_t normalized_mended(std::int64_t d, uint128_t v,
                                                               std::int64_t bias) noexcept {
    if (v == 0) return bias;
    // V 4^half has 61 or 62 digits.
    const int half = (62 - bit_width(v)) >> 1;
    const auto aligned = static_cast<std::uint64_t>(half >= 0 ? v << (2 * half) : v >> (-2 * half));
    const std::uint64_t root = integer_sqrt(aligned);
    const int shift = 30 + half;
    const uint128_t size = magnitude(d);
    const uint128_t numerator = shift >= 0 ? size << shift : size >> -shift;
    const auto quotient = static_cast<std::int64_t>((numerator + root / 2) / root);
    return saturating_add(d < 0 ? -quotient : quotient, bias);
}

}  // namespace dyad::inline v1::ivit
