// SPDX-License-Identifier: Apache-2.0
// copy_from_packed and copy_to_packed: as element by element, at every width, bit and length; the bits around stay.
#include <dyad/array/packed_copy.hpp>

#include <doctest/doctest.h>

#include "support/bit_string.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/ternary.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

using dyad::index;
using dyad::packed_view;
using dyad::status;
using dyad_test::tally;

using bytes = std::vector<std::uint8_t>;
using four = dyad::float4_e2m1fn;

static_assert(dyad::elements_before_byte(packed_view<four>{nullptr, {9}, {1}, 4}) == 1);
static_assert(dyad::elements_before_byte(packed_view<four>{nullptr, {9}, {1}, -8}) == 0);
static_assert(dyad::elements_before_byte(packed_view<four>{nullptr, {9}, {1}, 2}) == 9);
static_assert(dyad::elements_before_byte(packed_view<four>{nullptr, {9}, {-1}, 0}) == 9);
static_assert(dyad::elements_before_byte(packed_view<dyad::integer<7>>{nullptr, {9}, {1}, 1}) == 1);
static_assert(dyad::elements_before_byte(packed_view<dyad::integer<7>>{nullptr, {9}, {1}, 7}) == 7);
static_assert(dyad::elements_before_byte(packed_view<dyad::integer<7>>{nullptr, {5}, {1}, 7}) == 5);

template <class T>
void check_copies(tally& cases) {
    for (index n = 0; n <= 1100; n += n < 70 ? 1 : n < 500 ? 443 : 300) {
        for (index offset = 0; offset < 8; ++offset) {
            for (const index stride : {1, -1, 3}) {
                const index reach = n == 0 ? 0 : (n - 1) * stride * T::width;
                const index first = 16 + offset + (reach < 0 ? -reach : 0);
                const auto size = static_cast<std::size_t>((16 + offset + (reach < 0 ? -reach : reach)) / 8 + 4);
                bytes memory = dyad_test::random_bytes(size, static_cast<std::uint32_t>(n + offset));
                // data points into the memory, so that offsets are negative too.
                const packed_view<T> v{memory.data() + 3, {n}, {stride}, first - 24};
                std::vector<T> expected(static_cast<std::size_t>(n));
                for (index i = 0; i < n; ++i) expected[static_cast<std::size_t>(i)] = v(i);
                std::vector<T> got(static_cast<std::size_t>(n) + 2, T::from_bits(1));
                const std::span<T> inside = std::span(got).subspan(1, static_cast<std::size_t>(n));
                REQUIRE(dyad::copy_from_packed<T>(v, inside) == status::ok);
                const auto same = [](T x, T y) { return x.bits() == y.bits(); };
                cases.check(std::equal(inside.begin(), inside.end(), expected.begin(), expected.end(), same) &&
                                got.front().bits() == 1 && got.back().bits() == 1,
                            "from ", n, " of ", T::width, " bits, offset ", offset, ", stride ", stride);
                std::reverse(expected.begin(), expected.end());
                bytes model = memory;
                const packed_view<T> in_model{model.data() + 3, {n}, {stride}, first - 24};
                for (index i = 0; i < n; ++i) in_model(i) = expected[static_cast<std::size_t>(i)];
                REQUIRE(dyad::copy_to_packed<T>(expected, v) == status::ok);
                cases.check(memory == model, "to ", n, " of ", T::width, " bits, offset ", offset, ", stride ", stride);
            }
        }
    }
}

TEST_CASE("copy_from_packed and copy_to_packed: every width, offset 0 to 7, sizes, strides") {
    tally cases("copies of packed elements");
    check_copies<dyad::integer<1>>(cases);
    check_copies<dyad::ternary>(cases);
    check_copies<dyad::uinteger<3>>(cases);
    check_copies<four>(cases);
    check_copies<dyad::fixed<5, 2>>(cases);
    check_copies<dyad::float6_e3m2fn>(cases);
    check_copies<dyad::integer<7>>(cases);
    check_copies<dyad::float8_e5m2>(cases);
}

TEST_CASE("copy_from_packed and copy_to_packed: what spans and views must be") {
    bytes memory(20, 0x21);
    std::vector<four> elements(9, four::from_bits(3));
    const packed_view<four> v{memory.data(), {9}, {1}, 4};
    const std::span<const four> read(elements);
    CHECK(dyad::copy_from_packed<four>(v, std::span(elements).first(8)) == status::extents_differ);
    CHECK(dyad::copy_to_packed<four>(read.first(8), v) == status::extents_differ);
    const packed_view<four> negative{memory.data(), {-1}, {1}};
    CHECK(dyad::copy_from_packed<four>(negative, {}) == status::extents_differ);
    CHECK(dyad::copy_to_packed<four>({}, negative) == status::extents_differ);
    const packed_view<four> repeated{memory.data(), {9}, {0}};
    CHECK(dyad::copy_to_packed<four>(read, repeated) == status::dst_overlaps_itself);
    const packed_view<four> inside{reinterpret_cast<std::uint8_t*>(elements.data()), {9}, {1}};
    CHECK(dyad::copy_from_packed<four>(inside, elements) == status::dst_overlaps_src);
    CHECK(dyad::copy_to_packed<four>(read, inside) == status::dst_overlaps_src);
    CHECK(memory == bytes(20, 0x21));
    for (const four x : elements) CHECK(x.bits() == 3);
    CHECK(dyad::copy_from_packed<four>(repeated, elements) == status::ok);
    for (const four x : elements) CHECK(x.bits() == 1);
    CHECK(dyad::copy_from_packed<four>(packed_view<const four>{}, {}) == status::ok);
}

}  // namespace
