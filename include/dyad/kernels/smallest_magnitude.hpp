// SPDX-License-Identifier: Apache-2.0
// The smallest nonzero magnitude of bfloat16 numbers: what proves that a product never meets a subnormal number, which
// vdpbf16ps and AMX would read as zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1 {

/// Codes without their signs, less one: zero is the largest of them. Begin with this, for nothing seen yet.
inline constexpr std::uint16_t no_magnitude = 0xffff;

/// The smaller of `seen` and the magnitudes, less one, of n numbers in a row.
[[nodiscard]] inline std::uint16_t smallest_in_row(const bfloat16* from, std::ptrdiff_t n,
                                                   std::uint16_t seen) noexcept {
    using lanes [[gnu::vector_size(16)]] = std::int16_t;
    using words [[gnu::vector_size(16)]] = std::uint16_t;
    constexpr std::ptrdiff_t width = 8;
    std::ptrdiff_t i = 0;
    if (n >= width) {
        // Ranks less 2^15, so that a signed comparison, which every x86-64 has, orders them.
        lanes least;
        for (std::ptrdiff_t l = 0; l < width; ++l) least[l] = static_cast<std::int16_t>(seen - 0x8000);
        for (; i + width <= n; i += width) {
            words codes;
            __builtin_memcpy(&codes, from + i, sizeof codes);
            const auto x = reinterpret_cast<lanes>((codes & 0x7fff) +
                                                   0x7fff);  // (modulo 2^16: only words without a sign may wrap)
            least = x < least ? x : least;
        }
        for (std::ptrdiff_t l = 0; l < width; ++l) {
            const auto rank = static_cast<std::uint16_t>(least[l] + 0x8000);
            seen = rank < seen ? rank : seen;
        }
    }
    for (; i < n; ++i) {
        const auto rank = static_cast<std::uint16_t>((from[i].bits() & 0x7fffU) - 1U);
        seen = rank < seen ? rank : seen;
    }
    return seen;
}

/// The smaller of `seen` and the magnitudes, less one, of count lines of k numbers.
[[nodiscard]] inline std::uint16_t smallest_magnitude(lines_view<bfloat16> from, std::ptrdiff_t count, std::ptrdiff_t k,
                                                      std::uint16_t seen) noexcept {
    const bool across = from.k_stride != 1 && from.line_stride == 1;
    const std::ptrdiff_t rows = across ? k : count;
    const std::ptrdiff_t length = across ? count : k;
    const std::ptrdiff_t down = across ? from.k_stride : from.line_stride;
    const std::ptrdiff_t step = across ? from.line_stride : from.k_stride;
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
        const bfloat16* const row = from.data + r * down;
        if (step == 1) {
            seen = smallest_in_row(row, length, seen);
        } else {
            for (std::ptrdiff_t i = 0; i < length; ++i) seen = smallest_in_row(row + i * step, 1, seen);
        }
    }
    return seen;
}

/// Can no product or sum of the two operands be subnormal? With biased exponents e and f of the smallest magnitudes,
/// every product, and every sum of such, rounded or not, is a multiple of 2^(e - 134 + f - 134): at least 2^-126 if it
/// is not 0 and e + f >= 142. Nor may an operand be subnormal itself.
[[nodiscard]] constexpr bool never_subnormal(std::uint16_t lhs, std::uint16_t rhs) noexcept {
    if (lhs == no_magnitude || rhs == no_magnitude) return true;  // all zeros, times whatever is normal
    const int e = (lhs + 1) >> 7;
    const int f = (rhs + 1) >> 7;
    return e >= 1 && f >= 1 && e + f >= 142;
}

}  // namespace dyad::inline v1
