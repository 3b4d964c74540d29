// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a panel of packed weights, with AVX-512 VNNI: kernels/scalar/gemv.hpp's sums. The weights
// are read once, in order, for all rows; each line is asked for some kilobytes ahead, which the processor's own
// prefetching does not do soon enough for one reading thread.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/gemv_weights.hpp>
#include <dyad/kernels/gemv_layout.hpp>

namespace dyad::inline v1::avx512 {

/// Bytes between what is read and what is asked for.
inline constexpr std::ptrdiff_t gemv_ahead = 6144;

[[gnu::target("avx512f"), gnu::always_inline]] inline void ask_for(const std::uint8_t* from) noexcept {
    // (an address past the end is never read, and no pointer to it is made)
    __asm__ volatile("prefetcht0 %c1(%0)" : : "r"(from), "i"(gemv_ahead));
}
template <int Vectors>
[[gnu::target("avx512f"), gnu::always_inline]] inline void ask_for_unit(const std::uint8_t* from) noexcept {
    ask_for(from);
    if constexpr (Vectors > 1) ask_for(from + 64);
    if constexpr (Vectors > 2) ask_for(from + 128);
}

/// sum[l] + the four products of column l's weights with the four activations at x.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words add_products_with(signed_words sum, bytes w,
                                                                                     const std::int8_t* x) noexcept {
    __asm__("vpdpbusd %2%{1to16%}, %1, %0"
            : "+v"(sum)
            : "v"(w), "m"(*reinterpret_cast<const std::int8_t(*)[4]>(x)));
    return sum;
}

/// Sums of 16 columns: of each row, the sets that stand at one place apart.
template <weight_code Code, int Rows>
struct part_sums {
    signed_words of[static_cast<std::size_t>(Rows)][static_cast<std::size_t>(weight_sets<Code>::sums)];
};

/// Adds the products from number I on of one unit, set by set.
template <weight_code Code, int Rows, int I = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_unit(
    part_sums<Code, Rows>& sums, const bytes* w, const std::int8_t* x, std::ptrdiff_t x_stride) noexcept {
    if constexpr (I < Rows * unit_of(Code).sets) {
        constexpr int set = I / Rows;
        constexpr int row = I % Rows;
        signed_words& sum = sums.of[row][weight_sets<Code>::sum_of[set]];
        sum = add_products_with(sum, w[set], x + row * x_stride + 4 * set);
        add_unit<Code, Rows, I + 1>(sums, w, x, x_stride);
    }
}
template <weight_code Code, int Rows, int I = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void clear(
    part_sums<Code, Rows>& sums) noexcept {
    if constexpr (I < Rows * weight_sets<Code>::sums) {
        sums.of[I % Rows][I / Rows] = signed_words{};
        clear<Code, Rows, I + 1>(sums);
    }
}
/// to[64 r ...] = the sums of row r, whole.
template <weight_code Code, int Rows, int R = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void store_sums(
    const part_sums<Code, Rows>& sums, std::int32_t* to) noexcept {
    using sets = weight_sets<Code>;
    if constexpr (R < Rows) {
        signed_words sum = sums.of[R][0] >> sets::shift_of[0];
        if constexpr (sets::sums > 1) sum += sums.of[R][1] >> sets::shift_of[1];
        if constexpr (sets::sums > 2) sum += sums.of[R][2] >> sets::shift_of[2];
        if constexpr (sets::sums > 3) sum += sums.of[R][3] >> sets::shift_of[3];
        __builtin_memcpy(to + R * gemv_columns, &sum, sizeof sum);
        store_sums<Code, Rows, R + 1>(sums, to);
    }
}

/// to[64 r + j] = sum of x u over a block of `units` units, for Rows rows.
/// Bound: a block has at most 512 k, so a sum apart is at most 512 * 128 * 255 < 2^24 in magnitude.
template <weight_code Code, int Rows>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void block_sums(
    const std::uint8_t* codes, std::ptrdiff_t units, const std::int8_t* x, std::ptrdiff_t x_stride,
    std::int32_t* to) noexcept {
    constexpr weight_unit unit = unit_of(Code);
    for (std::ptrdiff_t part = 0; part < 4; ++part) {
        part_sums<Code, Rows> sums;
        clear(sums);
        const std::int8_t* from = x;
        for (std::ptrdiff_t n = 0; n < units; ++n) {
            bytes w[8];
            ask_for_unit<unit.vectors>(codes);
            weight_sets<Code>::take(codes, w);
            add_unit(sums, w, from, x_stride);
            codes += unit.vectors * 64;
            from += unit.sets * 4;
        }
        store_sums(sums, to + part * 16);
    }
}

/// The same for 1 to 8 rows: four at a time, whose sums leave registers for the weights.
template <weight_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void block_sums_of_rows(
    const std::uint8_t* codes, std::ptrdiff_t units, const gemv_operands& o, const std::int8_t* x,
    std::int32_t* to) noexcept {
    for (std::ptrdiff_t first = 0; first < o.rows; first += 4) {
        const std::int8_t* from = x + first * o.x_stride;
        std::int32_t* sums = to + first * gemv_columns;
        switch (o.rows - first) {
            case 1: block_sums<Code, 1>(codes, units, from, o.x_stride, sums); break;
            case 2: block_sums<Code, 2>(codes, units, from, o.x_stride, sums); break;
            case 3: block_sums<Code, 3>(codes, units, from, o.x_stride, sums); break;
            default: block_sums<Code, 4>(codes, units, from, o.x_stride, sums); break;
        }
    }
}

/// 16 stored scales from number 16 part on, as floats.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline floats stored_scales(
    scale_code code, const std::uint8_t* from, std::ptrdiff_t part) noexcept {
    using codes_8 [[gnu::vector_size(16)]] = std::uint8_t;
    if (code == scale_code::float_32) return reinterpret_cast<floats>(load(from + 64 * part));
    if (code == scale_code::float_16 || code == scale_code::bfloat_16) {
        half_size x;
        __builtin_memcpy(&x, from + 32 * part, sizeof x);
        floats y;
        if (code == scale_code::float_16) __asm__("vcvtph2ps %1, %0" : "=v"(y) : "v"(x));
        else y = reinterpret_cast<floats>(__builtin_convertvector(x, words) << 16U);
        return y;
    }
    if (code == scale_code::none) return reinterpret_cast<floats>(words{} + 0x3f80'0000U);
    codes_8 x;
    __builtin_memcpy(&x, from + 16 * part, sizeof x);
    // The biased exponent e of 2^(e - 127): from -1 (2^-128) to 254, or 255 for NaN.
    signed_words e = __builtin_convertvector(x, signed_words);
    const bool is_signed = code == scale_code::signed_exponent;
    if (is_signed) e = ((e ^ 0x80) - 0x80) + 127;
    const auto power = reinterpret_cast<words>(e) << 23U;
    const auto is_subnormal = reinterpret_cast<words>(e <= 0);
    const words subnormal = reinterpret_cast<words>(2 - (e & 1)) << 21U;  // in units of 2^-149: 2^22 or 2^21
    const auto is_nan = reinterpret_cast<words>(e == 255);
    return reinterpret_cast<floats>((power & ~is_subnormal) | (subnormal & is_subnormal) | (is_nan & 0x7fc0'0000U));
}
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline signed_words stored_zeros(
    zero_code code, const std::uint8_t* from, std::ptrdiff_t part) noexcept {
    using codes_8 [[gnu::vector_size(16)]] = std::uint8_t;
    codes_8 x;
    __builtin_memcpy(&x, from + 16 * part, sizeof x);
    const signed_words z = __builtin_convertvector(x, signed_words);
    return code == zero_code::signed_8 ? (z ^ 0x80) - 0x80 : z;
}

/// Adds a block's sums, with offsets and zero points, to the results: whole numbers, or times their scales.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void fold_block(
    const gemv_layout& layout, const gemv_operands& o, const std::uint8_t* scales, const std::uint8_t* zeros,
    const std::int32_t* x_sums, const std::int32_t* sums, gemv_sums& out) noexcept {
    for (std::ptrdiff_t part = 0; part < 4; ++part) {
        signed_words offsets = signed_words{} + o.offset;
        if (layout.zero != zero_code::none) offsets -= stored_zeros(layout.zero, zeros, part);
        floats scale{};
        if (layout.sharing == weight_sharing::group) scale = stored_scales(layout.scale, scales, part);
        for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
            const std::ptrdiff_t place = i * gemv_columns + part * 16;
            const auto sum = reinterpret_cast<signed_words>(load(sums + place)) + offsets * x_sums[i * o.x_sums_stride];
            if (layout.sharing == weight_sharing::group) {
                const floats x = __builtin_convertvector(sum, floats);
                store_floats(out.floats + place, add_product(load_floats(out.floats + place), x, scale));
            } else {
                const auto total = reinterpret_cast<signed_words>(load(out.integers + place)) + sum;
                __builtin_memcpy(out.integers + place, &total, sizeof total);
            }
        }
    }
}

template <weight_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void gemv_panel_of(const gemv_layout& layout,
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
        block_sums_of_rows<Code>(codes, count, o, o.x + b * block_x, sums);
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

}  // namespace dyad::inline v1::avx512

#endif
