// SPDX-License-Identifier: Apache-2.0
// e^-(s d) for integers d with 43 fraction bits: six products of 32 bits by 32 bits, two of them for the exponent, none
// of 64 bits by 64, so that vectors of 64-bit lanes can do it.
//
//   t = s d log2 e = q + i/16 + u/16 with integers q, 0 <= i < 16, and 0 <= u < 1;   e^-(s d) = 2^-q 2^(-i/16) (1 - y),
//   y = 1 - 2^(-u/16) = a u - a^2/2 u^2 + a^3/6 u^3 - a^4/24 u^4 + ..., a = ln 2 / 16.
//
// Errors, relative to e^-(s d), in units of 2^-36:
//   s log2 e is rounded to 48 digits    t < 44 wherever the result is not 0: 44 ln 2 2^-48, below 0.01
//   t is cut to 36 fraction bits        ln 2 = 0.7, high
//   the series ends at u^4              with coefficients of the best approximation, rounded to 36 bits: 0.72
//   cuts of y's four products           of alternating sign: below 2; with the line before, times 2^(1/16): 2.9
//   2^(-i/16) cut to 31 bits, times y   2^-31 0.0424 / 0.52: 2.7
// Below 7 units together, so below 2^-33; then the shift by q cuts less than 2^-43. exp_q43_test measures both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/number/arithmetic.hpp>

namespace dyad::inline v1 {

/// t = (d * digits) >> shift, with 36 fraction bits: digits of 48 bits, shift from 6 to 63.
struct exp_q43_step {
    std::uint64_t digits = 0;
    int shift = 63;

    /// s log2 e, for a positive s of at most 64 digits. From 64 on it is 64, where e^-s is 0 already; below about
    /// 2^-54 it is 0, where e^-(s d) is 1 for every d of 16 bits.
    [[nodiscard]] DYAD_HD static constexpr exp_q43_step from(const unpacked& s) noexcept {
        const uint128_t product = static_cast<uint128_t>(s.significand) * log2_e_q63;  // 64 digits at least
        const int excess = bit_width(product) - 48;
        auto digits = static_cast<std::uint64_t>(round_shift_right(product, excess, false, rounding::nearest_even));
        // fraction bits of `digits`; a carry to 2^48 is exact in 47 digits
        std::int64_t fraction = 63 - std::int64_t{s.exponent} - excess;
        if (digits >> 48 != 0) {
            digits >>= 1;
            --fraction;
        }
        if (fraction < 42) return {(std::uint64_t{1} << 48) - 1, 6};
        if (fraction > 63 + 36) return {0, 63};
        return {digits, static_cast<int>(fraction - 36)};
    }
};

/// 2^60 2^(-i/16), rounded to nearest.
inline constexpr std::array<std::uint64_t, 16> exp_q43_powers = [] {
    std::array<std::uint64_t, 16> powers{};
    for (unsigned i = 0; i < 16; ++i) {
        const unpacked_wide p = exp2_wide(unpacked_wide::finite(true, i, -4));
        const unpacked_wide q60 = i == 0 ? wide_one : p;
        const int down = -(q60.exponent + 60);
        powers[i] = static_cast<std::uint64_t>(
            down <= 0 ? q60.significand << -down
                      : round_shift_right(q60.significand, down, false, rounding::nearest_even));
    }
    return powers;
}();

/// y = u (c1 - u (c2 - u (c3 - u c4))), 36 fraction bits.
inline constexpr std::array<std::uint32_t, 4> exp_q43_series{2977044466, 64485254, 931028, 9875};

/// 2^43 e^-(s d), for d of 16 bits: |error| < 2^-33 e^-(s d) 2^43 + 1, and exactly 2^43 for d = 0.
[[nodiscard]] DYAD_HD constexpr std::uint64_t exp_q43(exp_q43_step s, std::uint32_t d) noexcept {
    DYAD_ASSERT(d < 0x1'0000);
    const std::uint64_t t = (d * s.digits) >> s.shift;
    const std::uint64_t u = t & 0xffff'ffff;
    const auto& c = exp_q43_series;
    std::uint64_t y = c[2] - ((u * c[3]) >> 32);
    y = c[1] - ((u * y) >> 32);
    y = c[0] - ((u * y) >> 32);
    y = (u * y) >> 32;
    const std::uint64_t power = exp_q43_powers[static_cast<std::size_t>((t >> 32) & 15)];
    const std::uint64_t m = power - (((power >> 29) * y) >> 7);
    const std::uint64_t q = t >> 36;
    return q > 43 ? 0 : m >> (q + 17);
}

}  // namespace dyad::inline v1
