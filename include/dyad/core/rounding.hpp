// SPDX-License-Identifier: Apache-2.0
// Rounding of an exact magnitude: m * 2^-shift to an integer, in every mode, at any width, once.
// Sources: IEEE 754-2019 section 4.3; IEEE P3109 working group interim report v4.0 (to odd, stochastic A, B, C).
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>

namespace dyad::inline v1 {

/// Where a value between two neighbours goes. "Even" and "odd" speak of the neighbour's code.
enum class rounding : std::uint8_t {
    nearest_even,     ///< nearest, ties to the even neighbour (IEEE 754 roundTiesToEven)
    nearest_away,     ///< nearest, ties away from zero (roundTiesToAway)
    nearest_up,       ///< nearest, ties toward +infinity: floor(x + 1/2)
    toward_zero,      ///< truncation
    toward_negative,  ///< floor
    toward_positive,  ///< ceiling
    to_odd            ///< inexact values to the odd neighbour: safe to round a second time
};

/// P3109's three ways of spending n random bits R, nu = the fraction that is cut off. Away from zero if and only if
enum class stochastic_variant : std::uint8_t {
    a,  ///< floor(nu 2^n) + R >= 2^n
    b,  ///< floor(nu 2^(n+1)) + 2R + 1 >= 2^(n+1)
    c   ///< nearest_even(nu 2^n) + R >= 2^n
};

/// Stochastic rounding with bits from the caller, in the place of a `rounding`. 1 <= n <= 32, random_bits < 2^n.
struct stochastic {
    stochastic_variant variant = stochastic_variant::b;
    int n = 32;
    std::uint32_t random_bits = 0;
};

/// What may stand in a rounding argument.
template <class T>
concept rounding_rule = std::same_as<T, rounding> || std::same_as<T, stochastic>;

/// Does m * 2^-shift round away from zero? `odd` is the parity of the neighbour nearer to zero. Any shift >= 0.
template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr bool rounds_away(T m, int shift, bool negative, bool odd, rounding mode) noexcept {
    DYAD_ASSERT(shift >= 0);
    if (shift == 0) return false;
    // The cut-off part is exact if zero, else below, at or above half of the last place kept.
    const bool wider = shift > word_width<T>;
    const T cut = wider ? m : static_cast<T>(m & low_mask<T>(shift));
    if (cut == 0) return false;
    const T half = wider ? T{0} : static_cast<T>(T{1} << (shift - 1));
    const bool tie = !wider && cut == half;
    const bool above = !wider && cut > half;
    switch (mode) {
        case rounding::nearest_even: return above || (tie && odd);
        case rounding::nearest_away: return above || tie;
        case rounding::nearest_up: return above || (tie && !negative);
        case rounding::toward_zero: return false;
        case rounding::toward_negative: return negative;
        case rounding::toward_positive: return !negative;
        case rounding::to_odd: return !odd;
    }
    return false;
}

template <unsigned_word T>
[[nodiscard]] DYAD_HD constexpr bool rounds_away(T m, int shift, bool, bool, stochastic rule) noexcept {
    DYAD_ASSERT(shift >= 0 && rule.n >= 1 && rule.n <= 32);
    const T cut = shift >= word_width<T> ? m : static_cast<T>(m & low_mask<T>(shift));
    if (cut == 0) return false;
    // floor(nu 2^digits), nu = cut 2^-shift < 1, so the result has at most 33 bits.
    const auto leading = [cut, shift](int digits) -> std::uint64_t {
        if (shift >= digits) return static_cast<std::uint64_t>(shift_right(cut, shift - digits));
        return static_cast<std::uint64_t>(cut) << (digits - shift);
    };
    const std::uint64_t one = std::uint64_t{1} << rule.n;
    const std::uint64_t random = rule.random_bits & (one - 1);
    switch (rule.variant) {
        case stochastic_variant::a: return leading(rule.n) + random >= one;
        case stochastic_variant::b: return leading(rule.n + 1) + 2 * random + 1 >= 2 * one;
        case stochastic_variant::c: {
            const std::uint64_t kept = leading(rule.n);
            const bool up =
                shift > rule.n && rounds_away(cut, shift - rule.n, false, (kept & 1) != 0, rounding::nearest_even);
            return kept + (up ? 1 : 0) + random >= one;
        }
    }
    return false;
}

/// m * 2^-shift rounded to an integer; `negative` is the sign of the number whose magnitude m is. Any shift >= 0.
template <unsigned_word T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr T round_shift_right(T m, int shift, bool negative, Rule rule) noexcept {
    const T kept = shift_right(m, shift);
    const bool away = rounds_away(m, shift, negative, (kept & 1) != 0, rule);
    return static_cast<T>(kept + (away ? 1 : 0));
}

/// x * 2^-shift rounded to an integer, for a two's complement x. Any shift >= 0.
template <signed_word T, rounding_rule Rule>
[[nodiscard]] DYAD_HD constexpr T round_shift_right(T x, int shift, Rule rule) noexcept {
    using unsigned_type = unsigned_of<T>;
    const unsigned_type rounded = round_shift_right(magnitude(x), shift, x < 0, rule);
    return static_cast<T>(x < 0 ? static_cast<unsigned_type>(unsigned_type{0} - rounded) : rounded);
}

/// x / d rounded to an integer, for d > 0.
template <signed_word T>
[[nodiscard]] DYAD_HD constexpr T round_divide(T x, T d, rounding mode) noexcept {
    DYAD_ASSERT(d > 0);
    using unsigned_type = unsigned_of<T>;
    const unsigned_type m = magnitude(x);
    const auto divisor = static_cast<unsigned_type>(d);
    const auto quotient = static_cast<unsigned_type>(m / divisor);
    const auto rest = static_cast<unsigned_type>(m % divisor);
    // Two bits stand for the cut-off part: 01 below half, 10 half, 11 above; rest < d <= max, so d - rest is safe.
    const auto opposite = static_cast<unsigned_type>(divisor - rest);
    const std::uint8_t cut = rest == 0 ? 0 : rest < opposite ? 1 : rest == opposite ? 2 : 3;
    const bool away = rounds_away(cut, 2, x < 0, (quotient & 1) != 0, mode);
    const auto rounded = static_cast<unsigned_type>(quotient + (away ? 1 : 0));
    return static_cast<T>(x < 0 ? static_cast<unsigned_type>(unsigned_type{0} - rounded) : rounded);
}

}  // namespace dyad::inline v1
