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
    floats c0;
    floats c1;
    floats c2;
    floats c3;
    floats c4;
    floats c5;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline softmax_vectors spread(const softmax_reference& to) noexcept {
    constexpr const float* c = exp2_coefficients;
    return {splat(to.high), splat(to.low), splat(to.magic), splat(to.least), splat(c[0]),
            splat(c[1]),    splat(c[2]),   splat(c[3]),     splat(c[4]),     splat(c[5])};
}

/// The terms of sixteen floats.
[[gnu::target("avx512f"), gnu::always_inline]] inline floats softmax_terms(floats x,
                                                                           const softmax_vectors& v) noexcept {
    const floats z = multiply_add(x, v.high, v.magic);
    const floats n = subtract(z, v.magic);
    const floats r = add_product(multiply_subtract(x, v.high, n), x, v.low);
    floats p = multiply_add(v.c5, r, v.c4);
    p = multiply_add(p, r, v.c3);
    p = multiply_add(p, r, v.c2);
    p = multiply_add(p, r, v.c1);
    p = multiply_add(p, r, v.c0);
    const auto power = reinterpret_cast<floats>(reinterpret_cast<words>(z) << 23U);
    return multiply_unless(not_less(x, v.least), p, power);
}

/// Four vectors, step by step together: a chain of dependent multiply-adds by itself would fill the processor's queues.
struct four_floats {
    floats a;
    floats b;
    floats c;
    floats d;
};
[[gnu::target("avx512f"), gnu::always_inline]] inline four_floats load_four(const float* x) noexcept {
    return {load_floats(x), load_floats(x + 16), load_floats(x + 32), load_floats(x + 48)};
}
[[gnu::target("avx512f"), gnu::always_inline]] inline four_floats multiply_add(const four_floats& x,
                                                                               const four_floats& y,
                                                                               floats z) noexcept {
    return {multiply_add(x.a, y.a, z), multiply_add(x.b, y.b, z), multiply_add(x.c, y.c, z), multiply_add(x.d, y.d, z)};
}
[[gnu::target("avx512f"), gnu::always_inline]] inline four_floats same_four(floats x) noexcept { return {x, x, x, x}; }
[[gnu::target("avx512f"), gnu::always_inline]] inline floats power_of(floats z) noexcept {
    return reinterpret_cast<floats>(reinterpret_cast<words>(z) << 23U);
}

/// softmax_terms of four vectors.
[[gnu::target("avx512f"), gnu::always_inline]] inline four_floats softmax_terms(const four_floats& x,
                                                                                const softmax_vectors& v) noexcept {
    const four_floats z{add_product(v.magic, x.a, v.high), add_product(v.magic, x.b, v.high),
                        add_product(v.magic, x.c, v.high), add_product(v.magic, x.d, v.high)};
    const four_floats n{subtract(z.a, v.magic), subtract(z.b, v.magic), subtract(z.c, v.magic), subtract(z.d, v.magic)};
    const four_floats f{multiply_subtract(x.a, v.high, n.a), multiply_subtract(x.b, v.high, n.b),
                        multiply_subtract(x.c, v.high, n.c), multiply_subtract(x.d, v.high, n.d)};
    const four_floats r{add_product(f.a, x.a, v.low), add_product(f.b, x.b, v.low), add_product(f.c, x.c, v.low),
                        add_product(f.d, x.d, v.low)};
    four_floats p = multiply_add(same_four(v.c5), r, v.c4);
    p = multiply_add(p, r, v.c3);
    p = multiply_add(p, r, v.c2);
    p = multiply_add(p, r, v.c1);
    p = multiply_add(p, r, v.c0);
    return {multiply_unless(not_less(x.a, v.least), p.a, power_of(z.a)),
            multiply_unless(not_less(x.b, v.least), p.b, power_of(z.b)),
            multiply_unless(not_less(x.c, v.least), p.c, power_of(z.c)),
            multiply_unless(not_less(x.d, v.least), p.d, power_of(z.d))};
}

[[gnu::target("avx512f"), gnu::noinline]] inline float softmax_largest(const float* x, std::size_t n) noexcept {
    floats a = minus_infinities();
    floats b = a;
    floats c = a;
    floats d = a;
    std::size_t i = 0;
    for (; n - i >= 64; i += 64) {
        a = larger_number(load_floats(x + i), a);
        b = larger_number(load_floats(x + i + 16), b);
        c = larger_number(load_floats(x + i + 32), c);
        d = larger_number(load_floats(x + i + 48), d);
    }
    for (; n - i >= 16; i += 16) a = larger_number(load_floats(x + i), a);
    if (i < n) b = larger_number(load_first(x + i, n - i), b);
    return largest_lane(larger_number(larger_number(a, b), larger_number(c, d)));
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

/// Adds the terms of x[i] ... x[end - 1], at most sixteen, to the lanes that they belong to. (Lanes that hold no
/// element have the term 0.)
template <class Terms>
[[gnu::target("avx512f"), gnu::always_inline]] inline floats add_rest(floats sum, const float* x, std::size_t i,
                                                                      std::size_t end, const softmax_vectors& v,
                                                                      Terms terms) noexcept {
    if (i >= end) return sum;
    const std::size_t n = end - i < 16 ? end - i : 16;
    const floats term = softmax_terms(load_first(x + i, n), v);
    keep_first(terms, i, term, n);
    return add(sum, term);
}

/// `next`: what to fetch meanwhile, as much as n; may be null.
template <class Terms>
[[gnu::target("avx512f"), gnu::noinline]] inline double sum_of_terms(const float* x, std::size_t n,
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
        four_floats s{};
        std::size_t i = group;
        for (; i + 64 <= end; i += 64) {
            const four_floats term = softmax_terms(load_four(x + i), v);
            keep_vector(terms, i, term.a);
            keep_vector(terms, i + 16, term.b);
            keep_vector(terms, i + 32, term.c);
            keep_vector(terms, i + 48, term.d);
            s = {add(s.a, term.a), add(s.b, term.b), add(s.c, term.c), add(s.d, term.d)};
        }
        if (i < end) {
            s = {add_rest(s.a, x, i, end, v, terms), add_rest(s.b, x, i + 16, end, v, terms),
                 add_rest(s.c, x, i + 32, end, v, terms), add_rest(s.d, x, i + 48, end, v, terms)};
        }
        const floats four = add(add(s.a, s.b), add(s.c, s.d));
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
    for (; n - i >= 64; i += 64) {
        const four_floats term = softmax_terms(load_four(x + i), v);
        store_floats(y + i, multiply(term.a, f));
        store_floats(y + i + 16, multiply(term.b, f));
        store_floats(y + i + 32, multiply(term.c, f));
        store_floats(y + i + 48, multiply(term.d, f));
    }
    for (; n - i >= 16; i += 16) store_floats(y + i, multiply(softmax_terms(load_floats(x + i), v), f));
    if (i < n) store_first(y + i, multiply(softmax_terms(load_first(x + i, n - i), v), f), n - i);
}

/// The same past the caches; y aligned to 64, n a multiple of 64.
[[gnu::target("avx512f"), gnu::noinline]] inline void softmax_shares_streamed(const float* x, std::size_t n,
                                                                              const softmax_reference& to, float factor,
                                                                              float* y) noexcept {
    const softmax_vectors v = spread(to);
    const floats f = splat(factor);
    for (std::size_t i = 0; i < n; i += 64) {
        for (std::size_t k = 0; k < 64; k += 16) __builtin_prefetch(x + i + 1024 + k);
        const four_floats term = softmax_terms(load_four(x + i), v);
        stream_floats(y + i, multiply(term.a, f));
        stream_floats(y + i + 16, multiply(term.b, f));
        stream_floats(y + i + 32, multiply(term.c, f));
        stream_floats(y + i + 48, multiply(term.d, f));
    }
}

}  // namespace dyad::inline v1::avx512

#endif
