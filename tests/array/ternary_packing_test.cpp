// SPDX-License-Identifier: Apache-2.0
// Five ternary numbers in a byte: all 243 and their 256 bytes in both layouts, every length, damaged bytes.
#include <dyad/array/ternary_packing.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::status;
using dyad::ternary;
using dyad::ternary_layout;
using dyad_test::tally;

using bytes = std::vector<std::uint8_t>;
using numbers = std::vector<ternary>;

constexpr ternary_layout layouts[] = {ternary_layout::base_3, ternary_layout::scaled};

constexpr ternary t(int x) { return ternary::from_raw(static_cast<std::int8_t>(x)); }

static_assert(dyad::ternary_bytes(0) == 0 && dyad::ternary_bytes(1) == 1 && dyad::ternary_bytes(5) == 1);
static_assert(dyad::ternary_bytes(6) == 2 && dyad::ternary_bytes(SIZE_MAX) == SIZE_MAX / 5);
static_assert(SIZE_MAX % 5 == 0);
static_assert(dyad::ternary_byte({t(1), t(0), t(-1), t(1), t(0)}, ternary_layout::base_3) == 2 * 81 + 27 + 2 * 3 + 1);
// 256 * 196 / 243 = 206.48...
static_assert(dyad::ternary_byte({t(1), t(0), t(-1), t(1), t(0)}, ternary_layout::scaled) == 207);

/// The digits of q by division, the highest first.
std::array<ternary, 5> digits_of(int q) {
    std::array<ternary, 5> x{};
    for (std::size_t n = 5; n-- > 0; q /= 3) x[n] = t(q % 3 - 1);
    return x;
}
/// The definition: q itself, or 256 q / 243 rounded up.
int byte_of(int q, ternary_layout layout) {
    if (layout == ternary_layout::base_3) return q;
    int byte = 0;
    while (byte * 243 < 256 * q) ++byte;
    return byte;
}

TEST_CASE("ternary bytes: all 243, and which of the 256 are none") {
    tally cases("ternary bytes");
    for (const ternary_layout layout : layouts) {
        std::array<bool, 256> used{};
        for (int q = 0; q < 243; ++q) {
            const std::array<ternary, 5> x = digits_of(q);
            const int byte = byte_of(q, layout);
            REQUIRE(byte < 256);
            used[static_cast<std::size_t>(byte)] = true;
            cases.check(dyad::ternary_byte(x, layout) == byte, "byte of ", q);
            for (int n = 0; n < 5; ++n)
                cases.check(
                    dyad::ternary_in_byte(static_cast<std::uint8_t>(byte), n, layout) == x[static_cast<std::size_t>(n)],
                    "number ", n, " of ", q);
        }
        CHECK(std::count(used.begin(), used.end(), true) == 243);
        for (unsigned byte = 0; byte < 256; ++byte)
            cases.check(dyad::is_ternary_byte(static_cast<std::uint8_t>(byte), layout) == used[byte], "byte ", byte);
    }
}

TEST_CASE("pack_ternary and unpack_ternary: every length, numbers and codes") {
    tally cases("packed ternary numbers");
    std::mt19937 random(1);
    for (const ternary_layout layout : layouts) {
        for (std::size_t n = 0; n <= 70; ++n) {
            numbers src(n);
            bytes codes(n);
            for (std::size_t i = 0; i < n; ++i) {
                src[i] = t(static_cast<int>(random() % 3) - 1);
                codes[i] = src[i].bits();
            }
            bytes expected;
            for (std::size_t i = 0; i < n; i += 5) {
                int q = 0;
                for (std::size_t k = i; k < i + 5; ++k) q = 3 * q + 1 + (k < n ? src[k].raw() : 0);
                expected.push_back(static_cast<std::uint8_t>(byte_of(q, layout)));
            }
            bytes packed(expected.size() + 2, 0xee);
            const std::span<std::uint8_t> inside(packed.data() + 1, expected.size());
            const auto untouched = [](const auto& x, const auto& edge) {
                return x.front() == edge && x.back() == edge;
            };
            REQUIRE(dyad::pack_ternary(src, inside, layout) == status::ok);
            cases.check(bytes(packed.begin() + 1, packed.end() - 1) == expected && untouched(packed, 0xee), "packing ",
                        n);
            bytes of_codes(expected.size());
            REQUIRE(dyad::pack_ternary_codes(codes, of_codes, layout) == status::ok);
            cases.check(of_codes == expected, "packing ", n, " codes");
            for (const int edge : {-1, 0, 1}) {
                numbers back(n + 2, t(edge));
                REQUIRE(dyad::unpack_ternary(expected, std::span(back).subspan(1, n), layout) == status::ok);
                cases.check(numbers(back.begin() + 1, back.end() - 1) == src && untouched(back, t(edge)), "unpacking ",
                            n);
            }
            bytes codes_back(n + 2, 0xee);
            REQUIRE(dyad::unpack_ternary_codes(expected, std::span(codes_back).subspan(1, n), layout) == status::ok);
            cases.check(bytes(codes_back.begin() + 1, codes_back.end() - 1) == codes && untouched(codes_back, 0xee),
                        "unpacking ", n, " codes");
        }
    }
}

TEST_CASE("pack_ternary: what fills up the last byte is 0, and is not looked at") {
    const numbers two{t(-1), t(1)};
    bytes packed(1);
    REQUIRE(dyad::pack_ternary(two, packed) == status::ok);
    CHECK(packed[0] == 0 * 81 + 2 * 27 + 9 + 3 + 1);
    packed[0] = 0 * 81 + 2 * 27 + 2 * 9 + 0 * 3 + 2;
    numbers back(2);
    REQUIRE(dyad::unpack_ternary(packed, back) == status::ok);
    CHECK(back == two);
}

TEST_CASE("unpack_ternary and pack_ternary_codes: damaged input writes nothing") {
    tally cases("damaged input");
    for (const ternary_layout layout : layouts) {
        for (unsigned byte = 0; byte < 256; ++byte) {
            const bool valid = dyad::is_ternary_byte(static_cast<std::uint8_t>(byte), layout);
            for (std::size_t at = 0; at < 4; ++at) {
                bytes packed(4, dyad::ternary_byte(60, layout));
                packed[at] = static_cast<std::uint8_t>(byte);
                numbers dst(17, t(-1));
                bytes codes(17, 0xee);
                const status found = dyad::unpack_ternary(packed, dst, layout);
                const status of_codes = dyad::unpack_ternary_codes(packed, codes, layout);
                cases.check(found == (valid ? status::ok : status::code_invalid) && found == of_codes, "byte ", byte);
                cases.check(valid || (dst == numbers(17, t(-1)) && codes == bytes(17, 0xee)), "byte ", byte);
            }
            for (std::size_t at = 0; at < 7; ++at) {
                bytes codes(7, 3);
                codes[at] = static_cast<std::uint8_t>(byte);
                bytes packed(2, 0xee);
                const status found = dyad::pack_ternary_codes(codes, packed, layout);
                const bool is_code = byte == 0 || byte == 1 || byte == 3;
                cases.check(found == (is_code ? status::ok : status::code_invalid), "code ", byte);
                cases.check(is_code || packed == bytes(2, 0xee), "code ", byte);
            }
        }
    }
}

TEST_CASE("ternary packing: what spans must be") {
    numbers src(11, t(1));
    bytes packed(3, 7);
    bytes codes(11, 1);
    const std::span<std::uint8_t> all(packed);
    CHECK(dyad::pack_ternary(src, all.first(2)) == status::extents_differ);
    CHECK(dyad::pack_ternary_codes(codes, all.first(2)) == status::extents_differ);
    CHECK(dyad::unpack_ternary(all.first(2), src) == status::extents_differ);
    CHECK(dyad::unpack_ternary_codes(all.first(2), codes) == status::extents_differ);
    const std::span<std::uint8_t> inside(reinterpret_cast<std::uint8_t*>(src.data()) + 8, 3);
    CHECK(dyad::pack_ternary(src, inside) == status::dst_overlaps_src);
    CHECK(dyad::unpack_ternary(inside, src) == status::dst_overlaps_src);
    CHECK(dyad::pack_ternary_codes(codes, std::span(codes).last(3)) == status::dst_overlaps_src);
    CHECK(dyad::unpack_ternary_codes(std::span(codes).last(3), codes) == status::dst_overlaps_src);
    CHECK(src == numbers(11, t(1)));
    CHECK(packed == bytes(3, 7));
    CHECK(codes == bytes(11, 1));
    CHECK(dyad::pack_ternary({}, {}) == status::ok);
    CHECK(dyad::unpack_ternary({}, {}) == status::ok);
}

}  // namespace
