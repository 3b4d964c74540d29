// SPDX-License-Identifier: Apache-2.0
// Places for the values of a network of which not all are alive at once: values that never meet share memory.
//   chain: values lie in turns at the front and at the back of as much as the largest two neighbours take, which is the
//          least there can be.
//   else:  largest first, each at the lowest place that is free while it lives. Source: Pisarchyk and Lee, "Efficient
//          memory management for deep neural net inference", arXiv 2001.03288, section 5.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

#include <dyad/array/arena.hpp>
#include <dyad/core/saturation.hpp>

namespace dyad::inline v1::nn {

/// A value that is written by step `first` and read for the last time by step `last`.
struct value_life {
    std::size_t bytes = 0;
    int first = 0;
    int last = 0;
};

/// Where N values lie in `bytes` bytes, each aligned as an arena's pieces are.
template <std::size_t N>
struct memory_plan {
    std::array<std::size_t, N> place{};
    std::size_t bytes = 0;
};

namespace memory_plan_rules {

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// Whole lines of an arena; the largest number where there are more.
[[nodiscard]] constexpr std::size_t whole(std::size_t bytes) noexcept {
    constexpr std::size_t line = arena::alignment;
    return bytes > unlimited - line ? unlimited : (bytes + line - 1) / line * line;
}
[[nodiscard]] constexpr std::size_t end_of(std::size_t place, std::size_t bytes) noexcept {
    return bytes > unlimited - place ? unlimited : place + bytes;
}
[[nodiscard]] constexpr bool meet(const value_life& x, const value_life& y) noexcept {
    return x.first <= y.last && y.first <= x.last;
}

/// Does each value meet its neighbours only?
template <std::size_t N>
[[nodiscard]] constexpr bool is_chain(const std::array<value_life, N>& lives) noexcept {
    for (std::size_t i = 0; i < N; ++i) {
        if (lives[i].first != static_cast<int>(i) || lives[i].last > static_cast<int>(i) + 1) return false;
    }
    return true;
}
template <std::size_t N>
[[nodiscard]] constexpr memory_plan<N> plan_chain(const std::array<value_life, N>& lives) noexcept {
    memory_plan<N> plan;
    for (std::size_t i = 0; i < N; ++i) {
        const std::size_t pair = i + 1 < N ? end_of(lives[i].bytes, lives[i + 1].bytes) : lives[i].bytes;
        plan.bytes = pair > plan.bytes ? pair : plan.bytes;
    }
    for (std::size_t i = 1; i < N; i += 2) plan.place[i] = plan.bytes - lives[i].bytes;
    return plan;
}

}  // namespace memory_plan_rules

template <std::size_t N>
[[nodiscard]] constexpr memory_plan<N> plan_memory(std::array<value_life, N> lives) noexcept {
    using namespace memory_plan_rules;
    for (value_life& v : lives) v.bytes = whole(v.bytes);
    if (is_chain(lives)) return plan_chain(lives);
    memory_plan<N> plan;
    std::array<std::size_t, N> placed{};  // which, in this order
    std::array<bool, N> is_placed{};
    for (std::size_t n = 0; n < N; ++n) {
        // 1. The largest that has no place yet.
        std::size_t next = N;
        for (std::size_t i = 0; i < N; ++i) {
            if (!is_placed[i] && (next == N || lives[i].bytes > lives[next].bytes)) next = i;
        }
        // 2. The lowest place: 0, or behind a value that it meets, and no such value in it.
        const auto is_free = [&](std::size_t place) {
            for (std::size_t k = 0; k < n; ++k) {
                const std::size_t other = placed[k];
                const bool apart = end_of(place, lives[next].bytes) <= plan.place[other] ||
                                   end_of(plan.place[other], lives[other].bytes) <= place;
                if (!apart && meet(lives[next], lives[other])) return false;
            }
            return true;
        };
        std::size_t best = is_free(0) ? 0 : unlimited;
        for (std::size_t k = 0; k < n && best != 0; ++k) {
            const std::size_t behind = end_of(plan.place[placed[k]], lives[placed[k]].bytes);
            if (behind < best && is_free(behind)) best = behind;
        }
        plan.place[next] = best;
        placed[n] = next;
        is_placed[next] = true;
        const std::size_t end = end_of(best, lives[next].bytes);
        plan.bytes = end > plan.bytes ? end : plan.bytes;
    }
    return plan;
}

}  // namespace dyad::inline v1::nn
