// SPDX-License-Identifier: Apache-2.0
// Integer-only recipes whose products differ by kind, or by the number of their block.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> mixed_integer_recipes() {
    return {
        entry<int4_mlp>("int4_mlp", "INT4 weights in the MLP, INT8 elsewhere, no float from input to logits"),
        entry<int4_middle<digits::depth>>("int4_middle", "INT4 weights in all blocks but the first and the last, INT8"),
    };
}

}  // namespace study
