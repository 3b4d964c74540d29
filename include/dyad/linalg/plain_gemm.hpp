// SPDX-License-Identifier: Apache-2.0
// The definition of every product: one output's sum by plain loops from the operands' own numbers, in the order that
// its accumulator fixes. Every kernel gives these bits.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/array/view.hpp>
#include <dyad/kernels/scalar/matrix.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/lmul.hpp>
#include <dyad/number/lmul_adder.hpp>

namespace dyad::inline v1 {

enum class product_rule : std::uint8_t {
    exact,      ///< x * y
    lmul,       ///< lmul_exact(x, y), minifloats only: two exact products
    lmul_adder  ///< lmul_adder_exact(x, y), rounded to float: floats and minifloats
};

/// Do sums of a float accumulator run in the order of bf16 carriers? L-Mul's rests have four digits more than y, which
/// bfloat16's own subnormals have no room for.
template <number A, number B, product_rule Product>
[[nodiscard]] constexpr bool sums_in_bf16_order() noexcept {
    if constexpr (Product == product_rule::lmul) return exact_in_bf16<A, B>() && lowest_digit<B>() - 4 >= -133;
    else return Product == product_rule::exact && exact_in_bf16<A, B>();
}

namespace plain {

template <class T>
inline constexpr bool is_proven = false;
template <class T>
inline constexpr bool is_proven<proven<T>> = true;
template <class T>
inline constexpr bool is_chained = false;
template <class T, int Length, class Flush>
inline constexpr bool is_chained<chained<T, Length, Flush>> = true;

/// 2^exponent in float; 0 and infinity beyond its range.
[[nodiscard]] constexpr float power_of_two_float(int exponent) noexcept {
    return pack_as<float>(unpacked::finite(false, 1, exponent), rounding::nearest_even, saturation::none);
}
[[nodiscard]] constexpr float as_float(const unpacked& x) noexcept {
    return pack_as<float>(x, rounding::nearest_even, saturation::none);
}

/// What a float sum adds up, number by number: each k gives one product of floats, or two under L-Mul.
template <number A, number B, product_rule Product>
struct float_terms {
    static constexpr index per_k = Product == product_rule::lmul ? 2 : 1;

    [[nodiscard]] static float lhs(A x, [[maybe_unused]] index part) noexcept {
        if constexpr (Product == product_rule::lmul) {
            if (part == 1) return as_float(power_of_two_part(unpack(x)));
        }
        return convert<float>(x);
    }
    [[nodiscard]] static float rhs(B y, [[maybe_unused]] index part) noexcept {
        if constexpr (Product == product_rule::lmul) {
            if (part == 0) return as_float(power_of_two_part(unpack(y)));
            return as_float(lmul_rest(unpack(y), lmul_constant::rule(B::format.significand_bits)));
        } else {
            return convert<float>(y);
        }
    }
};

/// The order of bf16 carriers: in steps of 32 terms, even and odd ones form two fused chains from +0.
template <class Terms, number A, number B>
[[nodiscard]] float bf16_sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) noexcept {
    const index terms = lhs.extent[1] * Terms::per_k;
    float sum = 0;
    for (index first = 0; first < terms; first += 32) {
        float chains[2] = {0, 0};
        for (index t = first; t < terms && t < first + 32; ++t) {
            const index k = t / Terms::per_k;
            const index part = t % Terms::per_k;
            chains[t % 2] = fused(Terms::lhs(lhs(i, k), part), Terms::rhs(rhs(k, j), part), chains[t % 2]);
        }
        sum += scalar::opaque(chains[0] + chains[1]);
    }
    return sum;
}
template <class Terms, number A, number B>
[[nodiscard]] float f32_sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) noexcept {
    const index terms = lhs.extent[1] * Terms::per_k;
    float sum = 0;
    for (index t = 0; t < terms; ++t) {
        const index k = t / Terms::per_k;
        const index part = t % Terms::per_k;
        sum = fused(Terms::lhs(lhs(i, k), part), Terms::rhs(rhs(k, j), part), sum);
    }
    return sum;
}
template <int L, number A, number B>
[[nodiscard]] float lmul_adder_sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) noexcept {
    float sum = 0;
    for (index k = 0; k < lhs.extent[1]; ++k)
        sum += lmul_adder(convert<float>(lhs(i, k)), convert<float>(rhs(k, j)), lmul_constant{1, L});
    return sum;
}
/// Products first .. end - 1 in Word, which holds their sum.
template <class Word, number A, number B>
[[nodiscard]] Word integer_sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j, index first,
                               index end) noexcept {
    const auto whole = []<class T>(T x) {
        if constexpr (carrier_rules::is_fixed<T>) return static_cast<Word>(x.raw());
        else return static_cast<Word>(whole_number(x));
    };
    Word sum = 0;
    for (index k = first; k < end; ++k) sum = static_cast<Word>(sum + whole(lhs(i, k)) * whole(rhs(k, j)));
    return sum;
}

}  // namespace plain

/// The sum of output (i, j) of lhs, m x k, times rhs, k x n: in units of the operands' units where the accumulator is
/// an integer one, in float for float_ordered. Of the formats and accumulators that gemm_plan takes.
/// Float sums need the default environment (kernels/float_environment.hpp), which gemm_plan sets for itself.
template <number A, number B, class Accumulator, product_rule Product = product_rule::exact>
[[nodiscard]] typename Accumulator::sum_type plain_sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i,
                                                       index j) noexcept {
    const index k = lhs.extent[1];
    if constexpr (plain::is_proven<Accumulator>) {
        return plain::integer_sum<typename Accumulator::sum_type>(lhs, rhs, i, j, 0, k);
    } else if constexpr (plain::is_chained<Accumulator>) {
        using Sum = typename Accumulator::sum_type;
        Sum sum = 0;
        for (index first = 0; first < k; first += Accumulator::length) {
            const index end = k - first < Accumulator::length ? k : first + Accumulator::length;
            sum += static_cast<Sum>(plain::integer_sum<typename Accumulator::chain_type>(lhs, rhs, i, j, first, end));
        }
        return sum;
    } else if constexpr (Product == product_rule::lmul_adder) {
        constexpr int m = stored_significand_bits<B>;
        return scalar::one_nan(plain::lmul_adder_sum<lmul_offset(m)>(lhs, rhs, i, j));
    } else {
        constexpr carrier c = carrier_of<A, B>();
        using terms = plain::float_terms<A, B, Product>;
        if constexpr (Product == product_rule::exact && (c == carrier::integer8 || c == carrier::integer16)) {
            constexpr float unit = plain::power_of_two_float(whole_numbers_of<A>().unit + whole_numbers_of<B>().unit);
            return static_cast<float>(plain::integer_sum<std::int64_t>(lhs, rhs, i, j, 0, k)) * unit;
        } else if constexpr (sums_in_bf16_order<A, B, Product>()) {
            return scalar::one_nan(plain::bf16_sum<terms>(lhs, rhs, i, j));
        } else {
            return scalar::one_nan(plain::f32_sum<terms>(lhs, rhs, i, j));
        }
    }
}

}  // namespace dyad::inline v1
