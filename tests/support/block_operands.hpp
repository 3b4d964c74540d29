// SPDX-License-Identifier: Apache-2.0
// Operands of products with shared scales, with random codes: blocks, groups with zero points, plain matrices.
#pragma once

#include <dyad/array/block.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/number/power_of_two.hpp>

#include "support/shared_scale_check.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace dyad_test {

using dyad::index;

/// Scales near each other; any finite ones; NaN and infinities too; the smallest and the largest.
enum class contents : std::uint8_t { near, finite, any, extreme };

template <dyad::number S>
[[nodiscard]] S random_scale(contents what, std::mt19937_64& random) {
    if (what == contents::any && random() % 16 == 0) return random_number<S>(random, true);
    if (what == contents::extreme) {
        const auto r = random() % 3;
        if (r == 0) return std::numeric_limits<S>::max();
        if (r == 1) return S::from_bits(1);
    }
    if (what == contents::near || what == contents::any) {
        const auto e = static_cast<int>(random() % 3) - 4;
        const double x = random() % 2 == 0 || what == contents::near ? 1.0 : 1.75;
        return dyad::convert<S>(std::ldexp(x, e), dyad::rounding::nearest_even, dyad::saturation::finite);
    }
    return random_number<S>(random, false);
}
template <>
[[nodiscard]] inline float random_scale<float>(contents what, std::mt19937_64& random) {
    if (what == contents::any && random() % 16 == 0) return from_random_bits<float>(random());
    if (what == contents::extreme) return random() % 2 == 0 ? 1e-38F : 3e38F;
    const auto e =
        static_cast<int>(random() % (what == contents::finite ? 100 : 5)) - (what == contents::finite ? 50 : 4);
    return std::ldexp(1 + static_cast<float>(random() % 1024) / 1024, e);
}
template <dyad::number E>
[[nodiscard]] E random_element(contents what, std::mt19937_64& random) {
    if (what == contents::any && random() % 64 == 0) return random_number<E>(random, true);
    if constexpr (requires { E::format; }) {
        if (what == contents::near && E::width > 8)
            return dyad::convert<E>(static_cast<double>(static_cast<int>(random() % 512) - 256) / 64);
    }
    return random_number<E>(random, false);
}
template <>
[[nodiscard]] inline float random_element<float>(contents, std::mt19937_64& random) {
    return static_cast<float>(static_cast<int>(random() % 4096) - 2048) / 512;
}

/// Blocks along rows.
template <class B>
struct block_operand {
    index rows;
    index columns;
    std::vector<B> blocks;
    float tensor_scale = 1;

    block_operand(index r, index c, contents what, std::mt19937_64& random, int = 1)
        : rows(r), columns(c), blocks(static_cast<std::size_t>(r * dyad::tiles_of(c, B::size))) {
        using E = typename B::element_type;
        for (B& b : blocks) {
            b.scale = random_scale<typename B::scale_type>(what, random);
            const bool zero = random() % 16 == 0;
            // A block of zeros may have any scale.
            if (zero) b.scale = B::scale_type::from_bits(static_cast<typename B::scale_type::bits_type>(random() % 2));
            for (int i = 0; i < B::size; ++i)
                b.set_element(i, zero ? dyad::zero_element<B>() : random_element<E>(what, random));
        }
        if constexpr (B::layout.levels == dyad::scale_levels::two)
            tensor_scale = std::ldexp(1 + static_cast<float>(random() % 64) / 64, static_cast<int>(random() % 8) - 4);
    }
    [[nodiscard]] auto view() const { return dyad::view_of_blocks(blocks.data(), rows, columns, tensor_scale); }
};

/// Groups of Size columns that share a scale, whole rows where it is 0, with zero points of type Z where it is not
/// void.
template <class E, class S, int Size, class Z = void>
struct grouped {
    static constexpr bool has_zeros = !std::is_void_v<Z>;
    index rows;
    index columns;
    index step;
    index tile;
    std::vector<E> codes;
    std::vector<S> scales;
    std::vector<std::conditional_t<has_zeros, Z, char>> zeros;
    float tensor_scale = 1;

    grouped(index r, index c, contents what, std::mt19937_64& random, index apart = 1)
        : rows(r),
          columns(c),
          step(apart),
          tile(Size == 0 ? dyad::whole_extent : Size),
          codes(static_cast<std::size_t>(r * c * apart + 1)),
          scales(static_cast<std::size_t>(r * dyad::tiles_of(c, tile) + 1)),
          zeros(scales.size()) {
        for (E& x : codes) x = random_element<E>(what, random);
        for (S& x : scales) x = random_scale<S>(what, random);
        if constexpr (has_zeros) {
            // All that the type holds.
            for (Z& z : zeros) z = static_cast<Z>(random());
        }
    }
    [[nodiscard]] auto view() const {
        const dyad::matrix_view<const E> elements{codes.data(), {rows, columns}, {columns * step, step}};
        const auto map =
            dyad::scale_map<const S>{scales.data(), {1, tile}, {dyad::tiles_of(columns, tile), 1}, tensor_scale};
        if constexpr (has_zeros) return dyad::quantized_view{elements, map, dyad::zero_points<const Z>{zeros.data()}};
        else return dyad::quantized_view{elements, map};
    }
};

/// A matrix without scales.
template <class E>
struct plain {
    index rows;
    index columns;
    std::vector<E> codes;

    plain(index r, index c, contents what, std::mt19937_64& random, int = 1)
        : rows(r), columns(c), codes(static_cast<std::size_t>(r * c + 1)) {
        for (E& x : codes) x = random_element<E>(what, random);
    }
    [[nodiscard]] auto view() const { return dyad::make_matrix(codes.data(), rows, columns); }
};

}  // namespace dyad_test
