// SPDX-License-Identifier: Apache-2.0
// Recipes with a scale for each token or for groups of weights.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> group_recipes() {
    return {
        entry<ternary_weights>("ternary_weights", "BitNet b1.58: weights -1, 0, 1, INT8 tokens, the rest float"),
        entry<w4a8_group32>("w4a8_group32", "INT4 weights in groups of 32, least squares, INT8 tokens, the rest float"),
        entry<power_quant>("power_quant", "PowerQuant: 8-bit squares by row and by token, the rest float"),
        entry<power_quant_w4a8>("power_quant_w4a8", "PowerQuant: 4-bit weights, 8-bit tokens, the rest float"),
    };
}

}  // namespace study
