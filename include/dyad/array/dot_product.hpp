// SPDX-License-Identifier: Apache-2.0
// The exact dot product: sum_i lhs[i] * rhs[i] without an error before its one rounding.
#pragma once

#include <cstddef>
#include <span>

#include <dyad/array/status.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// result = the sum of the products, rounded once by `rule`, then saturated by `policy`; +0 of empty spans and of sums
/// that cancel. Infinities and NaN as exact_accumulator says. Spans of different lengths leave the result as it was.
template <number A, number B, number To, rounding_rule Rule = rounding>
constexpr status dot_product(std::span<const A> lhs, std::span<const B> rhs, To& result,
                             Rule rule = rounding::nearest_even, saturation policy = saturation::none) noexcept {
    if (lhs.size() != rhs.size()) return status::extents_differ;
    product_accumulator<A, B> sum;
    for (std::size_t i = 0; i < lhs.size(); ++i) sum.add_product(lhs[i], rhs[i]);
    result = sum.template result<To>(rule, policy);
    return status::ok;
}

}  // namespace dyad::inline v1
