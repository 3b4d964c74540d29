// SPDX-License-Identifier: Apache-2.0
// Dot products of bit planes in plain C++: kernels/bit_plane_dot.hpp's formula with 64 elements a word.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace dyad::inline v1 {

enum class plane_sign : std::uint8_t { none, top_negative };

/// The planes of one row or column: plane p, of bits 2^p, at planes + p * bytes, `bytes` being a multiple of 64 for all
/// lines of a product. Bits behind the last element are zero.
struct bit_plane_line {
    const std::uint8_t* planes;
    int count;
    plane_sign sign;
};

}  // namespace dyad::inline v1

namespace dyad::inline v1::scalar {

/// sign(p) 2^p.
[[nodiscard]] constexpr std::int64_t plane_weight(const bit_plane_line& line, int p) noexcept {
    const std::int64_t weight = std::int64_t{1} << p;
    return line.sign == plane_sign::top_negative && p == line.count - 1 ? -weight : weight;
}

[[gnu::noinline]] inline std::int64_t bit_plane_dot(const bit_plane_line& x, const bit_plane_line& y,
                                                    std::ptrdiff_t bytes) noexcept {
    std::int64_t sum = 0;
    for (int p = 0; p < x.count; ++p) {
        for (int q = 0; q < y.count; ++q) {
            std::int64_t ones = 0;
            for (std::ptrdiff_t i = 0; i < bytes; i += 8) {
                std::uint64_t a = 0;
                std::uint64_t b = 0;
                __builtin_memcpy(&a, x.planes + p * bytes + i, 8);
                __builtin_memcpy(&b, y.planes + q * bytes + i, 8);
                ones += std::popcount(a & b);
            }
            sum += plane_weight(x, p) * plane_weight(y, q) * ones;
        }
    }
    return sum;
}

}  // namespace dyad::inline v1::scalar
