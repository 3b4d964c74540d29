// SPDX-License-Identifier: Apache-2.0
// Recipes whose tensors all have one floating-point type.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> plain_recipes() {
    return {
        entry<float32>("float32", "every tensor float, sums by fused multiply-add in order"),
        entry<bfloat16>("bfloat16", "every tensor bfloat16, float sums in the order of AMX"),
        entry<float16>("float16", "every tensor IEEE half, float sums in order"),
    };
}

}  // namespace study
