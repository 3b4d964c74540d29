// SPDX-License-Identifier: Apache-2.0
// Epilogues one after the other: out = last(... second(first(sum, i, j), i, j) ..., i, j). Every epilogue is a stage of
// such a chain, and a chain is an epilogue:
//   in_stages(add_bias{bias}, clamp_between<std::int32_t>{0, 6000}, requantize_columns<integer<8>>{none, multipliers})
// Rows run stage by stage on pieces of 64 elements, so that every stage is a loop of its own.
#pragma once

#include <cstdint>

#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/cpu.hpp>
#include <dyad/linalg/epilogue_form.hpp>

namespace dyad::inline v1 {

/// Elements of a row between two stages.
inline constexpr index stage_piece = 64;

/// A row by the best form that a stage has.
template <class Stage, class From, class To>
void run_stage(const Stage& stage, instruction_set isa, const From* from, index row, index column, index count,
               To* to) noexcept {
    if constexpr (row_epilogue<Stage, From, To>) {
        stage.run(isa, from, row, column, count, to);
    } else {
        for (index j = 0; j < count; ++j) to[j] = stage(from[j], row, column + j);
    }
}

template <class... Stage>
struct stages;

template <class Last>
struct stages<Last> {
    Last last;

    template <class Sum>
    [[nodiscard]] constexpr auto operator()(Sum sum, index row, index column) const noexcept {
        return last(sum, row, column);
    }
    template <class Sum, class Out>
    void run(instruction_set isa, const Sum* sums, index row, index column, index count, Out* dst) const noexcept {
        run_stage(last, isa, sums, row, column, count, dst);
    }
    [[nodiscard]] constexpr status check(index m, index n) const noexcept { return check_epilogue(last, m, n); }
};

template <class First, class... Rest>
    requires(sizeof...(Rest) != 0)
struct stages<First, Rest...> {
    First first;
    stages<Rest...> rest;

    template <class Sum>
    [[nodiscard]] constexpr auto operator()(Sum sum, index row, index column) const noexcept {
        return rest(first(sum, row, column), row, column);
    }
    template <class Sum, class Out>
    void run(instruction_set isa, const Sum* sums, index row, index column, index count, Out* dst) const noexcept {
        using value = decltype(first(*sums, row, column));
        alignas(64) value piece[stage_piece];
        for (index j = 0; j < count; j += stage_piece) {
            const index n = count - j < stage_piece ? count - j : stage_piece;
            run_stage(first, isa, sums + j, row, column + j, n, piece);
            rest.run(isa, static_cast<const value*>(piece), row, column + j, n, dst + j);
        }
    }
    /// The first fault of a stage.
    [[nodiscard]] constexpr status check(index m, index n) const noexcept {
        const status s = check_epilogue(first, m, n);
        return s == status::ok ? rest.check(m, n) : s;
    }
};

/// The chain of these stages.
template <class Last>
[[nodiscard]] constexpr stages<Last> in_stages(const Last& last) noexcept {
    return {last};
}
template <class First, class... Rest>
    requires(sizeof...(Rest) != 0)
[[nodiscard]] constexpr stages<First, Rest...> in_stages(const First& first, const Rest&... rest) noexcept {
    return {first, in_stages(rest...)};
}

}  // namespace dyad::inline v1
