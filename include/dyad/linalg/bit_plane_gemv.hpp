// SPDX-License-Identifier: Apache-2.0
// bit_plane_gemv: dst = x W, exactly, for integer formats of any two widths of 1 to 8 bits, both operands as bit
// planes:
//   sum over k of x w = sum over p, q of sign(p) sign(q) 2^(p + q) popcount(X_p & W_q)
// The weights take no more memory than their bits, whatever their width. Bound: k 2^(A::width + B::width) <= 2^31 is
// enough; max_terms says exactly.
// Source: "FlexQ: efficient post-training INT6 quantization for LLM serving via algorithm-system co-design", arXiv
// 2508.04405.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/bit_planes.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/bit_plane_dot.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

template <class T>
inline constexpr bool is_plane_integer = false;
template <int Width, signedness Sign, overflow Overflow>
inline constexpr bool is_plane_integer<fixed<Width, 0, Sign, Overflow>> = Width >= 1 && Width <= 8;

struct bit_plane_options {
    instruction_set cap = best_instruction_set();  ///< use at most this; the bits do not depend on it
};

/// A checked product of an m x k matrix of A and a k x n matrix of B, integers of 1 to 8 bits each. Meant for few rows
/// and for widths whose product is small: the work is A::width * B::width passes over the bits.
template <class A, class B>
class bit_plane_plan {
    static_assert(is_plane_integer<A> && is_plane_integer<B>,
                  "dyad::bit_plane_plan's formats must be integer<1 ... 8> or uinteger<1 ... 8>.");

public:
    static status make(index m, index k, index n, const bit_plane_options& options, bit_plane_plan& plan) noexcept {
        if (m < 0 || k < 0 || n < 0) return status::negative_extent;
        if (static_cast<std::uint64_t>(k) > max_k()) return status::k_exceeds_accumulator;
        const instruction_set best = best_instruction_set();
        plan.kernel_ = options.cap < best ? options.cap : best;
        plan.m_ = m;
        plan.k_ = k;
        plan.n_ = n;
        return status::ok;
    }
    [[nodiscard]] static constexpr std::uint64_t max_k() noexcept { return max_terms<std::int32_t, A, B>(); }

    /// Bytes of the packed weights: for each column its planes, each in whole vectors of 64 bytes.
    [[nodiscard]] std::size_t packed_bytes() const noexcept { return bytes_of(n_, B::width); }
    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        const std::size_t planes = bytes_of(m_, A::width);
        return planes > std::numeric_limits<std::size_t>::max() - 64 ? planes : planes + 64;
    }

    /// `to`: packed_bytes() bytes or more, aligned to 64.
    template <code_matrix Codes>
        requires(std::same_as<element_of<Codes>, B>)
    status pack(const Codes& weights, std::span<std::byte> to)
    const noexcept {
        if (weights.extent[0] != k_) return status::rhs_rows_differ;
        if (weights.extent[1] != n_) return status::rhs_columns_differ;
        if (weights.data == nullptr && k_ != 0 && n_ != 0) return status::rhs_null;
        if (to.size() < packed_bytes() || reinterpret_cast<std::uintptr_t>(to.data()) % 64 != 0)
            return status::packed_memory_too_small;
        if (overlap(memory_of(to), memory_of(weights))) return status::dst_overlaps_rhs;
        auto* const planes = reinterpret_cast<std::uint8_t*>(to.data());
        for (index j = 0; j < n_; ++j)
            split<B>([&](index l) { return static_cast<B>(weights(l, j)); }, planes + j * B::width * plane());
        return status::ok;
    }

    /// dst = x W. Any strides; dst overlaps nothing else. Nothing is written unless the status is ok.
    template <executor Executor = serial>
    status run(matrix_view<const A> x, std::span<const std::byte> packed, matrix_view<std::int32_t> dst,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (const status s = check(x, packed, dst, workspace); s != status::ok) return s;
        if (m_ == 0 || n_ == 0) return status::ok;
        const std::size_t skew = (0 - reinterpret_cast<std::uintptr_t>(workspace.data())) % 64;
        auto* const lhs = reinterpret_cast<std::uint8_t*>(workspace.data() + skew);
        const auto* const rhs = reinterpret_cast<const std::uint8_t*>(packed.data());
        for (index i = 0; i < m_; ++i) split<A>([&](index l) { return x(i, l); }, lhs + i * A::width * plane());
        constexpr index step = 64;
        execute((n_ + step - 1) / step, [&](index t) {
            const index last = n_ - t * step < step ? n_ : (t + 1) * step;
            for (index j = t * step; j < last; ++j) {
                const bit_plane_line w = line<B>(rhs + j * B::width * plane());
                for (index i = 0; i < m_; ++i) {
                    const bit_plane_line of_x = line<A>(lhs + i * A::width * plane());
                    dst(i, j) = static_cast<std::int32_t>(bit_plane_dot(kernel_, w, of_x, plane()));
                }
            }
        });
        return status::ok;
    }

private:
    /// Bytes of a plane: whole vectors.
    [[nodiscard]] index plane() const noexcept { return k_ / 512 * 64 + (k_ % 512 != 0 ? 64 : 0); }
    [[nodiscard]] std::size_t bytes_of(index lines, index width) const noexcept {
        index bytes = 0;
        if (__builtin_mul_overflow(lines, width * plane(), &bytes)) return static_cast<std::size_t>(-1);
        return static_cast<std::size_t>(bytes);
    }
    template <class T>
    [[nodiscard]] static bit_plane_line line(const std::uint8_t* planes) noexcept {
        constexpr bool is_signed = std::numeric_limits<T>::is_signed;
        return {planes, T::width, is_signed ? plane_sign::top_negative : plane_sign::none};
    }
    /// The planes of code(0 ... k - 1), plane 0 first, eight codes at a time.
    template <class T, class Code>
    void split(const Code& code, std::uint8_t* planes) const noexcept {
        for (index byte = 0; byte < plane(); ++byte) {
            std::uint64_t codes = 0;
            for (index i = 0; i < 8 && 8 * byte + i < k_; ++i)
                codes |= std::uint64_t{code(8 * byte + i).bits()} << (8 * i);
            const std::uint64_t bits = transposed_bits(codes);
            for (index p = 0; p < T::width; ++p)
                planes[p * plane() + byte] = static_cast<std::uint8_t>(bits >> (8 * p));
        }
    }
    status check(matrix_view<const A> x, std::span<const std::byte> packed, matrix_view<std::int32_t> dst,
                 std::span<std::byte> workspace) const noexcept {
        if (x.extent[0] != m_) return status::lhs_rows_differ;
        if (x.extent[1] != k_) return status::lhs_columns_differ;
        if (dst.extent[0] != m_) return status::dst_rows_differ;
        if (dst.extent[1] != n_) return status::dst_columns_differ;
        if (x.data == nullptr && !x.is_empty()) return status::lhs_null;
        if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
        if (packed.data() == nullptr && packed_bytes() != 0) return status::rhs_null;
        if (packed.size() < packed_bytes()) return status::rhs_packed_too_short;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(x))) return status::dst_overlaps_lhs;
        if (overlap(memory_of(dst), memory_of(packed))) return status::dst_overlaps_rhs;
        if (workspace.size() < workspace_bytes()) return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        const bool touched =
            overlap(scratch, memory_of(x)) || overlap(scratch, memory_of(packed)) || overlap(scratch, memory_of(dst));
        return touched ? status::workspace_overlaps_operand : status::ok;
    }

    index m_ = 0;
    index k_ = 0;
    index n_ = 0;
    instruction_set kernel_ = instruction_set::scalar;
};

}  // namespace dyad::inline v1
