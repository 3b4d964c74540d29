// SPDX-License-Identifier: Apache-2.0
// What the four reports share: questions asked of a result.
#pragma once

#include "report.hpp"
#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace study {

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
