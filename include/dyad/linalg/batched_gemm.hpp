// SPDX-License-Identifier: Apache-2.0
// batched_gemm: dst[b] = epilogue(lhs[b] * rhs[b / share]) for a batch of matrices that lie at one distance; each sum
// is plain_gemm.hpp's. Under causality the products that cannot count are left out.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/linalg/gemm_arithmetic.hpp>
#include <dyad/linalg/product.hpp>

namespace dyad::inline v1 {

/// batch(b, i, j): matrix, row, column. A stride of 0 between matrices repeats one, where they are only read.
template <class T>
using batch_view = view<T, 3>;

/// `count` row-major matrices, one after the other.
template <class T>
[[nodiscard]] constexpr batch_view<T> make_batch(T* data, index count, index rows, index columns) noexcept {
    return {data, {count, rows, columns}, {rows * columns, columns, 1}};
}
/// Matrix b of a batch.
template <class T>
[[nodiscard]] constexpr matrix_view<T> matrix_of(batch_view<T> v, index b) noexcept {
    return {shifted(v.data, b * v.stride[0]), {v.extent[1], v.extent[2]}, {v.stride[1], v.stride[2]}};
}
/// The matrices transposed, one by one.
template <class T>
[[nodiscard]] constexpr batch_view<T> transposed(batch_view<T> v) noexcept {
    return {v.data, {v.extent[0], v.extent[2], v.extent[1]}, {v.stride[0], v.stride[2], v.stride[1]}};
}

/// Row i sees what has at most the number i + offset.
enum class causality : std::uint8_t {
    none,
    columns,  ///< columns of dst: of row i those from (i / causal_rows + 1) * causal_rows + offset on stay as they were
    products  ///< columns of lhs: those of row i beyond i + offset hold 0, and rhs has neither NaN nor infinity there
};
/// Rows of one block of a causal product.
inline constexpr index causal_rows = 64;

struct batched_gemm_options {
    std::uint64_t max_bias = 0;                  ///< largest |bias| that the epilogue adds to a sum, in the sum's units
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
    index share = 1;                             ///< matrices of lhs, one after the other, that share one of rhs
    causality causal = causality::none;
    index offset = 0;  ///< of causality: the number of columns before the one that row 0 sees last
};

/// A checked batch of products of m x k and k x n matrices. As gemm_plan; `epilogue(sum, row, column)` gets row = b * m
/// + the row within matrix b.
template <number A, number B, class Accumulator, product_rule Product = product_rule::exact>
class batched_gemm_plan {
    using arithmetic = gemm_arithmetic<A, B, Accumulator, Product>;
    using kernel_type = typename arithmetic::kernel_type;
    using L = typename kernel_type::lhs_type;
    using R = typename kernel_type::rhs_type;
    using S = typename kernel_type::sum_type;
    using total_type = typename arithmetic::total_type;
    using blocks_type = product_blocks<L, R, S>;
    static constexpr bool has_kernel = arithmetic::has_kernel;

public:
    using sum_type = typename Accumulator::sum_type;

    /// Plans `batch` products. status::batch_extents_differ where share does not divide batch.
    static status make(index batch, index m, index k, index n, const batched_gemm_options& options,
                       batched_gemm_plan& plan) noexcept {
        gemm_plan<A, B, Accumulator, Product> one;
        if (batch < 0) return status::negative_extent;
        if (const status s = one.make(m, k, n, {.max_bias = options.max_bias, .cap = options.cap}, one);
            s != status::ok)
            return s;
        if (options.share <= 0 || batch % options.share != 0) return status::batch_extents_differ;
        plan.batch_ = batch;
        plan.m_ = m;
        plan.k_ = k;
        plan.n_ = n;
        plan.options_ = options;
        if constexpr (has_kernel) {
            const instruction_set best = best_instruction_set();
            const kernel_type& kernel = arithmetic::kernel(options.cap < best ? options.cap : best);
            plan.rows_ = options.causal == causality::none ? (m < 2 * causal_rows ? m : 2 * causal_rows) : causal_rows;
            plan.blocks_ = blocks_type(kernel, plan.rows_, k * arithmetic::per_k, n, arithmetic::chain);
        }
        return status::ok;
    }

    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        if constexpr (!has_kernel) return 0;
        const auto together = static_cast<std::size_t>(wave());
        return saturating_sum(saturating_product(together, group_bytes()), smallest_bytes() + arena::alignment);
    }
    [[nodiscard]] gemm_description describe() const noexcept {
        gemm_plan<A, B, Accumulator, Product> one;
        static_cast<void>(one.make(m_, k_, n_, {.max_bias = options_.max_bias, .cap = options_.cap}, one));
        gemm_description d = one.describe();
        d.tasks = has_kernel ? saturating_mul(saturating_mul(wave(), options_.share), strips()) : batch_;
        d.workspace_bytes = workspace_bytes();
        d.packed_bytes = 0;
        return d;
    }

    /// Runs the plan. lhs and dst hold `batch` matrices, rhs batch / share. Any strides; dst may not overlap itself,
    /// the operands or the workspace. Nothing is written unless the status is ok.
    template <class D, class Epilogue, executor Executor = serial>
    status run(batch_view<const A> lhs, batch_view<const B> rhs, batch_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        static_assert(
            epilogue_for<Epilogue, sum_type, D>,
            "dyad::batched_gemm_plan's epilogue must take its sums and give what dst's elements are: "
            "dyad::keep_sum gives sum_type, others such as dyad::scale_columns<Out> round to another format.");
        if (const status s = check(lhs, rhs, dst, workspace); s != status::ok) return s;
        if (const status s = check_epilogue(epilogue, saturating_mul(batch_, m_), n_); s != status::ok) return s;
        if (dst.is_empty()) return status::ok;
        if constexpr (has_kernel) {
            const index groups = batch_ / options_.share;
            for (index first = 0; first < groups; first += wave()) {
                const index count = groups - first < wave() ? groups - first : wave();
                run_wave(lhs, rhs, dst, epilogue, first, count, workspace, execute);
            }
        } else {
            execute(batch_, [&](index b) {
                const default_float_environment environment;
                const auto x = matrix_of(lhs, b);
                const auto y = matrix_of(rhs, b / options_.share);
                for (index i = 0; i < m_; ++i) {
                    const index end = options_.causal == causality::columns ? end_of(i, n_) : n_;
                    for (index j = 0; j < end; ++j)
                        dst(b, i, j) = epilogue(plain_sum<A, B, Accumulator, Product>(x, y, i, j), b * m_ + i, j);
                }
            });
        }
        return status::ok;
    }

private:
    /// Most bytes of panels at a time, unless one matrix of rhs needs more.
    static constexpr std::size_t most_bytes = std::size_t{1} << 23;

    [[nodiscard]] index strips() const noexcept { return rows_ == 0 ? 0 : pieces_of(m_, rows_); }
    /// Panels of one matrix of rhs and of all rows of lhs that it is multiplied with.
    [[nodiscard]] std::size_t group_bytes() const noexcept {
        const auto shared = static_cast<std::size_t>(options_.share);
        const std::size_t rows = saturating_product(static_cast<std::size_t>(strips()), blocks_.lhs_bytes());
        return saturating_sum(blocks_.rhs_bytes(), saturating_product(shared, rows));
    }
    /// Matrices of rhs at a time.
    [[nodiscard]] index wave() const noexcept {
        const index groups = batch_ / options_.share;
        const std::size_t fitting = group_bytes() == 0 ? most_bytes : most_bytes / group_bytes();
        const index most = fitting < 1 ? 1 : static_cast<index>(fitting);
        return groups < most ? groups : most;
    }
    [[nodiscard]] std::size_t smallest_bytes() const noexcept {
        return (static_cast<std::size_t>(wave()) * sizeof(std::uint16_t) + 63) / 64 * 64;
    }
    /// Columns (or products) of the causal block that holds row i.
    [[nodiscard]] index end_of(index i, index all) const noexcept {
        const index end = saturating_add<std::int64_t>((i / causal_rows + 1) * causal_rows, options_.offset);
        return end < 0 ? 0 : end < all ? end : all;
    }
    /// The first blocks of k that rows before `end_row` need: whole chains.
    [[nodiscard]] index parts_of(index first_row) const noexcept {
        const k_blocks& depth = blocks_.depth();
        if (options_.causal != causality::products) return depth.count();
        const index end = end_of(first_row, k_) * arithmetic::per_k;
        index parts = 1;
        while (parts < depth.count() && (depth.at(parts).first < end || !ends_chain(parts - 1))) ++parts;
        return parts;
    }
    /// Is a sum whole after this block? Where sums are flushed, only at the end of a chain.
    [[nodiscard]] bool ends_chain(index part) const noexcept {
        return std::same_as<S, total_type> || blocks_.depth().at(part).ends_chain;
    }

    template <class D>
    status check(batch_view<const A> lhs, batch_view<const B> rhs, batch_view<D> dst,
                 std::span<std::byte> workspace) const noexcept {
        if (lhs.extent[0] != batch_ || dst.extent[0] != batch_ || rhs.extent[0] != batch_ / options_.share)
            return status::batch_extents_differ;
        if (lhs.extent[1] != m_) return status::lhs_rows_differ;
        if (lhs.extent[2] != k_) return status::lhs_columns_differ;
        if (rhs.extent[1] != k_) return status::rhs_rows_differ;
        if (rhs.extent[2] != n_) return status::rhs_columns_differ;
        if (dst.extent[1] != m_) return status::dst_rows_differ;
        if (dst.extent[2] != n_) return status::dst_columns_differ;
        if (lhs.data == nullptr && !lhs.is_empty()) return status::lhs_null;
        if (rhs.data == nullptr && !rhs.is_empty()) return status::rhs_null;
        if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(lhs))) return status::dst_overlaps_lhs;
        if (overlap(memory_of(dst), memory_of(rhs))) return status::dst_overlaps_rhs;
        const std::size_t needed = workspace_bytes();
        if (needed != 0 && (workspace.data() == nullptr || workspace.size() < needed))
            return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        const bool touched =
            overlap(scratch, memory_of(lhs)) || overlap(scratch, memory_of(rhs)) || overlap(scratch, memory_of(dst));
        return touched ? status::workspace_overlaps_operand : status::ok;
    }

    /// Matrices first .. first + count - 1 of rhs, and all that are multiplied with them.
    template <class D, class Epilogue, class Executor>
    void run_wave(batch_view<const A> lhs, batch_view<const B> rhs, batch_view<D> dst, const Epilogue& epilogue,
                  index first, index count, std::span<std::byte> workspace, Executor& execute) const noexcept {
        std::byte* const room = workspace.data() + (0 - reinterpret_cast<std::uintptr_t>(workspace.data())) % 64;
        auto* const smallest = reinterpret_cast<std::uint16_t*>(room);
        std::byte* const rhs_panels = room + smallest_bytes();
        std::byte* const lhs_panels = rhs_panels + static_cast<std::size_t>(wave()) * blocks_.rhs_bytes();
        // One matrix for all is packed once, by the first wave.
        const bool repeats = rhs.stride[0] == 0;
        const auto place = [&](index group) { return repeats ? index{0} : group; };
        if (!repeats || first == 0) pack(rhs, first, repeats ? 1 : count, rhs_panels, smallest, execute);
        const index items = options_.share * strips();
        execute(count * items, [&](index t) {
            const default_float_environment environment;
            const index group = place(t / items);
            const std::byte* const right = rhs_panels + static_cast<std::size_t>(group) * blocks_.rhs_bytes();
            std::byte* const left = lhs_panels + static_cast<std::size_t>(t) * blocks_.lhs_bytes();
            const index b = first * options_.share + t / strips();
            run_strip(matrix_of(lhs, b), b, t % strips(), left, right, smallest[group], matrix_of(dst, b), epilogue);
        });
    }
    template <class Executor>
    void pack(batch_view<const B> rhs, index first, index count, std::byte* panels, std::uint16_t* smallest,
              Executor& execute) const noexcept {
        for (index g = 0; g < count; ++g) smallest[g] = no_magnitude;
        const index together = blocks_.kernel().rhs_panels;
        const index tasks = pieces_of(blocks_.rhs_panels(), together);
        execute(count * tasks, [&](index t) {
            const default_float_environment environment;
            const index g = t / tasks;
            const typename arithmetic::rhs_source source(transposed(matrix_of(rhs, first + g)), blocks_.kernel().isa);
            std::byte* const to = panels + static_cast<std::size_t>(g) * blocks_.rhs_bytes();
            const index begin = t % tasks * together;
            const index rest = blocks_.rhs_panels() - begin;
            for (index p = begin; p < begin + (rest < together ? rest : together); ++p)
                lower_to(smallest[g], pack_panel<operand_side::rhs>(blocks_, source, p, to, arithmetic::expected));
        });
    }
    template <class D, class Epilogue>
    void run_strip(matrix_view<const A> lhs, index b, index strip, std::byte* left, const std::byte* right,
                   std::uint16_t smallest_rhs, matrix_view<D> dst, const Epilogue& epilogue) const noexcept {
        const kernel_type& kernel = blocks_.kernel();
        const index first = strip * rows_;
        const index rows = m_ - first < rows_ ? m_ - first : rows_;
        const index columns = options_.causal == causality::columns ? end_of(first, n_) : n_;
        if (columns == 0) return;
        const typename arithmetic::lhs_source source(row_block(lhs, first, rows), blocks_.kernel().isa);
        std::uint16_t smallest = no_magnitude;
        for (index p = 0; p < pieces_of(rows, kernel.lhs_lines); ++p) {
            const std::uint16_t s = pack_panel<operand_side::lhs>(blocks_, source, p, left, arithmetic::expected);
            smallest = s < smallest ? s : smallest;
        }
        const bool gradual = kernel.multiply_gradual != nullptr && arithmetic::expected == subnormals::possible &&
                             !never_subnormal(smallest, smallest_rhs);
        const auto multiply = gradual ? kernel.multiply_gradual : kernel.multiply;
        const auto at = moved(epilogue, b * m_ + first, 0);
        using epilogue_type = std::remove_const_t<decltype(at)>;
        using finish_type = decltype(arithmetic::finish());
        const product_task<L, R, S, total_type, finish_type, D, epilogue_type> task{
            blocks_, left, right, row_block(dst, first, rows), at, arithmetic::finish()};
        const index parts = parts_of(first);
        for (index i = 0; i < rows; i += blocks_.task_rows()) {
            const index end = rows - i < blocks_.task_rows() ? rows : i + blocks_.task_rows();
            task.run_part(i, end, 0, columns, parts, multiply);
        }
    }

    index batch_ = 0;
    index m_ = 0;
    index k_ = 0;
    index n_ = 0;
    index rows_ = 0;  ///< of a strip: what one task packs and multiplies
    batched_gemm_options options_;
    /// Of a plan that is not made: 0 x 0 times 0 x 0.
    [[nodiscard]] static blocks_type no_blocks() noexcept {
        if constexpr (has_kernel) {
            return blocks_type(arithmetic::kernel(instruction_set::scalar), 0, 0, 0, arithmetic::chain);
        } else {
            return {};
        }
    }
    blocks_type blocks_ = no_blocks();
};

}  // namespace dyad::inline v1
