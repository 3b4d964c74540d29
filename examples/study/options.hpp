// SPDX-License-Identifier: Apache-2.0
// The command line of dyad-study.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "report.hpp"
#include "runner.hpp"

namespace study {

enum class task { study, diff };

struct options {
    task wanted = task::study;
    std::string model = DYAD_DIGITS_FOLDER "/vit_digits.safetensors";
    std::string images = DYAD_DIGITS_FOLDER "/digits_images.npy";
    std::string labels = DYAD_DIGITS_FOLDER "/digits_labels.npy";
    std::string out = "build/study";
    std::vector<std::string> recipes;  ///< empty: all
    std::string a, b;                  ///< the recipes of diff
    detail layers = detail::sqnr;
    bool help = false;
    std::string command;

    /// float32 is always run: the others are measured against it.
    [[nodiscard]] bool wants(std::string_view recipe) const {
        if (wanted == task::diff) return recipe == "float32" || recipe == a || recipe == b;
        return recipes.empty() || recipe == "float32" ||
               std::find(recipes.begin(), recipes.end(), recipe) != recipes.end();
    }
};

[[nodiscard]] inline std::string usage(const std::vector<recipe_entry>& known) {
    std::string text =
        "dyad-study [--model FILE.safetensors] [--images FILE.npy --labels FILE.npy] [--recipes a,b] [--layers]\n"
        "           [--out FOLDER]\n"
        "dyad-study diff --a RECIPE --b RECIPE [--model FILE] [--images FILE --labels FILE] [--out FOLDER]\n\n"
        "Runs the digits vision transformer under every recipe and writes report.html, report.csv and report.json to\n"
        "FOLDER (default build/study). diff: how many outputs of two recipes differ, by how much, and the first layer\n"
        "where they part; writes diff.html and diff.json.\n"
        "  --model    weights of the same architecture (examples/digits/README.md lists the tensors)\n"
        "  --images   N x 8 x 8 numbers from 0 to 16; images 0, 4, 8, ... are tested, the others calibrate\n"
        "  --labels   N numbers from 0 to 9\n"
        "  --layers   more about every layer (cosine, clipped codes, zeros, accumulators), and the model with one\n"
        "             segment under the recipe and float32 elsewhere, and the other way round; takes longer\n"
        "  --recipes  only these, and float32, which the others are compared with:\n";
    for (const recipe_entry& e : known) {
        std::string name = e.name;
        name.resize(std::max<std::size_t>(name.size(), 21), ' ');
        text += "             " + name + " " + e.summary + "\n";
    }
    return text;
}

/// The words of the command line: --option=value in two.
[[nodiscard]] inline std::vector<std::string> words_of(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        words.push_back(word.substr(0, equals));
        if (equals != std::string::npos) words.push_back(word.substr(equals + 1));
    }
    return words;
}

inline void require_known(const std::string& name, const std::vector<recipe_entry>& known) {
    const auto same = [&](const recipe_entry& e) { return name == e.name; };
    if (std::none_of(known.begin(), known.end(), same))
        throw std::invalid_argument("unknown recipe '" + name + "'; --help lists them");
}

/// Names between commas.
[[nodiscard]] inline std::vector<std::string> list_of(const std::string& text, const std::vector<recipe_entry>& known) {
    std::vector<std::string> names;
    for (std::size_t first = 0; first <= text.size();) {
        const std::size_t comma = std::min(text.find(',', first), text.size());
        names.push_back(text.substr(first, comma - first));
        require_known(names.back(), known);
        first = comma + 1;
    }
    return names;
}

/// Where an option's value goes; null for options that this task does not know.
[[nodiscard]] inline std::string* place_of(const std::string& option, options& chosen, std::string& list) {
    if (option == "--model") return &chosen.model;
    if (option == "--images") return &chosen.images;
    if (option == "--labels") return &chosen.labels;
    if (option == "--out") return &chosen.out;
    if (chosen.wanted == task::study && option == "--recipes") return &list;
    if (chosen.wanted == task::diff && option == "--a") return &chosen.a;
    if (chosen.wanted == task::diff && option == "--b") return &chosen.b;
    return nullptr;
}

/// Reads the arguments; std::invalid_argument with one sentence for what is not understood.
[[nodiscard]] inline options parse_options(int argc, char** argv, const std::vector<recipe_entry>& known) {
    options chosen;
    chosen.command = "dyad-study";
    for (int i = 1; i < argc; ++i) chosen.command += std::string(" ") + argv[i];
    const std::vector<std::string> words = words_of(argc, argv);
    std::size_t i = 0;
    if (!words.empty() && words.front() == "diff") {
        chosen.wanted = task::diff;
        i = 1;
    }
    bool own_images = false;
    bool own_labels = false;
    for (; i < words.size(); ++i) {
        const std::string& option = words[i];
        if (option == "--help" || option == "-h") {
            chosen.help = true;
            return chosen;
        }
        if (option == "--layers" && chosen.wanted == task::study) {
            chosen.layers = detail::everything;
            continue;
        }
        std::string list;
        std::string* const value = place_of(option, chosen, list);
        if (value == nullptr) throw std::invalid_argument("unknown option '" + option + "'; --help lists them");
        if (++i == words.size()) throw std::invalid_argument("option " + option + " needs a value");
        *value = words[i];
        own_images = own_images || value == &chosen.images;
        own_labels = own_labels || value == &chosen.labels;
        if (value == &chosen.a || value == &chosen.b) require_known(*value, known);
        if (value == &list) {
            const auto names = list_of(list, known);
            chosen.recipes.insert(chosen.recipes.end(), names.begin(), names.end());
        }
    }
    if (own_images != own_labels) throw std::invalid_argument("--images and --labels belong together: give both");
    if (chosen.wanted == task::diff && (chosen.a.empty() || chosen.b.empty()))
        throw std::invalid_argument("diff needs two recipes: --a RECIPE and --b RECIPE");
    return chosen;
}

}  // namespace study
