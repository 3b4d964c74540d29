// SPDX-License-Identifier: Apache-2.0
// decimal: its digits against Boost's, its cuts against rounding by definition.
#include <dyad/number/decimal.hpp>

#include <doctest/doctest.h>

#include "support/reference_text.hpp"
#include "support/tally.hpp"

#include <dyad/number/named_formats.hpp>

#include <random>
#include <string>

namespace {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;

template <int Capacity>
cpp_rational value_of(const dyad::decimal<Capacity>& d) {
    cpp_int digits = 0;
    for (int i = 0; i < d.count; ++i) digits = digits * 10 + d.at(i);
    return cpp_rational(digits) * reference::ten_to(d.point - d.count);
}

TEST_CASE("exact_decimal is the number, without zeros at either end") {
    std::mt19937_64 random(1);
    dyad_test::tally cases("exact_decimal");
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t m = (random() >> (random() % 53 + 11)) | 1;
        const int e = static_cast<int>(random() % 1990) - 1074;
        constexpr auto limits = dyad::text_limits_of<double>();
        const auto d = dyad::exact_decimal<limits.digits, limits.limbs>(m, e);
        cases.check(value_of(d) == cpp_rational(m) * dyad_test::power_of_two(e), m, " * 2^", e);
        cases.check(d.digits[0] != 0 && d.digits[d.count - 1] != 0, m, " * 2^", e);
    }
}

TEST_CASE("cuts at every place, in every mode") {
    dyad_test::tally cases("cuts");
    std::mt19937_64 random(2);
    for (int i = 0; i < 3000; ++i) {
        // Digits with runs of nines and zeros, so that carries go far.
        dyad::decimal<12> d;
        const int count = 1 + static_cast<int>(random() % 8);
        for (int k = 0; k < count; ++k) {
            const int kind = static_cast<int>(random() % 4);
            d.digits[k] = static_cast<std::uint8_t>(kind == 0 ? 9 : kind == 1 ? 0 : kind == 2 ? 5 : random() % 10);
        }
        if (d.digits[0] == 0) d.digits[0] = 9;
        if (d.digits[count - 1] == 0) d.digits[count - 1] = 5;
        d.count = count;
        d.point = static_cast<int>(random() % 9) - 4;
        const cpp_rational x = value_of(d);
        for (int n = -2; n <= count + 2; ++n) {
            const cpp_rational unit = reference::ten_to(d.point - n);
            const cpp_rational scaled = x / unit;
            const cpp_int below = dyad_test::floor_of(scaled);
            const cpp_rational rest = scaled - below;
            const int expected = rest == 0 ? 0 : rest < cpp_rational(1, 2) ? 1 : rest > cpp_rational(1, 2) ? 3 : 2;
            cases.check(d.dropped(n) == expected, x, " behind ", n, " digits");
            for (const bool up : {false, true}) {
                auto cut = d;
                cut.cut(n, up);
                if (!up || (n >= 0 && n < count))
                    cases.check(value_of(cut) == (below + (up ? 1 : 0)) * unit, x, " cut to ", n, " digits");
                cases.check(cut.count == 0 || (cut.digits[0] != 0 && cut.digits[cut.count - 1] != 0), x);
            }
            auto rounded = d;
            rounded.round(n);
            const cpp_int nearest = dyad_test::reference_round(scaled, dyad::rounding::nearest_even);
            cases.check(value_of(rounded) == nearest * unit, x, " rounded to ", n, " digits");
        }
    }
}

TEST_CASE("what lies beyond the range of a type, and what fits it") {
    using wraps = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>;
    CHECK(dyad::value_range_of<wraps>().top == 3);
    CHECK(dyad::beyond_range(dyad::value_range_of<wraps>(), false).top_exponent() == 6);
    CHECK(dyad::below_range(dyad::value_range_of<wraps>(), true).top_exponent() == -45);
    CHECK(dyad::below_range(dyad::value_range_of<wraps>(), true).negative);
    const auto eighths = [](int m) {
        return dyad::unpacked_wide::finite(m < 0, static_cast<unsigned>(std::abs(m)), -7);
    };
    dyad_test::tally cases("fits");
    for (int m = -2000; m <= 2000; ++m) {
        for (const auto mode : dyad_test::all_rounding_modes) {
            const cpp_int raw = dyad_test::reference_round(cpp_rational(m, 8), mode);
            cases.check(dyad::fits<wraps>(eighths(m), mode) == (raw >= -128 && raw <= 127), m, " ", mode);
            cases.check(dyad::fits<dyad::fixed<8, 4>>(eighths(m), mode), m);
        }
    }
    CHECK_FALSE(dyad::fits<wraps>(dyad::unpacked_wide::infinity(false), dyad::rounding::toward_zero));
    CHECK(dyad::fits<wraps>(dyad::unpacked_wide::zero(true), dyad::rounding::toward_zero));
}

}  // namespace
