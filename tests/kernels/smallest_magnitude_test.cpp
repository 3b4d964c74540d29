// SPDX-License-Identifier: Apache-2.0
// smallest_magnitude: against a plain minimum in every layout; never_subnormal at its bound.
#include <dyad/kernels/smallest_magnitude.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/number/convert.hpp>

namespace {

using dyad::bfloat16;

TEST_CASE("smallest_magnitude: the smallest nonzero magnitude, less one") {
    std::mt19937_64 random(5);
    for (int round = 0; round < 400; ++round) {
        const auto lines = static_cast<std::ptrdiff_t>(1 + random() % 20);
        const auto k = static_cast<std::ptrdiff_t>(random() % 40);
        std::vector<bfloat16> x(static_cast<std::size_t>(lines * (k + 3) + 8));
        const bool zeros = round % 5 == 0;
        for (bfloat16& v : x) {
            const auto bits = static_cast<std::uint16_t>(random());
            v = bfloat16::from_bits(zeros ? static_cast<std::uint16_t>(bits & 0x8000U) : bits);
        }
        const dyad::lines_view<bfloat16> layouts[] = {
            {x.data(), k + 3, 1}, {x.data(), 1, lines}, {x.data() + lines * (k + 1), -1, -lines}};
        for (const auto& from : layouts) {
            unsigned expected = dyad::no_magnitude;
            for (std::ptrdiff_t i = 0; i < lines; ++i) {
                for (std::ptrdiff_t j = 0; j < k; ++j) {
                    const unsigned bits = from.data[i * from.line_stride + j * from.k_stride].bits() & 0x7fffU;
                    if (bits != 0 && bits - 1 < expected) expected = bits - 1;
                }
            }
            CHECK(dyad::smallest_magnitude(from, lines, k, dyad::no_magnitude) == expected);
            CHECK(dyad::smallest_magnitude(from, lines, k, 7) == (expected < 7 ? expected : 7));
        }
    }
}

TEST_CASE("never_subnormal: products and their last digits stay at 2^-126 or above") {
    const auto rank = [](double x) { return static_cast<std::uint16_t>(dyad::convert<bfloat16>(x).bits() - 1U); };
    CHECK(dyad::never_subnormal(rank(0x1p-56), rank(0x1p-56)));
    CHECK(dyad::never_subnormal(rank(0x1.fep-56), rank(0x1.fep-56)));
    CHECK(!dyad::never_subnormal(rank(0x1p-57), rank(0x1p-56)));
    // The last digit of the product of two numbers with that exponent: 2^-126.
    CHECK(0x1.02p-56 * 0x1.02p-56 - 0x1.04p-112 == 0x1p-126);
    CHECK(dyad::never_subnormal(dyad::no_magnitude, rank(0x1p-100)));
    // An operand that is subnormal itself, however large the other one is.
    CHECK(!dyad::never_subnormal(rank(0x1p-130), rank(0x1p100)));
    CHECK(dyad::never_subnormal(rank(0x1p-126), rank(0x1p14)));
    CHECK(!dyad::never_subnormal(rank(0x1p-126), rank(0x1p13)));
}

}  // namespace
