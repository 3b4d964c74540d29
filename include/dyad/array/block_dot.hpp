// SPDX-License-Identifier: Apache-2.0
// The exact dot product of numbers that share scales: of blocks, and of rows of quantized views.
// sum_k (a_k - za_k) sa ga * (b_k - zb_k) sb gb: per pair of scales an integer sum of element products, times the four
// scales exactly, into an exact accumulator; one rounding at the end and no floating-point variable before it.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/array/dot_product.hpp>
#include <dyad/array/element_integers.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// One row of a quantized view, walked from left to right: the scale of the present tile, and how far it reaches.
template <class View>
struct row_scales {
    using S = typename View::scale;
    const S* at;
    index step;
    index tile;
    index left;  ///< columns from the present one to the tile's end
    unpacked scale;

    constexpr row_scales(const View& view, index i) noexcept
        : at(view.scales.data + i / view.scales.tile[0] * view.scales.stride[0]),
          step(view.scales.stride[1]),
          tile(view.scales.tile[1]),
          left(tile),
          scale(resize<std::uint64_t>(dyad::unpack(*at))) {}

    /// n columns on; `more` of them follow.
    constexpr void advance(index n, bool more) noexcept {
        left -= n;
        if (left != 0 || !more) return;
        left = tile;
        at += step;
        scale = resize<std::uint64_t>(dyad::unpack(*at));
    }
};

/// What the terms of a view can be: element * scale * tensor scale.
template <class View>
[[nodiscard]] consteval exponent_range term_exponents() noexcept {
    constexpr integer_range element = integers_of<View>();
    constexpr exponent_range scale = exponents_of<typename View::scale>();
    constexpr exponent_range tensor = exponents_of<float>();
    return {element.lowest + scale.lowest + tensor.lowest,
            element.lowest + element.bits + scale.highest + tensor.highest};
}

/// The exact accumulator of products of two views' numbers, up to 64 pieces of them at a time.
template <class A, class B>
using view_accumulator = exact_accumulator<term_exponents<A>().lowest + term_exponents<B>().lowest,
                                           term_exponents<A>().highest + term_exponents<B>().highest + 16>;

/// Digits of a product of two scales.
template <class A, class B>
inline constexpr int scale_digits = value_range_of<typename A::scale>().precision
                                    + value_range_of<typename B::scale>().precision;
/// Do the integer sums of a piece, times two scales, fit a word?
template <class A, class B>
inline constexpr bool sums_as_integers =
    has_integers<A>&& has_integers<B>&& product_bits<A, B> + 9 + scale_digits<A, B> <= 128;

/// Digits of an element less its zero point.
template <class View>
inline constexpr int element_digits = std::same_as<decltype(View::zero), no_zero_points>
                                          ? value_range_of<typename View::element>().precision
                                          : integers_of<View>().bits;

/// A number with 1 in place of every finite magnitude: enough to find out what products with infinities and NaN are.
template <unsigned_word T>
[[nodiscard]] constexpr unpacked kind_of(const basic_unpacked<T>& x) noexcept {
    if (x.kind == number_class::nan) return unpacked::nan(false, quiet_bit<std::uint64_t>);
    return {x.kind, x.negative, 0, x.kind == number_class::finite ? std::uint64_t{1} : 0};
}
template <class View>
[[nodiscard]] constexpr unpacked element_kind(const View& view, index i, index j) noexcept {
    const auto x = static_cast<typename View::element>(view.codes(i, j));
    if constexpr (std::same_as<decltype(View::zero), no_zero_points>) {
        return kind_of(dyad::unpack(x));
    } else {
        const std::int64_t raw = static_cast<std::int64_t>(x.raw()) - view.zero_point(i, j);
        return unpacked::finite(raw < 0, raw != 0 ? 1 : 0, 0);
    }
}

/// The sum of one row's products with another row, as it grows.
template <class A, class B>
struct row_product {
    const A& lhs;
    index i;
    const B& rhs;
    index j;
    view_accumulator<A, B> sum = {};
    std::uint64_t tensor_scales = 1;  ///< both, odd, times 2^tensor_exponent
    int tensor_exponent = 0;

    constexpr row_product(const A& a, index row_a, const B& b, index row_b) noexcept
        : lhs(a), i(row_a), rhs(b), j(row_b) {
        const auto g = exact_product(dyad::unpack(a.scales.tensor_scale), dyad::unpack(b.scales.tensor_scale));
        const int zeros = trailing_zeros(g.significand);
        tensor_scales = g.significand >> zeros;
        tensor_exponent = g.exponent + zeros;
    }

    /// Adds m * 2^exponent times the tensors' scales. Most terms of a row lie near each other: they are summed in one
    /// word, window_ * 2^window_exponent_, in which 64 terms below 2^120 fit, and which goes to the sum when another
    /// one does not.
    constexpr void add(bool negative, uint128_t m, int exponent) noexcept {
        if (m == 0) return;
        const int digits = bit_width(m);
        if (exponent < window_exponent_ || exponent - window_exponent_ + digits > 120 || window_terms_ == 64) {
            flush();
            window_exponent_ = exponent - (digits < 96 ? 24 : 0);
            if (digits > 120) return add_to_sum(negative, m, exponent);
        }
        const auto term = static_cast<int128_t>(m << (exponent - window_exponent_));
        window_ += negative ? -term : term;
        ++window_terms_;
    }
    /// To be called when all is added.
    constexpr void flush() noexcept {
        if (window_ != 0) add_to_sum(window_ < 0, magnitude(window_), window_exponent_);
        window_ = 0;
        window_terms_ = 0;
    }

    /// Columns first .. first + n - 1, of which one or a scale is not finite: the products that are not.
    constexpr void add_kinds(index first, index n, const unpacked& sa, const unpacked& sb) noexcept {
        const unpacked scales = exact_product(kind_of(sa), kind_of(sb));
        for (index c = first; c < first + n; ++c) {
            const auto product = exact_product(element_kind(lhs, i, c), element_kind(rhs, j, c));
            const auto term = exact_product(product, scales);
            if (term.kind != number_class::finite) sum.add(term);
        }
    }

    /// The same where all is finite, and a and b hold the integers of these columns.
    constexpr void add_integers(const integer_of<A>* a, const integer_of<B>* b, index n, const unpacked& sa,
                                const unpacked& sb) noexcept {
        using Sum = product_sum<A, B>;
        constexpr int unit = integers_of<A>().lowest + integers_of<B>().lowest;
        for (index c = 0; c < n; c += product_chain<A, B>) {
            const index chain = n - c < product_chain<A, B> ? n - c : product_chain<A, B>;
            const Sum total = sum_of_products<Sum>(a + c, b + c, chain);
            if (total == 0) continue;
            const uint128_t m = static_cast<uint128_t>(magnitude(total)) * sa.significand * sb.significand;
            add((total < 0) != (sa.negative != sb.negative), m, unit + sa.exponent + sb.exponent);
        }
    }

    /// Elements that no word holds, one by one.
    constexpr void add_numbers(index first, index n, const unpacked& sa, const unpacked& sb) noexcept {
        const auto scales = exact_product(resize<uint128_t>(sa), resize<uint128_t>(sb));
        for (index c = first; c < first + n; ++c) {
            const auto product = exact_product(element_number(lhs, i, c), element_number(rhs, j, c));
            const auto term = exact_product(product, scales);
            if (term.kind == number_class::finite) add(term.negative, term.significand, term.exponent);
            else if (term.kind != number_class::zero) sum.add(term);
        }
    }

private:
    int128_t window_ = 0;
    int window_exponent_ = 0;
    int window_terms_ = 0;

    /// Of a product that needs more than 128 bits, the halves of m.
    constexpr void add_to_sum(bool negative, uint128_t m, int exponent) noexcept {
        const int e = exponent + tensor_exponent;
        if (bit_width(m) + bit_width(tensor_scales) <= 128) {
            sum.add(unpacked_wide::finite(negative, m * tensor_scales, e));
            return;
        }
        sum.add(unpacked_wide::finite(negative, uint128_t{static_cast<std::uint64_t>(m)} * tensor_scales, e));
        sum.add(unpacked_wide::finite(negative, (m >> 64) * tensor_scales, e + 64));
    }

    template <class View>
    [[nodiscard]] static constexpr unpacked_wide element_number(const View& view, index row, index column) noexcept {
        const auto x = static_cast<typename View::element>(view.codes(row, column));
        if constexpr (std::same_as<decltype(View::zero), no_zero_points>) {
            return resize<uint128_t>(dyad::unpack(x));
        } else {
            const int128_t raw = static_cast<int128_t>(x.raw()) - view.zero_point(row, column);
            return unpacked_wide::finite(raw < 0, magnitude(raw), -View::element::fraction);
        }
    }
};

/// All columns, in pieces; each piece in runs within which neither row changes its scale.
template <class A, class B>
constexpr void add_row(row_product<A, B>& product) noexcept {
    constexpr bool in_words = sums_as_integers<A, B>;
    constexpr auto piece = static_cast<index>(convert_piece);
    const index columns = product.lhs.codes.extent[1];
    row_scales<A> of_lhs(product.lhs, product.i);
    row_scales<B> of_rhs(product.rhs, product.j);
    instruction_set isa = instruction_set::scalar;
    if (!std::is_constant_evaluated()) isa = best_instruction_set();
    for (index first = 0; first < columns; first += piece) {
        const index n = columns - first < piece ? columns - first : piece;
        std::conditional_t<in_words, integer_of<A>, char> a[convert_piece];
        std::conditional_t<in_words, integer_of<B>, char> b[convert_piece];
        bool finite = true;
        if constexpr (in_words) {
            const bool lhs_finite =
                read_integers(isa, product.lhs, product.i, first, n, static_cast<integer_of<A>*>(a));
            const bool rhs_finite =
                read_integers(isa, product.rhs, product.j, first, n, static_cast<integer_of<B>*>(b));
            finite = lhs_finite && rhs_finite;
        }
        for (index c = 0; c < n;) {
            index run = of_lhs.left < of_rhs.left ? of_lhs.left : of_rhs.left;
            run = run < n - c ? run : n - c;
            const auto is_finite = [](const unpacked& s) {
                return s.kind == number_class::finite || s.kind == number_class::zero;
            };
            const bool scales_finite = is_finite(of_lhs.scale) && is_finite(of_rhs.scale);
            if constexpr (in_words) {
                // (a piece with a NaN or an infinity makes the sum NaN or infinite: its finite products do not matter)
                if (finite && scales_finite) product.add_integers(a + c, b + c, run, of_lhs.scale, of_rhs.scale);
                else product.add_kinds(first + c, run, of_lhs.scale, of_rhs.scale);
            } else {
                product.add_numbers(first + c, run, of_lhs.scale, of_rhs.scale);
            }
            c += run;
            of_lhs.advance(run, first + c < columns);
            of_rhs.advance(run, first + c < columns);
        }
    }
}

/// The faults of one operand.
template <class View>
[[nodiscard]] constexpr status check_operand(const View& view, status null_codes) noexcept {
    if (view.codes.extent[0] < 0 || view.codes.extent[1] < 0) return status::negative_extent;
    if (view.scales.tile[0] < 1 || view.scales.tile[1] < 1) return status::tile_not_positive;
    const float g = view.scales.tensor_scale;
    if (!(g > 0 && g <= std::numeric_limits<float>::max())) return status::tensor_scale_not_positive;
    if (view.codes.extent[0] == 0 || view.codes.extent[1] == 0) return status::ok;
    if (view.codes.data == nullptr) return null_codes;
    if (view.scales.data == nullptr) return status::scales_null;
    if constexpr (stores_zero_points<std::remove_const_t<decltype(view.zero)>>) {
        if (view.zero.data == nullptr) return status::zero_points_null;
    }
    return status::ok;
}

/// result = the sum over k of lhs(i, k) * rhs(j, k), exactly, rounded once by `rule` and then saturated by `policy`; +0
/// of no columns and of sums that cancel. Any two element formats, scale formats and tiles, zero points included;
/// 0 <= i, j within the rows. A NaN element or scale, or infinity times zero, gives NaN; infinities as
/// exact_accumulator says. Whatever the fault (extents_differ, negative_extent, lhs_null, rhs_null, scales_null,
/// zero_points_null, tile_not_positive, tensor_scale_not_positive), the result stays as it was.
template <code_matrix CodesA, class SA, class ZA, code_matrix CodesB, class SB, class ZB, number To,
          rounding_rule Rule = rounding>
constexpr status dot_product(const quantized_view<CodesA, SA, ZA>& lhs, index i,
                             const quantized_view<CodesB, SB, ZB>& rhs, index j, To& result,
                             Rule rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    using A = quantized_view<CodesA, SA, ZA>;
    using B = quantized_view<CodesB, SB, ZB>;
    static_assert(sums_as_integers<A, B> || element_digits<A> + element_digits<B> + scale_digits<A, B> <= 128,
                  "dyad::dot_product needs elements and scales whose digits together are at most 128.");
    if (const status s = check_operand(lhs, status::lhs_null); s != status::ok) return s;
    if (const status s = check_operand(rhs, status::rhs_null); s != status::ok) return s;
    if (lhs.codes.extent[1] != rhs.codes.extent[1]) return status::extents_differ;
    DYAD_ASSERT(i >= 0 && i < lhs.codes.extent[0] && j >= 0 && j < rhs.codes.extent[0]);
    row_product<A, B> product(lhs, i, rhs, j);
    if (lhs.codes.extent[1] > 0) add_row(product);
    product.flush();
    result = product.sum.template result<To>(rule, policy);
    return status::ok;
}

/// The elements that both spans of blocks have; -1 where there is no number of elements that needs just these blocks.
template <block_type A, block_type B>
[[nodiscard]] constexpr index common_elements(std::span<const A> lhs, std::span<const B> rhs) noexcept {
    const auto a = static_cast<index>(lhs.size());
    const auto b = static_cast<index>(rhs.size());
    const index most = a * A::size < b * B::size ? a * A::size : b * B::size;
    return most > (a - 1) * A::size && most > (b - 1) * B::size ? most : -1;
}
template <block_type A, block_type B, number To, rounding_rule Rule>
status dot_product_of_blocks(std::span<const A> lhs, float lhs_scale, std::span<const B> rhs, float rhs_scale,
                             To& result, Rule rule, saturation policy) noexcept {
    const index n = common_elements(lhs, rhs);
    if (n < 0) return status::extents_differ;
    return dot_product(view_of_blocks(lhs.data(), 1, n, lhs_scale), 0, view_of_blocks(rhs.data(), 1, n, rhs_scale), 0,
                       result, rule, policy);
}

/// One level of scales, or two, of which the tensor's follows its blocks.
template <class B>
concept one_level_block = block_type<B> && B::layout.levels == scale_levels::one;
template <class B>
concept two_level_block = block_type<B> && B::layout.levels == scale_levels::two;

/// Blocks with blocks, of any two kinds and sizes: all elements that both have (quantize pads with the value 0; for a
/// part take view_of_blocks with the number of elements). status::extents_differ where no
/// number of elements needs as many blocks of both kinds.
template <one_level_block A, one_level_block B, number To, rounding_rule Rule = rounding>
status dot_product(std::span<const A> lhs, std::span<const B> rhs, To& result, Rule rule = rounding::nearest_even,
                   saturation policy = saturation::none) noexcept {
    return dot_product_of_blocks(lhs, 1, rhs, 1, result, rule, policy);
}
template <two_level_block A, one_level_block B, number To, rounding_rule Rule = rounding>
status dot_product(std::span<const A> lhs, std::type_identity_t<float> lhs_tensor_scale, std::span<const B> rhs,
                   To& result, Rule rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    return dot_product_of_blocks(lhs, lhs_tensor_scale, rhs, 1, result, rule, policy);
}
template <one_level_block A, two_level_block B, number To, rounding_rule Rule = rounding>
status dot_product(std::span<const A> lhs, std::span<const B> rhs, std::type_identity_t<float> rhs_tensor_scale,
                   To& result, Rule rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    return dot_product_of_blocks(lhs, 1, rhs, rhs_tensor_scale, result, rule, policy);
}
template <two_level_block A, two_level_block B, number To, rounding_rule Rule = rounding>
status dot_product(std::span<const A> lhs, std::type_identity_t<float> lhs_tensor_scale, std::span<const B> rhs,
                   std::type_identity_t<float> rhs_tensor_scale, To& result, Rule rule = rounding::nearest_even,
                   saturation policy = saturation::none) noexcept {
    return dot_product_of_blocks(lhs, lhs_tensor_scale, rhs, rhs_tensor_scale, result, rule, policy);
}

}  // namespace dyad::inline v1
