// SPDX-License-Identifier: Apache-2.0
// lmul_number: its product is L-Mul's, everything else that of the type it wraps, and templated code takes it.
#include <dyad/number/classification.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/lmul_number.hpp>
#include <dyad/number/minimum.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/reference_lmul.hpp"

#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::lmul_constant;
using dyad::lmul_number;
using dyad::lmul_variant;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::name_of;
using reference::operands;
using reference::real;
using reference::real_of;

using binary32 = dyad::minifloat<dyad::binary32_format>;

template <class T, class Wrapped>
constexpr bool is_model =
    dyad::format<T>&& dyad::number<T>&& std::is_trivially_copyable_v<T>&&
        std::is_trivially_default_constructible_v<T> &&
    sizeof(T) == sizeof(Wrapped) && !std::is_convertible_v<T, float> && !std::is_convertible_v<float, T> &&
    !std::is_convertible_v<T, Wrapped> &&
    !std::is_convertible_v<Wrapped, T> && std::is_constructible_v<T, Wrapped> && std::is_constructible_v<Wrapped, T>;
static_assert(is_model<lmul_number<double>, double> && is_model<lmul_number<float>, float> &&
              is_model<lmul_number<dyad::bfloat16>, dyad::bfloat16>);
static_assert(is_model<lmul_number<dyad::float8_e8m0fnu, lmul_variant::mitchell>, dyad::float8_e8m0fnu>);
static_assert(is_model<lmul_number<dyad::float8_e5m2, lmul_variant::adder, lmul_constant{1, 4}>, dyad::float8_e5m2>);

/// Everything but the product: T's, on all pairs.
template <class T>
void check_as_wrapped(tally& cases, T x, T y) {
    using number = lmul_number<T>;
    const number a(x);
    const number b(y);
    const bool same = a.bits() == x.bits() && number::from_bits(x.bits()).bits() == x.bits() &&
                      a.unpack() == x.unpack() && a.value().bits() == x.bits() && (a + b).bits() == (x + y).bits() &&
                      (a - b).bits() == (x - y).bits() && (a / b).bits() == (x / y).bits() &&
                      (-a).bits() == (-x).bits() && (a == b) == (x == y) && (a <=> b) == (x <=> y) &&
                      (a < b) == (x < y);
    const number packed = number::pack(x.unpack(), rounding::toward_zero, saturation::finite);
    cases.check(same && packed.bits() == T::pack(x.unpack(), rounding::toward_zero, saturation::finite).bits(),
                name_of<T>(), " ", x.bits(), " ", y.bits());
}

/// The product of each variant, by operator*, by multiply, and in fma.
template <class T>
void check_products(tally& cases, reference::target& target, const operands<T>& pair) {
    constexpr int m = dyad::stored_significand_bits<T>;
    const auto check = [&]<class U>(U x, U y, const real& expected) {
        target.take(expected);
        const auto code = target.code(rounding::nearest_even, saturation::none);
        U z = x;
        z *= y;
        cases.check((x * y).bits() == code && z.bits() == code, name_of<T>(), " ", x.bits(), " ", y.bits());
        const auto clamped = target.code(rounding::toward_positive, saturation::finite);
        cases.check(multiply(x, y, rounding::toward_positive, saturation::finite).bits() == clamped, name_of<T>(), " ",
                    x.bits(), " ", y.bits());
        const real total = sum(expected, real_of(x.unpack()));
        target.take(total);
        if (is_zero(total) && !reference::is_zero(expected)) return;  // x y + x = 0 is +0 whatever the signs
        const auto added = target.code(rounding::nearest_even, saturation::none);
        cases.check(fma(x, y, x).bits() == added, name_of<T>(), " ", x.bits(), " ", y.bits());
    };
    using equation = lmul_number<T>;
    using adder = lmul_number<T, lmul_variant::adder>;
    using logarithms = lmul_number<T, lmul_variant::mitchell>;
    using free = lmul_number<T, lmul_variant::equation, lmul_constant{-3, 5}>;
    const auto rule = reference::constant_of(reference::printed_rule(m));
    check(equation(pair.x), equation(pair.y), lmul_equation(pair.a, pair.b, rule));
    check(adder(pair.x), adder(pair.y), lmul_logarithms(pair.a, pair.b, rule));
    check(logarithms(pair.x), logarithms(pair.y), lmul_logarithms(pair.a, pair.b, 0));
    check(free(pair.x), free(pair.y), lmul_equation(pair.a, pair.b, reference::constant_of({-3, 5})));
}

TEST_CASE("lmul_number: all pairs of small floats") {
    const auto check = []<class T>(T) {
        tally cases("lmul_number of " + name_of<T>());
        reference::for_all_pairs<T>([&](reference::target& target, const operands<T>& pair) {
            check_as_wrapped(cases, pair.x, pair.y);
            check_products(cases, target, pair);
        });
    };
    check(dyad::float8_e4m3fn{});
    check(dyad::float8_e5m2{});
    check(dyad::float8_e8m0fnu{});
    check(dyad::float6_e2m3fn{});
    check(dyad::binary8p3ue{});
}

TEST_CASE("lmul_number: bfloat16 and float") {
    tally cases("lmul_number of bfloat16 and float");
    reference::for_some_pairs<dyad::bfloat16>(dyad::bfloat16_format, 50'000,
                                              [&](reference::target& target, const operands<dyad::bfloat16>& pair) {
                                                  check_as_wrapped(cases, pair.x, pair.y);
                                                  check_products(cases, target, pair);
                                              });
    reference::for_some_pairs<float>(
        dyad::binary32_format, 50'000, [&](reference::target& target, const operands<float>& pair) {
            check_as_wrapped(cases, std::bit_cast<binary32>(pair.x), std::bit_cast<binary32>(pair.y));
            check_products(cases, target, pair);
        });
}

TEST_CASE("lmul_number: float's sums, differences and quotients are the machine's") {
    tally cases("pairs of floats");
    const auto same = [](lmul_number<float> x, float y) {
        return std::isnan(y) ? x != x : x.bits() == std::bit_cast<std::uint32_t>(y);
    };
    reference::for_some_pairs<float>(
        dyad::binary32_format, 200'000, [&](reference::target&, const operands<float>& pair) {
            const lmul_number<float> x(pair.x);
            const lmul_number<float> y(pair.y);
            cases.check(same(x + y, pair.x + pair.y) && same(x - y, pair.x - pair.y) && same(x / y, pair.x / pair.y) &&
                            same(-x, -pair.x) && same(x, static_cast<float>(x)) && (x < y) == (pair.x < pair.y),
                        pair.x, " ", pair.y);
        });
}

TEST_CASE("lmul_number: conversions") {
    using number = lmul_number<dyad::float8_e4m3fn>;
    static_assert(dyad::convert<number>(0.3f).bits() == dyad::float8_e4m3fn(0.3f).bits());
    static_assert(dyad::convert<dyad::float8_e5m2>(number(13)).bits() == dyad::float8_e5m2(13).bits());
    static_assert(dyad::convert<number>(1000, rounding::nearest_even, saturation::finite).bits() == 0x7e);
    static_assert(dyad::convert<int>(number(3.5f)) == 4 && static_cast<double>(number(-1.5)) == -1.5);
    static_assert(dyad::float8_e4m3fn(number(3)).bits() == dyad::float8_e4m3fn(3).bits());
    static_assert(number(lmul_number<float>(0.1f)).bits() == dyad::float8_e4m3fn(0.1f).bits());
    static_assert(static_cast<float>(lmul_number<float>(0.1f)) == 0.1f);
    CHECK(lmul_number<float>(0.1f).bits() == std::bit_cast<std::uint32_t>(0.1f));
    CHECK(static_cast<double>(lmul_number<double>(1.1) * lmul_number<double>(-0.7)) == dyad::lmul(1.1, -0.7));
    CHECK(static_cast<double>(lmul_number<double>(1.1) / lmul_number<double>(0.7)) == 1.1 / 0.7);
}

TEST_CASE("lmul_number: numeric_limits are those of the codes") {
    const auto check = []<class T>(T) {
        using limits = std::numeric_limits<lmul_number<T>>;
        using wrapped = std::numeric_limits<T>;
        static_assert(limits::is_specialized && limits::digits == wrapped::digits && limits::radix == 2 &&
                      limits::max_exponent == wrapped::max_exponent && limits::has_infinity == wrapped::has_infinity &&
                      limits::has_quiet_NaN == wrapped::has_quiet_NaN && limits::is_signed == wrapped::is_signed);
        static_assert(!limits::is_iec559 && std::same_as<decltype(limits::max()), lmul_number<T>>);
        const auto code = [](T x) { return static_cast<std::uint64_t>(reference::traits<T>::code(x)); };
        CHECK(limits::min().bits() == code(wrapped::min()));
        CHECK(limits::max().bits() == code(wrapped::max()));
        CHECK(limits::lowest().bits() == code(wrapped::lowest()));
        CHECK(limits::epsilon().bits() == code(wrapped::epsilon()));
        CHECK(limits::round_error().bits() == code(wrapped::round_error()));
        CHECK(limits::denorm_min().bits() == code(wrapped::denorm_min()));
        if (limits::has_infinity) CHECK(limits::infinity().bits() == code(wrapped::infinity()));
        CHECK((limits::quiet_NaN() != limits::quiet_NaN()) == limits::has_quiet_NaN);
        CHECK(limits::has_signaling_NaN == wrapped::has_signaling_NaN);
    };
    check(float{});
    check(dyad::bfloat16{});
    check(dyad::float8_e4m3fn{});
    check(dyad::float6_e2m3fn{});
    CHECK(std::numeric_limits<lmul_number<float>>::signaling_NaN().bits() == 0x7fa00000);
}

template <class T>
void check_exact_sum(tally& cases) {
    dyad::product_accumulator<T> sum;
    reference::exact expected = 0;
    const std::vector<T> codes = reference::all_codes<T>();
    for (const T x : codes) {
        for (const T y : codes) {
            const auto product = all_of_product(x, y);
            if (product.kind == dyad::number_class::nan || product.kind == dyad::number_class::infinity) continue;
            sum.add_product(x, y);
            const real value = real_of(product);
            expected += value.negative ? reference::exact(-value.magnitude) : value.magnitude;
            // A bias, so that the sum is not 0 by symmetry.
            if (!value.negative) sum.add_product(x, y), expected += value.magnitude;
        }
        const bool negative = expected < 0;
        const real whole{reference::kind::finite, negative, negative ? reference::exact(-expected) : expected};
        cases.check(real_of(sum.value()) == whole, "after ", x.bits());
    }
    CHECK(expected != 0);
}

TEST_CASE("lmul_number: exact sums are of its products, the smallest and the largest too") {
    tally cases("exact sums");
    check_exact_sum<lmul_number<dyad::float8_e4m3fn>>(cases);
    check_exact_sum<lmul_number<dyad::float8_e4m3fn, lmul_variant::adder>>(cases);
    check_exact_sum<lmul_number<dyad::float8_e4m3fn, lmul_variant::mitchell>>(cases);
    check_exact_sum<lmul_number<dyad::float8_e4m3fnuz, lmul_variant::equation, lmul_constant{-13, 5}>>(cases);
    check_exact_sum<lmul_number<dyad::float8_e4m3fnuz, lmul_variant::adder, lmul_constant{7, 3}>>(cases);
    using number = lmul_number<dyad::bfloat16>;
    dyad::product_accumulator<number> sum;
    sum.add_product(number(1.5f), number(1.5f));
    CHECK(sum.result<float>() == 2.0625f);
}

/// What a model is made of, for any number type.
template <class T>
T polynomial(T x) {
    T y(0.25f);
    for (int i = 0; i < 3; ++i) y = y * x + T(1);
    return x > T(0) ? y : -y;
}
template <class T>
T dot(const std::vector<T>& x, const std::vector<T>& y) {
    T sum(0);
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
    return sum;
}

TEST_CASE("lmul_number: the functions of formats take it") {
    using number = lmul_number<dyad::float8_e4m3fn>;
    CHECK(abs(number(-3)).bits() == number(3).bits());
    CHECK(max(number(-3), number(2)).bits() == number(2).bits());
    CHECK(floor(number(-2.5f)).bits() == number(-3).bits());
    CHECK(sqrt(number(4)).bits() == number(2).bits());
    CHECK(next_up(number(1)).bits() == number(1).bits() + 1);
    CHECK(isnan(std::numeric_limits<number>::quiet_NaN()));
    // What multiplies multiplies by L-Mul, with named defaults too: 1.5 * 1.5 = 2.125, an exact 2.25.
    CHECK(static_cast<float>(multiply(number(1.5f), number(1.5f))) == 2.0f);
    CHECK(static_cast<float>(multiply(number(1.5f), number(1.5f), rounding::toward_positive)) == 2.25f);
    CHECK(static_cast<float>(multiply(dyad::float8_e4m3fn(1.5f), dyad::float8_e4m3fn(1.5f))) == 2.25f);
    CHECK(static_cast<float>(fma(number(1.5f), number(1.5f), number(0.375f), rounding::toward_zero)) == 2.5f);
}

TEST_CASE("lmul_number: templated code with L-Mul in the place of its products") {
    CHECK(polynomial(1.5f) == 5.59375f);
    // 0.25 * 1.5: fractions 0 and 1/2: 1.5625 / 4 = .390625; 1.390625 * 1.5: 1.953125; 2.953125 * 1.5 =
    // (1 + .4765625 + .5 + .0625) * 2 = 4.078125.
    CHECK(static_cast<float>(polynomial(lmul_number<float>(1.5f))) == 5.078125f);
    // Mitchell: 3/8; 1 + 3/8 + 1/2 = 15/8; 23/8 * 3/2: (7/16 + 1/2) + 1 = 31/16 at 2^1.
    CHECK(static_cast<float>(polynomial(lmul_number<float, lmul_variant::mitchell>(1.5f))) == 4.875f);
    std::mt19937 random(1);
    std::vector<lmul_number<float>> x;
    std::vector<lmul_number<float>> y;
    float expected = 0;
    for (int i = 0; i < 100; ++i) {
        const float a = static_cast<float>(random() % 2000) / 1024 - 1;
        const float b = static_cast<float>(random() % 2000) / 1024 - 1;
        x.emplace_back(a);
        y.emplace_back(b);
        expected += dyad::lmul(a, b);
    }
    CHECK(static_cast<float>(dot(x, y)) == expected);
}

}  // namespace
