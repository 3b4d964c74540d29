// SPDX-License-Identifier: Apache-2.0
// What a product with shared scales does to tiles: flushes the sums of runs, finishes totals, calls the epilogue.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/flush.hpp>
#include <dyad/linalg/block_tables.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// What happens to a finished tile: scaled, and given to the epilogue.
template <class Dst, class Epilogue>
struct block_output {
    matrix_view<Dst> dst;
    const Epilogue& epilogue;
    instruction_set isa;
    float unit;  ///< of the totals: a power of two
    float lhs_scale;
    float rhs_scale;

    void finish(index row, index column, index rows, index columns, float* totals, index stride) const noexcept {
        for (index i = 0; i < rows; ++i) {
            float* const x = totals + i * stride;
            if (unit != 1) finish_totals(isa, x, columns, unit, 1);
            finish_totals(isa, x, columns, lhs_scale, rhs_scale);
            emit_row(isa, static_cast<const float*>(x), as_summed{}, epilogue, row + i, column, columns,
                     &dst(row + i, column), dst.stride[1]);
        }
    }
};

/// Tiles whose runs are flushed.
template <class Output>
struct flushed_tiles {
    const Output& output;
    line_tables lhs;
    line_tables rhs;

    template <class Sum>
    void flush(index run, index row, index column, index rows, index columns, const Sum* sums, float* totals,
               index stride) const noexcept {
        flush_lines lines;
        lines.lhs_scales = &lhs.scales(run, row);
        lines.rhs_scales = &rhs.scales(run, column);
        if (lhs.zeros.data != nullptr) {
            lines.lhs_zeros = &lhs.zeros(run, row);
            lines.rhs_sums = &rhs.sums(run, column);
        }
        if (rhs.zeros.data != nullptr) {
            lines.rhs_zeros = &rhs.zeros(run, column);
            lines.lhs_rests = &lhs.sums(run, row);
        }
        flush_sums(output.isa, sums, stride, rows, columns, lines, run == 0 ? tile_start::zero : tile_start::sums,
                   totals, stride);
    }
    template <class Sum>
    void finish(index row, index column, index rows, index columns, const Sum*, float* totals,
                index stride) const noexcept {
        output.finish(row, column, rows, columns, totals, stride);
    }
};

/// Tiles whose float sums are the result but for a power of two.
template <class Output>
struct folded_tiles {
    const Output& output;
    int power;

    void flush(index, index, index, index, index, float*, float*, index) const noexcept {}
    void finish(index row, index column, index rows, index columns, float* sums, float*, index stride) const noexcept {
        if (power != 0) {
            // In double the product is exact, so that float rounds once.
            const double factor = power_of_two_as_double(power);
            for (index i = 0; i < rows; ++i) {
                for (index j = 0; j < columns; ++j) {
                    float& x = sums[i * stride + j];
                    x = static_cast<float>(static_cast<double>(x) * factor);
                }
            }
        }
        output.finish(row, column, rows, columns, sums, stride);
    }

private:
    [[nodiscard]] static double power_of_two_as_double(int e) noexcept {
        return pack_as<double>(unpacked::finite(false, 1, e), rounding::nearest_even, saturation::none);
    }
};

}  // namespace dyad::inline v1
