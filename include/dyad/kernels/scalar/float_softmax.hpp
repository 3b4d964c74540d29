// SPDX-License-Identifier: Apache-2.0
// The steps of a float softmax on rows laid end to end, as the plain loops that define the bits.
//
// A row's exponentials are powers of two: exp(s x) = 2^(x L), L = s log2 e = high + low. With n = x high rounded to an
// integer and r = x L - n,
//     term = p(r) * 2^(n - N + 64),    p(r) = c0 + r (c1 + ... + r c5) near k 2^r,
// where the integer N is near the largest x L, and what is below 2^(N - 152) counts as nothing. n is no float on the
// way to an exponent: x high is added to a number whose last digit is 1, and the sum's low bits are the exponent's. The
// idea of exponents beside the numbers is that of M. Dukhan and A. Ablavatski, "Two-pass softmax", arXiv 2001.04438.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/opaque.hpp>
#include <dyad/kernels/scalar/scale.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1 {

/// Terms are 2^64 times their value, so that those that count are normal floats.
inline constexpr int softmax_shift = 64;
/// Elements whose terms share one N.
inline constexpr std::size_t softmax_block = 2048;
/// Terms summed in float, by lanes of 64: four in each lane.
inline constexpr std::size_t softmax_group = 256;
/// Kernels take |x L| up to here.
inline constexpr double softmax_limit = 0x1p18;

/// What a kernel needs to know of L and N.
struct softmax_reference {
    float high;   ///< L, rounded
    float low;    ///< and its rest
    float magic;  ///< 3 * 2^22 + 127 + 64 - N: sums with it are integers
    float least;  ///< (N - 152) / L, below which terms are 0
};

/// k 2^r for |r| <= 0.51, within 1.45 * 2^-24: minimax of the relative error by Remez, all divided by the first
/// coefficient so that this is 1. The factor k cancels in quotients of terms.
inline constexpr float exp2_coefficients[6] = {1.0f,           0x1.62e426p-1f, 0x1.ebf8dap-3f,
                                               0x1.c6b768p-5f, 0x1.3d1fa6p-7f, 0x1.5bf976p-10f};
inline constexpr double exp2_coefficients_log = -8.0534380652744160e-8;  ///< ln k

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar {

/// Nothing, or the place where terms are kept.
struct no_terms {};
struct kept_terms {
    float* terms;
};

[[nodiscard, gnu::always_inline]] inline bool is_nan(float x) noexcept {
    return (std::bit_cast<std::uint32_t>(x) & 0x7fff'ffffU) > 0x7f80'0000U;
}

/// The term of x; NaN for NaN.
[[nodiscard, gnu::always_inline]] inline float softmax_term(float x, const softmax_reference& to) noexcept {
    constexpr const float* c = exp2_coefficients;
    const float z = opaque(fused(x, to.high, to.magic));
    const float n = opaque(z - to.magic);
    const float r = opaque(fused(x, to.low, opaque(fused(x, to.high, -n))));
    float p = fused(c[5], r, c[4]);
    p = opaque(fused(p, r, c[3]));
    p = opaque(fused(p, r, c[2]));
    p = opaque(fused(p, r, c[1]));
    p = opaque(fused(p, r, c[0]));
    const float power = std::bit_cast<float>(std::bit_cast<std::uint32_t>(z) << 23);
    if (is_nan(x)) return x;
    return x < to.least ? 0.0f : opaque(p * power);
}

/// The largest of n floats, NaN apart; -infinity where there is none.
[[nodiscard, gnu::noinline]] inline float softmax_largest(const float* x, std::size_t n) noexcept {
    // Floats in the order of signed integers: below zero the other digits are turned around.
    const auto key = [](std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fff'ffff); };
    constexpr auto infinity = std::int32_t{0x7f80'0000};
    std::int32_t largest = key(static_cast<std::int32_t>(0xff80'0000));
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t k = key(std::bit_cast<std::int32_t>(x[i]));
        largest = k > largest && k <= infinity ? k : largest;
    }
    return std::bit_cast<float>(key(largest));
}

[[gnu::always_inline]] inline void keep(no_terms, std::size_t, float) noexcept {}
[[gnu::always_inline]] inline void keep(kept_terms to, std::size_t i, float x) noexcept { to.terms[i] = x; }

/// Sixteen numbers, added up by halves.
[[nodiscard, gnu::always_inline]] inline double lane_total(double* d) noexcept {
    for (std::size_t half = 8; half != 0; half /= 2) {
        for (std::size_t l = 0; l < half; ++l) d[l] = opaque(d[l] + d[l + half]);
    }
    return d[0];
}

/// The sum of the terms of n floats. Element i of a group of 256 is summed in float in lane i % 64, in order; the lanes
/// l, l + 16, l + 32, l + 48 as (0 + 1) + (2 + 3); these in double in lane l % 16, group by group; the sixteen by
/// halves.
template <class Terms>
[[nodiscard, gnu::noinline]] inline double sum_of_terms(const float* x, std::size_t n, const softmax_reference& to,
                                                        Terms terms) noexcept {
    double total[16]{};
    for (std::size_t group = 0; group < n; group += softmax_group) {
        const std::size_t end = n - group < softmax_group ? n : group + softmax_group;
        float s[64]{};
        for (std::size_t i = group; i < end; ++i) {
            const float term = softmax_term(x[i], to);
            keep(terms, i, term);
            s[i % 64] = opaque(s[i % 64] + term);
        }
        for (std::size_t l = 0; l < 16; ++l) {
            const float four = opaque(s[l] + s[l + 16]) + opaque(s[l + 32] + s[l + 48]);
            total[l] = opaque(total[l] + static_cast<double>(opaque(four)));
        }
    }
    return lane_total(total);
}

/// y = x * factor; y may be x.
[[gnu::noinline]] inline void softmax_multiply(const float* x, std::size_t n, float factor, float* y) noexcept {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] * factor;
}

/// y = term of x * factor; y may be x.
[[gnu::noinline]] inline void softmax_shares(const float* x, std::size_t n, const softmax_reference& to, float factor,
                                             float* y) noexcept {
    for (std::size_t i = 0; i < n; ++i) y[i] = softmax_term(x[i], to) * factor;
}

}  // namespace dyad::inline v1::scalar
