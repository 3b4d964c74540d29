// SPDX-License-Identifier: Apache-2.0
// The two products of attention for all heads at once, where heads lie side by side in the rows of a matrix:
//   scores(h, i, j) = epilogue(sum over c of queries(i, h * width + c) * keys(j, g * width + c), h * tokens + i, j)
//   dst(i, h * width + c) = epilogue(sum over j of shares(h, i, j) * values(j, g * width + c), h * tokens + i, c)
// with g = h / (heads / key heads): neighbouring query heads may share a head of keys and values (grouped queries,
// Ainslie et al., arXiv 2305.13245). Causal: token i sees the keys j <= i + offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/linalg/batched_gemm.hpp>

namespace dyad::inline v1 {

struct attention_shape {
    index tokens = 0;     ///< rows of queries
    index keys = 0;       ///< rows of keys and values
    index heads = 1;      ///< of queries
    index key_heads = 1;  ///< of keys and values: divides heads
    index width = 0;      ///< of one head
};

enum class attention_mask : std::uint8_t { none, causal };

struct attention_options {
    std::uint64_t max_bias = 0;                  ///< largest |bias| that the epilogue adds to a sum, in the sum's units
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
    attention_mask mask = attention_mask::none;
    index offset = 0;  ///< of the causal mask: keys before the one of token 0
};

/// Columns h * width .. of a matrix as matrix h of a batch.
template <class T>
[[nodiscard]] constexpr batch_view<T> heads_of(matrix_view<T> m, index heads, index width) noexcept {
    return {m.data, {heads, m.extent[0], width}, {width * m.stride[1], m.stride[0], m.stride[1]}};
}

namespace attention_rules {

[[nodiscard]] constexpr status check(const attention_shape& s) noexcept {
    if (s.tokens < 0 || s.keys < 0 || s.heads < 0 || s.width < 0) return status::negative_extent;
    return s.key_heads <= 0 || s.heads % s.key_heads != 0 ? status::batch_extents_differ : status::ok;
}
[[nodiscard]] constexpr batched_gemm_options options_of(const attention_shape& s, const attention_options& o,
                                                        causality causal) noexcept {
    const index share = s.heads == 0 ? 1 : s.heads / s.key_heads;
    return {o.max_bias, o.cap, share, o.mask == attention_mask::causal ? causal : causality::none, o.offset};
}

}  // namespace attention_rules

/// Queries times keys. Under a causal mask whole blocks above the diagonal are left out: of the scores of token i those
/// of keys j >= (i / 64 + 1) * 64 + offset stay as they were, and run_causal of the softmax functions reads none above
/// the diagonal.
template <number Query, number Key, class Accumulator>
class attention_scores_plan {
    using batch_plan = batched_gemm_plan<Query, Key, Accumulator>;

public:
    using sum_type = typename Accumulator::sum_type;

    static status make(const attention_shape& shape, const attention_options& options,
                       attention_scores_plan& plan) noexcept {
        if (const status s = attention_rules::check(shape); s != status::ok) return s;
        const auto batched = attention_rules::options_of(shape, options, causality::columns);
        const status s = batch_plan::make(shape.heads, shape.tokens, shape.width, shape.keys, batched, plan.products_);
        if (s == status::ok) plan.shape_ = shape;
        return s;
    }
    [[nodiscard]] std::size_t workspace_bytes() const noexcept { return products_.workspace_bytes(); }
    [[nodiscard]] gemm_description describe() const noexcept { return products_.describe(); }

    /// queries: tokens x (heads * width); keys: keys x (key heads * width); scores: heads x tokens x keys. In statuses
    /// queries are lhs, and keys are rhs, transposed.
    template <class D, class Epilogue, executor Executor = serial>
    status run(matrix_view<const Query> queries, matrix_view<const Key> keys, batch_view<D> scores,
               const Epilogue& epilogue, std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (queries.extent[0] != shape_.tokens) return status::lhs_rows_differ;
        if (queries.extent[1] != saturating_mul(shape_.heads, shape_.width)) return status::lhs_columns_differ;
        if (keys.extent[0] != shape_.keys) return status::rhs_columns_differ;
        if (keys.extent[1] != saturating_mul(shape_.key_heads, shape_.width)) return status::rhs_rows_differ;
        const index key_heads = shape_.heads == 0 ? 0 : shape_.key_heads;
        return products_.run(heads_of(queries, shape_.heads, shape_.width),
                             transposed(heads_of(keys, key_heads, shape_.width)), scores, epilogue, workspace, execute);
    }

private:
    attention_shape shape_;
    batch_plan products_;
};

/// Shares of attention times values. Under a causal mask the shares of keys j > i + offset are 0, as run_causal of the
/// softmax functions stores them, and blocks of them are not multiplied: the values there must be finite.
template <number Share, number Value, class Accumulator>
class attention_values_plan {
    using batch_plan = batched_gemm_plan<Share, Value, Accumulator>;

public:
    using sum_type = typename Accumulator::sum_type;

    static status make(const attention_shape& shape, const attention_options& options,
                       attention_values_plan& plan) noexcept {
        if (const status s = attention_rules::check(shape); s != status::ok) return s;
        const auto batched = attention_rules::options_of(shape, options, causality::products);
        const status s = batch_plan::make(shape.heads, shape.tokens, shape.keys, shape.width, batched, plan.products_);
        if (s == status::ok) plan.shape_ = shape;
        return s;
    }
    [[nodiscard]] std::size_t workspace_bytes() const noexcept { return products_.workspace_bytes(); }
    [[nodiscard]] gemm_description describe() const noexcept { return products_.describe(); }

    /// shares: heads x tokens x keys; values: keys x (key heads * width); dst: tokens x (heads * width).
    template <class D, class Epilogue, executor Executor = serial>
    status run(batch_view<const Share> shares, matrix_view<const Value> values, matrix_view<D> dst,
               const Epilogue& epilogue, std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (values.extent[0] != shape_.keys) return status::rhs_rows_differ;
        if (values.extent[1] != saturating_mul(shape_.key_heads, shape_.width)) return status::rhs_columns_differ;
        if (dst.extent[0] != shape_.tokens) return status::dst_rows_differ;
        if (dst.extent[1] != saturating_mul(shape_.heads, shape_.width)) return status::dst_columns_differ;
        const index key_heads = shape_.heads == 0 ? 0 : shape_.key_heads;
        return products_.run(shares, heads_of(values, key_heads, shape_.width),
                             heads_of(dst, shape_.heads, shape_.width), epilogue, workspace, execute);
    }

private:
    attention_shape shape_;
    batch_plan products_;
};

}  // namespace dyad::inline v1
