// SPDX-License-Identifier: Apache-2.0
// Where the numbers of an operand lie, from its scales: O(rows + tiles). Lines are the rows of a view (for the rhs of a
// product those of its transpose). Blocks whose codes are all 0 may have any scale, and do not count where they would
// be in the way.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/elements.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Nonzero finite numbers that are multiples of 2^low, below 2^high in magnitude; none where low > high.
struct exponent_span {
    int low = std::numeric_limits<int>::max() / 4;
    int high = std::numeric_limits<int>::min() / 4;

    [[nodiscard]] constexpr bool is_empty() const noexcept { return low > high; }
    constexpr void include(const exponent_span& x) noexcept {
        low = x.low < low ? x.low : low;
        high = x.high > high ? x.high : high;
    }
};

template <unsigned_word T>
[[nodiscard]] constexpr exponent_span span_of_number(const basic_unpacked<T>& x) noexcept {
    if (x.kind != number_class::finite) return {};
    return {x.exponent + trailing_zeros(x.significand), x.top_exponent() + 1};
}

/// Whatever the codes.
template <class View>
[[nodiscard]] consteval exponent_span span_of_elements() noexcept {
    using E = typename View::element;
    if constexpr (block_rules::has_fixed_elements<View>) {
        constexpr auto raw = block_rules::raw_numbers<View>();
        const auto largest = static_cast<std::uint64_t>(-raw.low > raw.high ? -raw.low : raw.high);
        return {-E::fraction, bit_width(largest) - E::fraction};
    } else {
        constexpr value_range range = value_range_of<E>();
        return {range.low, range.top + 1};
    }
}
/// Do the elements reach so far that those which are there must be looked at (bfloat16)?
template <class View>
inline constexpr bool spans_widely = span_of_elements<View>().high - span_of_elements<View>().low > 64;

/// Columns first .. first + n - 1 of a line.
template <class View>
[[nodiscard]] bool is_all_zero(const View& view, index line, index first, index n) noexcept {
    using E = typename View::element;
    E elements[convert_piece];
    constexpr auto piece = static_cast<index>(convert_piece);
    for (index c = 0; c < n; c += piece) {
        const index count = n - c < piece ? n - c : piece;
        load_elements(instruction_set::scalar, view.codes, line, first + c, count, static_cast<E*>(elements));
        for (index i = 0; i < count; ++i) {
            if (dyad::unpack(elements[i]).kind != number_class::zero) return false;
        }
    }
    return true;
}

/// f(first column, columns, scale) for the tiles of a line.
template <class View, class F>
void for_each_tile_of_line(const View& view, index line, F&& f) noexcept {
    const index columns = view.codes.extent[1];
    const index tile = view.scales.tile[1];
    const auto* scale = view.scales.data + line / view.scales.tile[0] * view.scales.stride[0];
    for (index c = 0; c < columns; scale += view.scales.stride[1]) {
        const index n = columns - c < tile ? columns - c : tile;
        f(c, n, static_cast<typename View::scale>(*scale));
        c += n;
    }
}

/// The scales of a line.
template <class View>
[[nodiscard]] exponent_span span_of_scales(const View& view, index line) noexcept {
    using S = typename View::scale;
    exponent_span span;
    if constexpr (std::same_as<S, float8_e8m0fnu>) {
        unsigned low = 255;
        unsigned high = 0;
        for_each_tile_of_line(view, line, [&](index, index, S s) {
            const unsigned code = s.bits();
            low = code < low ? code : low;
            high = code != 255 && code + 1 > high ? code + 1 : high;
        });
        if (low < 255) span = {static_cast<int>(low) - 127, static_cast<int>(high) - 127};
    } else {
        for_each_tile_of_line(view, line, [&](index, index, S s) { span.include(span_of_number(dyad::unpack(s))); });
    }
    return span;
}
/// The same without tiles of zeros among those below 2^floor.
template <class View>
[[nodiscard]] exponent_span span_of_scales_used(const View& view, index line, int floor) noexcept {
    exponent_span span;
    for_each_tile_of_line(view, line, [&](index first, index n, typename View::scale s) {
        const exponent_span own = span_of_number(dyad::unpack(s));
        if (own.is_empty() || (own.low < floor && is_all_zero(view, line, first, n))) return;
        span.include(own);
    });
    return span;
}

/// The numbers of a matrix without its tensor scale.
template <class View>
[[nodiscard]] exponent_span span_of_view(const View& view) noexcept {
    constexpr exponent_span elements = span_of_elements<View>();
    exponent_span all;
    const index rows = view.codes.extent[0];
    if constexpr (spans_widely<View>) {
        using E = typename View::element;
        constexpr auto piece = static_cast<index>(convert_piece);
        for (index i = 0; i < rows; ++i) {
            for_each_tile_of_line(view, i, [&](index first, index n, typename View::scale s) {
                const exponent_span own = span_of_number(dyad::unpack(s));
                if (own.is_empty()) return;
                for (index c = 0; c < n; c += piece) {
                    const index count = n - c < piece ? n - c : piece;
                    E x[convert_piece];
                    load_elements(instruction_set::scalar, view.codes, i, first + c, count, static_cast<E*>(x));
                    for (index e = 0; e < count; ++e) {
                        const exponent_span number = span_of_number(dyad::unpack(x[e]));
                        if (!number.is_empty()) all.include({own.low + number.low, own.high + number.high});
                    }
                }
            });
        }
        return all;
    } else {
        for (index i = 0; i < rows; i += view.scales.tile[0] < rows - i ? view.scales.tile[0] : rows - i)
            all.include(span_of_scales(view, i));
        constexpr int near = 80;
        if (!all.is_empty() && all.high - all.low > near) {
            const int floor = all.high - near;
            all = {};
            for (index i = 0; i < rows; ++i) all.include(span_of_scales_used(view, i, floor));
        }
        return all.is_empty() ? all : exponent_span{all.low + elements.low, all.high + elements.high};
    }
}

/// Powers of two to which a view's integers can be aligned: line i has the unit 2^units[i] (of the scales; units may be
/// null), `up` is how far the integers move up at most, `units` where the units lie.
struct alignment {
    bool exists = false;
    int up = 0;
    exponent_span units;
};
/// None where an integer must move up by more than `most` places, or a scale is NaN.
template <class View>
[[nodiscard]] alignment align_lines(const View& view, int most, std::int32_t* units) noexcept {
    static_assert(block_rules::is_power<typename View::scale>);
    alignment all;
    for (index i = 0; i < view.codes.extent[0]; ++i) {
        exponent_span span = span_of_scales(view, i);
        if constexpr (std::same_as<typename View::scale, float8_e8m0fnu>) {
            bool nan = false;
            for_each_tile_of_line(view, i, [&](index, index, float8_e8m0fnu s) { nan = nan || s.bits() == 255; });
            if (nan) return {};
        }
        // (2^e spans e to e + 1)
        if (!span.is_empty() && span.high - 1 - span.low > most)
            span = span_of_scales_used(view, i, span.high - 1 - most);
        if (!span.is_empty() && span.high - 1 - span.low > most) return {};
        if (units != nullptr) units[i] = span.is_empty() ? 0 : span.low;
        if (span.is_empty()) continue;
        all.up = span.high - 1 - span.low > all.up ? span.high - 1 - span.low : all.up;
        all.units.include({span.low, span.low});
    }
    all.exists = true;
    return all;
}

/// Are the scales floats, as a flush takes them? A power of two may be beyond.
template <class View>
[[nodiscard]] bool has_float_scales(const View& view) noexcept {
    if constexpr (value_range_of<typename View::scale>().top <= 127) {
        return true;
    } else {
        if (view.codes.is_empty()) return true;
        const auto scales = scales_of(view.scales, view.codes.extent[0], view.codes.extent[1]);
        for (index i = 0; i < scales.extent[0]; ++i) {
            for (index j = 0; j < scales.extent[1]; ++j) {
                const exponent_span span = span_of_number(dyad::unpack(scales(i, j)));
                if (!span.is_empty() && (span.low < -149 || span.high > 128)) return false;
            }
        }
        return true;
    }
}

}  // namespace dyad::inline v1
