// SPDX-License-Identifier: Apache-2.0
// Recipes whose products read 8-bit floats.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> float8_recipes() {
    return {
        entry<float8_e4m3fn>("float8_e4m3fn", "products of OCP E4M3, static scales, the rest float"),
        entry<float8_e5m2>("float8_e5m2", "products of OCP E5M2, static scales, the rest float"),
        entry<lmul>("lmul", "L-Mul instead of multiplication on E4M3 operands, the rest float"),
    };
}

}  // namespace study
