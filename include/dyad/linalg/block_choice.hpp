// SPDX-License-Identifier: Apache-2.0
// Which path gives the sums that block_rule::folded defines: from the scales that are there, O(rows + tiles).
#pragma once

#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/linalg/block_path.hpp>
#include <dyad/linalg/block_scan.hpp>

namespace dyad::inline v1 {

/// What a packed rhs knows of its scales.
struct rhs_numbers {
    alignment aligned;
    exponent_span span;
    int power = 0;
};
struct block_choice {
    block_path path = block_path::folded_bf16;
    int lhs_power = 0;
    int rhs_power = 0;
};

/// For an m x k operand A and an n x k operand C (the rows of C are the columns of rhs).
template <class A, class C>
struct block_chooser {
    index m;
    index k;
    index n;
    block_alignment policy;

    /// Places that the integers of a view can move up within int8; -1 where it has none or scales are no powers of two.
    template <class View>
    static constexpr int room_of = [] {
        constexpr auto integers = block_rules::integers_carried<View>();
        if (!integers.exist || integers.bits != 8 || !block_rules::is_power<typename View::scale>) return -1;
        int room = 0;
        while ((integers.largest << (room + 1)) <= 127) ++room;
        return room;
    }();
    static constexpr auto lhs_integers = block_rules::integers_carried<A>();
    static constexpr auto rhs_integers = block_rules::integers_carried<C>();
    static constexpr std::int64_t exact_limit = std::int64_t{1} << 24;  ///< integers up to this are floats
    static constexpr bool may_align = room_of<A> >= 0 && room_of<C> >= 0;

    /// The path of these operands, and the units of their lines (which may be null) for aligned_int8.
    [[nodiscard]] block_choice choose(const A& a, const C& b, std::int32_t* lhs_units,
                                      std::int32_t* rhs_units) const noexcept {
        if (k == 0 || m == 0 || n == 0) return {block_path::folded_bf16, 0, 0};
        if constexpr (may_align) {
            if (aligns_at_all() && is_alignable(a, align_lines(b, room_of<C>, rhs_units), lhs_units))
                return {block_path::aligned_int8, 0, 0};
        }
        const exponent_span lhs = span_of_view(a);
        const exponent_span rhs = span_of_view(b);
        if (fits(lhs, 0, rhs, 0)) return {block_path::folded_bf16, 0, 0};
        return choose_power(lhs, rhs, power_to_take_out(rhs));
    }
    /// The same of a rhs that is packed.
    [[nodiscard]] block_choice choose(const A& a, const rhs_numbers& b, std::int32_t* lhs_units) const noexcept {
        if (k == 0 || m == 0 || n == 0) return {block_path::folded_bf16, 0, b.power};
        if constexpr (may_align) {
            if (aligns_at_all() && is_alignable(a, b.aligned, lhs_units)) return {block_path::aligned_int8, 0, 0};
        }
        return choose_power(span_of_view(a), b.span, b.power);
    }
    [[nodiscard]] bool aligns_at_all() const noexcept {
        if constexpr (may_align) {
            return policy == block_alignment::automatic &&
                   k <= exact_limit / (lhs_integers.largest * rhs_integers.largest);
        } else {
            return false;
        }
    }
    /// Do all integers fit int8, all sums of magnitudes float's 24 digits, so that no sum rounds, and all results the
    /// normal floats? Fills the units of lhs.
    [[nodiscard]] bool is_alignable(const A& a, const alignment& rhs, std::int32_t* lhs_units) const noexcept {
        const std::int64_t sum = k * lhs_integers.largest * rhs_integers.largest;
        if (!rhs.exists || sum << rhs.up > exact_limit) return false;
        const alignment lhs = align_lines(a, room_of<A>, lhs_units);
        if (!lhs.exists || sum << (rhs.up + lhs.up) > exact_limit) return false;
        if (lhs.units.is_empty() || rhs.units.is_empty()) return true;
        const exponent_span x{lhs.units.low + lhs_integers.unit, lhs.units.high + lhs_integers.unit};
        const exponent_span y{rhs.units.low + rhs_integers.unit, rhs.units.high + rhs_integers.unit};
        return x.low >= -126 && x.high <= 127 && y.low >= -126 && y.high <= 127 && x.low + y.low >= -126 &&
               x.high + y.high <= 127 - 24;
    }
    /// With 2^-p and 2^-q times the operands: are these normal in bfloat16, products multiples of 2^-126 (so that a sum
    /// that is not 0 is normal, rounded or not), and sums of k of them floats?
    [[nodiscard]] bool fits(exponent_span a, int p, exponent_span b, int q) const noexcept {
        if (a.is_empty()) a = {p, p};
        if (b.is_empty()) b = {q, q};
        const int terms = bit_width(static_cast<std::uint64_t>(k)) + 1;
        return a.low - p >= -126 && b.low - q >= -126 && a.high - p <= 128 && b.high - q <= 128 &&
               a.low - p + b.low - q >= -126 && a.high - p + b.high - q + terms <= 127;
    }
    /// 0 where this leaves the other operand room, else what makes the smallest unit 2^-63.
    [[nodiscard]] static int power_to_take_out(const exponent_span& x) noexcept {
        return x.is_empty() || (x.low >= -63 && x.high <= 63) ? 0 : x.low + 63;
    }
    /// 2^-q is taken out of rhs: of lhs nothing, or as much as leaves products multiples of 2^-126.
    [[nodiscard]] block_choice choose_power(const exponent_span& a, const exponent_span& b, int q) const noexcept {
        if (fits(a, 0, b, q)) return {block_path::folded_bf16, 0, q};
        const int p = a.is_empty() || b.is_empty() ? 0 : a.low + b.low - q + 126;
        if (fits(a, p, b, q)) return {block_path::folded_bf16, p, q};
        return {block_path::unbounded, 0, 0};
    }
};

}  // namespace dyad::inline v1
