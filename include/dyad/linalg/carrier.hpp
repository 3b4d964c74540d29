// SPDX-License-Identifier: Apache-2.0
// The carrier of a pair of formats: what their codes are decoded to before they are multiplied, computed from the
// formats' exact ranges.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

enum class carrier : std::uint8_t {
    integer8,   ///< both sides integers of at most 8 bits times one power of two
    bf16,       ///< both sides exact and, but for bfloat16's own subnormals, normal in bfloat16
    integer16,  ///< both sides integers of at most 16 bits times one power of two
    f32,        ///< both sides exact in float
    wide        ///< anything else
};

namespace carrier_rules {

/// Types whose numbers are raw integers times one power of two: fixed, integer, ternary.
template <class T>
inline constexpr bool is_fixed = requires(const T& x) {
    { x.raw() } -> native_integer;
    T::fraction;
};
template <class T>
[[nodiscard]] constexpr bool exact_in(float_format to) {
    if constexpr (is_fixed<T>) {
        return std::numeric_limits<T>::digits <= to.precision() && -T::fraction >= to.min_exponent() &&
               T::width - T::fraction <= to.max_exponent();
    } else if constexpr (native_float<T>) {
        return std::same_as<T, float> && to == binary32_format;
    } else if constexpr (!is_minifloat<T>) {
        return false;
    } else {
        constexpr float_format f = T::format;
        // The smallest subnormal must be normal in the target, unless the two have the same exponents.
        const int smallest = f.min_exponent() - f.significand_bits;
        const bool range = smallest >= to.min_exponent() || (f.bias == to.bias && f.exponent_bits == to.exponent_bits);
        return f.precision() <= to.precision() && range && f.max_exponent() <= to.max_exponent();
    }
}

}  // namespace carrier_rules

/// Two fixed-point formats: integer8 or integer16 by the wider of them. Otherwise the first of bf16, f32 that holds
/// every value of both exactly. What is wider is `wide`.
template <number A, number B>
[[nodiscard]] constexpr carrier carrier_of() {
    using namespace carrier_rules;
    if constexpr (is_fixed<A> && is_fixed<B>) {
        constexpr int width = A::width > B::width ? A::width : B::width;
        return width <= 8 ? carrier::integer8 : width <= 16 ? carrier::integer16 : carrier::wide;
    } else {
        if (exact_in<A>(bfloat16_format) && exact_in<B>(bfloat16_format)) return carrier::bf16;
        return exact_in<A>(binary32_format) && exact_in<B>(binary32_format) ? carrier::f32 : carrier::wide;
    }
}

}  // namespace dyad::inline v1
