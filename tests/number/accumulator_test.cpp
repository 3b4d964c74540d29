// SPDX-License-Identifier: Apache-2.0
// accumulator: max_terms against the worst sum found by brute force, and the types of the accumulators.
#include <dyad/number/accumulator.hpp>

#include <doctest/doctest.h>

#include <dyad/number/ternary.hpp>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>

namespace {

using dyad::int128_t;
using dyad::integer;
using dyad::max_terms;
using dyad::uinteger;
using dyad_test::tally;
using reference::name_of;

static_assert(std::same_as<dyad::proven<std::int32_t>::sum_type, std::int32_t>);
static_assert(std::same_as<dyad::proven<int128_t>::sum_type, int128_t>);
static_assert(std::same_as<dyad::chained<std::int32_t, 256, float>::chain_type, std::int32_t>);
static_assert(std::same_as<dyad::chained<std::int32_t, 256, float>::sum_type, float>);
static_assert(std::same_as<dyad::chained<std::int16_t, 1, std::int64_t>::sum_type, std::int64_t>);
static_assert(dyad::chained<std::int32_t, 256, float>::length == 256);
static_assert(std::same_as<dyad::float_ordered::sum_type, float>);

static_assert(dyad::max_magnitude<integer<8>> == 128 && dyad::max_magnitude<uinteger<8>> == 255);
static_assert(dyad::max_magnitude<integer<64>> == std::uint64_t{1} << 63);
static_assert(dyad::max_magnitude<uinteger<64>> == ~std::uint64_t{0});
static_assert(dyad::max_magnitude<integer<1>> == 1 && dyad::max_magnitude<dyad::fixed<16, 15>> == 32768);

// Known figures: (2^31 - 1) / 2^14, / (2^7 255), / 255^2, and DFP16's 2^30: one product only.
static_assert(dyad::max_magnitude<dyad::ternary> == 1);
static_assert(max_terms<std::int32_t, integer<8>, dyad::ternary>() == 16777215);
static_assert(max_terms<std::int32_t, integer<8>, integer<8>>() == 131071);
static_assert(max_terms<std::int32_t, uinteger<8>, integer<8>>() == 65793);
static_assert(max_terms<std::int32_t, uinteger<8>, uinteger<8>>() == 33025);
static_assert(max_terms<std::int32_t, integer<16>, integer<16>>() == 1);
static_assert(max_terms<std::int32_t, integer<8>, integer<8>>(0x7fff'ffff) == 0);
static_assert(max_terms<std::int32_t, integer<8>, integer<8>>(0xffff'ffff'ffff) == 0);
static_assert(max_terms<std::int64_t, integer<2>, integer<2>>() == 0x1fff'ffff'ffff'ffff);
static_assert(max_terms<int128_t, integer<1>, integer<1>>() == ~std::uint64_t{0});

/// Smallest and largest product of any two codes.
template <class A, class B>
void extremes(std::int64_t& low, std::int64_t& high) {
    low = high = 0;
    for (const A x : reference::all_codes<A>()) {
        for (const B y : reference::all_codes<B>()) {
            const std::int64_t product = std::int64_t{x.raw()} * y.raw();
            low = std::min(low, product);
            high = std::max(high, product);
        }
    }
}

/// `safe` counts that so many products fit, `exact` that one more does not, or gives the lowest value exactly.
template <class T, class A, class B>
void check_bound(tally& safe, tally& exact) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    extremes<A, B>(low, high);
    const int128_t max = dyad::word_max<T>();
    const int128_t min = dyad::word_min<T>();
    const auto fits = [&](int128_t terms, int128_t bias) {
        return terms * high + bias <= max && terms * low - bias >= min;
    };
    for (std::uint64_t bias = 0; bias < 300; ++bias) {
        const auto terms = static_cast<int128_t>(max_terms<T, A, B>(bias));
        safe.check(terms == 0 || fits(terms, static_cast<int128_t>(bias)), name_of<A>(), " ", name_of<B>(), " in ",
                   name_of<T>(), ", bias ", bias, ": ", terms, " overflow");
        const bool lowest = (terms + 1) * low - static_cast<int128_t>(bias) == min;
        exact.check(lowest || !fits(terms + 1, static_cast<int128_t>(bias)), name_of<A>(), " ", name_of<B>(), " in ",
                    name_of<T>(), ", bias ", bias, ": ", terms + 1, " would fit, too");
    }
}

template <class T>
void check_bounds() {
    tally safe("max_terms products fit in " + name_of<T>());
    tally exact("max_terms + 1 products do not fit in " + name_of<T>());
    check_bound<T, integer<8>, integer<8>>(safe, exact);
    check_bound<T, uinteger<8>, uinteger<8>>(safe, exact);
    check_bound<T, integer<2>, integer<4>>(safe, exact);
    check_bound<T, uinteger<1>, uinteger<3>>(safe, exact);
    check_bound<T, uinteger<8>, integer<8>>(safe, exact);
    check_bound<T, integer<4>, uinteger<1>>(safe, exact);
    check_bound<T, integer<5>, uinteger<4>>(safe, exact);
    check_bound<T, uinteger<2>, integer<3>>(safe, exact);
    check_bound<T, integer<1>, integer<1>>(safe, exact);
}

TEST_CASE("max_terms: so many products fit whatever their codes, and one more does not") {
    check_bounds<std::int8_t>();
    check_bounds<std::int16_t>();
    check_bounds<std::int32_t>();
    check_bounds<std::int64_t>();
}

TEST_CASE("max_terms: the sum of that many worst products, added one by one") {
    constexpr std::uint64_t terms = max_terms<std::int32_t, integer<8>, uinteger<8>>(1000);
    std::int64_t sum = -1000;
    for (std::uint64_t k = 0; k < terms; ++k) sum += -128 * 255;
    CHECK(sum >= std::numeric_limits<std::int32_t>::min());
    CHECK(sum - 128 * 255 < std::numeric_limits<std::int32_t>::min());
}

}  // namespace
