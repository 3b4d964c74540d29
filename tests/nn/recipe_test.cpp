// SPDX-License-Identifier: Apache-2.0
// recipe: which structs are recipes, and the shorthands over them.
#include <dyad/nn/recipe.hpp>

#include <doctest/doctest.h>

#include "nn/test_recipes.hpp"

#include <concepts>
#include <cstdint>

namespace dyad_test {
namespace {

using dyad::nn::recipe;

static_assert(recipe<in_float32> && recipe<in_bfloat16> && recipe<in_float8> && recipe<in_int8> &&
              recipe<in_int8_float> && recipe<in_dynamic16>);

// Each of these hides one member of a recipe behind something that is not what a recipe has there.
struct without_weight : in_int8 {
    using weight = void;
};
struct without_operand : in_int8 {
    using operand = bool;
};
struct without_probability : in_int8 {
    using probability = char;
};
struct without_value : in_int8 {
    using value = int*;
};
struct without_stream : in_int8 {
    using stream = long double;
};
struct without_sum_type : in_int8 {
    using accumulator = std::int32_t;
};
struct without_token : in_int8 {
    using scaling = int;
};
struct without_product : in_int8 {
    static constexpr int product = 0;
};
struct nothing {};

static_assert(!recipe<without_weight> && !recipe<without_operand> && !recipe<without_probability>);
static_assert(!recipe<without_value> && !recipe<without_stream> && !recipe<without_sum_type>);
static_assert(!recipe<without_token> && !recipe<without_product> && !recipe<nothing> && !recipe<int>);

TEST_CASE("recipe: the shorthands follow the accumulator and the scaling") {
    using namespace dyad::nn;
    CHECK(std::same_as<sum_of<in_float32>, float>);
    CHECK(std::same_as<sum_of<in_int8>, std::int32_t>);
    CHECK(std::same_as<sum_of<in_dynamic16>, float>);
    // A dynamic scale is known when the whole tensor is: until then it is float.
    CHECK(std::same_as<produced<in_int8, dyad::integer<8>>, dyad::integer<8>>);
    CHECK(std::same_as<produced<in_float8, dyad::float8_e4m3fn>, dyad::float8_e4m3fn>);
    CHECK(std::same_as<produced<in_dynamic16, dyad::integer<16>>, float>);
    CHECK(std::same_as<tensor_of<in_int8, dyad::integer<8>>, tensor<dyad::integer<8>, static_scale>>);
    CHECK(std::same_as<tensor_of<in_dynamic16, dyad::integer<16>>, tensor<dyad::integer<16>, dynamic_scale>>);
    CHECK(std::same_as<columns_of<in_int8, dyad::integer<16>>, dyadic_columns<dyad::integer<16>>>);
    CHECK(std::same_as<columns_of<in_int8_float, float>, real_columns<float>>);
    CHECK(std::same_as<columns_of<in_float32, float>, unit_columns<float>>);
}

}  // namespace
}  // namespace dyad_test
