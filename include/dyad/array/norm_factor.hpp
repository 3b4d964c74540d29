// SPDX-License-Identifier: Apache-2.0
// The factor of a row, by which a normalization multiplies x_i - mean: r = n / sqrt(V) or n^2 / A, as an integer of 31
// bits. Integer-only.
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/scalar/norm.hpp>
#include <dyad/math/reciprocal_root.hpp>

namespace dyad::inline v1 {

/// digits * 2^exponent.
struct norm_long_factor {
    uint128_t digits = 0;
    int exponent = 0;
};

/// n / sqrt(v 2^-64) for v > 0, relative error below 2^-57: v is cut to 63 bits or more, the root is within 2^-58.
[[nodiscard]] constexpr norm_long_factor norm_over_root(std::uint64_t n, uint128_t v) noexcept {
    DYAD_ASSERT(v != 0);
    const int up = (128 - bit_width(v)) & ~1;
    const auto m = static_cast<std::uint64_t>((v << up) >> 64);
    // v 2^-64 = m 2^-up = u 2^(62 - up), so 1 / sqrt = (2^63 / sqrt(u)) 2^(up / 2 - 31 - 63)
    return {static_cast<uint128_t>(n) * reciprocal_root(m), up / 2 - 94};
}

/// n / (a 2^-64) for a > 0 and n < 2^65, relative error below 2^-61.
[[nodiscard]] constexpr norm_long_factor norm_over_sum(std::uint64_t n, uint128_t a) noexcept {
    DYAD_ASSERT(a != 0);
    const int up = 128 - bit_width(a);
    const auto m = static_cast<std::uint64_t>((a << up) >> 64);
    const auto reciprocal = static_cast<std::uint64_t>((uint128_t{1} << 126) / m);  // 2^62 .. 2^63
    return {static_cast<uint128_t>(n) * reciprocal, up - 126};
}

/// The most that is shifted out of a product with the factor.
inline constexpr int most_norm_shift = 32;

/// z = (x - sum / n) r 2^fraction, rounded half up, as a norm_row_factor. With N = factor, N 2^-shift is within half a
/// unit of r 2^fraction, N >= 2^30 or shift = 32; the mean's product is rounded to a unit of 2^-shift. So z is off by
/// at most (1/2 + 2^-shift / 2) + |x - mean| 2^-shift / 2, and the last term is at most |z| 2^-31, or 2^-16 where |x -
/// mean| < 2^17. r 2^fraction < 2^31 is the caller's to see to; |sum| < 2^30 n.
[[nodiscard]] constexpr norm_row_factor norm_round_factor(const norm_long_factor& r, int fraction, std::int64_t sum,
                                                          std::int64_t n) noexcept {
    // 1. factor = r 2^(fraction + shift) of 31 bits: digits 2^-cut with shift = -exponent - fraction - cut.
    const int most_cut = -r.exponent - fraction;
    int cut = bit_width(r.digits) - 31;
    if (most_cut - cut > most_norm_shift) cut = most_cut - most_norm_shift;
    const int shift = most_cut - cut;
    DYAD_ASSERT(cut > 0 && cut < 128 && shift >= 0);
    constexpr std::uint64_t most = 0x7fff'ffff;
    const auto rounded = static_cast<std::uint64_t>(((r.digits >> (cut - 1)) + 1) >> 1);
    const std::uint64_t factor = rounded > most ? most : rounded;
    // 2. The mean's product, to nearest; and the half of z's own rounding.
    const std::int64_t product = sum * static_cast<std::int64_t>(factor);
    const std::int64_t mean = (product + (product < 0 ? -(n >> 1) : n >> 1)) / n;
    const std::int64_t half = (std::int64_t{1} << shift) >> 1;
    return {half - mean, static_cast<std::int32_t>(factor), shift};
}

}  // namespace dyad::inline v1
