// SPDX-License-Identifier: Apache-2.0
// gemm: dst[m][n] = epilogue(sum_k lhs[m][k] * rhs[k][n]). The plain loops that define the right answer.
// Integer carriers: exact sums of raw codes, whose unit is the product of the operands' units. float_ordered: the order
// of kernels/scalar/dot.hpp for the pair's carrier. L-Mul: the ordinary product of lhs' = (x, P(x)) and rhs' = (P(y), y
// - (1 - 2^-l) P(y)), K doubled, interleaved.
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
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/dot.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/lmul.hpp>

namespace dyad::inline v1 {

enum class product_rule : std::uint8_t {
    exact,  ///< x * y
    lmul    ///< lmul_exact(x, y), minifloats only
};

/// What a caller may choose beside the arithmetic.
struct gemm_options {
    std::uint64_t max_bias = 0;  ///< largest |bias| that the epilogue adds to a sum, in the sum's units
    instruction_set cap = instruction_set::avx2;  ///< use at most this; the bits do not depend on it
};

/// What a plan computes with, for people and logs.
struct gemm_description {
    dyad::carrier carrier;
    instruction_set kernel;
    product_rule product;
    std::uint64_t max_k;  ///< largest k whose sums cannot overflow, for any codes, without bias
    index flush_length;   ///< products in one chain, 0 where sums are not chained
    std::size_t workspace_bytes;
};

namespace gemm_rules {

template <class T>
inline constexpr bool is_proven = false;
template <class T>
inline constexpr bool is_proven<proven<T>> = true;
template <class T>
inline constexpr bool is_chained = false;
template <class T, int Length, class Flush>
inline constexpr bool is_chained<chained<T, Length, Flush>> = true;

}  // namespace gemm_rules

/// A checked product of an m x k and a k x n matrix of formats A and B. Make one with `make`, ask workspace_bytes,
/// call run as often as wanted, from any thread.
template <number A, number B, class Accumulator, product_rule Product = product_rule::exact>
class gemm_plan {
    static constexpr bool is_integer = !std::same_as<Accumulator, float_ordered>;
    static constexpr dyad::carrier carrier = carrier_of<A, B>();
    static_assert(!is_integer || (carrier_rules::is_fixed<A> && carrier_rules::is_fixed<B>),
                  "dyad::gemm_plan's integer accumulators need fixed-point formats on both sides.");
    static_assert(is_integer || carrier == carrier::bf16 || carrier == carrier::f32,
                  "dyad::gemm_plan's float_ordered accumulator needs formats that float holds exactly, one of them not "
                  "fixed-point.");
    static_assert(Product == product_rule::exact || (!is_integer && is_minifloat<A> && is_minifloat<B>),
                  "dyad::gemm_plan multiplies by L-Mul on minifloats only, with float_ordered sums.");

    template <class T>
    struct decoded {
        using type = float;
    };
    template <class T>
        requires(is_integer)
    struct decoded<T> {
        // 16 bits at least: every compiler knows the instruction that multiplies and adds pairs of them.
        using type = std::conditional_t<(T::width <= 8), std::int16_t, typename T::raw_type>;
    };
    using lhs_type = typename decoded<A>::type;
    using rhs_type = typename decoded<B>::type;
    /// Decoded values for each k.
    static constexpr index per_k = Product == product_rule::lmul ? 2 : 1;

public:
    using sum_type = typename Accumulator::sum_type;

    /// Plans m x k times k x n.
    static status make(index m, index k, index n, const gemm_options& options, gemm_plan& plan) noexcept {
        if (m < 0 || k < 0 || n < 0) return status::negative_extent;
        const std::uint64_t most = max_k(options.max_bias);
        if (static_cast<std::uint64_t>(k) > most) {
            const bool by_bias = most == 0 && max_k(0) != 0;
            return by_bias ? status::bias_exceeds_accumulator : status::k_exceeds_accumulator;
        }
        // Integer sums run on plain loops; float sums have a kernel for machines with FMA.
        if constexpr (!is_integer) {
            plan.kernel_ = options.cap < best_instruction_set() ? options.cap : best_instruction_set();
        }
        plan.m_ = m;
        plan.k_ = k;
        plan.n_ = n;
        return status::ok;
    }

    /// Largest safe k: every partial sum of proven accumulators, every chain of chained ones, fits.
    [[nodiscard]] static constexpr std::uint64_t max_k(std::uint64_t max_bias) noexcept {
        if constexpr (gemm_rules::is_proven<Accumulator>) {
            return max_terms<sum_type, A, B>(max_bias);
        } else {
            if constexpr (gemm_rules::is_chained<Accumulator>) {
                static_assert(max_terms<typename Accumulator::chain_type, A, B>() >= Accumulator::length,
                              "dyad::chained's Length is so large that a chain of these formats can overflow.");
            }
            return word_max<std::int64_t>() / per_k;
        }
    }

    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        arena need = arena::measuring();
        matrix_view<lhs_type> lhs;
        matrix_view<rhs_type> rhs;
        if (take(need, lhs, rhs) != status::ok) return static_cast<std::size_t>(-1);
        return need.used();
    }
    [[nodiscard]] gemm_description describe() const noexcept {
        index flush = 0;
        if constexpr (gemm_rules::is_chained<Accumulator>) flush = Accumulator::length;
        return {carrier, kernel_, Product, max_k(0), flush, workspace_bytes()};
    }

    /// Runs the plan. Any strides; dst may not overlap itself, the operands or the workspace. `epilogue(sum, row,
    /// column)` gives dst's element. Nothing is written unless the status is ok.
    template <class D, class Epilogue, executor Executor = serial>
    status run(matrix_view<const A> lhs, matrix_view<const B> rhs, matrix_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (const status s = check(lhs, rhs, dst, workspace); s != status::ok) return s;
        if (m_ == 0 || n_ == 0) return status::ok;
        arena memory(workspace);
        matrix_view<lhs_type> a;
        matrix_view<rhs_type> b;
        if (const status s = take(memory, a, b); s != status::ok) return status::workspace_too_small;
        // Rows of lhs and columns of rhs become contiguous rows of decoded values.
        execute(n_, [&](index j) {
            for (index i = 0; i < k_; ++i) decode_rhs(rhs(i, j), &b(j, i * per_k));
        });
        execute(m_, [&](index i) {
            for (index j = 0; j < k_; ++j) decode_lhs(lhs(i, j), &a(i, j * per_k));
            index j = 0;
            if constexpr (!is_integer) {
                for (; j + dot_block <= n_; j += dot_block) {
                    float sums[dot_block];
                    dot_columns(&a(i, 0), &b(j, 0), b.stride[0], sums);
                    for (index c = 0; c < dot_block; ++c) dst(i, j + c) = epilogue(sums[c], i, j + c);
                }
            }
            for (; j < n_; ++j) dst(i, j) = epilogue(dot(&a(i, 0), &b(j, 0)), i, j);
        });
        return status::ok;
    }

private:
    status take(arena& memory, matrix_view<lhs_type>& lhs, matrix_view<rhs_type>& rhs) const noexcept {
        // One element more than needed keeps &a(i, 0) inside the matrix where k is 0.
        const index depth = saturating_add<std::int64_t>(k_ * per_k, 1);
        const status s = memory.take(m_, depth, lhs);
        return s == status::ok ? memory.take(n_, depth, rhs) : s;
    }

    template <class D>
    status check(matrix_view<const A> lhs, matrix_view<const B> rhs, matrix_view<D> dst,
                 std::span<std::byte> workspace) const noexcept {
        if (lhs.extent[0] != m_) return status::lhs_rows_differ;
        if (lhs.extent[1] != k_) return status::lhs_columns_differ;
        if (rhs.extent[0] != k_) return status::rhs_rows_differ;
        if (rhs.extent[1] != n_) return status::rhs_columns_differ;
        if (dst.extent[0] != m_) return status::dst_rows_differ;
        if (dst.extent[1] != n_) return status::dst_columns_differ;
        if (lhs.data == nullptr && lhs.size() != 0) return status::lhs_null;
        if (rhs.data == nullptr && rhs.size() != 0) return status::rhs_null;
        if (dst.data == nullptr && dst.size() != 0) return status::dst_null;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(lhs))) return status::dst_overlaps_lhs;
        if (overlap(memory_of(dst), memory_of(rhs))) return status::dst_overlaps_rhs;
        if (workspace.size() < workspace_bytes()) return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        const bool touched =
            overlap(scratch, memory_of(lhs)) || overlap(scratch, memory_of(rhs)) || overlap(scratch, memory_of(dst));
        return touched ? status::workspace_overlaps_operand : status::ok;
    }

    static void decode_lhs(A x, lhs_type* out) noexcept {
        if constexpr (is_integer) {
            *out = x.raw();
        } else {
            out[0] = convert<float>(x);
            if constexpr (Product == product_rule::lmul) out[1] = as_float(power_of_two_part(unpack(x)));
        }
    }
    static void decode_rhs(B y, rhs_type* out) noexcept {
        if constexpr (is_integer) {
            *out = y.raw();
        } else if constexpr (Product == product_rule::lmul) {
            out[0] = as_float(power_of_two_part(unpack(y)));
            out[1] = as_float(lmul_rest(unpack(y), lmul_constant::rule(B::format.significand_bits)));
        } else {
            *out = convert<float>(y);
        }
    }
    static float as_float(const unpacked& x) noexcept {
        return pack_as<float>(x, rounding::nearest_even, saturation::none);
    }

    [[nodiscard]] sum_type dot(const lhs_type* lhs, const rhs_type* rhs) const noexcept {
        if constexpr (gemm_rules::is_proven<Accumulator>) {
            return scalar::dot_integer<sum_type>(lhs, rhs, k_);
        } else if constexpr (gemm_rules::is_chained<Accumulator>) {
            return scalar::dot_chained<typename Accumulator::chain_type, sum_type>(lhs, rhs, k_, Accumulator::length);
        } else {
            return carrier == carrier::bf16 ? scalar::dot_bf16(lhs, rhs, k_ * per_k)
                                            : scalar::dot_f32(lhs, rhs, k_ * per_k);
        }
    }

    void dot_columns(const float* lhs, const float* rhs, index stride, float* sums) const noexcept {
        if (carrier == carrier::bf16) dot_bf16_block(kernel_, lhs, rhs, stride, k_ * per_k, sums);
        else dot_f32_block(kernel_, lhs, rhs, stride, k_ * per_k, sums);
    }

    index m_ = 0;
    index k_ = 0;
    index n_ = 0;
    instruction_set kernel_ = instruction_set::scalar;
};

}  // namespace dyad::inline v1
