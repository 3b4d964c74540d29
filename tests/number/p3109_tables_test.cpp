// SPDX-License-Identifier: Apache-2.0
// P3109's 120 formats of 3 to 8 bits: every code against the report's formula in exact rationals, and against the
// working group's value tables (github.com/P3109/Public, Value Tables).
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/all_formats.hpp"
#include "support/exact.hpp"
#include "support/shared_data.hpp"
#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::power_of_two;
using dyad_test::tally;
using reference::format_entry;

/// What a code stands for; no value for a NaN.
struct meaning {
    std::optional<cpp_rational> value;
    int infinity = 0;  ///< -1, 0, 1

    friend bool operator==(const meaning&, const meaning&) = default;
};
constexpr std::nullopt_t not_a_number = std::nullopt;

meaning meaning_of(const dyad::unpacked& x) {
    if (x.kind == dyad::number_class::nan) return {not_a_number};
    if (x.kind == dyad::number_class::infinity) return {0, x.negative ? -1 : 1};
    // One zero: its sign must be plus.
    if (x.kind == dyad::number_class::zero && x.negative) return {0, -2};
    return {dyad_test::value_of(x)};
}

/// "binary8p4se": K, P, signed, extended.
struct parameters {
    explicit parameters(std::string_view name) {
        const std::size_t p = name.find('p');
        k = std::stoi(std::string(name.substr(6, p - 6)));
        precision = std::stoi(std::string(name.substr(p + 1)));
        is_signed = name[name.size() - 2] == 's';
        extended = name.back() == 'e';
    }
    int k = 0;
    int precision = 0;
    bool is_signed = false;
    bool extended = false;
};

/// Report v4.0: zero at code 0; NaN at 2^(K-1) if signed, else at 2^K - 1; +Inf at 2^(K-1) - 1 or 2^K - 2, -Inf at
/// 2^K - 1; otherwise with T = x mod 2^(P-1), E = x div 2^(P-1), bias B = 2^(K-P-1) or 2^(K-P):
/// T 2^(2-P-B) where E = 0, (1 + T 2^(1-P)) 2^(E-B) elsewhere; codes above the NaN are the negatives.
meaning by_formula(const parameters& f, int code) {
    const int nan = f.is_signed ? 1 << (f.k - 1) : (1 << f.k) - 1;
    const int infinity = nan - 1;
    if (code == nan) return {not_a_number};
    if (code > nan) {
        meaning x = by_formula(f, code - nan);
        return {-*x.value, -x.infinity};
    }
    if (f.extended && code == infinity) return {0, 1};
    const int t = code % (1 << (f.precision - 1));
    const int e = code / (1 << (f.precision - 1));
    const int bias = f.is_signed ? 1 << (f.k - f.precision - 1) : 1 << (f.k - f.precision);
    if (e == 0) return {t * power_of_two(2 - f.precision - bias)};
    return {(1 + t * power_of_two(1 - f.precision)) * power_of_two(e - bias)};
}

/// The tables' numbers: "Inf", "-Inf", "NaN", or hexadecimal floating point, "-0x1.8p+3".
meaning by_text(std::string_view text) {
    if (text == "NaN") return {not_a_number};
    if (text == "Inf") return {0, 1};
    if (text == "-Inf") return {0, -1};
    const bool negative = text.front() == '-';
    if (negative) text.remove_prefix(1);
    REQUIRE(text.substr(0, 2) == "0x");
    text.remove_prefix(2);
    const std::size_t p = text.find('p');
    REQUIRE(p != std::string_view::npos);
    cpp_rational value = 0;
    int digits = 0;
    bool fraction = false;
    for (const char c : text.substr(0, p)) {
        if (c == '.') {
            fraction = true;
            continue;
        }
        const std::size_t digit = std::string_view("0123456789abcdef").find(c);
        REQUIRE(digit != std::string_view::npos);
        value = value * 16 + digit;
        if (fraction) ++digits;
    }
    value *= power_of_two(std::stoi(std::string(text.substr(p + 1))) - 4 * digits);
    return {negative ? cpp_rational(-value) : value};
}

/// P3109's part of the table of formats.
std::vector<format_entry> p3109_formats() {
    std::vector<format_entry> all = reference::format_table();
    all.erase(all.begin(), all.begin() + reference::named_count);
    return all;
}

TEST_CASE("P3109: all codes of the 120 formats of 3 to 8 bits against the report's formula") {
    tally cases("P3109's formula");
    for (const format_entry& f : p3109_formats()) {
        const parameters wanted(f.name);
        cases.check(f.format.width() == wanted.k && f.format.precision() == wanted.precision, f.name);
        for (int code = 0; code < 1 << wanted.k; ++code) {
            const dyad::unpacked got = f.decode(static_cast<std::uint32_t>(code));
            cases.check(meaning_of(got) == by_formula(wanted, code), f.name, " ", code, ": ", got);
        }
    }
}

TEST_CASE("P3109: all codes of the 120 formats of 3 to 8 bits against the working group's tables") {
    if (shared_data("p3109/Binary3p1se.csv").empty()) return;
    tally cases("P3109's tables");
    for (const format_entry& f : p3109_formats()) {
        std::string name = f.name;
        name.front() = 'B';
        const std::string path = shared_data("p3109/" + name + ".csv");
        REQUIRE(!path.empty());
        std::ifstream file(path);
        std::string line;
        std::getline(file, line);
        REQUIRE(line.substr(0, 16) == "codepoint,value,");
        std::uint32_t rows = 0;
        for (; std::getline(file, line); ++rows) {
            const std::size_t first = line.find(',');
            const std::size_t second = line.find(',', first + 1);
            REQUIRE(second != std::string::npos);
            const auto code = static_cast<std::uint32_t>(std::stoul(line.substr(0, first), nullptr, 16));
            const std::string_view value = std::string_view(line).substr(first + 1, second - first - 1);
            const dyad::unpacked got = f.decode(code);
            cases.check(code == rows && meaning_of(got) == by_text(value), name, " ", code, ": ", got, ", the table ",
                        std::string(value));
            // The column that marks subnormal numbers: those below the smallest normal one.
            const bool marked = line.find('*', second) != std::string::npos;
            const bool subnormal =
                got.kind == dyad::number_class::finite && got.top_exponent() < f.format.min_exponent();
            cases.check(marked == subnormal, name, " ", code, " subnormal");
        }
        cases.check(rows == std::uint32_t{1} << f.format.width(), name, " has ", rows, " rows");
    }
}

}  // namespace
