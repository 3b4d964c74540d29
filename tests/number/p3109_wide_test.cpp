// SPDX-License-Identifier: Apache-2.0
// P3109's formats of 9 to 16 bits: all codes, every midpoint and what lies next to it, 2^16 seeded numbers, in every
// rounding and saturation. Here the extremes and the middle of each width; p3109_wide_slow_test.cpp has all 384.
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/midpoints.hpp"
#include "support/tally.hpp"

#include <string>

namespace {

using enum dyad::signedness;
using enum dyad::domain;

template <int K, int P, dyad::signedness Sign, dyad::domain Range>
void check() {
    const std::string name = "binary" + std::to_string(K) + "p" + std::to_string(P) + (Sign == is_signed ? "s" : "u") +
                             (Range == extended ? "e" : "f");
    dyad_test::tally cases(name);
    const auto entry = reference::entry_of<dyad::binary<K, P, Sign, Range>>(name.c_str());
    reference::check_codes(cases, entry);
    reference::check_midpoints(cases, entry);
    reference::check_seeded(cases, entry, 1 << 16);
}

TEST_CASE("P3109: formats of 9 to 16 bits") {
    check<9, 4, is_signed, extended>();
    check<9, 9, is_unsigned, finite>();
    check<10, 5, is_unsigned, extended>();
    check<10, 1, is_signed, finite>();
    check<11, 6, is_signed, finite>();
    check<12, 5, is_signed, extended>();
    check<12, 1, is_unsigned, extended>();
    check<13, 12, is_signed, extended>();
    check<14, 4, is_unsigned, finite>();
    check<15, 8, is_signed, extended>();
    check<16, 1, is_unsigned, extended>();
    check<16, 2, is_signed, extended>();
    check<16, 8, is_signed, finite>();
    check<16, 11, is_signed, extended>();
    check<16, 15, is_signed, finite>();
    check<16, 16, is_unsigned, extended>();
}

}  // namespace
