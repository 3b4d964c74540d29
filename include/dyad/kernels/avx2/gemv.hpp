// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a panel of packed weights, with AVX2: kernels/scalar/gemv.hpp's sums.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>
#include <dyad/kernels/avx2/gemv_weights.hpp>
#include <dyad/kernels/gemv_layout.hpp>

namespace dyad::inline v1::avx2 {

/// sum[l] + the two products of w's bytes 2 l and 2 l + 1 with those of the four activations at x; no sum saturates.
[[gnu::target("avx2"), gnu::always_inline]] inline sum_halves add_pairs(sum_halves sum, weight_bytes w,
                                                                        const std::int8_t* x) noexcept {
    weight_bytes four;
    sum_halves pairs;
    __asm__("vpbroadcastd %1, %0" : "=x"(four) : "m"(*reinterpret_cast<const std::int8_t(*)[4]>(x)));
    __asm__("vpmaddubsw %2, %1, %0" : "=x"(pairs) : "x"(w), "x"(four));
    return sum + pairs;
}
/// sum[l] + x[2 l] + x[2 l + 1].
[[gnu::target("avx2"), gnu::always_inline]] inline sum_words add_widened(sum_words sum, sum_halves x) noexcept {
    const sum_halves ones = sum_halves{} + std::int16_t{1};
    sum_words pairs;
    __asm__("vpmaddwd %2, %1, %0" : "=x"(pairs) : "x"(x), "x"(ones));
    return sum + pairs;
}

template <weight_code Code, int Rows>
struct part_sums {
    sum_halves short_of[static_cast<std::size_t>(Rows)][static_cast<std::size_t>(weight_sets<Code>::sums)];
    sum_words of[static_cast<std::size_t>(Rows)][static_cast<std::size_t>(weight_sets<Code>::sums)];
};

template <weight_code Code, int Rows, int I = 0>
[[gnu::target("avx2"), gnu::always_inline]] inline void add_unit(part_sums<Code, Rows>& sums, const weight_bytes* w,
                                                                 const std::int8_t* x,
                                                                 std::ptrdiff_t x_stride) noexcept {
    using sets = weight_sets<Code>;
    if constexpr (I < Rows * sets::count) {
        constexpr int n = I / Rows;
        constexpr int row = I % Rows;
        sum_halves& sum = sums.short_of[row][sets::sum_of[n]];
        sum = add_pairs(sum, w[n], x + row * x_stride + 4 * sets::set_of[n]);
        add_unit<Code, Rows, I + 1>(sums, w, x, x_stride);
    }
}
enum class part_step : std::uint8_t { clear_all, clear_short, widen };
template <part_step Step, weight_code Code, int Rows, int I = 0>
[[gnu::target("avx2"), gnu::always_inline]] inline void for_sums(part_sums<Code, Rows>& sums) noexcept {
    if constexpr (I < Rows * weight_sets<Code>::sums) {
        sum_halves& narrow = sums.short_of[I % Rows][I / Rows];
        sum_words& wide = sums.of[I % Rows][I / Rows];
        if constexpr (Step == part_step::widen) wide = add_widened(wide, narrow);
        else narrow = sum_halves{};
        if constexpr (Step == part_step::clear_all) wide = sum_words{};
        for_sums<Step, Code, Rows, I + 1>(sums);
    }
}
/// to[64 r ...] = the sums of row r, whole.
template <weight_code Code, int Rows, int R = 0>
[[gnu::target("avx2"), gnu::always_inline]] inline void store_sums(const part_sums<Code, Rows>& sums,
                                                                   std::int32_t* to) noexcept {
    using sets = weight_sets<Code>;
    if constexpr (R < Rows) {
        sum_words sum = sums.of[R][0];
        if constexpr (sets::sums > 1) {
            const auto scaled = reinterpret_cast<eight_words>(sums.of[R][1])
                                << static_cast<unsigned>(sets::shift_of[1]);
            sum += reinterpret_cast<sum_words>(scaled);
        }
        __builtin_memcpy(to + R * gemv_columns, &sum, sizeof sum);
        store_sums<Code, Rows, R + 1>(sums, to);
    }
}

/// to[64 r + j] = sum of x u over a block of `units` units, for Rows rows.
template <weight_code Code, int Rows>
[[gnu::target("avx2"), gnu::always_inline]] inline void block_sums(const std::uint8_t* codes, std::ptrdiff_t units,
                                                                   const std::int8_t* x, std::ptrdiff_t x_stride,
                                                                   std::int32_t* to) noexcept {
    constexpr weight_unit unit = unit_of(Code);
    constexpr int chain = weight_sets<Code>::chain;
    for (std::ptrdiff_t half = 0; half < 8; ++half) {
        const std::uint8_t* at = codes + half / 2 * unit.vectors * 64 + half % 2 * 32;
        const std::int8_t* from = x;
        part_sums<Code, Rows> sums;
        for_sums<part_step::clear_all>(sums);
        for (std::ptrdiff_t done = 0; done < units; done += chain) {
            const std::ptrdiff_t count = units - done < chain ? units - done : chain;
            for_sums<part_step::clear_short>(sums);
            for (std::ptrdiff_t n = 0; n < count; ++n) {
                weight_bytes w[8];
                weight_sets<Code>::take(at, w);
                add_unit(sums, w, from, x_stride);
                at += 4 * unit.vectors * 64;
                from += unit.sets * 4;
            }
            for_sums<part_step::widen>(sums);
        }
        store_sums(sums, to + half * 8);
    }
}

/// 8 stored scales from number 8 half on, as floats.
[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline eight_floats stored_scales(scale_code code,
                                                                                       const std::uint8_t* from,
                                                                                       std::ptrdiff_t half) noexcept {
    using codes_8 [[gnu::vector_size(8)]] = std::uint8_t;
    using codes_16 [[gnu::vector_size(16)]] = std::uint16_t;
    if (code == scale_code::float_32) return reinterpret_cast<eight_floats>(load_weights(from + 32 * half));
    if (code == scale_code::float_16 || code == scale_code::bfloat_16) {
        codes_16 x;
        __builtin_memcpy(&x, from + 16 * half, sizeof x);
        eight_floats y;
        if (code == scale_code::float_16) __asm__("vcvtph2ps %1, %0" : "=x"(y) : "x"(x));
        else y = reinterpret_cast<eight_floats>(__builtin_convertvector(x, eight_words) << 16U);
        return y;
    }
    if (code == scale_code::none) return reinterpret_cast<eight_floats>(eight_words{} + 0x3f80'0000U);
    codes_8 x;
    __builtin_memcpy(&x, from + 8 * half, sizeof x);
    // The biased exponent e of 2^(e - 127): from -1 (2^-128) to 254, or 255 for NaN.
    sum_words e = __builtin_convertvector(x, sum_words);
    if (code == scale_code::signed_exponent) e = ((e ^ 0x80) - 0x80) + 127;
    const auto power = reinterpret_cast<eight_words>(e) << 23U;
    const auto is_subnormal = reinterpret_cast<eight_words>(e <= 0);
    const eight_words subnormal = reinterpret_cast<eight_words>(2 - (e & 1)) << 21U;  // in units of 2^-149
    const auto is_nan = reinterpret_cast<eight_words>(e == 255);
    return reinterpret_cast<eight_floats>((power & ~is_subnormal) | (subnormal & is_subnormal) |
                                          (is_nan & 0x7fc0'0000U));
}
[[gnu::target("avx2"), gnu::always_inline]] inline sum_words stored_zeros(zero_code code, const std::uint8_t* from,
                                                                          std::ptrdiff_t half) noexcept {
    using codes_8 [[gnu::vector_size(8)]] = std::uint8_t;
    codes_8 x;
    __builtin_memcpy(&x, from + 8 * half, sizeof x);
    const sum_words z = __builtin_convertvector(x, sum_words);
    return code == zero_code::signed_8 ? (z ^ 0x80) - 0x80 : z;
}

/// Adds a block's sums, with offsets and zero points, to the results: whole numbers, or times their scales.
[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline void fold_block(
    const gemv_layout& layout, const gemv_operands& o, const std::uint8_t* scales, const std::uint8_t* zeros,
    const std::int32_t* x_sums, const std::int32_t* sums, gemv_sums& out) noexcept {
    for (std::ptrdiff_t half = 0; half < 8; ++half) {
        sum_words offsets = sum_words{} + o.offset;
        if (layout.zero != zero_code::none) offsets -= stored_zeros(layout.zero, zeros, half);
        eight_floats scale{};
        if (layout.sharing == weight_sharing::group) scale = stored_scales(layout.scale, scales, half);
        for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
            const std::ptrdiff_t place = i * gemv_columns + half * 8;
            sum_words sum;
            __builtin_memcpy(&sum, sums + place, sizeof sum);
            sum += offsets * x_sums[i * o.x_sums_stride];
            if (layout.sharing == weight_sharing::group) {
                const eight_floats x = __builtin_convertvector(sum, eight_floats);
                store_floats(out.floats + place, add_product(load_floats(out.floats + place), x, scale));
            } else {
                sum_words total;
                __builtin_memcpy(&total, out.integers + place, sizeof total);
                total += sum;
                __builtin_memcpy(out.integers + place, &total, sizeof total);
            }
        }
    }
}

template <weight_code Code>
[[gnu::target("avx2,fma,f16c"), gnu::noinline]] inline void gemv_panel_of(const gemv_layout& layout,
                                                                          const gemv_operands& o,
                                                                          gemv_sums& out) noexcept {
    alignas(64) std::int32_t sums[gemv_rows * gemv_columns];
    const auto used = static_cast<std::size_t>(o.rows * gemv_columns) * 4;
    __builtin_memset(out.integers, 0, used);
    __builtin_memset(out.floats, 0, used);
    const std::ptrdiff_t last = layout.blocks() - 1;
    const std::ptrdiff_t block_bytes = layout.block_bytes(0);
    const std::ptrdiff_t units = layout.units(0);
    const std::ptrdiff_t last_units = layout.units(last);
    const std::ptrdiff_t unit_bytes = 4 * unit_of(Code).vectors * 64;
    const std::ptrdiff_t block_x = layout.block_x();
    const std::uint8_t* behind = o.panel + layout.panel_bytes() - layout.zero_bytes();
    for (std::ptrdiff_t b = 0; b <= last; ++b) {
        const std::uint8_t* codes = o.panel + b * block_bytes;
        const std::ptrdiff_t count = b == last ? last_units : units;
        const std::uint8_t* scales = codes + count * unit_bytes;
        const bool in_groups = layout.sharing == weight_sharing::group;
        const std::uint8_t* zeros = in_groups ? scales + layout.scale_bytes() : behind;
        std::ptrdiff_t i = 0;
        for (; o.rows - i >= 2; i += 2)
            block_sums<Code, 2>(codes, count, o.x + b * block_x + i * o.x_stride, o.x_stride, sums + i * gemv_columns);
        if (i < o.rows)
            block_sums<Code, 1>(codes, count, o.x + b * block_x + i * o.x_stride, o.x_stride, sums + i * gemv_columns);
        fold_block(layout, o, scales, zeros, o.x_sums + b, sums, out);
    }
}

inline void gemv_panel(const gemv_layout& layout, const gemv_operands& o, gemv_sums& out) noexcept {
    switch (layout.code) {
        case weight_code::bits_8: return gemv_panel_of<weight_code::bits_8>(layout, o, out);
        case weight_code::bits_6: return gemv_panel_of<weight_code::bits_6>(layout, o, out);
        case weight_code::bits_4: return gemv_panel_of<weight_code::bits_4>(layout, o, out);
        case weight_code::bits_3: return gemv_panel_of<weight_code::bits_3>(layout, o, out);
        case weight_code::bits_2: return gemv_panel_of<weight_code::bits_2>(layout, o, out);
        case weight_code::trits: return gemv_panel_of<weight_code::trits>(layout, o, out);
    }
}

}  // namespace dyad::inline v1::avx2

#endif
