// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a panel of packed weights, with AVX-512 VNNI: kernels/scalar/gemv.hpp's sums. The weights
// are read once for all rows. One row takes them strictly in order: the processor's own prefetching keeps up with that,
// and asking for lines ahead costs loads (Zen 4: a tenth and more of the speed of weights in level 3, and nothing
// gained of weights in memory). Where more rows take short pieces far apart, lines are asked for.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/gemv_weights.hpp>
#include <dyad/kernels/gemv_layout.hpp>

namespace dyad::inline v1::avx512 {

/// Blocks of columns that share a scale, added up as one for one row: they and their activations lie one behind the
/// other.
inline constexpr std::ptrdiff_t gemv_run = 16;

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

/// The four activations at x in every lane.
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline bytes four_activations(const std::int8_t* x) noexcept {
    bytes four;
    __asm__("vpbroadcastd %1, %0" : "=v"(four) : "m"(*reinterpret_cast<const std::int8_t(*)[4]>(x)));
    return four;
}

/// Sums of Parts x 16 columns: of each row, the sets that stand at one place apart.
template <weight_code Code, int Rows, int Parts>
struct part_sums {
    static constexpr int sums = weight_sets<Code>::sums;
    static constexpr int count = Rows * Parts * sums;
    signed_words of[static_cast<std::size_t>(count)];
    [[nodiscard]] static constexpr int place(int row, int part, int sum) noexcept {
        return (row * Parts + part) * sums + sum;
    }
};

/// w[sets p + s]: set s of one unit of part p.
template <weight_code Code, int Parts, int P = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void take_parts(const std::uint8_t* codes,
                                                                                          bytes* w) noexcept {
    if constexpr (P < Parts) {
        constexpr weight_unit unit = unit_of(Code);
        if constexpr (Parts * unit.vectors < 4) ask_for_unit<unit.vectors>(codes + P * unit.vectors * 64);
        weight_sets<Code>::take(codes + P * unit.vectors * 64, w + P * unit.sets);
        take_parts<Code, Parts, P + 1>(codes, w);
    }
}
/// Adds the products of one set and row in part P and those behind it.
template <weight_code Code, int Rows, int Parts, int Set, int Row, int P = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_parts(
    part_sums<Code, Rows, Parts>& sums, const bytes* w, bytes x) noexcept {
    if constexpr (P < Parts) {
        signed_words& sum = sums.of[sums.place(Row, P, weight_sets<Code>::sum_of[Set])];
        sum = add_products(sum, w[P * unit_of(Code).sets + Set], x);
        add_parts<Code, Rows, Parts, Set, Row, P + 1>(sums, w, x);
    }
}
/// Adds the products of one unit, from set I / Rows and row I % Rows on.
template <weight_code Code, int Rows, int Parts, int I = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_unit(
    part_sums<Code, Rows, Parts>& sums, const bytes* w, const std::int8_t* x, std::ptrdiff_t x_stride) noexcept {
    if constexpr (I < Rows * unit_of(Code).sets) {
        constexpr int set = I / Rows;
        constexpr int row = I % Rows;
        add_parts<Code, Rows, Parts, set, row>(sums, w, four_activations(x + row * x_stride + 4 * set));
        add_unit<Code, Rows, Parts, I + 1>(sums, w, x, x_stride);
    }
}
/// x[s]: the activations of set s and those behind it.
template <int Sets, int S = 0>
[[gnu::target("avx512f,avx512bw"), gnu::always_inline]] inline void take_activations(const std::int8_t* from,
                                                                                     bytes* x) noexcept {
    if constexpr (S < Sets) {
        x[S] = four_activations(from + 4 * S);
        take_activations<Sets, S + 1>(from, x);
    }
}
/// Adds the products of one set of one row and part P, and of those behind it.
template <weight_code Code, int Parts, int P, int S = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_sets(part_sums<Code, 1, Parts>& sums,
                                                                                        const bytes* w,
                                                                                        const bytes* x) noexcept {
    if constexpr (S < unit_of(Code).sets) {
        signed_words& sum = sums.of[sums.place(0, P, weight_sets<Code>::sum_of[S])];
        sum = add_products(sum, w[S], x[S]);
        add_sets<Code, Parts, P, S + 1>(sums, w, x);
    }
}
/// Adds the products of one unit of part P and those behind it, for one row: part after part, so that few registers
/// hold weights.
template <weight_code Code, int Parts, int P = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_unit_of_row(
    part_sums<Code, 1, Parts>& sums, const std::uint8_t* codes, const bytes* x) noexcept {
    if constexpr (P < Parts) {
        constexpr weight_unit unit = unit_of(Code);
        bytes w[static_cast<std::size_t>(unit.sets)];
        weight_sets<Code>::take(codes + P * unit.vectors * 64, w);
        add_sets<Code, Parts, P>(sums, w, x);
        add_unit_of_row<Code, Parts, P + 1>(sums, codes, x);
    }
}
/// The same of unit U and those behind it.
template <int Units, weight_code Code, int Parts, int U = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_units_of_row(
    part_sums<Code, 1, Parts>& sums, const std::uint8_t* codes, const std::int8_t* x) noexcept {
    if constexpr (U < Units) {
        constexpr weight_unit unit = unit_of(Code);
        bytes four[static_cast<std::size_t>(unit.sets)];
        take_activations<unit.sets>(x + U * unit.sets * 4, four);
        add_unit_of_row(sums, codes + U * 4 * unit.vectors * 64, four);
        add_units_of_row<Units, Code, Parts, U + 1>(sums, codes, x);
    }
}
template <weight_code Code, int Rows, int Parts, int I = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void clear(
    part_sums<Code, Rows, Parts>& sums) noexcept {
    if constexpr (I < part_sums<Code, Rows, Parts>::count) {
        sums.of[I] = signed_words{};
        clear<Code, Rows, Parts, I + 1>(sums);
    }
}
/// to[64 r + 16 p ...] = start of row r + the sums of row r and part p, whole.
template <weight_code Code, int Rows, int Parts, int I = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void store_sums(
    const part_sums<Code, Rows, Parts>& sums, const std::int32_t* x_sums, std::ptrdiff_t x_sums_stride,
    std::int32_t offset, std::int32_t* to) noexcept {
    using sets = weight_sets<Code>;
    if constexpr (I < Rows * Parts) {
        const signed_words* of = sums.of + I * sets::sums;
        signed_words sum = of[0] + x_sums[I / Parts * x_sums_stride] * offset;
        if constexpr (sets::sums > 1) sum += of[1] >> sets::shift_of[1];
        if constexpr (sets::sums > 2) sum += of[2] >> sets::shift_of[2];
        if constexpr (sets::sums > 3) sum += of[3] >> sets::shift_of[3];
        __builtin_memcpy(to + I / Parts * gemv_columns + I % Parts * 16, &sum, sizeof sum);
        store_sums<Code, Rows, Parts, I + 1>(sums, x_sums, x_sums_stride, offset, to);
    }
}

/// to[64 r + j] = sum of x (u + offset) over a block of `units` units, for Rows rows; Parts parts at once, so that
/// activations are broadcast once for them and enough sums are under way.
/// Bound: at most gemv_run blocks of at most 1280 k, so a sum apart is at most 16 * 1280 * 128 * 255 < 2^30 in
/// magnitude.
template <weight_code Code, int Rows, int Parts>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void block_sums(
    const std::uint8_t* codes, std::ptrdiff_t units, const gemv_operands& o, const std::int8_t* x,
    const std::int32_t* x_sums, std::int32_t* to) noexcept {
    constexpr weight_unit unit = unit_of(Code);
    const std::ptrdiff_t code_bytes = units * (4 * unit.vectors * 64);
    const std::ptrdiff_t x_stride = o.x_stride;
    for (std::ptrdiff_t part = 0; part < 4; part += Parts) {
        part_sums<Code, Rows, Parts> sums;
        clear(sums);
        const std::uint8_t* at = codes + part * (unit.vectors * 64);
        const std::uint8_t* const end = at + code_bytes;
        for (const std::int8_t* from = x; at != end; from += unit.sets * 4) {
            if constexpr (Rows == 1) {
                add_units_of_row<1>(sums, at, from);
            } else {
                bytes w[static_cast<std::size_t>(Parts * unit.sets)];
                take_parts<Code, Parts>(at, w);
                add_unit(sums, w, from, x_stride);
            }
            at += 4 * unit.vectors * 64;
        }
        store_sums(sums, x_sums, o.x_sums_stride, o.offset, to + part * 16);
    }
}

/// As many parts as leave their sums, and of several rows the weights of a unit, 16 registers each of the 32.
template <weight_code Code, int Rows>
inline constexpr int parts_at_once = [] {
    const int sets = Rows > 1 ? unit_of(Code).sets : 0;
    int parts = 4;
    while (parts > 1 && (parts * Rows * weight_sets<Code>::sums > 16 || parts * sets > 16)) parts /= 2;
    return parts;
}();

/// The same for 1 to 8 rows: at most four at a time, whose sums leave registers for the weights.
template <weight_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void block_sums_of_rows(
    const std::uint8_t* codes, std::ptrdiff_t units, const gemv_operands& o, const std::int8_t* x,
    const std::int32_t* x_sums, std::int32_t* to) noexcept {
    for (std::ptrdiff_t first = 0; first < o.rows; first += 4) {
        const std::int8_t* from = x + first * o.x_stride;
        const std::int32_t* from_sums = x_sums + first * o.x_sums_stride;
        std::int32_t* sums = to + first * gemv_columns;
        switch (o.rows - first) {
            case 1: block_sums<Code, 1, parts_at_once<Code, 1>>(codes, units, o, from, from_sums, sums); break;
            case 2: block_sums<Code, 2, parts_at_once<Code, 2>>(codes, units, o, from, from_sums, sums); break;
            case 3: block_sums<Code, 3, parts_at_once<Code, 3>>(codes, units, o, from, from_sums, sums); break;
            default: block_sums<Code, 4, parts_at_once<Code, 4>>(codes, units, o, from, from_sums, sums); break;
        }
    }
}

/// 2^e from 16 biased exponents e, -1 (2^-128) to 254; 255 is NaN.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline floats powers(signed_words e) noexcept {
    const auto power = reinterpret_cast<words>(e) << 23U;
    const auto is_subnormal = reinterpret_cast<words>(e <= 0);
    const words subnormal = reinterpret_cast<words>(2 - (e & 1)) << 21U;  // in units of 2^-149: 2^22 or 2^21
    const auto is_nan = reinterpret_cast<words>(e == 255);
    return reinterpret_cast<floats>((power & ~is_subnormal) | (subnormal & is_subnormal) | (is_nan & 0x7fc0'0000U));
}
/// 16 stored scales from number 16 part on, as floats.
template <scale_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline floats stored_scales(
    const std::uint8_t* from, std::ptrdiff_t part) noexcept {
    using codes_8 [[gnu::vector_size(16)]] = std::uint8_t;
    if constexpr (Code == scale_code::none) {
        return reinterpret_cast<floats>(words{} + 0x3f80'0000U);
    } else if constexpr (Code == scale_code::float_32) {
        return reinterpret_cast<floats>(load(from + 64 * part));
    } else if constexpr (Code == scale_code::float_16 || Code == scale_code::bfloat_16) {
        half_size x;
        __builtin_memcpy(&x, from + 32 * part, sizeof x);
        floats y;
        if constexpr (Code == scale_code::float_16) __asm__("vcvtph2ps %1, %0" : "=v"(y) : "v"(x));
        else y = reinterpret_cast<floats>(__builtin_convertvector(x, words) << 16U);
        return y;
    } else {
        codes_8 x;
        __builtin_memcpy(&x, from + 16 * part, sizeof x);
        signed_words e = __builtin_convertvector(x, signed_words);
        if constexpr (Code == scale_code::signed_exponent) e = ((e ^ 0x80) - 0x80) + 127;
        return powers(e);
    }
}
/// sums[64 i + j] -= (zero point of j) * x_sum[i].
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void subtract_zeros(
    zero_code code, const std::uint8_t* zeros, const gemv_operands& o, const std::int32_t* x_sums,
    std::int32_t* sums) noexcept {
    using codes_8 [[gnu::vector_size(16)]] = std::uint8_t;
    for (std::ptrdiff_t part = 0; part < 4; ++part) {
        codes_8 x;
        __builtin_memcpy(&x, zeros + 16 * part, sizeof x);
        signed_words z = __builtin_convertvector(x, signed_words);
        if (code == zero_code::signed_8) z = (z ^ 0x80) - 0x80;
        for (std::ptrdiff_t i = 0; i < o.rows; ++i) {
            std::int32_t* at = sums + i * gemv_columns + part * 16;
            const signed_words sum = reinterpret_cast<signed_words>(load(at)) - z * x_sums[i * o.x_sums_stride];
            __builtin_memcpy(at, &sum, sizeof sum);
        }
    }
}
/// acc = fma(float(sum), scale, acc) for one group.
template <scale_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_scaled(const std::uint8_t* scales,
                                                                                          std::ptrdiff_t rows,
                                                                                          const std::int32_t* sums,
                                                                                          float* acc) noexcept {
    for (std::ptrdiff_t part = 0; part < 4; ++part) {
        const floats scale = stored_scales<Code>(scales, part);
        for (std::ptrdiff_t i = 0; i < rows; ++i) {
            const std::ptrdiff_t place = i * gemv_columns + part * 16;
            const floats x = __builtin_convertvector(reinterpret_cast<signed_words>(load(sums + place)), floats);
            store_floats(acc + place, add_product(load_floats(acc + place), x, scale));
        }
    }
}
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_group(
    scale_code code, const std::uint8_t* scales, std::ptrdiff_t rows, const std::int32_t* sums, float* acc) noexcept {
    switch (code) {
        case scale_code::none: return add_scaled<scale_code::none>(scales, rows, sums, acc);
        case scale_code::float_32: return add_scaled<scale_code::float_32>(scales, rows, sums, acc);
        case scale_code::float_16: return add_scaled<scale_code::float_16>(scales, rows, sums, acc);
        case scale_code::bfloat_16: return add_scaled<scale_code::bfloat_16>(scales, rows, sums, acc);
        case scale_code::biased_exponent: return add_scaled<scale_code::biased_exponent>(scales, rows, sums, acc);
        case scale_code::signed_exponent: return add_scaled<scale_code::signed_exponent>(scales, rows, sums, acc);
    }
}
/// total += sum, where a column shares its scale.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_whole(std::ptrdiff_t rows,
                                                                                         const std::int32_t* sums,
                                                                                         std::int32_t* total) noexcept {
    for (std::ptrdiff_t n = 0; n < rows * gemv_columns; n += 16) {
        const words sum = load(total + n) + load(sums + n);
        __builtin_memcpy(total + n, &sum, sizeof sum);
    }
}

/// The sums of part P of one row and those behind it, as floats times their scales, added to acc.
template <weight_code Code, scale_code Scale, int P = 0>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline void add_scaled_parts(
    const part_sums<Code, 1, 4>& sums, const std::uint8_t* scales, floats* acc) noexcept {
    using sets = weight_sets<Code>;
    if constexpr (P < 4) {
        const signed_words* of = sums.of + P * sets::sums;
        signed_words sum = of[0];
        if constexpr (sets::sums > 1) sum += of[1] >> sets::shift_of[1];
        if constexpr (sets::sums > 2) sum += of[2] >> sets::shift_of[2];
        if constexpr (sets::sums > 3) sum += of[3] >> sets::shift_of[3];
        acc[P] = add_product(acc[P], __builtin_convertvector(sum, floats), stored_scales<Scale>(scales, P));
        add_scaled_parts<Code, Scale, P + 1>(sums, scales, acc);
    }
}
/// One row and groups without zero points, what reading bounds most: all sums stay in registers.
template <weight_code Code, scale_code Scale>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void gemv_groups_of_row(const gemv_layout& layout,
                                                                                             const gemv_operands& o,
                                                                                             gemv_sums& out) noexcept {
    constexpr weight_unit unit = unit_of(Code);
    constexpr std::ptrdiff_t unit_bytes = 4 * unit.vectors * 64;
    const std::ptrdiff_t blocks = layout.blocks();
    const std::ptrdiff_t code_bytes = layout.code_bytes(0);
    const std::ptrdiff_t last_code_bytes = layout.code_bytes(blocks - 1);
    const std::ptrdiff_t scale_bytes = layout.scale_bytes();
    const std::ptrdiff_t block_x = layout.block_x();
    floats acc[4] = {};
    const std::uint8_t* codes = o.panel;
    for (std::ptrdiff_t b = 0; b < blocks; ++b) {
        const std::uint8_t* const scales = codes + (b == blocks - 1 ? last_code_bytes : code_bytes);
        const std::int8_t* x = o.x + b * block_x;
        part_sums<Code, 1, 4> sums;
        clear(sums);
        sums.of[sums.place(0, 0, 0)] = signed_words{} + o.x_sums[b] * o.offset;
        sums.of[sums.place(0, 1, 0)] = sums.of[0];
        sums.of[sums.place(0, 2, 0)] = sums.of[0];
        sums.of[sums.place(0, 3, 0)] = sums.of[0];
        for (; scales - codes >= 4 * unit_bytes; codes += 4 * unit_bytes, x += 4 * unit.sets * 4)
            add_units_of_row<4>(sums, codes, x);
        for (; codes != scales; codes += unit_bytes, x += unit.sets * 4) add_units_of_row<1>(sums, codes, x);
        add_scaled_parts<Code, Scale>(sums, scales, acc);
        codes = scales + scale_bytes;
    }
    store_floats(out.floats, acc[0]);
    store_floats(out.floats + 16, acc[1]);
    store_floats(out.floats + 32, acc[2]);
    store_floats(out.floats + 48, acc[3]);
}

template <weight_code Code>
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline void gemv_panel_of(const gemv_layout& layout,
                                                                                        const gemv_operands& o,
                                                                                        gemv_sums& out) noexcept {
    const bool whole_row = o.rows == 1 && layout.sharing == weight_sharing::group && layout.zero == zero_code::none;
    if (whole_row && layout.scale == scale_code::float_16)
        return gemv_groups_of_row<Code, scale_code::float_16>(layout, o, out);
    if (whole_row && layout.scale == scale_code::float_32)
        return gemv_groups_of_row<Code, scale_code::float_32>(layout, o, out);
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
    const bool in_groups = layout.sharing == weight_sharing::group;
    const std::ptrdiff_t run = o.rows == 1 && !in_groups ? gemv_run : 1;
    for (std::ptrdiff_t b = 0; b <= last; b += run) {
        const std::uint8_t* codes = o.panel + b * block_bytes;
        const std::ptrdiff_t end = last + 1 - b < run ? last + 1 : b + run;
        const std::ptrdiff_t count = (end - b) * units - (end > last ? units - last_units : 0);
        const std::uint8_t* scales = codes + count * unit_bytes;
        const std::uint8_t* zeros = in_groups ? scales + layout.scale_bytes() : behind;
        std::int32_t run_sum = 0;
        for (std::ptrdiff_t n = b; run > 1 && n < end; ++n) run_sum += o.x_sums[n];
        const std::int32_t* x_sums = run > 1 ? &run_sum : o.x_sums + b;
        block_sums_of_rows<Code>(codes, count, o, o.x + b * block_x, x_sums, sums);
        if (layout.zero != zero_code::none) subtract_zeros(layout.zero, zeros, o, x_sums, sums);
        if (in_groups) add_group(layout.scale, scales, o.rows, sums, out.floats);
        else add_whole(o.rows, sums, out.integers);
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
