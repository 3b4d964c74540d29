// SPDX-License-Identifier: Apache-2.0
// Products of float matrices on AArch64: 8 x 12 sums in 24 registers, one fused multiply-add after the other in k.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/neon/matrix_pack.hpp>
#include <dyad/kernels/neon/matrix_tile.hpp>
#include <dyad/kernels/neon/vectors.hpp>

namespace dyad::inline v1::neon {

/// Eight rows of three vectors.
struct float_tile {
    static constexpr std::ptrdiff_t lhs_lines = 8;
    static constexpr std::ptrdiff_t rhs_lines = 12;

    floats sums[24];

    [[gnu::always_inline]] void load_from(const float* from, std::ptrdiff_t stride) noexcept {
        load_from(from, stride, std::make_integer_sequence<int, 24>{});
    }
    [[gnu::always_inline]] void store_to(float* to, std::ptrdiff_t stride) const noexcept {
        store_to(to, stride, std::make_integer_sequence<int, 24>{});
    }
    /// Adds the products of `k` steps of panels: 8 floats of lhs, 12 of rhs each.
    [[gnu::always_inline]] void add_chain(const float* lhs, const float* rhs, std::ptrdiff_t k) noexcept {
        for (; k > 0; --k, lhs += lhs_lines, rhs += rhs_lines) {
            const floats a[2] = {load<floats>(lhs), load<floats>(lhs + 4)};
            const floats b[3] = {load<floats>(rhs), load<floats>(rhs + 4), load<floats>(rhs + 8)};
            step(a, b, std::make_integer_sequence<int, 24>{});
        }
    }
    [[gnu::always_inline]] void add_tile(const float_tile& other) noexcept {
        add_tile(other, std::make_integer_sequence<int, 24>{});
    }
    [[gnu::always_inline]] void unify_nan() noexcept { unify_nan(std::make_integer_sequence<int, 24>{}); }

private:
    template <int... I>
    [[gnu::always_inline]] void load_from(const float* from, std::ptrdiff_t stride,
                                          std::integer_sequence<int, I...>) noexcept {
        ((sums[I] = load<floats>(from + I / 3 * stride + I % 3 * 4)), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void store_to(float* to, std::ptrdiff_t stride,
                                         std::integer_sequence<int, I...>) const noexcept {
        (store(to + I / 3 * stride + I % 3 * 4, sums[I]), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void step(const floats* a, const floats* b, std::integer_sequence<int, I...>) noexcept {
        (add_products<I / 3 % 4>(sums[I], b[I % 3], a[I / 12]), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void add_tile(const float_tile& other, std::integer_sequence<int, I...>) noexcept {
        ((sums[I] = add(sums[I], other.sums[I])), ...);
    }
    template <int... I>
    [[gnu::always_inline]] void unify_nan(std::integer_sequence<int, I...>) noexcept {
        ((sums[I] = one_nan(sums[I])), ...);
    }
};

struct f32_tile {
    using lhs_type = float;
    using rhs_type = float;
    using sum_type = float;
    static constexpr std::ptrdiff_t lhs_lines = float_tile::lhs_lines;
    static constexpr std::ptrdiff_t rhs_lines = float_tile::rhs_lines;
    static constexpr std::ptrdiff_t depth = 1;

    static constexpr std::ptrdiff_t lhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(4 * lhs_lines * k); }
    static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept { return whole_lines(4 * rhs_lines * k); }
    static void pack_lhs(lines_view<float> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack_floats<lhs_lines>(from, lines, k, static_cast<float*>(to));
    }
    static void pack_rhs(lines_view<float> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack_floats<rhs_lines>(from, lines, k, static_cast<float*>(to));
    }
    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, float* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        float_tile tile = {};
        if (start == tile_start::sums) tile.load_from(sums, stride);
        tile.add_chain(static_cast<const float*>(lhs), static_cast<const float*>(rhs), k);
        tile.unify_nan();
        tile.store_to(sums, stride);
    }
};

inline constexpr auto f32 = make_matrix_kernel<f32_tile>("neon f32 8x12", instruction_set::neon);

}  // namespace dyad::inline v1::neon

#endif
