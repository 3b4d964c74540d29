// SPDX-License-Identifier: Apache-2.0
// 1 / x, sqrt x and 1 / sqrt x to about 59 binary digits in 64-bit words: r <- r (1 + e/2 + 3 e^2 / 8) with
// e = 1 - m r^2, twice from a table, where 1 <= m < 4.
// Source: the iteration is the binomial series of (1 - e)^(-1/2) (Muller, "Elementary functions", chapter 11).
//
// Errors: the table is off by 2^-8 at most, relatively, e then by 2^-7; a step leaves 5/2 of the error's cube (5/16 of
// e's): 2^-22.6, then 2^-66. The last e is known to 2^-59, half of which shows in r: below 10 units of 2^-63, which is
// r's last place; sqrt x = m r below 34 units of 2^-62. narrow_functions_test measures them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/narrow_real.hpp>

namespace dyad::inline v1 {

/// 1 / sqrt of the middles of 64 intervals in each unit from 1 to 4, with 28 fraction bits.
inline constexpr auto rsqrt_table_q28 = [] {
    std::array<std::uint32_t, 192> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = integer_sqrt((std::uint64_t{1} << 63) / (2 * (i + 64) + 1));  // m = (2 (i + 64) + 1) / 128
    }
    return table;
}();

/// x = m 4^k, and 1 / sqrt m.
struct narrow_root {
    std::uint64_t m_q62 = 0;
    std::uint64_t rsqrt_q63 = 0;
    int k = 0;
};
[[nodiscard]] DYAD_HD constexpr narrow_root rsqrt_parts(narrow_real x) noexcept {
    const int odd = x.top_exponent() & 1;
    const std::uint64_t m = odd != 0 ? x.digits : x.digits >> 1;
    // 1. In words of 30 bits.
    const std::uint64_t start = rsqrt_table_q28[(m >> 56) - 64];
    const std::uint64_t square = (start * start) >> 26;  // 30 fraction bits
    const auto rough = static_cast<std::int64_t>((std::uint64_t{1} << 60) - (m >> 32) * square) >> 30;
    const std::int64_t correction = rough / 2 + ((3 * rough * rough) >> 33);
    const std::uint64_t r = (start * ((std::uint64_t{1} << 30) + static_cast<std::uint64_t>(correction))) << 5;
    // 2. In words of 64: e with 60 fraction bits, below 2^-20.
    const auto e = static_cast<std::int64_t>((std::uint64_t{1} << 60) - multiply_high(m, multiply_high(r, r)));
    const std::int64_t e_q40 = e >> 20;
    const std::int64_t change = e / 2 + ((3 * e_q40 * e_q40) >> 23);
    const auto step = static_cast<std::int64_t>((static_cast<int128_t>(r) * change) >> 60);
    return {m, r + static_cast<std::uint64_t>(step), (x.top_exponent() - odd) / 2};
}

[[nodiscard]] DYAD_HD constexpr narrow_result reciprocal_narrow(narrow_real x, bool negative) noexcept {
    return {narrow_quotient(uint128_t{1} << 126, x.digits), -126 - x.exponent, 1, negative};
}

[[nodiscard]] DYAD_HD constexpr narrow_result sqrt_narrow(narrow_real x) noexcept {
    const narrow_root root = rsqrt_parts(x);
    return {static_cast<std::uint64_t>((static_cast<uint128_t>(root.m_q62) * root.rsqrt_q63) >> 63), root.k - 62, 40};
}

[[nodiscard]] DYAD_HD constexpr narrow_result rsqrt_narrow(narrow_real x) noexcept {
    const narrow_root root = rsqrt_parts(x);
    return {root.rsqrt_q63, -root.k - 63, 16};
}

}  // namespace dyad::inline v1
