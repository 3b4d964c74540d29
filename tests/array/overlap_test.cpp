// SPDX-License-Identifier: Apache-2.0
// overlap: memory ranges against the addresses of all elements; overlaps_itself against all pairs of elements.
#include <dyad/array/overlap.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>
#include <vector>

namespace {

using dyad::byte_range;
using dyad::index;
using dyad::matrix_view;
using dyad_test::tally;

static_assert(dyad::overlap({10, 20}, {19, 30}) && dyad::overlap({19, 30}, {10, 20}));
static_assert(!dyad::overlap({10, 20}, {20, 30}) && !dyad::overlap({20, 30}, {10, 20}));
static_assert(dyad::overlap({10, 20}, {12, 13}) && !dyad::overlap({}, {0, 100}) && !dyad::overlap({0, 100}, {}));

template <class Check>
void for_each_layout(const Check& check) {
    for (index rows = 0; rows <= 5; ++rows)
        for (index columns = 0; columns <= 5; ++columns)
            for (index down = -6; down <= 6; ++down)
                for (index across = -6; across <= 6; ++across) check(rows, columns, down, across);
}

/// Two different elements at one address?
bool shares_memory(index rows, index columns, index down, index across) {
    std::set<index> addresses;
    for (index i = 0; i < rows; ++i)
        for (index j = 0; j < columns; ++j)
            if (!addresses.insert(i * down + j * across).second) return true;
    return false;
}

/// Rows laid end to end or apart, or columns: no row begins before the one before it has ended.
bool is_laid_out_plainly(index rows, index columns, index down, index across) {
    const index d = std::abs(down);
    const index a = std::abs(across);
    return d >= (columns - 1) * a + 1 || a >= (rows - 1) * d + 1;
}

TEST_CASE("overlaps_itself: misses nothing, and is exact for plain layouts") {
    tally misses_nothing("overlaps_itself misses nothing");
    tally exact("overlaps_itself is exact for plain layouts");
    int conservative = 0;
    int memory = 0;
    for_each_layout([&](index rows, index columns, index down, index across) {
        const bool got = dyad::overlaps_itself(matrix_view<int>{&memory, {rows, columns}, {down, across}});
        const bool shares = shares_memory(rows, columns, down, across);
        misses_nothing.check(got || !shares, rows, " x ", columns, ", strides ", down, " ", across);
        conservative += got && !shares ? 1 : 0;
        if (!is_laid_out_plainly(rows, columns, down, across)) return;
        exact.check(got == shares, rows, " x ", columns, ", strides ", down, " ", across, ": ", got);
    });
    MESSAGE("matrices without shared memory that count as overlapping: " << conservative);
}

TEST_CASE("memory_of: from the lowest to behind the highest element") {
    tally cases("memory_of");
    std::vector<std::int32_t> memory(100);
    for_each_layout([&](index rows, index columns, index down, index across) {
        const matrix_view<std::int32_t> m{memory.data() + 50, {rows, columns}, {down, across}};
        const byte_range range = dyad::memory_of(m);
        if (rows == 0 || columns == 0) {
            cases.check(range.first == range.last, rows, " x ", columns);
            return;
        }
        std::uintptr_t lowest = reinterpret_cast<std::uintptr_t>(&m(0, 0));
        std::uintptr_t highest = lowest;
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < columns; ++j) {
                lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(&m(i, j)));
                highest = std::max(highest, reinterpret_cast<std::uintptr_t>(&m(i, j)));
            }
        }
        cases.check(range.first == lowest && range.last == highest + 4, rows, " x ", columns, ", strides ", down, " ",
                    across);
    });
}

TEST_CASE("memory_of and overlap: spans, vectors, empty pieces") {
    std::array<std::byte, 100> memory{};
    const std::span<std::byte> bytes(memory);
    const byte_range all = dyad::memory_of(bytes);
    CHECK(all.last - all.first == 100);
    CHECK(overlap(all, dyad::memory_of(bytes.subspan(99))));
    CHECK_FALSE(overlap(dyad::memory_of(bytes.first(50)), dyad::memory_of(bytes.subspan(50))));
    CHECK(overlap(dyad::memory_of(bytes.first(51)), dyad::memory_of(bytes.subspan(50))));
    CHECK_FALSE(overlap(dyad::memory_of(std::span<std::byte>{}), all));
    const dyad::vector_view<const std::byte> backwards{memory.data() + 99, {50}, {-2}};
    CHECK(dyad::memory_of(backwards).first == all.first + 1);
    CHECK(dyad::memory_of(backwards).last == all.last);
    // Interleaved elements count as overlapping.
    const dyad::vector_view<const std::byte> even{memory.data(), {50}, {2}};
    CHECK(overlap(dyad::memory_of(even), dyad::memory_of(backwards)));
}

}  // namespace
