// SPDX-License-Identifier: Apache-2.0
// The smaller and the larger of two numbers, under every rule for NaN and for zeros of both signs.
// Sources: IEEE 754-2019 section 9.6; P3109's ten minimum and maximum operations without the two for finite numbers.
#pragma once

#include <compare>

#include <dyad/core/format.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/classification.hpp>

namespace dyad::inline v1 {

/// As std::min and std::max, which these stand in for in templated code: the first of two that are equal or unordered.
template <format T>
[[nodiscard]] DYAD_HD constexpr const T& min(const T& x, const T& y) noexcept {
    return y < x ? y : x;
}
template <format T>
[[nodiscard]] DYAD_HD constexpr const T& max(const T& x, const T& y) noexcept {
    return x < y ? y : x;
}

/// Is x before y, with -0 before +0? Neither is NaN.
template <format T>
[[nodiscard]] DYAD_HD constexpr bool is_before(T x, T y) noexcept {
    return x < y || (x == y && signbit(x) && !signbit(y));
}

/// NaN if either is.
template <format T>
[[nodiscard]] DYAD_HD constexpr T minimum(T x, T y) noexcept {
    if (isnan(x)) return x;
    return isnan(y) || is_before(y, x) ? y : x;
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T maximum(T x, T y) noexcept {
    if (isnan(x)) return x;
    return isnan(y) || is_before(x, y) ? y : x;
}

/// The number, if one of the two is NaN; what C calls fmin and fmax.
template <format T>
[[nodiscard]] DYAD_HD constexpr T minimum_number(T x, T y) noexcept {
    return isnan(x) ? y : isnan(y) ? x : minimum(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T maximum_number(T x, T y) noexcept {
    return isnan(x) ? y : isnan(y) ? x : maximum(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T fmin(T x, T y) noexcept {
    return minimum_number(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T fmax(T x, T y) noexcept {
    return maximum_number(x, y);
}

/// Order of |x| and |y|, exact even where |x| is not a number of its type.
template <format T>
[[nodiscard]] DYAD_HD constexpr std::partial_ordering compare_magnitude(T x, T y) noexcept {
    unpacked a = x.unpack();
    unpacked b = y.unpack();
    a.negative = false;
    b.negative = false;
    return compare(a, b);
}

/// The one of smaller or larger magnitude; of equal magnitudes the minimum or maximum.
template <format T>
[[nodiscard]] DYAD_HD constexpr T minimum_magnitude(T x, T y) noexcept {
    if (isnan(x) || isnan(y)) return minimum(x, y);
    const auto order = compare_magnitude(x, y);
    return order < 0 ? x : order > 0 ? y : minimum(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T maximum_magnitude(T x, T y) noexcept {
    if (isnan(x) || isnan(y)) return maximum(x, y);
    const auto order = compare_magnitude(x, y);
    return order > 0 ? x : order < 0 ? y : maximum(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T minimum_magnitude_number(T x, T y) noexcept {
    return isnan(x) ? y : isnan(y) ? x : minimum_magnitude(x, y);
}
template <format T>
[[nodiscard]] DYAD_HD constexpr T maximum_magnitude_number(T x, T y) noexcept {
    return isnan(x) ? y : isnan(y) ? x : maximum_magnitude(x, y);
}

}  // namespace dyad::inline v1
