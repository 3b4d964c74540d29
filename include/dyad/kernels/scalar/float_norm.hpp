// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of floats in plain C++: the definition of every bit.
// 1. Sums are in double, each operation rounded once: lane l = 0 .. 31 sums the elements l, l + 32, ... in order; lane
// l
//    then adds lane l + 16, l + 8, l + 4, l + 2, l + 1. mean = sum / n (RMS: 0); s = the sum of fma(d, d, s) with
//    d = x - mean (L1: of |d|); r = 1 / sqrt(s / n + epsilon) (L1: 1 / (s / n + epsilon)), 0 where s is 0.
// 2. Where r is 0 or 2^-60 .. 2^60, in float: high = float(mean), x' = fma(x - high, float(r), float((high - mean) r)),
//    y = fma(x', gamma, beta). Elsewhere in double: y = float(fma((x - mean) r, gamma, beta)).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/norm_kind.hpp>
#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1 {

/// Elements `step` apart; a row of equal ones where step is 0.
template <class T>
struct norm_elements {
    T* data;
    std::ptrdiff_t step;
    [[nodiscard]] constexpr T& operator[](std::ptrdiff_t i) const noexcept { return data[i * step]; }
};

/// Rows `stride` apart, their elements `step` apart.
template <class T>
struct norm_rows {
    T* data;
    std::ptrdiff_t stride;
    std::ptrdiff_t step;
    [[nodiscard]] constexpr T* row(std::ptrdiff_t i) const noexcept { return data + i * stride; }
};

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar::float_norms {

inline constexpr std::ptrdiff_t norm_lanes = 32;

/// Single operations, which -ffast-math must not put in another order.
[[nodiscard, gnu::always_inline]] inline double added(double x, double y) noexcept {
#if defined(__x86_64__)
    __asm__("addsd %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fadd %d0, %d0, %d1" : "+w"(x) : "w"(y));
    return x;
#else
    return x + y;
#endif
}
[[nodiscard, gnu::always_inline]] inline double subtracted(double x, double y) noexcept {
#if defined(__x86_64__)
    __asm__("subsd %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fsub %d0, %d0, %d1" : "+w"(x) : "w"(y));
    return x;
#else
    return x - y;
#endif
}
[[nodiscard, gnu::always_inline]] inline float subtracted(float x, float y) noexcept {
#if defined(__x86_64__)
    __asm__("subss %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fsub %s0, %s0, %s1" : "+w"(x) : "w"(y));
    return x;
#else
    return x - y;
#endif
}
[[nodiscard, gnu::always_inline]] inline double multiplied(double x, double y) noexcept {
#if defined(__x86_64__)
    __asm__("mulsd %1, %0" : "+x"(x) : "x"(y));
    return x;
#elif defined(__aarch64__)
    __asm__("fmul %d0, %d0, %d1" : "+w"(x) : "w"(y));
    return x;
#else
    return x * y;
#endif
}
[[nodiscard, gnu::always_inline]] inline double rooted(double x) noexcept {
#if defined(__x86_64__)
    __asm__("sqrtsd %0, %0" : "+x"(x));
    return x;
#elif defined(__aarch64__)
    __asm__("fsqrt %d0, %d0" : "+w"(x));
    return x;
#else
    return __builtin_sqrt(x);
#endif
}

[[nodiscard]] inline bool is_finite_sum(double x) noexcept {
    return (std::bit_cast<std::uint64_t>(x) >> 52 & 0x7ffU) != 0x7ffU;
}
/// r from s >= 0. (By its bits: with -ffast-math a comparison lets compilers take NaN for 0 from here on.)
template <norm_kind Kind>
[[nodiscard]] inline double norm_inverse(double s, double n, double epsilon) noexcept {
    if (std::bit_cast<std::uint64_t>(s) == 0) return 0;
    const double v = added(divided(s, n), epsilon);
    return divided(1, Kind == norm_kind::l1 ? v : rooted(v));
}

[[nodiscard]] inline double fold_lanes(double* lanes) noexcept {
    for (std::ptrdiff_t half = norm_lanes / 2; half > 0; half /= 2) {
        for (std::ptrdiff_t l = 0; l < half; ++l) lanes[l] = added(lanes[l], lanes[l + half]);
    }
    return lanes[0];
}
/// Elements into the lanes' sums; pieces of a row one after the other, but for the last of whole lanes.
inline void sum_elements(norm_elements<const float> src, std::ptrdiff_t n, double* lanes) noexcept {
    for (std::ptrdiff_t i = 0; i < n; ++i)
        lanes[i % norm_lanes] = added(lanes[i % norm_lanes], static_cast<double>(src[i]));
}
template <norm_kind Kind>
inline void sum_deviations(norm_elements<const float> src, std::ptrdiff_t n, double mean, double* lanes) noexcept {
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        double& lane = lanes[i % norm_lanes];
        const double d = subtracted(static_cast<double>(src[i]), mean);
        lane = Kind == norm_kind::l1 ? added(lane, __builtin_fabs(d)) : fused(d, d, lane);
    }
}
[[nodiscard]] inline double norm_mean(norm_elements<const float> src, std::ptrdiff_t n) noexcept {
    double lanes[norm_lanes] = {};
    sum_elements(src, n, lanes);
    return divided(fold_lanes(lanes), static_cast<double>(n));
}
template <norm_kind Kind>
[[nodiscard]] inline double norm_spread(norm_elements<const float> src, std::ptrdiff_t n, double mean) noexcept {
    double lanes[norm_lanes] = {};
    sum_deviations<Kind>(src, n, mean, lanes);
    return fold_lanes(lanes);
}
/// A row with NaN or infinity in it.
inline void fill_with_nan(norm_elements<float> dst, std::ptrdiff_t n) noexcept {
    for (std::ptrdiff_t i = 0; i < n; ++i) dst[i] = std::bit_cast<float>(0x7fc0'0000U);
}

/// What follows from the sums of a row.
struct row_numbers {
    double mean;
    double r;
    [[nodiscard]] bool is_narrow() const noexcept { return r == 0 || (r >= 0x1p-60 && r <= 0x1p60); }
    [[nodiscard]] float high() const noexcept { return static_cast<float>(mean); }
    [[nodiscard]] float factor() const noexcept { return static_cast<float>(r); }
    [[nodiscard]] float rest() const noexcept {
        return static_cast<float>(multiplied(subtracted(static_cast<double>(high()), mean), r));
    }
};

/// One row from its numbers.
inline void scale_row(norm_elements<const float> src, std::ptrdiff_t n, const row_numbers& row,
                      norm_elements<const float> gamma, norm_elements<const float> beta,
                      norm_elements<float> dst) noexcept {
    const float high = row.high();
    const float factor = row.factor();
    const float rest = row.rest();
    for (std::ptrdiff_t i = 0; i < n && row.is_narrow(); ++i)
        dst[i] = fused(fused(subtracted(src[i], high), factor, rest), gamma[i], beta[i]);
    for (std::ptrdiff_t i = 0; i < n && !row.is_narrow(); ++i) {
        const double x = multiplied(subtracted(static_cast<double>(src[i]), row.mean), row.r);
        dst[i] = static_cast<float>(fused(x, static_cast<double>(gamma[i]), static_cast<double>(beta[i])));
    }
}

/// dst may be src.
template <norm_kind Kind>
[[gnu::noinline]] inline void normalize_floats(norm_rows<const float> src, std::ptrdiff_t rows, std::ptrdiff_t n,
                                               norm_elements<const float> gamma, norm_elements<const float> beta,
                                               double epsilon, norm_rows<float> dst) noexcept {
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
        const norm_elements<const float> from{src.row(r), src.step};
        const norm_elements<float> to{dst.row(r), dst.step};
        const double mean = Kind == norm_kind::rms ? 0 : norm_mean(from, n);
        const double s = norm_spread<Kind>(from, n, mean);
        const double inverse = norm_inverse<Kind>(s, static_cast<double>(n), epsilon);
        if (is_finite_sum(s)) scale_row(from, n, {mean, inverse}, gamma, beta, to);
        else fill_with_nan(to, n);
    }
}

}  // namespace dyad::inline v1::scalar::float_norms
