// SPDX-License-Identifier: Apache-2.0
// The largest magnitudes of kernels/scalar/magnitude.hpp with AVX-512: sixteen floats a vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

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

[[gnu::target("avx512f"), gnu::noinline]] inline void largest_magnitudes(const float* src, std::size_t groups,
                                                                         std::size_t size,
                                                                         std::uint32_t* bits) noexcept {
    for (std::size_t g = 0; g < groups; ++g) bits[g] = largest_magnitude(src + g * size, size);
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
