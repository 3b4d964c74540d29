// SPDX-License-Identifier: Apache-2.0
// The largest of a row, and where it is first, by ranks: integers in the order of the numbers. An integer is its own
// rank; a float's bits become one, with both zeros 0 and every NaN above infinity.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace dyad::inline v1::scalar {

/// What the kernels take.
template <class W>
concept rank_word = std::same_as<W, std::int8_t> || std::same_as<W, std::uint8_t> || std::same_as<W, std::int16_t> ||
    std::same_as<W, std::uint16_t> || std::same_as<W, float>;

template <rank_word W>
using rank_type = std::conditional_t<std::same_as<W, float>, std::int32_t, W>;

/// The rank of every NaN.
inline constexpr std::int32_t nan_rank = std::numeric_limits<std::int32_t>::max();

template <rank_word W>
[[nodiscard, gnu::always_inline]] constexpr rank_type<W> rank_of_word(W x) noexcept {
    if constexpr (std::same_as<W, float>) {
        const auto bits = std::bit_cast<std::int32_t>(x);
        const std::int32_t magnitude = bits & 0x7fff'ffff;
        if (magnitude > 0x7f80'0000) return nan_rank;
        return bits < 0 ? -magnitude : magnitude;
    } else {
        return x;
    }
}

/// n >= 1.
template <rank_word W>
[[nodiscard]] inline rank_type<W> largest_rank(const W* src, std::size_t n) noexcept {
    rank_type<W> most = rank_of_word(src[0]);
    for (std::size_t i = 1; i < n; ++i) {
        const rank_type<W> x = rank_of_word(src[i]);
        most = x > most ? x : most;
    }
    return most;
}
/// The first i with this rank; there is one.
template <rank_word W>
[[nodiscard]] inline std::size_t first_of_rank(const W* src, rank_type<W> rank) noexcept {
    std::size_t i = 0;
    while (rank_of_word(src[i]) != rank) ++i;
    return i;
}
/// The first i with a rank above this one, or n.
template <rank_word W>
[[nodiscard]] inline std::size_t first_above(const W* src, std::size_t n, rank_type<W> rank) noexcept {
    std::size_t i = 0;
    while (i < n && rank_of_word(src[i]) <= rank) ++i;
    return i;
}

}  // namespace dyad::inline v1::scalar
