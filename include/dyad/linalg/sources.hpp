// SPDX-License-Identifier: Apache-2.0
// Sources: an operand as lines of carriers, the numbers that a kernel multiplies. A line of lhs is a row; a line of rhs
// is a column. Where the codes are carriers already, a source points into the operand's memory; else it decodes.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/number/lmul.hpp>

namespace dyad::inline v1 {

enum class operand_side : std::uint8_t { lhs, rhs };

/// read(first, count, k0, k, buffer): lines first .. first + count - 1, their elements k0 .. k0 + k - 1, in memory of
/// the operand or in `buffer` of count * k carriers. All within lines() and depth().
template <class S>
concept line_source = requires(const S s, index i, typename S::carrier_type* buffer) {
    { s.lines() } -> std::same_as<index>;
    { s.depth() } -> std::same_as<index>;
    { s.read(i, i, i, i, buffer) } -> std::same_as<lines_view<typename S::carrier_type>>;
};

/// Is an array of T an array of carriers C: a number that is nothing but its carrier?
template <class T, class C>
[[nodiscard]] constexpr bool is_carrier() noexcept {
    if constexpr (std::same_as<T, C>) return true;
    else if constexpr (requires {
                           T::fraction;
                           requires std::same_as<typename T::raw_type, C>;
                       })
        return sizeof(T) == sizeof(C);
    else return false;
}

/// The carrier of one number: the exact integer of whole_number, or the value itself.
template <class C, number T>
[[nodiscard]] constexpr C carrier_value(T x) noexcept {
    if constexpr (std::integral<C>) return static_cast<C>(whole_number(x));
    else return convert<C>(x);
}

/// A matrix of T, a line of which is a row of the view: lhs as it is, rhs transposed.
template <number T, class C>
class plain_source {
public:
    using carrier_type = C;

    constexpr explicit plain_source(matrix_view<const T> m) noexcept : m_(m) {}
    [[nodiscard]] constexpr index lines() const noexcept { return m_.extent[0]; }
    [[nodiscard]] constexpr index depth() const noexcept { return m_.extent[1]; }

    [[nodiscard]] lines_view<C> read(index first, index count, index k0, index k, C* buffer) const noexcept {
        const T* const from = shifted(m_.data, first * m_.stride[0] + k0 * m_.stride[1]);
        if constexpr (is_carrier<T, C>()) {
            return {reinterpret_cast<const C*>(from), m_.stride[0], m_.stride[1]};
        } else if (m_.stride[0] == 1 && m_.stride[1] != 1) {
            // Lines side by side: their elements at each k lie in a row.
            for (index i = 0; i < k; ++i) decode(from + i * m_.stride[1], 1, count, buffer + i * count);
            return {buffer, 1, count};
        } else {
            for (index i = 0; i < count; ++i) decode(from + i * m_.stride[0], m_.stride[1], k, buffer + i * k);
            return {buffer, k, 1};
        }
    }

private:
    static void decode(const T* from, index step, index n, C* to) noexcept {
        if constexpr (!std::integral<C>) {
            if (step == 1 && n >= 16) {
                const auto size = static_cast<std::size_t>(n);
                static_cast<void>(convert(std::span<const T>(from, size), std::span<C>(to, size)));
                return;
            }
        }
        for (index i = 0; i < n; ++i) to[i] = carrier_value<C>(from[i * step]);
    }

    matrix_view<const T> m_;
};

/// L-Mul is two exact products: of lhs' = (x, P(x)) and rhs' = (P(y), y - (1 - 2^-l) P(y)), K doubled, interleaved.
/// Source: Luo and Sun, arXiv 2410.00907.
template <number T, class C, operand_side Side>
class lmul_source {
public:
    using carrier_type = C;

    constexpr explicit lmul_source(matrix_view<const T> m) noexcept : m_(m) {}
    [[nodiscard]] constexpr index lines() const noexcept { return m_.extent[0]; }
    [[nodiscard]] constexpr index depth() const noexcept { return 2 * m_.extent[1]; }

    /// k0 and k count carriers and are even.
    [[nodiscard]] lines_view<C> read(index first, index count, index k0, index k, C* buffer) const noexcept {
        for (index i = 0; i < count; ++i) {
            for (index j = 0; j < k; j += 2) split(m_(first + i, (k0 + j) / 2), buffer + i * k + j);
        }
        return {buffer, k, 1};
    }

private:
    static void split(T x, C* to) noexcept {
        if constexpr (Side == operand_side::lhs) {
            to[0] = convert<C>(x);
            to[1] = as_carrier(power_of_two_part(unpack(x)));
        } else {
            to[0] = as_carrier(power_of_two_part(unpack(x)));
            to[1] = as_carrier(lmul_rest(unpack(x), lmul_constant::rule(T::format.significand_bits)));
        }
    }
    static C as_carrier(const unpacked& x) noexcept { return pack_as<C>(x, rounding::nearest_even, saturation::none); }

    matrix_view<const T> m_;
};

}  // namespace dyad::inline v1
