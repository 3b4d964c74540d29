// SPDX-License-Identifier: Apache-2.0
// gemv: dst = x W for few rows of int8 activations x and packed weights W, which are read once, in order: a product
// that memory's bandwidth bounds.
//   group sum   s[g] = sum over the group's l of x[i][l] * (raw[l][j] - zero point), exactly
//   float dst   y = acc * x_scale[i], acc = fma(float(s[g]), scale[g][j], acc) for g = 0, 1, ..., from +0: one rounding
//               of each int32 to float (nearest even), one multiply-add a group, one product; NaN is 0x7fc00000.
//               No scales: as one group of scale 1.
//   int32 dst   the sum over all l; weights without scales
// Bound: without groups, all partial sums fit int32 if k * 128 * max |raw - zero point| < 2^31; with groups always,
// 128 * 128 * (255 + 65536 + 255) < 2^31.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/gemv.hpp>
#include <dyad/linalg/packed_weights.hpp>
#include <dyad/number/convert.hpp>

namespace dyad::inline v1 {

struct gemv_options {
    instruction_set cap = best_instruction_set();  ///< use at most this; the bits do not depend on it
};
struct gemv_description {
    instruction_set kernel;
    std::uint64_t max_k;  ///< largest k whose sums cannot overflow
    std::size_t packed_bytes;
    std::size_t workspace_bytes;
};

/// A checked product of m rows of k activations with k x n weights. Make one with `make`, pack the weights once, call
/// run as often as wanted, from any thread. Meant for m <= 8; more rows read the weights again for every eight.
template <class Weights>
class gemv_plan {
public:
    static status make(index m, index k, index n, const gemv_options& options, gemv_plan& plan) noexcept {
        if (m < 0) return status::negative_extent;
        Weights weights;
        if (const status s = Weights::make(k, n, weights); s != status::ok) return s;
        if (static_cast<std::uint64_t>(k) > max_k()) return status::k_exceeds_accumulator;
        plan.weights_ = weights;
        const instruction_set best = best_instruction_set();
        plan.kernel_ = gemv_instruction_set(options.cap < best ? options.cap : best);
        plan.m_ = m;
        return status::ok;
    }
    [[nodiscard]] static constexpr std::uint64_t max_k() noexcept {
        constexpr std::int64_t most = 0x7fff'ffff;
        if constexpr (Weights::group != 0) return std::uint64_t{1} << 62;
        else return static_cast<std::uint64_t>(most / (128 * (Weights::max_weight > 0 ? Weights::max_weight : 1)));
    }

    /// What packs the weights, and how many bytes they take.
    [[nodiscard]] const Weights& weights() const noexcept { return weights_; }
    [[nodiscard]] std::size_t packed_bytes() const noexcept { return weights_.packed_bytes(); }
    template <class W>
    status pack(const W& weights, std::span<std::byte> to) const noexcept {
        return weights_.pack(weights, to);
    }

    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        arena need = arena::measuring();
        prepared x;
        if (take(need, x) != status::ok) return static_cast<std::size_t>(-1);
        return need.used();
    }
    [[nodiscard]] gemv_description describe() const noexcept {
        return {kernel_, max_k(), packed_bytes(), workspace_bytes()};
    }

    /// dst = x W in float. x_scales: one for each row of x. Any strides; dst overlaps nothing else. Nothing is written
    /// unless the status is ok. `packed` may lie at any address, best at a multiple of 64.
    template <executor Executor = serial>
    status run(matrix_view<const integer<8>> x, vector_view<const float> x_scales, std::span<const std::byte> packed,
               matrix_view<float> dst, std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (const status s = check(x, packed, dst, workspace); s != status::ok) return s;
        if (x_scales.extent[0] != m_) return status::lhs_scales_differ;
        if (x_scales.data == nullptr && m_ != 0) return status::scales_null;
        const byte_range scales = memory_of(x_scales);
        if (overlap(scales, memory_of(dst))) return status::scales_overlap_operand;
        if (overlap(scales, memory_of(workspace))) return status::workspace_overlaps_operand;
        return multiply(x, x_scales, packed, dst, workspace, execute);
    }
    /// dst = the sums themselves.
    template <executor Executor = serial>
        requires(!Weights::has_scales)
    status run(matrix_view<const integer<8>> x, std::span<const std::byte> packed, matrix_view<std::int32_t> dst,
               std::span<std::byte> workspace, Executor&& execute = {})
    const noexcept {
        if (const status s = check(x, packed, dst, workspace); s != status::ok) return s;
        return multiply(x, {}, packed, dst, workspace, execute);
    }

private:
    /// Activations in the order of the kernels: whole units, block after block, and the sum of each block.
    struct prepared {
        matrix_view<std::int8_t> codes;
        matrix_view<std::int32_t> sums;
    };
    status take(arena& memory, prepared& x) const noexcept {
        if (weights_.k() == 0) return memory.take(0, 0, x.sums);
        const gemv_layout l = weights_.layout();
        if (weights_.k() > std::numeric_limits<index>::max() / 4) return status::arena_too_small;
        const status s = memory.take(m_, l.blocks() * l.block_x(), x.codes);
        return s == status::ok ? memory.take(m_, l.blocks(), x.sums) : s;
    }
    template <class D>
    status check(matrix_view<const integer<8>> x, std::span<const std::byte> packed, matrix_view<D> dst,
                 std::span<std::byte> workspace) const noexcept {
        if (x.extent[0] != m_) return status::lhs_rows_differ;
        if (x.extent[1] != weights_.k()) return status::lhs_columns_differ;
        if (dst.extent[0] != m_) return status::dst_rows_differ;
        if (dst.extent[1] != weights_.n()) return status::dst_columns_differ;
        if (x.data == nullptr && !x.is_empty()) return status::lhs_null;
        if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
        if (const status s = weights_.check(packed); s != status::ok) return s;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(x))) return status::dst_overlaps_lhs;
        if (overlap(memory_of(dst), memory_of(packed))) return status::dst_overlaps_rhs;
        if (workspace.size() < workspace_bytes()) return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        const bool touched =
            overlap(scratch, memory_of(x)) || overlap(scratch, memory_of(packed)) || overlap(scratch, memory_of(dst));
        return touched ? status::workspace_overlaps_operand : status::ok;
    }

    template <class D, class Executor>
    status multiply(matrix_view<const integer<8>> x, vector_view<const float> x_scales,
                    std::span<const std::byte> packed, matrix_view<D> dst, std::span<std::byte> workspace,
                    Executor& execute) const noexcept {
        if (m_ == 0 || weights_.n() == 0) return status::ok;
        arena memory(workspace);
        prepared own;
        if (take(memory, own) != status::ok) return status::workspace_too_small;
        if (weights_.k() != 0) prepare(x, own);
        const gemv_layout l = weights_.layout();
        const auto* panels = reinterpret_cast<const std::uint8_t*>(packed.data() + Weights::header_bytes);
        const index panel_bytes = weights_.k() == 0 ? 0 : l.panel_bytes();
        execute(weights_.panels(), [&](index p) {
            const default_float_environment environment;
            for (index first = 0; first < m_; first += gemv_rows)
                multiply_panel(l, panels + p * panel_bytes, own, x_scales, first, p * gemv_columns, dst);
        });
        return status::ok;
    }
    template <class D>
    [[gnu::noinline]] void multiply_panel(const gemv_layout& l, const std::uint8_t* panel, const prepared& x,
                                          vector_view<const float> x_scales, index first, index column,
                                          matrix_view<D> dst) const noexcept {
        const index rows = m_ - first < gemv_rows ? m_ - first : gemv_rows;
        const index columns = weights_.n() - column < gemv_columns ? weights_.n() - column : gemv_columns;
        constexpr bool in_float = std::same_as<D, float>;
        gemv_sums sums;
        gemv_operands o{panel, nullptr, 0, nullptr, 0, rows, Weights::offset};
        if (weights_.k() != 0) {
            o = {panel, &x.codes(first, 0), x.codes.stride[0], &x.sums(first, 0), x.sums.stride[0], rows, o.offset};
            gemv_panel(kernel_, l, o, sums);
            if constexpr (in_float)
                scalar::finish_gemv(l, o, x_scales.data + first * x_scales.stride[0], x_scales.stride[0], sums);
        } else {
            scalar::finish_empty(rows, in_float ? x_scales.data + first * x_scales.stride[0] : nullptr,
                                 x_scales.stride[0], sums);
        }
        for (index i = 0; i < rows; ++i) {
            const index at = i * gemv_columns;
            for (index j = 0; j < columns; ++j) {
                if constexpr (in_float) dst(first + i, column + j) = sums.floats[at + j];
                else dst(first + i, column + j) = sums.integers[at + j];
            }
        }
    }

    void prepare(matrix_view<const integer<8>> x, const prepared& to) const noexcept {
        const gemv_layout l = weights_.layout();
        for (index i = 0; i < m_; ++i) {
            for (index b = 0; b < l.blocks(); ++b) {
                const index first = b * l.block_k();
                const index count = l.k - first < l.block_k() ? l.k - first : l.block_k();
                to.sums(i, b) = copy_block(shifted(x.data, i * x.stride[0] + first * x.stride[1]), x.stride[1], count,
                                           &to.codes(i, b * l.block_x()));
                for (index n = count; n < l.block_x(); ++n) to.codes(i, b * l.block_x() + n) = 0;
            }
        }
    }

    /// Copies `count` codes and gives their sum, eight at a time: two sums of four in the halves of a word.
    static std::int32_t copy_block(const integer<8>* from, index stride, index count, std::int8_t* to) noexcept {
        if (stride == 1) __builtin_memcpy(to, from, static_cast<std::size_t>(count));  // (a code is its byte)
        else
            for (index n = 0; n < count; ++n) to[n] = from[n * stride].raw();
        constexpr std::uint64_t odd = 0x00ff'00ff'00ff'00ff;
        index n = 0;
        std::int32_t sum = 0;
        while (count - n >= 8) {
            std::uint64_t sums = 0;
            const index last = count - n < 1024 ? count : n + 1024;  // 128 * 2 * 255 < 2^16
            const index first = n;
            for (; last - n >= 8; n += 8) {
                std::uint64_t eight = 0;
                __builtin_memcpy(&eight, to + n, 8);
                eight ^= 0x8080'8080'8080'8080;  // each plus 128
                sums += (eight & odd) + (eight >> 8 & odd);
            }
            for (int half = 0; half < 4; ++half) sum += static_cast<std::int32_t>(sums >> (16 * half) & 0xffff);
            sum -= static_cast<std::int32_t>(128 * (n - first));
        }
        for (; n < count; ++n) sum += to[n];
        return sum;
    }

    static_assert(sizeof(integer<8>) == 1);

    Weights weights_;
    index m_ = 0;
    instruction_set kernel_ = instruction_set::scalar;
};

namespace gemv_definition {
/// sum over rows [first, last) of x[i][l] * (raw[l][j] - zero point).
template <class View>
[[nodiscard]] std::int64_t exact_sum(matrix_view<const integer<8>> x, const View& w, index i, index j, index first,
                                     index last) noexcept {
    std::int64_t sum = 0;
    for (index l = first; l < last; ++l) {
        const auto raw = std::int64_t{static_cast<typename View::element>(w.codes(l, j)).raw()};
        sum += x(i, l).raw() * (raw - w.zero_point(l, j));
    }
    return sum;
}
}  // namespace gemv_definition

/// The definition, in plain loops, of weights with scales in groups of `group` rows (all, where that is 0). The
/// caller's float environment is the default one.
template <code_matrix Codes, class S, class Zero>
void gemv_plain(matrix_view<const integer<8>> x, vector_view<const float> x_scales,
                const quantized_view<Codes, S, Zero>& w, index group, matrix_view<float> dst) noexcept {
    const index k = x.extent[1];
    const index step = group == 0 ? (k > 0 ? k : 1) : group;
    for (index i = 0; i < dst.extent[0]; ++i) {
        for (index j = 0; j < dst.extent[1]; ++j) {
            float acc = 0;
            for (index first = 0; first < k; first += step) {
                const index last = k - first < step ? k : first + step;
                const auto sum = static_cast<std::int32_t>(gemv_definition::exact_sum(x, w, i, j, first, last));
                const float scale = convert<float>(static_cast<std::remove_const_t<S>>(w.scales(first, j)));
                acc = fused(static_cast<float>(sum), scale, acc);
            }
            const auto bits = std::bit_cast<std::uint32_t>(acc * x_scales(i));
            dst(i, j) = std::bit_cast<float>((bits & 0x7fff'ffffU) > 0x7f80'0000U ? 0x7fc0'0000U : bits);
        }
    }
}

}  // namespace dyad::inline v1
