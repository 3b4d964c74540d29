// SPDX-License-Identifier: Apache-2.0
// What a forward pass needs beside its operands: memory, an executor, and somebody who watches.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/nn/recipe.hpp>

namespace dyad::inline v1::nn {

/// Sees every tensor as it is made: probe(edge number, codes, token), real value = (code - zero point(edge)) *
/// scale(edge) * factor_at(token, row, column).
struct no_probe {
    template <class T, class Token>
    constexpr void operator()(int, matrix_view<const T>, Token) const noexcept {}
};

/// Of one product, told to probes that have `sums(const sum_report&)` before its result is shown. Products then run on
/// one thread.
struct sum_report {
    std::uint64_t k = 0;  ///< terms in a sum
    int proven_bits = 0;  ///< that any sum of k terms and a bias fits, the sign included; 0 for sums of floats
    double largest = 0;   ///< the largest magnitude of a sum that occurred, in its units, without bias
};
template <class Probe>
concept sums_probe = requires(Probe& p, const sum_report& r) {
    p.sums(r);
};

/// Passed down through all layers. With a measuring arena nothing is computed and no data is touched: a forward pass on
/// null views then tells by scratch.peak() how much memory a real one needs.
template <class Probe = no_probe, executor Executor = serial>
struct context {
    arena& scratch;
    Probe& probe;
    Executor& execute;
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it

    [[nodiscard]] bool measuring() const noexcept { return scratch.is_measuring(); }
    template <class T, class Token>
    void show(int edge, matrix_view<const T> codes, Token token) const noexcept {
        if (!measuring()) probe(edge, codes, token);
    }
};

namespace context_rules {

inline constexpr no_probe nobody;
inline constexpr serial one_thread;

/// An epilogue that also keeps the largest magnitude of the sums it is given.
template <class Epilogue>
struct observed {
    const Epilogue& epilogue;
    double* largest;

    template <class Sum>
    [[nodiscard]] auto operator()(Sum sum, index row, index column) const noexcept {
        const auto x = static_cast<double>(sum);
        const double size = x < 0 ? -x : x;
        if (size > *largest || size != size) *largest = size;
        return epilogue(sum, row, column);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept { return check_epilogue(epilogue, m, n); }
};

/// Bits of the sums of k products of an A and a B and a bias, in units of their codes.
template <number A, number B>
[[nodiscard]] constexpr int bits_of_sums(std::uint64_t k, std::uint64_t bias) noexcept {
    if constexpr (carrier_rules::is_fixed<A> && carrier_rules::is_fixed<B>) {
        static_assert(A::width <= 32 && B::width <= 32);
        constexpr uint128_t product = uint128_t{max_magnitude<A>} * max_magnitude<B>;
        const uint128_t sum = product * k + bias;  // below 2^64 * 2^63 + 2^64
        return 1 + bit_width(sum);
    } else {
        return 0;
    }
}

}  // namespace context_rules

/// A context without a probe on this thread: for a layer alone, layer.run(in, out, quiet(scratch)).
[[nodiscard]] inline context<const no_probe, const serial> quiet(arena& scratch) noexcept {
    return {scratch, context_rules::nobody, context_rules::one_thread};
}

/// dst = epilogue(lhs * rhs) under a recipe's accumulator and product rule. Rhs: a matrix of B with n columns, or a
/// packed one.
template <recipe R, number B, number A, class Rhs, class D, class Epilogue, class Context>
status multiply_by(matrix_view<const A> lhs, const Rhs& rhs, index n, matrix_view<D> dst, std::uint64_t max_bias,
                   const Epilogue& epilogue, const Context& context) noexcept {
    using plan_type = gemm_plan<A, B, typename R::accumulator, R::product>;
    plan_type plan;
    const std::size_t mark = context.scratch.used();
    const index k = lhs.extent[1];
    status s = plan_type::make(lhs.extent[0], k, n, {.max_bias = max_bias, .cap = context.cap}, plan);
    if (s != status::ok) return s;
    constexpr bool packed = std::same_as<Rhs, packed_operand>;
    vector_view<std::byte> bytes;
    const std::size_t needed = packed ? plan.packed_workspace_bytes() : plan.workspace_bytes();
    s = context.scratch.take(static_cast<index>(needed), bytes);
    if (s == status::ok && !context.measuring()) {
        const std::span<std::byte> workspace(bytes.data, static_cast<std::size_t>(bytes.extent[0]));
        if constexpr (sums_probe<std::remove_const_t<std::remove_reference_t<decltype(context.probe)>>>) {
            const auto terms = static_cast<std::uint64_t>(k);
            sum_report report{terms, context_rules::bits_of_sums<A, B>(terms, max_bias), 0};
            const context_rules::observed<Epilogue> watched{epilogue, &report.largest};
            s = plan.run(lhs, rhs, dst, watched, workspace, serial{});
            context.probe.sums(report);
        } else {
            s = plan.run(lhs, rhs, dst, epilogue, workspace, context.execute);
        }
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
    // Of all rows at once: those of one task may meet what another one reads.
    if (const status s = check_map(src, dst); s != status::ok) return s;
    constexpr bool takes_matrices = requires { f.run(src, dst); };
    constexpr index together = takes_matrices ? 16 : 1;
    const auto run = [&](index first) {
        const index count = rows - first < together ? rows - first : together;
        if constexpr (takes_matrices) {
            const auto from = row_block(src, first, count);
            const auto to = row_block(dst, first, count);
            if constexpr (requires { f.run(from, to, row_options{}); }) return f.run(from, to, {context.cap});
            else return f.run(from, to);
        } else {
            return f.run(row(src, first), row(dst, first));
        }
    };
    // Row functions fail on shapes and pointers only, which all rows share: try the first ones, then run the others.
    if (const status s = run(0); s != status::ok) return s;
    context.execute((rows - 1) / together, [&](index i) { static_cast<void>(run((i + 1) * together)); });
    return status::ok;
}

}  // namespace dyad::inline v1::nn
