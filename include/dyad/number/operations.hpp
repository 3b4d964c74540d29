// SPDX-License-Identifier: Apache-2.0
// Closed arithmetic on every number type, T op T -> T: the exact result, rounded once by any rule, then saturated.
// The operators + - * / are these functions with their defaults. Source: IEEE 754-2019 section 5.4.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/core/format.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/float_format.hpp>

namespace dyad::inline v1 {

/// The word in which sums, products, quotients and roots of T are exact, or to odd with digits enough for one rounding
/// with 32 random bits.
template <format T>
using arithmetic_word = std::conditional_t<T::width <= 24, std::uint64_t, uint128_t>;

template <format T>
[[nodiscard]] DYAD_HD constexpr auto unpack_for_arithmetic(T x) noexcept {
    return resize<arithmetic_word<T>>(x.unpack());
}

/// A format whose zero has no sign, but which has a NaN: x / 0 has no sign to give an infinity, so it is NaN (P3109).
template <class T>
concept single_zero_with_nan = requires {
    requires !T::format.has_negative_zero;
    requires T::format.nan != nan_codes::none;
};

/// x + y. x + -x is +0, or -0 when rounding toward negative.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T add(T x, T y, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    bool down = false;
    if constexpr (std::is_same_v<Rule, rounding>) down = rule == rounding::toward_negative;
    return T::pack(exact_sum(unpack_for_arithmetic(x), unpack_for_arithmetic(y), down), rule, policy);
}

/// x - y, as x + -y.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T subtract(T x, T y, Rule rule = rounding::nearest_even,
                                           saturation policy = saturation::none) noexcept {
    bool down = false;
    if constexpr (std::is_same_v<Rule, rounding>) down = rule == rounding::toward_negative;
    auto negated = unpack_for_arithmetic(y);
    if (negated.kind != number_class::nan) negated.negative = !negated.negative;
    return T::pack(exact_sum(unpack_for_arithmetic(x), negated, down), rule, policy);
}

/// x * y.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T multiply(T x, T y, Rule rule = rounding::nearest_even,
                                           saturation policy = saturation::none) noexcept {
    return T::pack(exact_product(unpack_for_arithmetic(x), unpack_for_arithmetic(y)), rule, policy);
}

/// x / y. 0 / 0 is NaN, x / 0 an infinity with the sign of both, or NaN where zero has no sign; fixed-point numbers
/// treat them as they treat infinities and NaN.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T divide(T x, T y, Rule rule = rounding::nearest_even,
                                         saturation policy = saturation::none) noexcept {
    if constexpr (std::numeric_limits<T>::is_modulo) {
        static_assert(T::width + T::fraction <= 120, "dyad::divide of a wrapping type needs Width + Fraction <= 120.");
    }
    const auto dividend = unpack_for_arithmetic(x);
    const auto divisor = unpack_for_arithmetic(y);
    if constexpr (single_zero_with_nan<T>) {
        if (divisor.kind == number_class::zero && dividend.kind != number_class::nan) {
            return T::pack(invalid<arithmetic_word<T>>(), rule, policy);
        }
    }
    return T::pack(quotient(dividend, divisor), rule, policy);
}

/// x * y + z with one rounding.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T fma(T x, T y, T z, Rule rule = rounding::nearest_even,
                                      saturation policy = saturation::none) noexcept {
    static_assert(T::width <= 62, "dyad::fma takes formats of at most 62 bits.");
    if constexpr (std::numeric_limits<T>::is_modulo) {
        static_assert(2 * T::width - T::fraction <= 124,
                      "dyad::fma of a wrapping type needs 2 * Width - Fraction <= 124.");
    }
    bool down = false;
    if constexpr (std::is_same_v<Rule, rounding>) down = rule == rounding::toward_negative;
    const auto product = exact_product(unpack_for_arithmetic(x), unpack_for_arithmetic(y));
    return T::pack(exact_sum(product, unpack_for_arithmetic(z), down), rule, policy);
}

/// The square root; NaN of negative numbers, -0 of -0.
template <format T, rounding_rule Rule = rounding>
[[nodiscard]] DYAD_HD constexpr T sqrt(T x, Rule rule = rounding::nearest_even,
                                       saturation policy = saturation::none) noexcept {
    return T::pack(square_root(unpack_for_arithmetic(x)), rule, policy);
}

}  // namespace dyad::inline v1
