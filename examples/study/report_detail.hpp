// SPDX-License-Identifier: Apache-2.0
// What the four reports share: numbers as text whatever the locale, HTML escapes, questions asked of a result.
#pragma once

#include "report.hpp"

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

/// Decibels for a reader: "exact" where no value differs.
inline std::string decibels(double sqnr_db, int decimals) {
    if (std::isinf(sqnr_db) && sqnr_db > 0) return "exact";
    return fixed(sqnr_db, decimals);
}

/// The recipe the others are compared with; null where the study did not run float32.
inline const recipe_result* float32_of(const study_result& result) {
    const auto found = std::find_if(result.recipes.begin(), result.recipes.end(),
                                    [](const recipe_result& r) { return r.name == "float32"; });
    return found == result.recipes.end() ? nullptr : &*found;
}

/// Whether a recipe loses at most one image in a hundred; the slack forgives the rounding of the two quotients.
inline bool keeps_accuracy(const recipe_result& recipe, const recipe_result& float32) {
    return float32.accuracy - recipe.accuracy <= 0.01 + 1e-9;
}

/// Every layer any recipe reports, in the order of first appearance.
inline std::vector<std::string> layer_names(const study_result& result) {
    std::vector<std::string> names;
    for (const auto& recipe : result.recipes)
        for (const auto& layer : recipe.layers)
            if (std::find(names.begin(), names.end(), layer.name) == names.end()) names.push_back(layer.name);
    return names;
}

/// Null where the recipe has no such layer.
inline const layer_result* find_layer(const recipe_result& recipe, std::string_view name) {
    const auto found =
        std::find_if(recipe.layers.begin(), recipe.layers.end(), [&](const layer_result& l) { return l.name == name; });
    return found == recipe.layers.end() ? nullptr : &*found;
}

/// A layer's name taken apart: "block 1 softmax" is part "softmax" of group "block 1"; other names have no group.
struct layer_label {
    std::string_view group, part;
};

inline layer_label split_layer(std::string_view name) {
    const std::string_view prefix = "block ";
    if (!name.starts_with(prefix)) return {"", name};
    const std::size_t space = name.find(' ', prefix.size());
    if (space == std::string_view::npos) return {"", name};
    return {name.substr(0, space), name.substr(space + 1)};
}

}  // namespace study
