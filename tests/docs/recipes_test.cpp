// SPDX-License-Identifier: Apache-2.0
// The samples of docs/recipes.md, word for word (docs/samples compares).
#include <cstdint>
#include <type_traits>

#include <doctest/doctest.h>

#include <dyad/nn/linear.hpp>
#include <dyad/nn/recipes.hpp>

// clang-format off
namespace written {

struct int5 {
    using weight = dyad::integer<5>;         // elements of the matrices
    using operand = dyad::integer<5>;        // activations that enter a product
    using probability = dyad::uinteger<5>;   // attention's softmax, an operand as well
    using value = dyad::integer<16>;         // what softmax and the activation read
    using stream = dyad::integer<16>;        // the residual stream, and the logits
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = dyad::nn::integer_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

// 4-bit weights in the MLP, 8-bit attention.
struct light_mlp
    : dyad::nn::recipes::with_parts<dyad::nn::recipes::int8_integer_only, dyad::nn::recipes::int4_weights,
                                    dyad::nn::part::mlp_first, dyad::nn::part::mlp_second> {};
// In a model of 12 blocks: the first and the last as light_mlp, 4-bit weights in the others.
struct light_middle : dyad::nn::recipes::middle_blocks<light_mlp, dyad::nn::recipes::int4_weights, 12> {};

struct mxfp4 {
    using weight = dyad::float4_e2m1fn;      // elements; the blocks are those of `scaling` with these elements
    using operand = dyad::float4_e2m1fn;     // dyad::float8_e4m3fn here: MXFP4 weights, MXFP8 activations
    using probability = dyad::float4_e2m1fn;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::block_scaling<dyad::mxfp4>;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

}  // namespace written
// clang-format on

TEST_CASE("recipes.md: recipes of one's own, and mixtures") {
    namespace nn = dyad::nn;
    static_assert(nn::recipe<written::int5> && nn::recipe<written::mxfp4>);
    static_assert(nn::weights_of<written::mxfp4>::bits_per_weight == 4.25);
    using nn::recipes::int4_weights;
    using nn::recipes::int8_integer_only;
    static_assert(std::is_same_v<nn::part_of<written::light_mlp, nn::part::mlp_second>, int4_weights>);
    static_assert(std::is_same_v<nn::part_of<written::light_mlp, nn::part::head>, int8_integer_only>);
    static_assert(std::is_same_v<nn::recipe_at<written::light_middle, 0>, written::light_mlp>);
    static_assert(std::is_same_v<nn::recipe_at<written::light_middle, 5>, int4_weights>);
    static_assert(std::is_same_v<nn::recipe_at<written::light_middle, 11>, written::light_mlp>);
    dyad::arena need = dyad::arena::measuring();
    nn::linear<written::int5> layer;
    CHECK(layer.shape(need, 4, 4) == dyad::status::ok);
}
