// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/scale_sums.hpp with AVX2 and FMA: four columns at a time, the rows of a tile one below the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/scale.hpp>
#include <dyad/kernels/scalar/scale_sums.hpp>

namespace dyad::inline v1::avx2 {

using four_signed_words [[gnu::vector_size(16)]] = std::int32_t;
using four_signed_longs [[gnu::vector_size(32)]] = std::int64_t;

[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles as_doubles(const float* from) noexcept {
    four_floats x;
    four_doubles y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vcvtps2pd %1, %0" : "=x"(y) : "x"(x));
    return y;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles as_doubles(const std::int32_t* from) noexcept {
    four_signed_words x;
    four_doubles y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vcvtdq2pd %1, %0" : "=x"(y) : "x"(x));
    return y;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles as_doubles(const std::int64_t* from) noexcept {
    return four_doubles{static_cast<double>(from[0]), static_cast<double>(from[1]), static_cast<double>(from[2]),
                        static_cast<double>(from[3])};
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles as_doubles(const double* from) noexcept {
    four_doubles x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_doubles fused_sum(four_doubles x, four_doubles y,
                                                                              four_doubles z) noexcept {
    __asm__("vfmadd213pd %2, %1, %0" : "+x"(x) : "x"(y), "x"(z));
    return x;
}
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_floats nearest_floats(four_doubles y) noexcept {
    four_floats x;
    __asm__("vcvtpd2ps %1, %0" : "=x"(x) : "x"(y));
    return x;
}
/// The low halves of four lanes.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_signed_words low_words(four_signed_longs x) noexcept {
    using eight_signed_words [[gnu::vector_size(32)]] = std::int32_t;
    const auto halves = reinterpret_cast<eight_signed_words>(x);
    return __builtin_shufflevector(halves, halves, 0, 2, 4, 6);
}

/// To odd: the nearest float, or where that is even and not y, its neighbour on y's side.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_signed_words floats_to_odd(four_doubles y) noexcept {
    const four_floats nearest = nearest_floats(y);
    four_doubles back;
    __asm__("vcvtps2pd %1, %0" : "=x"(back) : "x"(nearest));
    // Magnitudes of doubles are ordered like integers. (NaN is replaced later.)
    constexpr std::int64_t magnitude = word_max<std::int64_t>();
    const four_signed_longs own = reinterpret_cast<four_signed_longs>(y) & magnitude;
    const four_signed_longs found = reinterpret_cast<four_signed_longs>(back) & magnitude;
    const four_signed_longs step = (found > own) - (own > found);  // (a comparison that holds is -1)
    const auto bits = reinterpret_cast<four_signed_words>(nearest);
    const four_signed_words is_even = (bits & 1) - 1;
    return bits + (low_words(step) & is_even);
}
/// NaN is 0x7fc00000.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline four_signed_words with_one_nan(four_signed_words x) noexcept {
    const four_signed_words is_nan = (x & 0x7fff'ffff) > 0x7f80'0000;
    return (x & ~is_nan) | (is_nan & 0x7fc0'0000);
}

template <float_narrowing Narrowing>
struct store_floats_as {
    [[gnu::target("avx2,fma"), gnu::always_inline]] static void store(four_doubles y, float* dst,
                                                                      std::ptrdiff_t count) noexcept {
        four_signed_words x;
        if constexpr (Narrowing == float_narrowing::to_odd) x = floats_to_odd(y);
        else x = reinterpret_cast<four_signed_words>(nearest_floats(y));
        x = with_one_nan(x);
        if (count >= 4) __builtin_memcpy(dst, &x, sizeof x);
        else __builtin_memcpy(dst, &x, static_cast<std::size_t>(count) * sizeof *dst);
    }
};

struct store_doubles {
    [[gnu::target("avx2,fma"), gnu::always_inline]] static void store(four_doubles y, double* dst,
                                                                      std::ptrdiff_t count) noexcept {
        const auto nan = four_signed_longs{} + 0x7ff8'0000'0000'0000;
        const auto bits = reinterpret_cast<four_signed_longs>(y);
        const four_signed_longs is_nan = (bits & word_max<std::int64_t>()) > 0x7ff0'0000'0000'0000;
        const four_signed_longs x = (bits & ~is_nan) | (nan & is_nan);
        if (count >= 4) __builtin_memcpy(dst, &x, sizeof x);
        else __builtin_memcpy(dst, &x, static_cast<std::size_t>(count) * sizeof *dst);
    }
};

template <std::int32_t Low, std::int32_t High>
struct store_codes_as {
    four_doubles unit;
    template <class Code>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void store(four_doubles y, Code* dst,
                                                               std::ptrdiff_t count) const noexcept {
        y = y * unit;
        four_doubles is_number;
        four_signed_words x;
        __asm__("vcmppd $7, %1, %1, %0" : "=x"(is_number) : "x"(y));
        __asm__("vmaxpd %1, %0, %0" : "+x"(y) : "x"(four_doubles{} + static_cast<double>(Low)));
        __asm__("vminpd %1, %0, %0" : "+x"(y) : "x"(four_doubles{} + static_cast<double>(High)));
        __asm__("vandpd %1, %0, %0" : "+x"(y) : "x"(is_number));
        __asm__("vcvtpd2dq %1, %0" : "=x"(x) : "x"(y));
        for (std::ptrdiff_t j = 0; j < (count < 4 ? count : 4); ++j) dst[j] = static_cast<Code>(x[j]);
    }
};

template <class Sum, class Store, class Out>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void scale_all(const sum_tile<Sum, Out>& t,
                                                                      const scale_columns_of& c,
                                                                      const Store& how) noexcept {
    for (std::ptrdiff_t j = 0; j < t.columns; j += 4) {
        const std::ptrdiff_t count = t.columns - j;
        float own[4];
        const four_doubles factors =
            as_doubles(in_a_row<4>(c.factors + j * c.factor_stride, c.factor_stride, count, own)) * c.factor;
        const four_doubles offsets =
            as_doubles(in_a_row<4>(c.offsets + j * c.offset_stride, c.offset_stride, count, own));
        const Sum* src = t.sums + j;
        Out* dst = t.dst + j;
        for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += t.sum_stride, dst += t.dst_stride) {
            Sum own_sums[4];
            how.store(fused_sum(as_doubles(in_a_row<4>(src, 1, count, own_sums)), factors, offsets), dst, count);
        }
    }
}

template <float_narrowing Narrowing, class Sum>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void scale_tile(const sum_tile<Sum, float>& t,
                                                                  const scale_columns_of& columns) noexcept {
    scale_all(t, columns, store_floats_as<Narrowing>{});
}
template <class Sum, class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void scale_tile(const sum_tile<Sum, Code>& t,
                                                                  const scale_columns_of& columns,
                                                                  code_narrowing<Code, Low, High> to) noexcept {
    scale_all(t, columns, store_codes_as<Low, High>{to.unit - four_doubles{}});
}

template <class Sum>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void scale_tile(const sum_tile<Sum, double>& t,
                                                                  const scale_columns_of& columns) noexcept {
    scale_all(t, columns, store_doubles{});
}

}  // namespace dyad::inline v1::avx2

#endif
