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
        if (tile < n) {
            double divisors[convert_piece];
            each_tile([&](index c, index count, const tile_unit& unit) {
                const bool ok = unit.divides(job.rule);
                all_divide = all_divide && ok;
                for (index k = c; k < c + count; ++k) divisors[k] = ok ? unit.divisor() : 1;
            });
            divide_floats(job.isa, x, static_cast<const double*>(divisors), static_cast<float*>(quotients),
                          static_cast<std::size_t>(n));
        } else {
            each_tile([&](index c, index count, const tile_unit& unit) {
                const bool ok = unit.divides(job.rule);
                all_divide = all_divide && ok;
                divide_floats(job.isa, x + c, ok ? unit.divisor() : 1.0, quotients + c,
                              static_cast<std::size_t>(count));
            });
        }
        quotients_to_elements(job, static_cast<float*>(quotients), i, j, n, static_cast<E*>(elements));
        if (!all_divide) {
            each_tile([&](index c, index count, const tile_unit& unit) {
                if (unit.divides(job.rule)) return;
                quantize_piece_plainly(job, i, j + c, count, elements + c);
            });
        }
    } else {
        static_cast<void>(buffer);
        static_cast<void>(quotients);
        for (index c = 0; c < n; ++c) {
            quantize_piece_plainly(job, i, j + c, 1, elements + c);
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
        if (tile < n) {
            double factors[convert_piece];
            each_tile([&](index c, index count, const tile_unit& unit) {
                all_multiply = all_multiply && unit.multiplies();
                for (index k = c; k < c + count; ++k) factors[k] = unit.value;
            });
            multiply_floats(job.isa, values, static_cast<const double*>(factors), scaled, static_cast<std::size_t>(n));
        } else {
            each_tile([&](index c, index count, const tile_unit& unit) {
                all_multiply = all_multiply && unit.multiplies();
                multiply_floats(job.isa, values + c, unit.value, scaled + c, static_cast<std::size_t>(count));
            });
        }
        if (scaled == values) {
            for (index c = 0; c < n; ++c) job.dst(i, j + c) = values[c];
        }
        if (!all_multiply) {
            each_tile([&](index c, index count, const tile_unit& unit) {
                if (!unit.multiplies()) plainly(j + c, count);
            });
        }
    } else {
        plainly(j, n);
    }
}

}  // namespace dyad::inline v1
