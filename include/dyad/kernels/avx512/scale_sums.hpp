// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/scale_sums.hpp with AVX-512: sixteen columns at a time, the rows of a tile one below the other.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/requantize.hpp>
#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/scalar/scale_sums.hpp>

namespace dyad::inline v1::avx512 {

/// Sixteen doubles.
struct double_lanes {
    doubles low;
    doubles high;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline double_lanes widened(words x) noexcept {
    const auto y = reinterpret_cast<floats>(x);
    return {__builtin_convertvector(__builtin_shufflevector(y, y, 0, 1, 2, 3, 4, 5, 6, 7), doubles),
            __builtin_convertvector(__builtin_shufflevector(y, y, 8, 9, 10, 11, 12, 13, 14, 15), doubles)};
}

/// Factors and offsets of sixteen columns.
struct scale_lanes {
    double_lanes factors;
    double_lanes offsets;
};

[[gnu::target("avx512f"), gnu::always_inline]] inline scale_lanes load_scales(const scale_columns_of& c,
                                                                              std::ptrdiff_t first,
                                                                              std::ptrdiff_t count) noexcept {
    const double_lanes factors = widened(words_at(c.factors + first * c.factor_stride, c.factor_stride, count));
    return {{factors.low * c.factor, factors.high * c.factor},
            widened(words_at(c.offsets + first * c.offset_stride, c.offset_stride, count))};
}

/// Eight sums as doubles; in asm, so that no compiler flag reorders what follows.
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline doubles as_doubles(const std::int32_t* from) noexcept {
    half_size x;
    doubles y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vcvtdq2pd %1, %0" : "=v"(y) : "v"(x));
    return y;
}
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline doubles as_doubles(const std::int64_t* from) noexcept {
    doubles y;
    __asm__("vcvtqq2pd %1, %0" : "=v"(y) : "v"(load(from)));
    return y;
}
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline doubles as_doubles(const float* from) noexcept {
    half_size x;
    doubles y;
    __builtin_memcpy(&x, from, sizeof x);
    __asm__("vcvtps2pd %1, %0" : "=v"(y) : "v"(x));
    return y;
}

[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline doubles as_doubles(const double* from) noexcept {
    return reinterpret_cast<doubles>(load(from));
}

/// x * y + z, rounded once.
[[gnu::target("avx512f"), gnu::always_inline]] inline doubles fused_sum(doubles x, doubles y, doubles z) noexcept {
    __asm__("vfmadd213pd %2, %1, %0" : "+v"(x) : "v"(y), "v"(z));
    return x;
}
template <lanes_used Used, class Sum>
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline double_lanes scaled(const Sum* sums,
                                                                                   std::ptrdiff_t count,
                                                                                   const scale_lanes& c) noexcept {
    Sum own[16];
    if constexpr (Used == lanes_used::some) sums = in_a_row<16>(sums, 1, count, own);
    return {fused_sum(as_doubles(sums), c.factors.low, c.offsets.low),
            fused_sum(as_doubles(sums + 8), c.factors.high, c.offsets.high)};
}

/// A bit for each lane where the float of y cut short is not y.
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline eight_floats cut_short(doubles y,
                                                                                      std::uint8_t& inexact) noexcept {
    eight_floats cut;
    doubles back;
    __asm__("vcvtpd2ps %{rz-sae%}, %1, %0" : "=v"(cut) : "v"(y));
    __asm__("vcvtps2pd %1, %0" : "=v"(back) : "v"(cut));
    __asm__("vcmppd $12, %2, %1, %0" : "=Yk"(inexact) : "v"(back), "v"(y));  // ordered and not equal
    return cut;
}
[[gnu::target("avx512f"), gnu::always_inline]] inline words joined(eight_floats low, eight_floats high) noexcept {
    return reinterpret_cast<words>(
        __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}
[[gnu::target("avx512f,avx512dq"), gnu::always_inline]] inline words floats_to_odd(double_lanes y) noexcept {
    std::uint8_t low_inexact;
    std::uint8_t high_inexact;
    std::uint16_t inexact;
    const eight_floats low = cut_short(y.low, low_inexact);
    const eight_floats high = cut_short(y.high, high_inexact);
    __asm__("kunpckbw %1, %2, %0" : "=Yk"(inexact) : "Yk"(low_inexact), "Yk"(high_inexact));
    words x = joined(low, high);
    __asm__("vpord %1, %0, %0%{%2%}" : "+v"(x) : "v"(words{} + 1U), "Yk"(inexact));
    return x;
}
/// NaN is 0x7fc00000.
[[gnu::target("avx512f"), gnu::always_inline]] inline words with_one_nan(words x) noexcept {
    const words nan = words{} + 0x7fc0'0000U;
    std::uint16_t is_nan;
    __asm__("vcmpps $3, %1, %1, %0" : "=Yk"(is_nan) : "v"(x));
    __asm__("vmovdqa32 %1, %0%{%2%}" : "+v"(x) : "v"(nan), "Yk"(is_nan));
    return x;
}

template <float_narrowing Narrowing>
struct store_floats_as {
    template <lanes_used Used>
    [[gnu::target("avx512f,avx512dq"), gnu::always_inline]] static void store(double_lanes y, float* dst,
                                                                              std::ptrdiff_t count) noexcept {
        const words x = with_one_nan(Narrowing == float_narrowing::to_odd ? floats_to_odd(y) : narrowed(y.low, y.high));
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &x, sizeof x);
        else __builtin_memcpy(dst, &x, static_cast<std::size_t>(count) * sizeof *dst);
    }
};

/// Codes of bfloat16: a float to odd, clamped to the largest finite one, then to nearest even at its upper half.
struct store_bfloat16 {
    template <lanes_used Used>
    [[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::always_inline]] static void store(double_lanes y,
                                                                                        std::uint16_t* dst,
                                                                                        std::ptrdiff_t count) noexcept {
        const words x = floats_to_odd(y);
        const words largest = words{} + 0x7f7f'0000U;
        const words magnitude = x & 0x7fff'ffffU;
        const words kept = (magnitude < largest ? magnitude : largest) | (x & 0x8000'0000U);
        words code = (kept + 0x7fffU + ((kept >> 16U) & 1U)) >> 16U;
        std::uint16_t is_nan;
        __asm__("vcmpps $3, %1, %1, %0" : "=Yk"(is_nan) : "v"(x));
        __asm__("vmovdqa32 %1, %0%{%2%}" : "+v"(code) : "v"(words{} + 0x7fc0U), "Yk"(is_nan));
        half_size codes;
        __asm__("vpmovdw %1, %0" : "=v"(codes) : "v"(code));
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &codes, sizeof codes);
        else __builtin_memcpy(dst, &codes, static_cast<std::size_t>(count) * sizeof *dst);
    }
};

[[gnu::target("avx512f"), gnu::always_inline]] inline doubles with_one_nan(doubles x) noexcept {
    const longs nan = longs{} + 0x7ff8'0000'0000'0000U;
    std::uint8_t is_nan;
    __asm__("vcmppd $3, %1, %1, %0" : "=Yk"(is_nan) : "v"(x));
    __asm__("vmovdqa64 %1, %0%{%2%}" : "+v"(x) : "v"(nan), "Yk"(is_nan));
    return x;
}
struct store_doubles {
    template <lanes_used Used>
    [[gnu::target("avx512f"), gnu::always_inline]] static void store(double_lanes y, double* dst,
                                                                     std::ptrdiff_t count) noexcept {
        const double_lanes x{with_one_nan(y.low), with_one_nan(y.high)};
        if constexpr (Used == lanes_used::all) __builtin_memcpy(dst, &x, sizeof x);
        else __builtin_memcpy(dst, &x, static_cast<std::size_t>(count) * sizeof *dst);
    }
};

/// Eight doubles to nearest even, clamped to numbers that 32 bits hold; 0 of NaN.
[[gnu::target("avx512f"), gnu::always_inline]] inline half_size rounded_within(doubles y, doubles low,
                                                                               doubles high) noexcept {
    std::uint8_t is_number;
    half_size rounded;
    __asm__("vcmppd $7, %1, %1, %0" : "=Yk"(is_number) : "v"(y));
    __asm__("vmaxpd %1, %0, %0%{%2%}%{z%}" : "+v"(y) : "v"(low), "Yk"(is_number));
    __asm__("vminpd %1, %0, %0" : "+v"(y) : "v"(high));
    __asm__("vcvtpd2dq %1, %0" : "=v"(rounded) : "v"(y));
    return rounded;
}

template <std::int32_t Low, std::int32_t High>
struct store_codes_as {
    doubles unit;
    template <lanes_used Used, class Code>
    [[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] void store(double_lanes y, Code* dst,
                                                                        std::ptrdiff_t count) const noexcept {
        const doubles low = doubles{} + static_cast<double>(Low);
        const doubles high = doubles{} + static_cast<double>(High);
        const half_size first = rounded_within(y.low * unit, low, high);
        const half_size last = rounded_within(y.high * unit, low, high);
        const words both = joined(reinterpret_cast<eight_floats>(first), reinterpret_cast<eight_floats>(last));
        store_clamped<Used, Low, High>(reinterpret_cast<signed_words>(both), dst, lane_mask(count));
    }
};

/// Columns first to first + count - 1, count <= 16.
template <lanes_used Used, class Sum, class Store, class Out>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::always_inline]] inline void scale_part(
    const sum_tile<Sum, Out>& t, const scale_columns_of& columns, std::ptrdiff_t first, std::ptrdiff_t count,
    const Store& how) noexcept {
    const scale_lanes c = load_scales(columns, first, count);
    const Sum* src = t.sums + first;
    Out* dst = t.dst + first;
    const std::ptrdiff_t src_stride = t.sum_stride;
    const std::ptrdiff_t dst_stride = t.dst_stride;
    for (std::ptrdiff_t rows = t.rows; rows != 0; --rows, src += src_stride, dst += dst_stride)
        how.template store<Used>(scaled<Used>(src, count, c), dst, count);
}
template <class Sum, class Store, class Out>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::always_inline]] inline void scale_all(const sum_tile<Sum, Out>& t,
                                                                                        const scale_columns_of& columns,
                                                                                        const Store& how) noexcept {
    std::ptrdiff_t j = 0;
    for (; t.columns - j >= 16; j += 16) scale_part<lanes_used::all>(t, columns, j, 16, how);
    if (j < t.columns) scale_part<lanes_used::some>(t, columns, j, t.columns - j, how);
}

template <float_narrowing Narrowing, class Sum>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void scale_tile(
    const sum_tile<Sum, float>& t, const scale_columns_of& columns) noexcept {
    scale_all(t, columns, store_floats_as<Narrowing>{});
}
template <class Sum, class Code, std::int32_t Low, std::int32_t High>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void scale_tile(
    const sum_tile<Sum, Code>& t, const scale_columns_of& columns, code_narrowing<Code, Low, High> to) noexcept {
    scale_all(t, columns, store_codes_as<Low, High>{to.unit - doubles{}});
}

template <class Sum>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void scale_tile(
    const sum_tile<Sum, double>& t, const scale_columns_of& columns) noexcept {
    scale_all(t, columns, store_doubles{});
}

template <class Sum>
[[gnu::target("avx512bw,avx512vl,avx512dq"), gnu::noinline]] inline void scale_tile_to_bfloat16(
    const sum_tile<Sum, std::uint16_t>& t, const scale_columns_of& columns) noexcept {
    scale_all(t, columns, store_bfloat16{});
}

}  // namespace dyad::inline v1::avx512

#endif
