// SPDX-License-Identifier: Apache-2.0
// I-BERT's integer functions: i-exp, i-erf, i-GELU, i-sqrt, and the steps of i-softmax and i-LayerNorm.
//   a (x + b)^2 + c with q_b = floor(b / S), q_c = floor(c / (a S^2)):  value = ((q + q_b)^2 + q_c) a S^2
//   exp(S q) = L(p) 2^-z, z = floor(-q / q_ln2), p = q + z q_ln2;  erf(x) = sgn(x) L(min(|x|, -b))
// Source: Kim et al., "I-BERT: integer-only BERT quantization", ICML 2021, algorithms 1 to 4, and its code, which is
// also that of the package `transformers` (models/ibert/quant_modules.py), whose bits on a CPU are meant:
//               constants::paper                                 constants::code (float32 words: rounds at 24 digits)
//   exp           .3585 (p + 1.353)^2 + .344, ln 2                 .35815147 p^2 + .96963238 p + 1, .6931
//                 q_L >> z                                         q_L 2^(30 - z), then quantized to 16 bits
//   softmax       floor(2^k e / sum e)                             floor(e floor(2^32 / sum e) / 2^(32 - k))
//   erf           -.2888 (x - 1.769)^2 + 1, x / sqrt 2             x / 1.4142, and the result >> 14
//   sqrt          Newton until it stops falling                    floor of a float32 square root
// Left as published, with what it costs (ibert_test measures it):
//   floor(ln2 / S) at coarse scales: i-exp .027 off at S = 1/16 and at 1/4 (paper: .039, .158), against 1.9e-3 of the
//   polynomial;
//   the >> 14 leaves an i-GELU of 8-bit inputs no digits: off by 5 to 67 (it needs inputs of about 16 bits);
//   the code's "integers" after the 16-bit step are q A / A in float32, not all of which are whole (7.5 % at S = 0.1);
//   its float square root is one more than the integer one from V = 4097^2 - 1 on, in places;
//   "at most four iterations" of i-sqrt: 5 from n = 65^2 - 1 on, 6 from 4097^2 - 1 on, the one that stops included.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/hawq.hpp>
#include <dyad/math/shift_exp.hpp>

namespace dyad::inline v1::ibert {

enum class constants : std::uint8_t { paper, code };

using hawq::fixedpoint_mul;
using hawq::fixedpoint_mul_mended;
using hawq::layer_norm_bias;
using hawq::layer_norm_scale;
using hawq::ratio;

/// `number / tensor` and `tensor ** 2` of the code: the reciprocal is rounded, then the product.
[[nodiscard]] DYAD_HD constexpr carried32 over(double number, carried32 x) noexcept {
    return reciprocal(x) * carried32::from_float(number);
}
/// Scales for which every step below stays within the words of the published forms.
[[nodiscard]] DYAD_HD constexpr bool is_usable_scale(float scale) noexcept {
    if (!is_positive_finite(scale)) return false;
    const carried32 s = carried32::from_float(scale);
    return !(s < carried32{1 << 23, -23 - 16}) && s < carried32{1 << 23, -23 + 16};
}

// --- i-exp ---

/// ln2 > 0 in codes (0: not usable); value = result * scale, scale = a S^2 (paper), a S^2 2^-30 (code).
struct exp_parameters {
    constants set = constants::code;
    std::int32_t ln2 = 0;
    std::int64_t b = 0;
    std::int64_t c = 0;
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept { return ln2 > 0 && c > 0; }

    /// Offline. Scales from 2^-16 to .69 (paper) or 1.67 (code): beyond, floor(ln2 / S) or floor(c / (a S^2)) is 0.
    [[nodiscard]] DYAD_HD static constexpr exp_parameters from(constants set, float scale) noexcept {
        if (!is_usable_scale(scale)) return {set};
        const carried32 s = carried32::from_float(scale);
        if (set == constants::code) {
            return {set, static_cast<std::int32_t>(-over(-0.6931, s).floor()), over(0.96963238 / 0.35815147, s).floor(),
                    over(1.0 / 0.35815147, s * s).floor()};
        }
        const carried64 w = widened(s);
        return {set, static_cast<std::int32_t>((carried64::from_float(0.69314718055994530942) / w).floor()),
                (carried64::from_float(1.353) / w).floor(), (carried64::from_float(0.344 / 0.3585) / (w * w)).floor()};
    }
};

/// i-exp of the code, x <= 0: an integer of scale a S^2 2^-30 in a float32; what is beyond 30 ln 2 is taken there.
[[nodiscard]] DYAD_HD constexpr carried32 i_exp_code(std::int32_t x, const exp_parameters& p) noexcept {
    DYAD_ASSERT(p.usable() && x <= 0);
    const std::int64_t least = -30 * std::int64_t{p.ln2};
    const std::int64_t t = x < least ? least : x;
    // 30 at most, and 1 / ln2 > 2^-16 or more below the next integer where it is none: float32's floor is the
    // integers'.
    const std::int64_t q = -t / p.ln2;
    const std::int64_t r = t + q * p.ln2;
    const carried32 z = carried32::from(r + p.b) * carried32::from(r) + carried32::from(p.c);
    return z.significand < 0 ? carried32{} : z.scaled(static_cast<std::int32_t>(30 - q));
}
/// i-exp of the paper, x <= 0: an integer of scale a S^2.
[[nodiscard]] DYAD_HD constexpr std::int64_t i_exp_paper(std::int32_t x, const exp_parameters& p) noexcept {
    DYAD_ASSERT(p.usable() && x <= 0);
    const std::int64_t z = -std::int64_t{x} / p.ln2;
    const std::int64_t t = x + z * p.ln2 + p.b;
    return z > 62 ? 0 : (t * t + p.c) >> z;
}

// --- i-softmax: codes of 2^bits units ---

/// The code quantizes exponentials to 16 bits on the way: their scale A is a running maximum / 32767.
struct softmax_parameters {
    exp_parameters exp;
    std::int32_t bits = 8;
    carried32 exp_scale;  ///< of i_exp_code's result
    carried32 act_scale;  ///< A
    ratio act_ratio;
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept {
        return exp.usable() && bits >= 1 && bits <= 24 && (exp.set == constants::paper || act_ratio.b != 0);
    }

    /// Offline. act_max: largest exponential met in training, 0 = c 2^30, which is i-exp's result at 0 and what every
    /// row's maximum gives.
    [[nodiscard]] DYAD_HD static constexpr softmax_parameters from(constants set, float scale, std::int32_t bits = 8,
                                                                   float act_max = 0) noexcept {
        softmax_parameters p{exp_parameters::from(set, scale), bits, {}, {}, {}};
        if (set == constants::paper || !p.exp.usable()) return p;
        const carried32 s = carried32::from_float(scale);
        p.exp_scale = (carried32::from_float(0.35815147) * (s * s)).scaled(-30);
        const bool given = is_positive_finite(act_max);
        const carried32 most = given ? carried32::from_float(act_max) : carried32::from(p.exp.c).scaled(30);
        p.act_scale = most / carried32::from(32767);
        p.act_ratio = ratio::from(widened(p.exp_scale), widened(p.act_scale));
        return p;
    }
};

/// The exponential as the code's softmax adds and multiplies it: quantized to 16 bits, times A, divided by A. Not
/// always whole: rn(rn(q A) / A) is q, or its float32 neighbour.
[[nodiscard]] DYAD_HD constexpr carried32 quantized_exp(carried32 e, const softmax_parameters& p) noexcept {
    carried32 z = e / p.exp_scale;
    if (z.exponent < 0) z = carried32::from(z.nearest());
    const std::int32_t code =
        hawq::clamped((widened(z) * carried64::from(p.act_ratio.b)).scaled(-p.act_ratio.c).nearest(), 16);
    return carried32::from(code) * p.act_scale / p.act_scale;
}
/// floor(2^32 / sum), 0 where the sum is 0 (published: NaN).
[[nodiscard]] DYAD_HD constexpr std::int64_t factor_code(carried32 sum) noexcept {
    return sum.significand == 0 ? 0 : reciprocal(sum).scaled(32).floor();
}
/// floor(e f / 2^(32 - bits)): 0 .. 2^bits, the end included.
[[nodiscard]] DYAD_HD constexpr std::int64_t share_code(carried32 e, std::int64_t factor, std::int32_t bits) noexcept {
    return (e * carried32::from(factor)).scaled(bits - 32).floor();
}

// --- i-erf and i-GELU ---

struct gelu_parameters {
    constants set = constants::code;
    std::int64_t b = 0;      ///< floor(-1.769 / s), s = S / sqrt 2
    std::int64_t c = 0;      ///< floor(1 / (-.2888 s^2))
    std::int32_t shift = 0;  ///< 14 in the code
    std::int64_t one = 0;    ///< floor(1 / scale of erf), negative
    carried64 out_scale;     ///< S * (scale of erf) / 2, negative; to_double gives it
    [[nodiscard]] DYAD_HD constexpr bool usable() const noexcept { return b < 0; }

    /// Offline. Scales from 2^-16 to 2^16.
    [[nodiscard]] DYAD_HD static constexpr gelu_parameters from(constants set, float scale) noexcept {
        if (!is_usable_scale(scale)) return {set, 0, 0, 0, 0, {}};
        const carried32 input = carried32::from_float(scale);
        if (set == constants::code) {
            const carried32 s = input / carried32::from_float(1.4142);
            const carried32 erf = (s * s * carried32::from_float(-0.2888)).scaled(14);
            return {set,
                    over(-1.769, s).floor(),
                    over(1.0 / -0.2888, s * s).floor(),
                    14,
                    (carried64::from(1) / widened(erf)).floor(),
                    widened((input * erf).scaled(-1))};
        }
        const carried64 s = widened(input) / carried64::from_float(1.41421356237309504880);
        const carried64 erf = s * s * carried64::from_float(-0.2888);
        return {set, (carried64::from_float(-1.769) / s).floor(), (carried64::from(1) / erf).floor(),
                0,   (carried64::from(1) / erf).floor(),          (widened(input) * erf).scaled(-1)};
    }
};

/// i-erf of x S / sqrt 2, of scale -.2888 S^2 / 2 * 2^shift.
[[nodiscard]] DYAD_HD constexpr std::int64_t i_erf(std::int32_t x, const gelu_parameters& p) noexcept {
    const auto size = static_cast<std::int64_t>(magnitude(x));
    const std::int64_t t = (size < -p.b ? size : -p.b) + p.b;
    const int sign = x < 0 ? -1 : x > 0 ? 1 : 0;
    if (p.set == constants::paper) return sign * (t * t + p.c);
    const carried32 y = carried32::from(t) * carried32::from(t) + carried32::from(p.c);
    return (sign < 0 ? -y : sign == 0 ? carried32{} : y).scaled(-p.shift).floor();
}
/// x (erf + 1), of scale out_scale. |x| < 2^24 (code: what a float32 holds); 2^16 (paper: nothing overflows).
[[nodiscard]] DYAD_HD constexpr std::int64_t i_gelu(std::int32_t x, const gelu_parameters& p) noexcept {
    if (p.set == constants::paper) return x * (i_erf(x, p) + p.one);
    const carried32 sum = carried32::from(i_erf(x, p)) + carried32::from(p.one);
    return (carried32::from(x) * sum).floor();
}

// --- i-sqrt and i-LayerNorm: y 2^30 / sqrt(V) + bias ---

struct square_root_steps {
    std::uint32_t root;
    int steps;  ///< passes of the loop, the one that finds the end included
};
/// floor(sqrt(n)): x = 2^ceil(bits / 2), then x = (x + floor(n / x)) >> 1 until it no longer falls.
[[nodiscard]] DYAD_HD constexpr square_root_steps i_sqrt(std::uint64_t n) noexcept {
    if (n == 0) return {0, 0};
    std::uint64_t x = std::uint64_t{1} << ((bit_width(n) + 1) / 2);
    for (int steps = 1;; ++steps) {
        const std::uint64_t next = (x + n / x) >> 1;
        if (next >= x) return {static_cast<std::uint32_t>(x), steps};
        x = next;
    }
}

/// round(sum / C), to nearest even; once in float32 before (code).
[[nodiscard]] DYAD_HD constexpr std::int64_t mean(constants set, std::int64_t sum, std::int64_t count) noexcept {
    if (set == constants::paper) return round_divide(sum, count, rounding::nearest_even);
    return (carried32::from(sum) / carried32::from(count)).nearest();
}
/// (y >> shift)^2, the shift being the code's against sums of 2^32 and more; a float32 in the code.
[[nodiscard]] DYAD_HD constexpr std::int64_t squared(constants set, std::int64_t y, int shift) noexcept {
    const std::int64_t t = y >> shift;
    return set == constants::paper ? t * t : carried32::from(t * t).floor();
}
/// floor(2^31 / (floor(sqrt(V)) 2^shift)); 0 where V is 0 (published: infinity, and NaN for the row).
[[nodiscard]] DYAD_HD constexpr std::int64_t layer_norm_factor(constants set, std::uint64_t v, int shift) noexcept {
    if (v == 0) return 0;
    if (set == constants::paper) return (std::int64_t{1} << 31) / (std::int64_t{i_sqrt(v).root} << shift);
    const carried32 root = carried32::from(square_root(carried32::round(int128_t{v}, 0)).floor());
    return reciprocal(root.scaled(shift)).scaled(31).floor();
}
/// floor(y f / 2) + bias.
[[nodiscard]] DYAD_HD constexpr std::int64_t normalized(constants set, std::int64_t y, std::int64_t factor,
                                                        std::int64_t bias) noexcept {
    if (set == constants::paper) return saturating_add((y * factor) >> 1, bias);
    const carried32 z = carried32::from((carried32::from(y) * carried32::from(factor)).scaled(-1).floor());
    return (z + carried32::from(bias)).floor();
}

// --- Mended ---

/// exp(S x) in units of 2^-30 for x <= 0, m = log2_multiplier(S): the polynomial on S x ln 2 mod 1 to 16 digits, so
/// that its own error, 1.92e-3 (code) or 2.14e-3 (paper), is all there is at every scale.
[[nodiscard]] DYAD_HD constexpr std::uint32_t i_exp_mended(constants set, std::int32_t x, multiplier m) noexcept {
    DYAD_ASSERT(x <= 0);
    const std::uint32_t t = scaled_exponent(magnitude(x), m);
    const std::uint32_t q = t >> exponent_fraction;
    if (q > 30) return 0;
    // p = f ln 2 in units of 2^-30; ln 2 = 2977044472 2^-32.
    const std::int64_t p = (std::int64_t{t & 0xffff} * 2977044472) >> 18;
    std::int64_t e = 0;
    if (set == constants::code) {
        const std::int64_t square = (p * p) >> 30;
        e = (std::int64_t{1} << 30) + ((384562213 * square) >> 30) - ((1041134844 * p) >> 30);
    } else {
        const std::int64_t u = 1452772687 - p;  // 1.353 - p
        e = ((384936444 * ((u * u) >> 30)) >> 30) + 369367187;
    }
    return static_cast<std::uint32_t>(
        round_shift_right(static_cast<std::uint64_t>(e), static_cast<int>(q), false, rounding::nearest_up));
}

/// x S / sqrt 2 with 16 fraction bits: the multiplier of i_gelu_mended.
[[nodiscard]] DYAD_HD constexpr multiplier erf_multiplier(double scale) noexcept {
    return multiplier::from_scale(scale * 0.70710678118654752440 * 0x1p16);
}
/// x Phi(S x) in units of S 2^-31, m = erf_multiplier(S): i-erf's polynomial on an argument of 16 fraction bits, for
/// inputs of any width and scale; within .0182 (what the polynomial is off).
[[nodiscard]] DYAD_HD constexpr std::int64_t i_gelu_mended(std::int32_t x, multiplier m) noexcept {
    constexpr std::uint32_t end = 115933;  // 1.769
    const std::uint32_t u = scaled_exponent(magnitude(x), m);
    const std::uint64_t d = u < end ? end - u : 0;
    constexpr std::int64_t one = std::int64_t{1} << 30;
    const std::int64_t erf = one - static_cast<std::int64_t>((d * d * 77524160) >> 30);  // .2888 of 28 fraction bits
    return x * (x < 0 ? one - erf : one + erf);
}

}  // namespace dyad::inline v1::ibert
