// SPDX-License-Identifier: Apache-2.0
// The command line of dyad-study.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runner.hpp"

namespace study {

struct options {
    std::string model = DYAD_DIGITS_FOLDER "/vit_digits.safetensors";
    std::string images = DYAD_DIGITS_FOLDER "/digits_images.npy";
    std::string labels = DYAD_DIGITS_FOLDER "/digits_labels.npy";
    std::string out = "build/study";
    std::vector<std::string> recipes;  ///< empty: all
    bool help = false;
    std::string command;

    /// float32 is always run: the others are measured against it.
    [[nodiscard]] bool wants(std::string_view recipe) const {
        return recipes.empty() || recipe == "float32" ||
               std::find(recipes.begin(), recipes.end(), recipe) != recipes.end();
    }
};

[[nodiscard]] inline std::string usage(const std::vector<recipe_entry>& known) {
    std::string text =
        "dyad-study [--model FILE.safetensors] [--images FILE.npy --labels FILE.npy] [--recipes a,b] [--out FOLDER]\n\n"
        "Runs the digits vision transformer under every recipe and writes report.html, report.csv and report.json to\n"
        "FOLDER (default build/study).\n"
        "  --model    weights of the same architecture (examples/digits/README.md lists the tensors)\n"
        "  --images   N x 8 x 8 numbers from 0 to 16; images 0, 4, 8, ... are tested, the others calibrate\n"
        "  --labels   N numbers from 0 to 9\n"
        "  --recipes  only these, and float32, which the others are compared with:\n";
    for (const recipe_entry& e : known) {
        std::string name = e.name;
        name.resize(std::max<std::size_t>(name.size(), 21), ' ');
        text += "             " + name + " " + e.summary + "\n";
    }
    return text;
}

/// Reads the arguments; std::invalid_argument with one sentence for what is not understood.
[[nodiscard]] inline options parse_options(int argc, char** argv, const std::vector<recipe_entry>& known) {
    options chosen;
    chosen.command = "dyad-study";
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        chosen.command += " " + word;
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        words.push_back(word.substr(0, equals));
        if (equals != std::string::npos) words.push_back(word.substr(equals + 1));
    }
    bool own_images = false;
    bool own_labels = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& option = words[i];
        if (option == "--help" || option == "-h") {
            chosen.help = true;
            return chosen;
        }
        std::string list;
        std::string* value = option == "--model"     ? &chosen.model
                             : option == "--images"  ? &chosen.images
                             : option == "--labels"  ? &chosen.labels
                             : option == "--out"     ? &chosen.out
                             : option == "--recipes" ? &list
                                                     : nullptr;
        if (value == nullptr) throw std::invalid_argument("unknown option '" + option + "'; --help lists them");
        if (++i == words.size()) throw std::invalid_argument("option " + option + " needs a value");
        *value = words[i];
        own_images = own_images || value == &chosen.images;
        own_labels = own_labels || value == &chosen.labels;
        for (std::size_t first = 0; value == &list && first <= list.size();) {
            const std::size_t comma = std::min(list.find(',', first), list.size());
            const std::string name = list.substr(first, comma - first);
            const auto same = [&](const recipe_entry& e) { return name == e.name; };
            if (std::none_of(known.begin(), known.end(), same)) {
                throw std::invalid_argument("unknown recipe '" + name + "'; --help lists them");
            }
            chosen.recipes.push_back(name);
            first = comma + 1;
        }
    }
    if (own_images != own_labels) throw std::invalid_argument("--images and --labels belong together: give both");
    return chosen;
}

}  // namespace study
