// SPDX-License-Identifier: Apache-2.0
// The study's recipes: each a struct of types, nothing else (nn/recipe.hpp).
#pragma once

#include <cstdint>

#include <dyad/nn.hpp>
#include <dyad/nn/block_scaling.hpp>
#include <dyad/nn/published_functions.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/number.hpp>

namespace study {

/// One floating-point type for every tensor, no scales, sums and functions in float.
template <class T>
struct plain_float {
    using weight = T;
    using operand = T;
    using probability = T;
    using value = T;
    using stream = T;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::unit_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

/// An 8-bit float in every product, scaled (weights by row, activations by tensor); everything else float.
template <class T, dyad::product_rule Product = dyad::product_rule::exact>
struct scaled_float8 {
    using weight = T;
    using operand = T;
    using probability = T;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::real_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = Product;
};

/// Integers from the quantized input to the logits: weights and operands of a few bits, 16-bit stream and functions.
template <int WeightBits, int OperandBits>
struct integer_only {
    using weight = dyad::integer<WeightBits>;
    using operand = dyad::integer<OperandBits>;
    using probability = dyad::uinteger<OperandBits>;
    using value = dyad::integer<16>;
    using stream = dyad::integer<16>;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = dyad::nn::integer_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

using float32 = plain_float<float>;
using bfloat16 = plain_float<dyad::bfloat16>;
using float16 = plain_float<dyad::float16>;
using float8_e4m3fn = scaled_float8<dyad::float8_e4m3fn>;
using float8_e5m2 = scaled_float8<dyad::float8_e5m2>;
using lmul = scaled_float8<dyad::float8_e4m3fn, dyad::product_rule::lmul>;

/// INT8 products, everything between them in float.
struct int8_float_functions {
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;
    using probability = dyad::uinteger<8>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::real_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

using int8_integer_only = integer_only<8, 8>;
using int6 = integer_only<6, 6>;
using int4_weights = integer_only<4, 8>;

/// INT8 products between the nonlinear functions that other integer-only networks publish, bit for bit, each at the
/// widths it was made for. Compare int8_integer_only.
template <class Functions, class Probability, class Value, class Stream>
struct int8_published {
    using weight = dyad::integer<8>;
    using operand = dyad::integer<8>;
    using probability = Probability;
    using value = Value;
    using stream = Stream;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = Functions;
    static constexpr auto product = dyad::product_rule::exact;
};
using int8_ivit = int8_published<dyad::nn::ivit_functions, dyad::integer<8>, dyad::integer<8>, dyad::integer<16>>;
using int8_ibert = int8_published<dyad::nn::ibert_functions, dyad::uinteger<8>, dyad::integer<16>, dyad::integer<16>>;
using int8_tflite = int8_published<dyad::nn::tflite_functions, dyad::uinteger<8>, dyad::integer<8>, dyad::integer<8>>;

/// Dynamic fixed point of 16 bits: one exponent for each tensor at run time, chains of 256 products flushed to float.
struct dfp16 {
    using weight = dyad::integer<16>;
    using operand = dyad::integer<16>;
    using probability = dyad::integer<16>;
    using value = float;
    using stream = float;
    using accumulator = dyad::chained<std::int64_t, 256, float>;
    using scaling = dyad::nn::dynamic_power_of_two_scaling;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

/// Products of blocks that share scales, weights and activations alike; everything else float.
template <class Block>
struct block_scaled {
    using weight = typename Block::element_type;
    using operand = typename Block::element_type;
    using probability = typename Block::element_type;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::block_scaling<Block>;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

using mxfp8 = block_scaled<dyad::mxfp8_e4m3>;
using mxfp6 = block_scaled<dyad::mxfp6_e2m3>;
using mxfp4 = block_scaled<dyad::mxfp4>;
using mxint8 = block_scaled<dyad::mxint8>;
using nvfp4 = block_scaled<dyad::nvfp4>;

/// BitNet b1.58: weights -1, 0, 1 times the mean magnitude of their matrix, INT8 activations scaled token by token.
struct ternary_weights {
    using weight = dyad::ternary;
    using operand = dyad::integer<8>;
    using probability = dyad::uinteger<8>;
    using value = float;
    using stream = float;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::token_scaling<dyad::scale_rule::absmean>;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

}  // namespace study
