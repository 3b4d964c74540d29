// SPDX-License-Identifier: Apache-2.0
// float to any minifloat of at most 32 bits in every rounding mode, as 32-bit integer code without branches: the same
// code as encode<F> gives, in a form that compilers turn into vector code.
// With e the exponent of x or the smallest of the format, whichever is larger, x = (kept + f 2^-32) 2^(e - M); the
// rounding adds r and looks for the carry out of f, where r depends on the mode, the sign and the code's parity.
#pragma once

#include <bit>
#include <cstdint>

#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/kernels/scalar/select.hpp>
#include <dyad/number/float_format.hpp>

namespace dyad::inline v1::scalar {

/// What a rounding mode adds to f for each sign, flipped where the code below is odd, and what a policy gives beyond
/// the range.
struct rounding_constants {
    std::uint32_t addend[2];    ///< of positive and of negative numbers
    std::uint32_t flip_if_odd;  ///< exclusive or
    std::uint32_t overflow[2];  ///< code of finite numbers beyond the range, sign included
    std::uint32_t infinite[2];  ///< code of infinities
    std::uint32_t below;        ///< code of what is below an unsigned format, or one without zero
};

/// The codes beyond the range; for stochastic rounding the addend comes with each number.
template <float_format F, rounding_rule Rule>
[[nodiscard]] constexpr rounding_constants make_rounding(Rule rule, saturation policy) noexcept {
    rounding_constants c{};
    for (int sign = 0; sign < 2; ++sign) {
        const bool negative = sign != 0;
        c.overflow[negative] = static_cast<std::uint32_t>(encode_overflow<F>(negative, false, rule, policy));
        c.infinite[negative] = static_cast<std::uint32_t>(encode_overflow<F>(negative, true, rule, policy));
    }
    c.below = static_cast<std::uint32_t>(encode_below<F>(policy));
    if constexpr (!F.is_signed) c.overflow[1] = c.infinite[1] = c.below;
    if constexpr (std::same_as<Rule, rounding>) {
        constexpr std::uint32_t all = 0xffff'ffff;
        constexpr std::uint32_t half = 0x8000'0000;
        switch (rule) {
            case rounding::nearest_even: c.addend[0] = c.addend[1] = half - 1, c.flip_if_odd = all; break;
            case rounding::nearest_away: c.addend[0] = c.addend[1] = half; break;
            case rounding::nearest_up: c.addend[0] = half, c.addend[1] = half - 1; break;
            case rounding::toward_zero: break;
            case rounding::toward_negative: c.addend[1] = all; break;
            case rounding::toward_positive: c.addend[0] = all; break;
            case rounding::to_odd: c.addend[0] = c.addend[1] = c.flip_if_odd = all; break;
        }
    }
    return c;
}

/// Formats that the routine below knows: a precision below float's, and codes of floats that stay below 2^31.
template <float_format F>
inline constexpr bool encodes_by_integers = F.significand_bits <= 22 && F.width() <= 32 && F.bias >= -1024 &&
                                            128 - F.min_exponent() < (1 << (30 - F.significand_bits));

/// What becomes of the digits far below the last place, f < 2^-32 in the text above.
enum class tail_rule : std::uint8_t {
    sticky,  ///< f counts as above zero: all deterministic modes
    floor,   ///< the first 32 digits
    half_up  ///< rounded to 32 digits, halves up
};

/// The code of the float with these bits. Where the rounding is stochastic, `random` replaces the addend.
template <float_format F, tail_rule Tail>
[[nodiscard, gnu::always_inline]] constexpr std::uint32_t encode_rounded(std::uint32_t bits, std::uint32_t random,
                                                                         const rounding_constants& c) noexcept {
    constexpr int m = F.significand_bits;
    constexpr std::int32_t smallest = F.min_exponent() + 127;
    constexpr std::uint32_t quiet = 0x0040'0000;
    const bool negative = (bits >> 31) != 0;
    const std::uint32_t a = bits & 0x7fff'ffff;
    // 1. Significand and biased exponent. Subnormal floats share the smallest exponent, unless the format reaches
    //    below it: then they are normalised, by a conversion that is exact.
    auto e = static_cast<std::int32_t>(a >> 23);
    std::uint32_t significand = (a & 0x007f'ffff) | select(e != 0, 0x0080'0000);
    if constexpr (smallest < 1) {
        const auto wide = std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(significand)));
        const std::uint32_t normalised = (wide & 0x007f'ffff) | 0x0080'0000;
        const std::uint32_t exponent = (wide >> 23) - 149;
        significand = select(e != 0 || a == 0, significand, normalised);
        e = static_cast<std::int32_t>(select(e != 0, a >> 23, exponent));
    } else {
        e = e > 1 ? e : 1;
    }
    // 2. Cut at the last place: 1 <= shift.
    const std::int32_t larger = e > smallest ? e : smallest;
    const std::int32_t shift = 23 - m + (larger - e);
    const std::int32_t within = shift < 31 ? shift : 31;  // the significand has 24 bits
    const std::uint32_t kept = significand >> within;
    const std::uint32_t left = significand << (32 - (shift < 32 ? shift : 32));
    std::uint32_t far = select(significand != 0, 1);
    if constexpr (Tail != tail_rule::sticky) {
        const std::int32_t beyond = shift < 64 ? shift - 33 : 31;
        const std::uint32_t digits = significand >> (beyond > 0 ? beyond : 0);
        far = (Tail == tail_rule::half_up ? digits + 1 : digits) >> 1;
    }
    const std::uint32_t f = select(shift <= 32, left, far);
    // 3. Round on the grid of codes.
    constexpr std::uint32_t base = F.has_zero ? 0 : 1U << m;
    std::uint32_t code = (static_cast<std::uint32_t>(larger - smallest) << m) + kept - base;
    const std::uint32_t fixed = select(negative, c.addend[1], c.addend[0]) ^ (c.flip_if_odd & (0U - (code & 1)));
    const std::uint32_t addend = Tail == tail_rule::sticky ? fixed : random;
    code += select(f + addend < f, 1);
    if constexpr (!F.has_zero) code = select(static_cast<std::int32_t>(code) >= 0, code);
    // 4. Flushing, sign, and what is out of range.
    const bool over = code > static_cast<std::uint32_t>(F.max_finite_code());
    if constexpr (F.subnormals == subnormal_codes::flushed) code = select(code >= (1U << m), code);
    const std::uint32_t magnitude = code;
    if constexpr (F.is_signed) {
        constexpr auto sign_bit = static_cast<std::uint32_t>(F.sign_bit());
        const std::uint32_t sign = select(negative, sign_bit);
        code |= F.has_negative_zero ? sign : select(code != 0, sign);
    }
    code = select(over, select(negative, c.overflow[1], c.overflow[0]), code);
    if constexpr (!F.is_signed) {
        const std::uint32_t nonzero = F.has_zero ? select(magnitude != 0, a) : a;
        code = select(negative && nonzero != 0, c.below, code);
    }
    if constexpr (!F.has_zero) code = select(a == 0, c.below, code);
    code = select(a == 0x7f80'0000, select(negative, c.infinite[1], c.infinite[0]), code);
    // 5. NaN.
    constexpr auto nan = static_cast<std::uint32_t>(encode_nan<F>(false, quiet_bit<std::uint64_t>));
    constexpr auto negative_nan = static_cast<std::uint32_t>(encode_nan<F>(true, quiet_bit<std::uint64_t>));
    std::uint32_t not_a_number = select(negative, negative_nan, nan);
    if constexpr (F.nan == nan_codes::ieee) not_a_number |= ((a | quiet) & 0x007f'ffff) >> (23 - m);
    return select(a > 0x7f80'0000, not_a_number, code);
}

}  // namespace dyad::inline v1::scalar
