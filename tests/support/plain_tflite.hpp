// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's int8 arithmetic in plain integers, one number at a time: what the library must equal. Written from
// the published formulas alone, without the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace plain_tflite {

enum class rounds : std::uint8_t { twice, once };

/// QuantizeMultiplier: value = m * 2^(e - 31).
struct fraction {
    std::int64_t m = 0;
    int e = 0;
};
inline fraction quantize_multiplier(double value) {
    int e = 0;
    const double q = std::frexp(value, &e);
    auto m = static_cast<std::int64_t>(std::round(q * 0x1p31));
    if (m == std::int64_t{1} << 31) m /= 2, ++e;
    if (e < -31) return {0, 0};
    return {m, e};
}

/// SaturatingRoundingDoublingHighMul and RoundingDivideByPOT.
inline std::int64_t doubling_high(std::int64_t a, std::int64_t b) {
    if (a == b && a == std::numeric_limits<std::int32_t>::min()) return std::numeric_limits<std::int32_t>::max();
    const std::int64_t product = a * b;
    const std::int64_t nudge = product >= 0 ? std::int64_t{1} << 30 : 1 - (std::int64_t{1} << 30);
    return (product + nudge) / (std::int64_t{1} << 31);
}
inline std::int64_t divide(std::int64_t x, int exponent) {
    const std::int64_t mask = (std::int64_t{1} << exponent) - 1;
    const std::int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}
/// MultiplyByQuantizedMultiplier.
inline std::int64_t multiply(std::int64_t x, const fraction& f, rounds how) {
    if (how == rounds::once) return (x * f.m + (std::int64_t{1} << (30 - f.e))) >> (31 - f.e);
    return divide(doubling_high(x * (std::int64_t{1} << std::max(f.e, 0)), f.m), std::max(-f.e, 0));
}

struct interval {
    std::int64_t low = -128;
    std::int64_t high = 127;
};
/// The codes of bounds of a fused activation.
inline interval activation_range(float low, float high, float scale, std::int32_t zero) {
    const auto code = [&](float v, std::int64_t otherwise) {
        return std::isinf(v) ? otherwise : zero + static_cast<std::int64_t>(std::round(v / scale));
    };
    return {std::max<std::int64_t>(-128, code(low, -128)), std::min<std::int64_t>(127, code(high, 127))};
}

/// ADD of int8: x and y with scales and zero points to z's.
struct quantized {
    float scale;
    std::int32_t zero;
};
inline std::int8_t add(std::int8_t x, std::int8_t y, quantized qx, quantized qy, quantized qz, rounds how) {
    const auto twice = 2 * static_cast<double>(std::max(qx.scale, qy.scale));
    const fraction mx = quantize_multiplier(static_cast<double>(qx.scale) / twice);
    const fraction my = quantize_multiplier(static_cast<double>(qy.scale) / twice);
    const fraction mz = quantize_multiplier(twice / (0x1p20 * static_cast<double>(qz.scale)));
    const std::int64_t a = multiply(std::int64_t{x - qx.zero} * (1 << 20), mx, how);
    const std::int64_t b = multiply(std::int64_t{y - qy.zero} * (1 << 20), my, how);
    return static_cast<std::int8_t>(std::clamp<std::int64_t>(multiply(a + b, mz, how) + qz.zero, -128, 127));
}

/// e^x of gemmlowp with five integer bits, and 1 / (1 + x) with none.
inline std::int64_t exp_negative(std::int64_t a) {
    if (a == 0) return std::numeric_limits<std::int32_t>::max();
    const std::int64_t quarter = std::int64_t{1} << 24;
    const std::int64_t below = (a & (quarter - 1)) - quarter;
    const std::int64_t rest = below - a;
    const std::int64_t x = below * 32 + (std::int64_t{1} << 28);
    const std::int64_t x2 = doubling_high(x, x);
    const std::int64_t x3 = doubling_high(x2, x);
    const std::int64_t x4 = doubling_high(x2, x2);
    const std::int64_t tail = divide(doubling_high(divide(x4, 2) + x3, 715827883) + x2, 1);
    std::int64_t y = 1895147668 + doubling_high(1895147668, x + tail);
    constexpr std::int64_t barrel[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    for (int i = 0; i < 7; ++i) {
        if ((rest >> (24 + i) & 1) != 0) y = doubling_high(y, barrel[i]);
    }
    return y;
}
inline std::int64_t one_over_one_plus(std::int64_t a) {
    const std::int64_t half = (a + std::numeric_limits<std::int32_t>::max() + 1) / 2;
    std::int64_t x = 1515870810 + doubling_high(half, -1010580540);
    for (int i = 0; i < 3; ++i) x += doubling_high(x, (std::int64_t{1} << 29) - doubling_high(half, x)) * 4;
    return std::min<std::int64_t>(x * 2, std::numeric_limits<std::int32_t>::max());
}

inline std::vector<std::int8_t> softmax(const std::vector<std::int8_t>& x, float scale, rounds how) {
    const double cap = how == rounds::once ? 0x1p30 - 1 : 0x1p31 - 1;
    const fraction f = quantize_multiplier(std::min(static_cast<double>(scale) * 0x1p26, cap));
    const auto least = -static_cast<std::int64_t>(std::floor(31.0 * 0x1p26 / std::ldexp(1.0, f.e)));
    const std::int64_t max = *std::max_element(x.begin(), x.end());
    std::vector<std::int64_t> e;
    std::int64_t sum = 0;
    for (const std::int64_t code : x) {
        const std::int64_t d = code - max;
        e.push_back(d >= least ? exp_negative(multiply(d, f, how)) : 0);
        sum += divide(e.back(), 12);
    }
    int zeros = 0;
    while ((sum << zeros & std::int64_t{1} << 31) == 0) ++zeros;
    const std::int64_t r = one_over_one_plus((sum << zeros) - (std::int64_t{1} << 31));
    std::vector<std::int8_t> y;
    for (const std::int64_t term : e) {
        const std::int64_t code = divide(doubling_high(r, term), 12 - zeros + 31 - 8) - 128;
        y.push_back(static_cast<std::int8_t>(std::clamp<std::int64_t>(code, -128, 127)));
    }
    return y;
}

}  // namespace plain_tflite
