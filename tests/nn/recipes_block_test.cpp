// SPDX-License-Identifier: Apache-2.0
// Recipes of blocks that share scales: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: blocks of floats of 8 and 6 bits, and of integers") {
    check_recipe<recipes::mxfp8>("mxfp8", 26, 24);
    check_recipe<recipes::mxfp6>("mxfp6", 27, 27);
    check_recipe<recipes::mxint8>("mxint8", 40, 37);
}

}  // namespace
}  // namespace dyad_test
