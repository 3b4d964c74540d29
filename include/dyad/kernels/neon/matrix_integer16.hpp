// SPDX-License-Identifier: Apache-2.0
// Products of int16 matrices on AArch64: chains of multiply-adds into 8 x 8 sums of 32 bits, and what they make of sums
// of 64 bits. Products of magnitude 2^23 at most: 254 * 2^23 < 2^31, so chains of 254 are exact. Any others: a left
// factor is x = 256 h + l, -128 <= h < 128, 0 <= l < 256; |h y| <= 2^22 and |l y| <= 255 * 2^15 < 2^23, so two such
// chains give x y.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/neon/matrix_pack.hpp>
#include <dyad/kernels/neon/matrix_tile.hpp>
#include <dyad/kernels/neon/vectors.hpp>

namespace dyad::inline v1::neon {

/// Products in a chain that cannot leave 32 bits.
inline constexpr std::ptrdiff_t short_chain = 254;
static_assert(short_chain * (std::int64_t{1} << 23) <= 0x7fff'ffff);

/// Eight rows of two vectors.
struct word_tile {
    static constexpr std::ptrdiff_t lhs_lines = 8;
    static constexpr std::ptrdiff_t rhs_lines = 8;

    signed_words sums[16];

    [[gnu::always_inline]] void load_from(const std::int32_t* from, std::ptrdiff_t stride) noexcept {
        load_from(from, stride, std::make_integer_sequence<int, 16>{});
    }
    [[gnu::always_inline]] void store_to(std::int32_t* to, std::ptrdiff_t stride) const noexcept {
        store_to(to, stride, std::make_integer_sequence<int, 16>{});
    }
    /// Adds the products of `k` steps of panels, modulo 2^32: 8 numbers of lhs, 8 of rhs each.
    [[gnu::always_inline]] void add_chain(const std::int16_t* lhs, const std::int16_t* rhs, std::ptrdiff_t k) noexcept {
        for (; k > 0; --k, lhs += lhs_lines, rhs += rhs_lines)
            step(load<signed_halves>(lhs), load<signed_halves>(rhs), std::make_integer_sequence<int, 8>{});
    }

private:
    template <int... I>
    [[gnu::always_inline]] void load_from(const std::int32_t* from, std::ptrdiff_t stride,
                                          std::integer_sequence<int, I...>) noexcept {
        ((sums[I] = load<signed_words>(from + I / 2 * stride + I % 2 * 4)), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void store_to(std::int32_t* to, std::ptrdiff_t stride,
                                         std::integer_sequence<int, I...>) const noexcept {
        (store(to + I / 2 * stride + I % 2 * 4, sums[I]), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void step(signed_halves a, signed_halves b, std::integer_sequence<int, I...>) noexcept {
        ((add_low_products<I>(sums[2 * I], b, a), add_high_products<I>(sums[2 * I + 1], b, a)), ...);
    }
};

/// Sums modulo 2^32 of what int16 holds.
template <class Lhs, class Rhs>
struct word_product_tile {
    using lhs_type = Lhs;
    using rhs_type = Rhs;
    using sum_type = std::int32_t;
    static constexpr std::ptrdiff_t lhs_lines = word_tile::lhs_lines;
    static constexpr std::ptrdiff_t rhs_lines = word_tile::rhs_lines;
    static constexpr std::ptrdiff_t depth = 1;

    static constexpr std::ptrdiff_t lhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(2 * lhs_lines * k); }
    static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(2 * rhs_lines * k); }
    static void pack_lhs(lines_view<Lhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack_halves(from, lines, k, static_cast<std::int16_t*>(to));
    }
    static void pack_rhs(lines_view<Rhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack_halves(from, lines, k, static_cast<std::int16_t*>(to));
    }
    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, std::int32_t* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        word_tile tile = {};
        if (start == tile_start::sums) tile.load_from(sums, stride);
        tile.add_chain(static_cast<const std::int16_t*>(lhs), static_cast<const std::int16_t*>(rhs), k);
        tile.store_to(sums, stride);
    }
};

/// Exact sums of products of magnitude 2^23 at most.
struct s16_short_tile : word_product_tile<std::int16_t, std::int16_t> {
    using sum_type = std::int64_t;

    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, std::int64_t* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        const auto* a = static_cast<const std::int16_t*>(lhs);
        const auto* b = static_cast<const std::int16_t*>(rhs);
        if (start == tile_start::zero) {
            for (std::ptrdiff_t r = 0; r < lhs_lines; ++r)
                for (std::ptrdiff_t c = 0; c < rhs_lines; ++c) sums[r * stride + c] = 0;
        }
        for (std::ptrdiff_t first = 0; first < k; first += short_chain) {
            const std::ptrdiff_t n = k - first < short_chain ? k - first : short_chain;
            alignas(64) std::int32_t chains[lhs_lines * rhs_lines];
            word_product_tile::run(a + first * lhs_lines, b + first * rhs_lines, n, chains, rhs_lines,
                                   tile_start::zero);
            for (std::ptrdiff_t r = 0; r < lhs_lines; ++r)
                for (std::ptrdiff_t c = 0; c < rhs_lines; ++c) sums[r * stride + c] += chains[r * rhs_lines + c];
        }
    }
};

/// Exact sums of any products: eight lines of halves, h of the four rows and then l, are four rows of lhs.
struct s16_wide_tile : s16_short_tile {
    static constexpr std::ptrdiff_t lhs_lines = 4;

    static void pack_lhs(lines_view<std::int16_t> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        auto* halves = static_cast<std::int16_t*>(to);
        for (std::ptrdiff_t i = 0; i < k; ++i, halves += 2 * lhs_lines) {
            for (std::ptrdiff_t line = 0; line < lhs_lines; ++line) {
                const std::int16_t x = element_or_zero(from, lines, line, i);
                halves[line] = static_cast<std::int16_t>(x >> 8);
                halves[lhs_lines + line] = static_cast<std::int16_t>(x & 255);
            }
        }
    }
    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, std::int64_t* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        alignas(64) std::int64_t halves[2 * lhs_lines * rhs_lines];
        s16_short_tile::run(lhs, rhs, k, halves, rhs_lines, tile_start::zero);
        const std::int64_t* const low = halves + lhs_lines * rhs_lines;
        for (std::ptrdiff_t r = 0; r < lhs_lines; ++r) {
            for (std::ptrdiff_t c = 0; c < rhs_lines; ++c) {
                const std::int64_t sum = 256 * halves[r * rhs_lines + c] + low[r * rhs_lines + c];
                std::int64_t& to = sums[r * stride + c];
                to = start == tile_start::zero ? sum : to + sum;
            }
        }
    }
};

inline constexpr auto s16s16_32 =
    make_matrix_kernel<word_product_tile<std::int16_t, std::int16_t>>("neon s16s16 8x8", instruction_set::neon);
inline constexpr auto s16_short = make_matrix_kernel<s16_short_tile>("neon s16 8x8", instruction_set::neon);
inline constexpr auto s16_wide = make_matrix_kernel<s16_wide_tile>("neon s16 4x8", instruction_set::neon);

}  // namespace dyad::inline v1::neon

#endif
