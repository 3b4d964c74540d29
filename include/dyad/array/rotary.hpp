// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pair i of a row at position p, d elements wide, is turned by p base^(-2i/d) radians,
//   (a, b) -> (a cos - b sin, a sin + b cos),
// so that the dot product of a query's and a key's rows depends on their positions' difference only.
// Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", arXiv 2104.09864.
//
// Errors. The table's cosines and sines are correctly rounded: off by at most e = 2^-(Fraction + 1) each (2 e where 1
// is no code and saturates), so an output is off by at most (|a| + |b|) e + 1/2 in codes of its format, unless it
// saturates: with fixed<16, 14> by 1/2 + 2^-7 for 8-bit codes, by 2.5 for 16-bit ones; fixed<32, 30> brings that to 1/2
// + 2^-15. With float tables e is 2^-25, beside half an ulp of the output. rotary_test measures all of them.
// A turn may take a coordinate to sqrt 2 times the largest code: it saturates.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/rotate.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/math/sine_cosine.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// Numbers of tables: signed fixed-point codes with 1 as a power of two in their word or just beyond it, or float.
/// fixed<16, 14> has 1 as a code, so that position 0 turns nothing; fixed<16, 15> is twice as fine, and saturates at 1.
template <class T>
concept rotary_code = std::same_as<T, float> ||
    (fixed_point<T>&& T::is_signed&& T::fraction >= 1 && T::fraction < T::width);

/// Numbers that a table of Code turns: signed fixed-point codes by integers, float by float.
template <class T, class Code>
concept rotatable_by = (std::same_as<T, float> && std::same_as<Code, float>) ||
                       (fixed_point<T> && T::is_signed && !std::same_as<Code, float>);

/// Cosines and sines of all positions from 0 on, in memory that the caller gives and that outlives the table and its
/// copies. They follow from base and width alone, in integers. Trivially copyable; allocates nothing.
template <rotary_code Code = fixed<16, 14>>
class rotary_table {
public:
    /// Fills `memory`, width * positions elements in a row (else status::table_memory_differs): for each position
    /// cosine and sine of each pair. `width`: d, of one head, even and positive; base: 10000, 500000 ..., not 0.
    status set(std::uint32_t base, index width, index positions, vector_view<Code> memory) noexcept {
        constexpr index most = index{1} << 31;
        if (positions < 0) return status::negative_extent;
        if (width <= 0 || width % 2 != 0 || width > most) return status::width_odd;
        if (positions > 2 * most) return status::position_out_of_range;
        if (base == 0) return status::scale_not_positive;
        const bool in_a_row = memory.stride[0] == 1 && memory.extent[0] / width == positions;
        if (!in_a_row || memory.extent[0] % width != 0) return status::table_memory_differs;
        if (memory.data == nullptr && positions != 0) return status::table_memory_differs;
        for (index i = 0; i < width / 2; ++i) {
            const uint128_t turn = rotary_turn(base, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(width));
            uint128_t angle = 0;  // modulo 1, as it should
            for (index p = 0; p < positions; ++p, angle += turn) {
                const auto x = sine_and_cosine_of_turn<Code>(angle);
                memory.data[p * width + 2 * i] = x.cosine;
                memory.data[p * width + 2 * i + 1] = x.sine;
            }
        }
        codes_ = memory.data;
        width_ = width;
        positions_ = positions;
        return status::ok;
    }

    [[nodiscard]] index width() const noexcept { return width_; }
    [[nodiscard]] index positions() const noexcept { return positions_; }

    /// Row r of src, at position first + r, to row r of dst. The columns are heads side by side, each `width` wide
    /// (else status::heads_do_not_divide_width). dst apart from src, or the same elements. Any strides.
    template <rotatable_by<Code> T>
    status run(matrix_view<const T> src, index first, rotary_layout layout, matrix_view<T> dst,
               row_options options = {}) const noexcept {
        if (width_ == 0) return status::table_missing;
        if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
        if (src.extent[1] % width_ != 0) return status::heads_do_not_divide_width;
        if (first < 0 || first > positions_ || src.extent[0] > positions_ - first) return status::position_out_of_range;
        const vector_view<const Code> table{codes_, {width_ * positions_}, {1}};
        if (overlap(memory_of(table), memory_of(dst))) return status::workspace_overlaps_operand;
        const instruction_set isa = options.chosen();
        if constexpr (std::same_as<T, float>) {
            const default_float_environment environment;
            rotate_rows(isa, layout, first, src, dst);
        } else {
            rotate_rows(isa, layout, first, src, dst);
        }
        return status::ok;
    }
    /// One row at a position.
    template <rotatable_by<Code> T>
    status run(vector_view<const T> src, index position, rotary_layout layout, vector_view<T> dst,
               row_options options = {}) const noexcept {
        return run(as_row(src), position, layout, as_row(dst), options);
    }

private:
    template <class T>
    void rotate_rows(instruction_set isa, rotary_layout layout, index first, matrix_view<const T> src,
                     matrix_view<T> dst) const noexcept {
        const index heads = src.extent[1] / width_;
        for (index r = 0; r < src.extent[0]; ++r) {
            const Code* table = codes_ + (first + r) * width_;
            if constexpr (std::same_as<T, float>) {
                rotate_heads<0>(isa, layout, table, &src(r, 0), src.stride[1], &dst(r, 0), dst.stride[1], width_ / 2,
                                heads, scalar::raw_range<float>{0, 0});
            } else {
                using raw = typename T::raw_type;
                rotate_heads<Code::fraction>(isa, layout, reinterpret_cast<const typename Code::raw_type*>(table),
                                             reinterpret_cast<const raw*>(&src(r, 0)), src.stride[1],
                                             reinterpret_cast<raw*>(&dst(r, 0)), dst.stride[1], width_ / 2, heads,
                                             scalar::raw_range<raw>{T::min_raw, T::max_raw});
            }
        }
    }

    const Code* codes_ = nullptr;
    index width_ = 0;
    index positions_ = 0;
};

}  // namespace dyad::inline v1
