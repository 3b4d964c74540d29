// SPDX-License-Identifier: Apache-2.0
// The steps of kernels/scalar/float_softmax.hpp with AVX-512: sixteen floats a vector. What a compiler might evaluate
// in another way with -ffast-math is an instruction.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/scalar/float_softmax.hpp>

namespace dyad::inline v1::avx512 {

struct softmax_vectors {
    floats high;
    floats low;
    floats magic;
    floats least;
    floats c1;
    floats c2;
    floats c3;
    floats c4;
    floats c5;
    floats c6;
    floats one;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline softmax_vectors spread(const softmax_reference& to) noexcept {
    constexpr const float* c = exp2_coefficients;
    return {splat(to.high), splat(to.low), splat(to.magic), splat(to.least), splat(c[0]), splat(c[1]),
            splat(c[2]),    splat(c[3]),   splat(c[4]),     splat(c[5]),     splat(1.0f)};
}

/// The terms of sixteen floats.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats softmax_terms(floats x,
                                                                           const softmax_vectors& v) noexcept {
    const floats z = multiply_add(x, v.high, v.magic);
    const floats n = subtract(z, v.magic);
    const floats r = add_product(multiply_subtract(x, v.high, n), x, v.low);
    floats p = multiply_add(v.c6, r, v.c5);
    p = multiply_add(p, r, v.c4);
    p = multiply_add(p, r, v.c3);
    p = multiply_add(p, r, v.c2);
    p = multiply_add(p, r, v.c1);
    p = multiply_add(p, r, v.one);
    const auto power = reinterpret_cast<floats>(reinterpret_cast<words>(z) << 23U);
    return multiply_unless(not_less(x, v.least), p, power);
}

[[gnu::target("avx512f"), gnu::noinline]] inline float softmax_largest(const float* x, std::size_t n) noexcept {
    floats most[4];
    for (floats& m : most) m = minus_infinities();
    std::size_t i = 0;
    for (; n - i >= 64; i += 64) {
        for (std::size_t k = 0; k < 4; ++k) most[k] = larger_number(load_floats(x + i + 16 * k), most[k]);
    }
    for (; n - i >= 16; i += 16) most[0] = larger_number(load_floats(x + i), most[0]);
    if (i < n) most[1] = larger_number(load_first(x + i, n - i), most[1]);
    return largest_lane(larger_number(larger_number(most[0], most[1]), larger_number(most[2], most[3])));
}

[[gnu::target("avx512f"), gnu::always_inline]] inline void keep_vector(scalar::no_terms, std::size_t, floats) noexcept {
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void keep_vector(scalar::kept_terms to, std::size_t i,
                                                                       floats x) noexcept {
    store_floats(to.terms + i, x);
}
[[gnu::target("avx512f"), gnu::always_inline]] inline void keep_first(scalar::no_terms, std::size_t, floats,
                                                                      std::size_t) noexcept {}
[[gnu::target("avx512f"), gnu::always_inline]] inline void keep_first(scalar::kept_terms to, std::size_t i, floats x,
                                                                      std::size_t n) noexcept {
    store_first(to.terms + i, x, n);
}

/// The sum of lanes 16 k ... 16 k + 15 of the 64 of a group: every fourth vector from `first` up to `end`. (Lanes that
/// hold no element have the term 0.)
template <class Terms>
[[gnu::target("avx512f"), gnu::always_inline]] inline floats quarter_group(const float* x, std::size_t first,
                                                                           std::size_t end, const softmax_vectors& v,
                                                                           Terms terms) noexcept {
    floats sum{};
    std::size_t i = first;
    for (; i + 16 <= end; i += 64) {
        const floats term = softmax_terms(load_floats(x + i), v);
        keep_vector(terms, i, term);
        sum = add(sum, term);
    }
    if (i < end) {
        const floats term = softmax_terms(load_first(x + i, end - i), v);
        keep_first(terms, i, term, end - i);
        sum = add(sum, term);
    }
    return sum;
}

/// `next`: what to fetch meanwhile, as much as n; may be null.
template <class Terms>
[[gnu::target("avx512f"), gnu::noinline]] inline double softmax_sum(const float* x, std::size_t n,
                                                                    const softmax_reference& to, Terms terms,
                                                                    const float* next) noexcept {
    const softmax_vectors v = spread(to);
    doubles low{};
    doubles high{};
    for (std::size_t group = 0; group < n; group += softmax_group) {
        const std::size_t end = n - group < softmax_group ? n : group + softmax_group;
        if (next != nullptr) {
            for (std::size_t i = group; i < end; i += 16) __builtin_prefetch(next + i);
        }
        const floats s0 = quarter_group(x, group, end, v, terms);
        const floats s1 = quarter_group(x, group + 16, end, v, terms);
        const floats s2 = quarter_group(x, group + 32, end, v, terms);
        const floats s3 = quarter_group(x, group + 48, end, v, terms);
        const floats four = add(add(s0, s1), add(s2, s3));
        low = add(low, lower_doubles(four));
        high = add(high, upper_doubles(four));
    }
    return lane_total(add(low, high));
}

[[gnu::target("avx512f"), gnu::noinline]] inline void softmax_multiply(const float* x, std::size_t n, float factor,
                                                                       float* y) noexcept {
    const floats f = splat(factor);
    std::size_t i = 0;
    for (; n - i >= 16; i += 16) store_floats(y + i, multiply(load_floats(x + i), f));
    if (i < n) store_first(y + i, multiply(load_first(x + i, n - i), f), n - i);
}

[[gnu::target("avx512f"), gnu::noinline]] inline void softmax_shares(const float* x, std::size_t n,
                                                                     const softmax_reference& to, float factor,
                                                                     float* y) noexcept {
    const softmax_vectors v = spread(to);
    const floats f = splat(factor);
    std::size_t i = 0;
    for (; n - i >= 16; i += 16) store_floats(y + i, multiply(softmax_terms(load_floats(x + i), v), f));
    if (i < n) store_first(y + i, multiply(softmax_terms(load_first(x + i, n - i), v), f), n - i);
}

/// The same past the caches; y aligned to 64, n a multiple of 16.
[[gnu::target("avx512f"), gnu::noinline]] inline void softmax_shares_streamed(const float* x, std::size_t n,
                                                                              const softmax_reference& to, float factor,
                                                                              float* y) noexcept {
    const softmax_vectors v = spread(to);
    const floats f = splat(factor);
    for (std::size_t i = 0; i < n; i += 16) {
        __builtin_prefetch(x + i + 1024);
        stream_floats(y + i, multiply(softmax_terms(load_floats(x + i), v), f));
    }
}

}  // namespace dyad::inline v1::avx512

#endif
