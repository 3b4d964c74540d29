// SPDX-License-Identifier: Apache-2.0
// Working arithmetic for fast integer functions: real numbers of 64 binary digits with a bound of their error, and the
// test that says whether such a number can be rounded without knowing it better.
// Source: Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", ACM TOMS 17
// (1991).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/wide_constants.hpp>

namespace dyad::inline v1 {

/// digits * 2^exponent > 0 with the top bit of digits set.
struct narrow_real {
    std::uint64_t digits = 0;
    int exponent = 0;

    [[nodiscard]] DYAD_HD constexpr int top_exponent() const noexcept { return exponent + 63; }
};

/// A real number within error * 2^exponent of digits * 2^exponent, with its sign. The digits need not be normalised.
struct narrow_result {
    std::uint64_t digits = 0;
    int exponent = 0;
    std::uint64_t error = 0;
    bool negative = false;
    bool known = true;
};

/// Nothing is known: take the plain way.
inline constexpr narrow_result narrow_unknown{0, 0, 0, false, false};

/// digits * 2^exponent normalised, for digits that are not 0.
[[nodiscard]] DYAD_HD constexpr narrow_real normalized(std::uint64_t digits, int exponent) noexcept {
    const int up = 64 - bit_width(digits);
    return {digits << up, exponent - up};
}

/// x y, cut: less than 2^-63 too small, relatively.
[[nodiscard]] DYAD_HD constexpr narrow_real narrow_product(narrow_real x, narrow_real y) noexcept {
    const uint128_t product = static_cast<uint128_t>(x.digits) * y.digits;
    const int down = static_cast<int>(product >> 127) + 63;
    return {static_cast<std::uint64_t>(product >> down), x.exponent + y.exponent + down};
}

/// x with 64 fraction bits, cut; for x < 2^63.
[[nodiscard]] DYAD_HD constexpr uint128_t fixed_q64(narrow_real x) noexcept {
    const int up = x.exponent + 64;
    return up >= 0 ? static_cast<uint128_t>(x.digits) << up : static_cast<uint128_t>(shift_right(x.digits, -up));
}

/// r times a real number |x|: the cut product of digits adds one unit of error.
[[nodiscard]] DYAD_HD constexpr narrow_result times(narrow_real x, narrow_result r) noexcept {
    r.digits = multiply_high(x.digits, r.digits);
    r.exponent += x.exponent + 64;
    r.error += 1;
    return r;
}

/// An integer, if it is known: what r * factor * 2^exponent rounds to, or 2^40 where it is larger.
struct narrow_rounding {
    std::uint64_t magnitude = 0;
    bool known = false;
};

/// Rounds |r| * factor * 2^exponent to the nearest integer, unless a boundary k + 1/2 lies within the error.
[[nodiscard]] DYAD_HD constexpr narrow_rounding round_narrow(const narrow_result& r, std::uint32_t factor,
                                                             int exponent) noexcept {
    constexpr uint128_t most = uint128_t{1} << 40;
    if (!r.known) return {0, false};
    const uint128_t value = static_cast<uint128_t>(r.digits) * factor;  // below 2^96, as is the error
    const uint128_t error = static_cast<uint128_t>(r.error) * factor;
    const int down = -(r.exponent + exponent);
    if (down > 98) return {0, true};
    if (down <= 0) return {static_cast<std::uint64_t>(most), value > most && value - most > error};
    // Where the error is below a half, the nearest boundary is the only one that can be crossed.
    const uint128_t half = uint128_t{1} << (down - 1);
    if (value + error < half) return {0, true};
    const uint128_t kept = value >> down;
    const uint128_t rest = value - (kept << down);
    const bool above = rest > half;
    if (error < half && (above ? rest - half : half - rest) > error) {
        const uint128_t rounded = kept + (above ? 1 : 0);
        return {static_cast<std::uint64_t>(rounded < most ? rounded : most), true};
    }
    // Beyond all codes it does not matter.
    return {static_cast<std::uint64_t>(most), value > error && ((value - error) >> down) >= most};
}

/// c[0] + c[1] y + c[2] y^2 + ... for falling coefficients with 63 fraction bits, y < 1 with 64: each step loses less
/// than a unit, weighted with the power of y.
template <std::size_t Terms>
[[nodiscard]] DYAD_HD constexpr std::uint64_t narrow_series(const std::array<std::uint64_t, Terms>& c,
                                                            std::uint64_t y) noexcept {
    std::uint64_t sum = c[Terms - 1];
    for (std::size_t k = Terms - 1; k > 0; --k) sum = c[k - 1] + multiply_high(sum, y);
    return sum;
}
/// c[0] - c[1] y + c[2] y^2 - ...
template <std::size_t Terms>
[[nodiscard]] DYAD_HD constexpr std::uint64_t narrow_alternating_series(const std::array<std::uint64_t, Terms>& c,
                                                                        std::uint64_t y) noexcept {
    std::uint64_t sum = c[Terms - 1];
    for (std::size_t k = Terms - 1; k > 0; --k) sum = c[k - 1] - multiply_high(sum, y);
    return sum;
}

/// n / d for n < 2^64 d, cut. (The quotient of a full 128 by 64 bits.)
[[nodiscard]] DYAD_HD constexpr std::uint64_t narrow_quotient(uint128_t n, std::uint64_t d) noexcept {
    return static_cast<std::uint64_t>(n / d);
}

}  // namespace dyad::inline v1
