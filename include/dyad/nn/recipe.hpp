// SPDX-License-Identifier: Apache-2.0
// A recipe: the arithmetic of a model, as a struct of types. Layers are templates over it and never ask which it is.
//
//   struct my_recipe {
//       using weight = dyad::integer<8>;         // left in memory: rows of the matrices
//       using operand = dyad::integer<8>;        // activations that enter a matrix product
//       using probability = dyad::uinteger<8>;   // attention's softmax, an operand as well
//       using value = dyad::integer<16>;         // what softmax and the activation read
//       using stream = dyad::integer<16>;        // the residual stream, and the logits
//       using accumulator = dyad::proven<std::int32_t>;
//       using scaling = dyad::nn::dyadic_scaling;
//       using functions = dyad::nn::integer_functions;
//       static constexpr auto product = dyad::product_rule::exact;
//   };
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/linalg/gemm.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

template <class R>
concept recipe = number<typename R::weight> && number<typename R::operand> && number<typename R::probability> &&
    number<typename R::value> && number<typename R::stream> && requires {
    typename R::accumulator::sum_type;
    typename R::scaling::token;
    typename R::functions;
    { R::product } -> std::convertible_to<product_rule>;
};

/// The products of a model: a recipe may name another recipe for some of them, see part_of.
enum class part : std::uint8_t {
    embed,                 ///< the first layer: patches, tokens
    attention_qkv,         ///< queries, keys and values
    attention_products,    ///< queries times keys, shares times values
    attention_projection,  ///< attention's last linear layer
    mlp_first,             ///< the first linear layer of an MLP, the gate of a gated one
    mlp_second,            ///< the last one
    head                   ///< the classes
};

namespace recipe_rules {

template <class R, part P>
struct of_part {
    using type = R;
};
template <class R, part P>
    requires requires { typename R::template part<P>; }
struct of_part<R, P> {
    using type = typename R::template part<P>;
};
template <class R, int Block>
struct of_block {
    using type = R;
};
template <class R, int Block>
    requires requires { typename R::template at<Block>; }
struct of_block<R, Block> {
    using type = typename R::template at<Block>;
};

}  // namespace recipe_rules

/// The recipe of a product: R::part<P> where R has such a member, else R. What stands between the products of one block
/// must fit: parts have the stream, value and functions of R.
///   struct lmul_attention : float32 {
///       template <nn::part P>
///       using part = std::conditional_t<P == nn::part::attention_products, lmul, float32>;
///   };
template <recipe R, part P>
using part_of = typename recipe_rules::of_part<R, P>::type;
/// The recipe of block number Block of a model: R::at<Block> where R has such a member, else R. All have one stream.
template <recipe R, int Block>
using recipe_at = typename recipe_rules::of_block<R, Block>::type;

/// Scalings that take scales and codes as a file prescribes them (nn/preparation.hpp), where it does.
template <class Scaling>
concept takes_given = Scaling::file_scales == prescribed::taken;

/// Shorthands that every layer uses.
template <recipe R>
using sum_of = typename R::accumulator::sum_type;
/// What is written where a product will read a T.
template <recipe R, number T>
using produced = typename R::scaling::template produced<T>;
/// What a product reads where the recipe says T: mostly T itself.
template <recipe R, number T>
using carried = typename R::scaling::template carried<T>;
template <recipe R, number T>
using tensor_of = tensor<carried<R, T>, typename R::scaling::token>;
/// How the recipe keeps a matrix of weights.
template <recipe R>
using weights_of = typename R::scaling::template weights<typename R::scaling, typename R::weight>;
template <recipe R, number Out>
using columns_of = typename R::scaling::template columns<sum_of<R>, Out>;

}  // namespace dyad::inline v1::nn
