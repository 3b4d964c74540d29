// SPDX-License-Identifier: Apache-2.0
// What a flush takes from an operand: the scale of every line in every run of k, its zero point, the sum of its
// carriers.
#pragma once

#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/linalg/block_lines.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/linalg/block_panels.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// (run, line). Zeros and sums only where a zero point is stored.
struct line_tables {
    matrix_view<float> scales;
    matrix_view<std::int32_t> zeros;
    matrix_view<std::int32_t> sums;
};

enum class table_kinds : std::uint8_t { scales, scales_and_zeros, scales_and_sums, all };
/// What one operand needs: zeros where it has stored ones, sums where the other one has.
template <class Own, class Other>
inline constexpr table_kinds tables_of =
    stores_zero_points<decltype(Own::zero)>
        ? (stores_zero_points<decltype(Other::zero)> ? table_kinds::all : table_kinds::scales_and_zeros)
        : (stores_zero_points<decltype(Other::zero)> ? table_kinds::scales_and_sums : table_kinds::scales);

[[nodiscard]] inline status take_tables(arena& memory, table_kinds kinds, index runs, index lines,
                                        line_tables& tables) noexcept {
    const bool zeros = kinds == table_kinds::all || kinds == table_kinds::scales_and_zeros;
    const bool sums = kinds == table_kinds::all || kinds == table_kinds::scales_and_sums;
    status s = memory.take(runs, lines, tables.scales);
    if (s == status::ok && zeros) s = memory.take(runs, lines, tables.zeros);
    if (s == status::ok && sums) s = memory.take(runs, lines, tables.sums);
    return s;
}

/// Fills the tables of one line. Sums are of the carriers that `source` gives.
template <class View, class Source>
void fill_tables(const View& view, const Source& source, const block_steps& steps, const line_tables& tables,
                 index line) noexcept {
    using code = typename Source::carrier_type;
    constexpr index piece = 512;
    steps.for_each([&](const block_step& s) {
        if (s.begins_run) {
            const auto scale = static_cast<typename View::scale>(view.scales(line, s.k0));
            tables.scales(s.run, line) = pack_as<float>(dyad::unpack(scale), rounding::nearest_even, saturation::none);
            if constexpr (stores_zero_points<decltype(View::zero)>) {
                if (tables.zeros.data == nullptr) return;
                const std::int64_t offset = block_rules::integers_carried<View>().offset;
                tables.zeros(s.run, line) = static_cast<std::int32_t>(view.zero_point(line, s.k0) - offset);
            }
        }
        if constexpr (std::same_as<code, std::int8_t>) {
            if (tables.sums.data == nullptr) return;
            std::int32_t sum = s.begins_run ? 0 : tables.sums(s.run, line);
            code buffer[piece];
            for (index k = s.k0; k < s.k0 + s.length; k += piece) {
                const index n = s.k0 + s.length - k < piece ? s.k0 + s.length - k : piece;
                const lines_view<code> x = source.read(line, 1, k, n, static_cast<code*>(buffer));
                for (index c = 0; c < n; ++c) sum += x.data[c * x.k_stride];
            }
            tables.sums(s.run, line) = sum;
        }
    });
}

/// The tables of all lines.
template <class View, class Source, class Executor>
void fill_all(const View& view, const Source& source, const block_steps& steps, const line_tables& tables,
              Executor& execute) {
    constexpr index lines_of_task = 16;
    const index lines = view.codes.extent[0];
    execute(tiles_of(lines, lines_of_task), [&](index task) {
        const default_float_environment environment;
        const index first = task * lines_of_task;
        const index last = lines - first < lines_of_task ? lines : first + lines_of_task;
        for (index l = first; l < last; ++l) fill_tables(view, source, steps, tables, l);
    });
}
/// Sums of the rows' carriers less k times their zero point.
template <class View>
void subtract_zeros(const View& a, const block_steps& steps, const line_tables& lhs) noexcept {
    if constexpr (stores_zero_points<decltype(View::zero)>) {
        steps.for_each([&](const block_step& s) {
            for (index i = 0; i < a.codes.extent[0]; ++i) {
                auto& sum = lhs.sums(s.run, i);
                const auto zeros =
                    static_cast<std::uint32_t>(lhs.zeros(s.run, i)) * static_cast<std::uint32_t>(s.length);
                sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) - zeros);
            }
        });
    }
}

/// scales[i] = 2^units[i] times the integers' unit; in place.
template <class View>
void units_to_scales(const std::int32_t* units, index n, float* scales) noexcept {
    constexpr int integer_unit = block_rules::integers_carried<View>().unit;
    for (index i = 0; i < n; ++i) {
        std::int32_t e = 0;
        __builtin_memcpy(&e, units + i, sizeof e);
        scales[i] =
            pack_as<float>(unpacked::finite(false, 1, e + integer_unit), rounding::nearest_even, saturation::none);
    }
}

}  // namespace dyad::inline v1
