// SPDX-License-Identifier: Apache-2.0
// What a softmax of integer codes keeps of its scale and its unit. Made in integers only: floats are kept as bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/exp_q43.hpp>
#include <dyad/math/exp_q44.hpp>

namespace dyad::inline v1 {

/// The code of 1, at most 2^16, and the largest code of the output.
struct softmax_output {
    std::uint32_t unit = 0;
    std::uint32_t largest = 0;
};

/// e / sum in units to nearest even, at most `largest`; e <= sum, e <= 2^44.
[[nodiscard]] constexpr std::uint32_t softmax_share(std::uint64_t e, std::uint64_t sum, softmax_output out) noexcept {
    const std::uint64_t product = e * out.unit;
    if (product < sum && product < sum - product) return 0;  // less than half a unit
    const std::uint64_t quotient = product / sum;
    const std::uint64_t rest = product % sum;
    const bool up = rest > sum - rest || (rest == sum - rest && (quotient & 1) != 0);
    const auto share = static_cast<std::uint32_t>(quotient + (up ? 1 : 0));
    return share < out.largest ? share : out.largest;
}

/// The bits of the float nearest to x 2^-fraction, for results that are normal floats, or 0.
[[nodiscard]] constexpr std::uint32_t float_bits_of(std::uint64_t x, int fraction) noexcept {
    if (x == 0) return 0;
    const int excess = bit_width(x) - 24;
    const std::uint64_t digits =
        excess > 0 ? round_shift_right(x, excess, false, rounding::nearest_even) : x << -excess;
    // 2^23 <= digits <= 2^24: its top bit, and a carry, go into the exponent.
    return (static_cast<std::uint32_t>(126 + 23 + excess - fraction) << 23) + static_cast<std::uint32_t>(digits);
}

/// For 16-bit inputs: exponentials e^-(s d) with 43 fraction bits, computed for each element.
struct softmax_halves {
    static constexpr int fraction = 43;
    static constexpr std::size_t max_columns = (std::size_t{1} << 21) - 1;  // sums of 2^43 stay below 2^64
    exp_q43_step step;
    softmax_output out;

    [[nodiscard]] static constexpr softmax_halves from(const unpacked& step, softmax_output out) noexcept {
        return {exp_q43_step::from(step), out};
    }
    [[nodiscard]] constexpr std::uint64_t exponential(std::uint32_t d) const noexcept { return exp_q43(step, d); }
};

/// For 8-bit inputs: E[d] = round(2^44 e^-(s d)) for the 256 differences d to the row's largest code, in three forms.
struct softmax_bytes {
    static constexpr int fraction = 44;
    static constexpr std::size_t max_columns = (std::size_t{1} << 20) - 1;  // sums of 2^44 stay below 2^64
    /// Up to this row length `relative_error` holds.
    static constexpr std::size_t max_approximate = std::size_t{1} << 15;

    alignas(64) std::array<std::uint64_t, 256> exact;
    /// E[d] = sum digits[k][d] 2^(8 k): sums of bytes are sums of E, without rounding.
    alignas(64) std::array<std::array<std::uint8_t, 256>, 6> digits;
    /// E[d] is near to low(d mod 64) high(d / 64), three digits of 8 bits each, the first one the highest:
    /// low[0][l] 2^16 + low[1][l] 2^8 + low[2][l] = E[l] (2^24 - 1) 2^-44, rounded, and high, of signed digits,
    /// E[64 h] 0x7f7f7f 2^-44. high stands sixteen times in a row each: it is looked up by d / 4 mod 64.
    alignas(64) std::array<std::array<std::uint8_t, 64>, 3> low;
    alignas(64) std::array<std::array<std::int8_t, 64>, 3> high;
    /// E[d] 2^-44 as floats, in the order that packing four vectors of 16 words to one of 64 bytes undoes: entry
    /// 64 z + 16 j + 4 l + i has d = 64 z + 16 l + 4 j + i.
    alignas(64) std::array<std::uint32_t, 256> floats;
    /// `unit` over an approximate sum's unit, a float.
    std::uint32_t sum_factor;
    /// An approximate sum S of n elements, and the float r = unit / S, are off by less than r n relative_error in
    /// relation to their value, roundings apart; a float. See approximate_error.
    std::uint32_t relative_error;
    softmax_output out;

    [[nodiscard]] static constexpr softmax_bytes from(const unpacked& step, softmax_output out) noexcept {
        softmax_bytes p{};
        for (std::uint32_t d = 0; d < 256; ++d) p.exact[d] = exp_q44(step, d);
        p.out = out;
        p.set_digits();
        const std::uint64_t error = p.approximate_error() + (std::uint64_t{1} << 15);
        p.sum_factor = float_bits_of(low_one * high_one * out.unit, 16);
        p.relative_error = float_bits_of(((error + (error >> 6)) << 16) / out.unit + 1, 60);
        return p;
    }
    [[nodiscard]] constexpr std::uint64_t exponential(std::uint32_t d) const noexcept { return exact[d]; }

private:
    static constexpr std::uint64_t low_one = 0xff'ffff;
    static constexpr std::uint64_t high_one = 0x7f'7f7f;

    constexpr void set_digits() noexcept {
        for (std::size_t d = 0; d < 256; ++d) {
            for (std::size_t k = 0; k < 6; ++k) digits[k][d] = static_cast<std::uint8_t>(exact[d] >> (8 * k));
            floats[(d & 0xc0) + 16 * ((d >> 2) & 3) + 4 * ((d >> 4) & 3) + (d & 3)] = float_bits_of(exact[d], 44);
        }
        for (std::size_t l = 0; l < 64; ++l) {
            const std::uint64_t x = scaled(exact[l], low_one);
            for (std::size_t k = 0; k < 3; ++k) low[k][l] = static_cast<std::uint8_t>(x >> (16 - 8 * k));
            const std::uint64_t y = scaled(exact[64 * (l >> 4)], high_one);
            // digits from -128 to 127, by carries
            high[2][l] = static_cast<std::int8_t>(y & 0xff);
            const std::uint64_t y1 = (y + 0x80) >> 8;
            high[1][l] = static_cast<std::int8_t>(y1 & 0xff);
            high[0][l] = static_cast<std::int8_t>((y1 + 0x80) >> 8);
        }
    }
    [[nodiscard]] static constexpr std::uint64_t scaled(std::uint64_t e, std::uint64_t one) noexcept {
        return static_cast<std::uint64_t>((static_cast<uint128_t>(e) * one + (uint128_t{1} << 43)) >> 44);
    }
    /// The largest |low(d mod 64) high(d / 64) - E[d]| in units of 2^-44, where of the nine products of digits the six
    /// highest are kept. Below 2^21.8 whatever the scale: low is off by 2^-25, high by 2^-24, and the products that
    /// are left out are at most 2^24 of 2^47.
    [[nodiscard]] constexpr std::uint64_t approximate_error() const noexcept {
        std::uint64_t largest = 0;
        for (std::size_t d = 0; d < 256; ++d) {
            const std::size_t l = d & 63;
            const std::size_t h = d >> 2;
            const std::int64_t kept = std::int64_t{low[0][l] * high[0][h]} * 65536 +
                                      (low[1][l] * high[0][h] + low[0][l] * high[1][h]) * 256 +
                                      (low[2][l] * high[0][h] + low[1][l] * high[1][h] + low[0][l] * high[2][h]);
            const auto exactly = static_cast<int128_t>(exact[d]) * static_cast<std::int64_t>(low_one * high_one);
            const uint128_t off = magnitude(static_cast<int128_t>(kept) * (int128_t{1} << 60) - exactly);
            const auto q44 = static_cast<std::uint64_t>(off / (low_one * high_one)) + 1;
            largest = q44 > largest ? q44 : largest;
        }
        return largest;
    }
};

}  // namespace dyad::inline v1
