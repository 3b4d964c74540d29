// SPDX-License-Identifier: Apache-2.0
// IndexSoftmax of IntAttention: exponentials of 8 bits from a table of 32, indexed by the distance from the maximum.
//   c_int = 6.6 / S,  i = floor(31 min(d, c_int) / c_int),  E = round(255 exp(-6.6 i / 31)), the last one 0
//   P = round(255 E / sum E)
// Source: Zhong et al., "IntAttention", MLSys 2026 (arXiv 2511.21513), and the simulation in its code: int32 distances,
// quotients in float32. The paper rounds c_int, its code truncates it, after three float32 divisions.
// Left as published: exp is off by up to .19 (the index is cut), against .10 by the nearest index.
#pragma once

#include <array>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/carried.hpp>

namespace dyad::inline v1::index_softmax {

inline constexpr std::array<std::uint8_t, 32> exponentials{255, 206, 167, 135, 109, 88, 71, 57, 46, 38, 30,
                                                           25,  20,  16,  13,  10,  8,  7,  6,  4,  4,  3,
                                                           2,   2,   2,   1,   1,   1,  1,  1,  0,  0};

/// Offline, as the code has it: scales of the two factors, and 1 / sqrt(width). 0: not usable.
[[nodiscard]] DYAD_HD constexpr std::int32_t threshold(float q_scale, float k_scale, float scale) noexcept {
    if (!is_positive_finite(q_scale) || !is_positive_finite(k_scale) || !is_positive_finite(scale)) return 0;
    const carried32 first = reciprocal(carried32::from_float(q_scale)) * carried32::from_float(6.6);
    const carried32 c = first / carried32::from_float(k_scale) / carried32::from_float(scale);
    return saturating_cast<std::int32_t>(c.truncated());
}
/// Offline, as the paper has it: round(6.6 / S), S the scale of a difference of codes.
[[nodiscard]] DYAD_HD constexpr std::int32_t threshold_paper(float scale) noexcept {
    if (!is_positive_finite(scale)) return 0;
    const carried64 s = carried64::from_float(scale);
    return saturating_cast<std::int32_t>((carried64::from_float(6.6) / s).nearest());
}

/// Thresholds for which 31 d is an int32; beyond, the published product wraps to a negative index.
inline constexpr std::int32_t largest_threshold = 0x7fff'ffff / 31;

/// d = max - x >= 0, 0 < threshold <= largest_threshold.
[[nodiscard]] DYAD_HD constexpr int index_of(std::int64_t d, std::int32_t threshold) noexcept {
    const std::int64_t near = d < threshold ? d : threshold;
    return static_cast<int>((carried32::from(31 * near) / carried32::from(threshold)).truncated());
}
/// round(255 E / sum), to even, of a float32 quotient.
[[nodiscard]] DYAD_HD constexpr std::int32_t share(std::int32_t e, std::int64_t sum) noexcept {
    return static_cast<std::int32_t>((carried32::from(255 * std::int64_t{e}) / carried32::from(sum)).nearest());
}

/// Mended: the nearest index, and the exact quotient half up.
[[nodiscard]] DYAD_HD constexpr int index_of_mended(std::int64_t d, std::int32_t threshold) noexcept {
    const std::int64_t near = d < threshold ? d : threshold;
    return static_cast<int>((62 * near + threshold) / (2 * std::int64_t{threshold}));
}
[[nodiscard]] DYAD_HD constexpr std::int32_t share_mended(std::int32_t e, std::int64_t sum) noexcept {
    return static_cast<std::int32_t>((510 * std::int64_t{e} + sum) / (2 * sum));
}

}  // namespace dyad::inline v1::index_softmax
