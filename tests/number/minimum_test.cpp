// SPDX-License-Identifier: Apache-2.0
// Minimum and maximum under every rule: all pairs of 8 bits, against the order of the exact values.
#include <dyad/number/minimum.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>

namespace {

using dyad_test::tally;
using reference::kind;
using reference::real;
using reference::real_of;

/// Order with -0 before +0; neither is NaN.
int total_order(const real& a, const real& b) {
    if (const int order = reference::order(a, b); order != 0) return order;
    return static_cast<int>(b.negative) - static_cast<int>(a.negative);
}
int magnitude_order(real a, real b) {
    a.negative = false;
    b.negative = false;
    return reference::order(a, b);
}

template <class T>
void check_pairs() {
    tally cases("minimum and maximum of " + reference::name_of<T>());
    const auto codes = reference::all_codes<T>();
    std::vector<real> values;
    for (const T x : codes) values.push_back(real_of(x));
    for (std::size_t i = 0; i < codes.size(); ++i) {
        for (std::size_t j = 0; j < codes.size(); ++j) {
            const T x = codes[i];
            const T y = codes[j];
            const real& a = values[i];
            const real& b = values[j];
            const auto is = [&](T got, T expected) { cases.check(got.bits() == expected.bits(), i, " ", j); };
            if (a.what == kind::nan || b.what == kind::nan) {
                const T nan = a.what == kind::nan ? x : y;
                const T other = a.what == kind::nan ? y : x;
                for (const T got : {minimum(x, y), maximum(x, y), minimum_magnitude(x, y), maximum_magnitude(x, y)})
                    is(got, nan);
                for (const T got : {minimum_number(x, y), maximum_number(x, y), fmin(x, y), fmax(x, y),
                                    minimum_magnitude_number(x, y), maximum_magnitude_number(x, y)})
                    is(got, other);
                is(min(x, y), x);
                is(max(x, y), x);
                continue;
            }
            const bool y_first = total_order(b, a) < 0;
            const T lower = y_first ? y : x;
            const T upper = y_first ? x : y;
            for (const T got : {minimum(x, y), minimum_number(x, y), fmin(x, y)}) is(got, lower);
            for (const T got : {maximum(x, y), maximum_number(x, y), fmax(x, y)}) is(got, upper);
            const int order = magnitude_order(a, b);
            for (const T got : {minimum_magnitude(x, y), minimum_magnitude_number(x, y)})
                is(got, order < 0 ? x : order > 0 ? y : lower);
            for (const T got : {maximum_magnitude(x, y), maximum_magnitude_number(x, y)})
                is(got, order > 0 ? x : order < 0 ? y : upper);
            const int plain = reference::order(a, b);
            is(min(x, y), plain > 0 ? y : x);
            is(max(x, y), plain < 0 ? y : x);
        }
    }
}

TEST_CASE("all pairs") {
    check_pairs<dyad::float8_e5m2>();
    check_pairs<dyad::float8_e4m3fnuz>();
    check_pairs<dyad::float6_e3m2fn>();
    check_pairs<dyad::binary8p4se>();
    check_pairs<dyad::float8_e8m0fnu>();
    check_pairs<dyad::fixed<8, 3>>();
    check_pairs<dyad::uinteger<8>>();
}

TEST_CASE("min and max stand in for std::min and std::max in templated code") {
    const auto spread = []<class T>(T x, T y) {
        using std::max;
        using std::min;
        return max(x, y) - min(x, y);
    };
    CHECK(spread(1.0, 3.5) == 2.5);
    CHECK(spread(dyad::float8_e4m3fn(1.0), dyad::float8_e4m3fn(3.5)) == dyad::float8_e4m3fn(2.5));
    CHECK(spread(dyad::integer<8>(3), dyad::integer<8>(-4)).raw() == 7);
}

}  // namespace
