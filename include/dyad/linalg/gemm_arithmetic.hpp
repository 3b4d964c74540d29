// SPDX-License-Identifier: Apache-2.0
// How the numbers of a pair of formats are multiplied under an accumulator: carrier, kernel, length of chains, what a
// sum becomes. Everything that gemm's driver asks, computed from types.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/matrix.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/packed_operand.hpp>
#include <dyad/linalg/plain_gemm.hpp>
#include <dyad/linalg/product.hpp>
#include <dyad/linalg/sources.hpp>

namespace dyad::inline v1 {

/// Tells formats apart whose panels differ though they have one carrier.
template <number T>
[[nodiscard]] constexpr std::int64_t format_fingerprint() noexcept {
    constexpr value_range range = value_range_of<T>();
    constexpr std::int64_t step = 4096;
    return range.low + step * (range.top + step * (range.precision + step * (carrier_rules::is_fixed<T> ? 1 : 0)));
}

/// Products of an A and a B, whatever their codes, that fit a T beside a bias, in units of the operands' units.
template <class T, number A, number B>
[[nodiscard]] constexpr std::uint64_t most_products(std::uint64_t bias) noexcept {
    constexpr auto limit = static_cast<uint128_t>(word_max<T>());
    constexpr uint128_t product = uint128_t{whole_numbers_of<A>().largest} * whole_numbers_of<B>().largest;
    return bias > limit ? 0 : saturating_cast<std::uint64_t>((limit - bias) / product);
}

/// The types of one arithmetic: a kernel of L x R -> S, sums of chains flushed to Total, Finish before the epilogue.
template <class L, class R, class S, class Total, class Finish>
struct arithmetic_types {
    using kernel_type = matrix_kernel<L, R, S>;
    using total_type = Total;
    using finish_type = Finish;
};

template <number A, number B, class Accumulator, product_rule Product>
class gemm_arithmetic {
    static constexpr bool integer_sums = !std::same_as<Accumulator, float_ordered>;
    static constexpr whole_numbers a = whole_numbers_of<A>();
    static constexpr whole_numbers b = whole_numbers_of<B>();
    static constexpr bool lmul = Product == product_rule::lmul;
    static constexpr bool adder = Product == product_rule::lmul_adder;
    static_assert(
        !integer_sums || (a.are && b.are),
        "dyad::gemm_plan's integer accumulators need formats of integers times one power of two on both sides: "
        "fixed-point, ternary, power, or floats that are such.");
    static_assert(integer_sums || carrier_of<A, B>() != dyad::carrier::wide,
                  "dyad::gemm_plan's float_ordered accumulator needs formats that float holds exactly, or integers of "
                  "at most 16 bits with their signs.");
    static_assert(!lmul || (!integer_sums && is_minifloat<A> && is_minifloat<B>),
                  "dyad::gemm_plan multiplies by L-Mul on minifloats only, with float_ordered sums.");
    static_assert(
        !adder || (!integer_sums && float_number<A> && float_number<B>),
        "dyad::gemm_plan multiplies by L-Mul's adder on floats and minifloats only, with float_ordered sums.");

public:
    static constexpr index per_k = lmul ? 2 : 1;
    /// L-Mul's factors are powers of two and rests, which are floats whatever the formats.
    static constexpr dyad::carrier carrier = adder                                         ? dyad::carrier::f32
                                             : lmul && sums_in_bf16_order<A, B, Product>() ? dyad::carrier::bf16
                                             : lmul                                        ? dyad::carrier::f32
                                                                                           : carrier_of<A, B>();
    static constexpr bool has_kernel = carrier != dyad::carrier::wide;

private:
    using sum_type = typename Accumulator::sum_type;
    static constexpr bool is_integer = carrier == dyad::carrier::integer8 || carrier == dyad::carrier::integer16;
    using L = typename carrier_type<A, carrier>::type;
    using R = typename carrier_type<B, carrier>::type;

    /// Largest sum that one chain may reach; a chain's type says it.
    static constexpr bool chain_fits_int32 = [] {
        if constexpr (plain::is_chained<Accumulator>) {
            return sizeof(typename Accumulator::chain_type) <= 4 ||
                   most_products<std::int32_t, A, B>(0) >= static_cast<std::uint64_t>(Accumulator::length);
        } else {
            return false;
        }
    }();
    static constexpr auto choose() noexcept {
        if constexpr (!has_kernel) {
            return arithmetic_types<float, float, float, float, as_summed>{};
        } else if constexpr (!is_integer) {
            return arithmetic_types<L, R, float, float, as_summed>{};
        } else if constexpr (!integer_sums) {
            using S = std::conditional_t<carrier == dyad::carrier::integer8, std::int32_t, std::int64_t>;
            return arithmetic_types<L, R, S, S, in_units>{};
        } else if constexpr (plain::is_chained<Accumulator>) {
            // Chains too long for 32 bits: 16-bit carriers, whose kernels sum in 64.
            using C = std::int16_t;
            if constexpr (chain_fits_int32) return arithmetic_types<L, R, std::int32_t, sum_type, as_summed>{};
            else return arithmetic_types<C, C, std::int64_t, sum_type, as_summed>{};
        } else if constexpr (sizeof(sum_type) <= 4) {
            constexpr bool same = std::same_as<sum_type, std::int32_t>;
            using finish_type = std::conditional_t<same, as_summed, as_type<sum_type>>;
            return arithmetic_types<L, R, std::int32_t, std::int32_t, finish_type>{};
        } else if constexpr (carrier == dyad::carrier::integer8) {
            return arithmetic_types<L, R, std::int32_t, std::int64_t, as_summed>{};
        } else {
            return arithmetic_types<L, R, std::int64_t, std::int64_t, as_summed>{};
        }
    }
    using types = decltype(choose());

public:
    using kernel_type = typename types::kernel_type;
    using total_type = typename types::total_type;
    using lhs_source = std::conditional_t<lmul, lmul_source<A, typename kernel_type::lhs_type, operand_side::lhs>,
                                          plain_source<A, typename kernel_type::lhs_type>>;
    using rhs_source = std::conditional_t<lmul, lmul_source<B, typename kernel_type::rhs_type, operand_side::rhs>,
                                          plain_source<B, typename kernel_type::rhs_type>>;

    /// Products in a chain whose sum is flushed; 0 for one chain of all: also where a flush would change nothing, from
    /// exact sums of one type to the same.
    static constexpr index chain = [] {
        if constexpr (std::same_as<typename kernel_type::sum_type, total_type>) return index{0};
        else if constexpr (plain::is_chained<Accumulator>) return static_cast<index>(Accumulator::length);
        else return static_cast<index>(most_products<std::int32_t, A, B>(0) / 64 * 64);
    }();
    /// Do the formats exclude subnormal floats in products and sums? L-Mul's rests have up to four digits more.
    static constexpr subnormals expected =
        lowest_digit<A>() + lowest_digit<B>() - (lmul ? 4 : 0) >= -126 ? subnormals::excluded : subnormals::possible;

    /// What a packed rhs depends on beside its kernel and extents. `expected` says whether its smallest magnitude was
    /// looked for.
    static constexpr std::int64_t rhs_fingerprint = fingerprint{}
                                                        .add(static_cast<std::int64_t>(Product))
                                                        .add(format_fingerprint<B>())
                                                        .add(static_cast<std::int64_t>(expected))
                                                        .value();

    [[nodiscard]] static constexpr std::uint64_t max_k(std::uint64_t max_bias) noexcept {
        if constexpr (plain::is_chained<Accumulator>) {
            static_assert(most_products<typename Accumulator::chain_type, A, B>(0) >= Accumulator::length,
                          "dyad::chained's Length is so large that a chain of these formats can overflow.");
            return word_max<std::int64_t>() / per_k;
        } else if constexpr (integer_sums) {
            return most_products<sum_type, A, B>(max_bias);
        } else if constexpr (is_integer) {
            return most_products<total_type, A, B>(0);
        } else {
            return word_max<std::int64_t>() / per_k;
        }
    }
    [[nodiscard]] static const kernel_type& kernel(instruction_set isa) noexcept {
        using S = typename kernel_type::sum_type;
        if constexpr (adder) {
            return lmul_adder_kernel<lmul_offset(stored_significand_bits<B>)>(isa);
        } else if constexpr (std::same_as<typename kernel_type::lhs_type, float>) {
            return f32_kernel(isa);
        } else if constexpr (std::same_as<typename kernel_type::lhs_type, bfloat16>) {
            return bf16_kernel(isa);
        } else if constexpr (sizeof(typename kernel_type::lhs_type) == 1) {
            return integer8_kernel<typename kernel_type::lhs_type, typename kernel_type::rhs_type>(isa);
        } else if constexpr (std::same_as<S, std::int32_t>) {
            return integer16_kernel_32(isa);
        } else {
            return integer16_kernel(isa, a.largest * b.largest);
        }
    }
    [[nodiscard]] static constexpr auto finish() noexcept {
        using finish_type = typename types::finish_type;
        if constexpr (std::same_as<finish_type, in_units>) {
            static_assert(a.unit + b.unit >= -100 && a.unit + b.unit <= 60,
                          "dyad::gemm_plan's float sums need operands whose units' product is 2^-100 to 2^60.");
            return in_units{plain::power_of_two_float(a.unit + b.unit)};
        } else {
            return finish_type{};
        }
    }
};

}  // namespace dyad::inline v1
