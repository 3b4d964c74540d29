// SPDX-License-Identifier: Apache-2.0
// A step: a layer that nn/sequential.hpp and nn/graph.hpp can put behind others, from a matrix of `input` numbers to
// one of `output` numbers.
//   struct my_step {
//       using input = ...;  using output = ...;            // number types of the matrices
//       using geometry = ...;                              // what shape() needs to know, an aggregate
//       static constexpr auto edge_of_output = output_edge::calibrated;
//       layer_status shape(arena&, const geometry&);       // takes memory for the parameters
//       layer_status out_extent(const array<index, 2>& in, array<index, 2>& out) const;
//       layer_status prepare(source, const path& name, const affine& in, affine& out);
//       layer_status run(matrix_view<const input> in, matrix_view<output> out, context) const;
//       status visit(visitor);
//   };
// A step of several inputs takes each `in` as an array: array<affine, 2>, array<matrix_view<const input>, 2>.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/nn/affine.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// Who says what the codes of a step's output mean.
enum class output_edge : std::uint8_t {
    calibrated,  ///< the range seen there: `out` comes to prepare with it
    told,        ///< the step, whose prepare sets `out`: pooling keeps its input's scale, softmax has one of its own
    inside       ///< the step, which also names the edge and shows it to the probe: a sequential in a sequential
};

template <class S>
concept step = number<typename S::input> && number<typename S::output> &&
    requires(S& s, arena& memory, const typename S::geometry& g) {
    { S::edge_of_output } -> std::convertible_to<output_edge>;
    { s.shape(memory, g) } -> std::convertible_to<layer_status>;
};

/// For steps that need not know anything.
struct no_geometry {};

/// Bytes of a matrix of T; the largest number where there are more.
template <class T>
[[nodiscard]] constexpr std::size_t bytes_of(std::array<index, 2> extent) noexcept {
    const auto rows = static_cast<std::size_t>(extent[0]);
    const auto columns = static_cast<std::size_t>(extent[1]);
    return saturating_mul(saturating_mul(rows, columns), sizeof(T));
}

}  // namespace dyad::inline v1::nn
