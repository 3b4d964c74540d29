// SPDX-License-Identifier: Apache-2.0
// Elements of a quantized view as integers: element - zero point = raw * 2^lowest with |raw| < 2^bits, both known from
// the types. Products of such integers are added in a word that cannot overflow.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
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
inline constexpr bool has_integers = integers_of<View>().bits <= 63;

/// The word of one element's integer; its lowest value is not used by any, and stands for infinities and NaN.
template <class View>
using integer_of = least_int<(integers_of<View>().bits <= 15   ? 16
                              : integers_of<View>().bits <= 31 ? 32
                                                               : 64)>;

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

/// Are there codes without an integer: infinities, NaN?
template <format E, signed_word Word>
inline constexpr bool all_have_integers = [] {
    for (const Word x : integer_table<E, Word>) {
        if (x == word_min<Word>()) return false;
    }
    return true;
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

/// n elements in an array to integers, whatever their zero points. True where all are finite.
template <number E, signed_word Word>
[[nodiscard]] constexpr bool to_integers(const E* src, index n, Word* dst) noexcept {
    if constexpr (is_fixed_point<E>) {
        for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(src[c].raw());
        return true;
    } else {
        bool special = false;
        for (index c = 0; c < n; ++c) {
            if constexpr (requires { integer_table<E, Word>; }) dst[c] = integer_table<E, Word>[src[c].bits()];
            else dst[c] = integer_of_element<E, Word>(src[c]);
            special |= dst[c] == word_min<Word>();
        }
        return !special;
    }
}

/// The integers of both elements in a byte of two codes of 4 bits.
template <signed_word Word>
struct integer_pair {
    Word low, high;
};
template <format E, signed_word Word, int Zero>
    requires(E::width == 4)
inline constexpr auto integer_pairs = [] {
    std::array<integer_pair<Word>, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        table[byte] = {static_cast<Word>(integer_table<E, Word>[byte % 16] - Zero),
                       static_cast<Word>(integer_table<E, Word>[byte / 16] - Zero)};
    }
    return table;
}();

/// The integers of a whole block whose codes are bytes or pairs of codes without infinities and NaN.
template <class Block>
inline constexpr bool decodes_as_bytes = Block::element_type::width == 8;
template <class Block, signed_word Word>
inline constexpr bool decodes_as_pairs = false;
template <class Block, signed_word Word>
    requires(Block::element_type::width == 4 && Block::size % 2 == 0)
inline constexpr bool decodes_as_pairs<Block, Word> = all_have_integers<typename Block::element_type, Word>;

template <class Block, signed_word Word>
[[nodiscard]] bool block_to_integers(const Block& from, Word* dst) noexcept {
    using E = typename Block::element_type;
    constexpr int zero = Block::layout.zero_point;
    if constexpr (decodes_as_pairs<Block, Word>) {
        constexpr bool halves = Block::layout.order == code_order::halves;
        for (int b = 0; b < Block::size / 2; ++b) {
            const integer_pair<Word> pair = integer_pairs<E, Word, zero>[from.codes[b]];
            dst[halves ? b : 2 * b] = pair.low;
            dst[halves ? b + Block::size / 2 : 2 * b + 1] = pair.high;
        }
        return true;
    } else if constexpr (is_fixed_point<E>) {
        // Bytes may alias dst, a copy of them does not: only so do compilers make vectors of the loop.
        typename E::raw_type raw[static_cast<std::size_t>(Block::size)];
        __builtin_memcpy(raw, from.codes, sizeof raw);
        for (int b = 0; b < Block::size; ++b) dst[b] = static_cast<Word>(raw[b] - zero);
        return true;
    } else {
        for (int b = 0; b < Block::size; ++b) dst[b] = integer_table<E, Word>[from.codes[b]];
        if constexpr (all_have_integers<E, Word>) return true;
        std::uint32_t special = 0;
        for (int b = 0; b < Block::size; ++b) special |= static_cast<std::uint32_t>(dst[b] == word_min<Word>());
        return special == 0;
    }
}

/// dst[c] = the integer of element (i, j + c) less its zero point, for c < n; at most convert_piece of them. True where
/// all are finite.
template <class View>
[[nodiscard]] constexpr bool read_integers(instruction_set isa, const View& view, index i, index j, index n,
                                           integer_of<View>* dst) noexcept {
    using E = typename View::element;
    using Word = integer_of<View>;
    E elements[convert_piece];
    read_elements(isa, view.codes, i, j, n, static_cast<E*>(elements));
    const bool finite = to_integers(static_cast<const E*>(elements), n, dst);
    if constexpr (has_constant_zero_point<decltype(View::zero)>) {
        for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(dst[c] - decltype(View::zero)::value);
    } else if constexpr (stores_zero_points<decltype(View::zero)>) {
        for (index c = 0; c < n; ++c) dst[c] = static_cast<Word>(dst[c] - view.zero_point(i, j + c));
    }
    return finite;
}
/// The same of blocks, whole ones straight from their bytes.
template <class B, class S, class Zero>
    requires(decodes_as_bytes<std::remove_const_t<B>> ||
             decodes_as_pairs<std::remove_const_t<B>, integer_of<quantized_view<block_codes<B>, S, Zero>>>)
[[nodiscard]] bool read_integers(instruction_set, const quantized_view<block_codes<B>, S, Zero>& view, index i, index j,
                                 index n, integer_of<quantized_view<block_codes<B>, S, Zero>>* dst) noexcept {
    using plain = std::remove_const_t<B>;
    using Word = integer_of<quantized_view<block_codes<B>, S, Zero>>;
    bool finite = true;
    for (index c = 0; c < n;) {
        const plain& from = view.codes.block_of(i, j + c);
        const index at = (j + c) % plain::size;
        const index rest = plain::size - at < n - c ? plain::size - at : n - c;
        if (rest == plain::size) {
            finite &= block_to_integers(from, dst + c);
        } else {
            // (what stands behind the last element is not looked at)
            using E = typename plain::element_type;
            for (index k = 0; k < rest; ++k) {
                const Word x = integer_of_element<E, Word>(from.element(static_cast<int>(at + k)));
                finite &= x != word_min<Word>();
                dst[c + k] = static_cast<Word>(x - plain::layout.zero_point);
            }
        }
        c += rest;
    }
    return finite;
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
