// SPDX-License-Identifier: Apache-2.0
// The reference for text: decimals as exact rationals, intervals that round to a value, and the characters of a number.
// Nothing here calls the routines under test.
#pragma once

#include <dyad/number/from_chars.hpp>
#include <dyad/number/to_chars.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/exact.hpp"
#include "support/reference_values.hpp"

namespace reference {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;

/// What to_chars writes; "too large" where it says so.
template <class T>
std::string text_of(T x, dyad::text_format format = dyad::text_format::shortest, int precision = -1,
                    std::size_t room = 4096) {
    std::string text(room, '#');
    const auto written = dyad::to_chars(text.data(), text.data() + text.size(), x, format, precision);
    if (!written) return "too large";
    text.resize(static_cast<std::size_t>(written.ptr - text.data()));
    return text;
}

/// Reads all of the text; false where the routine does not take it whole or says that it is wrong.
template <class T, class... Rule>
bool read_text(std::string_view text, T& x, Rule... rule) {
    const auto read = dyad::from_chars(text.data(), text.data() + text.size(), x, rule...);
    return read && read.ptr == text.data() + text.size();
}

inline cpp_int power_of_ten(int n) { return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(n)); }
inline cpp_rational ten_to(int n) { return n >= 0 ? cpp_rational(power_of_ten(n)) : cpp_rational(1, power_of_ten(-n)); }

/// The number that [-]digits[.digits][e[+-]digits] or [-]digits/digits stands for.
inline cpp_rational rational_of(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    cpp_int above = 0;
    cpp_int below = 1;
    std::size_t i = 0;
    const auto digits = [&](cpp_int& into) {
        std::size_t count = 0;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++count) into = into * 10 + (text[i] - '0');
        return static_cast<int>(count);
    };
    digits(above);
    cpp_rational value = above;
    if (i < text.size() && text[i] == '/') {
        ++i;
        below = 0;
        digits(below);
        value = cpp_rational(above, below);
    }
    if (i < text.size() && text[i] == '.') {
        ++i;
        const int places = digits(above);
        value = cpp_rational(above, power_of_ten(places));
    }
    if (i < text.size() && text[i] == 'e') value *= ten_to(std::stoi(std::string(text.substr(i + 1))));
    return negative ? cpp_rational(-value) : value;
}

inline cpp_rational rational_of(const dyad::unpacked& x) { return dyad_test::value_of(x); }

/// The real number for the conversion tables: bits below 2^-400 rounded to odd, which no rounding of theirs can tell.
inline real real_of_rational(const cpp_rational& x) {
    real r;
    r.negative = x < 0;
    const cpp_int units = numerator(cpp_rational(abs(x))) << static_cast<unsigned>(unit_digits);
    const cpp_int d = denominator(x);
    cpp_int whole = units / d;
    if (whole * d != units) whole |= 1;
    r.magnitude = static_cast<exact>(whole);
    return r;
}

/// All reals that round to a value; the ends belong to it or not.
struct interval {
    cpp_rational low;
    cpp_rational high;
    bool closed;
    [[nodiscard]] bool holds(const cpp_rational& x) const {
        return (low < x && x < high) || (closed && (x == low || x == high));
    }
};

/// Positive values in order; half-way to the neighbours, to the next value of the same pattern at the ends, or closed
/// there where the type would saturate.
struct ladder {
    std::vector<cpp_rational> values;
    bool saturates_above = false;
    bool saturates_below = false;
    cpp_rational beyond = 0;  ///< the value that would follow the largest
    unsigned first_code = 1;  ///< of values[0]

    [[nodiscard]] interval around(std::size_t i) const {
        const cpp_rational x = values[i];
        const bool last = i + 1 == values.size();
        const cpp_rational above = last ? beyond : values[i + 1];
        const cpp_rational below = i == 0 ? cpp_rational(0) : values[i - 1];
        interval all{(below + x) / 2, (above + x) / 2, (first_code + i) % 2 == 0};
        if (last && saturates_above) all.high = x;
        if (i == 0 && saturates_below) all.low = x;
        return all;
    }
};

struct digits_and_point {
    std::string digits;
    int point;
};

/// The decimal of fewest digits in the interval, the closest to x among those, the even one where two are as close.
inline digits_and_point shortest_in(const interval& all, const cpp_rational& x) {
    cpp_rational best = 0;
    cpp_int best_digits = 0;
    int best_unit = 0;
    const auto try_unit = [&](int k) {
        const cpp_rational unit = ten_to(k);
        const std::size_t most = best_digits.str().size();
        for (const cpp_int& around : {dyad_test::floor_of(x / unit), dyad_test::ceiling_of(x / unit),
                                      dyad_test::ceiling_of(all.low / unit), dyad_test::floor_of(all.high / unit)}) {
            const cpp_rational candidate = around * unit;
            if (around <= 0 || !(candidate == x || all.holds(candidate))) continue;
            if (best != 0 && k != best_unit && around.str().size() > most) continue;
            const cpp_rational distance = abs(candidate - x);
            const cpp_rational so_far = abs(best - x);
            if (best == 0 || distance < so_far || (distance == so_far && around % 2 == 0)) {
                best = candidate;
                best_digits = around;
                best_unit = k;
            }
        }
    };
    int k = 0;
    while (ten_to(k) <= all.high) ++k;
    while (best == 0) try_unit(k--);
    try_unit(k);  // 0.09 has as few digits as 0.1
    std::string digits = best_digits.str();
    const int point = static_cast<int>(digits.size()) + best_unit;
    while (digits.back() == '0') digits.pop_back();
    return {digits, point};
}

/// Positional where it is not longer than scientific; there, digits to the point instead of zeros.
inline std::string shortest_text(const interval& all, const cpp_rational& x) {
    const auto [digits, point] = shortest_in(all, x);
    const int count = static_cast<int>(digits.size());
    std::string scientific = digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "");
    const std::string e = std::to_string(std::abs(point - 1));
    scientific += std::string("e") + (point < 1 ? "-" : "+") + (e.size() < 2 ? "0" : "") + e;
    std::string positional;
    if (point <= 0) {
        positional = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
    } else if (point < count) {
        positional =
            digits.substr(0, static_cast<std::size_t>(point)) + "." + digits.substr(static_cast<std::size_t>(point));
    } else {
        positional = digits + std::string(static_cast<std::size_t>(point - count), '0');
    }
    if (scientific.size() < positional.size()) return scientific;
    if (point > count) {
        const cpp_int near = dyad_test::reference_round(x, dyad::rounding::nearest_even);
        if (all.holds(near) || cpp_rational(near) == x) positional = near.str();
    }
    return positional;
}

}  // namespace reference
