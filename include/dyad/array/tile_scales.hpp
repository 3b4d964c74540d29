// SPDX-License-Identifier: Apache-2.0
// The first pass of quantize: the scales (and zero points) of the tiles in one part of a matrix. Kernels find the
// largest magnitudes; the rules are exact (scale_rule.hpp, group.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/group.hpp>
#include <dyad/array/matrix_cut.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/magnitude.hpp>
#include <dyad/kernels/scale.hpp>

namespace dyad::inline v1 {

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

/// Do the divisors g * max fit half a word, so that a 64-bit quotient to odd decides every rounding to a scale?
template <class E, class S>
inline constexpr bool divides_in_a_word = value_range_of<E>().precision <= 8 && value_range_of<S>().precision <= 32;

/// S(largest / (tensor_scale * max)), or 3/2 of that: rules that bring the largest magnitude to max, or to 2/3 of it.
template <class View>
[[nodiscard]] typename View::scale scale_to_largest(const unpacked& largest, bool is_wider,
                                                    float tensor_scale) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    constexpr unpacked max = largest_number<View>();
    if constexpr (divides_in_a_word<E, S>) {
        if (largest.kind == number_class::finite && bit_width(largest.significand) <= 24) {
            const auto a = is_wider ? exact_product(largest, unpacked::finite(false, 3, -1)) : largest;
            const auto divisor = exact_product(dyad::unpack(tensor_scale), max);
            return pack_as<S>(quotient(a, divisor), rounding::nearest_even, saturation::finite);
        }
    }
    if (is_wider) return choose_wider_scale<E, S>(largest, tensor_scale, max);
    return choose_scale<E, S>(scale_rule::nearest, largest, tensor_scale, max);
}

/// The scale of one tile: by the state of its numbers and the rule. Of four_over_six the first.
template <number From, class View, class Rule>
[[nodiscard]] typename View::scale choose_tile_scale(const quantization<From, View, Rule>& job,
                                                     const group_state& state, matrix_view<const From> tile) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    const float g = job.dst.scales.tensor_scale;
    if (poisons<E>(state, job.policy)) return nan_scale<S>();
    if (job.choice.rule == scale_rule::absmean) return choose_mean_scale<S>(tile, state, g);
    if (job.choice.rule == scale_rule::nearest || job.choice.rule == scale_rule::four_over_six) {
        return scale_to_largest<View>(state.largest, false, g);
    }
    return choose_scale<E, S>(job.choice, state.largest, g, largest_number<View>());
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

/// The unit of one tile, scale * tensor_scale, in double: exact, where the scale is in a double's range (a float has 24
/// digits). Kernels take it if it has at most 29 digits, and no zero point that is far from those of 22 bits. Compared
/// as bits: options that let compilers forget NaN and infinity change nothing.
struct tile_unit {
    double value;
    std::uint64_t magnitude;
    bool is_short;

    static constexpr auto low = std::bit_cast<std::uint64_t>(0x1p-600);
    static constexpr auto high = std::bit_cast<std::uint64_t>(0x1p600);
    static constexpr auto infinity = std::uint64_t{0x7ff} << 52;
    /// May kernels divide? A quotient to odd decides every rounding, and nothing is left of a quotient by 0, but to a
    /// directed rounding. A stochastic one wants all digits: those of a quotient by a power of two are there.
    [[nodiscard]] constexpr bool divides(rounding rule) const noexcept {
        const bool nearest = rule == rounding::nearest_even || rule == rounding::nearest_away;
        return is_short && magnitude < high && (magnitude > low || (magnitude == 0 && nearest));
    }
    [[nodiscard]] constexpr bool divides(const stochastic_stream&) const noexcept {
        return is_short && magnitude < high && magnitude > low && (magnitude << 12) == 0;
    }
    [[nodiscard]] constexpr double divisor() const noexcept { return magnitude == 0 ? 0x1p300 : value; }
    /// May kernels multiply? By 0 and NaN as well.
    [[nodiscard]] constexpr bool multiplies() const noexcept {
        return is_short && (magnitude < high || magnitude > infinity);
    }
};
template <number S>
[[nodiscard]] tile_unit unit_of_scale(S scale, float tensor_scale) noexcept {
    const double value = convert<double>(scale) * convert<double>(tensor_scale);
    const std::uint64_t magnitude = std::bit_cast<std::uint64_t>(value) & ~(std::uint64_t{1} << 63);
    bool is_short = (magnitude & low_mask<std::uint64_t>(52 - 28)) == 0 || magnitude > tile_unit::infinity;
    // Not what the product was rounded to, and no power of two that is too small for a double.
    if constexpr (value_range_of<S>().precision > 24) is_short = false;
    if constexpr (value_range_of<S>().low < -900) is_short = is_short && magnitude != 0;
    return {value, magnitude, is_short};
}
template <class View>
[[nodiscard]] tile_unit unit_at(const View& view, index i, index j) noexcept {
    using S = typename View::scale;
    tile_unit unit = unit_of_scale<S>(view.scales(i, j), view.scales.tensor_scale);
    if constexpr (stores_zero_points<std::remove_const_t<decltype(view.zero)>>) {
        const std::int64_t zero = view.zero_point(i, j);
        unit.is_short = unit.is_short && zero > -(1 << 20) && zero < (1 << 20);
    }
    return unit;
}

/// The squared errors of all tiles of a part, elements to nearest even: with the scales that are there, and with
/// others. In double: every sum of at most 2^20 positive terms, each right to a few 2^-53, errs by less than 2^-30 of
/// itself. Tiles that kernels do not cover become unclear.
template <number From, class View, class Rule>
void sum_errors(const quantization<From, View, Rule>& job, const matrix_part& part, index width,
                typename View::scale* scales, double* errors, bool* is_unclear) noexcept {
    using E = typename View::element;
    const matrix_view<const From> src = part_of(job.src, part);
    const index columns = src.extent[1];
    const auto n = static_cast<std::size_t>(columns);
    double units[convert_piece];
    for (index t = 0; t < tiles_of(columns, width); ++t) {
        const tile_unit unit = unit_of_scale(scales[t], job.dst.scales.tensor_scale);
        const bool divides = unit.divides(rounding::nearest_even) && unit.magnitude != 0;
        is_unclear[t] = is_unclear[t] || !divides;
        for (index j = t * width; j < columns && j < (t + 1) * width; ++j) units[j] = divides ? unit.value : 1;
    }
    for (index i = 0; i < src.extent[0]; ++i) {
        float buffer[convert_piece];
        float values[convert_piece];
        E elements[convert_piece];
        const float* x = row_as_floats(job.isa, src, i, 0, columns, static_cast<float*>(buffer));
        divide_floats(job.isa, x, static_cast<const double*>(units), static_cast<float*>(values), n);
        convert_elements(job.isa, static_cast<const float*>(values), static_cast<E*>(elements), n,
                         rounding::nearest_even, saturation::finite, 0);
        convert_elements(job.isa, static_cast<const E*>(elements), static_cast<float*>(values), n,
                         rounding::nearest_even, saturation::none, 0);
        for (index t = 0; t < tiles_of(columns, width); ++t) {
            double error = 0;
            for (index j = t * width; j < columns && j < (t + 1) * width; ++j) {
                const double d = static_cast<double>(x[j]) - static_cast<double>(values[j]) * units[j];
                error += d * d;
            }
            errors[t] += error;
        }
    }
}

/// four_over_six, for the tiles of a part that have their first scale: the second where its error is lower, exactly. It
/// is the first where there is nothing to choose.
template <number From, class View, class Rule>
void prefer_second_scales(const quantization<From, View, Rule>& job, const matrix_part& part, index width,
                          typename View::scale* second, bool* is_unclear) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    const matrix_view<const From> src = part_of(job.src, part);
    const index tiles = tiles_of(src.extent[1], width);
    S first[convert_piece];
    for (index t = 0; t < tiles; ++t) first[t] = job.dst.scales(part.first_row, part.first_column + t * width);
    std::int64_t zero = 0;
    if constexpr (has_constant_zero_point<decltype(View::zero)>) zero = decltype(View::zero)::value;
    double errors[2][convert_piece] = {};
    bool in_bulk = false;
    if constexpr (is_float_exactly<From> && divides_in_bulk<E>) {
        in_bulk = zero == 0 && src.extent[1] <= piece_columns && src.extent[0] * width <= (index{1} << 20);
        if (in_bulk) {
            sum_errors(job, part, width, static_cast<S*>(first), errors[0], is_unclear);
            sum_errors(job, part, width, second, errors[1], is_unclear);
        }
    }
    for (index t = 0; t < tiles; ++t) {
        if (first[t] == second[t]) continue;
        const double difference = errors[0][t] - errors[1][t];
        const double guard = (errors[0][t] + errors[1][t]) * 0x1p-30;
        bool is_larger = difference > 0;
        if (!in_bulk || is_unclear[t] || !((difference < 0 ? -difference : difference) > guard)) {
            const index columns = src.extent[1] - t * width < width ? src.extent[1] - t * width : width;
            is_larger = has_larger_error<E>(column_block(src, t * width, columns), first[t], second[t],
                                            job.dst.scales.tensor_scale, zero);
        }
        if (is_larger) job.dst.scales(part.first_row, part.first_column + t * width) = second[t];
    }
}

/// Pass 1: the scales (and zero points) of all tiles of a part. (Not inlined: see for_each_part.)
template <number From, class View, class Rule>
[[gnu::noinline]] void choose_scales(const quantization<From, View, Rule>& job, const matrix_part& part) noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    const auto& map = job.dst.scales;
    const matrix_view<const From> src = part_of(job.src, part);
    const index width = map.tile[1] < src.extent[1] ? map.tile[1] : src.extent[1];
    const index tiles = tiles_of(src.extent[1], width);
    const bool chooses_again = job.choice.rule == scale_rule::four_over_six;
    std::uint32_t bits[convert_piece];
    S second[convert_piece];
    bool is_unclear[convert_piece];
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
        if (chooses_again) {
            is_unclear[t] = !known;
            second[t] =
                poisons<E>(state, job.policy) ? scale : scale_to_largest<View>(state.largest, true, map.tensor_scale);
        }
    }
    if (chooses_again) prefer_second_scales(job, part, width, static_cast<S*>(second), static_cast<bool*>(is_unclear));
}

}  // namespace dyad::inline v1
