// SPDX-License-Identifier: Apache-2.0
// Sums of L-Mul's integer additions with the constant 2^-L (number/lmul_adder.hpp), with AVX2: tiles of 6 x 16.
// With codes as integers that have their signs, code(lmul_adder(x, y)) = (code(x) - offset) + code(y) modulo 2^32,
// offset = code(1) - 2^(23 - L), if neither operand is 0, subnormal or special and the result is none of these; so one
// addition of integers and one of floats make a step. The headers of panels say whether that holds for all of their
// products: panel_range. Zeros cost two masks more. Everything else goes through doubles, lmul_products.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx2/matrix_panels.hpp>
#include <dyad/kernels/avx2/matrix_tile.hpp>

namespace dyad::inline v1::avx2 {

/// What is taken from the code of x, in advance.
template <int L>
inline constexpr std::uint32_t lmul_code_offset = 0x3f80'0000U - (1U << (23 - L));

/// Magnitudes (codes without their signs) of a panel's elements, zeros apart.
struct panel_range {
    std::uint32_t smallest = ~0U;  ///< ~0 if all are zeros
    std::uint32_t largest = 0;
    std::uint32_t has_zero = 0;  ///< 0 or 1
};
/// What a panel begins with. Lhs's masks are 0 for its zeros and ~0 elsewhere; where there are no zeros, one row of
/// masks stands for all.
struct lmul_header {
    panel_range range;
    std::uint32_t unused[5] = {};
    std::uint32_t no_zeros[8] = {~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U};
};
inline constexpr std::ptrdiff_t lmul_header_words = 16;
static_assert(sizeof(lmul_header) == 4 * lmul_header_words);

enum class lmul_way : std::uint8_t { plain, lhs_zeros, zeros, any };

/// Which way is exact for all products of two panels: the magnitude of a product's code is the sum of the operands'
/// less the offset, from 2^23 (the smallest normal number) to 255 2^23 - 1.
template <int L>
[[nodiscard]] inline lmul_way way_of(const panel_range& lhs, const panel_range& rhs) noexcept {
    const bool only_zeros = lhs.largest == 0 || rhs.largest == 0;
    const bool normal = only_zeros || (lhs.smallest >= 0x0080'0000U && rhs.smallest >= 0x0080'0000U);
    const bool finite = lhs.largest < 0x7f80'0000U && rhs.largest < 0x7f80'0000U;
    const auto least = std::uint64_t{lhs.smallest} + rhs.smallest;
    const auto most = std::uint64_t{lhs.largest} + rhs.largest;
    constexpr std::uint64_t offset = lmul_code_offset<L>;
    const bool in_range = only_zeros || (least >= offset + 0x0080'0000U && most < offset + 0x7f80'0000U);
    if (!normal || !finite || !in_range) return lmul_way::any;
    if (rhs.has_zero != 0) return lmul_way::zeros;
    return lhs.has_zero != 0 ? lmul_way::lhs_zeros : lmul_way::plain;
}

/// The range of n words, a multiple of eight but for the last of them.
[[gnu::target("avx2"), gnu::noinline]] inline panel_range range_of(const std::uint32_t* x, std::ptrdiff_t n) noexcept {
    // Zeros become the largest number of all for `smallest`, and show in `most`.
    using signed_words [[gnu::vector_size(32)]] = std::int32_t;
    panel_words smallest = panel_words{} + ~0U;
    signed_words largest{};
    panel_words zero{};
    std::ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8) {
        panel_words magnitude;
        __builtin_memcpy(&magnitude, x + i, sizeof magnitude);
        magnitude &= 0x7fff'ffffU;
        const signed_words signed_magnitude = reinterpret_cast<signed_words>(magnitude);
        const panel_words less_one = magnitude - 1U;
        largest = signed_magnitude > largest ? signed_magnitude : largest;
        __asm__("vpminud %1, %0, %0" : "+x"(smallest) : "x"(less_one));
        zero |= less_one;  // the top bit
    }
    panel_range range;
    for (std::size_t lane = 0; lane < 8; ++lane) {
        range.smallest = range.smallest < smallest[lane] ? range.smallest : smallest[lane];
        const auto most = static_cast<std::uint32_t>(largest[lane]);
        range.largest = range.largest > most ? range.largest : most;
        range.has_zero |= zero[lane] >> 31U;
    }
    for (; i < n; ++i) {
        const std::uint32_t magnitude = x[i] & 0x7fff'ffffU;
        range.smallest = range.smallest < magnitude - 1 ? range.smallest : magnitude - 1;
        range.largest = range.largest > magnitude ? range.largest : magnitude;
        range.has_zero |= magnitude == 0 ? 1U : 0U;
    }
    if (range.largest != 0) ++range.smallest;
    return range;
}

/// Words of lhs less the offset, and masks where there are zeros.
template <int L>
[[gnu::target("avx2"), gnu::noinline]] inline void finish_lmul_lhs(std::uint32_t* words, std::uint32_t* masks,
                                                                   std::ptrdiff_t n, std::uint32_t has_zero) noexcept {
    std::ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8) {
        const panel_words x = f32_form::eight(words + i);
        const panel_words less = x - lmul_code_offset<L>;
        __builtin_memcpy(words + i, &less, sizeof less);
        if (has_zero == 0) continue;
        const auto mask = x + x != 0U;
        __builtin_memcpy(masks + i, &mask, sizeof mask);
    }
    for (; i < n; ++i) {
        if (has_zero != 0) masks[i] = words[i] << 1U != 0 ? ~0U : 0;
        words[i] -= lmul_code_offset<L>;
    }
}

/// Header, words, and for lhs the masks.
template <std::ptrdiff_t Lines>
[[nodiscard]] constexpr std::ptrdiff_t lmul_rhs_bytes(std::ptrdiff_t k) noexcept {
    return 4 * lmul_header_words + panel_bytes<f32_form, Lines>(k);
}
template <std::ptrdiff_t Lines>
[[nodiscard]] constexpr std::ptrdiff_t lmul_lhs_bytes(std::ptrdiff_t k) noexcept {
    return 4 * lmul_header_words + 2 * panel_bytes<f32_form, Lines>(k);
}
template <std::ptrdiff_t Lines>
void pack_lmul_rhs(lines_view<float> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
    auto* const words = static_cast<std::uint32_t*>(to) + lmul_header_words;
    pack_panel<f32_form, Lines>(from, lines, k, words);
    const lmul_header header{.range = range_of(words, k * Lines)};
    __builtin_memcpy(to, &header, sizeof header);
}
template <int L, std::ptrdiff_t Lines>
void pack_lmul_lhs(lines_view<float> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
    pack_lmul_rhs<Lines>(from, lines, k, to);
    panel_range range;
    __builtin_memcpy(&range, to, sizeof range);
    auto* const words = static_cast<std::uint32_t*>(to) + lmul_header_words;
    finish_lmul_lhs<L>(words, words + panel_bytes<f32_form, Lines>(k) / 4, k * Lines, range.has_zero);
}

/// Where the parts of a panel are.
template <std::ptrdiff_t Lines>
struct lmul_panel {
    const std::uint32_t* words;
    const std::uint32_t* masks;  ///< of lhs
    std::ptrdiff_t mask_stride;  ///< words from the masks of one k to those of the next
    panel_range range;

    lmul_panel(const void* panel, std::ptrdiff_t k) noexcept {
        const auto* const header = static_cast<const std::uint32_t*>(panel);
        __builtin_memcpy(&range, panel, sizeof range);
        words = header + lmul_header_words;
        masks = range.has_zero != 0 ? words + panel_bytes<f32_form, Lines>(k) / 4 : header + lmul_header_words - 8;
        mask_stride = range.has_zero != 0 ? Lines : 0;
    }
};

/// lmul_adder(x, y, {1, L}) of all inputs. As doubles, both and the result are normal, with at most 24 significant
/// bits, so that the conversion back rounds once. Zeros, infinities and NaN: x * y.
template <int L>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline eight_floats lmul_products(float x, eight_floats y) noexcept {
    using signed_words [[gnu::vector_size(32)]] = std::int32_t;
    constexpr std::uint64_t offset = 0x3ff0'0000'0000'0000U - (std::uint64_t{1} << (52 - L));
    std::uint32_t x_bits;
    __builtin_memcpy(&x_bits, &x, sizeof x_bits);
    const eight_floats all_x = reinterpret_cast<eight_floats>(eight_words{} + x_bits);
    const eight_floats product = multiply(all_x, y);
    if ((x_bits & 0x7fff'ffffU) == 0 || (x_bits & 0x7fff'ffffU) >= 0x7f80'0000U) return product;

    four_longs wide_x;
    __asm__("vcvtps2pd %1, %0" : "=x"(wide_x) : "x"(__builtin_shufflevector(all_x, all_x, 0, 1, 2, 3)));
    four_floats halves[2] = {__builtin_shufflevector(y, y, 0, 1, 2, 3), __builtin_shufflevector(y, y, 4, 5, 6, 7)};
    for (four_floats& half : halves) {
        four_longs wide_y;
        __asm__("vcvtps2pd %1, %0" : "=x"(wide_y) : "x"(half));
        const four_longs sum = wide_x - offset + wide_y;
        __asm__("vcvtpd2ps %1, %0" : "=x"(half) : "x"(sum));
    }
    const eight_floats sum = __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7);
    const signed_words magnitude = reinterpret_cast<signed_words>(y) & 0x7fff'ffff;
    const signed_words special = (magnitude > 0x7f7f'ffff) | (magnitude == 0);
    const auto chosen = (reinterpret_cast<eight_words>(sum) & ~reinterpret_cast<eight_words>(special)) |
                        (reinterpret_cast<eight_words>(product) & reinterpret_cast<eight_words>(special));
    return reinterpret_cast<eight_floats>(chosen);
}
/// `rows` rows of eight columns, any operands; lhs has Lines lines, rhs 16.
template <int L, std::ptrdiff_t Lines>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void multiply_any_lmul(const std::uint32_t* lhs,
                                                                         const std::uint32_t* rhs, std::ptrdiff_t k,
                                                                         std::ptrdiff_t rows, std::ptrdiff_t columns,
                                                                         float* sums, std::ptrdiff_t stride,
                                                                         tile_start start) noexcept {
    const auto size = static_cast<std::size_t>(columns < 8 ? columns : 8) * sizeof(float);
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
        eight_floats sum{};
        if (start == tile_start::sums) __builtin_memcpy(&sum, sums + row * stride, size);
        for (std::ptrdiff_t i = 0; i < k; ++i) {
            const std::uint32_t word = lhs[i * Lines + row] + lmul_code_offset<L>;
            float x;
            __builtin_memcpy(&x, &word, sizeof x);
            eight_floats y;
            __builtin_memcpy(&y, rhs + 16 * i, sizeof y);
            sum = add(sum, lmul_products<L>(x, y));
        }
        sum = one_nan(sum);
        __builtin_memcpy(sums + row * stride, &sum, size);
    }
}

/// Whether one of the sums is -0: the only one that notices the sign of a zero that is added.
[[nodiscard]] inline bool has_negative_zero(const float* sums, std::ptrdiff_t stride, std::ptrdiff_t rows,
                                            std::ptrdiff_t columns) noexcept {
    std::uint32_t found = 0;
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
        for (std::ptrdiff_t j = 0; j < columns; ++j) {
            std::uint32_t bits;
            __builtin_memcpy(&bits, sums + i * stride + j, sizeof bits);
            found |= bits == 0x8000'0000U ? 1U : 0U;
        }
    }
    return found != 0;
}

inline constexpr std::ptrdiff_t lmul_rows = 6;

/// first += x + y0, second += x + y1 as codes of floats; as add_products.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_sums_of_codes(eight_floats& first, eight_floats& second,
                                                                              const std::uint32_t* x, eight_words y0,
                                                                              eight_words y1) noexcept {
    eight_words all;
    eight_words sum;
    __asm__(
        "vpbroadcastd %4, %2\n\tvpaddd %5, %2, %3\n\tvpaddd %6, %2, %2\n\t"
        "vaddps %3, %0, %0\n\tvaddps %2, %1, %1"
        : "+x"(first), "+x"(second), "=&x"(all), "=&x"(sum)
        : "m"(*x), "x"(y0), "x"(y1));
}

/// The same with 0 instead of a sum where `mask` is 0.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_sums_of_codes(eight_floats& first, eight_floats& second,
                                                                              const std::uint32_t* x,
                                                                              const std::uint32_t* mask, eight_words y0,
                                                                              eight_words y1) noexcept {
    eight_words all;
    eight_words sum;
    eight_words all_mask;
    __asm__(
        "vpbroadcastd %5, %2\n\tvpbroadcastd %6, %4\n\tvpaddd %7, %2, %3\n\tvpaddd %8, %2, %2\n\t"
        "vpand %4, %3, %3\n\tvpand %4, %2, %2\n\tvaddps %3, %0, %0\n\tvaddps %2, %1, %1"
        : "+x"(first), "+x"(second), "=&x"(all), "=&x"(sum), "=&x"(all_mask)
        : "m"(*x), "m"(*mask), "x"(y0), "x"(y1));
}
/// And where zero0, zero1 are ~0.
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void add_sums_of_codes(eight_floats& first, eight_floats& second,
                                                                              const std::uint32_t* x,
                                                                              const std::uint32_t* mask, eight_words y0,
                                                                              eight_words y1, eight_words zero0,
                                                                              eight_words zero1) noexcept {
    eight_words all;
    eight_words sum;
    eight_words all_mask;
    __asm__(
        "vpbroadcastd %5, %2\n\tvpbroadcastd %6, %4\n\tvpaddd %7, %2, %3\n\tvpaddd %8, %2, %2\n\t"
        "vpandn %3, %9, %3\n\tvpandn %2, %10, %2\n\tvpand %4, %3, %3\n\tvpand %4, %2, %2\n\t"
        "vaddps %3, %0, %0\n\tvaddps %2, %1, %1"
        : "+x"(first), "+x"(second), "=&x"(all), "=&x"(sum), "=&x"(all_mask)
        : "m"(*x), "m"(*mask), "x"(y0), "x"(y1), "x"(zero0), "x"(zero1));
}

template <lmul_way Way, std::size_t Rows>
struct lmul_tile {
    eight_floats sums[Rows][2];

    template <std::size_t Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] void row(const std::uint32_t* lhs, const std::uint32_t* masks,
                                                             const eight_words (&rhs)[2],
                                                             const eight_words (&zero)[2]) noexcept {
        const std::uint32_t* const x = lhs + Row;
        if constexpr (Way == lmul_way::plain) add_sums_of_codes(sums[Row][0], sums[Row][1], x, rhs[0], rhs[1]);
        else if constexpr (Way == lmul_way::lhs_zeros)
            add_sums_of_codes(sums[Row][0], sums[Row][1], x, masks + Row, rhs[0], rhs[1]);
        else add_sums_of_codes(sums[Row][0], sums[Row][1], x, masks + Row, rhs[0], rhs[1], zero[0], zero[1]);
    }
    template <std::size_t... Row>
    [[gnu::target("avx2,fma"), gnu::always_inline]] static void run(
        const std::uint32_t* lhs, const std::uint32_t* masks, std::ptrdiff_t mask_stride, const std::uint32_t* rhs,
        std::ptrdiff_t k, const float_sums& to, tile_start start, std::index_sequence<Row...>) noexcept {
        lmul_tile tile{};
        if (start == tile_start::sums) {
            ((tile.sums[Row][0] = load_sums(to, Row, 0), tile.sums[Row][1] = load_sums(to, Row, 1)), ...);
        }
        for (std::ptrdiff_t i = 0; i < k; ++i) {
            if constexpr (Rows <= 2) __builtin_prefetch(rhs + prefetch_bytes / 4);
            const eight_words b[2] = {f32_form::eight(rhs), f32_form::eight(rhs + 8)};
            eight_words zero[2] = {};
            if constexpr (Way == lmul_way::zeros) {
                zero[0] = reinterpret_cast<eight_words>(b[0] + b[0] == 0U);
                zero[1] = reinterpret_cast<eight_words>(b[1] + b[1] == 0U);
            }
            (tile.template row<Row>(lhs, masks, b, zero), ...);
            lhs += lmul_rows;
            masks += mask_stride;
            rhs += tile_columns;
        }
        ((store_sums(to, Row, 0, tile.sums[Row][0]), store_sums(to, Row, 1, tile.sums[Row][1])), ...);
    }
};

template <lmul_way Way, std::size_t Rows>
[[gnu::target("avx2,fma"), gnu::noinline]] inline void multiply_lmul(const lmul_panel<lmul_rows>& lhs,
                                                                     const std::uint32_t* rhs, std::ptrdiff_t first_row,
                                                                     std::ptrdiff_t k, const float_sums& sums,
                                                                     tile_start start) noexcept {
    const std::ptrdiff_t left = sums.rows - first_row;
    const float_sums to{sums.data + first_row * sums.stride, sums.stride, left};
    lmul_tile<Way, Rows>::run(lhs.words + first_row, lhs.masks + first_row, lhs.mask_stride, rhs, k, to, start,
                              std::make_index_sequence<Rows>{});
}
/// Four rows and then two: six rows and their masks are too many for 16 registers.
template <lmul_way Way>
void multiply_lmul_twice(const lmul_panel<lmul_rows>& lhs, const std::uint32_t* rhs, std::ptrdiff_t k,
                         const float_sums& to, tile_start start) noexcept {
    multiply_lmul<Way, 4>(lhs, rhs, 0, k, to, start);
    if (to.rows > 4) multiply_lmul<Way, 2>(lhs, rhs, 4, k, to, start);
}
template <int L>
void multiply_lmul_rows(const void* lhs, const void* rhs, std::ptrdiff_t k, const float_sums& to,
                        tile_start start) noexcept {
    const lmul_panel<lmul_rows> a(lhs, k);
    const lmul_panel<tile_columns> b(rhs, k);
    lmul_way way = way_of<L>(a.range, b.range);
    if (way != lmul_way::plain && start == tile_start::sums &&
        has_negative_zero(to.data, to.stride, to.rows, tile_columns)) {
        way = lmul_way::any;
    }
    if (way == lmul_way::any) {
        for (std::ptrdiff_t j = 0; j < tile_columns; j += 8)
            multiply_any_lmul<L, lmul_rows>(a.words, b.words + j, k, to.rows, 8, to.data + j, to.stride, start);
    } else if (way == lmul_way::zeros) {
        multiply_lmul_twice<lmul_way::zeros>(a, b.words, k, to, start);
    } else if (way == lmul_way::lhs_zeros) {
        multiply_lmul_twice<lmul_way::lhs_zeros>(a, b.words, k, to, start);
    } else {
        switch (to.rows) {
            case 1: return multiply_lmul<lmul_way::plain, 1>(a, b.words, 0, k, to, start);
            case 2: return multiply_lmul<lmul_way::plain, 2>(a, b.words, 0, k, to, start);
            case 3:
            case 4: return multiply_lmul<lmul_way::plain, 4>(a, b.words, 0, k, to, start);
            default: return multiply_lmul<lmul_way::plain, 6>(a, b.words, 0, k, to, start);
        }
    }
}

template <int L>
inline constexpr matrix_kernel<float, float, float> lmul_adder_f32 = {
    .name = "avx2 lmul_adder 6x16",
    .isa = instruction_set::avx2,
    .lhs_lines = lmul_rows,
    .rhs_lines = tile_columns,
    .rhs_panels = 1,
    .depth = 1,
    .lhs_bytes = &lmul_lhs_bytes<lmul_rows>,
    .rhs_bytes = &lmul_rhs_bytes<tile_columns>,
    .pack_lhs = &pack_lmul_lhs<L, lmul_rows>,
    .pack_rhs = &pack_lmul_rhs<tile_columns>,
    .multiply = &multiply_tile<lmul_rows, &multiply_lmul_rows<L>>};

}  // namespace dyad::inline v1::avx2

#endif
