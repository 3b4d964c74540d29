// SPDX-License-Identifier: Apache-2.0
// Which memory a view touches, and whether two pieces of memory meet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

/// Addresses first <= a < last.
struct byte_range {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
};

/// From the lowest to behind the highest element, gaps included; empty for an empty view.
template <class T, int Rank>
[[nodiscard]] byte_range memory_of(view<T, Rank> v) noexcept {
    if (v.is_empty()) return {};
    index lowest = 0;
    index highest = 0;
    for (std::size_t r = 0; r < Rank; ++r) {
        const index reach = (v.extent[r] - 1) * v.stride[r];
        (reach < 0 ? lowest : highest) += reach;
    }
    return {reinterpret_cast<std::uintptr_t>(v.data + lowest), reinterpret_cast<std::uintptr_t>(v.data + highest + 1)};
}
[[nodiscard]] inline byte_range memory_of(std::span<std::byte> bytes) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(bytes.data());
    return {first, first + bytes.size()};
}
template <class T>
[[nodiscard]] byte_range memory_of(std::span<T> elements) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(elements.data());
    return {first, first + elements.size_bytes()};
}

/// Conservative: interleaved views count as overlapping.
[[nodiscard]] constexpr bool overlap(byte_range x, byte_range y) noexcept {
    return x.first < y.last && y.first < x.last;
}

/// Neither the same memory nor none in common.
[[nodiscard]] constexpr bool overlap_in_part(byte_range x, byte_range y) noexcept {
    return overlap(x, y) && (x.first != y.first || x.last != y.last);
}

/// Might two elements of a matrix share memory? Exact for rows or columns laid end to end or apart, as real ones are.
template <class T>
[[nodiscard]] constexpr bool overlaps_itself(matrix_view<T> m) noexcept {
    // (the lowest index has no positive partner: one less is as far)
    constexpr index lowest = std::numeric_limits<index>::min();
    const auto distance = [](index stride) { return stride == lowest ? -(stride + 1) : stride < 0 ? -stride : stride; };
    const index rows = m.extent[0];
    const index columns = m.extent[1];
    const index down = distance(m.stride[0]);
    const index across = distance(m.stride[1]);
    if (rows <= 0 || columns <= 0) return false;
    if ((rows > 1 && down == 0) || (columns > 1 && across == 0)) return true;
    if (rows <= 1 || columns <= 1) return false;
    // The shorter step, repeated, must stay short of the longer one.
    return down < across ? (rows - 1) * down >= across : (columns - 1) * across >= down;
}

/// The same for more dimensions: every step must be longer than all shorter ones together reach.
template <class T, int Rank>
    requires(Rank > 2)
[[nodiscard]] constexpr bool overlaps_itself(view<T, Rank> v) noexcept {
    constexpr auto rank = static_cast<std::size_t>(Rank);
    std::size_t order[rank] = {};
    std::size_t count = 0;
    index step[rank] = {};
    for (std::size_t r = 0; r < rank; ++r) {
        if (v.extent[r] <= 0) return false;
        step[r] = v.stride[r] < 0 ? -(v.stride[r] + 1) : v.stride[r];  // of a negative stride one less: see above
        if (v.stride[r] < 0 && step[r] < std::numeric_limits<index>::max()) ++step[r];
        if (v.extent[r] == 1) continue;
        std::size_t place = count++;
        for (; place > 0 && step[order[place - 1]] > step[r]; --place) order[place] = order[place - 1];
        order[place] = r;
    }
    index reach = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (step[order[i]] <= reach) return true;
        reach += (v.extent[order[i]] - 1) * step[order[i]];
    }
    return false;
}

}  // namespace dyad::inline v1
