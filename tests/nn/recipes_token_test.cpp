// SPDX-License-Identifier: Apache-2.0
// Recipes with scales at run time, for tensors, tokens and groups: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: tokens and groups") {
    check_recipe<recipes::int8_float_functions>("int8_float_functions", 0, 0);
    check_recipe<recipes::dfp16>("dfp16", 0, 0);
    check_recipe<recipes::ternary_weights>("ternary_weights", 0, 0);
    check_recipe<recipes::power_quant>("power_quant", 0, 0);
    check_recipe<recipes::power_quant_w4a8>("power_quant_w4a8", 0, 0);
    check_recipe<recipes::power_quant_w4a4>("power_quant_w4a4", 0, 0);
    check_recipe<recipes::w4a8_group32>("w4a8_group32", 0, 0);
    check_recipe<recipes::w4a8_group32_min_max>("w4a8_group32_min_max", 0, 0);
    check_recipe<recipes::w6a8_group128>("w6a8_group128", 0, 0);
    check_recipe<recipes::w6a6_group128>("w6a6_group128", 0, 0);
}

}  // namespace
}  // namespace dyad_test
