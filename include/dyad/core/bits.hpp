// SPDX-License-Identifier: Apache-2.0
// Words and widths: masks, sign extension, bit counts, and the smallest native type of a given width.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/core/assert.hpp>

namespace dyad::inline v1 {

// __extension__ keeps -Wpedantic quiet: the type is the compiler's own in strict ISO mode.
__extension__ typedef __int128 int128_t;
__extension__ typedef unsigned __int128 uint128_t;

/// Unsigned words that significands and codes are kept in (std::unsigned_integral leaves out 128 bits in ISO mode).
template <class T>
concept unsigned_word = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t> || std::same_as<T, uint128_t>;

/// Signed words, two's complement.
template <class T>
concept signed_word = std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, int128_t>;

/// Bits in the representation of a word.
template <class T>
inline constexpr int word_width = static_cast<int>(sizeof(T)) * 8;

/// Smallest unsigned word with at least `Bits` bits, 1 <= Bits <= 128.
template <int Bits>
    requires(Bits >= 1 && Bits <= 128)
using least_uint = std::conditional_t<
    Bits <= 8, std::uint8_t,
    std::conditional_t<
        Bits <= 16, std::uint16_t,
        std::conditional_t<Bits <= 32, std::uint32_t, std::conditional_t<Bits <= 64, std::uint64_t, uint128_t>>>>;

/// Smallest signed word with at least `Bits` bits, 1 <= Bits <= 128.
template <int Bits>
    requires(Bits >= 1 && Bits <= 128)
using least_int =
    std::conditional_t<Bits <= 8, std::int8_t,
                       std::conditional_t<Bits <= 16, std::int16_t,
                                          std::conditional_t<Bits <= 32, std::int32_t,
                                                             std::conditional_t<Bits <= 64, std::int64_t, int128_t>>>>;

/// The signed word of the same width, and the other way round.
template <unsigned_word T>
using signed_of = least_int<word_width<T>>;
template <signed_word T>
using unsigned_of = least_uint<word_width<T>>;

/// `count` ones at the low end, 0 <= count <= word_width<T>.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr T low_mask(int count) noexcept {
    DYAD_ASSERT(count >= 0 && count <= word_width<T>);
    return count == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (word_width<T> - count));
}

/// Position of the highest set bit plus one; 0 for 0.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr int bit_width(T x) noexcept {
    if constexpr (std::same_as<T, uint128_t>) {
        const auto high = static_cast<std::uint64_t>(x >> 64);
        return high != 0 ? 64 + bit_width(high) : bit_width(static_cast<std::uint64_t>(x));
    } else {
        return static_cast<int>(std::bit_width(x));
    }
}

/// Number of zeros below the lowest set bit; word_width<T> for 0.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr int trailing_zeros(T x) noexcept {
    if constexpr (std::same_as<T, uint128_t>) {
        const auto low = static_cast<std::uint64_t>(x);
        return low != 0 ? trailing_zeros(low) : 64 + trailing_zeros(static_cast<std::uint64_t>(x >> 64));
    } else {
        return std::countr_zero(x);
    }
}

/// The low `width` bits of `pattern` read as a two's complement number, 1 <= width <= word_width<T>.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr signed_of<T> sign_extend(T pattern, int width) noexcept {
    DYAD_ASSERT(width >= 1 && width <= word_width<T>);
    // (x ^ s) - s moves the field's sign bit s to the top of the word; unsigned arithmetic wraps as it must.
    const T sign = static_cast<T>(T{1} << (width - 1));
    const T field = static_cast<T>(pattern & low_mask<T>(width));
    return static_cast<signed_of<T>>(static_cast<T>((field ^ sign) - sign));
}

/// |x| as an unsigned word; right for the most negative value too.
template <signed_word T>
[[nodiscard]] DYAD_HD constexpr unsigned_of<T> magnitude(T x) noexcept {
    const auto pattern = static_cast<unsigned_of<T>>(x);
    return x < 0 ? static_cast<unsigned_of<T>>(unsigned_of<T>{0} - pattern) : pattern;
}

/// x * 2^-shift rounded down for any shift >= 0: shifts of the whole word or more give 0.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr T shift_right(T x, int shift) noexcept {
    DYAD_ASSERT(shift >= 0);
    return shift >= word_width<T> ? T{0} : static_cast<T>(x >> shift);
}

}  // namespace dyad::inline v1
