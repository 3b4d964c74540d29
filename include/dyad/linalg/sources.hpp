// SPDX-License-Identifier: Apache-2.0
// Sources: an operand as lines of carriers, the numbers that a kernel multiplies. A line of lhs is a row; a line of rhs
// is a column. Where the codes are carriers already, a source points into the operand's memory; else it decodes.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/look_up.hpp>
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

/// Numbers in one byte: their carriers by that byte. Bytes that no number has are never looked up.
template <number T>
inline constexpr bool fills_a_byte = format<T> && sizeof(T) == 1;

template <number T, class C>
    requires fills_a_byte<T>
inline constexpr std::array<C, 256> carrier_table = [] {
    std::array<C, 256> table{};
    if constexpr (requires { T::from_raw(0); }) {
        for (int raw = std::numeric_limits<T>::lowest().raw(); raw <= std::numeric_limits<T>::max().raw(); ++raw) {
            const auto x = T::from_raw(static_cast<typename T::raw_type>(raw));
            table[static_cast<std::uint8_t>(raw)] = carrier_value<C>(x);
        }
    } else {
        for (unsigned code = 0; code < (1U << T::width); ++code) {
            table[code] = carrier_value<C>(T::from_bits(static_cast<typename T::bits_type>(code)));
        }
    }
    return table;
}();

/// A matrix of T, a line of which is a row of the view: lhs as it is, rhs transposed.
template <number T, class C>
class plain_source {
public:
    using carrier_type = C;

    constexpr explicit plain_source(matrix_view<const T> m, instruction_set isa = best_instruction_set()) noexcept
        : m_(m), isa_(isa) {}
    [[nodiscard]] constexpr index lines() const noexcept { return m_.extent[0]; }
    [[nodiscard]] constexpr index depth() const noexcept { return m_.extent[1]; }

    [[nodiscard]] lines_view<C> read(index first, index count, index k0, index k, C* buffer) const noexcept {
        const T* const from = shifted(m_.data, first * m_.stride[0] + k0 * m_.stride[1]);
        if constexpr (is_carrier<T, C>()) {
            return {reinterpret_cast<const C*>(from), m_.stride[0], m_.stride[1]};
        } else if (m_.stride[0] == 1 && m_.stride[1] != 1) {
            // Lines side by side: their elements at each k lie in a row.
            for (index i = 0; i < k; ++i) decode(shifted(from, i * m_.stride[1]), 1, count, buffer + i * count);
            return {buffer, 1, count};
        } else {
            for (index i = 0; i < count; ++i) decode(shifted(from, i * m_.stride[0]), m_.stride[1], k, buffer + i * k);
            return {buffer, k, 1};
        }
    }

private:
    void decode(const T* from, index step, index n, C* to) const noexcept {
        if constexpr (fills_a_byte<T>) {
            const auto* const bytes = reinterpret_cast<const std::uint8_t*>(from);
            if constexpr (sizeof(C) <= 2) {
                // A table of bytes or of halves, looked up by a kernel.
                using word = std::conditional_t<sizeof(C) == 1, std::uint8_t, std::uint16_t>;
                if (step == 1 && n >= 32) {
                    const auto* const table = reinterpret_cast<const word*>(carrier_table<T, C>.data());
                    look_up_codes(isa_, table, std::uint8_t{0xff}, bytes, reinterpret_cast<word*>(to),
                                  static_cast<std::size_t>(n));
                    return;
                }
            }
            for (index i = 0; i < n; ++i) to[i] = carrier_table<T, C>[bytes[i * step]];
        } else {
            if constexpr (!std::integral<C>) {
                if (step == 1) {
                    const auto size = static_cast<std::size_t>(n);
                    return convert_elements(isa_, from, to, size, rounding::nearest_even, saturation::none, 0);
                }
            }
            for (index i = 0; i < n; ++i) to[i] = carrier_value<C>(from[i * step]);
        }
    }

    matrix_view<const T> m_;
    instruction_set isa_;
};

/// L-Mul is two exact products: of lhs' = (x, P(x)) and rhs' = (P(y), y - (1 - 2^-l) P(y)), K doubled, interleaved.
/// Source: Luo and Sun, arXiv 2410.00907.
template <class C, operand_side Side, number T>
[[nodiscard]] constexpr std::array<C, 2> lmul_parts(T x) noexcept {
    const auto exactly = [](const unpacked& part) {
        return pack_as<C>(part, rounding::nearest_even, saturation::none);
    };
    const C power = exactly(power_of_two_part(unpack(x)));
    if constexpr (Side == operand_side::lhs) return {convert<C>(x), power};
    else return {power, exactly(lmul_rest(unpack(x), lmul_constant::rule(T::format.significand_bits)))};
}
template <class C, operand_side Side, number T>
    requires fills_a_byte<T>
inline constexpr auto lmul_table = [] {
    std::array<std::array<C, 2>, std::size_t{1} << T::width> table{};
    for (unsigned code = 0; code < table.size(); ++code)
        table[code] = lmul_parts<C, Side>(T::from_bits(static_cast<typename T::bits_type>(code)));
    return table;
}();

template <number T, class C, operand_side Side>
class lmul_source {
public:
    using carrier_type = C;

    constexpr explicit lmul_source(matrix_view<const T> m, instruction_set = best_instruction_set()) noexcept : m_(m) {}
    [[nodiscard]] constexpr index lines() const noexcept { return m_.extent[0]; }
    [[nodiscard]] constexpr index depth() const noexcept { return 2 * m_.extent[1]; }

    /// k0 and k count carriers and are even.
    [[nodiscard]] lines_view<C> read(index first, index count, index k0, index k, C* buffer) const noexcept {
        for (index i = 0; i < count; ++i) {
            for (index j = 0; j < k; j += 2) {
                const std::array<C, 2> parts = split(m_(first + i, (k0 + j) / 2));
                buffer[i * k + j] = parts[0];
                buffer[i * k + j + 1] = parts[1];
            }
        }
        return {buffer, k, 1};
    }

private:
    [[nodiscard]] static std::array<C, 2> split(T x) noexcept {
        if constexpr (fills_a_byte<T>) return lmul_table<C, Side, T>[x.bits()];
        else return lmul_parts<C, Side>(x);
    }

    matrix_view<const T> m_;
};

}  // namespace dyad::inline v1
