// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of floats with AVX-512: the bits of kernels/scalar/float_norm.hpp, its lanes eight to a
// vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <dyad/kernels/scalar/float_norm.hpp>

namespace dyad::inline v1::avx512::float_norms {

using norm_doubles [[gnu::vector_size(64)]] = double;
using norm_bits [[gnu::vector_size(64)]] = std::uint64_t;
using norm_singles [[gnu::vector_size(64)]] = float;
using norm_floats [[gnu::vector_size(32)]] = float;

inline constexpr std::ptrdiff_t norm_step = 8;                                             // lanes of a vector
inline constexpr std::ptrdiff_t norm_parts = scalar::float_norms::norm_lanes / norm_step;  // vectors of all lanes

// Single instructions, which -ffast-math must not put in another order.
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles added(norm_doubles x, norm_doubles y) noexcept {
    __asm__("vaddpd %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles subtracted(norm_doubles x,
                                                                                  norm_doubles y) noexcept {
    __asm__("vsubpd %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
/// x y + z, rounded once.
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles fused(norm_doubles x, norm_doubles y,
                                                                             norm_doubles z) noexcept {
    __asm__("vfmadd231pd %2, %1, %0" : "+v"(z) : "v"(x), "v"(y));
    return z;
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles widened(const float* from) noexcept {
    norm_floats x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, norm_doubles);
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles in_all_lanes(double x) noexcept {
    return x - norm_doubles{};
}

[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_singles subtracted(norm_singles x,
                                                                                  norm_singles y) noexcept {
    __asm__("vsubps %1, %0, %0" : "+v"(x) : "v"(y));
    return x;
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_singles fused(norm_singles x, norm_singles y,
                                                                             norm_singles z) noexcept {
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(z) : "v"(x), "v"(y));
    return z;
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_singles in_all_lanes(float x) noexcept {
    return x - norm_singles{};
}
/// From i on, or everywhere the same.
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_singles singles(norm_elements<const float> from,
                                                                               std::ptrdiff_t i) noexcept {
    if (from.step == 0) return in_all_lanes(*from.data);
    norm_singles x;
    __builtin_memcpy(&x, from.data + i, sizeof x);
    return x;
}

/// d = x - mean, or x itself.
template <norm_kind Kind>
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles deviations(norm_doubles x,
                                                                                  norm_doubles mean) noexcept {
    if constexpr (Kind == norm_kind::rms) return x;
    else return subtracted(x, mean);
}
/// d into the sum s.
template <norm_kind Kind>
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline norm_doubles spread_step(norm_doubles d,
                                                                                   norm_doubles s) noexcept {
    if constexpr (Kind != norm_kind::l1) return fused(d, d, s);
    constexpr std::uint64_t magnitude = ~std::uint64_t{0} >> 1;
    return added(s, reinterpret_cast<norm_doubles>(reinterpret_cast<norm_bits>(d) & magnitude));
}
/// scalar::float_norms::fold_lanes.
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline double fold_lanes(
    norm_doubles (&parts)[norm_parts]) noexcept {
    for (std::ptrdiff_t half = norm_parts / 2; half > 0; half /= 2) {
        for (std::ptrdiff_t p = 0; p < half; ++p) parts[p] = added(parts[p], parts[p + half]);
    }
    norm_doubles x = parts[0];
    x = added(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
    x = added(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
    x = added(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
    return x[0];
}
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline double norm_mean(const float* src,
                                                                           std::ptrdiff_t n) noexcept {
    norm_doubles parts[norm_parts] = {};
    std::ptrdiff_t i = 0;
    for (; n - i >= scalar::float_norms::norm_lanes; i += scalar::float_norms::norm_lanes) {
#pragma GCC unroll 8
        for (std::ptrdiff_t p = 0; p < norm_parts; ++p) parts[p] = added(parts[p], widened(src + i + p * norm_step));
    }
    if (i < n) {
        // Lanes without an element add 0, and stay.
        float rest[scalar::float_norms::norm_lanes] = {};
        std::memcpy(rest, src + i, static_cast<std::size_t>(n - i) * sizeof *rest);
        for (std::ptrdiff_t p = 0; p < norm_parts; ++p) parts[p] = added(parts[p], widened(rest + p * norm_step));
    }
    return scalar::divided(fold_lanes(parts), static_cast<double>(n));
}
template <norm_kind Kind>
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline double norm_spread(const float* src, std::ptrdiff_t n,
                                                                             double mean) noexcept {
    const norm_doubles means = in_all_lanes(mean);
    norm_doubles parts[norm_parts] = {};
    std::ptrdiff_t i = 0;
    for (; n - i >= scalar::float_norms::norm_lanes; i += scalar::float_norms::norm_lanes) {
#pragma GCC unroll 8
        for (std::ptrdiff_t p = 0; p < norm_parts; ++p)
            parts[p] = spread_step<Kind>(deviations<Kind>(widened(src + i + p * norm_step), means), parts[p]);
    }
    if (i < n) {
        double rest[scalar::float_norms::norm_lanes] = {};
        for (std::ptrdiff_t k = 0; k < n - i; ++k)
            rest[k] = scalar::float_norms::subtracted(static_cast<double>(src[i + k]), mean);
        for (std::ptrdiff_t p = 0; p < norm_parts; ++p) {
            norm_doubles d;
            __builtin_memcpy(&d, rest + p * norm_step, sizeof d);
            parts[p] = spread_step<Kind>(d, parts[p]);
        }
    }
    return fold_lanes(parts);
}

/// One row from its numbers, gamma and beta of step 1 or 0.
[[gnu::target("avx512f,fma"), gnu::always_inline]] inline void scale_row(const float* src, std::ptrdiff_t n,
                                                                         const scalar::float_norms::row_numbers& row,
                                                                         norm_elements<const float> gamma,
                                                                         norm_elements<const float> beta,
                                                                         float* dst) noexcept {
    const norm_singles high = in_all_lanes(row.high());
    const norm_singles factor = in_all_lanes(row.factor());
    const norm_singles rest = in_all_lanes(row.rest());
    std::ptrdiff_t i = 0;
    for (; row.is_narrow() && n - i >= 2 * norm_step; i += 2 * norm_step) {
        const norm_singles x = fused(subtracted(singles({src, 1}, i), high), factor, rest);
        const norm_singles y = fused(x, singles(gamma, i), singles(beta, i));
        __builtin_memcpy(dst + i, &y, sizeof y);
    }
    scalar::float_norms::scale_row({src + i, 1}, n - i, row, {gamma.data + i * gamma.step, gamma.step},
                                   {beta.data + i * beta.step, beta.step}, {dst + i, 1});
}

/// Rows of elements side by side. Some rows together: each waits long for its sums and its root, and they do not wait
/// for each other.
template <norm_kind Kind>
[[gnu::target("avx512f,fma"), gnu::noinline]] inline void normalize_floats(
    norm_rows<const float> src, std::ptrdiff_t rows, std::ptrdiff_t n, norm_elements<const float> gamma,
    norm_elements<const float> beta, double epsilon, norm_rows<float> dst) noexcept {
    constexpr std::ptrdiff_t together = 4;
    for (std::ptrdiff_t first = 0; first < rows; first += together) {
        const std::ptrdiff_t end = rows - first < together ? rows : first + together;
        double means[together] = {};
        double spreads[together];
        for (std::ptrdiff_t r = first; r < end && Kind != norm_kind::rms; ++r)
            means[r - first] = norm_mean(src.row(r), n);
        for (std::ptrdiff_t r = first; r < end; ++r)
            spreads[r - first] = norm_spread<Kind>(src.row(r), n, means[r - first]);
        for (std::ptrdiff_t r = first; r < end; ++r) {
            const double s = spreads[r - first];
            const double inverse = scalar::float_norms::norm_inverse<Kind>(s, static_cast<double>(n), epsilon);
            if (scalar::float_norms::is_finite_sum(s))
                scale_row(src.row(r), n, {means[r - first], inverse}, gamma, beta, dst.row(r));
            else scalar::float_norms::fill_with_nan({dst.row(r), 1}, n);
        }
    }
}

}  // namespace dyad::inline v1::avx512::float_norms

#endif
