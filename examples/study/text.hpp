// SPDX-License-Identifier: Apache-2.0
// Numbers as text whatever the locale; fields of HTML, CSV and JSON. For the reports of all programs.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace study {

/// The shortest decimal that reads back as the same double; "inf", "-inf" or "nan" where there is none.
inline std::string shortest(double value) {
    if (std::isnan(value)) return "nan";
    std::array<char, 32> text = {};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

/// `decimals` digits right of the point; never "-0".
inline std::string fixed(double value, int decimals) {
    if (!std::isfinite(value)) return shortest(value);
    std::array<char, 400> text = {};  // the largest double has 309 digits left of the point
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals).ptr;
    std::string digits(text.data(), end);
    if (digits.front() == '-' && digits.find_first_of("123456789") == std::string::npos) digits.erase(0, 1);
    return digits;
}

/// About three significant digits for magnitudes from 0.1 up, four decimals below.
inline std::string three_digits(double value) {
    const double magnitude = std::abs(value);
    const int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : magnitude >= 0.1 ? 3 : 4;
    return fixed(value, decimals);
}

inline std::string percent(double share, int decimals) { return fixed(100 * share, decimals); }

/// A positive decimal as digits and power of ten: value = digits * 10^exponent.
struct scientific_text {
    std::string digits;
    int exponent;
};

inline scientific_text scientific(double value) {
    std::array<char, 32> text = {};
    char* const end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, 1).ptr;
    char* const mark = std::find(text.data(), end, 'e');
    int magnitude = 0;
    std::from_chars(mark + 2, end, magnitude);  // behind the e and the sign
    return {std::string(text.data(), mark), mark[1] == '-' ? -magnitude : magnitude};
}

/// Whether a divergence is too small for four decimals.
inline bool wants_scientific(double value) { return value != 0 && std::abs(value) < 1e-3; }

inline std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '&') escaped += "&amp;";
        else if (c == '<') escaped += "&lt;";
        else if (c == '>') escaped += "&gt;";
        else if (c == '"') escaped += "&quot;";
        else if (c == '\'') escaped += "&#39;";
        else escaped += c;
    }
    return escaped;
}

/// A number with the typographic minus.
inline std::string typeset(std::string_view number) {
    std::string text;
    for (const char c : number) {
        if (c == '-') text += "\u2212";
        else text += c;
    }
    return text;
}

/// An exponent in raised digits.
inline std::string raised(int exponent) {
    constexpr std::array<std::string_view, 10> digits = {"\u2070", "\u00B9", "\u00B2", "\u00B3", "\u2074",
                                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    std::string text;
    for (const char c : std::to_string(exponent))
        text += c == '-' ? "\u207B" : digits[static_cast<std::size_t>(c - '0')];
    return text;
}

/// Characters on screen: UTF-8 continuation bytes 0b10'xxxxxx take no room.
inline std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// --- CSV ---

inline std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

inline std::string csv_line(const std::vector<std::string>& fields) {
    std::string line = csv_field(fields.front());
    for (std::size_t i = 1; i < fields.size(); ++i) line += "," + csv_field(fields[i]);
    return line + "\n";
}

// --- JSON ---

inline std::string json_string(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') (quoted += '\\') += c;
        else if (code < 0x20) ((quoted += "\\u00") += hex[code >> 4]) += hex[code & 15];
        else quoted += c;
    }
    return quoted + "\"";
}

/// JSON has no infinity and no NaN.
inline std::string json_number(double value) { return std::isfinite(value) ? shortest(value) : "null"; }

inline std::string json_member(std::string_view key, const std::string& value) {
    return json_string(key) + ": " + value;
}

inline std::string json_joined(const std::vector<std::string>& items, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) (text += i == 0 ? "" : separator) += items[i];
    return text;
}

}  // namespace study
