// SPDX-License-Identifier: Apache-2.0
// erf and GELU to about 59 binary digits of 1 in 64-bit words: Taylor's series around the nearest multiple of 1/4,
//   erf(a + h) = erf a + sum b[n] h^(n+1) / (n + 1), with 2 / sqrt(pi) e^(-(a + h)^2) = sum b[n] h^n and
//   (n + 1) b[n + 1] = -2 (a b[n] + b[n - 1]).
// Source: the recurrence is that of Hermite's polynomials (NIST Digital Library of Mathematical Functions, 18.9.1).
//
// Errors, absolute, in units of 2^-62, with |h| <= 1/8: 17 coefficients leave 2^-68 (from Cramer's bound
// |H_n(x)| e^(-x^2/2) < 1.09 sqrt(2^n n!)); each step and each coefficient loses a unit, those behind the first with
// the weight of h: below 3; a cut argument 2.3 for each 2^-61. From 6.5 on erf is 1 within 2^-64.
//   erf     below 1/8 instead x times an alternating series in x^2, 9 terms leaving 2^-70: below 8 units of the last
//           digit; above, below 6 units of 2^-62
//   gelu    x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2 below 8 units of 2^-63, x / sqrt 2 cut twice
// narrow_functions_test measures them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/wide_constants.hpp>

namespace dyad::inline v1 {

/// 2 / sqrt(pi) with 63 fraction bits, cut.
inline constexpr auto two_over_sqrt_pi_q63 = static_cast<std::uint64_t>(wide_inverse_sqrt_pi.significand >> 64);

/// 27 centres k / 4, coefficients of h^0 to h^16 with 62 fraction bits, cut. A centre's series goes on to 24 terms at
/// h = 1/4, which leaves 2^-75, and that is the next centre: from erf 0 = 0 and its slope 2 / sqrt(pi) all others
/// follow. (Plain arrays: constant evaluation pays for every call of std::array's operator.)
struct erf_coefficients {
    std::int64_t c[17] = {};
};
inline constexpr auto erf_table_q62 = [] {
    constexpr int terms = 24;
    constexpr int digits = 120;  // |b| < 1.3, and 26 times it fits
    std::array<erf_coefficients, 27> table{};
    int128_t erf = 0;
    auto slope = static_cast<int128_t>(wide_inverse_sqrt_pi.significand >> 7);  // 2 / sqrt(pi)
    int centre = 0;
    for (erf_coefficients& row : table) {
        int128_t b[terms] = {slope, -centre * slope / 2};
        for (int n = 1; n + 1 < terms; ++n) b[n + 1] = -(centre * b[n] / 2 + 2 * b[n - 1]) / (n + 1);
        row.c[0] = static_cast<std::int64_t>(erf >> (digits - 62));
        for (int n = 1; n < 17; ++n) row.c[n] = static_cast<std::int64_t>((b[n - 1] / n) >> (digits - 62));
        int128_t rise = 0;
        slope = 0;
        for (int n = terms; n > 0; --n) {
            rise = b[n - 1] / n + rise / 4;
            slope = b[n - 1] + slope / 4;
        }
        erf += rise / 4;
        ++centre;
    }
    return table;
}();

/// The upper half of a signed 64 x 64 bit product.
[[nodiscard]] DYAD_HD constexpr std::int64_t signed_multiply_high(std::int64_t a, std::int64_t b) noexcept {
    return static_cast<std::int64_t>((static_cast<int128_t>(a) * b) >> 64);
}

/// erf y with 62 fraction bits for y with 61; y < 6.5.
[[nodiscard]] DYAD_HD constexpr std::uint64_t erf_q62(std::uint64_t y_q61) noexcept {
    const auto centre = (y_q61 + (std::uint64_t{1} << 58)) >> 59;
    const auto& c = erf_table_q62[centre].c;
    const auto h = static_cast<std::int64_t>((y_q61 - (centre << 59)) << 3);  // 64 fraction bits
    const std::int64_t square = signed_multiply_high(h, h);
    // Even and odd powers apart: two chains of half the length.
    std::int64_t even = c[16];
    std::int64_t odd = c[15];
    for (int n = 14; n > 0; n -= 2) {
        even = c[n] + signed_multiply_high(even, square);
        odd = c[n - 1] + signed_multiply_high(odd, square);
    }
    const std::int64_t sum = c[0] + signed_multiply_high(even, square) + signed_multiply_high(odd, h);
    constexpr std::int64_t one = std::int64_t{1} << 62;
    return static_cast<std::uint64_t>(sum < one ? sum : one);
}

/// erf of a number of any size, cut to 61 fraction bits.
[[nodiscard]] DYAD_HD constexpr std::uint64_t erf_of(narrow_real y) noexcept {
    constexpr std::uint64_t end = std::uint64_t{13} << 60;  // 6.5
    if (y.top_exponent() >= 3) return std::uint64_t{1} << 62;
    const std::uint64_t y_q61 = shift_right(y.digits, -(y.exponent + 61));
    return y_q61 >= end ? std::uint64_t{1} << 62 : erf_q62(y_q61);
}

/// 1 / (n! (2n + 1)) with 63 fraction bits, cut.
inline constexpr auto erf_series_q63 = [] {
    std::array<std::uint64_t, 9> c{};
    std::uint64_t factorial = 1;
    for (std::size_t n = 0; n < c.size(); ++n) {
        c[n] = (std::uint64_t{1} << 63) / (factorial * (2 * n + 1));
        factorial *= n + 1;
    }
    return c;
}();

/// erf of x > 0.
[[nodiscard]] DYAD_HD constexpr narrow_result erf_narrow(narrow_real x) noexcept {
    if (x.top_exponent() >= -3) return {erf_of(x), -62, 8};
    const auto y = static_cast<std::uint64_t>(fixed_q64(x));
    const std::uint64_t sum = narrow_alternating_series(erf_series_q63, multiply_high(y, y));
    const std::uint64_t slope = multiply_high(sum, two_over_sqrt_pi_q63);  // 62 fraction bits
    return {multiply_high(x.digits, slope), x.exponent + 2, 8};
}

/// x Phi(x), x or -x if `negative`.
[[nodiscard]] DYAD_HD constexpr narrow_result gelu_narrow(narrow_real x, bool negative) noexcept {
    constexpr auto sqrt_half = static_cast<std::uint64_t>(sqrt2_q127 >> 64);  // 64 fraction bits
    constexpr std::uint64_t one = std::uint64_t{1} << 62;
    const std::uint64_t erf = erf_of(normalized(multiply_high(x.digits, sqrt_half), x.exponent));
    narrow_result result = times(x, {negative ? one - erf : one + erf, -63, 12});
    result.negative = negative;
    return result;
}

}  // namespace dyad::inline v1
