// SPDX-License-Identifier: Apache-2.0
// One number in one type, in every rounding mode.
#include "pages.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace show {

namespace {

using dyad::number_class;
using dyad::rounding;

constexpr std::array<std::pair<rounding, const char*>, 7> modes{{{rounding::nearest_even, "nearest_even"},
                                                                 {rounding::nearest_away, "nearest_away"},
                                                                 {rounding::nearest_up, "nearest_up"},
                                                                 {rounding::toward_zero, "toward_zero"},
                                                                 {rounding::toward_negative, "toward_negative"},
                                                                 {rounding::toward_positive, "toward_positive"},
                                                                 {rounding::to_odd, "to_odd"}}};

using row = std::array<std::string, 5>;

std::string table(const std::vector<row>& rows) {
    std::array<std::size_t, 5> widths{};
    for (const row& r : rows) {
        for (std::size_t i = 0; i < r.size(); ++i) widths[i] = std::max(widths[i], r[i].size());
    }
    std::string text;
    for (const row& r : rows) {
        std::string one = "  ";
        for (std::size_t i = 0; i < r.size(); ++i) one += r[i] + std::string(widths[i] - r[i].size() + 2, ' ');
        one.resize(one.find_last_not_of(' ') + 1);
        text += one + "\n";
    }
    return text;
}

/// value - x with a sign and six digits.
std::string signed_text(const dyad::unpacked_wide& x, int unit) {
    if (x.kind == number_class::zero) return "0";
    dyad::unpacked value = dyad::resize<std::uint64_t>(x);
    value.exponent -= unit;
    const std::string text = text_of(value, dyad::text_format::general, 6);
    return value.negative ? text : "+" + text;
}

row result_row(const kind& type, const rational& x, std::uint64_t code, std::string names) {
    const dyad::unpacked value = decode(type, code);
    const auto is_number = [](number_class c) { return c == number_class::zero || c == number_class::finite; };
    row r{std::move(names), code_text(code, type.width()), brief_text(value, 24), "", ""};
    if (!is_number(x.what) || !is_number(value.kind)) return r;
    const dyad::unpacked_wide error = difference(value, x);
    r[3] = signed_text(error, 0);
    r[4] = signed_text(error, ulp_exponent(type, value));
    return r;
}

}  // namespace

std::string rounding_page(const kind& type, const rational& x, dyad::saturation policy) {
    const dyad::unpacked_wide value = to_odd(x);
    std::vector<std::pair<std::uint64_t, std::string>> results;
    for (const auto& [mode, name] : modes) {
        const std::uint64_t code = encode(type, value, mode, policy);
        const auto same = std::find_if(results.begin(), results.end(), [&](const auto& r) { return r.first == code; });
        if (same != results.end()) same->second += std::string(", ") + name;
        else results.emplace_back(code, name);
    }
    if (results.size() == 1) results.front().second = "every rounding";
    std::vector<row> rows{{"rounding", "code", "value", "error", "error in ulp"}};
    for (auto& [code, names] : results) rows.push_back(result_row(type, x, code, std::move(names)));
    return type.name + "\n" + table(rows);
}

}  // namespace show
