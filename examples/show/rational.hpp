// SPDX-License-Identifier: Apache-2.0
// Exact numbers of the command line, and the text of values of any size.
#pragma once

#include <dyad/number.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace show {

/// Any value of a type that dyad-show knows, for to_chars: up to 2^-32768 in binary16p1uf.
struct any_value {
    static constexpr dyad::value_range values{.low = -33000, .top = 33000, .precision = 64};
    dyad::unpacked value;
    [[nodiscard]] constexpr dyad::unpacked unpack() const noexcept { return value; }
};

/// Room for 40 000 decimal digits.
using big = dyad::natural<4200>;

/// (-1)^negative n / d, or an infinity or NaN.
struct rational {
    dyad::number_class what = dyad::number_class::zero;
    bool negative = false;
    big n;
    big d{1};
};

/// A decimal, a fraction, a hexadecimal float, inf or nan. Nothing where the text is none of these; std::length_error
/// where it has more than 4000 digits or an exponent beyond 10000.
[[nodiscard]] std::optional<rational> parse_rational(std::string_view text);

/// Rounded to odd at 127 digits or more: any one rounding that follows is exact.
[[nodiscard]] dyad::unpacked_wide to_odd(const rational& x);
/// y - x, for finite x and y.
[[nodiscard]] dyad::unpacked_wide difference(const dyad::unpacked& y, const rational& x);

[[nodiscard]] std::string text_of(const dyad::unpacked& value, dyad::text_format format, int precision = -1);
/// All digits where they are few, else 1.75 * 2^15, (2^24 - 1) * 2^104 or ~0.10000000000000001.
[[nodiscard]] std::string brief_text(const dyad::unpacked& value, std::size_t most = 12);

}  // namespace show
