// SPDX-License-Identifier: Apache-2.0
// Operands of products with shared scales: quantized views, plain matrices (scale 1), and blocks that lie along the
// columns of a matrix.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/array/element_integers.hpp>
#include <dyad/array/packed_view.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/power_of_two.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// The transpose of block_codes: blocks down the columns, as a k x n matrix of weights in blocks along k is.
template <block_type B>
struct block_columns {
    using element_type = typename block_codes<B>::element_type;
    B* data = nullptr;
    std::array<index, 2> extent = {0, 0};

    /// The same blocks, along rows.
    [[nodiscard]] constexpr block_codes<B> rows() const noexcept { return {data, {extent[1], extent[0]}}; }
    [[nodiscard]] constexpr auto operator()(index i, index j) const noexcept { return rows()(j, i); }
};
template <block_type B>
[[nodiscard]] constexpr block_columns<B> transposed(block_codes<B> m) noexcept {
    return {m.data, {m.extent[1], m.extent[0]}};
}
template <block_type B>
[[nodiscard]] constexpr block_codes<B> transposed(block_columns<B> m) noexcept {
    return m.rows();
}
/// Blocks along rows become blocks down columns, and back.
template <block_type B, class S, class Zero>
[[nodiscard]] constexpr quantized_view<block_columns<B>, S, Zero> transposed(
    const quantized_view<block_codes<B>, S, Zero>& m) noexcept {
    return {transposed(m.codes), transposed(m.scales), m.zero};
}
template <block_type B, class S, class Zero>
[[nodiscard]] constexpr quantized_view<block_codes<B>, S, Zero> transposed(
    const quantized_view<block_columns<B>, S, Zero>& m) noexcept {
    return {transposed(m.codes), transposed(m.scales), m.zero};
}
template <block_type B>
[[nodiscard]] byte_range memory_of(block_columns<B> m) noexcept {
    return memory_of(m.rows());
}
/// dst[c] = element (i, j + c), across blocks.
template <block_type B>
void load_elements(instruction_set, block_columns<B> m, index i, index j, index n,
                   element_of<block_columns<B>>* dst) noexcept {
    for (index c = 0; c < n; ++c) dst[c] = m(i, j + c);
}

template <class V>
inline constexpr bool is_quantized_view = false;
template <class Codes, class S, class Zero>
inline constexpr bool is_quantized_view<quantized_view<Codes, S, Zero>> = true;

/// The scale of numbers that have none.
inline constexpr float8_e8m0fnu scale_of_one = float8_e8m0fnu::from_bits(127);

/// A quantized view as it is, codes without scales under the scale 1.
template <class V>
[[nodiscard]] constexpr auto with_scales(const V& operand) noexcept {
    if constexpr (is_quantized_view<V>) return operand;
    else return quantized_view<V, const float8_e8m0fnu>{operand, per_tensor(&scale_of_one)};
}
template <class V>
using scaled_operand = decltype(with_scales(std::declval<const V&>()));

/// What a product with shared scales takes on either side.
template <class V>
concept block_operand = is_quantized_view<V> || code_matrix<V>;

namespace block_rules {

template <class T>
inline constexpr bool is_power = false;
template <>
inline constexpr bool is_power<float8_e8m0fnu> = true;
template <int Bits>
inline constexpr bool is_power<power_of_two<Bits>> = true;

template <class View>
inline constexpr bool has_zeros = !std::same_as<decltype(View::zero), no_zero_points>;
template <class View>
inline constexpr bool has_fixed_elements = carrier_rules::is_fixed<typename View::element>;

/// Raw numbers of fixed-point elements, less a constant zero point.
struct raw_range {
    std::int64_t low = 0;
    std::int64_t high = 0;
};
template <class View>
[[nodiscard]] consteval raw_range raw_numbers() noexcept {
    using limits = std::numeric_limits<typename View::element>;
    raw_range r{static_cast<std::int64_t>(limits::lowest().raw()), static_cast<std::int64_t>(limits::max().raw())};
    if constexpr (has_constant_zero_point<decltype(View::zero)>) {
        r.low -= decltype(View::zero)::value;
        r.high -= decltype(View::zero)::value;
    }
    return r;
}

/// The integers of a view's elements as carriers: element = (carrier + offset - stored zero point) * 2^unit, carriers
/// of at most `bits` bits with the sign.
struct carried_integers {
    bool exist = false;
    std::int64_t offset = 0;
    int unit = 0;
    int bits = 0;
    std::int64_t largest = 0;  ///< magnitude of carrier + offset - zero point
};
template <class View>
[[nodiscard]] consteval carried_integers integers_carried() noexcept {
    using E = typename View::element;
    if constexpr (has_fixed_elements<View>) {
        if constexpr (E::width > 16) {
            return {};
        } else {
            constexpr raw_range raw = raw_numbers<View>();
            // An unsigned byte moves down, so that it is a signed one.
            const bool moves = E::width == 8 && raw.high > 127 && stores_zero_points<decltype(View::zero)>;
            const std::int64_t offset = moves ? 128 : 0;
            const bool byte = raw.low - offset >= -128 && raw.high - offset <= 127;
            const bool half = raw.low >= -32768 && raw.high <= 32767;
            std::int64_t largest = -raw.low > raw.high ? -raw.low : raw.high;
            if constexpr (stores_zero_points<decltype(View::zero)>) {
                using Z = typename decltype(View::zero)::value_type;
                if (sizeof(Z) > 2) return {};
                const auto low = static_cast<std::int64_t>(std::numeric_limits<Z>::lowest());
                const auto high = static_cast<std::int64_t>(std::numeric_limits<Z>::max());
                const std::int64_t down = high - raw.low;
                const std::int64_t up = raw.high - low;
                largest = down > up ? down : up;
            }
            return {byte || half, offset, -E::fraction, byte ? 8 : 16, largest};
        }
    } else if constexpr (native_float<E>) {
        return {};
    } else {
        constexpr value_range range = value_range_of<E>();
        constexpr int bits = range.top + 1 - range.low;
        if constexpr (E::width <= 8 && bits <= 7) {
            if constexpr (!all_have_integers<E, std::int16_t>) return {};
            std::int64_t largest = 0;
            for (const auto x : integer_table<E, std::int16_t>) largest = largest < x ? x : largest;
            return {true, 0, range.low, 8, largest};
        } else {
            return {};
        }
    }
}

/// Elements less their zero points, exact in a float format?
template <class View>
[[nodiscard]] consteval bool elements_exact_in(float_format to) noexcept {
    if constexpr (has_zeros<View>) {
        constexpr carried_integers integers = integers_carried<View>();
        return integers.exist && bit_width(static_cast<std::uint64_t>(integers.largest)) <= to.precision() &&
               integers.unit >= to.min_exponent();
    } else {
        return carrier_rules::exact_in<typename View::element>(to);
    }
}

/// Element times scale, in bfloat16 but for its exponents?
template <class View>
[[nodiscard]] consteval bool folds() noexcept {
    using E = typename View::element;
    using S = typename View::scale;
    if (has_zeros<View>) return false;
    if constexpr (has_fixed_elements<View>) {
        constexpr raw_range raw = raw_numbers<View>();
        return raw.low >= -256 && raw.high <= 255 && value_range_of<S>().precision == 1;
    } else {
        return value_range_of<E>().precision + (is_power<S> ? 0 : value_range_of<S>().precision) <= 8;
    }
}

/// Every scale is a float, or will be once its exponent is checked.
template <class S>
inline constexpr bool is_float_scale = is_power<S> ||
                                       (value_range_of<S>().precision <= 24 && value_range_of<S>().low >= -149 &&
                                        value_range_of<S>().top <= 127);

}  // namespace block_rules
}  // namespace dyad::inline v1
