// SPDX-License-Identifier: Apache-2.0
// The work of quantize and dequantize on one part of a matrix: scales of its tiles, then codes, piece of row by piece
// of row. Kernels find the magnitudes and divide to odd, so that the conversion that follows is the one rounding of the
// exact quotient; what they do not cover goes one number at a time (group.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/group.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/magnitude.hpp>
#include <dyad/kernels/scale.hpp>

namespace dyad::inline v1 {

/// Rows and columns first .. last - 1 of a matrix.
struct matrix_part {
    index first_row, last_row, first_column, last_column;
};
template <class T>
[[nodiscard]] constexpr matrix_view<T> part_of(matrix_view<T> m, const matrix_part& p) noexcept {
    return column_block(row_block(m, p.first_row, p.last_row - p.first_row), p.first_column,
                        p.last_column - p.first_column);
}

/// What to quantize, into what, and how. `choice` is not looked at where the scales are given.
template <number From, class View, bulk_rounding_rule Rule>
struct quantization {
    matrix_view<const From> src;
    View dst;
    scale_choice choice;
    Rule rule;
    saturation policy;
    instruction_set isa;
};

/// Columns that one piece of a row has at most: whole tiles of up to convert_piece columns, or a part of a wider tile.
inline constexpr index piece_columns = static_cast<index>(convert_piece);

/// Floats that numbers of a type are exactly.
template <class T>
inline constexpr bool is_float_exactly = std::same_as<T, float> || bulk_decodable<T>;

/// Elements whose roundings a quotient of 24 digits to odd decides, and for which it reaches far enough.
template <class E>
inline constexpr bool divides_in_bulk =
    value_range_of<E>().precision <= 20 && value_range_of<E>().low >= -90 && value_range_of<E>().top <= 110;

/// n numbers of row i from column j on as floats: where they are, or copied to the buffer.
template <number From>
[[nodiscard]] const float* row_as_floats(instruction_set isa, matrix_view<const From> m, index i, index j, index n,
                                         float* buffer) noexcept {
    const From* from = m.data + i * m.stride[0] + j * m.stride[1];
    if constexpr (std::same_as<From, float>) {
        if (m.stride[1] == 1) return from;
        for (index c = 0; c < n; ++c) buffer[c] = from[c * m.stride[1]];
    } else {
        From numbers[convert_piece];
        load_elements(isa, m, i, j, n, static_cast<From*>(numbers));
        convert_elements(isa, static_cast<const From*>(numbers), buffer, static_cast<std::size_t>(n),
                         rounding::nearest_even, saturation::none, 0);
    }
    return buffer;
}

/// The largest magnitudes of the tiles of a part, as bits of floats; at most piece_columns tiles side by side, one tile
/// high. A NaN is larger than infinity.
template <number From>
void find_magnitudes(instruction_set isa, matrix_view<const From> m, index tile_columns, std::uint32_t* bits) noexcept {
    const index columns = m.extent[1];
    const index tiles = tiles_of(columns, tile_columns);
    for (index t = 0; t < tiles; ++t) bits[t] = 0;
    float buffer[convert_piece];
    std::uint32_t of_row[convert_piece];
    for (index i = 0; i < m.extent[0]; ++i) {
        for (index j = 0; j < columns; j += piece_columns) {
            const index n = columns - j < piece_columns ? columns - j : piece_columns;
            const float* x = row_as_floats(isa, m, i, j, n, static_cast<float*>(buffer));
            if (tile_columns == 1) {
                raise_magnitudes(isa, x, static_cast<std::size_t>(n), bits + j);
                continue;
            }
            // (a tile wider than a piece is alone in the part)
            const index size = tile_columns < n ? tile_columns : n;
            const index first = tile_columns < piece_columns ? j / tile_columns : 0;
            const index groups = n / size;
            largest_magnitudes(isa, x, static_cast<std::size_t>(groups), static_cast<std::size_t>(size),
                               static_cast<std::uint32_t*>(of_row));
            if (groups * size != n) {
                largest_magnitudes(isa, x + groups * size, 1, static_cast<std::size_t>(n - groups * size),
                                   of_row + groups);
            }
            for (index t = 0; t < tiles_of(n, size); ++t) {
                if (of_row[t] > bits[first + t]) bits[first + t] = of_row[t];
            }
        }
    }
}

/// Is a / (g max E), or a / g, as a double decided rightly when it is rounded to an S? The boundary between two S has
/// at most 12 digits, the divisor 24 + 11: a quotient of 24-digit a that is not the boundary is 2^-48 of it away or
/// more, and a double errs by 2^-53.
template <class E, class S>
inline constexpr bool divides_as_double = value_range_of<E>().precision <= 11 && value_range_of<S>().precision <= 11;

/// The largest number that the elements of a view express, in units of the scale.
template <class View>
[[nodiscard]] constexpr unpacked largest_number() noexcept {
    using E = typename View::element;
    if constexpr (has_constant_zero_point<decltype(View::zero)>) {
        constexpr std::int64_t most = std::int64_t{E::max_raw} - decltype(View::zero)::value;
        return unpacked::finite(false, static_cast<std::uint64_t>(most), -E::fraction);
    } else {
        return largest_element<E>;
    }
}

/// The scale of one tile: by the state of its numbers and the rule.
template <number From, class View, class Rule>
[[nodiscard]] typename View::scale choose_tile_scale(const quantization<From, View, Rule>& job,
                                                     const group_state& state, matrix_view<const From> tile) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    constexpr unpacked max = largest_number<View>();
    const float g = job.dst.scales.tensor_scale;
    if (poisons<E>(state, job.policy)) return nan_scale<S>();
    if (job.choice.rule == scale_rule::absmean) return choose_mean_scale<S>(tile, state, g);
    if (job.choice.rule == scale_rule::four_over_six) {
        const S first = choose_scale<E, S>(job.choice, state.largest, g, max);
        const S second = choose_wider_scale<E, S>(state.largest, g, max);
        std::int64_t zero = 0;
        if constexpr (has_constant_zero_point<decltype(View::zero)>) zero = decltype(View::zero)::value;
        return has_larger_error<E>(tile, first, second, g, zero) ? second : first;
    }
    if constexpr (divides_as_double<E, S>) {
        if (job.choice.rule == scale_rule::nearest && state.largest.kind == number_class::finite) {
            const auto a = pack_as<double>(state.largest, rounding::nearest_even, saturation::none);
            constexpr auto most = pack_as<double>(max, rounding::nearest_even, saturation::none);
            return convert<S>(a / (static_cast<double>(g) * most), rounding::nearest_even, saturation::finite);
        }
    }
    return choose_scale<E, S>(job.choice, state.largest, g, max);
}

/// Scale and zero point from the smallest to the largest finite number, 0 among them.
template <number From, class View, class Rule>
void choose_tile_range(const quantization<From, View, Rule>& job, const group_state& state,
                       matrix_view<const From> tile, typename View::scale& scale, std::int64_t& zero) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    unpacked low = unpacked::zero(false);
    unpacked high = unpacked::zero(false);
    for (index i = 0; i < tile.extent[0]; ++i) {
        for (index j = 0; j < tile.extent[1]; ++j) {
            const auto x = resize<std::uint64_t>(dyad::unpack(tile(i, j)));
            if (x.kind != number_class::finite) continue;
            if (compare(x, low) < 0) low = x;
            if (compare(x, high) > 0) high = x;
        }
    }
    const float g = job.dst.scales.tensor_scale;
    zero = E::min_raw > 0 ? E::min_raw : 0;
    if (poisons<E>(state, job.policy)) {
        scale = nan_scale<S>();
        return;
    }
    // hi - lo may have more digits than a word: to odd, with more than twice those of a float.
    low.negative = false;
    const auto span = exact_sum(resize<uint128_t>(high), resize<uint128_t>(low));
    constexpr auto steps = static_cast<std::uint64_t>(static_cast<std::int64_t>(E::max_raw) - E::min_raw);
    const auto divisor =
        exact_product(resize<uint128_t>(dyad::unpack(g)), unpacked_wide::finite(false, steps, -E::fraction));
    if (span.kind == number_class::zero) {
        scale = smallest_scale<S>();
    } else {
        scale = pack_as<S>(quotient(span, divisor), rounding::nearest_even, saturation::finite);
    }
    unpacked_wide unit = unit_of(scale, g);
    if (unit.kind != number_class::finite) return;
    unit.exponent -= E::fraction;
    const auto below = quotient(resize<uint128_t>(low), unit);
    // min_raw - lo / unit, rounded: the sum of an integer and the rounded quotient, whose ties are even as the sum's
    // are where min_raw is even (it always is, but for a single bit).
    const auto steps_below = pack_as<std::int64_t>(below, rounding::nearest_even, saturation::none);
    const std::int64_t z = steps_below > 2 * static_cast<std::int64_t>(steps) ? E::max_raw : E::min_raw + steps_below;
    zero = z > E::max_raw ? static_cast<std::int64_t>(E::max_raw) : z;
}

/// Pass 1: the scales (and zero points) of all tiles of a part.
template <number From, class View, class Rule>
void choose_scales(const quantization<From, View, Rule>& job, const matrix_part& part) noexcept {
    const auto& map = job.dst.scales;
    const matrix_view<const From> src = part_of(job.src, part);
    const index width = map.tile[1] < src.extent[1] ? map.tile[1] : src.extent[1];
    const index tiles = tiles_of(src.extent[1], width);
    std::uint32_t bits[convert_piece];
    if constexpr (is_float_exactly<From>) find_magnitudes(job.isa, src, width, static_cast<std::uint32_t*>(bits));
    for (index t = 0; t < tiles; ++t) {
        const index columns = src.extent[1] - t * width < width ? src.extent[1] - t * width : width;
        const auto tile = column_block(src, t * width, columns);
        group_state state;
        bool known = false;
        if constexpr (is_float_exactly<From>) {
            known = bits[t] < 0x7f80'0000;
            if (known) state.largest = decode<binary32_format>(bits[t]);
        }
        if (!known) state = state_of(tile);
        auto& scale = map(part.first_row, part.first_column + t * width);
        if constexpr (stores_zero_points<decltype(job.dst.zero)>) {
            std::int64_t zero = 0;
            if (job.choice.rule == scale_rule::min_max) choose_tile_range(job, state, tile, scale, zero);
            else scale = choose_tile_scale(job, state, tile);
            auto& place = job.dst.zero.data[&scale - map.data];
            place = static_cast<std::remove_reference_t<decltype(place)>>(zero);
        } else {
            scale = choose_tile_scale(job, state, tile);
        }
    }
}

/// The tile of one column: its unit, and whether kernels may divide by it.
struct tile_unit {
    unpacked_wide exact;
    double divisor;
    bool divides;
};
template <class View>
[[nodiscard]] tile_unit unit_at(const View& view, index i, index j) noexcept {
    using S = typename View::scale;
    const S scale = view.scales(i, j);
    tile_unit unit{unit_of(scale, view.scales.tensor_scale), 1, false};
    if (unit.exact.kind != number_class::finite) return unit;
    const int top = unit.exact.top_exponent();
    // A divisor that a double holds exactly, far from the ends of its range; a zero point far from those of 22 bits.
    unit.divides = bit_width(unit.exact.significand) <= 29 && top > -600 && top < 600;
    if constexpr (stores_zero_points<decltype(view.zero)>) {
        const std::int64_t zero = view.zero_point(i, j);
        unit.divides = unit.divides && zero > -(1 << 20) && zero < (1 << 20);
    }
    if (unit.divides) unit.divisor = pack_as<double>(unit.exact, rounding::nearest_even, saturation::none);
    return unit;
}

/// Is the rounding decided by a quotient to odd? A stochastic one wants all digits: exact quotients only.
[[nodiscard]] constexpr bool is_decided(rounding, const tile_unit&) noexcept { return true; }
[[nodiscard]] constexpr bool is_decided(const stochastic_stream&, const tile_unit& unit) noexcept {
    return (unit.exact.significand & (unit.exact.significand - 1)) == 0;
}

/// n elements of floats that were divided; `first` is the index of the first one. Bulk conversions want a multiple
/// of 4.
template <class E>
void convert_quotients(instruction_set isa, const float* src, E* dst, index n, rounding rule, saturation policy,
                       std::uint64_t) noexcept {
    convert_elements(isa, src, dst, static_cast<std::size_t>(n), rule, policy, 0);
}
template <class E>
void convert_quotients(instruction_set isa, const float* src, E* dst, index n, const stochastic_stream& rule,
                       saturation policy, std::uint64_t first) noexcept {
    index head = static_cast<index>((4 - first % 4) % 4);
    head = head < n ? head : n;
    for (index c = 0; c < head; ++c) {
        dst[c] = convert_element<E>(src[c], rule, policy, first + static_cast<std::uint64_t>(c));
    }
    convert_elements(isa, src + head, dst + head, static_cast<std::size_t>(n - head), rule, policy,
                     first + static_cast<std::uint64_t>(head));
}

/// The elements of row i from column j on that share one unit, or of which each has a unit of its own (`apart`).
template <number From, class View, class Rule>
void quantize_piece_plainly(const quantization<From, View, Rule>& job, index i, index j, index n, const tile_unit& unit,
                            element_of<decltype(View::codes)>* dst) noexcept {
    using E = typename View::element;
    const auto columns = static_cast<std::uint64_t>(job.src.extent[1]);
    for (index c = 0; c < n; ++c) {
        const From x = job.src(i, j + c);
        const std::uint64_t place = static_cast<std::uint64_t>(i) * columns + static_cast<std::uint64_t>(j + c);
        const auto rule = rule_of_element(job.rule, place);
        if (unit.exact.kind == number_class::nan) dst[c] = E::from_bits(0);
        else if constexpr (std::same_as<decltype(View::zero), no_zero_points>)
            dst[c] = quantize_element<E>(x, unit.exact, rule, job.policy);
        else dst[c] = quantize_element<E>(x, unit.exact, job.dst.zero_point(i, j + c), rule, job.policy);
    }
}

/// Divided floats to elements, with a zero point where there is one.
/// (Not inlined, and not const: g++ 12 would take the quotients for uninitialized.)
template <number From, class View, class Rule>
[[gnu::noinline]] void quotients_to_elements(const quantization<From, View, Rule>& job, float* quotients, index i,
                                             index j, index n, element_of<decltype(View::codes)>* dst) noexcept {
    using E = typename View::element;
    const std::uint64_t first =
        static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(job.src.extent[1]) + static_cast<std::uint64_t>(j);
    if constexpr (std::same_as<decltype(View::zero), no_zero_points>) {
        convert_quotients(job.isa, quotients, dst, n, job.rule, job.policy, first);
    } else {
        // Rounded raw numbers of 22 bits, so that the sum with the zero point is clamped once.
        using wide = fixed<22, E::fraction>;
        wide raw[convert_piece];
        convert_quotients(job.isa, quotients, static_cast<wide*>(raw), n, job.rule, job.policy, first);
        for (index c = 0; c < n; ++c) {
            dst[c] = E::saturating_from_raw(std::int64_t{raw[c].raw()} + job.dst.zero_point(i, j + c));
        }
    }
}

/// One piece of a row, at most piece_columns columns; tiles may be cut.
template <number From, class View, class Rule>
void quantize_row_piece(const quantization<From, View, Rule>& job, index i, index j, index n) noexcept {
    using E = typename View::element;
    const index tile = job.dst.scales.tile[1];
    E elements[convert_piece];
    float buffer[convert_piece];
    float quotients[convert_piece];
    if constexpr (is_float_exactly<From> && divides_in_bulk<E>) {
        const float* x = row_as_floats(job.isa, job.src, i, j, n, static_cast<float*>(buffer));
        bool all_divide = true;
        const auto each_tile = [&](auto&& f) {
            for (index c = 0; c < n;) {
                const index rest = tile - (j + c) % tile;
                const index count = rest < n - c ? rest : n - c;
                f(c, count, unit_at(job.dst, i, j + c));
                c += count;
            }
        };
        if (tile < 16) {
            double divisors[convert_piece];
            each_tile([&](index c, index count, const tile_unit& unit) {
                const bool ok = unit.divides && is_decided(job.rule, unit);
                all_divide = all_divide && ok;
                for (index k = c; k < c + count; ++k) divisors[k] = ok ? unit.divisor : 1;
            });
            divide_floats(job.isa, x, static_cast<const double*>(divisors), static_cast<float*>(quotients),
                          static_cast<std::size_t>(n));
        } else {
            each_tile([&](index c, index count, const tile_unit& unit) {
                const bool ok = unit.divides && is_decided(job.rule, unit);
                all_divide = all_divide && ok;
                divide_floats(job.isa, x + c, ok ? unit.divisor : 1.0, quotients + c, static_cast<std::size_t>(count));
            });
        }
        quotients_to_elements(job, static_cast<float*>(quotients), i, j, n, static_cast<E*>(elements));
        if (!all_divide) {
            each_tile([&](index c, index count, const tile_unit& unit) {
                if (unit.divides && is_decided(job.rule, unit)) return;
                quantize_piece_plainly(job, i, j + c, count, unit, elements + c);
            });
        }
    } else {
        static_cast<void>(buffer);
        static_cast<void>(quotients);
        for (index c = 0; c < n; ++c) {
            quantize_piece_plainly(job, i, j + c, 1, unit_at(job.dst, i, j + c), elements + c);
        }
    }
    store_elements(job.isa, job.dst.codes, i, j, static_cast<const E*>(elements), n);
}

/// Pass 2: the codes of a part, by the scales that are there.
template <number From, class View, class Rule>
void write_elements(const quantization<From, View, Rule>& job, const matrix_part& part) noexcept {
    for (index i = part.first_row; i < part.last_row; ++i) {
        for (index j = part.first_column; j < part.last_column; j += piece_columns) {
            const index n = part.last_column - j < piece_columns ? part.last_column - j : piece_columns;
            quantize_row_piece(job, i, j, n);
        }
    }
}

/// What to dequantize, and into what.
template <class View, number To>
struct dequantization {
    View src;
    matrix_view<To> dst;
    instruction_set isa;
};

/// Elements that are floats exactly, and get there by a kernel or a plain conversion.
template <class E>
inline constexpr bool multiplies_in_bulk =
    value_range_of<E>().precision <= 24 && value_range_of<E>().low >= -149 && value_range_of<E>().top <= 127;

/// n floats of elements, before they are scaled.
template <class View>
void element_floats(const View& view, instruction_set isa, index i, index j, index n, float* dst) noexcept {
    using E = typename View::element;
    E elements[convert_piece];
    load_elements(isa, view.codes, i, j, n, static_cast<E*>(elements));
    convert_elements(isa, static_cast<const E*>(elements), dst, static_cast<std::size_t>(n), rounding::nearest_even,
                     saturation::none, 0);
    if constexpr (!std::same_as<decltype(View::zero), no_zero_points>) {
        constexpr float step =
            pack_as<float>(unpacked::finite(false, 1, -E::fraction), rounding::nearest_even, saturation::none);
        for (index c = 0; c < n; ++c) dst[c] -= static_cast<float>(view.zero_point(i, j + c)) * step;
    }
}

/// One piece of a row, at most piece_columns columns.
template <class View, number To>
void dequantize_row_piece(const dequantization<View, To>& job, index i, index j, index n) noexcept {
    using E = typename View::element;
    const auto plainly = [&job, i](index first, index count) {
        for (index c = first; c < first + count; ++c) job.dst(i, c) = job.src.template value_as<To>(i, c);
    };
    if constexpr (std::same_as<To, float> && multiplies_in_bulk<E>) {
        float values[convert_piece];
        element_floats(job.src, job.isa, i, j, n, static_cast<float*>(values));
        const index tile = job.src.scales.tile[1];
        float* scaled = job.dst.stride[1] == 1 ? &job.dst(i, j) : static_cast<float*>(values);
        bool all_multiply = true;
        const auto each_tile = [&](auto&& f) {
            for (index c = 0; c < n;) {
                const index rest = tile - (j + c) % tile;
                const index count = rest < n - c ? rest : n - c;
                f(c, count, unit_at(job.src, i, j + c));
                c += count;
            }
        };
        if (tile < 16) {
            double factors[convert_piece];
            each_tile([&](index c, index count, const tile_unit& unit) {
                all_multiply = all_multiply && unit.divides;
                for (index k = c; k < c + count; ++k) factors[k] = unit.divisor;
            });
            multiply_floats(job.isa, values, static_cast<const double*>(factors), scaled, static_cast<std::size_t>(n));
        } else {
            each_tile([&](index c, index count, const tile_unit& unit) {
                all_multiply = all_multiply && unit.divides;
                multiply_floats(job.isa, values + c, unit.divisor, scaled + c, static_cast<std::size_t>(count));
            });
        }
        if (scaled == values) {
            for (index c = 0; c < n; ++c) job.dst(i, j + c) = values[c];
        }
        if (!all_multiply) {
            each_tile([&](index c, index count, const tile_unit& unit) {
                if (!unit.divides) plainly(j + c, count);
            });
        }
    } else {
        plainly(j, n);
    }
}

}  // namespace dyad::inline v1
