// SPDX-License-Identifier: Apache-2.0
// A matrix of 8 x 8 words in eight vectors, transposed.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx2/float_vectors.hpp>

namespace dyad::inline v1::avx2 {

/// Rows become columns. The two halves of a vector go apart until the last step.
[[gnu::target("avx2"), gnu::always_inline]] inline void transpose(eight_words (&x)[8]) noexcept {
    eight_words y[8];
    for (std::size_t i = 0; i < 8; i += 2) {
        y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        y[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    eight_words z[8];
    for (std::size_t i = 0; i < 8; i += 4) {
        for (std::size_t j = 0; j < 2; ++j) {
            z[i + 2 * j] = __builtin_shufflevector(y[i + j], y[i + 2 + j], 0, 1, 8, 9, 4, 5, 12, 13);
            z[i + 2 * j + 1] = __builtin_shufflevector(y[i + j], y[i + 2 + j], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (std::size_t i = 0; i < 4; ++i) {
        x[i] = __builtin_shufflevector(z[i], z[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        x[i + 4] = __builtin_shufflevector(z[i], z[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

}  // namespace dyad::inline v1::avx2

#endif
