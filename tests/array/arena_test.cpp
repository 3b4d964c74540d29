// SPDX-License-Identifier: Apache-2.0
// arena: pieces are aligned, apart and inside the memory; a measuring arena tells exactly what a real one needs.
#include <dyad/array/arena.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::arena;
using dyad::index;
using dyad::matrix_view;
using dyad::status;
using dyad::vector_view;
using dyad_test::tally;

static_assert(arena::alignment == 64);
static_assert(arena::measuring().is_measuring() && arena::measuring().used() == 0 && arena::measuring().peak() == 0);
static_assert(!arena({}).is_measuring());

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TEST_CASE("arena: pieces are row-major views of what was asked for") {
    alignas(64) std::array<std::byte, 4096> memory{};
    arena a(memory);
    matrix_view<float> m;
    REQUIRE(a.take(3, 5, m) == status::ok);
    CHECK(m.extent == std::array<index, 2>{3, 5});
    CHECK(m.stride == std::array<index, 2>{5, 1});
    vector_view<std::int8_t> v;
    REQUIRE(a.take(7, v) == status::ok);
    CHECK(v.extent[0] == 7);
    CHECK(v.stride[0] == 1);
    CHECK(address(v.data) - address(m.data) == 64);
    matrix_view<double> empty;
    for (const auto& [rows, columns] : {std::array<index, 2>{0, 5}, {5, 0}, {0, 0}}) {
        REQUIRE(a.take(rows, columns, empty) == status::ok);
        CHECK(empty.size() == 0);
    }
}

TEST_CASE("arena: alignment, order and bounds for memory at every address") {
    tally cases("pieces of an arena");
    std::vector<std::byte> memory(3000);
    for (std::size_t skew = 0; skew < 130; ++skew) {
        for (const std::size_t size : {std::size_t{64}, std::size_t{127}, std::size_t{128}, std::size_t{1000}}) {
            const std::span<std::byte> mine(memory.data() + skew, size);
            arena a(mine);
            std::uintptr_t behind = address(mine.data());
            std::mt19937_64 random(skew);
            status s = status::ok;
            for (int i = 0; s == status::ok; ++i) {
                REQUIRE(i < 100);
                const std::size_t before = a.used();
                vector_view<std::uint16_t> v;
                const auto n = static_cast<index>(random() % 60 + 1);
                s = a.take(n, v);
                if (s != status::ok) {
                    cases.check(s == status::arena_too_small && v.data == nullptr && a.used() == before, skew, " ",
                                size);
                    continue;
                }
                const std::uintptr_t first = address(v.data);
                cases.check(first % 64 == 0 && first >= behind, "skew ", skew, ", piece ", i);
                behind = first + static_cast<std::size_t>(n) * 2;
                cases.check(behind <= address(mine.data()) + size, "skew ", skew, ", piece ", i,
                            " ends behind the memory");
                for (index j = 0; j < n; ++j) v(j) = static_cast<std::uint16_t>(j);
            }
        }
    }
}

TEST_CASE("arena: what measuring says is enough at every address, and one byte less is not") {
    tally cases("measured needs");
    std::vector<std::byte> memory(4000);
    const auto take_all = [](arena& a) {
        matrix_view<float> m;
        vector_view<std::int8_t> v;
        matrix_view<std::int64_t> w;
        for (const status s : {a.take(3, 7, m), a.take(65, v), a.take(0, 3, w), a.take(9, 2, w)})
            if (s != status::ok) return s;
        return status::ok;
    };
    arena need = arena::measuring();
    REQUIRE(take_all(need) == status::ok);
    CHECK(need.used() == 64 + 128 + 128 + 0 + 192);
    for (std::size_t skew = 0; skew < 64; ++skew) {
        arena enough(std::span(memory.data() + skew, need.used()));
        cases.check(take_all(enough) == status::ok && enough.used() == need.used(), skew);
        arena less(std::span(memory.data() + skew, need.used() - 1));
        cases.check(take_all(less) == status::arena_too_small, skew, ", one byte less");
    }
}

TEST_CASE("arena: measuring gives null pointers and the extents asked for") {
    arena a = arena::measuring();
    matrix_view<double> m{nullptr, {9, 9}, {9, 9}};
    REQUIRE(a.take(1'000'000, 1'000'000, m) == status::ok);
    CHECK(m.data == nullptr);
    CHECK(m.extent == std::array<index, 2>{1'000'000, 1'000'000});
    CHECK(a.used() == 64 + 8'000'000'000'000);
    CHECK(a.is_measuring());
}

TEST_CASE("arena: rewind gives the memory back, peak remembers the most") {
    std::array<std::byte, 1024> memory{};
    arena a(memory);
    vector_view<std::byte> first;
    vector_view<std::byte> second;
    REQUIRE(a.take(100, first) == status::ok);
    const std::size_t mark = a.used();
    CHECK(mark == 64 + 128);
    REQUIRE(a.take(300, second) == status::ok);
    CHECK(a.used() == mark + 320);
    CHECK(a.peak() == mark + 320);
    a.rewind(mark);
    CHECK(a.used() == mark);
    CHECK(a.peak() == mark + 320);
    vector_view<std::byte> third;
    REQUIRE(a.take(10, third) == status::ok);
    CHECK(third.data == second.data);
    CHECK(a.peak() == mark + 320);
    a.rewind(0);
    REQUIRE(a.take(1, third) == status::ok);
    CHECK(third.data == first.data);
}

TEST_CASE("arena: what cannot be given, with the piece untouched") {
    std::array<std::byte, 1024> memory{};
    arena a(memory);
    const matrix_view<std::uint32_t> before{reinterpret_cast<std::uint32_t*>(memory.data()), {7, 8}, {9, 10}};
    matrix_view<std::uint32_t> m = before;
    constexpr index most = std::numeric_limits<index>::max();
    CHECK(a.take(-1, 4, m) == status::negative_extent);
    CHECK(a.take(4, -1, m) == status::negative_extent);
    CHECK(a.take(-1, 0, m) == status::negative_extent);
    for (const auto& [rows, columns] : {std::array<index, 2>{1, 1024},
                                        {most, most},
                                        {most, 1},
                                        {1, most},
                                        {most / 2 + 1, 2},
                                        {index{1} << 62, 4},
                                        {index{1} << 32, index{1} << 32}}) {
        CHECK(a.take(rows, columns, m) == status::arena_too_small);
    }
    CHECK(m.data == before.data);
    CHECK(m.extent == before.extent);
    CHECK(m.stride == before.stride);
    CHECK(a.used() == 0);
    CHECK(a.peak() == 0);
    vector_view<float> v;
    CHECK(a.take(-1, v) == status::negative_extent);
    arena nothing({});
    CHECK(nothing.take(1, v) == status::arena_too_small);
    CHECK(v.data == nullptr);
    arena huge = arena::measuring();
    CHECK(huge.take(most, most, m) == status::arena_too_small);
}

}  // namespace
