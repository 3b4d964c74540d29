// SPDX-License-Identifier: Apache-2.0
#include "rational.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace show {

namespace {

using dyad::number_class;

constexpr int longest = 4000;
constexpr int widest_exponent = 10000;

/// Digits of a base into a number; returns how many.
int take_digits(std::string_view& text, unsigned base, big& into) {
    int count = 0;
    for (; !text.empty(); text.remove_prefix(1), ++count) {
        const int digit = dyad::hexadecimal_digit(text.front());
        if (digit < 0 || digit >= static_cast<int>(base)) break;
        if (count == longest) throw std::length_error("a number may have at most 4000 digits");
        into.multiply_add(base, static_cast<unsigned>(digit));
    }
    return count;
}

std::optional<int> take_exponent(std::string_view& text, char letter) {
    if (text.empty() || (text.front() | 0x20) != letter) return 0;
    std::string_view rest = text.substr(1);
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    int exponent = 0;
    int count = 0;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), ++count) {
        exponent = exponent * 10 + (rest.front() - '0');
        if (exponent > widest_exponent) throw std::length_error("an exponent may be at most 10000");
    }
    if (count == 0) return std::nullopt;
    text = rest;
    return negative ? -exponent : exponent;
}

void multiply_power_of_ten(big& x, int n) {
    x.multiply_power_of_five(n);
    x.shift_left(n);
}

/// 12.5e-3 or 0x1.8p+3, without its sign and prefix.
bool parse_positional(std::string_view text, bool hexadecimal, rational& x) {
    const unsigned base = hexadecimal ? 16 : 10;
    int count = take_digits(text, base, x.n);
    int places = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        places = take_digits(text, base, x.n);
        count += places;
    }
    const auto exponent = take_exponent(text, hexadecimal ? 'p' : 'e');
    if (count == 0 || !exponent || !text.empty()) return false;
    const int scale = hexadecimal ? *exponent - 4 * places : *exponent - places;
    big& grows = scale >= 0 ? x.n : x.d;
    if (hexadecimal) grows.shift_left(std::abs(scale));
    else multiply_power_of_ten(grows, std::abs(scale));
    return true;
}

}  // namespace

std::optional<rational> parse_rational(std::string_view text) {
    rational x;
    x.negative = text.starts_with('-');
    if (x.negative || text.starts_with('+')) text.remove_prefix(1);
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    x.what = number_class::finite;
    if (lower == "inf" || lower == "infinity") {
        x.what = number_class::infinity;
        return x;
    }
    if (lower == "nan") {
        x.what = number_class::nan;
        return x;
    }
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        std::string_view above = text.substr(0, slash);
        std::string_view below = text.substr(slash + 1);
        x.d = big{};
        if (take_digits(above, 10, x.n) == 0 || take_digits(below, 10, x.d) == 0 || !above.empty() || !below.empty() ||
            x.d.is_zero()) {
            return std::nullopt;
        }
    } else if (lower.starts_with("0x")) {
        if (!parse_positional(text.substr(2), true, x)) return std::nullopt;
    } else if (!parse_positional(text, false, x)) {
        return std::nullopt;
    }
    if (x.n.is_zero()) x.what = number_class::zero;
    return x;
}

dyad::unpacked_wide to_odd(const rational& x) {
    switch (x.what) {
        case number_class::zero: return dyad::unpacked_wide::zero(x.negative);
        case number_class::infinity: return dyad::unpacked_wide::infinity(x.negative);
        case number_class::nan: return dyad::unpacked_wide::nan(x.negative, dyad::quiet_bit<dyad::uint128_t>);
        case number_class::finite: break;
    }
    return dyad::ratio_to_odd(x.negative, x.n, x.d);
}

dyad::unpacked_wide difference(const dyad::unpacked& y, const rational& x) {
    // y = m 2^e: over the denominator d 2^-e (e < 0) or d, the numerators are m d 2^e and n.
    big of_x = x.n;
    big of_y = x.d;
    big high = x.d;
    of_y.multiply_add(static_cast<std::uint32_t>(y.significand), 0);
    high.multiply_add(static_cast<std::uint32_t>(y.significand >> 32), 0);
    high.shift_left(32);
    of_y.add(high);
    big denominator = x.d;
    if (y.exponent >= 0) {
        of_y.shift_left(y.exponent);
    } else {
        of_x.shift_left(-y.exponent);
        denominator.shift_left(-y.exponent);
    }
    const bool y_is_zero = y.kind == number_class::zero;
    const bool same_sign = x.negative == y.negative || y_is_zero || x.what == number_class::zero;
    bool negative = y_is_zero ? !x.negative : y.negative;
    big result = of_y;
    if (!same_sign) {
        result.add(of_x);
    } else if (of_y >= of_x) {
        result.subtract(of_x);
    } else {
        result = of_x;
        result.subtract(of_y);
        negative = !x.negative;
    }
    if (result.is_zero()) return dyad::unpacked_wide::zero(false);
    return dyad::ratio_to_odd(negative, result, denominator);
}

std::string text_of(const dyad::unpacked& value, dyad::text_format format, int precision) {
    std::string text(static_cast<std::size_t>(dyad::max_chars<any_value>(format) + std::max(precision, 0)), '\0');
    const auto written = dyad::to_chars(text.data(), text.data() + text.size(), any_value{value}, format, precision);
    text.resize(static_cast<std::size_t>(written.ptr - text.data()));
    return text;
}

std::string brief_text(const dyad::unpacked& value, std::size_t most) {
    if (value.kind != number_class::finite) return text_of(value, dyad::text_format::exact);
    std::string exact = text_of(value, dyad::text_format::exact);
    if (exact.size() <= most) return exact;
    // (2^24 - 1) * 2^104
    const int zeros = dyad::trailing_zeros(value.significand);
    const std::uint64_t odd = value.significand >> zeros;
    if (odd > 1000 && (odd & (odd + 1)) == 0) {
        return std::string(value.negative ? "-" : "") + "(2^" + std::to_string(dyad::bit_width(odd)) + " - 1) * 2^" +
               std::to_string(value.exponent + zeros);
    }
    // A significand from 1 to 2 times 2^top, or where that is long, about 17 digits.
    const int top = value.top_exponent();
    dyad::unpacked significand = value;
    significand.exponent -= top;
    const std::string digits = text_of(significand, dyad::text_format::exact);
    if (digits.size() > 30) return "~" + text_of(value, dyad::text_format::general, 17);
    const std::string power = "2^" + std::to_string(top);
    if (digits == "1") return power;
    if (digits == "-1") return "-" + power;
    return digits + " * " + power;
}

}  // namespace show
