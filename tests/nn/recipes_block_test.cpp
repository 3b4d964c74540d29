// SPDX-License-Identifier: Apache-2.0
// Recipes of blocks that share scales: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: blocks") {
    check_recipe<recipes::mxfp8>("mxfp8", 0, 0);
    check_recipe<recipes::mxfp6>("mxfp6", 0, 0);
    check_recipe<recipes::mxfp4>("mxfp4", 0, 0);
    check_recipe<recipes::mxint8>("mxint8", 0, 0);
    check_recipe<recipes::nvfp4>("nvfp4", 0, 0);
}

}  // namespace
}  // namespace dyad_test
