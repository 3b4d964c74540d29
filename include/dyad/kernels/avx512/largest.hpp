// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/largest.hpp with AVX-512: 64 bytes a vector.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/largest.hpp>

namespace dyad::inline v1::avx512 {

using scalar::rank_type;
using scalar::rank_word;

template <rank_word W>
struct rank_vector {
    using type [[gnu::vector_size(64)]] = rank_type<W>;
    static constexpr std::size_t lanes = 64 / sizeof(W);
};
template <rank_word W>
using ranks = typename rank_vector<W>::type;

/// scalar::rank_of_word of a vector.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline ranks<W> load_ranks(const W* from) noexcept {
    ranks<W> x;
    __builtin_memcpy(&x, from, sizeof x);
    if constexpr (std::same_as<W, float>) {
        const ranks<W> magnitude = x & 0x7fff'ffff;
        const ranks<W> sign = x >> 31;
        const ranks<W> number = (magnitude ^ sign) - sign;
        return magnitude > 0x7f80'0000 ? ranks<W>{} + scalar::nan_rank : number;
    } else {
        return x;
    }
}
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline ranks<W> larger_ranks(ranks<W> x, ranks<W> y) noexcept {
    return x > y ? x : y;
}

/// n >= 1. The last vector may overlap the one before.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline rank_type<W> largest_rank(const W* src,
                                                                                     std::size_t n) noexcept {
    constexpr std::size_t lanes = rank_vector<W>::lanes;
    if (n < lanes) return scalar::largest_rank(src, n);
    ranks<W> most[4];
    for (auto& x : most) x = load_ranks<W>(src + n - lanes);
    std::size_t i = 0;
    for (; n - i >= 4 * lanes; i += 4 * lanes) {
        for (std::size_t j = 0; j < 4; ++j) most[j] = larger_ranks<W>(most[j], load_ranks<W>(src + i + j * lanes));
    }
    for (; n - i >= lanes; i += lanes) most[0] = larger_ranks<W>(most[0], load_ranks<W>(src + i));
    most[0] = larger_ranks<W>(larger_ranks<W>(most[0], most[1]), larger_ranks<W>(most[2], most[3]));
    // Halves against each other, in a buffer: the lower lanes hold what is left.
    rank_type<W> left[2 * lanes];
    __builtin_memcpy(left, &most[0], sizeof most[0]);
    for (std::size_t half = lanes / 2; half >= 1; half /= 2) {
        for (std::size_t j = 0; j < half; ++j) left[j] = left[j] > left[j + half] ? left[j] : left[j + half];
    }
    return left[0];
}

/// A bit for each lane in which x equals y.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline std::uint64_t equal_lanes(ranks<W> x,
                                                                                          ranks<W> y) noexcept {
    std::uint64_t mask;
    if constexpr (sizeof(W) == 1) __asm__("vpcmpeqb %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else if constexpr (sizeof(W) == 2) __asm__("vpcmpeqw %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else __asm__("vpcmpeqd %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    return mask;
}

/// The first of n numbers with this rank; there is one.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline std::size_t first_of_rank(const W* src, std::size_t n,
                                                                                     rank_type<W> rank) noexcept {
    constexpr std::size_t lanes = rank_vector<W>::lanes;
    const ranks<W> wanted = ranks<W>{} + rank;
    std::size_t i = 0;
    for (; n - i >= lanes; i += lanes) {
        const std::uint64_t mask = equal_lanes<W>(load_ranks<W>(src + i), wanted);
        if (mask != 0) return i + static_cast<std::size_t>(__builtin_ctzll(mask));
    }
    return i + scalar::first_of_rank(src + i, rank);
}
/// A bit for each lane in which x is above y.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline std::uint64_t lanes_above(ranks<W> x,
                                                                                          ranks<W> y) noexcept {
    std::uint64_t mask;
    if constexpr (std::same_as<W, std::int8_t>) __asm__("vpcmpgtb %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else if constexpr (std::same_as<W, std::int16_t>) __asm__("vpcmpgtw %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else if constexpr (std::same_as<W, std::uint8_t>) __asm__("vpcmpub $6, %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else if constexpr (std::same_as<W, std::uint16_t>) __asm__("vpcmpuw $6, %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    else __asm__("vpcmpgtd %2, %1, %0" : "=Yk"(mask) : "v"(x), "v"(y));
    return mask;
}

/// The first i with a rank above this one, or n.
template <rank_word W>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline std::size_t first_above(const W* src, std::size_t n,
                                                                                   rank_type<W> rank) noexcept {
    constexpr std::size_t lanes = rank_vector<W>::lanes;
    const ranks<W> limit = ranks<W>{} + rank;
    std::size_t i = 0;
    for (; n - i >= 2 * lanes; i += 2 * lanes) {
        const ranks<W> x = load_ranks<W>(src + i);
        const ranks<W> y = load_ranks<W>(src + i + lanes);
        if (lanes_above<W>(larger_ranks<W>(x, y), limit) == 0) continue;
        const std::uint64_t first = lanes_above<W>(x, limit);
        if (first != 0) return i + static_cast<std::size_t>(__builtin_ctzll(first));
        return i + lanes + static_cast<std::size_t>(__builtin_ctzll(lanes_above<W>(y, limit)));
    }
    return i + scalar::first_above(src + i, n - i, rank);
}

}  // namespace dyad::inline v1::avx512

#endif
