// SPDX-License-Identifier: Apache-2.0
// Elements of a quantized view as integers: element - zero point = raw * 2^lowest with |raw| < 2^bits, both known from
// the types. Products of such integers are added in a word that cannot overflow.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/array/elements.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// Integers below 2^bits in magnitude, in units of 2^lowest.
struct integer_range {
    int lowest;
    int bits;
};

/// Bits of a zero point: those of its type, or of the constant.
[[nodiscard]] constexpr int zero_point_bits(no_zero_points) noexcept { return 0; }
template <int Value>
[[nodiscard]] constexpr int zero_point_bits(constant_zero_point<Value>) noexcept {
    return bit_width(magnitude(Value));
}
template <class Z>
[[nodiscard]] constexpr int zero_point_bits(zero_points<Z>) noexcept {
    static_assert(sizeof(Z) <= 4, "dyad: exact sums take zero points of at most 32 bits.");
    return word_width<std::remove_const_t<Z>>;
}

/// Fixed-point numbers: value = raw * 2^-fraction.
template <class E>
inline constexpr bool is_fixed_point = requires {
    E::max_raw;
    E::fraction;
};

/// Where the elements of a view lie, less their zero points.
template <class View>
[[nodiscard]] consteval integer_range integers_of() noexcept {
    using E = typename View::element;
    constexpr value_range range = value_range_of<E>();
    constexpr int bits = range.top + 1 - range.low;
    if constexpr (std::same_as<decltype(View::zero), no_zero_points>) {
        return {range.low, bits};
    } else {
        constexpr int zero = zero_point_bits(decltype(View::zero){});
        return {-E::fraction, (zero > E::width ? zero : E::width) + 1};
    }
}

/// Do the elements have such integers, of a word?
template <class View>
inline constexpr bool has_integers = integers_of<View>().bits <= 62;

/// The word of one element's integer; its lowest value is not used by any, and stands for infinities and NaN.
template <class View>
using integer_of = least_int<(integers_of<View>().bits < 15 ? 16 : integers_of<View>().bits + 1)>;

/// The integer of one element without a zero point.
template <number E, signed_word Word>
[[nodiscard]] constexpr Word integer_of_element(E x) noexcept {
    if constexpr (is_fixed_point<E>) {
        return static_cast<Word>(x.raw());
    } else {
        const auto u = dyad::unpack(x);
        if (u.kind == number_class::zero) return 0;
        if (u.kind != number_class::finite) return word_min<Word>();
        const int up = u.exponent - value_range_of<E>().low;
        const auto m = static_cast<Word>(up >= 0 ? u.significand << up : u.significand >> -up);
        return static_cast<Word>(u.negative ? -m : m);
    }
}

/// The same of every code of at most 8 bits.
template <format E, signed_word Word>
    requires(E::width <= 8)
inline constexpr auto integer_table = [] {
    std::array<Word, 1 << E::width> table{};
    for (unsigned code = 0; code < table.size(); ++code) {
        table[code] = integer_of_element<E, Word>(E::from_bits(static_cast<typename E::bits_type>(code)));
    }
    return table;
}();

/// Elements (i, j + c) for c < n, in constant expressions too; at most convert_piece of them.
template <code_matrix Codes>
constexpr void read_elements(instruction_set isa, const Codes& codes, index i, index j, index n,
                             element_of<Codes>* dst) noexcept {
    if (std::is_constant_evaluated()) {
        for (index c = 0; c < n; ++c) dst[c] = codes(i, j + c);
    } else {
        load_elements(isa, codes, i, j, n, dst);
    }
}

/// dst[c] = the integer of element (i, j + c) less its zero point, for c < n; at most convert_piece of them. True where
/// all are finite.
template <class View>
constexpr bool read_integers(instruction_set isa, const View& view, index i, index j, index n,
                             integer_of<View>* dst) noexcept {
    using E = typename View::element;
    using Word = integer_of<View>;
    E elements[convert_piece];
    read_elements(isa, view.codes, i, j, n, static_cast<E*>(elements));
    if constexpr (is_fixed_point<E>) {
        for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(elements[c].raw());
        if constexpr (has_constant_zero_point<decltype(View::zero)>) {
            for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(dst[c] - decltype(View::zero)::value);
        } else if constexpr (stores_zero_points<decltype(View::zero)>) {
            for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(dst[c] - view.zero_point(i, j + c));
        }
        return true;
    } else {
        bool finite = true;
        for (index c = 0; c < n; ++c) {
            Word x{};
            if constexpr (requires { integer_table<E, Word>; }) x = integer_table<E, Word>[elements[c].bits()];
            else x = integer_of_element<E, Word>(elements[c]);
            finite = finite && x != word_min<Word>();
            dst[c] = x;
        }
        return finite;
    }
}

/// The word of a sum of products of two views' integers, and how many products it holds whatever the codes.
template <class A, class B>
inline constexpr int product_bits = integers_of<A>().bits + integers_of<B>().bits;
template <class A, class B>
using product_sum = least_int<(product_bits<A, B> <= 26   ? 32
                               : product_bits<A, B> <= 57 ? 64
                                                          : 128)>;
template <class A, class B>
inline constexpr index product_chain = [] {
    constexpr int spare = word_width<product_sum<A, B>> - 1 - product_bits<A, B>;
    return spare >= 9 ? static_cast<index>(convert_piece) : index{1} << spare;
}();

/// sum of lhs[c] * rhs[c] for c < n, at most product_chain<A, B> of them. In steps of 16, which compilers unroll.
template <signed_word Sum, signed_word A, signed_word B>
[[nodiscard]] constexpr Sum sum_of_products(const A* lhs, const B* rhs, index n) noexcept {
    Sum sum = 0;
    index c = 0;
    for (; n - c >= 16; c += 16) {
        for (index k = c; k < c + 16; ++k) {
            sum = static_cast<Sum>(sum + static_cast<Sum>(lhs[k]) * static_cast<Sum>(rhs[k]));
        }
    }
    for (; c < n; ++c) sum = static_cast<Sum>(sum + static_cast<Sum>(lhs[c]) * static_cast<Sum>(rhs[c]));
    return sum;
}

}  // namespace dyad::inline v1
