// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's tables for 16-bit codes: exp on [-10, 0] and 1 / (1 + x) on [0, 1] in 512 steps, and the sigmoid in
// steps of 1/24, with their interpolations.
// Source: TensorFlow Lite, kernels/internal/common.h and reference/integer_ops/{logistic,tanh}.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1::tflite {

/// 512 steps over all 16-bit codes, and the value behind the last.
using table16 = std::array<std::int16_t, 513>;

/// The entries for a function given at 1025 points, the ends and middles of the 512 steps, with 63 fraction bits and at
/// most 1. An entry is the value there in units of 2^-15, less half of what the straight line through the ends is wrong
/// by in the middle: each of these roundings is to nearest, ties away from zero. 1 becomes 2^15 - 1.
[[nodiscard]] DYAD_HD constexpr table16 make_table16(const std::array<std::uint64_t, 1025>& points) noexcept {
    table16 table{};
    for (std::size_t i = 0; i <= 512; ++i) {
        const std::uint64_t sample = (points[2 * i] + (std::uint64_t{1} << 47)) >> 48;
        auto entry = static_cast<std::int64_t>(sample);
        if (i < 512) {
            const uint128_t ends = static_cast<uint128_t>(points[2 * i + 2]) + (static_cast<uint128_t>(sample) << 48);
            const auto line = static_cast<std::int64_t>((ends + (std::uint64_t{1} << 48)) >> 49);
            const auto middle = static_cast<std::int64_t>((points[2 * i + 1] + (std::uint64_t{1} << 47)) >> 48);
            const std::int64_t high = line - middle;
            entry -= (high + (high >= 0 ? 1 : -1)) / 2;
        }
        table[i] = static_cast<std::int16_t>(entry > 32767 ? 32767 : entry);
    }
    return table;
}

/// round(2^15 e^x) at x = -10 + 10 i / 512: powers of e^(-10/1024), each rounded down by less than 2^-62.
inline constexpr table16 exp_table = [] {
    std::array<std::uint64_t, 1025> points{};
    std::uint64_t power = std::uint64_t{1} << 63;
    for (std::size_t i = 1025; i-- > 0;) {
        points[i] = power;
        power = static_cast<std::uint64_t>((static_cast<uint128_t>(power) * 0xfd83'1d66'f530'015a) >> 64);
    }
    return make_table16(points);
}();

/// round(2^15 / (1 + x)) at x = i / 512.
inline constexpr table16 reciprocal_table = [] {
    std::array<std::uint64_t, 1025> points{};
    for (std::uint64_t i = 0; i < 1025; ++i) points[i] = static_cast<std::uint64_t>((uint128_t{1} << 73) / (1024 + i));
    return make_table16(points);
}();

/// The same as TensorFlow Lite Micro makes it, in single precision: two entries are one off. (Its exp_table is the
/// same.)
inline constexpr table16 micro_reciprocal_table = [] {
    table16 table = reciprocal_table;
    --table[160];
    ++table[294];
    return table;
}();

/// LUTLookup: nine bits choose the step, seven interpolate, rounded half up. The entries lie 65535/512 codes apart, the
/// interpolation takes them for 128: exp is within 6.41 units of 2^-15 therefore, exp(0) 32762, and 1 / (1 + x) within
/// 1.43 (tflite_tables_test).
[[nodiscard]] DYAD_HD constexpr std::int16_t interpolate(const table16& table, std::int16_t x) noexcept {
    const auto step = static_cast<std::size_t>(256 + (x >> 7));
    const int base = table[step];
    return static_cast<std::int16_t>(base + (((table[step + 1] - base) * (x & 127) + 64) >> 7));
}

/// The sigmoid at i / 24 in units of 2^-16, as published: 0.5 below to 1.1 above the exact values, which no rounding
/// gives (tflite_tables_test).
inline constexpr std::array<std::uint16_t, 256> sigmoid_table{
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/// The sigmoid of x >= 0 in units of 2^-(16 + Fraction), x in units of 2^-Fraction / 24; `end` from 255/24 on.
template <int Fraction>
[[nodiscard]] DYAD_HD constexpr std::int32_t interpolated_sigmoid(std::uint32_t x, std::int32_t end) noexcept {
    const std::uint32_t step = x >> Fraction;
    if (step >= 255) return end;
    const std::int32_t base = sigmoid_table[step];
    const std::int32_t slope = sigmoid_table[step + 1] - base;
    return base * (1 << Fraction) + slope * static_cast<std::int32_t>(x & low_mask<std::uint32_t>(Fraction));
}

/// 2^15 sigmoid(x / (24 * 512)), rounded half up for x >= 0 and half down below: 2^15 - sigmoid(-x) but for saturation.
[[nodiscard]] DYAD_HD constexpr std::int16_t sigmoid16(std::int32_t x) noexcept {
    const std::int32_t y = interpolated_sigmoid<9>(magnitude(x), 0x7fff << 10);
    return static_cast<std::int16_t>((x >= 0 ? y + 512 : (1 << 25) - y + 511) >> 10);
}

/// 2^15 tanh(x / (24 * 512)), as 2 sigmoid(2 x) - 1 with the same table.
[[nodiscard]] DYAD_HD constexpr std::int16_t tanh16(std::int32_t x) noexcept {
    const std::int32_t y = interpolated_sigmoid<8>(magnitude(x), 0xffff << 8) - (1 << 23);
    return static_cast<std::int16_t>((x >= 0 ? y + 128 : -y + 127) >> 8);
}

}  // namespace dyad::inline v1::tflite
