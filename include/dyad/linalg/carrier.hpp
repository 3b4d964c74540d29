// SPDX-License-Identifier: Apache-2.0
// The carrier of a pair of formats: what their codes are decoded to before they are multiplied, computed from the
// formats' exact ranges.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/number/accumulator.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

enum class carrier : std::uint8_t {
    integer8,   ///< both sides integers of at most 8 bits times one power of two
    bf16,       ///< both sides exact and, but for bfloat16's own subnormals, normal in bfloat16
    integer16,  ///< both sides integers of at most 16 bits, with their signs, times one power of two
    f32,        ///< both sides exact in float
    wide        ///< anything else
};

/// All values of a type are integers of at most `largest` in magnitude times 2^unit; there is no NaN and no infinity.
struct whole_numbers {
    bool are;
    bool negative;  ///< are some below 0?
    std::uint64_t largest;
    int unit;

    /// 8 or 16: the shortest carrier that holds the integers; 0: none does.
    [[nodiscard]] constexpr int carrier_bits() const noexcept {
        if (!are) return 0;
        if (largest <= 127 || (negative ? largest == 128 : largest <= 255)) return 8;
        return largest <= 32767 || (negative && largest == 32768) ? 16 : 0;
    }
};

namespace carrier_rules {

/// Types whose numbers are raw integers times one power of two: fixed, integer, ternary.
template <class T>
inline constexpr bool is_fixed = requires(const T& x) {
    { x.raw() } -> native_integer;
    T::fraction;
};
/// PowerQuant's codes: signed squares.
template <class T>
inline constexpr bool is_power = requires(const T& x) {
    T::max_raw;
    { x.value() } -> std::same_as<std::int32_t>;
};
template <class T>
[[nodiscard]] constexpr bool exact_in(float_format to) {
    // A number must be normal in the target, unless that is float, whose arithmetic keeps subnormals on every machine.
    const int lowest = to == binary32_format ? to.min_exponent() - to.significand_bits : to.min_exponent();
    if constexpr (is_fixed<T>) {
        return std::numeric_limits<T>::digits <= to.precision() && -T::fraction >= lowest &&
               T::width - T::fraction <= to.max_exponent();
    } else if constexpr (is_power<T>) {
        return T::values.precision <= to.precision() && T::values.top <= to.max_exponent();
    } else if constexpr (native_float<T>) {
        return std::same_as<T, float> && to == binary32_format;
    } else if constexpr (!is_minifloat<T>) {
        return false;
    } else {
        constexpr float_format f = T::format;
        // Or the two have the same exponents: then the target's subnormals hold this format's.
        const int smallest = f.min_exponent() - f.significand_bits;
        const bool range = smallest >= lowest || (f.bias == to.bias && f.exponent_bits == to.exponent_bits);
        return f.precision() <= to.precision() && range && f.max_exponent() <= to.max_exponent();
    }
}

}  // namespace carrier_rules

template <number T>
[[nodiscard]] constexpr whole_numbers whole_numbers_of() noexcept {
    if constexpr (carrier_rules::is_fixed<T>) {
        if constexpr (T::width > 64) return {false, false, 0, 0};
        else return {true, std::numeric_limits<T>::is_signed, max_magnitude<T>, -T::fraction};
    } else if constexpr (carrier_rules::is_power<T>) {
        return {true, true, static_cast<std::uint64_t>(T::from_raw(T::max_raw).value()), 0};
    } else if constexpr (is_minifloat<T>) {
        constexpr float_format f = T::format;
        constexpr int unit = f.min_exponent() - f.significand_bits;
        constexpr int digits = f.max_exponent() - unit + 1;
        if constexpr (f.infinity != infinity_codes::none || f.nan != nan_codes::none || !f.has_zero || digits > 16) {
            return {false, false, 0, 0};
        } else {
            const unpacked top = unpack(std::numeric_limits<T>::max());
            return {true, f.is_signed, std::uint64_t{top.significand} << (top.exponent - unit), unit};
        }
    } else {
        return {false, false, 0, 0};
    }
}

/// The integer of a type of whole numbers: x / 2^unit.
template <number T>
[[nodiscard]] constexpr std::int32_t whole_number(T x) noexcept {
    if constexpr (carrier_rules::is_fixed<T>) {
        return static_cast<std::int32_t>(x.raw());
    } else {
        const unpacked value = unpack(x);
        if (value.kind != number_class::finite) return 0;
        const auto whole =
            static_cast<std::int32_t>(value.significand << (value.exponent - whole_numbers_of<T>().unit));
        return value.negative ? -whole : whole;
    }
}

/// Are both exact in bfloat16: the carrier of float arithmetic on them, beside the integer ones?
template <number A, number B>
[[nodiscard]] constexpr bool exact_in_bf16() noexcept {
    return carrier_rules::exact_in<A>(bfloat16_format) && carrier_rules::exact_in<B>(bfloat16_format);
}

/// The first of integer8, bf16, integer16, f32 that holds every value of both exactly. What is wider is `wide`.
template <number A, number B>
[[nodiscard]] constexpr carrier carrier_of() {
    using namespace carrier_rules;
    constexpr int a = whole_numbers_of<A>().carrier_bits();
    constexpr int b = whole_numbers_of<B>().carrier_bits();
    if (a == 8 && b == 8) return carrier::integer8;
    if (!(is_fixed<A> && is_fixed<B>)&&exact_in_bf16<A, B>()) return carrier::bf16;
    if (a != 0 && b != 0) return carrier::integer16;
    if (is_fixed<A> && is_fixed<B>) return carrier::wide;
    return exact_in<A>(binary32_format) && exact_in<B>(binary32_format) ? carrier::f32 : carrier::wide;
}

/// What one format's numbers become under a carrier.
template <number T, carrier C>
struct carrier_type {
    using type = float;
};
template <number T>
struct carrier_type<T, carrier::bf16> {
    using type = bfloat16;
};
template <number T>
struct carrier_type<T, carrier::integer16> {
    using type = std::int16_t;
};
/// 8 bits: the type's own where it has such, so that its memory can be read as it is.
template <number T>
struct carrier_type<T, carrier::integer8> {
    static constexpr bool is_unsigned = [] {
        if constexpr (carrier_rules::is_fixed<T>) return std::is_unsigned_v<typename T::raw_type>;
        else return false;
    }();
    using type = std::conditional_t<is_unsigned, std::uint8_t, std::int8_t>;
};

/// Every value is a multiple of 2^lowest_digit: of a product with another format's, 2^(sum of the two).
template <number T>
[[nodiscard]] constexpr int lowest_digit() noexcept {
    return value_range_of<T>().low;
}

}  // namespace dyad::inline v1
