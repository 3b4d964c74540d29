// SPDX-License-Identifier: Apache-2.0
// 2^x in ten operations, a formula that AutoNumerics-Zero's evolution found:
//     f(x) = (c4 / (c1 / u + c2 + u) - c5)^8,    u = c3 / x + x,    0 < x <= 1.
// (It is e^t = 1 + 2 / (coth(t / 2) - 1) for t = x ln 2 / 8, with coth as a fraction of v = c / t + t.)
// Source: Real et al., "AutoNumerics-Zero: automated discovery of state-of-the-art mathematical functions", arXiv
// 2312.08472. The constants are our own, by Remez' algorithm (autonumerics_test computes them again): with the best
// real ones the relative error is at most 2.1918e-15, with the doubles below, the best whose c5 is a double, 2.274e-15
// (both in exact arithmetic); evaluated in double it is at most 4.0e-15, 9 units of 2^-51.
#pragma once

#include <bit>
#include <cstdint>

namespace dyad::inline v1 {

struct autonumerics_constants {
    double c1 = 0x1.d92f697fd3260p+13;
    double c2 = -0x1.f51aac378f084p+7;
    double c3 = 0x1.6978634c80c09p+12;
    double c4 = 0x1.f51aac37b3158p+8;
    double c5 = -0x1.ffffffffffffep-1;
};

/// f(x) for 0 < x <= 1; at 0 the formula divides by 0.
[[nodiscard]] constexpr double autonumerics_kernel(double x) noexcept {
    constexpr autonumerics_constants c{};
    const double u = c.c3 / x + x;
    const double eighth = c.c4 / (c.c1 / u + c.c2 + u) - c.c5;
    const double quarter = eighth * eighth;
    const double half = quarter * quarter;
    return half * half;
}

/// 2^x for every x, within 4.0e-15 of its value (or half of the smallest subnormal): 2^n f(x - n), n = floor(x). Exact
/// for whole x, so at 0 as well; infinity from 1024 on, 0 below -1075; NaN stays. Results are those of IEEE arithmetic
/// to nearest; with -ffast-math the last digits may differ.
[[nodiscard]] constexpr double autonumerics_exp2(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    constexpr std::uint64_t infinity = std::uint64_t{0x7ff} << 52;
    if ((bits & ~(std::uint64_t{1} << 63)) > infinity) return x;
    if (x >= 1024) return std::bit_cast<double>(infinity);
    if (x < -1075) return 0;
    const auto cut = static_cast<int>(x);
    const int n = static_cast<double>(cut) > x ? cut - 1 : cut;
    const double rest = x - static_cast<double>(n);
    // y 2^n, 1 <= y <= 2, rounded once: 2^n is a double, or half of one.
    const double y = rest == 0 ? 1.0 : autonumerics_kernel(rest);
    const int power = n < -1074 ? -1074 : n;
    const auto scale =
        power >= -1022 ? static_cast<std::uint64_t>(power + 1023) << 52 : std::uint64_t{1} << (power + 1074);
    return (n < -1074 ? y / 2 : y) * std::bit_cast<double>(scale);
}

}  // namespace dyad::inline v1
