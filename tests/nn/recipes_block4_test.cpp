// SPDX-License-Identifier: Apache-2.0
// Recipes of blocks of 4-bit floats: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: blocks of 4 bits") {
    check_recipe<recipes::mxfp4>("mxfp4", 16, 12);
    check_recipe<recipes::nvfp4>("nvfp4", 16, 15);
}

}  // namespace
}  // namespace dyad_test
