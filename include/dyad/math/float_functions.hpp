// SPDX-License-Identifier: Apache-2.0
// exp and GELU of a float, made of integer arithmetic and single IEEE operations only: the same bits on every machine
// and compiler, whatever its libm, and usable in constant expressions where no square root or fma is involved.
#pragma once

#include <array>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// The upper half of a 64 x 64 bit product.
[[nodiscard]] DYAD_HD constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::uint64_t>((static_cast<uint128_t>(a) * b) >> 64);
}

inline constexpr std::uint64_t ln2_q64 = 0xB17217F7D1CF79AC;     // round(2^64 ln 2)
inline constexpr std::uint64_t log2_e_q63 = 0xB8AA3B295C17F0BC;  // round(2^63 log2 e)

/// 2^f with 63 fraction bits for a fraction f of 64 bits, by the Taylor series of exp(f ln 2).
[[nodiscard]] DYAD_HD constexpr std::uint64_t exp2_series_q63(std::uint64_t f, int terms) noexcept {
    const std::uint64_t y = multiply_high(f, ln2_q64);
    std::uint64_t term = std::uint64_t{1} << 63;
    std::uint64_t sum = term;
    for (int k = 1; k <= terms; ++k) {
        term = multiply_high(term, y) / static_cast<std::uint64_t>(k);
        sum += term;
    }
    return sum;
}

/// 2^(i / 64) with 63 fraction bits.
inline constexpr auto exp2_table_q63 = [] {
    std::array<std::uint64_t, 64> table{};
    for (std::uint64_t i = 0; i < 64; ++i) table[i] = exp2_series_q63(i << 58, 24);
    return table;
}();

/// e^x correctly rounded (all floats with 2^-27 <= |x| <= 105 were compared; the hardest is 2^-52.6 of the result from
/// a tie, the error before the one rounding is below 2^-56). Overflow to infinity.
[[nodiscard]] DYAD_HD constexpr float exp_float(float x) noexcept {
    const unpacked u = unpack(x);
    if (u.kind == number_class::nan) return x;
    if (u.kind == number_class::zero) return 1.0f;
    if (u.kind == number_class::infinity) return u.negative ? 0.0f : x;
    // 1. |x| log2 e with 64 fraction bits; beyond 2^8 the result leaves the range of float in any case.
    const int top = u.top_exponent();
    const int exponent = top > 8 ? 8 - bit_width(u.significand) : u.exponent;
    uint128_t t = static_cast<uint128_t>(u.significand) * log2_e_q63;  // 63 - exponent fraction bits
    t = exponent + 1 >= 0 ? t << (exponent + 1) : shift_right(t, -(exponent + 1));
    // 2. x log2 e = n + f with 0 <= f < 1.
    if (u.negative) t = uint128_t{0} - t;
    const auto n = static_cast<int>(static_cast<std::int64_t>(t >> 64));
    const auto f = static_cast<std::uint64_t>(t);
    // 3. 2^f = 2^(i / 64) * 2^r with r < 1 / 64; seven terms leave (ln 2 / 64)^8 / 8! < 2^-67.
    const std::uint64_t head = exp2_table_q63[f >> 58];
    const std::uint64_t tail = exp2_series_q63(f & low_mask<std::uint64_t>(58), 7);
    const uint128_t value = static_cast<uint128_t>(head) * tail;  // 126 fraction bits
    // 4. One rounding. The lowest bit says that the value is never exact.
    const auto digits = static_cast<std::uint64_t>(value >> 64) | 1;  // 62 fraction bits
    return pack_as<float>(unpacked::finite(false, digits, n - 62), rounding::nearest_even, saturation::none);
}

/// GELU in its tanh form, x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))). Error in ulp of the result: 1.6 for x > 0, 5
/// for negative results above 2^-6 in magnitude, 17 above 1e-10, 62 above 1e-30.
/// Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415.
[[nodiscard]] inline float gelu_tanh_float(float x) noexcept {
    if (x < -1e4f) return -0.0f;  // also -infinity, where the quotient below would be infinity / infinity
    const double v = x;
    // The explicit fma keeps compilers from choosing one of two roundings.
    const double inner = fused(0.044715 * v * v, v, v);
    const double twice_scaled = 1.5957691216057307117 * inner;  // 2 sqrt(2 / pi)
    return x / (1.0f + exp_float(static_cast<float>(-twice_scaled)));
}

}  // namespace dyad::inline v1
