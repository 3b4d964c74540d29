// SPDX-License-Identifier: Apache-2.0
// Tiles of 32-bit sums to codes: dst[i][j] = requantize(sums[i][j] + bias[j], multipliers[j], mode), clamped, plus an
// offset.
//
// Vector kernels round on 32 bits. Let m = b 2^-r, p = x b, |p| < 2^62, and h = floor(p 2^-32), |h| <= 2^30.
//   half up, r >= 33:       floor(p 2^-r + 1/2) = floor((h + 2^(r-33)) 2^-(r-32)), for 2^(r-1) is a multiple of 2^32
//   nearest even, r >= 34:  of the lower half of p no more counts than whether it is 0; that is put into h's last
//   digit,
//                           which lies below the half
//   gemmlowp, r >= 31:      |floor((2 p + 2^31) 2^-32)| < 2^31, rounded half up by r - 31 places as an unsigned number
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/number/dyadic.hpp>

namespace dyad::inline v1 {

/// Rows of sums and where their codes go; neighbours in a row are neighbours in memory.
template <class Sum, class Code>
struct sum_tile {
    const Sum* sums;
    std::ptrdiff_t sum_stride;
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;
    Code* dst;
    std::ptrdiff_t dst_stride;
};

/// From a requantized word y to a code: min(high, max(low, y)) + offset, which is within 32 bits.
struct code_range {
    std::int32_t low = word_min<std::int32_t>();
    std::int32_t high = word_max<std::int32_t>();
    std::int32_t offset = 0;

    /// min(high, max(low, y + zero_point)) with an exact sum: the bounds move by the zero point instead. A bound that
    /// leaves the words is one that no y reaches, or that every y lies beyond: then the code is always that bound.
    [[nodiscard]] static constexpr code_range from(std::int32_t zero_point, std::int32_t low,
                                                   std::int32_t high) noexcept {
        const std::int64_t lowest = std::int64_t{low} - zero_point;
        const std::int64_t highest = std::int64_t{high} - zero_point;
        if (lowest > word_max<std::int32_t>()) return {0, 0, low < high ? low : high};
        if (highest < word_min<std::int32_t>()) return {0, 0, high};
        return {saturating_cast<std::int32_t>(lowest), saturating_cast<std::int32_t>(highest), zero_point};
    }
    [[nodiscard]] constexpr std::int32_t operator()(std::int32_t y) const noexcept {
        const std::int32_t raised = y > low ? y : low;
        return (raised < high ? raised : high) + offset;
    }
    /// Nothing but the word's own range?
    template <class Code>
    [[nodiscard]] constexpr bool is_whole() const noexcept {
        return low == std::int32_t{word_min<Code>()} && high == std::int32_t{word_max<Code>()} && offset == 0;
    }
};
/// The same where kernels are compiled for either.
enum class code_ends : std::uint8_t { of_word, given };

/// What each column of a tile is multiplied by; strides 0 where all columns share one.
struct requantize_columns_of {
    const std::int32_t* bias;
    std::ptrdiff_t bias_stride;
    const multiplier* multipliers;
    std::ptrdiff_t multiplier_stride;
    requantization mode;
    code_range range = {};
};

/// Are there numbers for all lanes of a vector?
enum class lanes_used : std::uint8_t { all, some };

/// The numbers of Count columns in a row: `from` itself, or copied to `own`; beyond `count` the first is repeated.
template <std::ptrdiff_t Count, class T>
[[nodiscard, gnu::always_inline]] inline const T* in_a_row(const T* from, std::ptrdiff_t stride, std::ptrdiff_t count,
                                                           T* own) noexcept {
    if (stride == 1 && count >= Count) return from;
    for (std::ptrdiff_t j = 0; j < Count; ++j) own[j] = from[(j < count ? j : 0) * stride];
    return own;
}

/// For which r that holds, and shifts by r - 33 (gemmlowp: r - 31) places are below 32.
template <requantization Mode>
struct requantize_places {
    static constexpr std::int32_t fewest = 34;
    static constexpr std::int32_t most = 63;
};
template <>
struct requantize_places<requantization::single_half_up> {
    static constexpr std::int32_t fewest = 33;
    static constexpr std::int32_t most = 63;
};
template <>
struct requantize_places<requantization::gemmlowp_double> {
    static constexpr std::int32_t fewest = 31;
    static constexpr std::int32_t most = 62;
};

namespace scalar {

/// The code of one sum; sum + bias modulo 2^32.
template <class Code>
[[nodiscard]] constexpr Code requantized(std::int32_t sum, std::int32_t bias, multiplier m, requantization mode,
                                         const code_range& range) noexcept {
    const auto biased = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(bias));
    return static_cast<Code>(range(requantize(biased, m, mode)));
}

/// Columns first to first + count - 1 of a tile.
template <class Code>
[[gnu::noinline]] inline void requantize_part(const sum_tile<std::int32_t, Code>& t, const requantize_columns_of& c,
                                              std::ptrdiff_t first, std::ptrdiff_t count) noexcept {
    for (std::ptrdiff_t i = 0; i < t.rows; ++i) {
        for (std::ptrdiff_t j = first; j < first + count; ++j) {
            t.dst[i * t.dst_stride + j] = requantized<Code>(t.sums[i * t.sum_stride + j], c.bias[j * c.bias_stride],
                                                            c.multipliers[j * c.multiplier_stride], c.mode, c.range);
        }
    }
}

template <class Code>
[[gnu::noinline]] inline void requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                              const requantize_columns_of& c) noexcept {
    requantize_part<Code>(t, c, 0, t.columns);
}

}  // namespace scalar

}  // namespace dyad::inline v1
