// SPDX-License-Identifier: Apache-2.0
// Dynamic fixed point: integers that share one signed exponent per tensor, row or tile, value = raw * 2^exponent, and
// what is done with them: sums with alignment, exact products, integer chains, and the way back to few bits.
// Nothing wraps: a result that does not fit raises the exponent, saturates, or is refused, as each function says.
// Numbers come in by quantize(src, view, scale_choice(scale_rule::floor, headroom), rule): the largest magnitude gets
// Width - 1 - headroom bits, and saturates where rounding carries it to 2^(Width - 1).
// Source: Das et al., "Mixed precision training of convolutional neural networks using integer operations", ICLR 2018
// (arXiv 1802.00930).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/group.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/power_of_two.hpp>

namespace dyad::inline v1 {

/// A matrix of integers of Width bits (the sign included, at most 64) and its exponents.
template <int Width, int ExponentBits = 12>
using dfp = quantized_view<matrix_view<integer<Width>>, power_of_two<ExponentBits>>;
/// The same, read only.
template <int Width, int ExponentBits = 12>
using const_dfp = quantized_view<matrix_view<const integer<Width>>, const power_of_two<ExponentBits>>;

template <class T>
inline constexpr int integer_width = 0;
template <int Width>
inline constexpr int integer_width<integer<Width>> = Width;
template <class T>
inline constexpr bool is_power_of_two = false;
template <int Bits>
inline constexpr bool is_power_of_two<power_of_two<Bits>> = true;

/// dfp and const_dfp of any width.
template <class View>
concept dfp_view = std::same_as<decltype(View::codes), matrix_view<typename decltype(View::codes)::element_type>> &&
                   (integer_width<typename View::element> > 0) &&
                   is_power_of_two<typename View::scale>&& std::same_as<decltype(View::zero), no_zero_points>;

template <dfp_view View>
inline constexpr int dfp_width = integer_width<typename View::element>;

/// What becomes of a tile of which a rounded number does not fit: the number is clamped, or the tile's exponent is one
/// higher.
enum class dfp_overflow : std::uint8_t { saturate, raise_exponent };

// --- checks ---

/// The faults of one view by itself.
template <dfp_view View>
[[nodiscard]] constexpr status check_dfp(const View& x, status null_codes) noexcept {
    if (x.codes.extent[0] < 0 || x.codes.extent[1] < 0) return status::negative_extent;
    if (x.scales.tile[0] < 1 || x.scales.tile[1] < 1) return status::tile_not_positive;
    if (!(x.scales.tensor_scale == 1)) return status::tensor_scale_not_one;
    if (x.codes.is_empty()) return status::ok;
    if (x.codes.data == nullptr) return null_codes;
    return x.scales.data == nullptr ? status::scales_null : status::ok;
}

/// Does every tile of dst lie within one of src?
template <dfp_view Src, dfp_view Dst>
[[nodiscard]] constexpr bool tiles_nest(const Src& src, const Dst& dst) noexcept {
    for (const std::size_t d : {0U, 1U}) {
        const index outer = src.scales.tile[d];
        const index inner = dst.scales.tile[d];
        const index extent = dst.codes.extent[d];
        if (outer < extent && (inner >= extent || outer % inner != 0)) return false;
    }
    return true;
}

template <dfp_view View>
[[nodiscard]] byte_range memory_of_exponents(const View& x) noexcept {
    return memory_of(scales_of(x.scales, x.codes.extent[0], x.codes.extent[1]));
}

/// dst against one operand: the same extents, tiles within tiles, no memory in common.
template <dfp_view Src, dfp_view Dst>
[[nodiscard]] status check_against(const Src& src, const Dst& dst, status overlaps) noexcept {
    if (src.codes.extent != dst.codes.extent) return status::extents_differ;
    if (!tiles_nest(src, dst)) return status::tiles_do_not_nest;
    if (overlap(memory_of(src.codes), memory_of(dst.codes))) return overlaps;
    const bool exponents_meet = overlap(memory_of_exponents(src), memory_of(dst.codes)) ||
                                overlap(memory_of(src.codes), memory_of_exponents(dst)) ||
                                overlap(memory_of_exponents(src), memory_of_exponents(dst));
    return exponents_meet ? status::scales_overlap_operand : status::ok;
}

/// What a function that writes dst must not meet in dst itself.
template <dfp_view Dst>
[[nodiscard]] status check_written_dfp(const Dst& dst) noexcept {
    if (overlaps_itself(dst.codes)) return status::dst_overlaps_itself;
    if (overlaps_itself(scales_of(dst.scales, dst.codes.extent[0], dst.codes.extent[1])))
        return status::scales_overlap_themselves;
    return overlap(memory_of(dst.codes), memory_of_exponents(dst)) ? status::scales_overlap_operand : status::ok;
}

/// The faults of two operands and a result.
template <dfp_view A, dfp_view B, dfp_view Dst>
[[nodiscard]] status check_operands(const A& lhs, const B& rhs, const Dst& dst) noexcept {
    if (const status s = check_dfp(lhs, status::lhs_null); s != status::ok) return s;
    if (const status s = check_dfp(rhs, status::rhs_null); s != status::ok) return s;
    if (const status s = check_dfp(dst, status::dst_null); s != status::ok) return s;
    if (const status s = check_against(lhs, dst, status::dst_overlaps_lhs); s != status::ok) return s;
    if (const status s = check_against(rhs, dst, status::dst_overlaps_rhs); s != status::ok) return s;
    return check_written_dfp(dst);
}

/// f(tile) for every tile, until one answers other than ok.
template <dfp_view View, class F>
constexpr status for_each_tile(const View& x, const F& f) noexcept {
    const index rows = x.codes.extent[0];
    const index columns = x.codes.extent[1];
    const index height = x.scales.tile[0] < rows ? x.scales.tile[0] : rows;
    const index width = x.scales.tile[1] < columns ? x.scales.tile[1] : columns;
    for (index i = 0; i < rows; i += height) {
        for (index j = 0; j < columns; j += width) {
            const matrix_part tile{i, rows - i < height ? rows : i + height, j,
                                   columns - j < width ? columns : j + width};
            if (const status s = f(tile); s != status::ok) return s;
        }
    }
    return status::ok;
}

/// f(i, j) for every element of a tile.
template <class F>
constexpr void for_each_element(const matrix_part& tile, const F& f) noexcept {
    for (index i = tile.first_row; i < tile.last_row; ++i) {
        for (index j = tile.first_column; j < tile.last_column; ++j) f(i, j);
    }
}

template <dfp_view View>
[[nodiscard]] constexpr int exponent_at(const View& x, const matrix_part& tile) noexcept {
    return x.scales(tile.first_row, tile.first_column).exponent();
}
template <dfp_view View>
[[nodiscard]] constexpr bool holds_exponent(std::int64_t e) noexcept {
    return e >= View::scale::min_exponent && e <= View::scale::max_exponent;
}
template <dfp_view View>
[[nodiscard]] constexpr bool holds_integer(int128_t raw) noexcept {
    using E = typename View::element;
    return raw >= E::min_raw && raw <= E::max_raw;
}
template <dfp_view View>
[[nodiscard]] constexpr typename View::element clamped(int128_t raw) noexcept {
    return View::element::saturating_from_raw(saturating_cast<std::int64_t>(raw));
}

/// The rule of element (i, j) of a matrix of `columns` columns: stochastic with the bits of index i * columns + j.
template <bulk_rounding_rule Rule>
[[nodiscard]] constexpr auto rule_at(const Rule& rule, index i, index j, index columns) noexcept {
    return rule_of_element(
        rule, static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(columns) + static_cast<std::uint64_t>(j));
}

/// Tiles by a plan: exponent(tile) gives a tile's exponent as std::int64_t, raws(tile) a function of i, j and e that
/// gives the number rounded to units of 2^e. What needs an exponent out of range is found before anything is written.
template <dfp_view Dst, class Exponent, class Raws>
constexpr status write_tiles(const Dst& dst, dfp_overflow overflow, const Exponent& exponent,
                             const Raws& raws) noexcept {
    const auto at_least_lowest = [](std::int64_t e) {
        return e < Dst::scale::min_exponent ? std::int64_t{Dst::scale::min_exponent} : e;
    };
    const auto needs_one_more = [&](const matrix_part& tile, std::int64_t e) {
        if (overflow == dfp_overflow::saturate) return false;
        const auto raw = raws(tile);
        bool fits = true;
        for_each_element(tile, [&](index i, index j) { fits = fits && holds_integer<Dst>(raw(i, j, e)); });
        return !fits;
    };
    const status fault = for_each_tile(dst, [&](const matrix_part& tile) {
        const std::int64_t e = at_least_lowest(exponent(tile));
        constexpr std::int64_t highest = Dst::scale::max_exponent;
        return e > highest || (e == highest && needs_one_more(tile, e)) ? status::exponent_out_of_range : status::ok;
    });
    if (fault != status::ok) return fault;
    return for_each_tile(dst, [&](const matrix_part& tile) {
        std::int64_t e = at_least_lowest(exponent(tile));
        if (needs_one_more(tile, e)) ++e;
        dst.scales(tile.first_row, tile.first_column) = Dst::scale::from_exponent(e);
        const auto raw = raws(tile);
        for_each_element(tile, [&](index i, index j) { dst.codes(i, j) = clamped<Dst>(raw(i, j, e)); });
        return status::ok;
    });
}

// --- sums ---

/// x * 2^-down rounded. To nearest even without a branch on the number: x + half, less one unit below an even quotient,
/// cut.
template <rounding_rule Rule>
[[nodiscard]] constexpr std::int64_t round_raw(std::int64_t x, int down, Rule rule) noexcept {
    if constexpr (std::same_as<Rule, rounding>) {
        constexpr std::int64_t most = std::int64_t{1} << 61;
        if (rule == rounding::nearest_even && down >= 1 && down <= 60 && x < most && x > -most) {
            return (x + (std::int64_t{1} << (down - 1)) - 1 + ((x >> down) & 1)) >> down;
        }
    }
    return round_shift_right(x, down, rule);
}

/// a 2^ea + b 2^eb in units of 2^e, rounded once; e >= ea, eb. Of any words and exponents.
template <rounding_rule Rule>
[[nodiscard]] constexpr int128_t aligned_sum_of_words(std::int64_t a, int ea, std::int64_t b, int eb, std::int64_t e,
                                                      Rule rule) noexcept {
    const int low = ea < eb ? ea : eb;
    const int gap = (ea < eb ? eb : ea) - low;
    if (gap <= 60) {
        const int128_t high = (ea < eb ? int128_t{b} : int128_t{a}) * (int128_t{1} << gap);
        return round_shift_right(high + (ea < eb ? a : b), static_cast<int>(e - low), rule);
    }
    // Farther apart than a word: to odd, which the one rounding that follows does not notice.
    const auto sum =
        exact_sum(unpacked_wide::finite(a < 0, magnitude(a), ea), unpacked_wide::finite(b < 0, magnitude(b), eb));
    if (sum.kind == number_class::zero) return 0;
    const auto down = static_cast<int>(e - sum.exponent);  // at least 0, as e is at least ea and eb
    const uint128_t m = round_shift_right(sum.significand, down, sum.negative, rule);
    return sum.negative ? -static_cast<int128_t>(m) : static_cast<int128_t>(m);
}
/// The same; of short numbers with exponents near each other in one word.
template <rounding_rule Rule>
[[nodiscard]] constexpr int128_t aligned_sum(std::int64_t a, int ea, std::int64_t b, int eb, std::int64_t e,
                                             Rule rule) noexcept {
    const int low = ea < eb ? ea : eb;
    const int gap = (ea < eb ? eb : ea) - low;
    if (gap <= 28 && a == static_cast<std::int32_t>(a) && b == static_cast<std::int32_t>(b)) {
        const std::int64_t high = (ea < eb ? b : a) * (std::int64_t{1} << gap);
        return round_raw(high + (ea < eb ? a : b), static_cast<int>(e - low), rule);
    }
    return aligned_sum_of_words(a, ea, b, eb, e, rule);
}

/// dst = lhs + rhs: per tile of dst in units of the larger of the two exponents (or dst's smallest, if that is larger),
/// each exact sum rounded once by `rule`. A sum that does not fit dst's width raises the tile's exponent by one, and
/// the tile is rounded to that unit, once too; or it is clamped, by `overflow`. One bit more than both operands have
/// excludes it. dst is at least as wide as both. All views have the same extents; each tile of dst lies within one tile
/// of lhs and of rhs; dst has no memory in common with them. Stochastic rounding takes the random bits of index row *
/// columns + column. Faults: negative_extent, extents_differ, lhs_null, rhs_null, dst_null, scales_null,
/// tile_not_positive, tensor_scale_not_one, tiles_do_not_nest, dst_overlaps_lhs, dst_overlaps_rhs, dst_overlaps_itself,
/// scales_overlap_operand, scales_overlap_themselves, random_bits_out_of_range, exponent_out_of_range; whatever the
/// fault, dst stays as it was.
template <dfp_view A, dfp_view B, dfp_view Dst, bulk_rounding_rule Rule = rounding>
status add(const A& lhs, const B& rhs, const Dst& dst, Rule rule = rounding::nearest_even,
           dfp_overflow overflow = dfp_overflow::raise_exponent) noexcept {
    static_assert(dfp_width<Dst> >= dfp_width<A> && dfp_width<Dst> >= dfp_width<B>,
                  "dyad::add of dynamic fixed point needs a result at least as wide as both operands.");
    if (const status s = check_operands(lhs, rhs, dst); s != status::ok) return s;
    if (!is_valid(rule)) return status::random_bits_out_of_range;
    if (dst.codes.size() == 0) return status::ok;
    const index columns = dst.codes.extent[1];
    return write_tiles(
        dst, overflow,
        [&](const matrix_part& tile) {
            const int ea = exponent_at(lhs, tile);
            const int eb = exponent_at(rhs, tile);
            return std::int64_t{ea > eb ? ea : eb};
        },
        [&](const matrix_part& tile) {
            return [&, ea = exponent_at(lhs, tile), eb = exponent_at(rhs, tile)](index i, index j, std::int64_t e) {
                return aligned_sum(lhs.codes(i, j).raw(), ea, rhs.codes(i, j).raw(), eb, e,
                                   rule_at(rule, i, j, columns));
            };
        });
}

// --- products ---

/// dst = lhs * rhs, element by element, exactly: exponents add, and the products of P and Q bits have P + Q - 1. The
/// one product of both lowest numbers needs a bit more: status::product_does_not_fit where dst has only P + Q - 1.
/// status::exponent_out_of_range where dst has no such exponent. Views and other faults as for add.
template <dfp_view A, dfp_view B, dfp_view Dst>
status multiply(const A& lhs, const B& rhs, const Dst& dst) noexcept {
    static_assert(dfp_width<A> + dfp_width<B> <= 64 && dfp_width<Dst> >= dfp_width<A> + dfp_width<B> - 1,
                  "dyad::multiply of dynamic fixed point needs a result of both widths less one bit, of at most 64.");
    if (const status s = check_operands(lhs, rhs, dst); s != status::ok) return s;
    if (dst.codes.size() == 0) return status::ok;
    const auto product = [&](index i, index j) { return std::int64_t{lhs.codes(i, j).raw()} * rhs.codes(i, j).raw(); };
    const auto exponent = [&](const matrix_part& tile) { return exponent_at(lhs, tile) + exponent_at(rhs, tile); };
    const status fault = for_each_tile(dst, [&](const matrix_part& tile) {
        bool fits = true;
        for_each_element(tile, [&](index i, index j) { fits = fits && holds_integer<Dst>(product(i, j)); });
        if (!fits) return status::product_does_not_fit;
        return holds_exponent<Dst>(exponent(tile)) ? status::ok : status::exponent_out_of_range;
    });
    if (fault != status::ok) return fault;
    return for_each_tile(dst, [&](const matrix_part& tile) {
        dst.scales(tile.first_row, tile.first_column) = Dst::scale::from_exponent(exponent(tile));
        for_each_element(tile, [&](index i, index j) { dst.codes(i, j) = clamped<Dst>(product(i, j)); });
        return status::ok;
    });
}

}  // namespace dyad::inline v1
