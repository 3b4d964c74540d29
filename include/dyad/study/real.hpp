// SPDX-License-Identifier: Apache-2.0
// A real number for comparisons: the unevaluated sum of two doubles, value = high + low, about 106 digits.
// Source of the exact difference: Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::study {

/// high is the double nearest to the number, low what it misses: |low| is at most half an ulp of high.
struct real {
    double high = 0;
    double low = 0;

    [[nodiscard]] friend bool operator<(const real& x, const real& y) noexcept {
        return x.high < y.high || (x.high == y.high && x.low < y.low);
    }
    [[nodiscard]] friend bool operator==(const real&, const real&) noexcept = default;
};

/// x as a real. Exact: integers of up to 64 bits, float, double, Dyad's numbers of up to 53 bits.
/// To 106 digits: types with subtraction and a conversion to double that rounds, as Boost.Multiprecision's and
/// long double.
template <class T>
[[nodiscard]] real to_real(const T& x) {
    if constexpr (std::same_as<T, real>) {
        return x;
    } else if constexpr (std::integral<T>) {
        static_assert(sizeof(T) <= 8, "dyad::study::to_real takes integers of at most 64 bits.");
        const auto high = static_cast<double>(x);
        return {high, static_cast<double>(static_cast<int128_t>(x) - static_cast<int128_t>(high))};
    } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
        return {static_cast<double>(x), 0};
    } else if constexpr (number<T>) {
        static_assert(T::width <= 53, "dyad::study::to_real takes Dyad's numbers of at most 53 bits.");
        return {convert<double>(x), 0};
    } else {
        const auto high = static_cast<double>(x);
        if (!std::isfinite(high)) return {high, 0};
        const T rest = x - T(high);
        return {high, static_cast<double>(rest)};
    }
}

/// x * factor, exactly where it has 106 digits and no low part: a code times its scale, say.
[[nodiscard]] inline real scaled(double x, double factor) noexcept {
    const double high = x * factor;
    return {high, std::fma(x, factor, -high)};
}

/// x - y as a double, its own error at most 2^-52 of it and 2^-105 of the larger operand. NaN where either is NaN or
/// both are the same infinity.
[[nodiscard]] inline double difference(const real& x, const real& y) noexcept {
    const double high = x.high - y.high;
    if (!std::isfinite(high)) return high;
    // high + rest is the difference of the high parts, exactly.
    const double part = high - x.high;
    const double rest = (x.high - (high - part)) - (y.high + part);
    return high + (rest + (x.low - y.low));
}

}  // namespace dyad::inline v1::study
