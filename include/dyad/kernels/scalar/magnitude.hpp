// SPDX-License-Identifier: Apache-2.0
// The largest magnitude of groups of floats, as bits without the sign: these are ordered like the magnitudes, infinity
// above all finite ones and NaN above infinity. Loops without branches, for compilers to vectorize.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace dyad::inline v1::scalar {

/// Floats that the loops below take at once.
inline constexpr std::size_t magnitude_lanes = 16;

[[nodiscard, gnu::always_inline]] inline std::int32_t magnitude_of(float x) noexcept {
    return static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(x) & 0x7fff'ffff);
}
[[nodiscard, gnu::always_inline]] inline std::int32_t larger_of(std::int32_t x, std::int32_t y) noexcept {
    return x > y ? x : y;
}

/// The largest magnitude of `size` floats; 0 of none.
[[nodiscard, gnu::always_inline]] inline std::uint32_t largest_magnitude(const float* src, std::size_t size) noexcept {
    std::int32_t all[magnitude_lanes] = {};
    std::size_t done = 0;
    for (; size - done >= magnitude_lanes; done += magnitude_lanes) {
        for (std::size_t i = 0; i < magnitude_lanes; ++i) {
            const float x = src[done + i];
            all[i] = larger_of(all[i], magnitude_of(x));
        }
    }
    for (std::size_t half = magnitude_lanes / 2; half != 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) all[i] = larger_of(all[i], all[i + half]);
    }
    for (; done < size; ++done) all[0] = larger_of(all[0], magnitude_of(src[done]));
    return static_cast<std::uint32_t>(all[0]);
}

/// bits[j] = the larger of bits[j] and the magnitude of src[j], n times; apart.
[[gnu::always_inline]] inline void raise_magnitudes_by(const float* __restrict src, std::size_t n,
                                                       std::uint32_t* __restrict bits) noexcept {
    std::size_t done = 0;
    for (; n - done >= magnitude_lanes; done += magnitude_lanes) {
        for (std::size_t i = 0; i < magnitude_lanes; ++i) {
            const float x = src[done + i];
            const auto before = static_cast<std::int32_t>(bits[done + i]);
            bits[done + i] = static_cast<std::uint32_t>(larger_of(before, magnitude_of(x)));
        }
    }
    for (; done < n; ++done) {
        const auto before = static_cast<std::int32_t>(bits[done]);
        bits[done] = static_cast<std::uint32_t>(larger_of(before, magnitude_of(src[done])));
    }
}

[[gnu::noinline]] inline void largest_magnitudes(const float* src, std::size_t groups, std::size_t size,
                                                 std::uint32_t* bits) noexcept {
    for (std::size_t g = 0; g < groups; ++g) bits[g] = largest_magnitude(src + g * size, size);
}
[[gnu::noinline]] inline void raise_magnitudes(const float* src, std::size_t n, std::uint32_t* bits) noexcept {
    raise_magnitudes_by(src, n, bits);
}

}  // namespace dyad::inline v1::scalar
