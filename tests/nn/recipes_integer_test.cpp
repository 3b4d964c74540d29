// SPDX-License-Identifier: Apache-2.0
// Recipes of integers: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: integers") {
    check_recipe<recipes::int8_integer_only>("int8_integer_only", 44, 35);
    check_recipe<recipes::int6>("int6", 33, 25);
    check_recipe<recipes::int4_weights>("int4_weights", 19, 18);
    check_recipe<recipes::int8_dyadic>("int8_dyadic", 44, 35);
    check_recipe<recipes::int8_dyadic_stream8>("int8_dyadic_stream8", 38, 34);
    check_recipe<recipes::int4_mlp>("int4_mlp", 44, 35);
}

}  // namespace
}  // namespace dyad_test
