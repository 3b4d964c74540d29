// SPDX-License-Identifier: Apache-2.0
// integer_sqrt: r * r <= n < (r + 1) * (r + 1).
#include <dyad/math/integer_sqrt.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/words.hpp"

#include <cstdint>
#include <limits>
#include <random>

namespace {

using dyad::integer_sqrt;
using dyad::uint128_t;
using dyad_test::tally;

static_assert(integer_sqrt(0) == 0 && integer_sqrt(1) == 1 && integer_sqrt(3) == 1 && integer_sqrt(4) == 2);
static_assert(integer_sqrt(std::numeric_limits<std::uint64_t>::max()) == 0xffff'ffff);

void check_root(tally& cases, std::uint64_t n) {
    const uint128_t r = integer_sqrt(n);
    cases.check(r * r <= n && (r + 1) * (r + 1) > n, n, ": ", r);
}

TEST_CASE("integer_sqrt: all n below 2^20") {
    tally cases("below 2^20");
    std::uint32_t root = 0;
    for (std::uint32_t n = 0; n < 1u << 20; ++n) {
        if ((root + 1) * (root + 1) <= n) ++root;
        cases.check(integer_sqrt(n) == root, n, ": ", integer_sqrt(n));
    }
}

TEST_CASE("integer_sqrt: squares and their neighbours up to 2^64") {
    tally cases("squares");
    const auto check = [&](std::uint64_t r) {
        const std::uint64_t square = r * r;
        cases.check(integer_sqrt(square) == r, square, ": ", integer_sqrt(square));
        cases.check(integer_sqrt(square - 1) == r - 1, square - 1, ": ", integer_sqrt(square - 1));
        // r^2 + 1 < (r + 1)^2 from r = 1 on; (r + 1)^2 - 1 = r^2 + 2r is the last with this root.
        cases.check(integer_sqrt(square + 1) == r, square + 1, ": ", integer_sqrt(square + 1));
        cases.check(integer_sqrt(square + 2 * r) == r, square + 2 * r, ": ", integer_sqrt(square + 2 * r));
    };
    for (std::uint64_t r = 1; r < 1u << 17; ++r) check(r);
    for (std::uint64_t r = 0xffff'ffff; r > 0xffff'0000; --r) check(r);
    for (const std::uint32_t r : dyad_test::boundary_words<std::uint32_t>())
        if (r != 0) check(r);
    std::mt19937_64 random(1);
    for (int i = 0; i < 200'000; ++i) check(random() >> 32 | 1);
}

TEST_CASE("integer_sqrt: boundary values and random numbers of every magnitude") {
    tally cases("floor property");
    for (const std::uint64_t n : dyad_test::boundary_words<std::uint64_t>()) check_root(cases, n);
    std::mt19937_64 random(2);
    for (int i = 0; i < 1'000'000; ++i) check_root(cases, dyad_test::random_word<std::uint64_t>(random));
}

TEST_CASE("integer_sqrt: the inputs where four steps of Newton's iteration are too few") {
    for (const std::uint64_t n : {std::uint64_t{4224}, std::uint64_t{274366087}, std::uint64_t{0xffff'ffff}}) {
        const std::uint64_t r = integer_sqrt(n);
        CHECK(r * r <= n);
        CHECK((r + 1) * (r + 1) > n);
    }
}

}  // namespace
