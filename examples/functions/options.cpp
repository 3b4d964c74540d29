// SPDX-License-Identifier: Apache-2.0
// The command line: words to options, each mistake a sentence.

#include "options.hpp"
#include "../study/text.hpp"
#include "registry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace functions {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

std::vector<std::string> words_of_list(const std::string& list) {
    std::vector<std::string> words;
    for (std::size_t first = 0; first <= list.size();) {
        const std::size_t comma = std::min(list.find(',', first), list.size());
        words.push_back(list.substr(first, comma - first));
        first = comma + 1;
    }
    return words;
}

double number_of(std::string_view text) {
    double x = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
    return error == std::errc{} && end == text.data() + text.size() ? x : 0;
}
/// "0.0472" or "1/16".
double scale_of(const std::string& text) {
    const std::size_t slash = text.find('/');
    const double scale = slash == std::string::npos
                             ? number_of(text)
                             : number_of(text.substr(0, slash)) / number_of(text.substr(slash + 1));
    if (!is_scale(scale)) refuse("'" + text + "' is no scale from 2^-11 to 1024");
    return scale;
}

void take_shard(const std::string& text, options& chosen) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto whole = [&](std::string_view digits, std::uint64_t& x) {
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), x);
        return error == std::errc{} && end == digits.data() + digits.size();
    };
    const std::string_view view = text;
    const bool read = slash < text.size() && whole(view.substr(0, slash), chosen.shard) &&
                      whole(view.substr(slash + 1), chosen.shards);
    if (!read || chosen.shard == 0 || chosen.shard > chosen.shards || chosen.shards > 1'000'000)
        refuse("--shard takes I/N with 1 <= I <= N <= 1000000, not '" + text + "'");
    --chosen.shard;
}

void check_names(const options& chosen) {
    const auto& all = all_functions();
    for (const std::string& name : chosen.functions) {
        if (std::none_of(all.begin(), all.end(), [&](const auto& f) { return f.name == name; }))
            refuse("unknown function '" + name + "'; --list names them");
    }
    const auto& variants = all_variants();
    for (const std::string& name : chosen.variants) {
        const auto is_it = [&](const variant& v) { return v.name == name; };
        if (std::none_of(variants.begin(), variants.end(), is_it))
            refuse("unknown variant '" + name + "'; --list names them");
        const auto is_asked_for = [&](const variant& v) {
            const auto& f = chosen.functions;
            return v.name == name && (f.empty() || std::find(f.begin(), f.end(), v.function) != f.end());
        };
        if (std::none_of(variants.begin(), variants.end(), is_asked_for))
            refuse("none of these functions has a variant '" + name + "'; --list names them");
    }
}

/// "--name=value" as two words.
std::vector<std::string> split_words(int argc, char** argv, std::string& command) {
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        command += " " + word;
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        words.push_back(word.substr(0, equals));
        if (equals != std::string::npos) words.push_back(word.substr(equals + 1));
    }
    return words;
}

void append(std::vector<std::string>& names, const std::string& list) {
    for (const std::string& name : words_of_list(list)) names.push_back(name);
}
/// A scale given twice, as 1/4 and 0.25, is measured once.
void append_once(std::vector<double>& scales, double scale) {
    if (std::find(scales.begin(), scales.end(), scale) == scales.end()) scales.push_back(scale);
}

}  // namespace

std::string usage() {
    return "dyad-functions [--function A,B] [--variant A,B] [--scale S,T] [--out FOLDER] [--shard I/N --save FILE]\n"
           "dyad-functions merge FILE... [--out FOLDER]\n"
           "dyad-functions --list | --help\n\n"
           "Measures the error of every function's variants over all of their inputs, and writes report.html, "
           "report.csv\n"
           "and report.json to FOLDER (default build/functions).\n"
           "  --function  only these\n"
           "  --variant   only these, of every function that has them\n"
           "  --scale     of one code of the inputs: 0.0472 or 1/16; the default is a choice of each function's\n"
           "  --out       where the report goes\n"
           "  --shard     only part I of N of the inputs, I from 1 to N; needs --save\n"
           "  --save      writes the sums of these inputs to FILE, and no report\n"
           "  merge       a report of the shards in all FILEs, in any order: the same figures as of one run\n"
           "  --list      the functions and their variants\n";
}

std::string list_text() {
    std::string text;
    for (const function_entry& f : all_functions()) {
        text += f.name + "  " + f.title + "\n";
        for (const variant& v : all_variants()) {
            if (v.function != f.name) continue;
            std::string name = v.name;
            name.resize(std::max<std::size_t>(name.size(), 18), ' ');
            text += "    " + name + " " + v.summary + "\n";
        }
    }
    return text;
}

options parse_options(int argc, char** argv) {
    options chosen;
    chosen.command = "dyad-functions";
    const std::vector<std::string> words = split_words(argc, argv, chosen.command);
    const bool merging = !words.empty() && words.front() == "merge";
    bool sharding = false;
    for (std::size_t i = merging ? 1 : 0; i < words.size(); ++i) {
        const std::string& option = words[i];
        if (option == "--help" || option == "-h") {
            chosen.help = true;
            return chosen;
        }
        if (option == "--list") {
            chosen.list = true;
            continue;
        }
        if (merging && !option.starts_with("-")) {
            chosen.merge.push_back(option);
            continue;
        }
        const bool known = option == "--function" || option == "--variant" || option == "--scale" ||
                           option == "--out" || option == "--shard" || option == "--save";
        if (!known) refuse("unknown option '" + option + "'; --help lists them");
        if (merging && option != "--out") refuse("merge takes files and --out, not " + option);
        if (++i == words.size() || words[i].empty()) refuse("option " + option + " needs a value");
        const std::string& value = words[i];
        if (option == "--function") append(chosen.functions, value);
        if (option == "--variant") append(chosen.variants, value);
        if (option == "--out") chosen.out = value;
        if (option == "--save") chosen.save = value;
        if (option == "--shard") take_shard(value, chosen), sharding = true;
        if (option == "--scale")
            for (const std::string& text : words_of_list(value)) append_once(chosen.scales, scale_of(text));
    }
    if (merging && chosen.merge.empty()) refuse("merge needs files, written with --save");
    if (sharding && chosen.save.empty()) refuse("--shard needs --save FILE");
    check_names(chosen);
    return chosen;
}

}  // namespace functions
