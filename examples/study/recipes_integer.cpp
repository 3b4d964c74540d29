// SPDX-License-Identifier: Apache-2.0
// Recipes whose products read integers.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> integer_recipes() {
    return {
        entry<dfp16>("dfp16", "16-bit dynamic fixed point, a power of two for each tensor, the rest float"),
        entry<int8_float_functions>("int8_float_functions", "INT8 products, static scales, the rest float"),
        entry<int8_integer_only>("int8_integer_only", "INT8, no float from the quantized input to the logits"),
        entry<int6>("int6", "INT6 weights and activations, no float from input to logits"),
        entry<int4_weights>("int4_weights", "INT4 weights, INT8 activations, no float from input to logits"),
    };
}

}  // namespace study
