// SPDX-License-Identifier: Apache-2.0
// The steps of kernels/scalar/float_softmax.hpp with AVX2 and FMA: eight floats a vector. What a compiler might
// evaluate in another way with -ffast-math is an instruction.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/scalar/float_softmax.hpp>

namespace dyad::inline v1::avx2 {

struct softmax_vectors {
    eight_floats high;
    eight_floats low;
    eight_floats magic;
    eight_floats least;
    eight_floats c1;
    eight_floats c2;
    eight_floats c3;
    eight_floats c4;
    eight_floats c5;
    eight_floats c6;
    eight_floats one;
};

[[gnu::target("avx2,fma"), gnu::always_inline]] inline softmax_vectors spread(const softmax_reference& to) noexcept {
    constexpr const float* c = exp2_coefficients;
    return {splat(to.high), splat(to.low), splat(to.magic), splat(to.least), splat(c[0]), splat(c[1]),
            splat(c[2]),    splat(c[3]),   splat(c[4]),     splat(c[5]),     splat(1.0f)};
}

/// The terms of eight floats.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats softmax_terms(eight_floats x,
                                                                                  const softmax_vectors& v) noexcept {
    const eight_floats z = multiply_add(x, v.high, v.magic);
    const eight_floats n = subtract(z, v.magic);
    const eight_floats r = add_product(multiply_subtract(x, v.high, n), x, v.low);
    eight_floats p = multiply_add(v.c6, r, v.c5);
    p = multiply_add(p, r, v.c4);
    p = multiply_add(p, r, v.c3);
    p = multiply_add(p, r, v.c2);
    p = multiply_add(p, r, v.c1);
    p = multiply_add(p, r, v.one);
    const auto power = reinterpret_cast<eight_floats>(reinterpret_cast<eight_words>(z) << 23U);
    const auto term = reinterpret_cast<eight_words>(multiply(p, power));
    return reinterpret_cast<eight_floats>(term & not_less(x, v.least));
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline float softmax_largest(const float* x, std::size_t n) noexcept {
    eight_floats most[4];
    for (eight_floats& m : most) m = minus_infinities();
    std::size_t i = 0;
    for (; n - i >= 32; i += 32) {
        for (std::size_t k = 0; k < 4; ++k) most[k] = larger_number(load_floats(x + i + 8 * k), most[k]);
    }
    for (; n - i >= 8; i += 8) most[0] = larger_number(load_floats(x + i), most[0]);
    if (i < n) most[1] = larger_number(load_first(x + i, n - i), most[1]);
    return largest_lane(larger_number(larger_number(most[0], most[1]), larger_number(most[2], most[3])));
}

[[gnu::target("avx2,fma"), gnu::always_inline]] inline void keep_vector(scalar::no_terms, std::size_t,
                                                                        eight_floats) noexcept {}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void keep_vector(scalar::kept_terms to, std::size_t i,
                                                                        eight_floats x) noexcept {
    store_floats(to.terms + i, x);
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void keep_first(scalar::no_terms, std::size_t, eight_floats,
                                                                       std::size_t) noexcept {}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void keep_first(scalar::kept_terms to, std::size_t i,
                                                                       eight_floats x, std::size_t n) noexcept {
    store_first(to.terms + i, x, n);
}

/// The sum of eight of the 64 lanes of a group: every eighth vector from `first` up to `end`. (Lanes that hold no
/// element have the term 0.)
template <class Terms>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats eighth_group(const float* x, std::size_t first,
                                                                                 std::size_t end,
                                                                                 const softmax_vectors& v,
                                                                                 Terms terms) noexcept {
    eight_floats sum{};
    std::size_t i = first;
    for (; i + 8 <= end; i += 64) {
        const eight_floats term = softmax_terms(load_floats(x + i), v);
        keep_vector(terms, i, term);
        sum = add(sum, term);
    }
    if (i < end) {
        const eight_floats term = softmax_terms(load_first(x + i, end - i), v);
        keep_first(terms, i, term, end - i);
        sum = add(sum, term);
    }
    return sum;
}
/// Of lanes 8 half ... 8 half + 7 of the sixteen that a group leaves.
template <class Terms>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats half_group(const float* x, std::size_t first,
                                                                               std::size_t end,
                                                                               const softmax_vectors& v,
                                                                               Terms terms) noexcept {
    const eight_floats s0 = eighth_group(x, first, end, v, terms);
    const eight_floats s1 = eighth_group(x, first + 16, end, v, terms);
    const eight_floats s2 = eighth_group(x, first + 32, end, v, terms);
    const eight_floats s3 = eighth_group(x, first + 48, end, v, terms);
    return add(add(s0, s1), add(s2, s3));
}

/// `next`: what to fetch meanwhile, as much as n; may be null.
template <class Terms>
[[gnu::target("avx2,fma"), gnu::noinline]] inline double softmax_sum(const float* x, std::size_t n,
                                                                     const softmax_reference& to, Terms terms,
                                                                     const float* next) noexcept {
    const softmax_vectors v = spread(to);
    four_doubles sums[4]{};
    for (std::size_t group = 0; group < n; group += softmax_group) {
        const std::size_t end = n - group < softmax_group ? n : group + softmax_group;
        if (next != nullptr) {
            for (std::size_t i = group; i < end; i += 16) __builtin_prefetch(next + i);
        }
        for (std::size_t half = 0; half < 2; ++half) {
            const eight_floats four = half_group(x, group + 8 * half, end, v, terms);
            sums[2 * half] = add(sums[2 * half], lower_doubles(four));
            sums[2 * half + 1] = add(sums[2 * half + 1], upper_doubles(four));
        }
    }
    return lane_total(add(add(sums[0], sums[2]), add(sums[1], sums[3])));
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void softmax_multiply(const float* x, std::size_t n, float factor,
                                                                        float* y) noexcept {
    const eight_floats f = splat(factor);
    std::size_t i = 0;
    for (; n - i >= 8; i += 8) store_floats(y + i, multiply(load_floats(x + i), f));
    if (i < n) store_first(y + i, multiply(load_first(x + i, n - i), f), n - i);
}

[[gnu::target("avx2,fma"), gnu::noinline]] inline void softmax_shares(const float* x, std::size_t n,
                                                                      const softmax_reference& to, float factor,
                                                                      float* y) noexcept {
    const softmax_vectors v = spread(to);
    const eight_floats f = splat(factor);
    std::size_t i = 0;
    for (; n - i >= 8; i += 8) store_floats(y + i, multiply(softmax_terms(load_floats(x + i), v), f));
    if (i < n) store_first(y + i, multiply(softmax_terms(load_first(x + i, n - i), v), f), n - i);
}

/// The same past the caches; y aligned to 64, n a multiple of 16.
[[gnu::target("avx2,fma"), gnu::noinline]] inline void softmax_shares_streamed(const float* x, std::size_t n,
                                                                               const softmax_reference& to,
                                                                               float factor, float* y) noexcept {
    const softmax_vectors v = spread(to);
    const eight_floats f = splat(factor);
    for (std::size_t i = 0; i < n; i += 16) {
        __builtin_prefetch(x + i + 1024);
        stream_floats(y + i, multiply(softmax_terms(load_floats(x + i), v), f));
        stream_floats(y + i + 8, multiply(softmax_terms(load_floats(x + i + 8), v), f));
    }
}

}  // namespace dyad::inline v1::avx2

#endif
