// SPDX-License-Identifier: Apache-2.0
// exp_float on every float whose exponential is neither 1 to the last bit nor out of range.
#include <dyad/math/float_functions.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

TEST_CASE("exp_float is correctly rounded for all floats with 2^-27 <= |x| <= 105") {
    // A long double of 64 bits decides every case: no exponential of a float comes closer to the middle between two
    // floats than 2^-52.6 of itself (the smallest distance this test has seen), and expl is within 2^-63.
    if (std::numeric_limits<long double>::digits < 64) {
        MESSAGE("SKIPPED: long double has too few digits");
        std::exit(77);
    }
    std::uint64_t cases = 0;
    std::uint64_t wrong = 0;
    float first_wrong = 0;
    const auto first = std::bit_cast<std::uint32_t>(0x1p-27f);
    const auto last = std::bit_cast<std::uint32_t>(105.0f);
    for (std::uint32_t magnitude = first; magnitude <= last; ++magnitude) {
        for (const std::uint32_t sign : {0U, 0x8000'0000U}) {
            const auto x = std::bit_cast<float>(magnitude | sign);
            const auto expected = static_cast<float>(std::exp(static_cast<long double>(x)));
            ++cases;
            if (std::bit_cast<std::uint32_t>(dyad::exp_float(x)) == std::bit_cast<std::uint32_t>(expected)) continue;
            if (wrong++ == 0) first_wrong = x;
        }
    }
    MESSAGE(cases << " floats, " << wrong << " not correctly rounded, the first " << first_wrong);
    CHECK(wrong == 0);
}
