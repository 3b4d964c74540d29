// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's logistic, tanh and L2 normalization of integer codes, bit for bit: its reference kernels, and the
// parameters that it derives from the scales.
// Source: TensorFlow Lite, kernels/activations.cc, kernels/internal/reference/integer_ops/{logistic,tanh,
// l2normalization}.h, and the same of TensorFlow Lite Micro.
//
//               codes                        TensorFlow Lite Micro   TensorFlow Lite (desktop), either resolver
//   logistic    int8, scale 1/256, zero -128 logistic()              float_activation(): a table by float arithmetic
//   tanh        int8, scale 1/128, zero 0    tanh()                  float_activation()
//   both        int16, scale 2^-15, zero 0   the same                the reference resolver the same; the optimized
//   one,
//                                                                    where the scale is a power of two, calls
//                                                                    gemmlowp::logistic<3> and tanh<3> on 16 bits
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/gemmlowp.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/tflite_functions.hpp>
#include <dyad/math/tflite_tables.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::tflite {

/// Is this scale a positive finite number? (By its bits: no compiler flag takes this away.)
[[nodiscard]] constexpr bool is_scale(float scale) noexcept {
    const unpacked x = unpack(scale);
    return x.kind == number_class::finite && !x.negative;
}

// --- 8 bits ---

/// What Prepare makes of the scale and the zero point of an 8-bit argument: its codes go to words with 4 integer bits,
/// multiplied by scale * 2^27, which a float gives exactly. Codes of `radius` and more from zero count as infinite. The
/// published radius has the power of two of the multiplier only: it cuts where x is 7.5 to 15, and sooner for coarse
/// scales, as it is rounded down. From scale 4 on a result is off by up to 4.6 codes; from 8 on the radius is 0, and
/// logistic(0) gives 0 and tanh(0) gives -1 (tflite_rows_test).
struct activation_parameters {
    multiplier input{};
    std::int32_t radius = 0;
    std::int32_t zero_point = 0;
    requantization mode = requantization::gemmlowp_double;  ///< single_half_up: TFLITE_SINGLE_ROUNDING

    /// Scales from 2^-28, half a unit of the wide words; the published code shifts by a negative number below.
    constexpr status set(float scale, std::int8_t zero,
                         requantization rounding_mode = requantization::gemmlowp_double) noexcept {
        if (!is_scale(scale)) return status::scale_not_positive;
        unpacked x = unpack(scale);
        x.exponent += 27;
        const multiplier m = multiplier::nearest(x);
        if (m.exponent < -31) return status::scale_unsupported;
        *this = {m, input_radius(4, m), zero, rounding_mode};
        return status::ok;
    }
    [[nodiscard]] constexpr bool usable() const noexcept { return input.significand > 0; }
};

/// 256 sigmoid(x) - 128 for an int8 code: within 0.5001 of a code for scales up to 1 (tflite_rows_test).
[[nodiscard]] constexpr std::int8_t logistic(std::int8_t code, const activation_parameters& p) noexcept {
    const std::int32_t x = code - p.zero_point;
    if (x <= -p.radius) return -128;
    if (x >= p.radius) return 127;
    const std::int32_t y = gemmlowp::logistic<4>(requantize(x, p.input, p.mode));
    return saturating_cast<std::int8_t>(gemmlowp::divide_by_power_of_two(y, 23) - 128);
}

/// 128 tanh(x) for an int8 code: the same bound.
[[nodiscard]] constexpr std::int8_t tanh(std::int8_t code, const activation_parameters& p) noexcept {
    const std::int32_t x = code - p.zero_point;
    if (x <= -p.radius) return -128;
    if (x >= p.radius) return 127;
    const std::int32_t y = gemmlowp::tanh<4>(requantize(x, p.input, p.mode));
    return saturating_cast<std::int8_t>(gemmlowp::divide_by_power_of_two(y, 24));
}

/// One entry of the 256 that TensorFlow Lite tabulates for an 8-bit function, in the order of its float operations:
/// round(f(in_scale (code - in_zero)) * (1 / out_scale)), ties away from zero, plus out_zero, clamped. `f` takes and
/// gives a float; where the published code calls the C library (exp, tanh, erf), any f good to a few units of the last
/// place gives the same codes but for ties within 1e-6. All steps are integer arithmetic here, whatever the flags.
template <std::integral Code, class Function>
    requires(sizeof(Code) == 1)
[[nodiscard]] constexpr Code float_activation(Code code, float in_scale, std::int32_t in_zero, float out_scale,
                                              std::int32_t out_zero, const Function& f) noexcept {
    const auto wide = [](auto x) { return resize<uint128_t>(unpack(x)); };
    const auto rounded = [](const auto& x) { return pack_as<float>(x, rounding::nearest_even, saturation::none); };
    const float inverse = rounded(quotient(wide(1.0f), wide(out_scale)));
    const float x = rounded(exact_product(wide(in_scale), wide(std::int32_t{code} - in_zero)));
    const float y = rounded(exact_product(wide(f(x)), wide(inverse)));
    const auto whole = pack_as<std::int32_t>(unpack(y), rounding::nearest_away, saturation::none);
    return saturating_cast<Code>(std::int64_t{whole} + out_zero);
}

// --- 16 bits ---

/// What Prepare makes of the scale of a 16-bit argument (zero point 0): codes times multiplier * 2^-shift, rounded half
/// up, are in the table's steps of 1/(24 * 512). The multiplier has 15 bits and is cut, not rounded: up to 1/16384 low.
/// A scale within 0.07 % of 2^-12 (for tanh 2^-11 too) is taken for it.
struct activation16_parameters {
    std::int32_t multiplier = 0;
    int shift = 0;

    constexpr status set_logistic(float scale) noexcept { return set(scale, 0); }
    constexpr status set_tanh(float scale) noexcept { return set(scale, 1); }
    [[nodiscard]] constexpr bool usable() const noexcept { return multiplier > 0; }

private:
    constexpr status set(float scale, int most_left) noexcept {
        if (!is_scale(scale)) return status::scale_not_positive;
        // 1. |log2f(scale) - round| < 0.001f in float: these bounds are where glibc's logarithm puts them.
        if (scale >= 0x1.ffa538p-13f && scale <= 0x1.002d6ap-12f) return accept(3, 0);
        if (most_left == 1 && scale >= 0x1.ffa53p-12f && scale <= 0x1.002d6ep-11f) return accept(6, 0);
        // 2. scale * 3 * 4096 doubled until it has 15 bits; a float leaves room for all of it in a double.
        double m = static_cast<double>(scale) * 12288;
        if (!(m < 32768)) return status::scale_unsupported;
        int doublings = 0;
        for (; m <= 16383.5 && doublings < 31; ++doublings) m *= 2;
        if (m < 1) return status::scale_unsupported;
        return accept(static_cast<std::int32_t>(m), doublings);
    }
    constexpr status accept(std::int32_t m, int right) noexcept {
        multiplier = m;
        shift = right;
        return status::ok;
    }
};

/// The code in steps of the table.
[[nodiscard]] constexpr std::int32_t table_steps(std::int16_t code, const activation16_parameters& p) noexcept {
    const std::int32_t half = p.shift > 0 ? std::int32_t{1} << (p.shift - 1) : 0;
    return static_cast<std::int32_t>((std::int64_t{code} * p.multiplier + half) >> p.shift);
}
/// 2^15 sigmoid(x): within 1.34 codes (tflite_rows_test), but for scales just off a power of two: 4.6.
[[nodiscard]] constexpr std::int16_t logistic(std::int16_t code, const activation16_parameters& p) noexcept {
    return sigmoid16(table_steps(code, p));
}
/// 2^15 tanh(x): within 2.74 codes (tflite_rows_test), but for scales just off a power of two: 8.7.
[[nodiscard]] constexpr std::int16_t tanh(std::int16_t code, const activation16_parameters& p) noexcept {
    return tanh16(table_steps(code, p));
}

// --- rows ---

/// dst = f(src), raw code for raw code.
template <class In, class Out, class Function>
status for_each_code(matrix_view<const In> src, matrix_view<Out> dst, const Function& f) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    for (index i = 0; i < src.extent[0]; ++i) {
        for (index j = 0; j < src.extent[1]; ++j) dst(i, j) = Out::from_raw(f(src(i, j).raw()));
    }
    return status::ok;
}

/// The same through the 256 results of f where there are many codes.
template <class Function>
status for_each_int8(matrix_view<const int8> src, matrix_view<int8> dst, const Function& f) noexcept {
    const index rows = src.extent[0];
    const index columns = src.extent[1];
    if (rows < 256 && columns < 256 && (rows < 16 || columns < 16)) return for_each_code(src, dst, f);
    std::array<std::int8_t, 256> results{};
    for (int c = -128; c < 128; ++c) results[static_cast<std::size_t>(c + 128)] = f(static_cast<std::int8_t>(c));
    return for_each_code(src, dst, [&](std::int8_t c) noexcept { return results[static_cast<std::size_t>(c + 128)]; });
}

inline status logistic(matrix_view<const int8> src, const activation_parameters& p, matrix_view<int8> dst) noexcept {
    if (!p.usable()) return status::parameters_not_usable;
    return for_each_int8(src, dst, [&p](std::int8_t x) noexcept { return logistic(x, p); });
}
inline status tanh(matrix_view<const int8> src, const activation_parameters& p, matrix_view<int8> dst) noexcept {
    if (!p.usable()) return status::parameters_not_usable;
    return for_each_int8(src, dst, [&p](std::int8_t x) noexcept { return tanh(x, p); });
}
inline status logistic(matrix_view<const int16> src, const activation16_parameters& p,
                       matrix_view<int16> dst) noexcept {
    if (!p.usable()) return status::parameters_not_usable;
    return for_each_code(src, dst, [&p](std::int16_t x) noexcept { return logistic(x, p); });
}
inline status tanh(matrix_view<const int16> src, const activation16_parameters& p, matrix_view<int16> dst) noexcept {
    if (!p.usable()) return status::parameters_not_usable;
    return for_each_code(src, dst, [&p](std::int16_t x) noexcept { return tanh(x, p); });
}

/// Each row over its Euclidean norm: int8 codes of any scale with this zero point, results of scale 1/128 and zero
/// point 0. A row of zeros stays 0. Up to 33 000 columns: the sum of squares has 31 bits.
inline status l2_normalization(matrix_view<const int8> src, std::int8_t zero_point, matrix_view<int8> dst,
                               requantization mode = requantization::gemmlowp_double) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    if (src.extent[1] > word_max<std::int32_t>() / (255 * 255)) return status::k_exceeds_accumulator;
    for (index i = 0; i < src.extent[0]; ++i) {
        std::int32_t sum = 0;
        for (index j = 0; j < src.extent[1]; ++j) {
            const std::int32_t x = src(i, j).raw() - zero_point;
            sum += x * x;
        }
        multiplier m = inverse_sqrt(sum);
        m.exponent += 7;
        for (index j = 0; j < src.extent[1]; ++j) {
            dst(i, j) = int8::saturating_from_raw(requantize(src(i, j).raw() - zero_point, m, mode));
        }
    }
    return status::ok;
}

}  // namespace dyad::inline v1::tflite
