// expect: dyad::nn::depthwise_conv2d needs a recipe with exact products and one scale for a whole tensor
// SPDX-License-Identifier: Apache-2.0
// A window sums over pixels, and here each has a scale of its own.
#include <dyad/nn.hpp>

struct tokens {
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;
    using probability = dyad::uinteger<8>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::token_scaling<>;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

dyad::nn::depthwise_conv2d<tokens> layer;
