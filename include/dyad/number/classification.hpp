// SPDX-License-Identifier: Apache-2.0
// What a number is, its neighbours, and the functions of a number that only touch sign and exponent; for every number
// type, found by argument-dependent lookup. Sources: IEEE 754-2019 sections 5.3.1, 5.5, 5.7, 5.9, 9.6; P3109 section 4.
#pragma once

#include <cstdint>
#include <limits>

#include <dyad/core/format.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/operations.hpp>

namespace dyad::inline v1 {

enum class float_class : std::uint8_t { nan, infinity, zero, subnormal, normal };

/// Subnormal: a minifloat below its smallest normal number. Fixed-point numbers are zero or normal.
template <format T>
[[nodiscard]] DYAD_HD constexpr float_class classify(T x) noexcept {
    const unpacked value = x.unpack();
    switch (value.kind) {
        case number_class::nan: return float_class::nan;
        case number_class::infinity: return float_class::infinity;
        case number_class::zero: return float_class::zero;
        case number_class::finite: break;
    }
    if constexpr (requires { T::format.min_exponent(); }) {
        if (value.top_exponent() < T::format.min_exponent()) return float_class::subnormal;
    }
    return float_class::normal;
}
template <format T>
[[nodiscard]] DYAD_HD constexpr bool isnan(T x) noexcept {
    return x.unpack().kind == number_class::nan;
}
template <format T>
[[nodiscard]] DYAD_HD constexpr bool isinf(T x) noexcept {
    return x.unpack().kind == number_class::infinity;
}
/// Neither infinite nor NaN.
template <format T>
[[nodiscard]] DYAD_HD constexpr bool isfinite(T x) noexcept {
    return !isnan(x) && !isinf(x);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr bool isnormal(T x) noexcept {
    return classify(x) == float_class::normal;
}
/// The sign; of zeros, infinities and NaN too where they have one.
template <format T>
[[nodiscard]] DYAD_HD constexpr bool signbit(T x) noexcept {
    return x.unpack().negative;
}

/// |x|. The lowest fixed-point number has no positive counterpart and saturates, wraps or traps as its type says.
template <format T>
[[nodiscard]] DYAD_HD constexpr T abs(T x) noexcept {
    unpacked value = x.unpack();
    value.negative = false;
    return T::pack(value, rounding::nearest_even, saturation::none);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T fabs(T x) noexcept {
    return abs(x);
}
/// |x| with the sign of y; in an unsigned type x itself.
template <format T>
[[nodiscard]] DYAD_HD constexpr T copysign(T x, T y) noexcept {
    if constexpr (!std::numeric_limits<T>::is_signed) return x;
    unpacked value = x.unpack();
    value.negative = signbit(y);
    return T::pack(value, rounding::nearest_even, saturation::none);
}

/// x rounded to an integer by any rule. Where the type has no such integer, one more rounding as of a conversion.
template <format T>
[[nodiscard]] DYAD_HD constexpr T round_to_integer(T x, rounding rule) noexcept {
    const unpacked value = x.unpack();
    if (value.kind != number_class::finite || value.exponent >= 0) return x;
    const auto integer = round_shift_right(value.significand, -value.exponent, value.negative, rule);
    return T::pack(unpacked::finite(value.negative, integer, 0), rounding::nearest_even, saturation::none);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T floor(T x) noexcept {
    return round_to_integer(x, rounding::toward_negative);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T ceil(T x) noexcept {
    return round_to_integer(x, rounding::toward_positive);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T trunc(T x) noexcept {
    return round_to_integer(x, rounding::toward_zero);
}
/// Ties away from zero, as C's round.
template <format T>
[[nodiscard]] DYAD_HD constexpr T round(T x) noexcept {
    return round_to_integer(x, rounding::nearest_away);
}
/// Ties to even, as C's rint in its default mode.
template <format T>
[[nodiscard]] DYAD_HD constexpr T rint(T x) noexcept {
    return round_to_integer(x, rounding::nearest_even);
}

/// x * 2^n, rounded once.
template <format T>
[[nodiscard]] DYAD_HD constexpr T ldexp(T x, int n) noexcept {
    unpacked value = x.unpack();
    if (value.kind != number_class::finite) return x;
    // Beyond 2^20 every format has overflowed, or underflowed to its smallest value or zero.
    constexpr int far = 1 << 20;
    value.exponent += n < -far ? -far : n > far ? far : n;
    return T::pack(value, rounding::nearest_even, saturation::none);
}

/// The unit in the last place at x: the distance to the next larger magnitude of the same exponent. The smallest
/// positive number where the unit lies below it; NaN and infinities give NaN or what the type has instead.
template <format T>
    requires requires { T::format.min_exponent(); } || requires {
        T::fraction;
    }
[[nodiscard]] DYAD_HD constexpr T ulp(T x) noexcept {
    const unpacked value = x.unpack();
    int unit = 0;
    if constexpr (requires { T::fraction; }) {
        unit = -T::fraction;
    } else {
        constexpr float_format f = T::format;
        if (value.kind == number_class::nan || value.kind == number_class::infinity) {
            return T::pack(invalid<std::uint64_t>(), rounding::nearest_even, saturation::none);
        }
        const bool low = value.kind == number_class::zero || value.top_exponent() < f.min_exponent();
        unit = (low ? f.min_exponent() : value.top_exponent()) - f.significand_bits;
        if (f.subnormals == subnormal_codes::flushed && unit < f.min_exponent()) unit = f.min_exponent();
    }
    return T::pack(unpacked::finite(false, 1, unit), rounding::toward_positive, saturation::finite);
}

/// The neighbour of x in one direction: x moved by less than any number type can tell, then rounded outward.
template <format T>
[[nodiscard]] DYAD_HD constexpr T neighbour(T x, bool down) noexcept {
    auto value = unpack_for_arithmetic(x);
    using word = arithmetic_word<T>;
    if (value.kind == number_class::nan) return x;
    if (value.kind == number_class::infinity) {
        if (value.negative == down) return x;
        return down ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
    }
    if constexpr (requires { requires T::format.subnormals == subnormal_codes::flushed; }) {
        const T smallest = std::numeric_limits<T>::min();
        if (value.kind == number_class::zero && !down) return smallest;
        if (value.kind == number_class::zero) return std::numeric_limits<T>::is_signed ? -smallest : x;
    }
    const auto step = basic_unpacked<word>::finite(down, 1, -(1 << 20));
    const rounding outward = down ? rounding::toward_negative : rounding::toward_positive;
    // Past the largest number lies an infinity where there is one, below an unsigned zero nothing.
    using limits = std::numeric_limits<T>;
    const bool to_infinity = limits::has_infinity && (limits::is_signed || !down);
    const saturation policy = to_infinity ? saturation::none : saturation::finite;
    return T::pack(exact_sum(value, step), outward, policy);
}
/// The least number above x, and the greatest below (IEEE 754 nextUp, nextDown). The ends stay where they are:
/// infinity, or the largest number of a type without one. In wrapping and trapping types the ends wrap and trap.
template <format T>
[[nodiscard]] DYAD_HD constexpr T next_up(T x) noexcept {
    return neighbour(x, false);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T next_down(T x) noexcept {
    return neighbour(x, true);
}
/// P3109's NextGreaterThan and NextLessThan: beyond the ends lies NaN.
template <single_zero_with_nan T>
[[nodiscard]] DYAD_HD constexpr T next_greater_than(T x) noexcept {
    const T next = next_up(x);
    return next == x ? std::numeric_limits<T>::quiet_NaN() : next;
}
template <single_zero_with_nan T>
[[nodiscard]] DYAD_HD constexpr T next_less_than(T x) noexcept {
    const T next = next_down(x);
    return next == x ? std::numeric_limits<T>::quiet_NaN() : next;
}

}  // namespace dyad::inline v1
