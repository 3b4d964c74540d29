// SPDX-License-Identifier: Apache-2.0
// What kernels need to know of blocks of floats that share a power of two: the rule of the scale, the places of the
// codes, and the numbers of an element's format.
//   scale byte = clamp(((largest magnitude's bits + addend) >> 23) - emax, 0, 254), the scale is 2^(byte - 127)
// Source: OCP Microscaling Formats (MX) v1.0, section 6.3.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/nearest.hpp>

namespace dyad::inline v1 {

/// How a power of two follows from the largest magnitude: `addend` is 0 to round its exponent down, 0x7fffff up, more
/// of these for other rules; emax is the exponent that the largest magnitude has after division by the scale.
struct power_rule {
    std::uint32_t addend;
    std::int32_t emax;
};

/// Block b's codes begin at codes + b * code_stride, its scale is at scales + b * scale_stride.
struct block_places {
    std::uint8_t* codes;
    std::ptrdiff_t code_stride;
    std::uint8_t* scales;
    std::ptrdiff_t scale_stride;
    [[nodiscard]] block_places from(std::size_t block) const noexcept {
        const auto b = static_cast<std::ptrdiff_t>(block);
        return {codes + b * code_stride, code_stride, scales + b * scale_stride, scale_stride};
    }
};

/// Blocks that the kernels take at once.
inline constexpr std::size_t block_group = 16;

/// Element formats: signed, with minus zero, of 4, 6 or 8 bits, in reach of the nearest_core `summed` with any scale.
template <float_format F>
concept block_element =
    F.is_signed&& F.has_negative_zero&& F.has_zero&& F.subnormals == subnormal_codes::yes &&
    (F.width() == 4 || F.width() == 6 || F.width() == 8) && F.significand_bits >= 1 && F.bias >= 0 && F.bias <= 31;

/// Bytes of a block's codes.
template <float_format F, std::size_t Size>
inline constexpr std::size_t block_code_bytes = Size* static_cast<std::size_t>(F.width()) / 8;

namespace scalar {

/// The bits of F's largest value as a float.
template <float_format F>
inline constexpr std::uint32_t bits_of_largest = float_of_code<F>(F.max_finite_code());

[[nodiscard]] constexpr std::int32_t power_byte(std::uint32_t largest, power_rule rule) noexcept {
    const std::int32_t byte = static_cast<std::int32_t>((largest + rule.addend) >> 23) - rule.emax;
    return byte < 0 ? 0 : byte > 254 ? 254 : byte;
}

}  // namespace scalar

}  // namespace dyad::inline v1
