// SPDX-License-Identifier: Apache-2.0
// power: every code of 2 to 16 bits, every threshold and its neighbours in every mode, all pairs of operands of 8 bits,
// against a table of squares.
#include <dyad/number/power.hpp>

#include <doctest/doctest.h>

#include <dyad/number/classification.hpp>
#include <dyad/number/ternary.hpp>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using dyad::int128_t;
using dyad::power;
using dyad::rounding;
using dyad::saturation;
using dyad::stochastic;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;

/// One width behind plain functions.
struct type {
    int bits;
    int max_code;
    int (*from_unpacked)(const dyad::unpacked& x, rounding mode);
    int (*from_unpacked_randomly)(const dyad::unpacked& x, stochastic rule);
    int (*closed)(char operation, int x, int y);
};
template <int Bits>
int closed(char operation, int x, int y) {
    using number = power<Bits, 2>;
    const auto a = number::from_raw(static_cast<typename number::raw_type>(x));
    const auto b = number::from_raw(static_cast<typename number::raw_type>(y));
    switch (operation) {
        case '+': return (a + b).raw();
        case '-': return (a - b).raw();
        case '*': return (a * b).raw();
        default: return (a / b).raw();
    }
}
template <int Bits>
type type_of() {
    using number = power<Bits, 2>;
    return {Bits, number::max_raw,
            [](const dyad::unpacked& x, rounding mode) { return int{number::pack(x, mode, saturation::none).raw()}; },
            [](const dyad::unpacked& x, stochastic rule) { return int{number::pack(x, rule, saturation::none).raw()}; },
            &closed<Bits>};
}

template <class Function>
void for_each_width(Function f) {
    [&f]<int... Index>(std::integer_sequence<int, Index...>) { (f.template operator()<Index + 2>(), ...); }
    (std::make_integer_sequence<int, 15>{});
}

/// The code that n / d becomes, by the definition: one of the two squares around |n / d|. d > 0.
int expected(const type& t, int128_t n, int128_t d, rounding mode) {
    const bool negative = n < 0;
    const int128_t m = negative ? -n : n;
    int128_t c = 0;
    while (c < t.max_code && (c + 1) * (c + 1) * d <= m) ++c;
    if (c == t.max_code) return negative ? -t.max_code : t.max_code;
    const int128_t above_lower = m - c * c * d;              // times 1 / d
    const int128_t below_upper = (c + 1) * (c + 1) * d - m;  // times 1 / d
    const bool odd = c % 2 != 0;
    const bool tie = above_lower == below_upper;
    const bool nearer_upper = below_upper < above_lower;
    bool up = false;
    if (above_lower != 0) {
        switch (mode) {
            case rounding::nearest_even: up = nearer_upper || (tie && odd); break;
            case rounding::nearest_away: up = nearer_upper || tie; break;
            case rounding::nearest_up: up = nearer_upper || (tie && !negative); break;
            case rounding::toward_zero: up = false; break;
            case rounding::toward_negative: up = negative; break;
            case rounding::toward_positive: up = !negative; break;
            case rounding::to_odd: up = !odd; break;
        }
    }
    const int code = static_cast<int>(c) + (up ? 1 : 0);
    return negative ? -code : code;
}

void check_pack(tally& cases, const type& t, bool negative, std::uint64_t m, int exponent) {
    const auto x = dyad::unpacked::finite(negative, m, exponent);
    const auto n = static_cast<int128_t>(m);
    const int128_t d = int128_t{1} << -exponent;
    for (const rounding mode : dyad_test::all_rounding_modes) {
        const int right = expected(t, negative ? -n : n, d, mode);
        const int got = t.from_unpacked(x, mode);
        cases.check(got == right, t.bits, " bits, ", x, " ", mode, ": got ", got, ", expected ", right);
    }
}

TEST_CASE("power: pack rounds to the nearest square, ties to the even code, directed modes by the value") {
    tally cases("pack");
    for_each_width([&cases]<int Bits>() {
        const type t = type_of<Bits>();
        const int step = Bits <= 9 ? 1 : t.max_code / 97;
        for (std::uint64_t c = 0; c <= static_cast<std::uint64_t>(t.max_code) + 1; c += static_cast<unsigned>(step)) {
            // c^2, the tie above it, the threshold of the paper's rounding of roots, in units of 2^-30 and next to
            // them.
            for (const std::uint64_t quarters : {4 * c * c, 4 * (c * c + c) + 2, 4 * (c * c + c) + 1}) {
                for (const int offset : {-1, 0, 1}) {
                    const std::uint64_t m = (quarters << 28) + static_cast<std::uint64_t>(std::int64_t{offset});
                    if (quarters == 0 && offset < 0) continue;
                    check_pack(cases, t, false, m, -30);
                    check_pack(cases, t, true, m, -30);
                }
            }
        }
        std::mt19937_64 random(Bits);
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t m = random() >> (1 + random() % 50);
            check_pack(cases, t, i % 2 != 0, m, -static_cast<int>(random() % 60));
        }
    });
}

TEST_CASE("power: pack of what is far away, infinite, or no number") {
    using number = power<8, 2>;
    const auto pack = [](double x, rounding mode) {
        return int{number::pack(dyad::unpack(x), mode, saturation::none).raw()};
    };
    for (const rounding mode : dyad_test::all_rounding_modes) {
        CHECK(pack(HUGE_VAL, mode) == 127);
        CHECK(pack(-HUGE_VAL, mode) == -127);
        CHECK(pack(1e300, mode) == 127);
        CHECK(pack(-16129.5, mode) == -127);
        CHECK(pack(std::nan(""), mode) == 0);
        CHECK(pack(-0.0, mode) == 0);
    }
    CHECK(pack(5e-324, rounding::toward_positive) == 1);
    CHECK(pack(-5e-324, rounding::to_odd) == -1);
    CHECK(pack(5e-324, rounding::nearest_away) == 0);
    for (const int exponent : {std::numeric_limits<int>::min(), -300, -257, -256, -200}) {
        const auto tiny = dyad::unpacked_wide::finite(false, ~dyad::uint128_t{0}, exponent);
        CHECK(number::pack(tiny, rounding::toward_positive, saturation::none).raw() == 1);
        CHECK(number::pack(tiny, rounding::nearest_even, saturation::none).raw() == 0);
    }
    const auto huge = dyad::unpacked::finite(true, 1, std::numeric_limits<int>::max());
    CHECK(number::pack(huge, rounding::toward_zero, saturation::none).raw() == -127);
    // All 128 bits of a significand count: one place above the tie 12.5 = 3^2 + 3 + 1/2.
    const auto above_tie = dyad::unpacked_wide::finite(false, (dyad::uint128_t{25} << 120) + 1, -121);
    CHECK(number::pack(above_tie, rounding::nearest_even, saturation::none).raw() == 4);
    CHECK(number(12.5).raw() == 4);
    CHECK(number(6.5).raw() == 2);
    CHECK(number(std::nextafter(6.5, 7.0)).raw() == 3);
}

TEST_CASE("power: stochastic rounding in the value's distance, P3109's variants") {
    tally cases("stochastic");
    std::mt19937_64 random(23);
    const type t = type_of<8>();
    for (int i = 0; i < 6000; ++i) {
        // A place between two squares that is a multiple of the gap / 2^k, and its neighbours.
        const auto c = static_cast<std::int64_t>(random() % 127);
        const int k = 1 + static_cast<int>(random() % 34);
        const auto part = static_cast<std::int64_t>(random() >> (64 - k));
        for (const int offset : {-1, 0, 1}) {
            const int128_t m =
                (static_cast<int128_t>(c * c) << 40) + ((static_cast<int128_t>(2 * c + 1) * part) << (40 - k)) + offset;
            if (m <= 0 || m >= static_cast<int128_t>(16129) << 40) continue;
            const auto x = dyad::unpacked::finite(i % 2 != 0, static_cast<std::uint64_t>(m), -40);
            const cpp_rational value = abs(dyad_test::value_of(x));
            int lower = 0;
            while (cpp_rational((lower + 1) * (lower + 1)) <= value) ++lower;
            const cpp_rational nu = (value - lower * lower) / (2 * lower + 1);
            for (const auto variant : dyad_test::all_stochastic_variants) {
                for (const int n : {1, 2, 8, k < 32 ? k : 32, 32}) {
                    const std::uint64_t one = std::uint64_t{1} << n;
                    // The number of random bits at which the decision turns, one less, and any.
                    const auto turn = static_cast<std::uint64_t>(
                        static_cast<cpp_int>(dyad_test::ceiling_of((1 - nu) * cpp_rational(one))));
                    for (const std::uint64_t bits : {turn, turn - 1, random()}) {
                        const stochastic rule{variant, n, static_cast<std::uint32_t>(bits % one)};
                        const int code = lower + (dyad_test::reference_rounds_away(nu, rule) ? 1 : 0);
                        const int got = t.from_unpacked_randomly(x, rule);
                        cases.check(got == (x.negative ? -code : code), x, " ", rule, ": got ", got);
                    }
                }
            }
        }
    }
}

TEST_CASE("power: + - * / of all pairs of 8 bits, and of random pairs of every width") {
    tally cases("arithmetic");
    const auto check = [&cases](const type& t, int x, int y) {
        const auto square = [](int c) { return int128_t{c} * (c < 0 ? -c : c); };
        for (const char operation : {'+', '-', '*', '/'}) {
            int right = 0;
            if (operation == '/' && y == 0) {
                right = x == 0 ? 0 : x < 0 ? -t.max_code : t.max_code;
            } else {
                const int128_t n = operation == '+'   ? square(x) + square(y)
                                   : operation == '-' ? square(x) - square(y)
                                   : operation == '*' ? square(x) * square(y)
                                   : y < 0            ? -square(x)
                                                      : square(x);
                right = expected(t, n, operation == '/' ? square(y < 0 ? -y : y) : 1, rounding::nearest_even);
            }
            const int got = t.closed(operation, x, y);
            cases.check(got == right, t.bits, " bits: ", x, " ", operation, " ", y, ": got ", got, ", expected ",
                        right);
        }
    };
    const type eight = type_of<8>();
    for (int x = -127; x <= 127; ++x)
        for (int y = -127; y <= 127; ++y) check(eight, x, y);
    for_each_width([&check]<int Bits>() {
        const type t = type_of<Bits>();
        std::mt19937_64 random(Bits);
        const auto code = [&] {
            const int c = static_cast<int>(random() % static_cast<unsigned>(t.max_code + 1)) >> (random() % 12);
            return random() % 2 != 0 ? -c : c;
        };
        for (int i = 0; i < 200; ++i) check(t, code(), code());
        check(t, t.max_code, -t.max_code);
        check(t, t.max_code, 1);
    });
}

TEST_CASE("power: all codes of every width") {
    tally cases("codes");
    for_each_width([&cases]<int Bits>() {
        using number = power<Bits, 2>;
        number largest = number::from_raw(0);
        number smallest = largest;
        for (std::uint32_t pattern = 0; pattern < 1u << Bits; ++pattern) {
            const number x = number::from_bits(static_cast<typename number::bits_type>(pattern));
            const int c = static_cast<int>(pattern) - (pattern >> (Bits - 1) != 0 ? 1 << Bits : 0);
            const bool unpaired = c == -(1 << (Bits - 1));
            const int right = unpaired ? c + 1 : c;
            cases.check(int{x.raw()} == right, Bits, " bits, pattern ", pattern);
            cases.check(x.bits() == (unpaired ? pattern + 1 : pattern), Bits, " bits, bits of ", pattern);
            const std::int64_t value = std::int64_t{right} * (right < 0 ? -right : right);
            cases.check(x.value() == value && dyad_test::value_of(x.unpack()) == value, Bits, " bits, value of ",
                        pattern);
            cases.check(static_cast<double>(x) == static_cast<double>(value), Bits, " bits, double of ", pattern);
            cases.check(number::pack(x.unpack(), rounding::to_odd, saturation::none) == x, Bits, " bits, ", pattern);
            cases.check((-x).raw() == -x.raw(), Bits, " bits, minus ", pattern);
            if (x > largest) largest = x;
            if (x < smallest) smallest = x;
        }
        using limits = std::numeric_limits<number>;
        CHECK(limits::max() == largest);
        CHECK(limits::lowest() == smallest);
        CHECK(limits::min() == smallest);
        CHECK(limits::digits == 1);
        CHECK((limits::is_specialized && limits::is_signed && limits::is_integer && limits::is_exact));
        CHECK(number(2.0).raw() == 1);  // not a number of the type: digits is 1
    });
    static_assert(power<4, 2>::from_raw(-7).value() == -49 && power<8, 2>::from_raw(127).value() == 16129);
    static_assert(sizeof(power<4, 2>) == 1 && sizeof(power<16, 2>) == 2 && std::is_trivially_copyable_v<power<9, 2>>);
    static_assert(!std::is_convertible_v<double, power<4, 2>> && !std::is_convertible_v<power<4, 2>, double>);
    // 24 bits do not hold 32767^2 = 2^30 - 2^16 + 1.
    static_assert(static_cast<float>(power<16, 2>::from_raw(32767)) == 0x1.fff8p29f);
}

TEST_CASE("power: the functions of every number type") {
    tally cases("functions");
    using number = power<8, 2>;
    const auto of = [](int c) { return number::from_raw(static_cast<std::int8_t>(c)); };
    const type t = type_of<8>();
    for (int c = -127; c <= 127; ++c) {
        const number x = of(c);
        cases.check(abs(x) == of(c < 0 ? -c : c), "abs of ", c);
        cases.check(next_up(x) == of(c < 127 ? c + 1 : c), "next_up of ", c);
        cases.check(next_down(x) == of(c > -127 ? c - 1 : c), "next_down of ", c);
        cases.check(floor(x) == x && ceil(x) == x, "floor of ", c);
        // The root of c^2 is the integer |c|, rounded to a square; of a negative number it is NaN, so 0.
        cases.check(sqrt(x).raw() == (c < 0 ? 0 : expected(t, c, 1, rounding::nearest_even)), "sqrt of ", c);
        for (int d = -127; d <= 127; d += 7) {
            const int128_t sum = int128_t{x.value()} + of(d).value();
            for (const rounding mode : dyad_test::all_rounding_modes) {
                cases.check(add(x, of(d), mode).raw() == expected(t, sum, 1, mode), c, " + ", d, " ", mode);
                const int128_t fused = int128_t{x.value()} * of(d).value() + of(-3).value();
                cases.check(fma(x, of(d), of(-3), mode).raw() == expected(t, fused, 1, mode), c, " * ", d, " ", mode);
            }
        }
    }
}

TEST_CASE("power: of 2 bits is ternary") {
    for (std::uint8_t a = 0; a < 4; ++a) {
        const auto x = power<2, 2>::from_bits(a);
        CHECK(x.bits() == dyad::ternary::from_bits(a).bits());
        for (std::uint8_t b = 0; b < 4; ++b) {
            const auto y = power<2, 2>::from_bits(b);
            CHECK((x + y).bits() == (dyad::ternary::from_bits(a) + dyad::ternary::from_bits(b)).bits());
            CHECK((x / y).bits() == (dyad::ternary::from_bits(a) / dyad::ternary::from_bits(b)).bits());
        }
    }
}

}  // namespace
