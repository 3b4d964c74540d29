// SPDX-License-Identifier: Apache-2.0
// The two ends of integer arithmetic in dynamic fixed point: products in chains of a stated length that provably fit
// their word, each added to a wider sum; and wide integers with an exponent back to few bits.
// Source: Das et al., "Mixed precision training of convolutional neural networks using integer operations", ICLR 2018.
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/dfp.hpp>
#include <dyad/array/status.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/number/accumulator.hpp>

namespace dyad::inline v1 {

/// How many products of numbers of P and Q bits with this headroom, |raw| <= 2^(P - 1 - headroom), fit a T: 16 bits in
/// std::int32_t: 1, 7, 31 for headrooms 0, 1, 2 of both. quantize with that headroom gives such numbers.
template <signed_word T>
[[nodiscard]] constexpr std::uint64_t safe_chain(int p, int q, int lhs_headroom, int rhs_headroom) noexcept {
    const int bits = p - 1 - lhs_headroom + q - 1 - rhs_headroom;
    return static_cast<std::uint64_t>(shift_right(static_cast<uint128_t>(word_max<T>()), bits));
}

/// A sum with its exponent: value = sum * 2^exponent.
template <class Sum>
struct dfp_sum {
    Sum sum = 0;
    int exponent = 0;
};

/// Bits of headroom that are promised of both operands.
struct dfp_headroom {
    int lhs = 0;
    int rhs = 0;
};

/// Does every number of row i leave that headroom?
template <dfp_view View>
[[nodiscard]] constexpr bool leaves_headroom(const View& x, index i, int headroom) noexcept {
    if (headroom == 0) return true;
    const std::int64_t most = std::int64_t{1} << (dfp_width<View> - 1 - headroom);
    for (index k = 0; k < x.codes.extent[1]; ++k) {
        const std::int64_t raw = x.codes(i, k).raw();
        if (raw > most || raw < -most) return false;
    }
    return true;
}

/// result = sum over k of lhs(i, k) * rhs(j, k): chains of Length products in T, in order of k, each then added to the
/// sum of type Flush (std::int64_t: exact; float: rounded to nearest even where it is added, as published), in units of
/// 2^(exponent of row i + exponent of row j). No overflow: status::k_exceeds_accumulator where Length products do not
/// provably fit T, or all of them std::int64_t; status::headroom_exceeded where a number of the rows is larger than the
/// headroom says. One exponent for each row (else status::tiles_do_not_nest); headrooms from 0 to Width - 1;
/// 0 <= i, j within the rows. Whatever the fault (also negative_extent, extents_differ, lhs_null, rhs_null,
/// scales_null, tile_not_positive, tensor_scale_not_one), result stays as it was.
template <signed_word T, int Length, class Flush, dfp_view A, dfp_view B>
constexpr status accumulate(chained<T, Length, Flush>, const A& lhs, index i, const B& rhs, index j,
                            dfp_sum<Flush>& result, dfp_headroom headroom = {}) noexcept {
    static_assert(dfp_width<A> <= 32 && dfp_width<B> <= 32, "dyad::accumulate takes numbers of at most 32 bits.");
    if (const status s = check_dfp(lhs, status::lhs_null); s != status::ok) return s;
    if (const status s = check_dfp(rhs, status::rhs_null); s != status::ok) return s;
    const index n = lhs.codes.extent[1];
    if (n != rhs.codes.extent[1]) return status::extents_differ;
    if (lhs.scales.tile[1] < n || rhs.scales.tile[1] < n) return status::tiles_do_not_nest;
    DYAD_ASSERT(headroom.lhs >= 0 && headroom.lhs < dfp_width<A> && headroom.rhs >= 0 && headroom.rhs < dfp_width<B>);
    const auto fits = [&headroom]<signed_word W>(W, std::uint64_t products) {
        return products <= safe_chain<W>(dfp_width<A>, dfp_width<B>, headroom.lhs, headroom.rhs);
    };
    const auto all = static_cast<std::uint64_t>(n);
    if (!fits(T{}, n < Length ? all : std::uint64_t{Length})) return status::k_exceeds_accumulator;
    if (std::same_as<Flush, std::int64_t> && !fits(std::int64_t{}, all)) return status::k_exceeds_accumulator;
    if (n == 0) {
        result = {};
        return status::ok;
    }
    DYAD_ASSERT(i >= 0 && i < lhs.codes.extent[0] && j >= 0 && j < rhs.codes.extent[0]);
    if (!leaves_headroom(lhs, i, headroom.lhs) || !leaves_headroom(rhs, j, headroom.rhs))
        return status::headroom_exceeded;
    Flush sum = 0;
    for (index first = 0; first < n; first += Length) {
        const index last = n - first < Length ? n : first + Length;
        T chain = 0;
        for (index k = first; k < last; ++k) {
            chain =
                static_cast<T>(chain + static_cast<T>(lhs.codes(i, k).raw()) * static_cast<T>(rhs.codes(j, k).raw()));
        }
        sum += static_cast<Flush>(chain);
    }
    result = {sum, lhs.scales(i, 0).exponent() + rhs.scales(j, 0).exponent()};
    return status::ok;
}

/// dst = src in fewer bits (Width): per tile of dst, R = the bits of the largest |raw| beyond Width - 1, or 0; raw *
/// 2^-R rounded once by `rule`, exponent + R. The largest number may be rounded up to 2^(Width - 1): it is clamped, as
/// published, or the tile takes R + 1, by `overflow`. A tile of zeros gets the smallest exponent; where dst's smallest
/// exponent is larger than exponent + R, that is the unit. src has any width up to 64 bits. Extents, tiles, memory,
/// stochastic rounding and faults as for add, with src_null and dst_overlaps_src.
template <dfp_view Src, dfp_view Dst, bulk_rounding_rule Rule = rounding>
status down_convert(const Src& src, const Dst& dst, Rule rule = rounding::nearest_even,
                    dfp_overflow overflow = dfp_overflow::saturate) noexcept {
    if (const status s = check_dfp(src, status::src_null); s != status::ok) return s;
    if (const status s = check_dfp(dst, status::dst_null); s != status::ok) return s;
    if (const status s = check_against(src, dst, status::dst_overlaps_src); s != status::ok) return s;
    if (const status s = check_written_dfp(dst); s != status::ok) return s;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    if (dst.codes.size() == 0) return status::ok;
    const index columns = dst.codes.extent[1];
    return write_tiles(
        dst, overflow,
        [&](const matrix_part& tile) -> std::int64_t {
            std::uint64_t all = 0;  // every bit of every magnitude: as long as the largest one
            for_each_element(tile, [&](index i, index j) { all |= magnitude(std::int64_t{src.codes(i, j).raw()}); });
            if (all == 0) return Dst::scale::min_exponent;
            const int excess = bit_width(all) - (dfp_width<Dst> - 1);
            return std::int64_t{exponent_at(src, tile)} + (excess > 0 ? excess : 0);
        },
        [&](const matrix_part& tile) {
            return [&, from = exponent_at(src, tile)](index i, index j, std::int64_t e) {
                const std::int64_t raw = src.codes(i, j).raw();
                // (a tile of zeros, whose exponent may be lower than src's)
                if (raw == 0) return std::int64_t{0};
                return round_raw(raw, static_cast<int>(e - from), rule_at(rule, i, j, columns));
            };
        });
}

}  // namespace dyad::inline v1
