// SPDX-License-Identifier: Apache-2.0
// What a forward pass needs beside its operands: memory, an executor, and somebody who watches.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// Sees every tensor as it is made: probe(edge number, codes, token), real value = code * scale(edge) *
/// factor_at(token, row, column).
struct no_probe {
    template <class T, class Token>
    constexpr void operator()(int, matrix_view<const T>, Token) const noexcept {}
};

/// Passed down through all layers. With a measuring arena nothing is computed and no data is touched: a forward pass on
/// null views then tells by scratch.peak() how much memory a real one needs.
template <class Probe = no_probe, executor Executor = serial>
struct context {
    arena& scratch;
    Probe& probe;
    Executor& execute;

    [[nodiscard]] bool measuring() const noexcept { return scratch.is_measuring(); }
    template <class T, class Token>
    void show(int edge, matrix_view<const T> codes, Token token) const noexcept {
        if (!measuring()) probe(edge, codes, token);
    }
};

/// dst = epilogue(lhs * rhs) under a recipe's accumulator and product rule. Rhs: a matrix of B with n columns, or a
/// packed one.
template <recipe R, number B, number A, class Rhs, class D, class Epilogue, class Context>
status multiply_by(matrix_view<const A> lhs, const Rhs& rhs, index n, matrix_view<D> dst, std::uint64_t max_bias,
                   const Epilogue& epilogue, const Context& context) noexcept {
    using plan_type = gemm_plan<A, B, typename R::accumulator, R::product>;
    plan_type plan;
    const std::size_t mark = context.scratch.used();
    status s = plan_type::make(lhs.extent[0], lhs.extent[1], n, {.max_bias = max_bias}, plan);
    if (s != status::ok) return s;
    constexpr bool packed = std::same_as<Rhs, packed_operand>;
    vector_view<std::byte> bytes;
    const std::size_t needed = packed ? plan.packed_workspace_bytes() : plan.workspace_bytes();
    s = context.scratch.take(static_cast<index>(needed), bytes);
    if (s != status::ok) return s;
    if (!context.measuring()) {
        const std::span<std::byte> workspace(bytes.data, static_cast<std::size_t>(bytes.extent[0]));
        s = plan.run(lhs, rhs, dst, epilogue, workspace, context.execute);
    }
    context.scratch.rewind(mark);
    return s;
}
template <recipe R, number A, number B, class D, class Epilogue, class Context>
status multiply(matrix_view<const A> lhs, matrix_view<const B> rhs, matrix_view<D> dst, std::uint64_t max_bias,
                const Epilogue& epilogue, const Context& context) noexcept {
    return multiply_by<R, B>(lhs, rhs, rhs.extent[1], dst, max_bias, epilogue, context);
}

/// What was produced as the operand that a product reads, which sums as `sums` says: the same memory, or quantized with
/// scales of its own. Shown to the probe as `edge`.
template <recipe R, number T, class Context>
status as_operand(matrix_view<const produced<R, T>> in, const contraction& sums, tensor_of<R, T>& out, int edge,
                  const Context& context) noexcept {
    const status s = R::scaling::template operand<T>(in, sums, context, out);
    if (s == status::ok) context.show(edge, out.codes, out.token);
    return s;
}
/// An lhs: a product sums over all of its columns.
template <recipe R, number T, class Context>
status as_operand(matrix_view<const produced<R, T>> in, tensor_of<R, T>& out, int edge,
                  const Context& context) noexcept {
    return as_operand<R, T>(in, {contracted::columns, in.extent[1]}, out, edge, context);
}

/// Applies f.run to every row of src: to one after the other, or to some rows at once where f takes matrices.
template <class F, number In, number Out, class Context>
status for_each_row(const F& f, matrix_view<const In> src, matrix_view<Out> dst, const Context& context) noexcept {
    if (src.extent != dst.extent) return status::extents_differ;
    const index rows = src.extent[0];
    if (rows == 0 || context.measuring()) return status::ok;
    constexpr bool takes_matrices = requires { f.run(src, dst); };
    constexpr index together = takes_matrices ? 16 : 1;
    const auto run = [&](index first) {
        const index count = rows - first < together ? rows - first : together;
        if constexpr (takes_matrices) return f.run(row_block(src, first, count), row_block(dst, first, count));
        else return f.run(row(src, first), row(dst, first));
    };
    // Row functions fail on shapes and pointers only, which all rows share: try the first ones, then run the others.
    if (const status s = run(0); s != status::ok) return s;
    context.execute((rows - 1) / together, [&](index i) { static_cast<void>(run((i + 1) * together)); });
    return status::ok;
}

}  // namespace dyad::inline v1::nn
