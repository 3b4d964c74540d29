// SPDX-License-Identifier: Apache-2.0
// Operands of matrix products: codes, and a token, which is the part of their scale that is known at run time only.
// real value of element (i, j) = code(i, j) * scale (when the layer was prepared) * factor_at(token, i, j).
#pragma once

#include <concepts>
#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::nn {

/// Nothing is left for run time.
struct static_scale {
    [[nodiscard]] static constexpr double factor() noexcept { return 1; }
};
/// A power of two for the whole tensor.
struct dynamic_scale {
    int exponent = 0;
    [[nodiscard]] constexpr double factor() const noexcept {
        return pack_as<double>(unpacked::finite(false, 1, exponent), rounding::nearest_even, saturation::none);
    }
};
/// A float for the whole tensor.
struct tensor_scale {
    float value = 1;
    [[nodiscard]] constexpr double factor() const noexcept { return static_cast<double>(value); }
};
/// A float for each line of elements that a product sums over: a view of the codes' extents, with a stride of 0 along
/// the lines.
struct line_scales {
    matrix_view<const float> values;
};

/// Tokens of whole tensors.
template <class Token>
concept uniform_token = requires(const Token& t) {
    { t.factor() } -> std::same_as<double>;
};

template <class Token>
[[nodiscard]] constexpr double factor_at(const Token& token, [[maybe_unused]] index i,
                                         [[maybe_unused]] index j) noexcept {
    if constexpr (uniform_token<Token>) return token.factor();
    else return static_cast<double>(token.values(i, j));
}

/// An operand of a matrix product.
template <number T, class Token>
struct tensor {
    matrix_view<const T> codes;
    [[no_unique_address]] Token token;
};

/// Parts of an operand, with their scales: as of matrices (array/view.hpp).
template <number T, class Token>
[[nodiscard]] constexpr tensor<T, Token> row_block(const tensor<T, Token>& t, index first, index count) noexcept {
    if constexpr (uniform_token<Token>) return {row_block(t.codes, first, count), t.token};
    else return {row_block(t.codes, first, count), {row_block(t.token.values, first, count)}};
}
template <number T, class Token>
[[nodiscard]] constexpr tensor<T, Token> column_block(const tensor<T, Token>& t, index first, index count) noexcept {
    if constexpr (uniform_token<Token>) return {column_block(t.codes, first, count), t.token};
    else return {column_block(t.codes, first, count), {column_block(t.token.values, first, count)}};
}
template <number T, class Token>
[[nodiscard]] constexpr tensor<T, Token> transposed(const tensor<T, Token>& t) noexcept {
    if constexpr (uniform_token<Token>) return {transposed(t.codes), t.token};
    else return {transposed(t.codes), {transposed(t.token.values)}};
}

/// What a product sums over in an operand: its columns (an lhs; the transposed k of attention) or its rows (an rhs:
/// attention's v), `length` of them in one sum. Several groups of `length` may stand side by side: the heads of q.
enum class contracted : std::uint8_t { columns, rows };
struct contraction {
    contracted over = contracted::columns;
    index length = 0;
};

}  // namespace dyad::inline v1::nn
