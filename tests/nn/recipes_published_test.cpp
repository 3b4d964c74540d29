// SPDX-License-Identifier: Apache-2.0
// Recipes with published functions: a linear layer and attention against double.
#include <dyad/nn/recipes.hpp>

#include <doctest/doctest.h>

#include "nn/recipe_checks.hpp"

namespace dyad_test {
namespace {

namespace recipes = dyad::nn::recipes;

TEST_CASE("recipes: published functions") {
    check_recipe<recipes::ivit>("ivit", 44, 31);
    check_recipe<recipes::ibert>("ibert", 44, 32);
    check_recipe<recipes::tflite_functions_only>("tflite_functions_only", 38, 34);
    check_recipe<recipes::tflite_int8>("tflite_int8", 38, 28);
    check_recipe<recipes::tflite_int8_single>("tflite_int8_single", 38, 28);
}

}  // namespace
}  // namespace dyad_test
