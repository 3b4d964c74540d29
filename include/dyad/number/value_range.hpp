// SPDX-License-Identifier: Apache-2.0
// Where the values of a type lie: what exact sums and exact texts need to know of it.
#pragma once

#include <dyad/core/bits.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// Every nonzero finite value of a type is a multiple of 2^low below 2^(top + 1) in magnitude, of at most `precision`
/// digits.
struct value_range {
    int low;
    int top;
    int precision;
};

/// A type says it itself as T::values, or it follows from its format. What is no number type (dyadic) has what a double
/// can hold, and more.
template <class T>
[[nodiscard]] DYAD_HD constexpr value_range value_range_of() noexcept {
    if constexpr (requires { T::values; }) {
        return T::values;
    } else if constexpr (float_number<T>) {
        constexpr float_format f = format_of<T>();
        return {f.min_exponent() - f.significand_bits, f.max_exponent(), f.precision()};
    } else if constexpr (native_integer<T>) {
        return {0, word_width<T> - 1, word_width<T>};
    } else if constexpr (requires { T::fraction; }) {
        return {-T::fraction, T::width - 1 - T::fraction, T::width};
    } else {
        return {-1100, 1100, 64};
    }
}

}  // namespace dyad::inline v1
