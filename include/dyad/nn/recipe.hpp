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
