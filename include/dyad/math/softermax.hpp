// SPDX-License-Identifier: Apache-2.0
// Softermax: softmax of base 2 on few bits, in one pass over the row: 2^(x - m) with a whole m, so that a new maximum
// shifts what was added before.
//   u = 2^(x - m),  m = ceil(max),  D = D >> (m' - m) + sum of u,  y = u / D
// Source: Stevens et al., "Softermax: hardware/software co-design of an efficient softmax for transformers", DAC 2021
// (arXiv 2103.09301), for the structure: base 2, a whole maximum, one pass, few bits. There is no published code, and
// the paper's segments of 2^x and 1/D are not known here to the bit, so the bits are Dyad's own. Words: x Q(6,2),
// already times log2 e; u Q(1,15); D Q(10,6); 1/D and y Q(1,7). 2^x (four fractions) and 1/D are the nearest codes,
// everything else is cut off, and D ends at its largest code.
// What it loses (softermax_test): D and y keep 6 and 7 fraction bits, so shares below 2^-7 are 0, and those of rows of
// more than 1023 largest elements are too large.
#pragma once

#include <array>
#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1::softermax {

/// Fraction bits of the words.
inline constexpr int input_fraction = 2;
inline constexpr int unnormed_fraction = 15;
inline constexpr int sum_fraction = 6;
inline constexpr int output_fraction = 7;

/// round(2^15 2^(-k/4)).
inline constexpr std::array<std::uint16_t, 4> powers{32768, 27554, 23170, 19484};

/// m = ceil(x) for a code of x.
[[nodiscard]] DYAD_HD constexpr std::int32_t int_max(std::int32_t x) noexcept { return (x + 3) >> input_fraction; }

/// 2^(x - m) for x <= m.
[[nodiscard]] DYAD_HD constexpr std::uint32_t unnormed(std::int32_t x, std::int32_t m) noexcept {
    const std::int32_t below = 4 * m - x;
    DYAD_ASSERT(below >= 0);
    const std::int32_t whole = below >> input_fraction;
    return whole > unnormed_fraction ? 0u : std::uint32_t{powers[static_cast<std::size_t>(below & 3)]} >> whole;
}

/// The running maximum and sum. A slice of a row is added at its own maximum, 15 fraction bits, and then cut to 6.
struct normalizer {
    std::int32_t max = -32;  ///< the lowest whole Q(6,2)
    std::uint32_t sum = 0;

    /// `local` = sum of unnormed(x, local_max) over a slice, below 2^31.
    DYAD_HD constexpr void add(std::int32_t local_max, std::uint32_t local) noexcept {
        const std::int32_t now = max < local_max ? local_max : max;
        const std::uint32_t before = now - max > 31 ? 0 : sum >> (now - max);
        const std::uint32_t more = now - local_max > 31 ? 0 : local >> (now - local_max);
        const std::uint32_t total = before + (more >> (unnormed_fraction - sum_fraction));
        max = now;
        sum = total < 0xffff ? total : 0xffff;
    }
};

/// 1 / D = code * 2^-7 * 2^-shift, 64 <= code <= 128.
struct inverse_sum {
    std::uint32_t code;
    std::int32_t shift;
};
[[nodiscard]] DYAD_HD constexpr inverse_sum inverse(std::uint32_t sum) noexcept {
    DYAD_ASSERT(sum > 0);
    const int width = bit_width(sum);
    const std::uint32_t numerator = std::uint32_t{1} << (output_fraction + width - 1);
    return {(numerator + sum / 2) / sum, width - 1 - sum_fraction};
}
/// u / D in units of 2^-7: 0 .. 128.
[[nodiscard]] DYAD_HD constexpr std::uint32_t share(std::uint32_t u, inverse_sum d) noexcept {
    const std::uint32_t y = (u * d.code) >> (unnormed_fraction + d.shift);
    return y < 128 ? y : 128;
}

}  // namespace dyad::inline v1::softermax
