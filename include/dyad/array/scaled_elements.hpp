// SPDX-License-Identifier: Apache-2.0
// The second pass of quantize: the codes of one part of a matrix by the scales that are there, piece of row by piece of
// row; and the way back. Kernels divide to odd, so that the conversion that follows is the one rounding of the exact
// quotient; what they do not cover goes one number at a time (group.hpp).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/group.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scale.hpp>

namespace dyad::inline v1 {

template <class View>
[[nodiscard]] unpacked_wide exact_unit_at(const View& view, index i, index j) noexcept {
    using S = typename View::scale;
    const S scale = view.scales(i, j);
    return unit_of(scale, view.scales.tensor_scale);
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

/// The elements of row i from column j on, within one tile, one by one.
template <number From, class View, class Rule>
void quantize_piece_plainly(const quantization<From, View, Rule>& job, index i, index j, index n,
                            element_of<decltype(View::codes)>* dst) noexcept {
    using E = typename View::element;
    const unpacked_wide unit = exact_unit_at(job.dst, i, j);
    const auto columns = static_cast<std::uint64_t>(job.src.extent[1]);
    for (index c = 0; c < n; ++c) {
        const From x = job.src(i, j + c);
        const std::uint64_t place = static_cast<std::uint64_t>(i) * columns + static_cast<std::uint64_t>(j + c);
        const auto rule = rule_of_element(job.rule, place);
        if (unit.kind == number_class::nan) dst[c] = E::from_bits(0);
        else if constexpr (std::same_as<decltype(View::zero), no_zero_points>)
            dst[c] = quantize_element<E>(x, unit, rule, job.policy);
        else dst[c] = quantize_element<E>(x, unit, job.dst.zero_point(i, j + c), rule, job.policy);
    }
}

/// What the tiles under a piece of a row are divided or multiplied by: one number for all of them, one for each
/// element, or, where all are powers of two, the inverses. Kernels do those elements of which `is_plain` is false.
struct piece_units {
    bool is_single = true;
    bool are_shifts = true;
    bool has_plain = false;
    double one;
    double each[convert_piece];
    float inverses[convert_piece];
    bool is_plain[convert_piece];
    std::int32_t zeros[convert_piece];
};
/// f(first, count, unit) for the tiles under columns j .. j + n - 1.
template <class View, class F>
void for_each_tile(const View& view, index i, index j, index n, F&& f) noexcept {
    const index tile = view.scales.tile[1];
    for (index c = 0; c < n;) {
        const index rest = tile - (j + c) % tile;
        const index count = rest < n - c ? rest : n - c;
        f(c, count, unit_at(view, i, j + c));
        c += count;
    }
}
/// `usable(unit)` says whether kernels may, `number(unit)` what they take then.
template <class View, class Usable, class Number>
void find_units(const View& view, index i, index j, index n, piece_units& out, Usable&& usable,
                Number&& number) noexcept {
    out.is_single = n <= view.scales.tile[1] - j % view.scales.tile[1];
    out.are_shifts = true;
    out.has_plain = false;
    for_each_tile(view, i, j, n, [&](index c, index count, const tile_unit& unit) {
        const bool ok = usable(unit);
        const double x = ok ? number(unit) : 1;
        const bool is_shift_here = is_shift(x);
        const auto inverse = is_shift_here ? static_cast<float>(1 / x) : 1.0F;
        const auto zero = ok ? static_cast<std::int32_t>(view.zero_point(i, j + c)) : 0;
        out.one = x;
        out.are_shifts = out.are_shifts && is_shift_here;
        out.has_plain = out.has_plain || !ok;
        for (index k = c; k < c + count; ++k) {
            out.is_plain[k] = !ok;
            if (out.is_single) continue;
            out.each[k] = x;
            out.inverses[k] = inverse;
        }
        if constexpr (!std::same_as<std::remove_const_t<decltype(view.zero)>, no_zero_points>) {
            for (index k = c; k < c + count; ++k) out.zeros[k] = zero;
        }
    });
}

/// Divided floats to elements, with a zero point where there is one.
/// (Not inlined, and not const: g++ 12 would take the quotients for uninitialized.)
template <number From, class View, class Rule>
[[gnu::noinline]] void quotients_to_elements(const quantization<From, View, Rule>& job, float* quotients,
                                             const piece_units& units, index i, index j, index n,
                                             element_of<decltype(View::codes)>* dst) noexcept {
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
        for (index c = 0; c < n; ++c) dst[c] = E::saturating_from_raw(std::int64_t{raw[c].raw()} + units.zeros[c]);
    }
}

/// One piece of a row, at most piece_columns columns, by units that were found for it or for another row of its tiles.
template <number From, class View, class Rule>
void quantize_row_piece(const quantization<From, View, Rule>& job, const piece_units& units, index i, index j,
                        index n) noexcept {
    using E = typename View::element;
    const auto count = static_cast<std::size_t>(n);
    E elements[convert_piece];
    float buffer[convert_piece];
    float quotients[convert_piece];
    const float* x = row_as_floats(job.isa, job.src, i, j, n, static_cast<float*>(buffer));
    if (units.is_single) divide_floats(job.isa, x, units.one, static_cast<float*>(quotients), count);
    else if (units.are_shifts) shift_floats(job.isa, x, units.inverses, static_cast<float*>(quotients), count);
    else divide_floats(job.isa, x, units.each, static_cast<float*>(quotients), count);
    quotients_to_elements(job, static_cast<float*>(quotients), units, i, j, n, static_cast<E*>(elements));
    if (units.has_plain) {
        for_each_tile(job.dst, i, j, n, [&](index c, index of_tile, const tile_unit&) {
            if (units.is_plain[c]) quantize_piece_plainly(job, i, j + c, of_tile, elements + c);
        });
    }
    store_elements(job.isa, job.dst.codes, i, j, static_cast<const E*>(elements), n);
}

/// Pass 2: the codes of a part within one row of tiles, by the scales that are there.
template <number From, class View, class Rule>
[[gnu::noinline]] void write_elements(const quantization<From, View, Rule>& job, const matrix_part& part) noexcept {
    using E = typename View::element;
    for (index j = part.first_column; j < part.last_column; j += piece_columns) {
        const index n = part.last_column - j < piece_columns ? part.last_column - j : piece_columns;
        if constexpr (is_float_exactly<From> && divides_in_bulk<E>) {
            piece_units units;
            find_units(
                job.dst, part.first_row, j, n, units, [&job](const tile_unit& u) { return u.divides(job.rule); },
                [](const tile_unit& u) { return u.divisor(); });
            for (index i = part.first_row; i < part.last_row; ++i) quantize_row_piece(job, units, i, j, n);
        } else {
            for (index i = part.first_row; i < part.last_row; ++i) {
                E elements[convert_piece];
                for_each_tile(job.dst, i, j, n, [&](index c, index count, const tile_unit&) {
                    quantize_piece_plainly(job, i, j + c, count, elements + c);
                });
                store_elements(job.isa, job.dst.codes, i, j, static_cast<const E*>(elements), n);
            }
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

/// Elements that are floats exactly, less a zero point of 20 bits as well, and get there by a kernel or a plain
/// conversion.
template <class View>
[[nodiscard]] constexpr bool multiplies_in_bulk() noexcept {
    constexpr value_range range = value_range_of<typename View::element>();
    constexpr int digits = std::same_as<decltype(View::zero), no_zero_points> ? 24 : 20;
    return range.precision <= digits && range.low >= -149 && range.top <= 127;
}

/// n floats of elements, before they are scaled.
template <class View>
void element_floats(const View& view, instruction_set isa, const piece_units& units, index i, index j, index n,
                    float* dst) noexcept {
    using E = typename View::element;
    E elements[convert_piece];
    load_elements(isa, view.codes, i, j, n, static_cast<E*>(elements));
    convert_elements(isa, static_cast<const E*>(elements), dst, static_cast<std::size_t>(n), rounding::nearest_even,
                     saturation::none, 0);
    if constexpr (!std::same_as<decltype(View::zero), no_zero_points>) {
        constexpr float step =
            pack_as<float>(unpacked::finite(false, 1, -E::fraction), rounding::nearest_even, saturation::none);
        for (index c = 0; c < n; ++c) dst[c] -= static_cast<float>(units.zeros[c]) * step;
    }
}

/// One piece of a row, at most piece_columns columns, by units that were found for it or for another row of its tiles.
template <class View>
void dequantize_row_piece(const dequantization<View, float>& job, const piece_units& units, index i, index j,
                          index n) noexcept {
    const auto count = static_cast<std::size_t>(n);
    float values[convert_piece];
    element_floats(job.src, job.isa, units, i, j, n, static_cast<float*>(values));
    const bool in_place = job.dst.stride[1] == 1;
    float* scaled = in_place ? &job.dst(i, j) : static_cast<float*>(values);
    if (units.is_single) multiply_floats(job.isa, values, units.one, scaled, count);
    else multiply_floats(job.isa, values, units.each, scaled, count);
    for (index c = 0; !in_place && c < n; ++c) job.dst(i, j + c) = values[c];
    for (index c = 0; units.has_plain && c < n; ++c) {
        if (units.is_plain[c]) job.dst(i, j + c) = job.src.template value_as<float>(i, j + c);
    }
}

/// The numbers of a part within one row of tiles.
template <class View, number To>
[[gnu::noinline]] void dequantize_part(const dequantization<View, To>& job, const matrix_part& part) noexcept {
    for (index j = part.first_column; j < part.last_column; j += piece_columns) {
        const index n = part.last_column - j < piece_columns ? part.last_column - j : piece_columns;
        if constexpr (std::same_as<To, float> && multiplies_in_bulk<View>()) {
            piece_units units;
            find_units(
                job.src, part.first_row, j, n, units, [](const tile_unit& u) { return u.multiplies(); },
                [](const tile_unit& u) { return u.value; });
            for (index i = part.first_row; i < part.last_row; ++i) dequantize_row_piece(job, units, i, j, n);
        } else {
            for (index i = part.first_row; i < part.last_row; ++i) {
                for (index c = j; c < j + n; ++c) job.dst(i, c) = job.src.template value_as<To>(i, c);
            }
        }
    }
}

}  // namespace dyad::inline v1
