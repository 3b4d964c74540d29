// SPDX-License-Identifier: Apache-2.0
// The exact accumulator: random sums and dot products against big integers, rounded once in every mode.
#include <dyad/number/exact_accumulator.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::kind;
using reference::real;
using reference::real_of;

/// The accumulator's sum as every type of a few, against the reference's rounding of the exact sum.
template <class To, class Accumulator>
void check_result(tally& cases, const Accumulator& sum, const real& expected) {
    static const auto target = reference::traits<To>::make();
    target->take(expected);
    for (const rounding mode : dyad_test::all_rounding_modes) {
        for (const saturation policy : reference::all_saturations) {
            const auto got = reference::traits<To>::code(sum.template result<To>(mode, policy));
            cases.check(got == target->code(mode, policy), reference::name_of<To>(), " ", mode, ": got ", got);
        }
    }
}

template <class A, class B>
void check_dots(int dots) {
    tally cases("dot products of " + reference::name_of<A>() + " and " + reference::name_of<B>());
    std::mt19937_64 random(A::width * 100 + B::width);
    for (int dot = 0; dot < dots; ++dot) {
        dyad::product_accumulator<A, B> sum;
        real expected{kind::finite, false, 0};
        const auto terms = random() % 40;
        for (std::uint64_t i = 0; i < terms; ++i) {
            const A x = reference::from_code<A>(random() % (std::uint64_t{1} << A::width));
            const B y = reference::from_code<B>(random() % (std::uint64_t{1} << B::width));
            // Rarely a special value, and often the opposite of what is there already: cancellation.
            if ((real_of(x).what != kind::finite || real_of(y).what != kind::finite) && random() % 64 != 0) continue;
            const real term = product(real_of(x), real_of(y));
            sum.add_product(x, y);
            expected = reference::sum(expected, term);
            if constexpr (std::numeric_limits<A>::is_signed) {
                if (random() % 3 != 0) continue;
                sum.add_product(-x, y);
                expected = reference::sum(expected, product(real_of(-x), real_of(y)));
            }
        }
        if (expected.what == kind::finite && expected.magnitude == 0) expected.negative = false;
        if (expected.what == kind::nan) expected.payload = reference::quiet, expected.negative = false;
        check_result<float>(cases, sum, expected);
        check_result<dyad::bfloat16>(cases, sum, expected);
        check_result<dyad::float8_e4m3fn>(cases, sum, expected);
        check_result<dyad::fixed<64, 20>>(cases, sum, expected);
    }
}

TEST_CASE("dot products of random codes") {
    check_dots<dyad::float8_e4m3fn, dyad::float8_e4m3fn>(300);
    check_dots<dyad::float8_e5m2, dyad::float8_e4m3fnuz>(300);
    check_dots<dyad::bfloat16, dyad::bfloat16>(300);
    check_dots<dyad::bfloat16, dyad::float16>(200);
    check_dots<dyad::float8_e8m0fnu, dyad::float4_e2m1fn>(200);
    check_dots<dyad::tfloat32, dyad::binary8p3se>(200);
    check_dots<dyad::fixed<16, 5>, dyad::float6_e2m3fn>(200);
    check_dots<dyad::integer<8>, dyad::fixed<30, 40>>(200);
}

TEST_CASE("carries and borrows run through all words, digits far below the top count") {
    using wide = dyad::exact_accumulator<-200, 120>;
    const auto term = [](bool negative, int exponent) { return dyad::unpacked::finite(negative, 1, exponent); };
    for (int low = -200; low < 60; low += 7) {
        wide sum;
        sum.add(term(false, 100));
        sum.add(term(true, low));
        // 2^100 - 2^low is a tie in no mode: toward zero it loses a unit of a double's last place.
        CHECK(sum.result<double>() == (low >= 47 ? 0x1p100 - std::ldexp(1.0, low) : 0x1p100));
        CHECK(sum.result<double>(rounding::toward_zero) ==
              (low >= 47 ? 0x1p100 - std::ldexp(1.0, low) : std::nextafter(0x1p100, 0.0)));
        sum.add(term(true, 100));
        CHECK(sum.result<double>() == -std::ldexp(1.0, low));
        sum.add(term(false, low));
        CHECK(sum.value().kind == dyad::number_class::zero);
        CHECK_FALSE(sum.value().negative);
    }
}

TEST_CASE("a tie is broken by a digit 300 places below") {
    dyad::product_accumulator<double> sum;
    sum.add_product(1.0, 1.0);
    sum.add_product(0x1p-24, 1.0);
    CHECK(sum.result<float>() == 1.0f);
    sum.add_product(0x1p-400, 0x1p-400);
    CHECK(sum.result<float>() == 1.0f + 0x1p-23f);
    sum.add_product(-0x1p-400, 0x1p-399);
    CHECK(sum.result<float>() == 1.0f);
    sum.add_product(std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::denorm_min());
    sum.add_product(0x1p-400, 0x1p-400);
    CHECK(sum.result<float>() == 1.0f + 0x1p-23f);
}

TEST_CASE("a million of the largest terms") {
    dyad::product_accumulator<dyad::float8_e4m3fn> sum;
    for (int i = 0; i < 1'000'000; ++i) sum.add_product(dyad::float8_e4m3fn(448), dyad::float8_e4m3fn(-448));
    CHECK(sum.result<double>() == -448.0 * 448.0 * 1e6);
    CHECK(sum.result<std::int64_t>() == -448LL * 448 * 1'000'000);
}

TEST_CASE("infinities and NaN") {
    using dyad::float8_e5m2;
    const auto infinity = std::numeric_limits<float8_e5m2>::infinity();
    dyad::product_accumulator<float8_e5m2> sum;
    sum.add_product(infinity, float8_e5m2(2));
    CHECK(sum.result<float>() == HUGE_VALF);
    CHECK(sum.result<float8_e5m2>(rounding::nearest_even, saturation::finite).bits() == 0b0'11110'11);
    auto both = sum;
    both.add_product(infinity, float8_e5m2(-2));
    CHECK(std::isnan(both.result<float>()));
    auto invalid = sum;
    invalid.add_product(infinity, float8_e5m2(0));
    CHECK(std::isnan(invalid.result<float>()));
    dyad::product_accumulator<float8_e5m2> negative;
    negative.add(-infinity);
    CHECK(negative.result<float>() == -HUGE_VALF);
}

TEST_CASE("merge: as if all terms had been added to one, whatever the partition; words stored and set again") {
    using accumulator = dyad::exact_accumulator<-1074, 1024>;
    std::mt19937_64 random(3);
    tally cases("merged sums");
    for (int trial = 0; trial < 300; ++trial) {
        accumulator whole;
        accumulator parts[3];
        for (std::uint64_t n = random() % 30; n > 0; --n) {
            const double x = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                        static_cast<int>(random() % 1900) - 1000);
            whole.add(x);
            parts[random() % 3].add(x);
        }
        accumulator merged = parts[2];
        merged.merge(parts[0]);
        merged.merge(parts[1]);
        accumulator stored;
        for (int i = 0; i < accumulator::words; ++i) {
            cases.check(merged.word(i) == whole.word(i), trial, ", word ", i);
            stored.set_word(i, merged.word(i));
        }
        cases.check(stored.result<double>() == whole.result<double>(), trial);
    }
    accumulator infinite;
    infinite.add(HUGE_VAL);
    accumulator sum;
    sum.add(1.0);
    sum.merge(infinite);
    CHECK(sum.result<double>() == HUGE_VAL);
    accumulator negative;
    negative.add(-HUGE_VAL);
    sum.merge(negative);
    CHECK(std::isnan(sum.result<double>()));
}

TEST_CASE("in constant expressions") {
    constexpr float sum = [] {
        dyad::product_accumulator<dyad::bfloat16> s;
        s.add_product(dyad::bfloat16(3), dyad::bfloat16(5));
        s.add_product(dyad::bfloat16(-1), dyad::bfloat16(0.5));
        return s.result<float>();
    }();
    static_assert(sum == 14.5f);
}

}  // namespace
