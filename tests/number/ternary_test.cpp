// SPDX-License-Identifier: Apache-2.0
// ternary: every code, pair, rounding and random bit against the definition; its limits against brute force.
#include <dyad/number/ternary.hpp>

#include <doctest/doctest.h>

#include <dyad/number/classification.hpp>
#include <dyad/number/minimum.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad::ternary;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;

constexpr ternary minus_one = ternary::from_raw(-1);
constexpr ternary zero = ternary::from_raw(0);
constexpr ternary one = ternary::from_raw(1);

TEST_CASE("ternary: codes are two's complement, and every pattern reads") {
    static_assert(zero.bits() == 0b00 && one.bits() == 0b01 && minus_one.bits() == 0b11);
    static_assert(ternary::from_bits(0b00) == zero && ternary::from_bits(0b01) == one);
    static_assert(ternary::from_bits(0b11) == minus_one);
    // The pattern of -2 saturates.
    static_assert(ternary::from_bits(0b10) == minus_one && ternary::from_bits(0b10).bits() == 0b11);
    static_assert(ternary{} == zero && sizeof(ternary) == 1 && std::is_trivially_copyable_v<ternary>);
    static_assert(!std::is_convertible_v<double, ternary> && !std::is_convertible_v<ternary, double>);
    static_assert(static_cast<double>(minus_one) == -1.0 && static_cast<float>(one) == 1.0f);
    for (const ternary x : {minus_one, zero, one}) {
        CHECK(ternary::from_bits(x.bits()) == x);
        CHECK(dyad_test::value_of(x.unpack()) == int{x.raw()});
        for (const rounding mode : dyad_test::all_rounding_modes)
            CHECK(ternary::pack(x.unpack(), mode, saturation::none) == x);
    }
}

int clamped(const cpp_int& x) { return x < -1 ? -1 : x > 1 ? 1 : static_cast<int>(x); }

TEST_CASE("ternary: pack rounds once and saturates, in every mode, with every kind of random bits") {
    tally cases("pack");
    std::mt19937_64 random(3);
    for (int numerator = -4 * 64; numerator <= 4 * 64; ++numerator) {
        for (const int below : {0, 1, -1}) {  // a step of 2^-6, and its neighbours at 2^-46
            const std::int64_t fine = std::int64_t{numerator} * (std::int64_t{1} << 40) + below;
            const auto x = dyad::unpacked::finite(fine < 0, dyad::magnitude(fine), -46);
            const cpp_rational exact = dyad_test::value_of(x);
            for (const rounding mode : dyad_test::all_rounding_modes) {
                const ternary got = ternary::pack(x, mode, saturation::none);
                cases.check(int{got.raw()} == clamped(dyad_test::reference_round(exact, mode)), x, " ", mode);
            }
            for (const auto variant : dyad_test::all_stochastic_variants) {
                for (const int n : {1, 4, 32}) {
                    const dyad::stochastic rule{variant, n, static_cast<std::uint32_t>(random() >> (64 - n))};
                    const ternary got = ternary::pack(x, rule, saturation::none);
                    cases.check(int{got.raw()} == clamped(dyad_test::reference_round(exact, rule)), x, " ", rule);
                }
            }
        }
    }
    for (const saturation policy : {saturation::none, saturation::propagate, saturation::finite}) {
        CHECK(ternary::pack(dyad::unpack(HUGE_VAL), rounding::nearest_even, policy) == one);
        CHECK(ternary::pack(dyad::unpack(-HUGE_VAL), rounding::toward_zero, policy) == minus_one);
        CHECK(ternary::pack(dyad::unpack(std::nan("")), rounding::to_odd, policy) == zero);
        CHECK(ternary::pack(dyad::unpack(-1e300), rounding::toward_positive, policy) == minus_one);
        CHECK(ternary::pack(dyad::unpack(-0.0), rounding::toward_negative, policy) == zero);
    }
}

TEST_CASE("ternary: all pairs of operands") {
    for (const ternary x : {minus_one, zero, one}) {
        CHECK(int{(-x).raw()} == -x.raw());
        for (const ternary y : {minus_one, zero, one}) {
            const int a = x.raw();
            const int b = y.raw();
            CHECK(int{(x + y).raw()} == clamped(a + b));
            CHECK(int{(x - y).raw()} == clamped(a - b));
            CHECK(int{(x * y).raw()} == a * b);
            CHECK(int{(x / y).raw()} == (b == 0 ? a : a / b));  // a / 0: the infinity of a's sign, or NaN
            ternary z = x;
            z += y;
            CHECK(z == x + y);
            z -= x;
            CHECK(z == x + y - x);
            z *= y;
            CHECK(z == (x + y - x) * y);
            z /= y;
            CHECK(z == (x + y - x) * y / y);
            CHECK((x <=> y) == (a <=> b));
            CHECK((x == y) == (a == b));
        }
    }
}

TEST_CASE("ternary: the functions of every number type") {
    CHECK(abs(minus_one) == one);
    CHECK(sqrt(one) == one);
    CHECK(sqrt(minus_one) == zero);  // NaN
    CHECK(floor(minus_one) == minus_one);
    CHECK(next_up(minus_one) == zero);
    CHECK(next_up(zero) == one);
    CHECK(next_up(one) == one);
    CHECK(next_down(minus_one) == minus_one);
    CHECK(ulp(one) == one);
    CHECK(copysign(one, minus_one) == minus_one);
    CHECK(fma(one, one, minus_one) == zero);
    CHECK(add(one, one, rounding::toward_zero) == one);
    CHECK(min(one, zero) == zero);
    CHECK(signbit(minus_one));
}

TEST_CASE("ternary: numeric_limits") {
    using limits = std::numeric_limits<ternary>;
    ternary largest = zero;
    ternary smallest = zero;
    for (std::uint8_t bits = 0; bits < 4; ++bits) {
        const ternary x = ternary::from_bits(bits);
        if (x > largest) largest = x;
        if (x < smallest) smallest = x;
    }
    CHECK(limits::max() == largest);
    CHECK(limits::lowest() == smallest);
    CHECK(limits::min() == smallest);
    // All integers of magnitude below 2^digits are numbers, but not all below 2^(digits + 1).
    CHECK(limits::digits == 1);
    CHECK(limits::digits10 == 0);
    CHECK(
        (limits::is_specialized && limits::is_signed && limits::is_integer && limits::is_exact && limits::is_bounded));
    CHECK_FALSE((limits::has_infinity || limits::has_quiet_NaN || limits::is_modulo || limits::traps));
}

}  // namespace
