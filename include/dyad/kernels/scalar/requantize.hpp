// SPDX-License-Identifier: Apache-2.0
// Tiles of 32-bit sums to codes: dst[i][j] = requantize(sums[i][j] + bias[j], multipliers[j], mode), clamped.
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

/// What each column of a tile is multiplied by; strides 0 where all columns share one.
struct requantize_columns_of {
    const std::int32_t* bias;
    std::ptrdiff_t bias_stride;
    const multiplier* multipliers;
    std::ptrdiff_t multiplier_stride;
    requantization mode;
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

/// The clamped code of one sum; sum + bias modulo 2^32.
template <class Code, std::int32_t Low, std::int32_t High>
[[nodiscard]] constexpr Code requantized(std::int32_t sum, std::int32_t bias, multiplier m,
                                         requantization mode) noexcept {
    const auto biased = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(bias));
    const std::int32_t y = requantize(biased, m, mode);
    return static_cast<Code>(y < Low ? Low : y > High ? High : y);
}

/// Columns first to first + count - 1 of a tile.
template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::noinline]] inline void requantize_part(const sum_tile<std::int32_t, Code>& t, const requantize_columns_of& c,
                                              std::ptrdiff_t first, std::ptrdiff_t count) noexcept {
    for (std::ptrdiff_t i = 0; i < t.rows; ++i) {
        for (std::ptrdiff_t j = first; j < first + count; ++j) {
            t.dst[i * t.dst_stride + j] =
                requantized<Code, Low, High>(t.sums[i * t.sum_stride + j], c.bias[j * c.bias_stride],
                                             c.multipliers[j * c.multiplier_stride], c.mode);
        }
    }
}

template <class Code, std::int32_t Low, std::int32_t High>
[[gnu::noinline]] inline void requantize_tile(const sum_tile<std::int32_t, Code>& t,
                                              const requantize_columns_of& c) noexcept {
    requantize_part<Code, Low, High>(t, c, 0, t.columns);
}

}  // namespace scalar

}  // namespace dyad::inline v1
