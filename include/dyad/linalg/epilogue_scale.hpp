// SPDX-License-Identifier: Apache-2.0
// Real scales by columns: out = narrow<Out>(fma(sum, factors[j] * factor, offsets[j])), in double.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scale_sums.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// y, NaN with one pattern: 0x7ff8 0000 0000 0000. By its bits, so that no compiler flag does away with it.
[[nodiscard]] constexpr double with_one_nan(double y) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(y);
    constexpr std::uint64_t infinity = 0x7ff0'0000'0000'0000;
    return (bits & ~(std::uint64_t{1} << 63)) > infinity ? std::bit_cast<double>(infinity | (infinity >> 1)) : y;
}

/// Minifloats to which a double may be rounded by way of a float to odd: the float has two digits more than any of
/// their numbers, subnormal ones too.
template <class T>
concept narrow_minifloat = bulk_encodable<T> && T::format.significand_bits <= 21 &&
                           T::format.min_exponent() - T::format.significand_bits >= -147;
/// Fixed-point formats whose unit is a normal double, as is its inverse.
template <class T>
concept scalable_fixed = narrow_fixed<T> && T::fraction >= -1000 && T::fraction <= 1000 && fixed_in_bulk<T>;

/// Elements that an epilogue keeps on the stack.
inline constexpr index epilogue_piece = 512;

/// Real scales: narrow<Out>(sum * factor * factors[column] + offsets[column]), in double with one fma. `factor` is what
/// is known at run time only: a dynamic scale. NaN becomes Out's NaN without sign or payload, 0 where Out has none.
/// Strides are free; 0 stands for one number for all columns.
template <number Out>
struct scale_columns {
    vector_view<const float> factors;
    vector_view<const float> offsets;
    double factor = 1;

    template <class Sum>
    [[nodiscard]] constexpr Out operator()(Sum sum, index, index column) const noexcept {
        const double scale = static_cast<double>(factors(column)) * factor;
        const double y = fused(static_cast<double>(sum), scale, static_cast<double>(offsets(column)));
        return narrow<Out>(with_one_nan(y));
    }

    /// A row, and a tile, of sums: the same bits.
    template <class Sum>
    void run(instruction_set isa, const Sum* sums, index row, index column, index count, Out* dst) const noexcept {
        run(isa, sum_tile<Sum, Out>{sums, count, 1, count, dst, count}, row, column);
    }
    template <class Sum>
    void run(instruction_set isa, const sum_tile<Sum, Out>& t, index row, index column) const noexcept {
        if constexpr (scalable_sum<Sum>) {
            if (has_scale_tile(isa) && run_vectors(isa, t, column)) return;
        }
        run_each(*this, t, row, column);
    }

    /// Are there numbers for n columns?
    [[nodiscard]] status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (factors.data == nullptr) return status::scales_null;
        if (offsets.data == nullptr) return status::bias_null;
        return serves(factors, n) && serves(offsets, n) ? status::ok : status::extents_differ;
    }

private:
    [[nodiscard]] scale_columns_of columns_from(index column) const noexcept {
        return {shifted(factors.data, column * factors.stride[0]), factors.stride[0],
                shifted(offsets.data, column * offsets.stride[0]), offsets.stride[0], factor};
    }
    template <class Sum>
    [[nodiscard]] bool run_vectors(instruction_set isa, const sum_tile<Sum, Out>& t, index column) const noexcept {
        if constexpr (std::same_as<Out, float>) {
            scale_tile<float_narrowing::nearest_even>(isa, t, columns_from(column));
            return true;
        } else if constexpr (scalable_fixed<Out>) {
            constexpr double unit = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + Out::fraction) << 52);
            using narrowing = code_narrowing<typename Out::raw_type, std::int32_t{Out::min_raw}, Out::max_raw>;
            scale_tile(isa, raw_tile(t), columns_from(column), narrowing{unit});
            return true;
        } else if constexpr (narrow_minifloat<Out>) {
            if constexpr (std::same_as<Out, bfloat16>) {
                if (has_scale_tile_to_bfloat16(isa)) {
                    scale_tile_to_bfloat16(isa,
                                           sum_tile<Sum, std::uint16_t>{t.sums, t.sum_stride, t.rows, t.columns,
                                                                        codes_of(t.dst), t.dst_stride},
                                           columns_from(column));
                    return true;
                }
            }
            run_pieces(isa, t, column);
            return true;
        } else {
            return false;
        }
    }
    /// Through floats to odd, as many rows at a time as the buffer holds.
    template <class Sum>
    void run_pieces(instruction_set isa, const sum_tile<Sum, Out>& t, index column) const noexcept {
        alignas(64) float values[epilogue_piece];
        alignas(64) Out codes[epilogue_piece];
        for (index j = 0; j < t.columns; j += epilogue_piece) {
            const index n = t.columns - j < epilogue_piece ? t.columns - j : epilogue_piece;
            const index most = epilogue_piece / n;
            for (index i = 0; i < t.rows; i += most) {
                const index rows = t.rows - i < most ? t.rows - i : most;
                scale_tile<float_narrowing::to_odd>(
                    isa, sum_tile<Sum, float>{t.sums + i * t.sum_stride + j, t.sum_stride, rows, n, values, n},
                    columns_from(column + j));
                encode_floats<Out::format>(isa, values, codes_of(codes), static_cast<std::size_t>(rows * n),
                                           rounding::nearest_even, saturation::finite);
                for (index r = 0; r < rows; ++r) {
                    __builtin_memcpy(t.dst + (i + r) * t.dst_stride + j, codes + r * n,
                                     static_cast<std::size_t>(n) * sizeof(Out));
                }
            }
        }
    }
};

}  // namespace dyad::inline v1
