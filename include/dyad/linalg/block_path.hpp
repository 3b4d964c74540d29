// SPDX-License-Identifier: Apache-2.0
// The ways to multiply matrices that share scales, and which of them define the result of a pair of operands.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/block_operand.hpp>

namespace dyad::inline v1 {

/// What a result is, from the types of the operands:
/// - folded: element * scale is exact in bfloat16 on both sides but for its exponent, and an element is no integer on
///   one of them (MXFP4/6/8, NVFP4, these with int8). The sum over k in bfloat16's order, every operation rounded to
///   float's 24 digits as if exponents had no bounds, then once to float.
/// - integers: raw integers of at most 8 (or 16) bits less their zero points. A run is the columns within which neither
///   operand changes its scale: total = fma(float(exact sum of the run), lhs scale * rhs scale, total), runs in order
///   from +0, the product of scales rounded once; then times the power of two that is the raw numbers' unit.
/// - floats: any other elements that bfloat16 (float) holds exactly. The same with the run's sum in bfloat16's
/// (float's)
///   order, from +0.
/// All of them then times lhs' tensor scale, then times rhs', each rounded once. A NaN is 0x7fc00000.
enum class block_rule : std::uint8_t { folded, integers8, integers16, floats_bf16, floats_f32, none };

/// How it is computed; the bits are those of the rule.
enum class block_path : std::uint8_t {
    folded_bf16,       ///< scales folded into bfloat16 operands, a power of two of each operand taken out first
    aligned_int8,      ///< scales by shifts: int8 sums, which the float sums equal as none of these rounds
    unbounded,         ///< one number after the other: exponents so far apart that float would over- or underflow
    flushed_integers,  ///< integer sums of runs, each flushed to a float total
    flushed_floats,    ///< the same of float sums
    exact              ///< the exact sum rounded once (linalg/exact_gemm.hpp)
};

[[nodiscard]] constexpr const char* to_string(block_path path) noexcept {
    switch (path) {
        case block_path::folded_bf16: return "scales folded into bfloat16";
        case block_path::aligned_int8: return "int8, scales aligned by shifts";
        case block_path::unbounded: return "one by one: exponents beyond float's";
        case block_path::flushed_integers: return "integer sums of blocks, flushed to float";
        case block_path::flushed_floats: return "float sums of blocks, flushed to float";
        case block_path::exact: return "exact sums";
    }
    return "unknown path";
}

/// May int8 be taken where it gives the same bits?
enum class block_alignment : std::uint8_t { automatic, never };

struct block_options {
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
    block_alignment alignment = block_alignment::automatic;
};

/// What a product computes with, for people and logs.
struct block_description {
    block_rule rule;
    block_path path;
    const char* kernel;  ///< of the path; "" where there is none
    index runs;          ///< flushes along k
    int lhs_power;       ///< folded_bf16: lhs is multiplied by 2^-lhs_power before it is rounded to bfloat16
    int rhs_power;
    std::size_t workspace_bytes;
};

/// The rule of two (scaled) operands.
template <class A, class B>
[[nodiscard]] consteval block_rule block_rule_of() noexcept {
    using namespace block_rules;
    constexpr carried_integers a = integers_carried<A>();
    constexpr carried_integers b = integers_carried<B>();
    constexpr bool zeros = stores_zero_points<decltype(A::zero)> || stores_zero_points<decltype(B::zero)>;
    constexpr bool scales = is_float_scale<typename A::scale> && is_float_scale<typename B::scale>;
    constexpr bool bytes = a.exist && b.exist && a.bits == 8 && b.bits == 8;
    constexpr bool fixed = has_fixed_elements<A> && has_fixed_elements<B>;
    if (!fixed && folds<A>() && folds<B>()) return block_rule::folded;
    if (!scales) return block_rule::none;
    if (bytes) return block_rule::integers8;
    if (a.exist && b.exist && fixed && !zeros) return block_rule::integers16;
    if (elements_exact_in<A>(bfloat16_format) && elements_exact_in<B>(bfloat16_format)) return block_rule::floats_bf16;
    if (elements_exact_in<A>(binary32_format) && elements_exact_in<B>(binary32_format)) return block_rule::floats_f32;
    return block_rule::none;
}

}  // namespace dyad::inline v1
