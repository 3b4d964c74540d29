// SPDX-License-Identifier: Apache-2.0
// Recipes of the literature, ready to use: layers are templates over them, as nn::linear<nn::recipes::mxfp4> is. Each
// names the arithmetic of a model's tensors (nn/recipe.hpp says what the members mean); families have a base that
// others may use as well. docs/recipes.md has a table of them and their sources.
#pragma once

#include <cstdint>
#include <type_traits>

#include <dyad/array/block.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/nn/block_scaling.hpp>
#include <dyad/nn/functions.hpp>
#include <dyad/nn/group_scaling.hpp>
#include <dyad/nn/power_scaling.hpp>
#include <dyad/nn/published_functions.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tflite_scaling.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/power.hpp>
#include <dyad/number/ternary.hpp>

namespace dyad::inline v1::nn::recipes {

// --- families

/// One floating-point type for every tensor, no scales, sums and functions in float.
template <class T>
struct plain_float {
    using weight = T;
    using operand = T;
    using probability = T;
    using value = T;
    using stream = T;
    using accumulator = float_ordered;
    using scaling = unit_scaling;
    using functions = float_functions;
    static constexpr auto product = product_rule::exact;
};

/// Products of W and A; everything between them in float.
template <class W, class A, class Probability, class Accumulator, class Scaling,
          product_rule Product = product_rule::exact>
struct float_between {
    using weight = W;
    using operand = A;
    using probability = Probability;
    using value = float;
    using stream = float;
    using accumulator = Accumulator;
    using scaling = Scaling;
    using functions = float_functions;
    static constexpr auto product = Product;
};

/// Integers from the quantized input to the logits, scales of dyadic numbers.
template <int WeightBits, int OperandBits, class Probability, class Value, class Stream, class Functions>
struct integers {
    using weight = integer<WeightBits>;
    using operand = integer<OperandBits>;
    using probability = Probability;
    using value = Value;
    using stream = Stream;
    using accumulator = proven<std::int32_t>;
    using scaling = dyadic_scaling;
    using functions = Functions;
    static constexpr auto product = product_rule::exact;
};

/// Base, but Other in the products that are named: int4 weights in the MLP alone, say. The two need the same `value`
/// and `stream`.
template <class Base, class Other, nn::part... Parts>
struct with_parts : Base {
    template <nn::part P>
    using part = std::conditional_t<((P == Parts) || ...), Other, part_of<Base, P>>;
};

/// A model of Depth blocks: the first and the last under Ends, as everything outside the blocks, the others under
/// Middle.
template <class Ends, class Middle, int Depth>
struct middle_blocks : Ends {
    template <int Block>
    using at = std::conditional_t<Block == 0 || Block == Depth - 1, Ends, Middle>;
};

// --- floats

struct float32 : plain_float<float> {};
struct bfloat16 : plain_float<dyad::bfloat16> {};
struct float16 : plain_float<dyad::float16> {};

/// FP8: static scales, of weights by row, of activations by tensor. Micikevicius et al., arXiv 2209.05433.
template <class T, product_rule Product = product_rule::exact>
using scaled_float8 = float_between<T, T, T, float_ordered, real_scaling, Product>;
struct float8_e4m3fn : scaled_float8<dyad::float8_e4m3fn> {};
struct float8_e5m2 : scaled_float8<dyad::float8_e5m2> {};

/// L-Mul instead of multiplication: in every product, or in attention's two. Luo and Sun, arXiv 2410.00907.
struct lmul : scaled_float8<dyad::float8_e4m3fn, product_rule::lmul> {};
struct lmul_attention : with_parts<float8_e4m3fn, lmul, nn::part::attention_products> {};

// --- integers

/// INT8 products, static scales, all functions in float.
struct int8_float_functions : float_between<integer<8>, integer<8>, uinteger<8>, proven<std::int32_t>, real_scaling> {};

/// Our own integer functions on 16 bits; weights and operands of a few bits.
template <int WeightBits, int OperandBits>
using integer_only =
    integers<WeightBits, OperandBits, uinteger<OperandBits>, integer<16>, integer<16>, integer_functions>;
struct int8_integer_only : integer_only<8, 8> {};
struct int6 : integer_only<6, 6> {};
struct int4_weights : integer_only<4, 8> {};

/// HAWQ-V3 (Yao et al., ICML 2021): INT8 products whose 32-bit sums dyadic numbers take to INT8, what functions read
/// included; residual sums of two branches, each with a dyadic scale of its own, in the 16 bits that its code gives
/// them.
struct int8_dyadic : integers<8, 8, uinteger<8>, integer<8>, integer<16>, integer_functions> {};
/// The same with a residual stream of 8 bits: every tensor has 8 bits.
struct int8_dyadic_stream8 : integers<8, 8, uinteger<8>, integer<8>, integer<8>, integer_functions> {};

/// INT8 products between the nonlinear functions that others publish, bit for bit, each at the widths it was made for:
/// I-ViT (Li and Gu, ICCV 2023), I-BERT (Kim et al., ICML 2021), TensorFlow Lite's functions on symmetric tensors.
struct ivit : integers<8, 8, integer<8>, integer<8>, integer<16>, ivit_functions> {};
struct ibert : integers<8, 8, uinteger<8>, integer<16>, integer<16>, ibert_functions> {};
struct tflite_functions_only : integers<8, 8, uinteger<8>, integer<8>, integer<8>, tflite_functions> {};

/// TensorFlow Lite's INT8 networks, zero points and given scales included (nn/tflite_scaling.hpp): in the rounding of
/// TensorFlow Lite Micro and CMSIS-NN, and in that of builds with TFLITE_SINGLE_ROUNDING.
struct tflite_int8 : nn::tflite_int8<requantization::gemmlowp_double> {};
struct tflite_int8_single : nn::tflite_int8<requantization::single_half_up> {};

/// Dynamic fixed point of 16 bits: one exponent for each tensor at run time, chains of 256 products flushed to float.
/// Das et al., ICLR 2018.
struct dfp16 : float_between<integer<16>, integer<16>, integer<16>, chained<std::int64_t, 256, float>,
                             dynamic_power_of_two_scaling> {};

/// BitNet b1.58 (Ma et al., arXiv 2402.17764): weights -1, 0, 1 times the mean magnitude of their matrix, INT8 tokens.
struct ternary_weights
    : float_between<ternary, integer<8>, uinteger<8>, proven<std::int32_t>, token_scaling<scale_rule::absmean>> {};

/// PowerQuant (Yvinec et al., ICLR 2023) with the exponent 1/2: weights and operands are squares times a scale. Sums
/// are those of integers, exact, rounded once to float.
template <int WeightBits, int OperandBits>
using power_codes =
    float_between<power<WeightBits, 2>, power<OperandBits, 2>, power<OperandBits, 2>, float_ordered, power_scaling>;
struct power_quant : power_codes<8, 8> {};
struct power_quant_w4a8 : power_codes<4, 8> {};
struct power_quant_w4a4 : power_codes<4, 4> {};

// --- shared scales

/// Blocks that share a scale along every sum: OCP MX v1.0, NVIDIA's NVFP4.
template <class Block>
using block_scaled = float_between<typename Block::element_type, typename Block::element_type,
                                   typename Block::element_type, float_ordered, block_scaling<Block>>;
struct mxfp8 : block_scaled<mxfp8_e4m3> {};
struct mxfp6 : block_scaled<mxfp6_e2m3> {};
struct mxfp4 : block_scaled<dyad::mxfp4> {};
struct mxint8 : block_scaled<dyad::mxint8> {};
struct nvfp4 : block_scaled<dyad::nvfp4> {};

/// Weights in groups of inputs, tokens of INT8 by absmax.
template <int WeightBits, int Group, group_range Range = group_range::min_max, class Scale = float>
using grouped_weights = float_between<integer<WeightBits>, integer<8>, uinteger<8>, proven<std::int32_t>,
                                      group_scaling<Group, activation_scales::by_token, Range, Scale>>;
/// INT4 weights in groups of 32 under a half each, as files for CPUs have them, ranges by least squares.
struct w4a8_group32 : grouped_weights<4, 32, group_range::least_squares, dyad::float16> {};
struct w4a8_group32_min_max : grouped_weights<4, 32, group_range::min_max, dyad::float16> {};

/// FlexQ (Zhang et al., arXiv 2508.04405): weights of 6 bits and tokens of 6 or 8 in groups of 128, attention's two
/// products in halves. w6a6_group128 is FlexQ's own mixture: 8 bits into the MLP's second layer.
template <int OperandBits>
using grouped_w6 = float_between<integer<6>, integer<OperandBits>, integer<OperandBits>, proven<std::int32_t>,
                                 group_scaling<128, activation_scales::by_group>>;
struct half_products : float_between<dyad::float16, dyad::float16, dyad::float16, float_ordered, unit_scaling> {};
struct w6a8_group128 : with_parts<grouped_w6<8>, half_products, nn::part::attention_products> {};
struct w6a6_group128 : with_parts<with_parts<grouped_w6<6>, half_products, nn::part::attention_products>, grouped_w6<8>,
                                  nn::part::mlp_second> {};

// --- mixtures of the above

/// INT4 weights in the MLP, where most weights are, INT8 everywhere else.
struct int4_mlp : with_parts<int8_integer_only, int4_weights, nn::part::mlp_first, nn::part::mlp_second> {};
/// INT4 weights in all blocks but the first and the last of a model of Depth.
template <int Depth>
struct int4_middle : middle_blocks<int8_integer_only, int4_weights, Depth> {};

}  // namespace dyad::inline v1::nn::recipes
