// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's integer helpers around gemmlowp's functions, bit for bit: multipliers from real scales, the
// reciprocal and the inverse square root of an integer, the logarithm.
// Source: TensorFlow Lite, kernels/internal/common.h and quantization_util.cc.
//
// A pair (quantized multiplier, shift) of the published code is multiplier{quantized multiplier, shift - 31} here, and
// MultiplyByQuantizedMultiplier is requantize: in 32 bits with requantization::gemmlowp_double, or single_half_up in
// builds with TFLITE_SINGLE_ROUNDING; in 64 bits it is requantize_reduced, since LiteRT requantize of 64 bits.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/gemmlowp.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1::tflite {

/// QuantizeMultiplier: 31 bits, ties away from zero. Below 2^-32 it becomes 0; with a single rounding what reaches 2^30
/// becomes 2^30 - 1/2. `scale` is finite and not negative.
[[nodiscard]] DYAD_HD constexpr multiplier quantize_multiplier(
    double scale, requantization mode = requantization::gemmlowp_double) noexcept {
    const multiplier m = multiplier::from_scale(scale);
    if (m.significand == 0 || m.exponent < -62) return {0, -31};
    if (mode == requantization::single_half_up && m.exponent > -1) return {word_max<std::int32_t>(), -1};
    return m;
}

/// The largest integer that a multiplier m > 2^-1 takes to at most 2^integer_bits - 1 in a word of 32 bits with so many
/// integer bits: floor((2^integer_bits - 1) 2^(31 - integer_bits) / 2^shift), shift = m.exponent + 31 >= 0. The
/// published code forgets the significand of m, so the radius is up to twice too small.
[[nodiscard]] DYAD_HD constexpr std::int32_t input_radius(int integer_bits, multiplier m) noexcept {
    const int shift = held_exponent(m) + 31;
    DYAD_ASSERT(shift >= 0 && integer_bits >= 0 && integer_bits < 31);
    const std::uint64_t most = ((std::uint64_t{1} << integer_bits) - 1) << (31 - integer_bits);
    return static_cast<std::int32_t>(shift_right(most, shift));
}

/// 1 / x = scale * 2^-(31 + bits_over_unit).
struct reciprocal {
    std::int32_t scale;
    int bits_over_unit;
};
/// GetReciprocal: of a sum x with so many integer bits, normalised to [1, 2). x > 0; all 32 bits count as magnitude.
[[nodiscard]] DYAD_HD constexpr reciprocal reciprocal_of(std::uint32_t x, int integer_bits) noexcept {
    DYAD_ASSERT(x != 0);
    const int zeros = 32 - bit_width(x);
    const std::uint32_t fraction = (x << zeros) - (std::uint32_t{1} << 31);
    return {gemmlowp::one_over_one_plus_x_for_x_in_0_1(static_cast<std::int32_t>(fraction)), integer_bits - zeros};
}

/// GetInvSqrtQuantizedMultiplierExp: 1 / sqrt(x) for x >= 0 by five Newton steps from 1; x = 0 counts as 1, and 1 gives
/// 1 - 2^-31. Relative error at most 1.25e-6, 19.6 of the 31 bits, because five steps from 1 do not suffice
/// (tflite_functions_test).
[[nodiscard]] DYAD_HD constexpr multiplier inverse_sqrt(std::int32_t x) noexcept {
    using gemmlowp::multiply;
    using gemmlowp::rescale;
    DYAD_ASSERT(x >= 0);
    if (x <= 1) return {word_max<std::int32_t>(), -31};
    // 1. x = z 4^k with 2^27 <= z < 2^29; digits that are shifted out are cut.
    int right = 11;
    for (; x >= (1 << 29); ++right) x /= 4;
    const int pairs = (31 - bit_width(static_cast<std::uint32_t>(x))) / 2 - 1;
    right -= pairs;
    // 2. Newton's iteration on z / 2 as a number between 1/4 and 1, with 3 integer bits; products have 6 and 9.
    const std::int32_t half = gemmlowp::divide_by_power_of_two((x << (2 * pairs)) >> 1, 1);
    constexpr std::int32_t three_halves = 3 << 27;
    std::int32_t y = 1 << 28;
    for (int i = 0; i < 5; ++i) {
        const std::int32_t cube = rescale<9, 3>(multiply(multiply(y, y), y));
        y = rescale<6, 3>(gemmlowp::wrapping_sub(multiply(three_halves, y), multiply(half, cube)));
    }
    // 3. 1 / sqrt(2) of the halving; what would be a left shift is put into the significand.
    y = multiply(y, 1518500250);
    return right < 0 ? multiplier{y << -right, -31} : multiplier{y, -right - 31};
}

/// log_x_for_x_greater_than_or_equal_to_1: ln of a number x > 0 with InputIntegerBits integer bits, in
/// OutputIntegerBits: x = 2^k r with r around 2^(-1/4), ln r by a rational function. Error at most 3 units of 2^-26 for
/// 12 bits in and 5 out, below 1 too, where the published comment promises everything down to 2^-12: but of the words
/// with fewest digits 1 gives 0.16 and 5 gives 0.022 too much (tflite_functions_test).
template <int OutputIntegerBits, int InputIntegerBits>
[[nodiscard]] DYAD_HD constexpr std::int32_t log_x_for_x_greater_than_or_equal_to_1(std::int32_t x) noexcept {
    using gemmlowp::multiply;
    using gemmlowp::saturating_shift_left;
    using gemmlowp::wrapping_add;
    constexpr int least_bits = InputIntegerBits > 21   ? 5
                               : InputIntegerBits > 10 ? 4
                               : InputIntegerBits > 4  ? 3
                               : InputIntegerBits > 1  ? 2
                                                       : 1;
    static_assert(OutputIntegerBits >= least_bits && OutputIntegerBits < 29,
                  "dyad::tflite's logarithm needs output bits for the logarithms of its inputs.");
    DYAD_ASSERT(x > 0);
    constexpr int sum_bits = OutputIntegerBits + 1;
    constexpr std::int32_t ln2 = 1488522236;               // 2^31 ln 2
    constexpr std::int32_t fourth_root_half = 1805811301;  // 2^31 2^(-1/4)
    constexpr std::int32_t root_half = 1518500250;         // 2^31 2^(-1/2)
    constexpr std::int32_t quarter = std::int32_t{1} << (29 - sum_bits);
    const auto leading_zeros = [](std::int32_t n) { return 32 - bit_width(static_cast<std::uint32_t>(n)); };
    // 1. r = x / 2^k or x / 2^(k - 1/2), whichever is smaller, and the exponent less or more a quarter to match.
    const int zeros = leading_zeros(x);
    const std::int32_t whole = saturating_shift_left(multiply(saturating_shift_left(x, zeros - 1), root_half), 1);
    const std::int32_t whole_exponent =
        saturating_add(saturating_shift_left(InputIntegerBits - zeros, 31 - sum_bits), quarter);
    const int headroom = leading_zeros(multiply(x, root_half)) - 1;
    const std::int32_t halved = saturating_shift_left(x, headroom);
    const std::int32_t halved_exponent =
        saturating_sub(saturating_shift_left(InputIntegerBits - headroom, 31 - sum_bits), quarter);
    const std::int32_t r = whole < halved ? whole : halved;
    const std::int32_t exponent = whole_exponent > halved_exponent ? whole_exponent : halved_exponent;
    // 2. ln(r / 2^(-1/4)) = n / (1 + d), q = 2 (r - 2^(-1/4)): coefficients 11/240 a, a/20, 2/a - a and a/4, a =
    // 2^(1/4).
    const std::int32_t p = gemmlowp::half_sum(r, fourth_root_half);
    const std::int32_t difference = gemmlowp::wrapping_sub(r, fourth_root_half);
    const std::int32_t q = wrapping_add(difference, difference);
    const std::int32_t square = multiply(q, q);
    const std::int32_t n = wrapping_add(multiply(q, r), multiply(multiply(q, square), 117049297));
    const std::int32_t d = wrapping_add(
        multiply(p, wrapping_add(wrapping_add(1057819769, q), multiply(127690142, square))), multiply(638450708, q));
    const std::int32_t log_r =
        multiply(gemmlowp::rescale<0, sum_bits>(n), gemmlowp::one_over_one_plus_x_for_x_in_0_1(d));
    // 3. One integer bit more than the result, because exponent * ln 2 may saturate.
    return gemmlowp::rescale<sum_bits, OutputIntegerBits>(wrapping_add(multiply(exponent, ln2), log_r));
}

}  // namespace dyad::inline v1::tflite
