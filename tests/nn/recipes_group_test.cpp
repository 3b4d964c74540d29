// SPDX-License-Identifier: Apache-2.0
// Recipes with scales for groups: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: groups") {
    check_recipe<recipes::w4a8_group32>("w4a8_group32", 22, 20);
    check_recipe<recipes::w4a8_group32_min_max>("w4a8_group32_min_max", 20, 20);
    check_recipe<recipes::w6a8_group128>("w6a8_group128", 32, 33);
    check_recipe<recipes::w6a6_group128>("w6a6_group128", 30, 28);
}

}  // namespace
}  // namespace dyad_test
