// SPDX-License-Identifier: Apache-2.0
// Matrix kernels of signed and unsigned bytes by vpmaddwd: bytes are widened to halves when they are packed, for
// vpmaddubsw saturates. A step's two products are at most 2 * 255 * 255, so that sums are exact modulo 2^32.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstdint>

#include <dyad/kernels/avx2/matrix_integer16.hpp>

namespace dyad::inline v1::avx2 {

template <class Lhs, class Rhs>
using byte_matrix = pair_matrix<Lhs, Rhs, half_columns, word_sums>;

inline constexpr auto s8s8 = byte_matrix<std::int8_t, std::int8_t>::make("avx2 s8s8 6x16");
inline constexpr auto u8s8 = byte_matrix<std::uint8_t, std::int8_t>::make("avx2 u8s8 6x16");
inline constexpr auto s8u8 = byte_matrix<std::int8_t, std::uint8_t>::make("avx2 s8u8 6x16");
inline constexpr auto u8u8 = byte_matrix<std::uint8_t, std::uint8_t>::make("avx2 u8u8 6x16");

}  // namespace dyad::inline v1::avx2

#endif
