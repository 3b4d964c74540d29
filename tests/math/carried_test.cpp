// SPDX-License-Identifier: Apache-2.0
// carried against the machine's float and double: every operation, random and at ties.
#include <dyad/math/carried.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::carried32;
using dyad::carried64;
using dyad_test::tally;

template <class Float, class Carried>
Float value(Carried x) {
    return std::ldexp(static_cast<Float>(x.significand), x.exponent);
}

static_assert(carried32::from(3) / carried32::from(2) == carried32::from_float(1.5f));
static_assert(carried32::from(1 << 24) + carried32::from(1) == carried32::from(1 << 24));              // a tie, to even
static_assert(carried32::from((1 << 24) + 2) + carried32::from(1) == carried32::from((1 << 24) + 4));  // and upwards
static_assert(carried32::from((1 << 25) - 1) == carried32::from(1 << 25));
static_assert(square_root(carried32::from(4097 * 4097 - 1)) == carried32::from(4097));
static_assert(carried32::from(-7).scaled(-1).floor() == -4 && carried32::from(-7).scaled(-1).truncated() == -3);
static_assert(carried32::from(5).scaled(-1).nearest() == 2 && carried32::from(7).scaled(-1).nearest() == 4);
static_assert(carried32{}.scaled(9) == carried32{} && carried32{} + carried32::from(2) == carried32::from(2));
static_assert(carried64::from_float(1.702).significand != 0 && carried32::from_float(-0.0f) == carried32{});

/// Numbers of a wide range, small integers and their halves, neighbours of powers of two.
double sample(std::mt19937_64& random) {
    const auto r = random();
    const double sign = (r & 1) != 0 ? -1 : 1;
    switch ((r >> 1) % 4) {
        case 0: return sign * static_cast<double>((r >> 8) % 4096);
        case 1: return sign * static_cast<double>((r >> 8) % (1 << 25)) / 2;
        case 2:
            return sign *
                   (std::ldexp(1.0, static_cast<int>((r >> 8) % 60) - 30) + static_cast<double>((r >> 20) % 3) - 1);
        default:
            return sign * std::ldexp(1 + static_cast<double>(r >> 12) * 0x1p-52, static_cast<int>((r >> 3) % 80) - 40);
    }
}

template <class Float, class Carried>
void check_operations(const char* name) {
    tally cases(name);
    std::mt19937_64 random(3);
    for (int i = 0; i < 1'000'000; ++i) {
        const auto a = static_cast<Float>(sample(random));
        const auto b = static_cast<Float>(sample(random));
        const auto x = Carried::from_float(a);
        const auto y = Carried::from_float(b);
        cases.check(value<Float>(x) == a && dyad::to_double(x) == static_cast<double>(a), "from ", a);
        cases.check(value<Float>(x + y) == a + b, a, " + ", b);
        cases.check(value<Float>(x * y) == a * b, a, " * ", b);
        if (b != 0) cases.check(value<Float>(x / y) == a / b, a, " / ", b);
        cases.check((x < y) == (a < b), a, " < ", b);
        cases.check(x.floor() == static_cast<std::int64_t>(std::floor(a)), "floor ", a);
        cases.check(x.nearest() == static_cast<std::int64_t>(std::nearbyint(a)), "nearest ", a);
        cases.check(x.truncated() == static_cast<std::int64_t>(a), "truncated ", a);
        if constexpr (sizeof(Float) == 4) {
            const float size = std::fabs(a);
            cases.check(value<float>(square_root(Carried::from_float(size))) == std::sqrt(size), "sqrt ", size);
        }
    }
}

TEST_CASE("carried: float32 and float64 as the machine has them") {
    check_operations<float, carried32>("carried32");
    check_operations<double, carried64>("carried64");
}

TEST_CASE("carried: subnormal floats, doubles into 24 digits, what is out of range") {
    tally cases("doubles into 24 digits");
    std::mt19937_64 random(4);
    for (int i = 0; i < 100'000; ++i) {
        const double x = sample(random);
        cases.check(value<float>(carried32::from_float(x)) == static_cast<float>(x), x);
    }
    CHECK(value<float>(carried32::from_float(0x1p-149f)) == 0x1p-149f);
    CHECK(value<double>(carried64::from_float(0x3p-1074)) == 0x3p-1074);
    CHECK(carried32{1 << 23, 100}.floor() == std::numeric_limits<std::int64_t>::max());
    CHECK(carried32{-(1 << 23), 40}.nearest() == std::numeric_limits<std::int64_t>::min());
    CHECK(carried32{-(1 << 23), -1000}.floor() == -1);
    CHECK(carried32{1 << 23, -1000}.nearest() == 0);
    CHECK(dyad::to_double(carried32{1 << 23, -1045}) == 0x1p-1022);
    CHECK(dyad::to_double(carried32{1 << 23, -1046}) == 0);
    CHECK(dyad::to_double(carried32{-(1 << 23), 2000}) == std::numeric_limits<double>::lowest());
    CHECK(dyad::is_positive_finite(0x1p-149f));
    for (const float x :
         {0.0f, -0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        CHECK(!dyad::is_positive_finite(x));
    }
    CHECK(dyad::is_finite(-3.0f));
    CHECK(!dyad::is_finite(-std::numeric_limits<float>::infinity()));
    CHECK(!dyad::is_finite(std::numeric_limits<float>::quiet_NaN()));
}

}  // namespace
