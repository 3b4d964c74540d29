// SPDX-License-Identifier: Apache-2.0
// Dot products of bit planes: popcount(X_p & Y_q) over all k, for every pair of planes, weighted by powers of two,
//   sum over p, q of sign(p) sign(q) 2^(p + q) popcount(X_p & Y_q) = sum over k of x y,
// sign = -1 for the top plane of a signed format. Rows of one operand stay while those of the other pass.
// Source: "FlexQ: efficient post-training INT6 quantization for LLM serving via algorithm-system co-design", arXiv
// 2508.04405 (a product of any two widths from one-bit products).
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/bit_plane_dot.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/bit_plane_dot.hpp>

namespace dyad::inline v1 {

/// The product of two lines of planes, modulo 2^64.
[[nodiscard]] inline std::int64_t bit_plane_dot(instruction_set isa, const bit_plane_line& x, const bit_plane_line& y,
                                                std::ptrdiff_t bytes) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::bit_plane_dot(x, y, bytes);
#endif
    static_cast<void>(isa);
    return scalar::bit_plane_dot(x, y, bytes);
}

}  // namespace dyad::inline v1
