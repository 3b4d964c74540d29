// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of floats: y_i = exp(s x_i) / sum_j exp(s x_j), and its logarithm. The same bits on every instruction
// set, in every floating-point environment and with every compiler flag.
//
// Rows are taken in blocks of 2048: the largest element of a block, then the sum of its terms
// (kernels/float_softmax.hpp) relative to 2^N_block. Blocks are joined in double, by powers of two: S = sum of S_block
// 2^(N_block - N). Then y_i = term_i * float(1 / S): one multiplication, and so one rounding where y_i is subnormal as
// well. A row is read twice and written once, as in M. Dukhan and A. Ablavatski, "Two-pass softmax", arXiv 2001.04438;
// rows that fit the caches keep their terms in dst instead, which gives the same bits.
//
// Bound, u = 2^-24. A term, but for a factor that all have: polynomial 1.5 u, its last two steps 1.1 u, exponent 0.4 u:
// 3 u. Float sums of four elements and of four lanes: 5 u. 1 / S as a float: u; the product: u. All: 2 * 3 + 7 = 13 u <
// 8e-7 of every normal result (and half of the smallest subnormal), whatever the length of the row. Measured: 2.7e-7.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/array/float_softmax_row.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>

namespace dyad::inline v1 {

/// Softmax, or log-softmax, of rows. Bits of the result:
/// - NaN (0x7fc00000) in a whole row that holds NaN or +infinity;
/// - -infinity, and what is not seen, has the share 0 and the logarithm -infinity; so has all of a row that holds
/// nothing
///   else (a fully masked row is zeros);
/// - shares are within 8e-7 of their value, logarithms within 5e-7 and half an ulp of theirs: the relative error of S
/// (float_softmax_test). dst may be src, with the same strides, and is apart otherwise; strides of src and mask may be
/// 0 or negative.
template <softmax_result Output>
class float_softmax_rows {
public:
    /// s, from 2^-64 to 2^64 (at first 1): the inverse of the temperature.
    status set(float factor) noexcept {
        constexpr std::uint32_t least = (127U - 64U) << 23;
        constexpr std::uint32_t most = (127U + 64U) << 23;
        const auto bits = std::bit_cast<std::uint32_t>(factor);
        if (bits < least || bits > most) return status::factor_out_of_range;
        factor_ = factor;
        return status::ok;
    }

    /// Each row by itself.
    status run(matrix_view<const float> src, matrix_view<float> dst, row_options options = {}) const noexcept {
        return run_rows(src, {}, src.extent[1], 0, dst, options);
    }
    /// Row i sees the columns j <= i + offset.
    status run_causal(matrix_view<const float> src, index offset, matrix_view<float> dst,
                      row_options options = {}) const noexcept {
        return run_rows(src, {}, offset, 1, dst, options);
    }
    /// An element is seen where its mask is not 0.
    status run_masked(matrix_view<const float> src, matrix_view<const std::uint8_t> mask, matrix_view<float> dst,
                      row_options options = {}) const noexcept {
        if (const status s = check_map(src, dst); s != status::ok) return s;
        if (mask.extent != src.extent) return status::extents_differ;
        if (!src.is_empty() && mask.data == nullptr) return status::mask_null;
        if (overlap(memory_of(mask), memory_of(dst))) return status::dst_overlaps_mask;
        return run_rows(src, mask, src.extent[1], 0, dst, options);
    }
    /// One row.
    status run(vector_view<const float> src, vector_view<float> dst, row_options options = {}) const noexcept {
        return run({src.data, {1, src.extent[0]}, {0, src.stride[0]}},
                   {dst.data, {1, dst.extent[0]}, {0, dst.stride[0]}}, options);
    }

private:
    /// Row i sees its first seen + i * more columns, as many as there are.
    status run_rows(matrix_view<const float> src, matrix_view<const std::uint8_t> mask, index seen, index more,
                    matrix_view<float> dst, row_options options) const noexcept {
        const status fault = check_map(src, dst);
        if (fault != status::ok || src.is_empty()) return fault;
        const default_float_environment environment;
        run_in_environment(src, mask, seen, more, dst, options.chosen());
        return status::ok;
    }

    /// (Not inlined, so that none of its arithmetic moves out of the environment.)
    [[gnu::noinline]] void run_in_environment(matrix_view<const float> src, matrix_view<const std::uint8_t> mask,
                                              index seen, index more, matrix_view<float> dst,
                                              instruction_set isa) const noexcept {
        const softmax_exponent e = softmax_exponent::of(factor_);
        const index columns = src.extent[1];
        // Processors fetch what follows by themselves, but seldom beyond a page.
        const bool fetches = src.stride[1] == 1 && columns >= 512;
        for (index i = 0; i < src.extent[0]; ++i) {
            // Columns 0 ... i + offset of causal rows: compared without a sum that might overflow.
            const index reach = more == 0 ? seen : seen >= columns - i - 1 ? columns : seen + i + 1;
            const index n = reach < 0 ? 0 : reach;
            const float* next = fetches && i + 1 < src.extent[0] ? row(src, i + 1).data : nullptr;
            const softmax_source from{row(column_block(src, 0, n), i), row(column_block(mask, 0, n), i), 0, next};
            const vector_view<float> to = row(dst, i);
            run_row(isa, from, e, row(column_block(dst, 0, n), i));
            for (index j = n; j < columns; ++j) to(j) = nothing();
        }
    }

    [[nodiscard]] static float nothing() noexcept {
        return std::bit_cast<float>(Output == softmax_result::share ? 0U : 0xff80'0000U);
    }

    [[gnu::noinline]] static void run_row(instruction_set isa, softmax_source src, const softmax_exponent& e,
                                          vector_view<float> dst) noexcept {
        const index n = src.size();
        const bool ends_meet = dst.stride[0] == 1 || n <= 1;
        // 1. The sum. One block's terms go where src may be: it is not read again.
        const bool keeps = Output == softmax_result::share && ends_meet && n <= softmax_kept::most &&
                           (n <= static_cast<index>(softmax_block) || src.elements.data != dst.data);
        softmax_kept kept;
        softmax_total total = softmax_first_pass(isa, src, e, keeps ? dst.data : nullptr, kept);
        if (total.row == softmax_row::far) {
            src.shift = total.largest;
            total = softmax_first_pass(isa, src, e, keeps ? dst.data : nullptr, kept);
        }
        // 2. The results.
        if (total.row != softmax_row::shares) {
            const float all = total.row == softmax_row::nan ? std::bit_cast<float>(0x7fc0'0000U) : nothing();
            for (index j = 0; j < n; ++j) dst(j) = all;
        } else if (ends_meet) {
            finish(isa, src, e, total, keeps ? &kept : nullptr, dst.data);
        } else {
            alignas(64) float room[softmax_block];
            for (index first = 0; first < n; first += static_cast<index>(softmax_block)) {
                softmax_source part = src;
                part.elements = {src.elements.data + first * src.elements.stride[0],
                                 {softmax_block_size(n, first)},
                                 src.elements.stride};
                part.mask.data = shifted(src.mask.data, first * src.mask.stride[0]);
                finish(isa, part, e, total, nullptr, room);
                for (index j = 0; j < part.size(); ++j) dst(first + j) = room[j];
            }
        }
    }
    static void finish(instruction_set isa, const softmax_source& src, const softmax_exponent& e,
                       const softmax_total& total, const softmax_kept* kept, float* dst) noexcept {
        if constexpr (Output == softmax_result::share) softmax_second_pass(isa, src, e, total, kept, dst);
        else softmax_log_pass(isa, src, e, total, dst);
    }

    float factor_ = 1;
};

using float_softmax = float_softmax_rows<softmax_result::share>;
using float_log_softmax = float_softmax_rows<softmax_result::logarithm>;

}  // namespace dyad::inline v1
