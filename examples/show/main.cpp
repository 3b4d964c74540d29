// SPDX-License-Identifier: Apache-2.0
// dyad-show: what a code of a number format means, and what a number becomes in it.
#include "pages.hpp"

#include <charconv>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace show {

namespace {

constexpr std::string_view usage =
    "dyad-show CODE --as FORMAT,...                     the fields, value and neighbours of a code (0x7e, 0b110, 126)\n"
    "dyad-show NUMBER --to FORMAT,... [--saturation S]  each rounding of a number, with its error\n"
    "dyad-show --list                                   the formats\n"
    "dyad-show --markdown                               the tables of docs/formats.md\n\n"
    "NUMBER   0.1, 1e-3, 7/16, 0x1.8p+3, inf, nan\n"
    "FORMAT   float8_e4m3fn, bfloat16, float, binary8p4se, int4, uint8, fixed<8,7>, fixed<8,7,unsigned> ...\n"
    "S        none, propagate or finite: what an overflow becomes (fixed-point always saturates)\n";

struct options {
    std::string number;
    std::vector<kind> as;
    std::vector<kind> to;
    dyad::saturation policy = dyad::saturation::none;
    bool list = false;
    bool markdown = false;
    bool help = false;
};

/// Formats between commas; those inside < > belong to a name.
std::vector<kind> parse_kinds(std::string_view text) {
    std::vector<kind> kinds;
    std::string name;
    int depth = 0;
    for (const char c : std::string(text) + ",") {
        depth += c == '<' ? 1 : c == '>' ? -1 : 0;
        if (c == ' ') continue;
        if (c != ',' || depth > 0) {
            name += c;
            continue;
        }
        const auto found = find_kind(name);
        if (!found) throw std::invalid_argument("unknown format '" + name + "'; --list shows the formats");
        kinds.push_back(*found);
        name.clear();
    }
    if (depth > 0) name.pop_back();  // the comma above
    if (depth > 0) throw std::invalid_argument("unknown format '" + name + "'; --list shows the formats");
    return kinds;
}

dyad::saturation parse_saturation(std::string_view name) {
    if (name == "none") return dyad::saturation::none;
    if (name == "propagate") return dyad::saturation::propagate;
    if (name == "finite") return dyad::saturation::finite;
    throw std::invalid_argument("unknown saturation '" + std::string(name) + "': none, propagate or finite");
}

options parse_options(int argc, char** argv) {
    options chosen;
    const auto value = [&](int& i) -> std::string_view {
        if (i + 1 == argc) throw std::invalid_argument("option " + std::string(argv[i]) + " needs a value");
        return argv[++i];
    };
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h") chosen.help = true;
        else if (word == "--list") chosen.list = true;
        else if (word == "--markdown") chosen.markdown = true;
        else if (word == "--as") chosen.as = parse_kinds(value(i));
        else if (word == "--to") chosen.to = parse_kinds(value(i));
        else if (word == "--saturation") chosen.policy = parse_saturation(value(i));
        else if (word.starts_with("--")) throw std::invalid_argument("unknown option '" + std::string(word) + "'");
        else if (!chosen.number.empty())
            throw std::invalid_argument("more than one number: '" + chosen.number + "' and '" + std::string(word) +
                                        "'");
        else chosen.number = word;
    }
    if (chosen.help || chosen.list || chosen.markdown) return chosen;
    if (chosen.number.empty()) throw std::invalid_argument("a code or a number is missing");
    if (chosen.as.empty() && chosen.to.empty())
        throw std::invalid_argument("--as or --to is missing: in which format?");
    return chosen;
}

std::uint64_t parse_code(std::string_view text, const kind& type) {
    int base = 10;
    std::string_view digits = text;
    if (text.starts_with("0x") || text.starts_with("0X")) base = 16;
    if (text.starts_with("0b") || text.starts_with("0B")) base = 2;
    if (base != 10) digits.remove_prefix(2);
    std::uint64_t code = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) {
        throw std::invalid_argument("'" + std::string(text) + "' is no code: write 0x7e, 0b1111110 or 126");
    }
    if (code > dyad::low_mask<std::uint64_t>(type.width())) {
        throw std::invalid_argument("code " + std::string(text) + " has more than the " + std::to_string(type.width()) +
                                    " bits of " + type.name);
    }
    return code;
}

std::string run(const options& chosen) {
    if (chosen.help) return std::string(usage);
    if (chosen.list) return list_page();
    if (chosen.markdown) return markdown_page();
    std::string page;
    const auto separate = [&page] { page += page.empty() ? "" : "\n"; };
    for (const kind& type : chosen.as) {
        separate();
        page += code_page(type, parse_code(chosen.number, type));
    }
    if (chosen.to.empty()) return page;
    const auto x = parse_rational(chosen.number);
    if (!x) throw std::invalid_argument("'" + chosen.number + "' is no number: write 0.1, 1e-3, 7/16 or 0x1.8p+3");
    for (const kind& type : chosen.to) {
        separate();
        page += rounding_page(type, *x, chosen.policy);
    }
    return page;
}

}  // namespace
}  // namespace show

int main(int argc, char** argv) {
    try {
        std::cout << show::run(show::parse_options(argc, argv));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dyad-show: %s\n\n%s", e.what(), std::string(show::usage).c_str());
        return 2;
    }
}
