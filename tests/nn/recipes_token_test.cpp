// SPDX-License-Identifier: Apache-2.0
// Recipes with one scale for a tensor or a token: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: tensors and tokens") {
    check_recipe<recipes::int8_float_functions>("int8_float_functions", 44, 35);
    check_recipe<recipes::dfp16>("dfp16", 83, 79);
    check_recipe<recipes::ternary_weights>("ternary_weights", 2, 2);
    check_recipe<recipes::power_quant>("power_quant", 41, 41);
    check_recipe<recipes::power_quant_w4a8>("power_quant_w4a8", 18, 15);
    check_recipe<recipes::power_quant_w4a4>("power_quant_w4a4", 15, 10);
}

}  // namespace
}  // namespace dyad_test
