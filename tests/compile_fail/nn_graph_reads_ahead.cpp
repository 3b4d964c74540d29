// expect: dyad::nn::graph: a node reads values that exist
// SPDX-License-Identifier: Apache-2.0
// Value 2 is what the second node gives; the first cannot read it.
#include <dyad/nn.hpp>

struct recipe {
    using weight = float;
    using operand = float;
    using probability = float;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::unit_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

using first = dyad::nn::node<dyad::nn::reshape<float>, 2>;
using second = dyad::nn::node<dyad::nn::reshape<float>, 1>;
dyad::nn::graph<recipe, first, second> network;
