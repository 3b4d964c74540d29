// SPDX-License-Identifier: Apache-2.0
// Bit planes: every width, length and code against single bits; the top planes are floors, and narrower formats; a sum
// of products by AND and popcount.
#include <dyad/array/bit_planes.hpp>

#include <doctest/doctest.h>

#include "support/bit_string.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/ternary.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::status;
using dyad_test::tally;

using bytes = std::vector<std::uint8_t>;

static_assert(dyad::plane_bytes(0) == 0 && dyad::plane_bytes(1) == 1 && dyad::plane_bytes(8) == 1);
static_assert(dyad::plane_bytes(9) == 2 && dyad::plane_bytes(SIZE_MAX) == SIZE_MAX / 8 + 1);
static_assert(dyad::bit_planes_size<dyad::integer<3>>(9) == 6);

TEST_CASE("transposed_bits: every bit, and random matrices") {
    tally cases("transposed_bits");
    for (int i = 0; i < 8; ++i) {
        for (int k = 0; k < 8; ++k)
            cases.check(dyad::transposed_bits(std::uint64_t{1} << (8 * i + k)) == std::uint64_t{1} << (8 * k + i), i,
                        " ", k);
    }
    std::mt19937_64 random(1);
    for (int n = 0; n < 1000; ++n) {
        const std::uint64_t x = random();
        std::uint64_t expected = 0;
        for (int at = 0; at < 64; ++at) expected |= (x >> at & 1) << (at % 8 * 8 + at / 8);
        cases.check(dyad::transposed_bits(x) == expected, x);
    }
}

/// n elements of T: all codes in turn, then random ones.
template <class T>
std::vector<T> elements(std::size_t n) {
    std::vector<T> x;
    const bytes random = dyad_test::random_bytes(n, static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t code = i < 1U << T::width ? i : random[i];
        x.push_back(T::from_bits(static_cast<std::uint8_t>(code & ((1U << T::width) - 1))));
    }
    return x;
}

template <class T>
void check_format(tally& cases) {
    constexpr auto width = static_cast<std::size_t>(T::width);
    for (std::size_t n = 0; n <= 300; n += n < 71 ? 1 : 229) {
        const std::vector<T> src = elements<T>(n);
        const std::size_t each = dyad::plane_bytes(n);
        bytes expected(each * width);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t bit = 0; bit < width; ++bit) {
                std::uint8_t& byte = expected[(width - 1 - bit) * each + i / 8];
                byte = static_cast<std::uint8_t>(byte | (src[i].bits() >> bit & 1) << (i % 8));
            }
        bytes planes(expected.size() + 2, 0xee);
        const std::span<std::uint8_t> inside(planes.data() + 1, expected.size());
        REQUIRE(dyad::to_bit_planes(std::span<const T>(src), inside) == status::ok);
        cases.check(
            bytes(planes.begin() + 1, planes.end() - 1) == expected && planes.front() == 0xee && planes.back() == 0xee,
            n, " of ", T::width, " bits", " to planes");
        for (int bit = 0; bit < T::width; ++bit) {
            const std::span<const std::uint8_t> plane =
                dyad::bit_plane<T>(std::span<const std::uint8_t>(expected), n, bit);
            bool same = plane.size() == each;
            for (std::size_t i = 0; i < n; ++i)
                same = same && (plane[i / 8] >> (i % 8) & 1) == (src[i].bits() >> bit & 1);
            cases.check(same, "plane ", bit, " of ", n, " of ", T::width, " bits");
        }
        for (int read = 1; read <= T::width; ++read) {
            std::vector<T> truncated = src;
            const unsigned kept = (1U << T::width) - (1U << (T::width - read));
            for (T& x : truncated) x = T::from_bits(static_cast<std::uint8_t>(x.bits() & kept));
            // From the planes that are read and no more, and from up to all.
            for (std::size_t there = static_cast<std::size_t>(read); there <= width; ++there) {
                const bytes first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(there * each));
                std::vector<T> back(n + 2, T::from_bits(1));
                REQUIRE(dyad::from_bit_planes<T>(first, std::span(back).subspan(1, n), read) == status::ok);
                bool same = back.front().bits() == 1 && back.back().bits() == 1;
                for (std::size_t i = 0; i < n; ++i) same = same && back[i + 1].bits() == truncated[i].bits();
                cases.check(same, read, " of ", there, " planes of ", n, " of ", T::width, " bits");
            }
        }
        // Bits behind the last element are not looked at.
        if (n % 8 != 0) {
            for (std::size_t p = 1; p <= width; ++p) {
                std::uint8_t& last = expected[p * each - 1];
                last = static_cast<std::uint8_t>(last | 0xff << (n % 8));
            }
            std::vector<T> back(n);
            REQUIRE(dyad::from_bit_planes<T>(expected, back) == status::ok);
            bool same = true;
            for (std::size_t i = 0; i < n; ++i) same = same && back[i].bits() == src[i].bits();
            cases.check(same, n, " of ", T::width, " bits", ", unused bits set");
        }
    }
}

TEST_CASE("to_bit_planes and from_bit_planes: every width, length, code and number of planes") {
    tally cases("bit planes");
    check_format<dyad::integer<1>>(cases);
    check_format<dyad::ternary>(cases);
    check_format<dyad::integer<3>>(cases);
    check_format<dyad::float4_e2m1fn>(cases);
    check_format<dyad::fixed<5, 2>>(cases);
    check_format<dyad::float6_e3m2fn>(cases);
    check_format<dyad::uinteger<7>>(cases);
    check_format<dyad::integer<8>>(cases);
}

/// All codes of fixed<Width, 3>: Read planes are the floor on a coarser grid, and storage of a narrower format.
template <int Width, int Read>
void check_floor(tally& cases) {
    using wide = dyad::fixed<Width, 3>;
    using narrow = dyad::fixed<Read, 3 - (Width - Read)>;
    const std::size_t n = std::size_t{1} << Width;
    const std::vector<wide> src = elements<wide>(n);
    bytes planes(dyad::bit_planes_size<wide>(n));
    REQUIRE(dyad::to_bit_planes(std::span<const wide>(src), std::span(planes)) == status::ok);
    std::vector<wide> truncated(n);
    std::vector<narrow> top(n);
    REQUIRE(dyad::from_bit_planes<wide>(planes, truncated, Read) == status::ok);
    REQUIRE(dyad::from_bit_planes<narrow>(std::span(planes).first(dyad::bit_planes_size<narrow>(n)), top) ==
            status::ok);
    const double step = std::ldexp(1.0, Width - Read - 3);
    for (std::size_t i = 0; i < n; ++i) {
        const double floor = std::floor(double(src[i]) / step) * step;
        cases.check(double(truncated[i]) == floor, "floor, ", Read, " of ", Width, " planes");
        cases.check(double(top[i]) == floor, "narrower format, ", Read, " of ", Width, " planes");
    }
    if constexpr (Read < Width) check_floor<Width, Read + 1>(cases);
}

TEST_CASE("from_bit_planes: the top planes of two's complement are floors") {
    tally cases("floors");
    check_floor<2, 1>(cases);
    check_floor<5, 1>(cases);
    check_floor<8, 1>(cases);
}

/// The weight of bit `bit` in T's codes.
template <class T>
int weight(int bit) {
    return T::is_signed && bit == T::width - 1 ? -(1 << bit) : 1 << bit;
}
template <class X, class Y>
void check_dot_product(tally& cases) {
    for (std::size_t n = 0; n <= 70; ++n) {
        const std::vector<X> x = elements<X>(n);
        std::vector<Y> y = elements<Y>(n + 5);
        y.erase(y.begin(), y.begin() + 5);
        bytes of_x(dyad::bit_planes_size<X>(n));
        bytes of_y(dyad::bit_planes_size<Y>(n));
        REQUIRE(dyad::to_bit_planes(std::span<const X>(x), std::span(of_x)) == status::ok);
        REQUIRE(dyad::to_bit_planes(std::span<const Y>(y), std::span(of_y)) == status::ok);
        int sum = 0;
        int expected = 0;
        for (int p = 0; p < X::width; ++p) {
            for (int q = 0; q < Y::width; ++q) {
                const auto plane_x = dyad::bit_plane<X>(std::span<const std::uint8_t>(of_x), n, p);
                const auto plane_y = dyad::bit_plane<Y>(std::span<std::uint8_t>(of_y), n, q);
                for (std::size_t j = 0; j < plane_x.size(); ++j)
                    sum += weight<X>(p) * weight<Y>(q) * std::popcount(static_cast<unsigned>(plane_x[j] & plane_y[j]));
            }
        }
        for (std::size_t i = 0; i < n; ++i) expected += x[i].raw() * y[i].raw();
        cases.check(sum == expected, n, " products of ", X::width, " and ", Y::width, " bits");
    }
}

TEST_CASE("bit planes: a sum of products by AND and popcount") {
    tally cases("dot products of planes");
    check_dot_product<dyad::integer<3>, dyad::uinteger<2>>(cases);
    check_dot_product<dyad::integer<2>, dyad::integer<8>>(cases);
    check_dot_product<dyad::uinteger<1>, dyad::integer<1>>(cases);
}

TEST_CASE("bit planes: what spans must be") {
    using three = dyad::integer<3>;
    std::vector<three> src(9, three::from_raw(2));
    bytes memory(7, 0xee);
    const std::span<std::uint8_t> all(memory);
    const std::span<const three> read(src);
    CHECK(dyad::to_bit_planes(read, all) == status::extents_differ);
    CHECK(dyad::to_bit_planes(read, all.first(5)) == status::extents_differ);
    for (const std::size_t size : {std::size_t{0}, std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{7}})
        CHECK(dyad::from_bit_planes<three>(all.first(size), src, 2) == status::extents_differ);
    for (const int planes : {-1, 0, 4})
        CHECK(dyad::from_bit_planes<three>(all.first(6), src, planes) == status::planes_out_of_range);
    const std::span<std::uint8_t> inside(reinterpret_cast<std::uint8_t*>(src.data()) + 3, 6);
    CHECK(dyad::to_bit_planes(read, inside) == status::dst_overlaps_src);
    CHECK(dyad::from_bit_planes<three>(inside, src) == status::dst_overlaps_src);
    CHECK(src == std::vector<three>(9, three::from_raw(2)));
    CHECK(memory == bytes(7, 0xee));
    CHECK(dyad::from_bit_planes<three>(all.first(1), std::span<three>{}) == status::extents_differ);
    CHECK(dyad::from_bit_planes<three>({}, std::span<three>{}) == status::ok);
    CHECK(dyad::to_bit_planes(std::span<const three>{}, {}) == status::ok);
}

}  // namespace
