// SPDX-License-Identifier: Apache-2.0
// sequential: one step after the other, a graph without branches (nn/graph.hpp). What lies between steps takes turns in
// scratch memory, as much as the largest pair of neighbours needs, or little more.
#pragma once

#include <cstddef>
#include <utility>

#include <dyad/nn/graph.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

namespace sequential_rules {

template <recipe R, class Indices, class... Steps>
struct chain;
template <recipe R, std::size_t... I, class... Steps>
struct chain<R, std::index_sequence<I...>, Steps...> {
    using type = basic_graph<layer_kind::sequential, R, node<Steps, I>...>;
};

}  // namespace sequential_rules

template <recipe R, step... Steps>
using sequential = typename sequential_rules::chain<R, std::index_sequence_for<Steps...>, Steps...>::type;

}  // namespace dyad::inline v1::nn
