// SPDX-License-Identifier: Apache-2.0
// Products of matrices of bytes on any AArch64: int16 holds a byte of either sign, so panels are those of int16 and one
// kernel serves all four pairs, with sums modulo 2^32.
#pragma once

#if defined(__aarch64__)

#include <cstdint>

#include <dyad/kernels/neon/matrix_integer16.hpp>

namespace dyad::inline v1::neon {

inline constexpr auto s8s8 =
    make_matrix_kernel<word_product_tile<std::int8_t, std::int8_t>>("neon s8s8 8x8", instruction_set::neon);
inline constexpr auto u8s8 =
    make_matrix_kernel<word_product_tile<std::uint8_t, std::int8_t>>("neon u8s8 8x8", instruction_set::neon);
inline constexpr auto s8u8 =
    make_matrix_kernel<word_product_tile<std::int8_t, std::uint8_t>>("neon s8u8 8x8", instruction_set::neon);
inline constexpr auto u8u8 =
    make_matrix_kernel<word_product_tile<std::uint8_t, std::uint8_t>>("neon u8u8 8x8", instruction_set::neon);

}  // namespace dyad::inline v1::neon

#endif
