// SPDX-License-Identifier: Apache-2.0
// The largest magnitudes of kernels/scalar/magnitude.hpp with AVX-512: sixteen floats a vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/magnitude.hpp>

namespace dyad::inline v1::avx512 {

[[gnu::target("avx512f"), gnu::always_inline]] inline words larger(words x, words y) noexcept { return x > y ? x : y; }
[[gnu::target("avx512f"), gnu::always_inline]] inline words magnitudes(const float* from) noexcept {
    return load(from) & 0x7fff'ffffU;
}

/// The largest of sixteen words.
[[gnu::target("avx512f"), gnu::always_inline]] inline std::uint32_t largest(words x) noexcept {
    x = larger(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = larger(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    x = larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    x = larger(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return x[0];
}

/// Lane l: the larger of x[l] and x[l + Distance], or of y[l - Distance] and y[l] where l has that bit.
template <std::size_t Distance, std::size_t... Lanes>
[[gnu::target("avx512f"), gnu::always_inline]] inline words larger_halves(words x, words y,
                                                                          std::index_sequence<Lanes...>) noexcept {
    const words first{((Lanes & Distance) == 0 ? ~0U : 0U)...};
    const words own = first != 0U ? x : y;  // not a shuffle: these are fewer a cycle
    const words other =
        __builtin_shufflevector(x, y, ((Lanes & Distance) == 0 ? Lanes + Distance : Lanes - Distance + 16)...);
    return larger(own, other);
}

/// Lane b: the largest magnitude of block b, of Size floats each, a multiple of 16. (For lanes that agree with Block in
/// the bits below Distance: a tree, so that no array of vectors goes through memory.)
template <std::size_t Size, std::size_t Distance = 1, std::size_t Block = 0>
[[gnu::target("avx512f"), gnu::always_inline]] inline words largest_of_blocks(const float* src) noexcept {
    if constexpr (Distance < 16) {
        return larger_halves<Distance>(largest_of_blocks<Size, 2 * Distance, Block>(src),
                                       largest_of_blocks<Size, 2 * Distance, Block + Distance>(src),
                                       std::make_index_sequence<16>{});
    } else {
        words all = magnitudes(src + Block * Size);
        for (std::size_t i = 16; i < Size; i += 16) all = larger(all, magnitudes(src + Block * Size + i));
        return all;
    }
}

[[gnu::target("avx512f"), gnu::always_inline]] inline std::uint32_t largest_magnitude(const float* src,
                                                                                      std::size_t size) noexcept {
    words all[4] = {};
    std::size_t done = 0;
    for (; size - done >= 64; done += 64) {
        for (std::size_t i = 0; i < 4; ++i) all[i] = larger(all[i], magnitudes(src + done + 16 * i));
    }
    for (; size - done >= 16; done += 16) all[0] = larger(all[0], magnitudes(src + done));
    std::uint32_t result = largest(larger(larger(all[0], all[1]), larger(all[2], all[3])));
    for (; done < size; ++done) {
        const auto x = static_cast<std::uint32_t>(scalar::magnitude_of(src[done]));
        result = result > x ? result : x;
    }
    return result;
}

/// Sixteen groups of Size floats after the other; returns how many.
template <std::size_t Size>
[[gnu::target("avx512f"), gnu::noinline]] inline std::size_t largest_of_sixteens(const float* src, std::size_t groups,
                                                                                 std::uint32_t* bits) noexcept {
    std::size_t g = 0;
    for (; groups - g >= 16; g += 16) {
        const words all = largest_of_blocks<Size>(src + g * Size);
        __builtin_memcpy(bits + g, &all, sizeof all);
    }
    return g;
}

[[gnu::target("avx512f"), gnu::noinline]] inline void largest_magnitudes(const float* src, std::size_t groups,
                                                                         std::size_t size,
                                                                         std::uint32_t* bits) noexcept {
    std::size_t g = 0;
    if (size == 16) g = largest_of_sixteens<16>(src, groups, bits);
    if (size == 32) g = largest_of_sixteens<32>(src, groups, bits);
    if (size == 64) g = largest_of_sixteens<64>(src, groups, bits);
    for (; g < groups; ++g) bits[g] = largest_magnitude(src + g * size, size);
}

[[gnu::target("avx512f"), gnu::noinline]] inline void raise_magnitudes(const float* src, std::size_t n,
                                                                       std::uint32_t* bits) noexcept {
    std::size_t done = 0;
    for (; n - done >= 16; done += 16) {
        const words x = larger(load(bits + done), magnitudes(src + done));
        __builtin_memcpy(bits + done, &x, sizeof x);
    }
    scalar::raise_magnitudes_by(src + done, n - done, bits + done);
}

}  // namespace dyad::inline v1::avx512

#endif
