// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of integers in plain C++: the definition of every bit. A row is normalized by two numbers of
// its own, then scaled by two of each channel, with one rounding (half up) to a code at the end:
//   z_i = floor((x_i factor + offset) 2^-shift),   y_i = floor((z_i gain_i + offset_i) 2^-shift of the channels)
// where each offset holds the half that makes the floor a rounding to nearest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::inline v1 {

/// sum x_i and sum x_i^2 of a row.
struct norm_sums {
    std::int64_t sum = 0;
    std::uint64_t squares = 0;
};

/// Of the elements above a threshold: sum (x_i - threshold), and how many there are.
struct norm_upper_sums {
    std::int64_t excess = 0;
    std::int64_t count = 0;
};

/// |x factor + offset| < 2^63, |z| < 2^31, 0 <= shift <= 32.
struct norm_row_factor {
    std::int64_t offset = 0;
    std::int32_t factor = 0;
    std::int32_t shift = 0;
};

/// |gain| < 2^31, |offset| <= 2^62 + 2^59, 32 <= shift <= 63: the sum fits 64 bits, the upper 32 hold all that counts.
struct norm_channel_factors {
    const std::int32_t* gains = nullptr;
    const std::int64_t* offsets = nullptr;
    std::int32_t shift = 32;
};

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar::norms {

template <class In>
[[nodiscard]] constexpr norm_sums sum_row(const In* src, std::ptrdiff_t step, std::ptrdiff_t n) noexcept {
    norm_sums s;
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        const std::int64_t x = src[i * step];
        s.sum += x;
        s.squares += static_cast<std::uint64_t>(x * x);
    }
    return s;
}

template <class In>
[[nodiscard]] constexpr norm_upper_sums sum_above(const In* src, std::ptrdiff_t step, std::ptrdiff_t n,
                                                  std::int32_t threshold) noexcept {
    norm_upper_sums s;
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        const std::int64_t x = src[i * step];
        s.excess += x > threshold ? x - threshold : 0;
        s.count += x > threshold ? 1 : 0;
    }
    return s;
}

/// y_i of one element, clamped to lowest .. highest.
[[nodiscard]] constexpr std::int64_t normalize_one(std::int64_t x, const norm_row_factor& row, std::int32_t gain,
                                                   std::int64_t offset, std::int32_t shift, std::int64_t lowest,
                                                   std::int64_t highest) noexcept {
    const std::int64_t z = (x * row.factor + row.offset) >> row.shift;
    const std::int64_t y = (z * gain + offset) >> shift;
    return y < lowest ? lowest : y > highest ? highest : y;
}

}  // namespace dyad::inline v1::scalar::norms
