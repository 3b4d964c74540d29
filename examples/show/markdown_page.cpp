// SPDX-License-Identifier: Apache-2.0
// The tables of docs/formats.md, all computed from the formats.
#include "pages.hpp"

#include <string_view>
#include <vector>

namespace show {

namespace {

using dyad::number_class;
using dyad::rounding;
using dyad::saturation;

std::string row_of(const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += " " + cell + " |";
    return text + "\n";
}
std::string head_of(const std::vector<std::string>& cells) {
    std::vector<std::string> rules(cells.size(), "---");
    return row_of(cells) + row_of(rules);
}

std::string value_of_code(const kind& type, std::uint64_t code) { return brief_text(decode(type, code), 10); }

std::string smallest_normal(const kind& type) {
    const dyad::float_format& f = type.format;
    return value_of_code(type, f.has_zero ? std::uint64_t{1} << f.significand_bits : 0);
}
std::string smallest_subnormal(const kind& type) {
    const dyad::float_format& f = type.format;
    return f.has_zero && f.significand_bits > 0 ? value_of_code(type, 1) : "-";
}
/// Different finite values: -0 is +0.
std::string count_of_values(const dyad::float_format& f) {
    const std::uint64_t magnitudes = f.max_finite_code() + 1;
    return std::to_string(f.is_signed ? 2 * magnitudes - 1 : magnitudes);
}

std::string code_or_range(std::uint64_t first, std::uint64_t last, int width) {
    return first == last ? code_text(first, width) : code_text(first, width) + " to " + code_text(last, width);
}
std::string zeros_of(const dyad::float_format& f) {
    if (!f.has_zero) return "-";
    return code_text(0, f.width()) + (f.has_negative_zero ? ", " + code_text(f.sign_bit(), f.width()) : "");
}
std::string infinities_of(const dyad::float_format& f) {
    if (f.infinity == dyad::infinity_codes::none) return "-";
    const std::string negative = f.is_signed ? ", " + code_text(f.sign_bit() | f.infinity_code(), f.width()) : "";
    return code_text(f.infinity_code(), f.width()) + negative;
}
std::string nans_of(const dyad::float_format& f) {
    using dyad::nan_codes;
    if (f.nan == nan_codes::none) return "-";
    if (f.nan == nan_codes::negative_zero) return code_text(f.sign_bit(), f.width());
    const std::uint64_t first = f.nan == nan_codes::top ? f.top_code() : f.all_ones_exponent() + 1;
    const std::string positive = code_or_range(first, f.top_code(), f.width());
    if (!f.is_signed) return positive;
    return positive + ", " + code_or_range(f.sign_bit() | first, f.sign_bit() | f.top_code(), f.width());
}

std::string layout_of(const dyad::float_format& f) {
    return std::to_string(f.is_signed ? 1 : 0) + "/" + std::to_string(f.exponent_bits) + "/" +
           std::to_string(f.significand_bits);
}

std::string range_table() {
    std::string text = head_of({"format", "bits", "sign/exponent/significand", "bias", "precision", "largest",
                                "smallest normal", "smallest subnormal", "finite values"});
    for (const kind& type : named_kinds()) {
        const dyad::float_format& f = type.format;
        text += row_of({"`" + type.name + "`", std::to_string(f.width()), layout_of(f), std::to_string(f.bias),
                        std::to_string(f.precision()), value_of_code(type, f.max_finite_code()), smallest_normal(type),
                        smallest_subnormal(type), count_of_values(f)});
    }
    return text;
}

std::string special_table() {
    std::string text = head_of({"format", "zero", "infinity", "NaN"});
    for (const kind& type : named_kinds()) {
        text +=
            row_of({"`" + type.name + "`", zeros_of(type.format), infinities_of(type.format), nans_of(type.format)});
    }
    return text;
}

/// What becomes of a value: a word for special codes, "largest" for the bound.
std::string outcome(const kind& type, const dyad::unpacked_wide& x, saturation policy) {
    const std::uint64_t code = encode(type, x, rounding::nearest_even, policy);
    const dyad::unpacked value = decode(type, code);
    if (value.kind == number_class::nan) return "NaN";
    if (value.kind == number_class::infinity) return "infinity";
    const bool largest = type.is_float && (code & type.format.top_code()) == type.format.max_finite_code();
    return largest ? "largest" : brief_text(value, 10);
}
/// "above 464" or "from 61440 on": half a unit beyond the largest value, rounded to nearest even.
std::string threshold(const kind& type) {
    const dyad::unpacked largest = decode(type, type.format.max_finite_code());
    const int unit = ulp_exponent(type, largest);
    const dyad::unpacked middle =
        dyad::unpacked::finite(false, (largest.significand << (largest.exponent - unit)) * 2 + 1, unit - 1);
    const dyad::unpacked_wide wide = dyad::resize<dyad::uint128_t>(middle);
    const std::uint64_t code = encode(type, wide, rounding::nearest_even, saturation::none);
    const bool stays = code == type.format.max_finite_code();
    return (stays ? "above " : "from ") + brief_text(middle, 10);
}
bool clamps(const kind& type) {
    const auto huge = dyad::unpacked_wide::finite(false, 1, 20000);
    return encode(type, huge, rounding::nearest_even, saturation::none) == type.format.max_finite_code();
}

std::string overflow_table() {
    std::string text = head_of({"format", "overflow begins", "`none`: overflow, infinity",
                                "`propagate`: overflow, infinity", "`finite`: overflow, infinity"});
    const auto huge = dyad::unpacked_wide::finite(false, 1, 20000);
    const auto infinite = dyad::unpacked_wide::infinity(false);
    for (const kind& type : named_kinds()) {
        std::vector<std::string> cells{"`" + type.name + "`", clamps(type) ? "never: clamps" : threshold(type)};
        for (const auto policy : {saturation::none, saturation::propagate, saturation::finite}) {
            cells.push_back(outcome(type, huge, policy) + ", " + outcome(type, infinite, policy));
        }
        text += row_of(cells);
    }
    return text;
}

std::string p3109_table() {
    std::string text = head_of(
        {"format", "bias", "largest", "smallest normal", "smallest subnormal", "finite values", "infinity", "NaN"});
    for (const kind& type : p3109_kinds()) {
        const dyad::float_format& f = type.format;
        const bool has_normal = f.max_finite_code() >> f.significand_bits != 0;
        text += row_of({"`" + type.name + "`", std::to_string(f.bias), value_of_code(type, f.max_finite_code()),
                        has_normal ? smallest_normal(type) : "-", smallest_subnormal(type), count_of_values(f),
                        infinities_of(f), nans_of(f)});
    }
    return text;
}

std::string fixed_table() {
    std::string text = head_of({"type", "bits", "unit", "smallest", "largest"});
    for (const char* name : {"int2", "int3", "int4", "int5", "int6", "int8", "int16", "uint2", "uint4", "uint6",
                             "uint8", "uint16", "fixed<8,4>", "fixed<8,7>", "fixed<16,15>", "fixed<32,31>"}) {
        const kind type = *find_kind(name);
        const auto mask = dyad::low_mask<std::uint64_t>(type.fixed.width);
        const std::uint64_t largest = type.fixed.is_signed ? mask >> 1 : mask;
        text += row_of({"`" + type.name + "`", std::to_string(type.fixed.width),
                        brief_text(dyad::unpacked::finite(false, 1, -type.fixed.fraction), 10),
                        value_of_code(type, type.fixed.is_signed ? largest + 1 : 0),
                        brief_text(decode(type, largest), 24)});
    }
    return text;
}

}  // namespace

std::string markdown_page() {
    return "### Range\n\n" + range_table() + "\n### Special codes\n\n" + special_table() +
           "\n### Overflow, rounded to nearest even\n\n" + overflow_table() + "\n### Integers and fixed-point\n\n" +
           fixed_table() + "\n### P3109's formats of 3 to 8 bits\n\n" + p3109_table();
}

std::string list_page() {
    std::string text;
    const auto add = [&text](std::string name, std::string_view summary) {
        name.resize(std::max<std::size_t>(name.size(), 22), ' ');
        text += name + std::string(summary) + "\n";
    };
    for (const kind& type : named_kinds()) add(type.name, type.summary);
    for (const kind& type : p3109_kinds()) add(type.name, type.summary);
    add("binary{K}p{P}{s|u}{e|f}", " IEEE P3109 with K up to 16 bits");
    add("int{N}, uint{N}", "integers of 1 to 64 bits");
    add("fixed<W,F>", "fixed-point of W bits, F of them fraction; fixed<W,F,unsigned>");
    return text;
}

}  // namespace show
