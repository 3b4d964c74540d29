// SPDX-License-Identifier: Apache-2.0
// Parameters of a normalization as integers, each rounded once to nearest even; real numbers end here.
#pragma once

#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// More channels than 2^14 the sums have no room for.
inline constexpr index most_norm_channels = index{1} << 14;

/// Fraction bits of the normalized value z of a row of n: as many as keep |z| below 2^30, and its row factor below
/// 2^31. |z| <= sqrt(n) < 2^k with k = (bits of n + 1) / 2, for l1 |z| <= n / 2 < 2^k with k = bits of n - 1.
[[nodiscard]] constexpr int norm_fraction(norm_kind kind, index n) noexcept {
    const int bits = bit_width(static_cast<std::uint64_t>(n));
    return 30 - (kind == norm_kind::l1 ? bits - 1 : (bits + 1) / 2);
}

/// x / scale.
template <native_float T>
[[nodiscard]] constexpr unpacked_wide norm_in_codes(T x, double scale) noexcept {
    return quotient(resize<uint128_t>(unpack(x)), resize<uint128_t>(unpack(scale)));
}
/// |x| < 2^norm_magnitude_bits.
[[nodiscard]] constexpr int norm_magnitude_bits(const unpacked_wide& x) noexcept {
    constexpr int none = -1024;
    return x.kind == number_class::finite ? x.top_exponent() + 1 : none;
}

/// x 2^shift as an integer; what is out of range saturates.
template <native_integer To>
[[nodiscard]] constexpr To norm_integer(unpacked_wide x, int shift) noexcept {
    x.exponent += shift;
    return pack_as<To>(x, rounding::nearest_even, saturation::finite);
}

/// The places of the sum z gain + offset behind its point, fraction + those of the gains: as many as keep |gain| below
/// 2^31 and |offset| below 2^61, at most 60; for large offsets no fewer than 44, since those may saturate at 2^62: with
/// |z gain| < 2^61 + 2^32 either sum is then beyond every code of 16 bits. `gain` and `offset` are the bits of the
/// largest ones in codes. Below 32 there is no room.
[[nodiscard]] constexpr int norm_shift(int fraction, int gain, int offset) noexcept {
    const int by_gain = fraction + 31 - gain;
    const int by_offset = 61 - offset < 44 ? 44 : 61 - offset;
    const int least = by_gain < by_offset ? by_gain : by_offset;
    return least < 60 ? least : 60;
}

/// beta in codes, and the zero point, as an offset, with the half that rounds. (|zero_point| <= 2^16; a shift above 44
/// is one for which |beta| + |zero_point| < 2^61 in units of 2^-shift: nothing overflows.)
[[nodiscard]] constexpr std::int64_t norm_offset_of(const unpacked_wide& beta, int shift,
                                                    std::int32_t zero_point = 0) noexcept {
    constexpr std::int64_t most = std::int64_t{1} << 62;
    const auto held = [](std::int64_t x) { return x > most ? most : x < -most ? -most : x; };
    const std::int64_t zero = std::int64_t{zero_point} * (std::int64_t{1} << shift);
    const auto offset = norm_integer<std::int64_t>(beta, shift);
    if (offset > most || offset < -most) return held(held(offset) + zero);
    const std::int64_t sum = held(offset + zero);
    return sum == most || sum == -most ? sum : sum + (std::int64_t{1} << (shift - 1));
}

/// n^2 epsilon / scale^2, for l1 n^2 epsilon / scale, 2^64 of them a unit of the sums n sum x^2 - (sum x)^2 and sum
/// |n x - sum x|. Relative error below 2^-59, or half of 2^-64. All ones: too large.
[[nodiscard]] constexpr uint128_t norm_epsilon(norm_kind kind, double epsilon, double scale, index n) noexcept {
    const auto half = [](const unpacked_wide& x) { return resize<uint128_t>(resize<std::uint64_t>(x)); };
    const unpacked_wide divisor = resize<uint128_t>(unpack(scale));
    unpacked_wide x = quotient(resize<uint128_t>(unpack(epsilon)), divisor);
    if (kind != norm_kind::l1) x = quotient(half(x), divisor);
    const auto squared = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(n);
    x = half(x);
    if (x.kind != number_class::finite) return 0;
    // 64 digits, and 2 * 14 of n^2
    x.significand *= squared;
    return x.top_exponent() >= 63 ? ~uint128_t{0} : norm_integer<uint128_t>(x, 64);
}

}  // namespace dyad::inline v1
