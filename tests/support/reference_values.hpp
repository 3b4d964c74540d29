// SPDX-License-Identifier: Apache-2.0
// The reference for numbers: exact values as Boost integers, decoding by the formats' definitions, exact arithmetic.
// Nothing here calls the routines under test.
#pragma once

#include <dyad/number.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace reference {

/// An exact magnitude in units of 2^-unit_digits: every number from 2^-400 to 2^623 with bits no lower than 2^-400.
using exact = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;
inline constexpr int unit_digits = 400;

/// significand * 2^exponent.
inline exact scaled(dyad::uint128_t significand, int exponent) {
    exact m = static_cast<std::uint64_t>(significand >> 64);
    m <<= 64;
    m |= static_cast<std::uint64_t>(significand);
    const int up = exponent + unit_digits;
    if (up >= 0) {
        if (up + 128 > 1024) throw std::logic_error("reference::scaled: too large");
        return exact(m << static_cast<unsigned>(up));
    }
    const exact down = m >> static_cast<unsigned>(-up);
    if (exact(down << static_cast<unsigned>(-up)) != m) throw std::logic_error("reference::scaled: too fine");
    return down;
}

/// floor(log2 x) for x > 0.
inline int exponent_of(const exact& x) { return static_cast<int>(msb(x)) - unit_digits; }

enum class kind { finite, infinity, nan };

/// A real number with a sign (of zero, too), an infinity, or a NaN with its payload at the top of a word.
struct real {
    kind what = kind::finite;
    bool negative = false;
    exact magnitude = 0;
    std::uint64_t payload = 0;

    friend bool operator==(const real& x, const real& y) {
        return x.what == y.what && x.negative == y.negative && x.magnitude == y.magnitude && x.payload == y.payload;
    }
};

inline constexpr std::uint64_t quiet = std::uint64_t{1} << 63;

// --- decoding ---

inline std::uint64_t power_of_two(int exponent) { return std::uint64_t{1} << exponent; }

/// The formula of a format for a code without its sign, whatever special meaning the code has.
inline exact formula(const dyad::float_format& f, std::uint64_t code) {
    const auto field = static_cast<int>(code >> f.significand_bits);
    const std::uint64_t t = code % power_of_two(f.significand_bits);
    if (f.has_zero && field == 0) return scaled(t, 1 - f.bias - f.significand_bits);
    return scaled(power_of_two(f.significand_bits) + t, field - f.bias - f.significand_bits);
}

/// Sign, class and payload of a code; the magnitude of a finite one is left 0.
inline real class_of(const dyad::float_format& f, std::uint64_t code) {
    const std::uint64_t codes = power_of_two(f.exponent_bits + f.significand_bits);
    const std::uint64_t all_ones = power_of_two(f.exponent_bits) - 1;
    const bool negative = code >= codes;
    const std::uint64_t magnitude = code % codes;
    const std::uint64_t field = magnitude >> f.significand_bits;
    const std::uint64_t t = magnitude % power_of_two(f.significand_bits);
    switch (f.nan) {
        case dyad::nan_codes::none: break;
        case dyad::nan_codes::ieee:
            if (field == all_ones && t != 0) return {kind::nan, negative, 0, t << (64 - f.significand_bits)};
            break;
        case dyad::nan_codes::top:
            if (magnitude == codes - 1) return {kind::nan, negative, 0, quiet};
            break;
        case dyad::nan_codes::negative_zero:
            if (negative && magnitude == 0) return {kind::nan, false, 0, quiet};
            break;
    }
    const bool nan_at_top = f.nan == dyad::nan_codes::top;
    if (f.infinity == dyad::infinity_codes::ieee && magnitude == all_ones << f.significand_bits)
        return {kind::infinity, negative};
    if (f.infinity == dyad::infinity_codes::top && magnitude == codes - (nan_at_top ? 2 : 1))
        return {kind::infinity, negative};
    return {kind::finite, negative};
}

inline real decode(const dyad::float_format& f, std::uint64_t code) {
    real x = class_of(f, code);
    if (x.what != kind::finite) return x;
    const std::uint64_t magnitude = code % power_of_two(f.exponent_bits + f.significand_bits);
    const bool subnormal = f.has_zero && magnitude >> f.significand_bits == 0;
    const bool flushed = subnormal && f.subnormals == dyad::subnormal_codes::flushed;
    if (!flushed) x.magnitude = formula(f, magnitude);
    return x;
}

template <dyad::float_format F>
real real_of(dyad::minifloat<F> x) {
    return decode(F, x.bits());
}

/// Doubles beyond 2^400 and below 2^-300 stand for all that lie there: no target under test has a threshold there.
template <dyad::native_float T>
real real_of(T x) {
    const bool negative = std::signbit(x);
    if (std::isnan(x)) {
        using word = dyad::least_uint<dyad::word_width<T>>;
        constexpr int field = std::numeric_limits<T>::digits - 1;
        return {kind::nan, negative, 0, static_cast<std::uint64_t>(std::bit_cast<word>(x)) << (64 - field)};
    }
    if (std::isinf(x)) return {kind::infinity, negative};
    if (x == 0) return {kind::finite, negative, 0};
    int exponent = 0;
    const double m = std::frexp(std::fabs(static_cast<double>(x)), &exponent);
    if (exponent < -300) return {kind::finite, negative, scaled(1, -300)};
    if (exponent > 400) return {kind::finite, negative, scaled(1, 400)};
    return {kind::finite, negative, scaled(static_cast<std::uint64_t>(std::ldexp(m, 53)), exponent - 53)};
}

template <dyad::native_integer T>
real real_of(T x) {
    const bool negative = x < 0;
    const auto pattern = static_cast<dyad::uint128_t>(x);
    return {kind::finite, negative, scaled(negative ? dyad::uint128_t{0} - pattern : pattern, 0)};
}

template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
real real_of(dyad::fixed<Width, Fraction, Sign, Overflow> x) {
    const auto raw = static_cast<dyad::int128_t>(x.raw());
    return {kind::finite, raw < 0, scaled(static_cast<dyad::uint128_t>(raw < 0 ? -raw : raw), -Fraction)};
}

inline real real_of(dyad::ternary x) { return {kind::finite, x.raw() < 0, scaled(x.raw() == 0 ? 0 : 1, 0)}; }
template <int Bits>
real real_of(dyad::power<Bits, 2> x) {
    const auto root = static_cast<dyad::uint128_t>(x.raw() < 0 ? -x.raw() : x.raw());
    return {kind::finite, x.raw() < 0, scaled(root * root, 0)};
}

template <dyad::unsigned_word S>
real real_of(const dyad::basic_unpacked<S>& x) {
    switch (x.kind) {
        case dyad::number_class::zero: return {kind::finite, x.negative, 0};
        case dyad::number_class::finite: return {kind::finite, x.negative, scaled(x.significand, x.exponent)};
        case dyad::number_class::infinity: return {kind::infinity, x.negative};
        case dyad::number_class::nan: break;
    }
    constexpr int beyond_64 = dyad::word_width < S >> 64 ? dyad::word_width<S> - 64 : 0;
    return {kind::nan, x.negative, 0, static_cast<std::uint64_t>(x.significand >> beyond_64)};
}

// --- arithmetic, exactly; the quotient keeps its place among all thresholds ---

inline bool is_zero(const real& x) { return x.what == kind::finite && x.magnitude == 0; }
inline bool is_signalling(const real& x) { return x.what == kind::nan && x.payload < quiet; }
inline real invalid() { return {kind::nan, false, 0, quiet}; }
inline real negated(real x) {
    x.negative = !x.negative;
    return x;
}

inline real sum(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    if (x.what == kind::infinity && y.what == kind::infinity) return x.negative == y.negative ? x : invalid();
    if (x.what == kind::infinity) return x;
    if (y.what == kind::infinity) return y;
    const exact a = x.negative ? exact(-x.magnitude) : x.magnitude;
    const exact b = y.negative ? exact(-y.magnitude) : y.magnitude;
    const exact total = a + b;
    if (total == 0) return {kind::finite, x.negative && y.negative, 0};
    return {kind::finite, total < 0, abs(total)};
}

inline real product(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    const bool negative = x.negative != y.negative;
    if (x.what == kind::infinity || y.what == kind::infinity)
        return is_zero(x) || is_zero(y) ? invalid() : real{kind::infinity, negative};
    // In units of 2^-200 the product has units of 2^-400.
    constexpr unsigned half = unit_digits / 2;
    const exact a = x.magnitude >> half;
    const exact b = y.magnitude >> half;
    if (exact(a << half) != x.magnitude || exact(b << half) != y.magnitude)
        throw std::logic_error("reference::product: too fine");
    return {kind::finite, negative, exact(a * b)};
}

/// x / y cut at 2^-400, with the last bit set where something was cut: it compares with all thresholds as x / y does.
inline real quotient(const real& x, const real& y) {
    if (x.what == kind::nan) return x;
    if (y.what == kind::nan) return y;
    const bool negative = x.negative != y.negative;
    if (x.what == kind::infinity) return y.what == kind::infinity ? invalid() : real{kind::infinity, negative};
    if (y.what == kind::infinity) return {kind::finite, negative, 0};
    if (is_zero(y)) return is_zero(x) ? invalid() : real{kind::infinity, negative};
    const exact dividend = x.magnitude << static_cast<unsigned>(unit_digits);
    exact q = dividend / y.magnitude;
    if (exact(q * y.magnitude) != dividend) q |= 1;
    return {kind::finite, negative, q};
}

/// -1, 0, 1 as IEEE 754 compares; 2 for unordered.
inline int order(const real& x, const real& y) {
    if (x.what == kind::nan || y.what == kind::nan) return 2;
    const exact beyond = exact(1) << 1000u;
    exact a = x.what == kind::infinity ? beyond : x.magnitude;
    exact b = y.what == kind::infinity ? beyond : y.magnitude;
    if (x.negative) a = -a;
    if (y.negative) b = -b;
    return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace reference
