// SPDX-License-Identifier: Apache-2.0
// Scores of attention between the product that makes them and their softmax, heads one below the other: which keys a
// token sees, what is added to scores, what a probe is shown.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/array/view.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/linalg/attention_products.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// Token i of each head sees key j where the mask's byte is not 0 (a mask without extents hides nothing) and, under
/// causality, j <= i + offset.
struct seen_keys {
    attention_mask rule = attention_mask::none;
    index offset = 0;
    matrix_view<const std::uint8_t> mask = {};

    [[nodiscard]] constexpr bool has_mask() const noexcept { return mask.extent[0] != 0 || mask.extent[1] != 0; }
    [[nodiscard]] constexpr bool all() const noexcept { return rule == attention_mask::none && !has_mask(); }
    [[nodiscard]] constexpr bool sees(index i, index j) const noexcept {
        return (rule == attention_mask::none || j - offset <= i) && (!has_mask() || mask(i, j) != 0);
    }
};

namespace attention_steps {

template <number Value>
[[nodiscard]] Value saturated_sum(Value a, Value b) noexcept {
    if constexpr (carrier_rules::is_fixed<Value>) {
        return Value::saturating_from_raw(std::int64_t{a.raw()} + std::int64_t{b.raw()});
    } else {
        return convert<Value>(convert<double>(a) + convert<double>(b));
    }
}

}  // namespace attention_steps

/// scores += bias where a key is seen, saturating: bias has one head's tokens x keys, in codes of the scores.
template <number Value, class Context>
void add_to_scores(matrix_view<Value> scores, index tokens, matrix_view<const Value> bias, const seen_keys& seen,
                   const Context& context) noexcept {
    context.execute(scores.extent[0], [&](index r) {
        const default_float_environment environment;
        const index i = r % tokens;
        for (index j = 0; j < scores.extent[1]; ++j) {
            if (seen.sees(i, j)) scores(r, j) = attention_steps::saturated_sum(scores(r, j), bias(i, j));
        }
    });
}

/// A probe sees 0 where a token sees no key: products above the diagonal are not computed.
template <number Value, class Context>
void show_scores(int edge, matrix_view<Value> scores, index tokens, const seen_keys& seen,
                 const Context& context) noexcept {
    if constexpr (!std::same_as<std::remove_cvref_t<decltype(context.probe)>, no_probe>) {
        if (!seen.all()) {
            for (index r = 0; r < scores.extent[0]; ++r) {
                for (index j = 0; j < scores.extent[1]; ++j) {
                    if (!seen.sees(r % tokens, j)) scores(r, j) = Value{};
                }
            }
        }
        context.show(edge, as_const(scores), static_scale{});
    }
}

}  // namespace dyad::inline v1::nn
