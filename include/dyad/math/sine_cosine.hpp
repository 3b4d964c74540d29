// SPDX-License-Identifier: Apache-2.0
// Sines and cosines of rotary position embeddings, in integers only: of the angle p theta_i with
// theta_i = base^(-2i/d), as codes of any format, rounded correctly.
// Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", arXiv 2104.09864, section 3.2.2.
//
// An angle is kept in turns, theta / (2 pi), modulo 1, as 128 fraction bits: then p theta modulo 2 pi is one wrapping
// product, for which no digits of 1 / pi are ever missing.
//
// Errors, with u = 2^-123 for each operation of wide_real.hpp: log2(base) < 32 is off by less than 2^5 2^-119, the
// exponent 2i/d log2(base) by less than 2^-113, theta <= 1 by less than 2^-113, the turn theta / (2 pi) < 0.16 by less
// than 2^-115, and p of them by p 2^-115: an angle p theta by less than p 2^-112. Sine and cosine are off by less than
// p 2^-111, and rounded correctly unless they are nearer to a boundary of rounding than that: 2^-91 at p = 2^20. At p =
// 0 they are exact. sine_cosine_test measures all this against 60 digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/assert.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/math/wide_trigonometric.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// What one angle gives.
template <class T>
struct sine_and_cosine {
    T sine;
    T cosine;

    [[nodiscard]] friend constexpr bool operator==(const sine_and_cosine&, const sine_and_cosine&) = default;
};

/// 1 / (2 pi), cut.
inline constexpr unpacked_wide wide_inverse_two_pi =
    unpacked_wide::finite(false, join_words(two_over_pi[0], two_over_pi[1]), -130);

/// theta_i / (2 pi) in units of 2^-128: what one position adds to the angle of pair i of d / 2. base >= 1, 2i < d.
[[nodiscard]] DYAD_HD constexpr uint128_t rotary_turn(std::uint32_t base, std::uint32_t i, std::uint32_t d) noexcept {
    DYAD_ASSERT(base >= 1 && 2 * std::uint64_t{i} < d);
    const auto whole = [](std::uint64_t x) { return unpacked_wide::finite(false, x, 0); };
    const unpacked_wide share = wide_ratio(whole(2 * std::uint64_t{i}), whole(d));
    const unpacked_wide exponent = negated(wide_product(share, log2_wide(whole(base))));
    const unpacked_wide theta = exponent.kind == number_class::zero ? wide_one : exp2_finite(exponent);
    return fraction_q128(wide_product(theta, wide_inverse_two_pi));
}

/// sin r and cos r for 0 <= r <= pi / 4, in units of 2^-64; cos 0 = 2^64 needs 65 bits.
struct short_sine_and_cosine {
    std::uint64_t sine;
    uint128_t cosine;
};
/// How far these are off at most, with an r that is off by less than 4 units: r^2 is off by less than 8, each step of
/// the series by 1 more, and what is cut off is below r^20 / 20! < 2^-67. That makes 10 units for the sine and 8 for
/// the cosine.
inline constexpr unsigned short_series_error = 16;

[[nodiscard]] DYAD_HD constexpr short_sine_and_cosine short_series(std::uint64_t r) noexcept {
    // 2^64 / n!, cut.
    constexpr auto inverse_factorials = [] {
        std::array<std::uint64_t, 20> c{};
        uint128_t x = uint128_t{1} << 64;
        for (unsigned n = 2; n < c.size(); ++n) c[n] = static_cast<std::uint64_t>(x /= n);
        return c;
    }();
    const std::uint64_t square = multiply_high(r, r);
    std::uint64_t odd = inverse_factorials[19];
    std::uint64_t even = inverse_factorials[18];
    for (std::size_t n = 17; n >= 3; n -= 2) {
        odd = inverse_factorials[n] - multiply_high(square, odd);
        even = inverse_factorials[n - 1] - multiply_high(square, even);
    }
    return {r - multiply_high(r, multiply_high(square, odd)), (uint128_t{1} << 64) - multiply_high(square, even)};
}

/// Sine and cosine of 2 pi turn 2^-128, the turn modulo 1, each rounded once to nearest even and saturated. T has at
/// most 53 significant digits: a fixed-point number, a minifloat, float, double. First in 64 bits; where these cannot
/// tell how it rounds, which is once in 2^40 times for 16 bits, in 124 digits.
template <number T>
[[nodiscard]] DYAD_HD constexpr sine_and_cosine<T> sine_and_cosine_of_turn(uint128_t turn) noexcept {
    // 1. turn = quadrant / 4 + rest with |rest| <= 1/8 in units of 2^-128, so in quarters of turns of 2^-126.
    const auto quadrant = static_cast<unsigned>((turn + (uint128_t{1} << 125)) >> 126);
    const uint128_t rest = turn - (static_cast<uint128_t>(quadrant) << 126);
    const bool below = (rest >> 127) != 0;
    const uint128_t quarters = below ? uint128_t{0} - rest : rest;
    // 2. r = quarters pi / 2, below by less than 4 units: one of each factor, and one of the product.
    constexpr auto half_pi_q63 = static_cast<std::uint64_t>(wide_half_pi.significand >> 64);
    const uint128_t r = ((quarters >> 62) * half_pi_q63) >> 63;
    const short_sine_and_cosine near = short_series(static_cast<std::uint64_t>(r));
    // 3. Both ends of what it may be round alike, or the wide functions decide.
    const auto pack = [](const unpacked_wide& x) {
        return pack_as<T>(resize<std::uint64_t>(x), rounding::nearest_even, saturation::finite);
    };
    const auto value = [&](unsigned ahead) {
        const unsigned q = (quadrant + ahead) & 3;
        const bool is_sine = (q & 1) == 0;
        const bool negative = (q >= 2) != (is_sine && below);
        const uint128_t m = is_sine ? uint128_t{near.sine} : near.cosine;
        if (m >= short_series_error) {
            const T low = pack(unpacked_wide::finite(negative, m - short_series_error, -64));
            const T high = pack(unpacked_wide::finite(negative, m + short_series_error, -64));
            if (low == high) return low;
        }
        const quarter_turns exact{quadrant, wide_product(unpacked_wide::finite(below, quarters, -126), wide_half_pi)};
        return pack(sin_of_turns(exact, ahead));
    };
    return {value(0), value(1)};
}

/// Sine and cosine of position * base^(-2i/d).
template <number T>
[[nodiscard]] DYAD_HD constexpr sine_and_cosine<T> rotary_sine_and_cosine(std::uint32_t position, std::uint32_t base,
                                                                          std::uint32_t i, std::uint32_t d) noexcept {
    return sine_and_cosine_of_turn<T>(rotary_turn(base, i, d) * position);
}

}  // namespace dyad::inline v1
