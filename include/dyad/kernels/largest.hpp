// SPDX-License-Identifier: Apache-2.0
// The largest rank of a row and its first place, by the best kernel of an instruction set: the same from each.
#pragma once

#include <cstddef>

#include <dyad/kernels/avx2/largest.hpp>
#include <dyad/kernels/avx512/largest.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/kernels/scalar/largest.hpp>

namespace dyad::inline v1 {

using scalar::rank_of_word;
using scalar::rank_type;
using scalar::rank_word;

/// The largest of n ranks; n >= 1.
template <rank_word W>
[[nodiscard]] rank_type<W> largest_rank(instruction_set isa, const W* src, std::size_t n) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::largest_rank(src, n);
    if (isa >= instruction_set::avx2) return avx2::largest_rank(src, n);
#endif
    static_cast<void>(isa);
    return scalar::largest_rank(src, n);
}

/// The first of n numbers with this rank; there is one.
template <rank_word W>
[[nodiscard]] std::size_t first_of_rank(instruction_set isa, const W* src, std::size_t n, rank_type<W> rank) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::first_of_rank(src, n, rank);
    if (isa >= instruction_set::avx2) return avx2::first_of_rank(src, n, rank);
#endif
    static_cast<void>(isa);
    static_cast<void>(n);
    return scalar::first_of_rank(src, rank);
}

/// The first of n numbers with a rank above this one, or n.
template <rank_word W>
[[nodiscard]] std::size_t first_above(instruction_set isa, const W* src, std::size_t n, rank_type<W> rank) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    if (isa >= instruction_set::avx512) return avx512::first_above(src, n, rank);
    if (isa >= instruction_set::avx2) return avx2::first_above(src, n, rank);
#endif
    static_cast<void>(isa);
    return scalar::first_above(src, n, rank);
}

/// The first place of the largest of n >= 1 numbers. Pieces that stay in level 1: memory is read once.
template <rank_word W>
[[nodiscard]] std::size_t first_largest(instruction_set isa, const W* src, std::size_t n) noexcept {
    constexpr std::size_t piece = 16384 / sizeof(W);
    std::size_t at = 0;
    rank_type<W> most = largest_rank(isa, src, n < piece ? n : piece);
    for (std::size_t i = piece; i < n; i += piece) {
        const rank_type<W> x = largest_rank(isa, src + i, n - i < piece ? n - i : piece);
        if (x > most) {
            most = x;
            at = i;
        }
    }
    return at + first_of_rank(isa, src + at, n - at, most);
}

}  // namespace dyad::inline v1
