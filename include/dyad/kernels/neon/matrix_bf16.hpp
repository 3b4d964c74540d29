// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 matrices on AArch64: panels of floats, and in steps of 32 k the even and the odd chain one after
// the other in the float kernel's registers: the order of kernels/scalar/matrix.hpp.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/neon/matrix_f32.hpp>
#include <dyad/kernels/neon/matrix_pack.hpp>
#include <dyad/kernels/neon/matrix_tile.hpp>
#include <dyad/kernels/neon/vectors.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::neon {

struct bf16_tile {
    using lhs_type = bfloat16;
    using rhs_type = bfloat16;
    using sum_type = float;
    static constexpr std::ptrdiff_t lhs_lines = float_tile::lhs_lines;
    static constexpr std::ptrdiff_t rhs_lines = float_tile::rhs_lines;
    static constexpr std::ptrdiff_t depth = 32;  // (the last step of k holds no more than there is)

    static constexpr std::ptrdiff_t lhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(4 * lhs_lines * k); }
    static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(4 * rhs_lines * k); }
    static void pack_lhs(lines_view<bfloat16> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack<lhs_lines>(from, lines, k, static_cast<std::uint32_t*>(to));
    }
    static void pack_rhs(lines_view<bfloat16> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack<rhs_lines>(from, lines, k, static_cast<std::uint32_t*>(to));
    }

    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, float* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        const auto* a = static_cast<const float*>(lhs);
        const auto* b = static_cast<const float*>(rhs);
        if (start == tile_start::zero) float_tile{}.store_to(sums, stride);
        for (std::ptrdiff_t first = 0; first < k; first += 32) {
            const std::ptrdiff_t n = k - first < 32 ? k - first : 32;
            add_step(a, b, n, sums, stride);
            a += n * lhs_lines;
            b += n * rhs_lines;
        }
        float_tile tile;
        tile.load_from(sums, stride);
        tile.unify_nan();
        tile.store_to(sums, stride);
    }

private:
    /// sums + (even + odd): the even k first in the panel, then the odd ones.
    static void add_step(const float* a, const float* b, std::ptrdiff_t n, float* sums,
                         std::ptrdiff_t stride) noexcept {
        alignas(64) float kept[lhs_lines * rhs_lines];
        const std::ptrdiff_t evens = (n + 1) / 2;
        float_tile even = {};
        even.add_chain(a, b, evens);
        even.store_to(kept, rhs_lines);
        float_tile odd = {};
        odd.add_chain(a + evens * lhs_lines, b + evens * rhs_lines, n - evens);
        float_tile other;
        other.load_from(kept, rhs_lines);
        odd.add_tile(other);
        other.load_from(sums, stride);
        odd.add_tile(other);
        odd.store_to(sums, stride);
    }

    /// Lines of neighbouring k in whole steps, four k of four lines at a time; gives how many k are done.
    template <std::ptrdiff_t Lines>
    static std::ptrdiff_t pack_steps(const lines_view<bfloat16>& from, std::ptrdiff_t k, std::uint32_t* to) noexcept {
        std::ptrdiff_t done = 0;
        for (; done + 32 <= k; done += 32, to += 32 * Lines) {
            for (std::ptrdiff_t i = 0; i < 32; i += 4) {
                for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                    std::uint32_t* const even = to + i / 2 * Lines + line;
                    transpose_four(
                        [&](int r) {
                            return widen_upwards(
                                load<eight_bytes>(from.data + (line + r) * from.line_stride + done + i));
                        },
                        [&](int r, words x) { store(even + (r % 2 * 16 + r / 2) * Lines, x); });
                }
            }
        }
        return done;
    }
    template <std::ptrdiff_t Lines>
    static void pack(lines_view<bfloat16> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::uint32_t* to) noexcept {
        std::ptrdiff_t done = 0;
        if (lines == Lines && from.k_stride == 1) done = pack_steps<Lines>(from, k, to);
        to += done * Lines;
        for (std::ptrdiff_t first = done; first < k; first += 32) {
            const std::ptrdiff_t end = k - first < 32 ? k : first + 32;
            for (std::ptrdiff_t parity = 0; parity < 2; ++parity) {
                for (std::ptrdiff_t i = first + parity; i < end; i += 2, to += Lines)
                    pack_one<Lines>(from, lines, i, to);
            }
        }
    }
    /// One k of all lines.
    template <std::ptrdiff_t Lines>
    static void pack_one(const lines_view<bfloat16>& from, std::ptrdiff_t lines, std::ptrdiff_t i,
                         std::uint32_t* to) noexcept {
        if (lines == Lines && from.line_stride == 1) {
            for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                store(to + line, widen_upwards(load<eight_bytes>(from.data + i * from.k_stride + line)));
            }
            return;
        }
        for (std::ptrdiff_t line = 0; line < Lines; ++line)
            to[line] = static_cast<std::uint32_t>(element_or_zero(from, lines, line, i).bits()) << 16;
    }
};

inline constexpr auto bf16 = make_matrix_kernel<bf16_tile>("neon bf16 8x12", instruction_set::neon);

}  // namespace dyad::inline v1::neon

#endif
