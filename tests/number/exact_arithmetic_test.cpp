// SPDX-License-Identifier: Apache-2.0
// Exact sums and products: all pairs of 8 bits against big integers, and the types they come in.
#include <dyad/number/exact_arithmetic.hpp>

#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <random>

namespace {

using dyad_test::tally;
using reference::kind;
using reference::real;
using reference::real_of;

/// Equal values; a NaN is a NaN, and the sign of a zero does not count in a type that has one zero.
bool same(const real& got, const real& expected) {
    if (got.what == kind::nan || expected.what == kind::nan) return got.what == expected.what;
    return reference::order(got, expected) == 0;
}

template <class A, class B, bool WithSums = true>
void check_all_pairs() {
    tally cases("exact sums and products of " + reference::name_of<A>() + " and " + reference::name_of<B>());
    for (const A x : reference::all_codes<A>()) {
        const real a = real_of(x);
        for (const B y : reference::all_codes<B>()) {
            const real b = real_of(y);
            cases.check(same(real_of(multiply_exact(x, y)), product(a, b)), x.bits(), " * ", y.bits());
            if constexpr (WithSums) {
                cases.check(same(real_of(add_exact(x, y)), sum(a, b)), x.bits(), " + ", y.bits());
            }
        }
    }
}

TEST_CASE("minifloats") {
    check_all_pairs<dyad::float8_e4m3fn, dyad::float8_e4m3fn>();
    check_all_pairs<dyad::float8_e5m2, dyad::float8_e4m3fn>();
    check_all_pairs<dyad::float8_e5m3fnu, dyad::float8_e5m2fnuz>();
    check_all_pairs<dyad::binary8p4se, dyad::float8_e3m4>();
    check_all_pairs<dyad::float6_e2m3fn, dyad::float4_e2m1fn>();
    check_all_pairs<dyad::binary8p1uf, dyad::binary4p2sf, false>();  // (sums would need 256 bits)
}

TEST_CASE("fixed-point numbers") {
    check_all_pairs<dyad::integer<8>, dyad::integer<8>>();
    check_all_pairs<dyad::fixed<8, 3>, dyad::fixed<7, -2>>();
    check_all_pairs<dyad::uinteger<8>, dyad::fixed<8, 8>>();
    check_all_pairs<dyad::uinteger<4>, dyad::uinteger<8>>();
}

template <class T>
void check_products_of_random_codes() {
    tally cases("exact products of " + reference::name_of<T>());
    std::mt19937_64 random(T::width);
    for (int i = 0; i < 100'000; ++i) {
        const T x = reference::from_code<T>(random() % (std::uint64_t{1} << T::width));
        const T y = reference::from_code<T>(random() % (std::uint64_t{1} << T::width));
        cases.check(same(real_of(multiply_exact(x, y)), product(real_of(x), real_of(y))), x.bits(), " * ", y.bits());
    }
}

TEST_CASE("wider minifloats") {
    check_products_of_random_codes<dyad::bfloat16>();
    check_products_of_random_codes<dyad::float16>();
    check_products_of_random_codes<dyad::tfloat32>();
    check_products_of_random_codes<dyad::float8_e8m0fnu>();
    tally cases("exact sums of float16");
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const auto x = dyad::float16::from_bits(static_cast<std::uint16_t>(random()));
        const auto y = dyad::float16::from_bits(static_cast<std::uint16_t>(random()));
        cases.check(same(real_of(add_exact(x, y)), sum(real_of(x), real_of(y))), x.bits(), " + ", y.bits());
    }
}

TEST_CASE("the types are as narrow as they can be") {
    using dyad::fixed;
    static_assert(std::is_same_v<decltype(multiply_exact(dyad::integer<8>{}, dyad::integer<8>{})), dyad::integer<16>>);
    static_assert(std::is_same_v<decltype(add_exact(dyad::integer<8>{}, dyad::integer<8>{})), dyad::integer<9>>);
    static_assert(std::is_same_v<decltype(add_exact(fixed<8, 3>{}, fixed<8, 7>{})), fixed<13, 7>>);
    static_assert(decltype(multiply_exact(dyad::float8_e4m3fn{}, dyad::float8_e4m3fn{}))::format.precision() == 8);
    static_assert(decltype(multiply_exact(dyad::tfloat32{}, dyad::tfloat32{}))::width == 31);
    static_assert(decltype(add_exact(dyad::float8_e5m2{}, dyad::float8_e5m2{}))::width == 35);
}

}  // namespace
