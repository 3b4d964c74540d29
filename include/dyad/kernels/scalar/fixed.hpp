// SPDX-License-Identifier: Apache-2.0
// Blocks of conversions between float and fixed-point numbers of at most 23 bits, as loops without branches. With y =
// x 2^F clamped to the range, y + 1.5 * 2^23 has units as its last place, so the sum rounds y to nearest even; the rest
// y - r is exact, and says where another mode differs.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/rounding.hpp>
#include <dyad/kernels/scalar/minifloat.hpp>
#include <dyad/kernels/scalar/select.hpp>

namespace dyad::inline v1::scalar {

/// One more where the rest is above `up`, one less where it is below -`down`; by the sign of y.
struct fixed_rounding {
    float up[2];
    float down[2];
};

/// Modes that thresholds of the rest express: all but to_odd.
[[nodiscard]] constexpr bool has_fixed_rounding(rounding mode) noexcept { return mode != rounding::to_odd; }
[[nodiscard]] constexpr fixed_rounding make_fixed_rounding(rounding mode) noexcept {
    constexpr float never = 2;
    constexpr float from_half = 0x1.fffffep-2f;  // the float below 1/2: a rest of 1/2 is above
    switch (mode) {
        case rounding::nearest_away: return {{from_half, never}, {never, from_half}};
        case rounding::nearest_up: return {{from_half, from_half}, {never, never}};
        case rounding::toward_zero: return {{never, 0}, {0, never}};
        case rounding::toward_negative: return {{never, never}, {0, 0}};
        case rounding::toward_positive: return {{0, 0}, {never, never}};
        case rounding::nearest_even:
        case rounding::to_odd: break;
    }
    return {{never, never}, {never, never}};
}

struct fixed_constants {
    float scale;  ///< 2^F
    float lowest;
    float highest;
    fixed_rounding rounding;
};

/// The raw number of a float; 0 of NaN. Integer comparisons find NaN and read the sum, so that no compiler flag that
/// does away with NaN or reorders sums changes anything.
[[nodiscard, gnu::always_inline]] inline std::int32_t encode_fixed(float x, const fixed_constants& c) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const bool is_number = (bits & 0x7fff'ffffU) <= 0x7f80'0000U;
    float y = std::bit_cast<float>(select(is_number, bits)) * c.scale;
    y = y > c.lowest ? y : c.lowest;
    y = y < c.highest ? y : c.highest;
    constexpr float magic = 0x1.8p23f;
    const auto raw =
        static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(y + magic) - std::bit_cast<std::uint32_t>(magic));
    const float rest = y - static_cast<float>(raw);
    const bool negative = (bits >> 31) != 0;
    const float up = negative ? c.rounding.up[1] : c.rounding.up[0];
    const float down = negative ? c.rounding.down[1] : c.rounding.down[0];
    return raw + static_cast<std::int32_t>(rest > up) - static_cast<std::int32_t>(rest < -down);
}

/// 64 raw numbers of floats, and the floats of 64 raw numbers (exact: scale = 2^-F).
template <class Raw>
[[gnu::always_inline]] inline void encode_fixed_block(const float* __restrict src, Raw* __restrict dst,
                                                      const fixed_constants& constants) noexcept {
    const fixed_constants c = constants;
    for (std::size_t i = 0; i < lanes; ++i) dst[i] = static_cast<Raw>(encode_fixed(src[i], c));
}
template <class Raw>
[[gnu::always_inline]] inline void decode_fixed_block(const Raw* __restrict src, float* __restrict dst,
                                                      float scale) noexcept {
    for (std::size_t i = 0; i < lanes; ++i) dst[i] = static_cast<float>(static_cast<std::int32_t>(src[i])) * scale;
}

template <class Raw>
[[gnu::noinline]] inline void encode_fixed_blocks(const float* src, Raw* dst, std::size_t n,
                                                  const fixed_constants& constants) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes) encode_fixed_block(src, dst, constants);
}
template <class Raw>
[[gnu::noinline]] inline void decode_fixed_blocks(const Raw* src, float* dst, std::size_t n, float scale) noexcept {
    for (; n != 0; --n, src += lanes, dst += lanes) decode_fixed_block(src, dst, scale);
}

}  // namespace dyad::inline v1::scalar
