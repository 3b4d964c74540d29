// SPDX-License-Identifier: Apache-2.0
// gelu, gelu_tanh, silu, sigmoid, tanh and softplus of floats, as straight lines of fused multiply-adds: the same text
// makes the scalar loop and, compiled for each instruction set, the vector loops.
//
// All are made of E = e^-t for t >= 0, as p * 2^n with p near 1 (Cody and Waite's reduction, degree 6), and of
// quotients num / d, 1 <= d <= 2, by a polynomial, a step of Newton and a last correction. What is below 2^-126 keeps
// 2^64 as a factor until the one rounding at the end.
//
// No result depends on -ffast-math: coefficients come from memory that the compiler knows nothing about, sums and
// products stand alone between multiply-adds, comparisons are made on bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/scale.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1::scalar {

/// Minimax coefficients by Remez (relative error), rounded to float one after the other; the rest refitted each time.
struct activation_constants {
    // e^r = 1 + r + r^2 (e2 + ... + e6 r^4) for |r| <= 0.348: 0.06 * 2^-24
    float e2 = 0x1.fffffcp-2f, e3 = 0x1.555488p-3f, e4 = 0x1.555844p-5f, e5 = 0x1.124084p-7f, e6 = 0x1.6adbe4p-10f;
    // 1 / d = r0 + ... + r3 d^3 for 1 <= d <= 2: 1.74e-3
    float r0 = 0x1.6a09ccp+1f, r1 = -0x1.783c68p+1f, r2 = 0x1.54bdf8p+0f, r3 = -0x1.c652ap-3f;
    // ln(1 + E) = E + E^2 (l[0] + ... + l[8] E^8) for 0 <= E <= 1: 0.09 * 2^-24
    float l[9] = {-0x1.ffffd2p-2f, 0x1.554dd0p-2f,  -0x1.ff23e6p-3f, 0x1.934b54p-3f, -0x1.3a435ep-3f,
                  0x1.b4ae08p-4f,  -0x1.d6b0a0p-5f, 0x1.491830p-6f,  -0x1.af4bacp-9f};
    // (a + 2.5) e^(a^2/2) erfc(a / sqrt 2) / 2 = g[0] + ... + g[9] v^9, v = (a - 2.5) / (a + 2.5), for 0 <= a <= 15:
    // 1.1 * 2^-24
    float g[10] = {0x1.69cee6p-1f,   -0x1.bc19c2p-2f, 0x1.0e4f30p-3f,  0x1.2ea424p-7f,   -0x1.0c78a2p-6f,
                   -0x1.a3a5d0p-10f, 0x1.4ad0ecp-9f,  0x1.66d3bep-11f, -0x1.46c104p-12f, -0x1.4ab732p-13f};
    float log2_e = 0x1.715476p+0f;
    float magic = 0x1.8p23f + 127 + 64;  // sums with it are integers; their low bits are the exponent of 2^(n + 64)
    float ln2_high = 0x1.62e43p-1f;
    float ln2_low = -0x1.05c61p-29f;
    float zero = 0;
    float one = 1;
    float two = 2;
    float down = 0x1p-64f;
    float up = 0x1p64f;
    float middle = 2.5f;
    double double_magic = 0x1.8p52;
    double ln2 = 0.693147180559945309417;
    double half_log2_e = 0.72134752044448170368;
    // 2 sqrt(2 / pi) log2 e and 0.044715 times that
    double tanh_1 = 2.302208198144325230;
    double tanh_3 = 0.102943239580023503;
};
inline constexpr activation_constants activation_table{};

/// The table, from where the compiler can't know it.
[[nodiscard, gnu::always_inline]] inline const activation_constants& activation_memory() noexcept {
    const activation_constants* table = &activation_table;
    __asm__("" : "+r"(table));
    return *table;
}

[[nodiscard, gnu::always_inline]] inline std::uint32_t bits_of(float x) noexcept {
    return std::bit_cast<std::uint32_t>(x);
}
[[nodiscard, gnu::always_inline]] inline float float_of(std::uint32_t bits) noexcept {
    return std::bit_cast<float>(bits);
}
/// |x|, at most `most`, which NaN becomes as well.
[[nodiscard, gnu::always_inline]] inline float magnitude_below(float x, float most) noexcept {
    const std::uint32_t magnitude = bits_of(x) & 0x7fff'ffffU;
    return float_of(magnitude < bits_of(most) ? magnitude : bits_of(most));
}
[[nodiscard, gnu::always_inline]] inline float choose(bool first, float x, float y) noexcept {
    return float_of(select(first, bits_of(x), bits_of(y)));
}
[[nodiscard, gnu::always_inline]] inline bool is_negative(float x) noexcept { return (bits_of(x) >> 31) != 0; }

/// x > limit > 0; so is NaN without a sign.
[[nodiscard, gnu::always_inline]] inline bool exceeds(float x, float limit) noexcept {
    return std::bit_cast<std::int32_t>(x) > std::bit_cast<std::int32_t>(limit);
}

/// y with the sign of x, and NaN, made quiet, where x is NaN.
[[nodiscard, gnu::always_inline]] inline float with_sign_of(float x, float y) noexcept {
    const std::uint32_t magnitude = bits_of(x) & 0x7fff'ffffU;
    const std::uint32_t found = select(magnitude > 0x7f80'0000U, magnitude | 0x0040'0000U, bits_of(y));
    return float_of((found & 0x7fff'ffffU) | (bits_of(x) & 0x8000'0000U));
}
/// y, and NaN, made quiet, where x is NaN.
[[nodiscard, gnu::always_inline]] inline float unless_nan(float x, float y) noexcept {
    const bool is_nan = (bits_of(x) & 0x7fff'ffffU) > 0x7f80'0000U;
    return float_of(select(is_nan, bits_of(x) | 0x0040'0000U, bits_of(y)));
}

/// e^r - 1 = q and 2^(n + 64) where the exponential is (1 + q) 2^n.
struct exponential_parts {
    float q;
    float power;
};
/// e^r - 1 for |r| <= 0.348.
[[nodiscard, gnu::always_inline]] inline float small_exponential(float r, const activation_constants& c) noexcept {
    float s = fused(c.e6, r, c.e5);
    s = fused(s, r, c.e4);
    s = fused(s, r, c.e3);
    s = fused(s, r, c.e2);
    return fused(r * r, s, r);
}
/// e^-a for 0 <= a <= 110.
[[nodiscard, gnu::always_inline]] inline exponential_parts exponential(float a,
                                                                       const activation_constants& c) noexcept {
    const float z = fused(-a, c.log2_e, c.magic);
    const float n = z - c.magic;
    const float r = fused(-n, c.ln2_low, fused(-n, c.ln2_high, -a));
    return {small_exponential(r, c), float_of(bits_of(z) << 23)};
}

/// 1 / d for 1 <= d <= 2, within 2^-18.
[[nodiscard, gnu::always_inline]] inline float near_reciprocal(float d, const activation_constants& c) noexcept {
    float y = fused(c.r3, d, c.r2);
    y = fused(y, d, c.r1);
    y = fused(y, d, c.r0);
    return fused(fused(-d, y, c.one), y, y);
}
/// num / d for 1 <= d <= 2: half an ulp and a little more.
[[nodiscard, gnu::always_inline]] inline float quotient(float num, float d, const activation_constants& c) noexcept {
    const float inverse = near_reciprocal(d, c);
    const float q = num * inverse;
    return fused(fused(-q, d, num), inverse, q);
}

/// 1 / (1 + e^-x).
struct sigmoid_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const exponential_parts e = exponential(magnitude_below(x, 110), c);
        const float large = fused(e.q, e.power, e.power);  // 2^64 e^-|x|
        const float q = quotient(choose(is_negative(x), large, c.up), fused(large, c.down, c.one), c);
        return unless_nan(x, q * c.down);
    }
};

/// x / (1 + e^-x).
struct silu_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const float a = magnitude_below(x, 110);
        const exponential_parts e = exponential(a, c);
        const float large = fused(e.q, e.power, e.power);
        const bool low = is_negative(x);
        const float q = quotient(choose(low, a * large, a), fused(large, c.down, c.one), c);
        const float y = q * choose(low, c.down, c.one);
        const bool far = exceeds(x, 100);
        return with_sign_of(x, choose(far, x, y));
    }
};

/// (1 - e^-2x) / (1 + e^-2x).
struct tanh_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const float a = magnitude_below(x, 10);
        const exponential_parts e = exponential(a * c.two, c);
        const float power = e.power * c.down;
        const float less = -fused(power, e.q, power - c.one);  // 1 - e^-2a
        const float y = quotient(less, c.two - less, c);
        const bool small = bits_of(a) < bits_of(0x1p-12f);
        return with_sign_of(x, choose(small, a, y));
    }
};

/// max(x, 0) + ln(1 + e^-|x|).
struct softplus_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const exponential_parts e = exponential(magnitude_below(x, 110), c);
        const float large = fused(e.q, e.power, e.power);
        const float small = large * c.down;
        float s = fused(c.l[8], small, c.l[7]);
        s = fused(s, small, c.l[6]);
        s = fused(s, small, c.l[5]);
        s = fused(s, small, c.l[4]);
        s = fused(s, small, c.l[3]);
        s = fused(s, small, c.l[2]);
        s = fused(s, small, c.l[1]);
        s = fused(s, small, c.l[0]);
        const float log = fused(s * small, large, large);  // 2^64 ln(1 + e^-|x|)
        return unless_nan(x, fused(log, c.down, choose(is_negative(x), 0.0f, x)));
    }
};

/// e^-t where t ln 2 stands as a double: t = a * s >= 0.
[[nodiscard, gnu::always_inline]] inline exponential_parts exponential_of_product(
    double a, double s, const activation_constants& c) noexcept {
    const double n = fused(-a, s, c.double_magic) - c.double_magic;
    const double r = fused(-a, s, -n) * c.ln2;
    // (n as a float is exact; with 2^23 it is an integer again)
    const float z = static_cast<float>(n) + c.magic;
    return {small_exponential(static_cast<float>(r), c), float_of(bits_of(z) << 23)};
}

/// x / (1 + e^-w), w = 2 sqrt(2 / pi) (x + 0.044715 x^3).
struct gelu_tanh_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const float a = magnitude_below(x, 11.25f);
        const double wide = a;
        const double s = fused(wide * wide, c.tanh_3, c.tanh_1);
        const exponential_parts e = exponential_of_product(wide, s, c);
        const float large = fused(e.q, e.power, e.power);
        const bool low = is_negative(x);
        const float q = quotient(choose(low, a * large, a), fused(large, c.down, c.one), c);
        const float y = q * choose(low, c.down, c.one);
        const bool far = exceeds(x, 10);
        return with_sign_of(x, choose(far, x, y));
    }
};

/// x Phi(x), Phi(-a) = e^(-a^2/2) g(v) / (a + 2.5).
struct gelu_lane {
    [[nodiscard, gnu::always_inline]] static float of(float x, const activation_constants& c) noexcept {
        const float a = magnitude_below(x, 15);
        const double wide = a;
        const exponential_parts e = exponential_of_product(wide, wide * c.half_log2_e, c);
        // 1. 1 / (a + 2.5): the divisor as d 2^k, 1 <= d < 2.
        const float sum = a + c.middle;
        const std::uint32_t exponent = bits_of(sum) & 0x7f80'0000U;
        const float d = float_of(bits_of(sum) - exponent + 0x3f80'0000U);
        const float rough = near_reciprocal(d, c);
        const float fine = fused(fused(-d, rough, c.one), rough, rough);
        const float inverse = float_of(bits_of(fine) + 0x3f80'0000U - exponent);
        // 2. g(v).
        const float v = (a - c.middle) * inverse;
        float g = fused(c.g[9], v, c.g[8]);
        g = fused(g, v, c.g[7]);
        g = fused(g, v, c.g[6]);
        g = fused(g, v, c.g[5]);
        g = fused(g, v, c.g[4]);
        g = fused(g, v, c.g[3]);
        g = fused(g, v, c.g[2]);
        g = fused(g, v, c.g[1]);
        g = fused(g, v, c.g[0]);
        // 3. 2^64 Phi(-a) = (1 + q) 2^(n + 64) g / (a + 2.5), then a Phi(-a) or a - a Phi(-a).
        const float share = g * inverse;
        const float tail = fused(share, e.q, share) * e.power;
        const float product = fused(a, tail, c.zero) * c.down;
        const float y = choose(is_negative(x), product, a - product);
        const bool far = exceeds(x, 10);
        return with_sign_of(x, choose(far, x, y));
    }
};

/// 64 elements; dst may be src.
template <class Lane>
[[gnu::always_inline]] inline void activate_block(const float* src, float* dst) noexcept {
    const activation_constants& c = activation_memory();
    float x[lanes];
    float y[lanes];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < lanes; ++i) y[i] = Lane::of(x[i], c);
    __builtin_memcpy(dst, y, sizeof y);
}
template <class Lane>
[[gnu::noinline]] inline void activate(const float* src, float* dst, std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * lanes; i += lanes) activate_block<Lane>(src + i, dst + i);
}

}  // namespace dyad::inline v1::scalar
