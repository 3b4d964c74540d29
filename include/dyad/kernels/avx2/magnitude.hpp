// SPDX-License-Identifier: Apache-2.0
// The largest magnitudes of kernels/scalar/magnitude.hpp with AVX2: eight floats a vector.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/magnitude.hpp>

namespace dyad::inline v1::avx2 {

using signed_vector [[gnu::vector_size(32)]] = std::int32_t;

[[gnu::target("avx2"), gnu::always_inline]] inline signed_vector magnitudes(const float* from) noexcept {
    signed_vector x;
    __builtin_memcpy(&x, from, sizeof x);
    return x & 0x7fff'ffff;
}
[[gnu::target("avx2"), gnu::always_inline]] inline signed_vector larger(signed_vector x, signed_vector y) noexcept {
    return x > y ? x : y;
}

[[gnu::target("avx2"), gnu::always_inline]] inline std::uint32_t largest_magnitude(const float* src,
                                                                                   std::size_t size) noexcept {
    signed_vector x{};
    signed_vector y{};
    std::size_t done = 0;
    for (; size - done >= 16; done += 16) {
        x = larger(x, magnitudes(src + done));
        y = larger(y, magnitudes(src + done + 8));
    }
    x = larger(x, y);
    x = larger(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
    x = larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
    x = larger(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
    std::int32_t all = x[0];
    for (; done < size; ++done) all = scalar::larger_of(all, scalar::magnitude_of(src[done]));
    return static_cast<std::uint32_t>(all);
}

[[gnu::target("avx2"), gnu::noinline]] inline void largest_magnitudes(const float* src, std::size_t groups,
                                                                      std::size_t size, std::uint32_t* bits) noexcept {
    for (std::size_t g = 0; g < groups; ++g) bits[g] = largest_magnitude(src + g * size, size);
}
[[gnu::target("avx2"), gnu::noinline]] inline void raise_magnitudes(const float* src, std::size_t n,
                                                                    std::uint32_t* bits) noexcept {
    scalar::raise_magnitudes_by(src, n, bits);
}

}  // namespace dyad::inline v1::avx2

#endif
