// SPDX-License-Identifier: Apache-2.0
// Dot products of bit planes with AVX-512, 512 elements a vector. Without a population count among the instructions:
// of each byte, the counts of both halves from a table of 16 (vpshufb), summed by vpdpbusd, whose other factor is the
// weight of the plane: sum over q < 7 of 2^q popcount needs no more than that. Weights of -128 to 64 are bytes; +128,
// the top plane of unsigned formats of eight bits, is the negative of -128.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/bit_plane_dot.hpp>

namespace dyad::inline v1::avx512 {

/// Of each byte, the number of its ones.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline bytes ones_of_bytes(bytes x) noexcept {
    const bytes table{0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                      0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    const bytes low = x & 0x0f;
    const bytes high = reinterpret_cast<bytes>(reinterpret_cast<words>(x) >> 4U) & 0x0f;
    bytes of_low;
    bytes of_high;
    __asm__("vpshufb %2, %1, %0" : "=v"(of_low) : "v"(table), "v"(low));
    __asm__("vpshufb %2, %1, %0" : "=v"(of_high) : "v"(table), "v"(high));
    return of_low + of_high;
}

/// Sum of all lanes.
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] inline std::int64_t total(signed_words x) noexcept {
    std::int64_t sum = 0;
    for (int i = 0; i < 16; ++i) sum += x[i];
    return sum;
}

/// Bound: in 2^16 vectors a lane grows by at most 2^16 * 4 * 8 * 255 < 2^31 (planes of one operand weigh 255 at most).
[[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] inline std::int64_t bit_plane_dot(
    const bit_plane_line& x, const bit_plane_line& y, std::ptrdiff_t bytes_of_plane) noexcept {
    constexpr std::ptrdiff_t most = std::ptrdiff_t{64} << 16;
    std::int64_t sum = 0;
    for (std::ptrdiff_t first = 0; first < bytes_of_plane; first += most) {
        const std::ptrdiff_t last = bytes_of_plane - first < most ? bytes_of_plane : first + most;
        for (int p = 0; p < x.count; ++p) {
            signed_words negative{};  // of the plane that weighs 128
            signed_words rest{};
            const std::uint8_t* of_x = x.planes + p * bytes_of_plane;
            for (int q = 0; q < y.count; ++q) {
                const std::uint8_t* of_y = y.planes + q * bytes_of_plane;
                const std::int64_t weight = scalar::plane_weight(y, q);
                const bool is_large = weight == 128;
                const auto byte = static_cast<std::uint8_t>(is_large ? -weight : weight);
                const bytes factor = bytes{} + byte;
                signed_words part{};
                for (std::ptrdiff_t i = first; i < last; i += 64)
                    part = add_products(part, ones_of_bytes(load_bytes(of_x + i) & load_bytes(of_y + i)), factor);
                if (is_large) negative += part;
                else rest += part;
            }
            sum += scalar::plane_weight(x, p) * (total(rest) - total(negative));
        }
    }
    return sum;
}

}  // namespace dyad::inline v1::avx512

#endif
