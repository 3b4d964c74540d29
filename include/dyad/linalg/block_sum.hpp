// SPDX-License-Identifier: Apache-2.0
// Float sums whose exponents have no bounds: every operation rounds to 24 digits, to nearest even, and nothing
// overflows, underflows or is flushed. The order is bfloat16's (kernels/scalar/matrix.hpp). With x and y times powers
// of two the sum is the same digits times these powers; where all products are multiples of 2^-149 and all partial sums
// below 2^128, float arithmetic with gradual underflow does the same: a rounded sum of multiples of u is a multiple
// of u, so none lies among the subnormal numbers without being one.
#pragma once

#include <cstdint>

#include <dyad/array/quantized_view.hpp>
#include <dyad/array/status.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/kernels/float_environment.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// 24 digits, whatever the exponent.
[[nodiscard]] constexpr unpacked round_to_float_digits(const unpacked& x) noexcept {
    if (x.kind != number_class::finite) return x;
    const int excess = bit_width(x.significand) - 24;
    if (excess <= 0) return x;
    return unpacked::finite(x.negative, round_shift_right(x.significand, excess, x.negative, rounding::nearest_even),
                            x.exponent + excess);
}
/// x * y + z; x * y has at most 60 digits.
[[nodiscard]] constexpr unpacked unbounded_fma(const unpacked& x, const unpacked& y, const unpacked& z) noexcept {
    return round_to_float_digits(exact_sum(exact_product(x, y), z));
}

/// Element times scale, without the tensor's scale; exact in 64 bits where it folds into bfloat16.
template <class View>
[[nodiscard]] constexpr unpacked folded_value(const View& view, index line, index k) noexcept {
    const auto element = resize<std::uint64_t>(dyad::unpack(static_cast<typename View::element>(view.codes(line, k))));
    const auto scale = resize<std::uint64_t>(dyad::unpack(static_cast<typename View::scale>(view.scales(line, k))));
    return exact_product(element, scale);
}

/// The sum over all columns of line i of lhs times line j of rhs, in bfloat16's order, as a float: rounded once more
/// only where it is beyond the normal numbers. A NaN is 0x7fc00000.
template <class A, class B>
[[nodiscard]] float unbounded_sum(const A& lhs, index i, const B& rhs, index j) noexcept {
    const index k = lhs.codes.extent[1];
    unpacked sum = unpacked::zero(false);
    for (index first = 0; first < k; first += 32) {
        unpacked chains[2] = {unpacked::zero(false), unpacked::zero(false)};
        const index end = k - first < 32 ? k : first + 32;
        for (index c = first; c < end; ++c) {
            unpacked& chain = chains[c & 1];
            chain = unbounded_fma(folded_value(lhs, i, c), folded_value(rhs, j, c), chain);
        }
        sum = round_to_float_digits(exact_sum(sum, round_to_float_digits(exact_sum(chains[0], chains[1]))));
    }
    return scalar::one_nan(pack_as<float>(sum, rounding::nearest_even, saturation::none));
}

/// All sums of rows of lhs with rows of rhs, each given to output.finish. ok, for its callers.
template <class A, class B, class Output, class Executor>
status multiply_unbounded(const A& lhs, const B& rhs, const Output& output, Executor& execute) {
    execute(lhs.codes.extent[0], [&](index i) {
        const default_float_environment environment;
        for (index j = 0; j < rhs.codes.extent[0]; ++j) {
            float sum = unbounded_sum(lhs, i, rhs, j);
            output.finish(i, j, 1, 1, &sum, 1);
        }
    });
    return status::ok;
}

}  // namespace dyad::inline v1
