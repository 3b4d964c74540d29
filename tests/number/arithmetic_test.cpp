// SPDX-License-Identifier: Apache-2.0
// Sum, difference, product and quotient of every number type: the exact result rounded once.
#include <dyad/number/arithmetic.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/operations.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::basic_unpacked;
using dyad::rounding;
using dyad::saturation;
using dyad::uint128_t;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::name_of;
using reference::real;
using reference::real_of;

/// The reference's result of one operation as a code of T.
template <class T>
dyad::int128_t rounded(reference::target& target, const real& exact) {
    target.take(exact);
    return target.code(rounding::nearest_even, saturation::none);
}

/// x / 0 where zero has no sign to give an infinity is NaN; a fixed-point type treats it as the infinity of x's sign.
template <class T>
real ratio(const real& a, const real& b) {
    if constexpr (dyad::single_zero_with_nan<T>) {
        if (is_zero(b) && a.what != reference::kind::nan) return reference::invalid();
    }
    return quotient(a, b);
}

/// All of +, -, *, / on one pair.
/// Signalling NaN have a test of their own.
template <class T>
void check_pair(tally& cases, reference::target& target, T x, T y, const real& a, const real& b) {
    if (is_signalling(a) || is_signalling(b)) return;
    const auto check = [&](char operation, T got, const real& exact) {
        const auto expected = rounded<T>(target, exact);
        const auto code = reference::traits<T>::code(got);
        cases.check(code == expected, name_of<T>(), ": ", reference::traits<T>::code(x), " ", operation, " ",
                    reference::traits<T>::code(y), ": got ", code, ", expected ", expected);
    };
    check('+', x + y, sum(a, b));
    check('-', x - y, sum(a, b.what == reference::kind::nan ? b : negated(b)));  // (a NaN keeps its sign)
    check('*', x * y, product(a, b));
    check('/', x / y, ratio<T>(a, b));
}

template <class T>
void check_pairs(tally& cases, const std::vector<T>& lhs, const std::vector<T>& rhs) {
    const auto target = reference::traits<T>::make();
    std::vector<real> values;
    for (const T y : rhs) values.push_back(real_of(y));
    for (const T x : lhs) {
        const real a = real_of(x);
        for (std::size_t j = 0; j < rhs.size(); ++j) check_pair(cases, *target, x, rhs[j], a, values[j]);
    }
}

template <class T>
void check_all_pairs() {
    tally cases("all pairs of " + name_of<T>());
    check_pairs(cases, reference::all_codes<T>(), reference::all_codes<T>());
}

/// Boundary codes against each other, and seeded random pairs.
template <class T>
void check_some_pairs(int count) {
    tally cases("pairs of " + name_of<T>());
    constexpr std::uint64_t ones = ~std::uint64_t{0} >> (64 - T::width);
    const auto at = [](std::uint64_t code) { return T::from_bits(static_cast<typename T::bits_type>(code & ones)); };
    std::vector<T> boundary;
    for (int k = 0; k < T::width; ++k) {
        const std::uint64_t power = std::uint64_t{1} << k;
        for (const std::uint64_t code : {power - 1, power, power + 1, ~power, std::uint64_t{0} - power, ones / 3})
            boundary.push_back(at(code));
    }
    check_pairs(cases, boundary, boundary);
    std::mt19937_64 random(T::width);
    const auto target = reference::traits<T>::make();
    for (int i = 0; i < count; ++i) {
        const T x = at(random());
        const T y = at(random() >> (random() % 2 * static_cast<unsigned>(random() % T::width)));
        check_pair(cases, *target, x, y, real_of(x), real_of(y));
    }
}

TEST_CASE("minifloat: all pairs of 8 bits") {
    check_all_pairs<dyad::float8_e4m3fn>();
    check_all_pairs<dyad::float8_e5m2>();
    check_all_pairs<dyad::float8_e4m3fnuz>();
    check_all_pairs<dyad::binary8p4se>();
    check_all_pairs<dyad::float6_e3m2fn>();
    check_all_pairs<dyad::float4_e2m1fn>();
}

TEST_CASE("minifloat: an operation on a signalling NaN gives it back quiet (IEEE 754 section 6.2)") {
    const auto check = []<class T>(T) {
        tally cases("signalling NaN of " + name_of<T>());
        const T other(2);
        for (const T x : reference::all_codes<T>()) {
            real expected = real_of(x);
            if (!is_signalling(expected)) continue;
            expected.payload |= reference::quiet;
            for (const T got : {x + other, x - other, x * other, x / other, other + x, other * x, other / x})
                cases.check(real_of(got) == expected, x.bits(), ": got ", got.bits());
        }
    };
    check(dyad::float8_e5m2{});
    check(dyad::float16{});
    check(dyad::bfloat16{});
}

TEST_CASE("fixed: all pairs of 8 bits") {
    using dyad::overflow;
    using dyad::signedness;
    check_all_pairs<dyad::fixed<8, 4>>();
    check_all_pairs<dyad::fixed<8, 4, signedness::is_signed, overflow::wrap>>();
    check_all_pairs<dyad::fixed<8, 8, signedness::is_unsigned>>();
    check_all_pairs<dyad::fixed<7, -2, signedness::is_unsigned, overflow::wrap>>();
    check_all_pairs<dyad::fixed<6, 9>>();
    check_all_pairs<dyad::integer<8>>();
    check_all_pairs<dyad::integer<1>>();
}

TEST_CASE("wide types: boundary and random pairs") {
    using dyad::overflow;
    using dyad::signedness;
    check_some_pairs<dyad::float16>(100'000);
    check_some_pairs<dyad::bfloat16>(100'000);
    check_some_pairs<dyad::fixed<16, 15>>(20'000);
    check_some_pairs<dyad::fixed<32, 31>>(20'000);
    check_some_pairs<dyad::fixed<64, 63>>(20'000);
    check_some_pairs<dyad::fixed<64, 62, signedness::is_unsigned>>(20'000);
    check_some_pairs<dyad::fixed<64, 20, signedness::is_signed, overflow::wrap>>(20'000);
    check_some_pairs<dyad::integer<64>>(20'000);
    check_some_pairs<dyad::uinteger<64>>(20'000);
}

TEST_CASE("comparison of all pairs of fixed-point numbers") {
    tally cases("order of fixed<8,4>");
    using type = dyad::fixed<8, 4>;
    for (const type x : reference::all_codes<type>()) {
        for (const type y : reference::all_codes<type>()) {
            const int order = reference::order(real_of(x), real_of(y));
            cases.check((x == y) == (order == 0) && (x < y) == (order < 0) && (x > y) == (order > 0), x.raw(), y.raw());
        }
    }
}

// --- the functions on unpacked numbers ---

/// Random finite numbers with significands of up to `width` bits.
template <class S>
basic_unpacked<S> random_number(std::mt19937_64& random, int width, int exponents) {
    const uint128_t all = (uint128_t{random()} << 64) | random();
    const int dropped = 128 - 1 - static_cast<int>(random() % static_cast<unsigned>(width));
    const auto exponent = static_cast<int>(random() % static_cast<unsigned>(2 * exponents + 1)) - exponents;
    return basic_unpacked<S>::finite(random() % 2 != 0, static_cast<S>((all | (uint128_t{1} << 127)) >> dropped),
                                     exponent);
}

/// True if `got` is `exact`, or `exact` cut to at least `digits` digits with the last one made odd.
template <class S>
bool is_exact_to_odd(const basic_unpacked<S>& got, const cpp_rational& exact, int digits) {
    if (exact == 0) return got.kind == dyad::number_class::zero;
    if (got.kind != dyad::number_class::finite) return false;
    const cpp_rational value = dyad_test::value_of(got);
    if (value == exact) return true;
    const cpp_rational unit = dyad_test::power_of_two(got.exponent);
    return dyad::bit_width(got.significand) >= digits && (got.significand & 1) != 0 &&
           dyad_test::reference_round(exact / unit, rounding::to_odd) * unit == value;
}

template <class S>
void check_unpacked(tally& cases, int count) {
    constexpr int width = dyad::word_width<S>;
    std::mt19937_64 random(width);
    for (int i = 0; i < count; ++i) {
        const int exponents = i % 3 == 0 ? 2 : i % 3 == 1 ? width : 3 * width;
        const auto x = random_number<S>(random, width - 4, exponents);
        const auto y = random_number<S>(random, width - 4, exponents);
        const auto total = exact_sum(x, y);
        cases.check(is_exact_to_odd(total, dyad_test::value_of(x) + dyad_test::value_of(y), width - 4), x, " + ", y,
                    " = ", total);
        const auto a = random_number<S>(random, width / 2, exponents);
        const auto b = random_number<S>(random, width / 2, exponents);
        const auto multiple = exact_product(a, b);
        cases.check(dyad_test::value_of(multiple) == dyad_test::value_of(a) * dyad_test::value_of(b), a, " * ", b,
                    " = ", multiple);
        const auto ratio = quotient(a, b);
        cases.check(is_exact_to_odd(ratio, dyad_test::value_of(a) / dyad_test::value_of(b), width - 2), a, " / ", b,
                    " = ", ratio);
    }
}

TEST_CASE("exact_sum, exact_product, quotient: random numbers, against rationals") {
    tally cases("unpacked");
    check_unpacked<std::uint16_t>(cases, 20'000);
    check_unpacked<std::uint32_t>(cases, 20'000);
    check_unpacked<std::uint64_t>(cases, 20'000);
    check_unpacked<uint128_t>(cases, 10'000);
}

TEST_CASE("exact_sum: an opposite pair cancels to +0, to -0 when rounding down") {
    using dyad::unpacked;
    const auto x = unpacked::finite(false, 3, 4);
    const auto y = unpacked::finite(true, 6, 3);
    CHECK(exact_sum(x, y) == unpacked::zero(false));
    CHECK(exact_sum(x, y, true) == unpacked::zero(true));
    CHECK(exact_sum(unpacked::zero(true), unpacked::zero(false)) == unpacked::zero(false));
    CHECK(exact_sum(unpacked::zero(true), unpacked::zero(false), true) == unpacked::zero(true));
    CHECK(exact_sum(unpacked::zero(true), unpacked::zero(true)) == unpacked::zero(true));
    CHECK(exact_sum(unpacked::zero(false), unpacked::zero(false), true) == unpacked::zero(false));
}

TEST_CASE("what is not a finite pair follows IEEE 754") {
    using dyad::unpacked;
    const unpacked values[]{unpacked::zero(false),
                            unpacked::zero(true),
                            unpacked::finite(false, 5, -1),
                            unpacked::finite(true, 1, 0),
                            unpacked::infinity(false),
                            unpacked::infinity(true),
                            unpacked::nan(false, reference::quiet),
                            unpacked::nan(true, reference::quiet | 1)};
    tally cases("special values");
    for (const unpacked& x : values) {
        for (const unpacked& y : values) {
            const real a = real_of(x);
            const real b = real_of(y);
            cases.check(real_of(exact_sum(x, y)) == sum(a, b), x, " + ", y);
            cases.check(real_of(exact_product(x, y)) == product(a, b), x, " * ", y);
            const real ratio = real_of(quotient(x, y));
            const real expected = quotient(a, b);
            cases.check(ratio.what == expected.what && ratio.negative == expected.negative &&
                            (ratio.magnitude == 0) == (expected.magnitude == 0) && ratio.payload == expected.payload,
                        x, " / ", y);
        }
    }
}

}  // namespace
