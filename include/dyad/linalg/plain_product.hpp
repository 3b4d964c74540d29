// SPDX-License-Identifier: Apache-2.0
// plain_product: matrices of numbers that no kernel carries, dyadic, wide fixed-point, multiprecision, any type with +
// and *, on plain loops: dst(i, j) = epilogue(((zero + a0 b0) + a1 b1) + ..., i, j), in order of k, with the operators'
// own rounding.
#pragma once

#include <concepts>

#include <dyad/array/executor.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/epilogue_form.hpp>

namespace dyad::inline v1 {

/// Sum: what begins at `zero` and takes sum + a * b. A product that is no operator but a function (multiply_exact, an
/// operation with a rounding) comes as `add(sum, a, b)`.
template <class Add, class Sum, class A, class B>
concept product_step = requires(const Add& add, const Sum& sum, const A& a, const B& b) {
    { add(sum, a, b) } -> std::convertible_to<Sum>;
};
/// sum + a * b by the types' operators.
struct add_product {
    template <class Sum, class A, class B>
        requires requires(const Sum& sum, const A& a, const B& b) {
            { sum + a* b } -> std::convertible_to<Sum>;
        }
    [[nodiscard]] constexpr Sum operator()(const Sum& sum, const A& a, const B& b) const { return sum + a * b; }
};

/// lhs: m x k, rhs: k x n, dst: m x n, any strides; one task for each row. Extents that do not fit, null pointers and
/// overlaps get a status, and nothing is written. noexcept where the operations are.
template <class A, class B, class Sum, class D, class Epilogue, class Add = add_product, executor Executor = serial>
    requires product_step<Add, Sum, A, B> status plain_product(matrix_view<const A> lhs, matrix_view<const B> rhs,
                                                               const Sum& zero, matrix_view<D> dst,
                                                               const Epilogue& epilogue, const Add& add = {},
                                                               Executor&& execute = {})
noexcept(noexcept(Sum(add(zero, *lhs.data, *rhs.data)))) {
    const index m = lhs.extent[0];
    const index k = lhs.extent[1];
    const index n = rhs.extent[1];
    if (m < 0 || k < 0 || n < 0) return status::negative_extent;
    if (rhs.extent[0] != k) return status::rhs_rows_differ;
    if (dst.extent[0] != m) return status::dst_rows_differ;
    if (dst.extent[1] != n) return status::dst_columns_differ;
    if (lhs.data == nullptr && !lhs.is_empty()) return status::lhs_null;
    if (rhs.data == nullptr && !rhs.is_empty()) return status::rhs_null;
    if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
    if (overlaps_itself(dst)) return status::dst_overlaps_itself;
    if (overlap(memory_of(dst), memory_of(lhs))) return status::dst_overlaps_lhs;
    if (overlap(memory_of(dst), memory_of(rhs))) return status::dst_overlaps_rhs;
    if (const status s = check_epilogue(epilogue, m, n); s != status::ok) return s;
    execute(m, [&](index i) {
        for (index j = 0; j < n; ++j) {
            Sum sum = zero;
            for (index l = 0; l < k; ++l) sum = add(sum, lhs(i, l), rhs(l, j));
            dst(i, j) = epilogue(sum, i, j);
        }
    });
    return status::ok;
}

}  // namespace dyad::inline v1
