// SPDX-License-Identifier: Apache-2.0
// The shape of an attention layer, and which keys a token sees.
#pragma once

#include <cstdint>

#include <dyad/array/rotary.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/attention_products.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// Rotary positions of queries and keys (array/rotary.hpp): base 0 means none.
struct rotary_positions {
    std::uint32_t base = 0;
    index positions = 0;  ///< in the tables; 0: as many as there may be keys
    rotary_layout layout = rotary_layout::halves;
};

/// Multi-head attention, grouped queries where key_heads < heads, multi-query where key_heads = 1.
struct attention_geometry {
    index tokens = 0;      ///< at most, in one run
    index width = 0;       ///< channels that come in and go out
    index heads = 1;       ///< of queries
    index key_heads = 0;   ///< of keys and values: divides heads; 0: as many
    index head_width = 0;  ///< channels of a head; 0: width / heads, which then must be whole
    attention_mask mask = attention_mask::none;
    rotary_positions rotary = {};
    index capacity = 0;  ///< most keys, where they come from a cache; 0: tokens

    /// Columns of all heads' queries, and of their keys or values.
    [[nodiscard]] constexpr index query_columns() const noexcept { return heads * head_width; }
    [[nodiscard]] constexpr index key_columns() const noexcept { return key_heads * head_width; }
};

/// Puts in what 0 stands for.
[[nodiscard]] constexpr status complete(attention_geometry& g) noexcept {
    constexpr index most = index{1} << 30;  // of heads, and of channels: three times their product is an index
    if (g.tokens < 0 || g.width < 0 || g.key_heads < 0 || g.head_width < 0 || g.capacity < 0)
        return status::negative_extent;
    if (g.heads < 1 || g.heads > most) return status::heads_do_not_divide_width;
    if (g.key_heads == 0) g.key_heads = g.heads;
    if (g.heads % g.key_heads != 0) return status::groups_do_not_divide;
    if (g.head_width == 0) {
        if (g.width % g.heads != 0) return status::heads_do_not_divide_width;
        g.head_width = g.width / g.heads;
    }
    if (g.head_width > most) return status::heads_do_not_divide_width;
    if (g.capacity < g.tokens) g.capacity = g.tokens;
    if (g.rotary.positions == 0) g.rotary.positions = g.capacity;
    return status::ok;
}

/// What one run of attention may be given beside its input, each rows of queries x keys, the same for all heads.
template <number Value>
struct attention_inputs {
    /// Keys whose byte is 0 are not seen. Strides may be 0. Without extents: all are.
    matrix_view<const std::uint8_t> mask = {};
    /// Added to the scores before softmax, in codes of theirs, saturating. Without extents: nothing is.
    matrix_view<const Value> bias = {};
};

}  // namespace dyad::inline v1::nn
