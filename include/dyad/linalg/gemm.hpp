// SPDX-License-Identifier: Apache-2.0
// gemm: dst[m][n] = epilogue(sum_k lhs[m][k] * rhs[k][n]), planned once and run as often as wanted. The sums are
// plain_gemm.hpp's bit for bit; the kernel that computes them is chosen at run time.
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
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/gemm_arithmetic.hpp>
#include <dyad/linalg/packed_operand.hpp>
#include <dyad/linalg/plain_gemm.hpp>
#include <dyad/linalg/product.hpp>

namespace dyad::inline v1 {

/// What a caller may choose beside the arithmetic.
struct gemm_options {
    std::uint64_t max_bias = 0;                  ///< largest |bias| that the epilogue adds to a sum, in the sum's units
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
};

/// What a plan computes with, for people and logs.
struct gemm_description {
    dyad::carrier carrier;
    instruction_set isa;  ///< of the kernel
    const char* kernel;   ///< its name; "plain loop" where there is none for the pair
    product_rule product;
    std::uint64_t max_k;          ///< largest k whose sums cannot overflow, for any codes, without bias
    index flush_length;           ///< products in one chain, 0 where sums are not chained
    index block;                  ///< of k in one panel
    index tasks;                  ///< given to the executor at once
    std::size_t workspace_bytes;  ///< with an rhs that is not packed
    std::size_t packed_bytes;
};

/// A checked product of an m x k and a k x n matrix of formats A and B. Make one with `make`, ask workspace_bytes,
/// call run as often as wanted, from any thread. A constant rhs is packed once, with pack, into packed_bytes bytes.
template <number A, number B, class Accumulator, product_rule Product = product_rule::exact>
class gemm_plan {
    using arithmetic = gemm_arithmetic<A, B, Accumulator, Product>;
    using kernel_type = typename arithmetic::kernel_type;
    using blocks_type =
        product_blocks<typename kernel_type::lhs_type, typename kernel_type::rhs_type, typename kernel_type::sum_type>;

public:
    using sum_type = typename Accumulator::sum_type;
    /// Else the plan runs plain loops, and packs nothing.
    static constexpr bool has_kernel = arithmetic::has_kernel;

    /// Plans m x k times k x n.
    static status make(index m, index k, index n, const gemm_options& options, gemm_plan& plan) noexcept {
        if (m < 0 || k < 0 || n < 0) return status::negative_extent;
        const std::uint64_t most = max_k(options.max_bias);
        if (static_cast<std::uint64_t>(k) > most) {
            const bool by_bias = most == 0 && max_k(0) != 0;
            return by_bias ? status::bias_exceeds_accumulator : status::k_exceeds_accumulator;
        }
        const instruction_set best = best_instruction_set();
        plan.m_ = m;
        plan.k_ = k;
        plan.n_ = n;
        if constexpr (has_kernel) {
            const kernel_type& kernel = arithmetic::kernel(options.cap < best ? options.cap : best);
            plan.blocks_ = blocks_type(kernel, m, k * arithmetic::per_k, n, arithmetic::chain);
        }
        return status::ok;
    }

    /// Largest safe k: every partial sum of proven accumulators, every chain of chained ones, fits.
    [[nodiscard]] static constexpr std::uint64_t max_k(std::uint64_t max_bias) noexcept {
        return arithmetic::max_k(max_bias);
    }
    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        return saturating_sum(packed_workspace_bytes(), has_kernel ? rhs_panel_bytes() : 0);
    }
    /// For runs with a packed rhs.
    [[nodiscard]] std::size_t packed_workspace_bytes() const noexcept {
        if constexpr (has_kernel) return saturating_sum(blocks_.lhs_bytes(), arena::alignment);
        else return 0;
    }
    /// What `pack` fills.
    [[nodiscard]] std::size_t packed_bytes() const noexcept {
        return saturating_sum(sizeof(packed_header), has_kernel ? rhs_panel_bytes() : 0);
    }
    [[nodiscard]] gemm_description describe() const noexcept {
        gemm_description d{arithmetic::carrier, instruction_set::scalar, "plain loop", Product, max_k(0), 0, k_, 1,
                           workspace_bytes(),   packed_bytes()};
        if constexpr (plain::is_chained<Accumulator>) d.flush_length = Accumulator::length;
        if constexpr (has_kernel) {
            d.isa = blocks_.kernel().isa;
            d.kernel = blocks_.kernel().name;
            d.block = blocks_.depth().largest();
            d.tasks = blocks_.tasks_down() * blocks_.tasks_across();
        }
        return d;
    }

    /// Packs rhs for runs of this plan, or of one of other m. The memory must be 64-byte aligned.
    template <executor Executor = serial>
    status pack(matrix_view<const B> rhs, std::span<std::byte> memory,
                Executor&& execute = {}) const noexcept requires has_kernel {
        if (const status s = check_rhs(rhs); s != status::ok) return s;
        const bool aligned = reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0;
        if (!aligned || memory.data() == nullptr || memory.size() < packed_bytes()) {
            return status::packed_memory_too_small;
        }
        if (overlap(memory_of(memory), memory_of(rhs))) return status::dst_overlaps_rhs;
        packed_header header = expected_header();
        const typename arithmetic::rhs_source source(transposed(rhs), blocks_.kernel().isa);
        header.smallest = pack_rhs(blocks_, source, memory.data() + sizeof header, arithmetic::expected, execute);
        header = sealed(header);
        __builtin_memcpy(memory.data(), &header, sizeof header);
        return status::ok;
    }

    /// Runs the plan. Any strides; dst may not overlap itself, the operands or the workspace. `epilogue(sum, row,
    /// column)` gives dst's element. Nothing is written unless the status is ok.
    template <class D, class Epilogue, executor Executor = serial>
    status run(matrix_view<const A> lhs, matrix_view<const B> rhs, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (const status s = check(lhs, dst, epilogue, workspace, workspace_bytes()); s != status::ok) return s;
        if (const status s = check_rhs(rhs); s != status::ok) return s;
        if (overlap(memory_of(dst), memory_of(rhs))) return status::dst_overlaps_rhs;
        if (overlap(memory_of(workspace), memory_of(rhs))) return status::workspace_overlaps_operand;
        if (m_ == 0 || n_ == 0) return status::ok;
        if constexpr (has_kernel) {
            const typename arithmetic::rhs_source source(transposed(rhs), blocks_.kernel().isa);
            std::byte* const lhs_panels = aligned(workspace);
            std::byte* const rhs_panels = lhs_panels + blocks_.lhs_bytes();
            const std::uint16_t smallest = pack_rhs(blocks_, source, rhs_panels, arithmetic::expected, execute);
            multiply(lhs, lhs_panels, rhs_panels, smallest, dst, epilogue, execute);
        } else {
            execute(m_, [&](index i) {
                const default_float_environment environment;
                for (index j = 0; j < n_; ++j)
                    dst(i, j) = epilogue(plain_sum<A, B, Accumulator, Product>(lhs, rhs, i, j), i, j);
            });
        }
        return status::ok;
    }

    /// The same with an rhs that `pack` of a plan of the same k and n has packed for this machine's kernel.
    template <class D, class Epilogue, executor Executor = serial>
    status run(matrix_view<const A> lhs, packed_operand rhs, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept requires has_kernel {
        if (const status s = check(lhs, dst, epilogue, workspace, packed_workspace_bytes()); s != status::ok) return s;
        packed_header header;
        if (const status s = check_packed(rhs.bytes, expected_header(), header); s != status::ok) return s;
        if (overlap(memory_of(dst), memory_of(rhs.bytes))) return status::dst_overlaps_rhs;
        if (overlap(memory_of(workspace), memory_of(rhs.bytes))) return status::workspace_overlaps_operand;
        if (m_ == 0 || n_ == 0) return status::ok;
        const std::byte* const panels = rhs.bytes.data() + sizeof header;
        const auto smallest = static_cast<std::uint16_t>(header.smallest);
        multiply(lhs, aligned(workspace), panels, smallest, dst, epilogue, execute);
        return status::ok;
    }

private:
    [[nodiscard]] std::size_t rhs_panel_bytes() const noexcept {
        if constexpr (has_kernel) return blocks_.rhs_bytes();
        else return 0;
    }
    [[nodiscard]] packed_header expected_header() const noexcept {
        packed_header header;
        header.kernel = fingerprint{}.add(blocks_.kernel().name).add(arithmetic::rhs_fingerprint).value();
        header.bytes = packed_bytes();
        header.k = k_;
        header.n = n_;
        header.block = blocks_.depth().largest();
        header.chain = arithmetic::chain;
        return header;
    }
    [[nodiscard]] static std::byte* aligned(std::span<std::byte> memory) noexcept {
        return memory.data() + (0 - reinterpret_cast<std::uintptr_t>(memory.data())) % arena::alignment;
    }

    template <class D, class Epilogue>
    status check(matrix_view<const A> lhs, matrix_view<D> dst, const Epilogue& epilogue, std::span<std::byte> workspace,
                 std::size_t needed) const noexcept {
        static_assert(
            epilogue_for<Epilogue, sum_type, D>,
            "dyad::gemm_plan's epilogue must take its sums and give what dst's elements are: dyad::keep_sum gives "
            "sum_type, others such as dyad::scale_columns<Out> round to another format.");
        if (lhs.extent[0] != m_) return status::lhs_rows_differ;
        if (lhs.extent[1] != k_) return status::lhs_columns_differ;
        if (dst.extent[0] != m_) return status::dst_rows_differ;
        if (dst.extent[1] != n_) return status::dst_columns_differ;
        if (lhs.data == nullptr && !lhs.is_empty()) return status::lhs_null;
        if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(lhs))) return status::dst_overlaps_lhs;
        if (needed != 0 && (workspace.data() == nullptr || workspace.size() < needed)) {
            return status::workspace_too_small;
        }
        const byte_range scratch = memory_of(workspace);
        if (overlap(scratch, memory_of(lhs)) || overlap(scratch, memory_of(dst))) {
            return status::workspace_overlaps_operand;
        }
        return check_epilogue(epilogue, m_, n_);
    }
    status check_rhs(matrix_view<const B> rhs) const noexcept {
        if (rhs.extent[0] != k_) return status::rhs_rows_differ;
        if (rhs.extent[1] != n_) return status::rhs_columns_differ;
        return rhs.data == nullptr && !rhs.is_empty() ? status::rhs_null : status::ok;
    }

    template <class D, class Epilogue, class Executor>
    void multiply(matrix_view<const A> lhs, std::byte* lhs_panels, const std::byte* rhs_panels,
                  std::uint16_t smallest_rhs, matrix_view<D> dst, const Epilogue& epilogue,
                  Executor& execute) const noexcept {
        using total_type = typename arithmetic::total_type;
        multiply_packed<total_type>(blocks_, typename arithmetic::lhs_source(lhs, blocks_.kernel().isa), lhs_panels,
                                    rhs_panels, smallest_rhs, arithmetic::expected, dst, epilogue, arithmetic::finish(),
                                    execute);
    }

    index m_ = 0;
    index k_ = 0;
    index n_ = 0;
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
