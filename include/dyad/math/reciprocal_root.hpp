// SPDX-License-Identifier: Apache-2.0
// 1 / sqrt(m) of a normalized 64-bit integer: a table and three steps of Newton's iteration, integer-only.
// With u = m 2^-62 in [1, 4): y -> y (3 - u y^2) / 2, which takes a relative error e to -(3/2) e^2 + e^3 / 2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>

namespace dyad::inline v1 {

/// 2^16 / sqrt(u) in the middle of the interval (i + 64) / 64 <= u < (i + 65) / 64, cut: below 2^16.
inline constexpr auto reciprocal_root_seeds = [] {
    std::array<std::uint16_t, 192> seeds{};
    for (std::size_t i = 0; i < seeds.size(); ++i) {
        // (2^16)^2 64 / (i + 64 + 1/2) = 2^39 / (2 i + 129)
        seeds[i] = static_cast<std::uint16_t>(integer_sqrt((std::uint64_t{1} << 39) / (2 * i + 129)));
    }
    return seeds;
}();

/// 2^63 / sqrt(m 2^-62) for 2^62 <= m < 2^64, relative error below 2^-58 (reciprocal_root_test): the seed's, half an
/// interval's 2^-7 halved by the root and its own cut, is below 2^-7.9; then 2^-15.2, 2^-29.8 and 2^-59.0 by Newton,
/// and each of the cuts of the last step is below 2^-60.
[[nodiscard]] DYAD_HD constexpr std::uint64_t reciprocal_root(std::uint64_t m) noexcept {
    DYAD_ASSERT(m >> 62 != 0);
    std::uint64_t y = std::uint64_t{reciprocal_root_seeds[(m >> 56) - 64]} << 47;
    for (int step = 0; step < 3; ++step) {
        // y = 2^63 / sqrt(u): y^2 u is 2^62 / u * u 2^62 2^-64 = 2^60.
        const std::uint64_t rest = 3 * (std::uint64_t{1} << 60) - multiply_high(multiply_high(y, y), m);
        y = static_cast<std::uint64_t>((static_cast<uint128_t>(y) * rest) >> 61);
    }
    return y;
}

}  // namespace dyad::inline v1
