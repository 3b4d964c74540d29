// SPDX-License-Identifier: Apache-2.0
// Recipes of floats, and of products between floats: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: floats") {
    check_recipe<recipes::float32>("float32", 137, 134);
    check_recipe<recipes::bfloat16>("bfloat16", 51, 48);
    check_recipe<recipes::float16>("float16", 69, 65);
    check_recipe<recipes::float8_e4m3fn>("float8_e4m3fn", 31, 25);
    check_recipe<recipes::float8_e5m2>("float8_e5m2", 25, 19);
    check_recipe<recipes::lmul>("lmul", 21, 18);
    check_recipe<recipes::lmul_attention>("lmul_attention", 31, 23);
}

}  // namespace
}  // namespace dyad_test
