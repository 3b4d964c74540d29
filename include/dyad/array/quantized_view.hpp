// SPDX-License-Identifier: Apache-2.0
// quantized_view: a matrix of codes with the scales they share: value = (element - zero point) * scale * tensor_scale.
// Never owns. What quantize writes, and what all that computes with shared scales reads.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/array/scale_map.hpp>
#include <dyad/array/view.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// A matrix of elements: matrix_view, packed_matrix, the codes of blocks. m(i, j) reads one, and where the elements are
/// not const, m(i, j) = x writes one.
template <class M>
concept code_matrix = requires(const M m, index i) {
    typename M::element_type;
    { m.extent[0] } -> std::convertible_to<index>;
    { m.extent[1] } -> std::convertible_to<index>;
    static_cast<std::remove_const_t<typename M::element_type>>(m(i, i));
};

template <code_matrix M>
using element_of = std::remove_const_t<typename M::element_type>;

/// Can the zero points that min_max finds be stored?
template <class E, class Zero>
[[nodiscard]] constexpr bool holds_zero_points() noexcept {
    if constexpr (stores_zero_points<Zero> && requires { E::max_raw; }) {
        using Z = typename Zero::value_type;
        return static_cast<int128_t>(E::max_raw) <= static_cast<int128_t>(word_max<Z>()) &&
               static_cast<int128_t>(E::min_raw) >= static_cast<int128_t>(word_min<Z>());
    } else {
        return true;
    }
}

/// Codes, their scales, their zero points. S: the scale's format.
template <code_matrix Codes, class S, class Zero = no_zero_points>
struct quantized_view {
    Codes codes;
    scale_map<S> scales;
    [[no_unique_address]] Zero zero = {};

    using element = element_of<Codes>;
    using scale = std::remove_const_t<S>;
    static_assert(
        std::same_as<Zero, no_zero_points> || requires { element::max_raw; },
        "dyad::quantized_view's zero points need fixed-point elements.");

    /// The zero point of element (i, j).
    [[nodiscard]] constexpr std::int64_t zero_point([[maybe_unused]] index i, [[maybe_unused]] index j) const noexcept {
        return zero_point_of(zero, &scales(i, j) - scales.data);
    }
    /// The value of element (i, j), exactly. A NaN scale makes it NaN.
    [[nodiscard]] constexpr unpacked_wide value(index i, index j) const noexcept {
        const auto s = resize<uint128_t>(dyad::unpack(static_cast<scale>(scales(i, j))));
        const auto g = resize<uint128_t>(dyad::unpack(scales.tensor_scale));
        return exact_product(element_value(i, j), exact_product(s, g));
    }
    /// The same in any number type, rounded once.
    template <number To>
    [[nodiscard]] constexpr To value_as(index i, index j, rounding rule = rounding::nearest_even,
                                        saturation policy = saturation::none) const noexcept {
        return pack_as<To>(value(i, j), rule, policy);
    }

private:
    [[nodiscard]] constexpr unpacked_wide element_value(index i, index j) const noexcept {
        const auto x = static_cast<element>(codes(i, j));
        if constexpr (std::same_as<Zero, no_zero_points>) {
            return resize<uint128_t>(dyad::unpack(x));
        } else {
            const int128_t raw = static_cast<int128_t>(x.raw()) - zero_point(i, j);
            return unpacked_wide::finite(raw < 0, magnitude(raw), -element::fraction);
        }
    }
    [[nodiscard]] static constexpr std::int64_t zero_point_of(no_zero_points, index) noexcept { return 0; }
    template <int Value>
    [[nodiscard]] static constexpr std::int64_t zero_point_of(constant_zero_point<Value>, index) noexcept {
        return Value;
    }
    template <class Z>
    [[nodiscard]] static constexpr std::int64_t zero_point_of(zero_points<Z> z, index place) noexcept {
        return static_cast<std::int64_t>(z.data[place]);
    }
};

template <code_matrix Codes, class S, class Zero = no_zero_points>
quantized_view(Codes, scale_map<S>, Zero) -> quantized_view<Codes, S, Zero>;
template <code_matrix Codes, class S>
quantized_view(Codes, scale_map<S>) -> quantized_view<Codes, S>;

/// The stored zero points as a matrix, as scales_of gives the scales.
template <code_matrix Codes, class S, class Z>
[[nodiscard]] constexpr matrix_view<Z> zeros_of(const quantized_view<Codes, S, zero_points<Z>>& m, index rows,
                                                index columns) noexcept {
    return {m.zero.data, scales_of(m.scales, rows, columns).extent, m.scales.stride};
}

/// Rows become columns.
template <code_matrix Codes, class S, class Zero>
[[nodiscard]] constexpr quantized_view<Codes, S, Zero> transposed(const quantized_view<Codes, S, Zero>& m) noexcept {
    return {transposed(m.codes), transposed(m.scales), m.zero};
}

}  // namespace dyad::inline v1
