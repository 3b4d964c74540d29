// SPDX-License-Identifier: Apache-2.0
// Stages of epilogues on real numbers: sums to doubles, arithmetic in double, doubles to any format. NaN has one
// pattern after each stage, 0x7ff8 0000 0000 0000.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/magnitude.hpp>
#include <dyad/kernels/real_stages.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/epilogue_scale.hpp>
#include <dyad/linalg/epilogue_stages.hpp>

namespace dyad::inline v1 {

/// A double that is ordered like an integer, both zeros the same; not for NaN.
[[nodiscard]] constexpr std::int64_t ordered(double x) noexcept {
    const auto bits = std::bit_cast<std::int64_t>(x);
    return bits < 0 ? -(bits & word_max<std::int64_t>()) : bits;
}

/// fma(x, columns[column] * (rows[row] * factor), offsets[column]) in double: both products in the brackets are rounded
/// to double, then there is one more rounding. A null view stands for ones (of factors) or zeros (of offsets). x: a sum
/// or what another stage gave.
struct scale_reals {
    vector_view<const float> columns = {};
    vector_view<const float> rows = {};
    vector_view<const float> offsets = {};
    double factor = 1;

    template <scalable_sum Sum>
    [[nodiscard]] constexpr double operator()(Sum sum, index row, index column) const noexcept {
        const double of_column = columns.data == nullptr ? 1 : static_cast<double>(columns(column));
        const double offset = offsets.data == nullptr ? 0 : static_cast<double>(offsets(column));
        return with_one_nan(fused(static_cast<double>(sum), of_column * of_row(row), offset));
    }
    template <scalable_sum Sum>
    void run(instruction_set isa, const Sum* sums, index row, index column, index count, double* dst) const noexcept {
        if (has_scale_tile(isa)) {
            static constexpr float one = 1;
            static constexpr float none = 0;
            const bool has_columns = columns.data != nullptr;
            const bool has_offsets = offsets.data != nullptr;
            const scale_columns_of c{has_columns ? columns.data + column * columns.stride[0] : &one,
                                     has_columns ? columns.stride[0] : 0,
                                     has_offsets ? offsets.data + column * offsets.stride[0] : &none,
                                     has_offsets ? offsets.stride[0] : 0, of_row(row)};
            return scale_tile(isa, sum_tile<Sum, double>{sums, count, 1, count, dst, count}, c);
        }
        for (index j = 0; j < count; ++j) dst[j] = (*this)(sums[j], row, column + j);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        const auto fits = [](vector_view<const float> v, index lines) {
            return v.data == nullptr ? v.extent[0] == 0 : serves(v, lines);
        };
        return fits(columns, n) && fits(rows, m) && fits(offsets, n) ? status::ok : status::extents_differ;
    }

private:
    [[nodiscard]] constexpr double of_row(index row) const noexcept {
        return rows.data == nullptr ? factor : static_cast<double>(rows(row)) * factor;
    }
};

/// fma(residual(row, column) - zero_point, factor, x) in double: a residual input of the shape of dst, of any format
/// whose numbers are doubles, added before x is rounded. The difference is exact for formats of at most 24 bits.
template <number Residual>
struct add_residual {
    matrix_view<const Residual> residual;
    double factor = 1;
    float zero_point = 0;

    [[nodiscard]] constexpr double operator()(double x, index row, index column) const noexcept {
        const double value = convert<double>(residual(row, column));
        return with_one_nan(fused(value - static_cast<double>(zero_point), factor, x));
    }
    void run(instruction_set isa, const double* from, index row, index column, index count, double* to) const noexcept {
        if constexpr (decodes) {
            if (has_scale_tile(isa) && residual.stride[1] == 1) {
                for (index j = 0; j < count; j += stage_piece) {
                    const index n = count - j < stage_piece ? count - j : stage_piece;
                    float values[stage_piece];
                    decode(isa, &residual(row, column + j), values, n);
                    add_scaled(isa, from + j, values, static_cast<double>(zero_point), factor, to + j, n);
                }
                return;
            }
        }
        for (index j = 0; j < count; ++j) to[j] = (*this)(from[j], row, column + j);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (residual.extent[0] != m || residual.extent[1] != n) return status::residual_differs;
        return residual.data == nullptr && m != 0 && n != 0 ? status::residual_null : status::ok;
    }

private:
    static constexpr bool decodes =
        bulk_decodable<Residual> || fixed_in_bulk<Residual> || std::same_as<Residual, float>;

    static void decode(instruction_set isa, const Residual* from, float* to, index n) noexcept {
        const auto count = static_cast<std::size_t>(n);
        if constexpr (std::same_as<Residual, float>) __builtin_memcpy(to, from, count * sizeof(float));
        else if constexpr (fixed_in_bulk<Residual>) decode_fixed<Residual>(isa, raw_of(from), to, count);
        else decode_floats<Residual::format>(isa, codes_of(from), to, count);
    }
};

/// x, but low where x < low and high where x > high; NaN stays. {0, infinity} is ReLU.
struct clamp_reals_between {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();

    [[nodiscard]] constexpr double operator()(double x, index, index) const noexcept {
        constexpr std::uint64_t infinity = 0x7ff0'0000'0000'0000;
        if ((std::bit_cast<std::uint64_t>(x) & ~(std::uint64_t{1} << 63)) > infinity) return with_one_nan(x);
        return ordered(x) < ordered(low) ? low : ordered(x) > ordered(high) ? high : x;
    }
    void run(instruction_set isa, const double* from, index row, index column, index count, double* to) const noexcept {
        if (has_scale_tile(isa)) return clamp_reals(isa, from, low, high, to, count);
        for (index j = 0; j < count; ++j) to[j] = (*this)(from[j], row, column + j);
    }
};

/// Passes x on and keeps the largest |x| that it has seen, as the bits of the nearest float without sign (NaN above
/// infinity): for each row, or for all with stride 0. The caller sets `largest` to 0. Tasks may share it, the maximum
/// has no order: it does not depend on their number. It sees x before the output's rounding.
struct observe_largest {
    vector_view<std::uint32_t> largest;

    double operator()(double x, index row, index) const noexcept {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(with_one_nan(x)));
        raise(largest(row), bits & 0x7fff'ffffU);
        return x;
    }
    void run(instruction_set isa, const double* from, index row, index column, index count, double* to) const noexcept {
        if (!has_scale_tile(isa)) {
            for (index j = 0; j < count; ++j) to[j] = (*this)(from[j], row, column + j);
            return;
        }
        for (index j = 0; j < count; j += stage_piece) {
            const index n = count - j < stage_piece ? count - j : stage_piece;
            float values[stage_piece];
            std::uint32_t bits = 0;
            narrow_reals<float_narrowing::nearest_even>(isa, from + j, values, n);
            largest_magnitudes(isa, values, 1, static_cast<std::size_t>(n), &bits);
            raise(largest(row), bits);
            __builtin_memcpy(to + j, from + j, static_cast<std::size_t>(n) * sizeof *to);
        }
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        if (m == 0 || n == 0) return status::ok;
        if (largest.data == nullptr) return status::observer_null;
        return serves(largest, m) ? status::ok : status::extents_differ;
    }

private:
    static void raise(std::uint32_t& kept, std::uint32_t bits) noexcept {
        std::uint32_t seen = __atomic_load_n(&kept, __ATOMIC_RELAXED);
        while (seen < bits &&
               !__atomic_compare_exchange_n(&kept, &seen, bits, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
    }
};

/// x as an Out, rounded once by `rule`; all but NaN clamps to Out's finite numbers (float and double overflow as in
/// IEEE 754). NaN is Out's NaN without sign or payload, 0 where there is none. The last stage on real numbers.
template <number Out>
struct to_format {
    rounding rule = rounding::nearest_even;

    [[nodiscard]] constexpr Out operator()(double x, index, index) const noexcept {
        return convert<Out>(with_one_nan(x), rule, native_float<Out> ? saturation::none : saturation::finite);
    }
    void run(instruction_set isa, const double* from, index row, index column, index count, Out* to) const noexcept {
        if (has_scale_tile(isa) && run_vectors(isa, from, count, to)) return;
        for (index j = 0; j < count; ++j) to[j] = (*this)(from[j], row, column + j);
    }

private:
    [[nodiscard]] bool run_vectors(instruction_set isa, const double* from, index count, Out* to) const noexcept {
        const bool to_nearest = rule == rounding::nearest_even;
        if constexpr (std::same_as<Out, float>) {
            if (to_nearest) narrow_reals<float_narrowing::nearest_even>(isa, from, to, count);
            return to_nearest;
        } else if constexpr (scalable_fixed<Out>) {
            constexpr double unit = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + Out::fraction) << 52);
            using narrowing = code_narrowing<typename Out::raw_type, std::int32_t{Out::min_raw}, Out::max_raw>;
            if (to_nearest) narrow_reals(isa, from, raw_of(to), count, narrowing{unit});
            return to_nearest;
        } else if constexpr (narrow_minifloat<Out>) {
            for (index j = 0; j < count; j += stage_piece) {
                const index n = count - j < stage_piece ? count - j : stage_piece;
                float values[stage_piece];
                narrow_reals<float_narrowing::to_odd>(isa, from + j, values, n);
                encode_floats<Out::format>(isa, values, codes_of(to + j), static_cast<std::size_t>(n), rule,
                                           saturation::finite);
            }
            return true;
        } else {
            return false;
        }
    }
};

}  // namespace dyad::inline v1
