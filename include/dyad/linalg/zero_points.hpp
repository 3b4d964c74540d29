// SPDX-License-Identifier: Apache-2.0
// Zero points of both operands, from the sums of their codes:
//   sum over k of (a_ik - z_i)(b_kj - w_j) = s_ij + u_i w_j + z_i v_j
//   with s_ij = sum of a_ik b_kj, u_i = k z_i - sum of a_ik, v_j = - sum of b_kj.
// Everything is modulo 2^32: only the left side must fit 32 bits, see max_terms_of_differences. Where z is one number
// and w is one number, the correction is a vector for the rows and one for the columns. Source: Jacob et al., arXiv
// 1712.05877, section 2.3.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/code_sums.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/linalg/k_blocks.hpp>
#include <dyad/linalg/product.hpp>
#include <dyad/linalg/sources.hpp>

namespace dyad::inline v1 {

namespace zero_point_rules {

/// a * b + c modulo 2^32.
[[nodiscard]] constexpr std::int32_t multiply_add(std::int32_t a, std::int32_t b, std::int32_t c) noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b) +
                                     static_cast<std::uint32_t>(c));
}

}  // namespace zero_point_rules

/// Products (a - z)(b - w), z and w among the codes, whose sum and a bias fit a T.
template <signed_word T, format A, format B>
[[nodiscard]] constexpr std::uint64_t max_terms_of_differences(std::uint64_t bias = 0) noexcept {
    constexpr auto limit = static_cast<uint128_t>(word_max<T>());
    constexpr auto range = []<class F>(F) {
        return static_cast<uint128_t>(static_cast<int128_t>(F::max_raw) - static_cast<int128_t>(F::min_raw));
    };
    constexpr uint128_t product = range(A{}) * range(B{});
    return bias > limit ? 0 : saturating_cast<std::uint64_t>((limit - bias) / product);
}

/// sums[i] = the sum of line first + i of a source of integer carriers (linalg/sources.hpp), modulo 2^32.
template <line_source Source>
void sum_lines(instruction_set isa, const Source& source, index first, index count, std::int32_t* sums) noexcept {
    using carrier_type = typename Source::carrier_type;
    constexpr index piece = 512;
    constexpr index together = 8;
    alignas(64) carrier_type buffer[together * piece];
    for (index i = 0; i < count; ++i) sums[i] = 0;
    for (index i = 0; i < count; i += together) {
        const index lines = count - i < together ? count - i : together;
        for (index k = 0; k < source.depth(); k += piece) {
            const index n = source.depth() - k < piece ? source.depth() - k : piece;
            const auto from = source.read(first + i, lines, k, n, buffer);
            for (index l = 0; l < lines; ++l) {
                const carrier_type* const line = from.data + l * from.line_stride;
                auto sum = static_cast<std::uint32_t>(sums[i + l]);
                if (from.k_stride == 1) {
                    sum += static_cast<std::uint32_t>(sum_of_codes(isa, line, n));
                } else {
                    for (index j = 0; j < n; ++j)
                        sum += static_cast<std::uint32_t>(std::int32_t{line[j * from.k_stride]});
                }
                sums[i + l] = static_cast<std::int32_t>(sum);
            }
        }
    }
}

/// Lines of one task.
inline constexpr index sum_lines_task = 64;

/// sums(i) = the sum of the codes of row i. Columns: transposed(m). `sums` may not overlap m or itself.
template <format T, executor Executor = serial>
status sum_rows(matrix_view<const T> m, vector_view<std::int32_t> sums, Executor&& execute = {},
                instruction_set cap = instruction_set::amx) noexcept {
    static_assert(whole_numbers_of<T>().carrier_bits() != 0 && carrier_rules::is_fixed<T>,
                  "dyad::sum_rows takes fixed-point codes of at most 16 bits.");
    using code = std::conditional_t<whole_numbers_of<T>().carrier_bits() == 16, std::int16_t,
                                    typename carrier_type<T, dyad::carrier::integer8>::type>;
    if (m.extent[0] < 0 || m.extent[1] < 0) return status::negative_extent;
    if (sums.extent[0] != m.extent[0]) return status::extents_differ;
    if (m.data == nullptr && !m.is_empty()) return status::src_null;
    if (sums.data == nullptr && !sums.is_empty()) return status::dst_null;
    if (sums.extent[0] > 1 && sums.stride[0] == 0) return status::dst_overlaps_itself;
    if (overlap(memory_of(sums), memory_of(m))) return status::dst_overlaps_src;
    const instruction_set isa = cap < best_instruction_set() ? cap : best_instruction_set();
    const plain_source<T, code> source(m, isa);
    execute(pieces_of(m.extent[0], sum_lines_task), [&](index task) {
        std::int32_t some[sum_lines_task];
        const index first = task * sum_lines_task;
        const index count = m.extent[0] - first < sum_lines_task ? m.extent[0] - first : sum_lines_task;
        sum_lines(isa, source, first, count, some);
        for (index i = 0; i < count; ++i) sums(first + i) = some[i];
    });
    return status::ok;
}

/// One zero point on each side: terms(i) = -w * row_sums(i), to be added to the sums of row i. terms may be row_sums.
constexpr void zero_point_rows(vector_view<const std::int32_t> row_sums, std::int32_t rhs_zero,
                               vector_view<std::int32_t> terms) noexcept {
    const auto minus = static_cast<std::int32_t>(0U - static_cast<std::uint32_t>(rhs_zero));
    for (index i = 0; i < terms.extent[0]; ++i) terms(i) = zero_point_rules::multiply_add(minus, row_sums(i), 0);
}
/// One zero point z of lhs, w(j) for each column (stride 0 for one): terms(j) = z * (k * w(j) - column_sums(j)), to be
/// added to the sums of column j. With w = 0 there is nothing for the rows. terms may be column_sums.
constexpr void zero_point_columns(vector_view<const std::int32_t> column_sums, std::int32_t lhs_zero,
                                  vector_view<const std::int32_t> rhs_zeros, index k,
                                  vector_view<std::int32_t> terms) noexcept {
    using namespace zero_point_rules;
    const auto depth = static_cast<std::int32_t>(static_cast<std::uint32_t>(k));
    for (index j = 0; j < terms.extent[0]; ++j) {
        const auto minus = static_cast<std::int32_t>(0U - static_cast<std::uint32_t>(column_sums(j)));
        terms(j) = multiply_add(lhs_zero, multiply_add(depth, rhs_zeros(j), minus), 0);
    }
}

/// Zero points of any granularity: one, or one for each row of lhs, and one, or one for each column of rhs. Views of
/// stride 0 hold one number for all; row_sums may be null where every rhs zero is 0, column_sums where every lhs zero
/// is.
struct zero_point_terms {
    index k = 0;
    vector_view<const std::int32_t> lhs_zeros;
    vector_view<const std::int32_t> row_sums;
    vector_view<const std::int32_t> rhs_zeros;
    vector_view<const std::int32_t> column_sums;

    /// u_i, with which w_j is multiplied.
    [[nodiscard]] constexpr std::int32_t row_factor(index i) const noexcept {
        const std::uint32_t sum = row_sums.data == nullptr ? 0 : static_cast<std::uint32_t>(row_sums(i));
        return zero_point_rules::multiply_add(static_cast<std::int32_t>(static_cast<std::uint32_t>(k)), lhs_zeros(i),
                                              static_cast<std::int32_t>(0U - sum));
    }
    /// v_j, with which z_i is multiplied.
    [[nodiscard]] constexpr std::int32_t column_factor(index j) const noexcept {
        const std::uint32_t sum = column_sums.data == nullptr ? 0 : static_cast<std::uint32_t>(column_sums(j));
        return static_cast<std::int32_t>(0U - sum);
    }
    /// What is added to the sum of (i, j).
    [[nodiscard]] constexpr std::int32_t operator()(index i, index j) const noexcept {
        using namespace zero_point_rules;
        return multiply_add(lhs_zeros(i), column_factor(j), multiply_add(row_factor(i), rhs_zeros(j), 0));
    }
};

/// The epilogue that corrects a sum and hands it on.
template <class Epilogue>
struct with_zero_points {
    zero_point_terms terms;
    Epilogue next;

    [[nodiscard]] constexpr auto operator()(std::int32_t sum, index i, index j) const noexcept {
        return next(zero_point_rules::multiply_add(1, sum, terms(i, j)), i, j);
    }
    template <class D>
        requires row_epilogue<Epilogue, std::int32_t, D>
    void run(instruction_set isa, const std::int32_t* sums, index i, index j, index count, D* dst) const noexcept {
        using namespace zero_point_rules;
        alignas(64) std::int32_t corrected[largest_tile_columns];
        const std::int32_t z = terms.lhs_zeros(i);
        const std::int32_t u = terms.row_factor(i);
        for (index c = 0; c < count; ++c) {
            const std::int32_t rows = multiply_add(u, terms.rhs_zeros(j + c), sums[c]);
            corrected[c] = multiply_add(z, terms.column_factor(j + c), rows);
        }
        next.run(isa, static_cast<const std::int32_t*>(corrected), i, j, count, dst);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        const auto missing = [](vector_view<const std::int32_t> v) { return v.data == nullptr; };
        if (m != 0 && n != 0 && (missing(terms.lhs_zeros) || missing(terms.rhs_zeros))) return status::zero_points_null;
        if (terms.lhs_zeros.extent[0] != m || terms.rhs_zeros.extent[0] != n) return status::extents_differ;
        if (!needless(terms.rhs_zeros) && missing(terms.row_sums)) return status::row_sums_null;
        if (!needless(terms.lhs_zeros) && missing(terms.column_sums)) return status::row_sums_null;
        if (!missing(terms.row_sums) && terms.row_sums.extent[0] != m) return status::extents_differ;
        if (!missing(terms.column_sums) && terms.column_sums.extent[0] != n) return status::extents_differ;
        if constexpr (requires { next.check(m, n); }) return next.check(m, n);
        else return status::ok;
    }

private:
    /// Are all of them 0?
    [[nodiscard]] static constexpr bool needless(vector_view<const std::int32_t> zeros) noexcept {
        if (zeros.data == nullptr) return true;  // (then dst is empty: see check)
        for (index i = 0; i < zeros.extent[0]; ++i) {
            if (zeros(i) != 0) return false;
        }
        return true;
    }
};

}  // namespace dyad::inline v1
