// SPDX-License-Identifier: Apache-2.0
// One code: fields, value, neighbours.
#include "pages.hpp"

#include <algorithm>
#include <vector>

namespace show {

namespace {

using dyad::number_class;
using dyad::text_format;

std::string binary(std::uint64_t bits, int width) {
    std::string text;
    for (int at = width - 1; at >= 0; --at) text += (bits >> at) % 2 != 0 ? '1' : '0';
    return text;
}

/// Columns of a picture, each a title over its lines, centred.
struct column {
    std::string title;
    std::string bits;
    std::string meaning;
};
std::string centred(const std::string& text, std::size_t width) {
    const std::size_t room = width - text.size();
    return std::string(room / 2, ' ') + text + std::string(room - room / 2, ' ');
}
std::string picture(const std::vector<column>& columns) {
    std::string lines[3];
    for (const column& c : columns) {
        if (c.title.empty()) continue;
        const std::size_t width = std::max({c.title.size(), c.bits.size(), c.meaning.size()});
        const std::string texts[]{c.title, c.bits, c.meaning};
        for (int i = 0; i < 3; ++i) lines[i] += (lines[i].empty() ? "  | " : " | ") + centred(texts[i], width);
    }
    return lines[0] + " |\n" + lines[1] + " |\n" + lines[2] + " |\n";
}

/// Where the implied digit, the exponent and the sign come from.
std::string float_picture(const kind& type, std::uint64_t code, const dyad::unpacked& value) {
    const dyad::float_format& f = type.format;
    const std::uint64_t magnitude = code & f.top_code();
    const std::uint64_t field = magnitude >> f.significand_bits;
    const std::string digits = binary(magnitude, f.significand_bits);
    const bool subnormal = f.has_zero && field == 0;
    const bool number = value.kind == number_class::finite || value.kind == number_class::zero;
    const int exponent = subnormal ? 1 - f.bias : static_cast<int>(field) - f.bias;
    column sign;
    if (f.is_signed) sign = {"sign", code == magnitude ? "0" : "1", code == magnitude ? "+" : "-"};
    const std::string power = "2^" + std::to_string(exponent);
    return picture(
        {sign,
         {"exponent, bias " + std::to_string(f.bias), binary(field, f.exponent_bits), number ? power : "special"},
         {f.significand_bits > 0 ? "significand" : "", digits,
          number ? (subnormal ? "0." : "1.") + digits : "special"}});
}
std::string fixed_picture(const kind& type, std::uint64_t code) {
    const fixed_layout& f = type.fixed;
    const int sign = f.is_signed ? 1 : 0;
    const int fraction = std::clamp(f.fraction, 0, f.width - sign);
    const int integer = f.width - sign - fraction;
    column first;
    if (f.is_signed)
        first = {"sign", binary(code >> (f.width - 1), 1), "-2^" + std::to_string(f.width - 1 - f.fraction)};
    column whole;
    if (integer > 0) {
        whole = {"integer", binary(code >> fraction, integer), "unit 2^" + std::to_string(fraction - f.fraction)};
    }
    column part;
    if (fraction > 0) part = {"fraction", binary(code, fraction), "unit 2^" + std::to_string(-f.fraction)};
    return picture({first, whole, part});
}

std::string class_text(const kind& type, std::uint64_t code, const dyad::unpacked& value) {
    switch (value.kind) {
        case number_class::nan: return "NaN";
        case number_class::infinity: return "infinity";
        case number_class::zero: return value.negative ? "negative zero" : "zero";
        case number_class::finite: break;
    }
    std::string text = "number";
    if (type.is_float) {
        const bool subnormal = type.format.has_zero && value.top_exponent() < type.format.min_exponent();
        const std::uint64_t magnitude = code & type.format.top_code();
        text = subnormal ? "subnormal" : "normal";
        if (magnitude == type.format.max_finite_code()) text += ", the largest magnitude";
        else if (magnitude == (type.format.has_zero ? 1 : 0)) text += ", the smallest magnitude";
        else if (type.format.has_zero && magnitude == std::uint64_t{1} << type.format.significand_bits)
            text += ", the smallest normal magnitude";
    } else if (!next_code(type, code, true)) {
        text += ", the largest";
    } else if (!next_code(type, code, false)) {
        text += ", the smallest";
    }
    return text;
}

std::string line(const char* label, const std::string& text) {
    std::string all = "  " + std::string(label);
    all.resize(15, ' ');
    return all + text + "\n";
}
std::string neighbour(const kind& type, std::uint64_t code, bool up) {
    const auto next = next_code(type, code, up);
    return next ? code_text(*next, type.width()) + "  " + brief_text(decode(type, *next), 24) : "none";
}

}  // namespace

std::string code_text(std::uint64_t code, int width) {
    std::string text = "0x";
    for (int at = (width + 3) / 4 * 4; at > 0;) {
        at -= 4;
        text += "0123456789abcdef"[(code >> at) & 15];
    }
    return text;
}

std::string code_page(const kind& type, std::uint64_t code) {
    const dyad::unpacked value = decode(type, code);
    std::string page = type.name + " " + code_text(code, type.width()) + " = " + brief_text(value, 24) + "\n\n";
    page += type.is_float ? float_picture(type, code, value) : fixed_picture(type, code);
    page += "\n";
    if (value.kind == number_class::finite) {
        const std::string exact = text_of(value, text_format::exact);
        page += line("exact", exact);
        page += line("fraction", text_of(value, text_format::fraction));
        if (exact.size() > 24) page += line("about", text_of(value, text_format::scientific, 9));
        page += line("hexadecimal", text_of(value, text_format::hexadecimal));
    }
    page += line("class", class_text(type, code, value));
    if (value.kind == number_class::nan) return page;
    page += line("next above", neighbour(type, code, true));
    page += line("next below", neighbour(type, code, false));
    if (value.kind == number_class::infinity) return page;
    page += line("ulp", brief_text(dyad::unpacked::finite(false, 1, ulp_exponent(type, value)), 24));
    return page;
}

}  // namespace show
