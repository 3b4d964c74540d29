// SPDX-License-Identifier: Apache-2.0
// Recipes whose products differ by kind: those of attention, of the MLP.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> mixed_recipes() {
    return {
        entry<lmul_attention>("lmul_attention",
                              "L-Mul in attention's two products, E4M3 in the others, the rest float"),
        entry<w6a8_group128>("w6a8_group128", "INT6 weights and INT8 tokens in groups of 128, attention in halves"),
        entry<w6a6_group128>("w6a6_group128", "FlexQ: the same with INT6 tokens but for the MLP's second layer"),
    };
}

}  // namespace study
