// SPDX-License-Identifier: Apache-2.0
// convert from, to and between wide fixed-point numbers: every other type, every rounding, against rationals.
#include <dyad/number/wide_fixed.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/wide_fixed.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using dyad::fixed;
using dyad::overflow;
using dyad::rounding;
using dyad::saturation;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;
using reference::name_of;
using namespace wide;

using few_types = reference::types<fixed<65, 64>, fixed<129, -30>, fixed<192, 100, is_unsigned, overflow::wrap>,
                                   fixed<70, 35, is_signed, overflow::wrap>, fixed<256, 300>>;

/// Doubles where conversions turn, exactly or with one unit more or less, and random raws.
template <class T>
std::vector<T> critical() {
    std::vector<T> all = some<T>(100);
    std::size_t i = 0;
    for (const double x : reference::critical_doubles()) {
        if (!std::isfinite(x) || ++i % 23 != 0) continue;
        const cpp_int raw = expected_raw<T>(dyad_test::value_of(dyad::unpack(x)), rounding::nearest_even);
        for (int offset = -1; offset <= 1; ++offset) {
            const cpp_int near = raw + offset;
            if (near >= lowest<T> && near <= highest<T>) all.push_back(from_raw<T>(near));
        }
    }
    return all;
}
template <class T>
reference::real real_of(const T& x) {
    reference::exact m(cpp_int(abs(raw_of(x))));
    const int up = reference::unit_digits - T::fraction;
    return {reference::kind::finite, raw_of(x) < 0, reference::exact(m << static_cast<unsigned>(up))};
}
template <class To, class From>
dyad::int128_t converted(const void* x, rounding mode, saturation policy) {
    return reference::traits<To>::code(dyad::convert<To>(*static_cast<const From*>(x), mode, policy));
}
template <class From>
void check_from() {
    tally cases("convert from " + name_of<From>());
    const std::vector<From> sources = critical<From>();
    std::vector<reference::input> inputs;
    for (const From& x : sources) inputs.push_back({&x, real_of(x)});
    const auto check = [&]<class To>(std::type_identity<To>) {
        const auto target = reference::traits<To>::make();
        check_pair(cases, name_of<From>() + " -> " + name_of<To>(), inputs, *target, &converted<To, From>);
    };
    reference::for_each_type(check);
    check(std::type_identity<dyad::power<16, 2>>{});
    check(std::type_identity<dyad::ternary>{});
    check(std::type_identity<fixed<64, 63>>{});
    check(std::type_identity<fixed<64, -40, is_unsigned, overflow::wrap>>{});
    check(std::type_identity<dyad::float8_e8m0fnu>{});
}

TEST_CASE("wide fixed: convert into every type, every rounding, every saturation") {
    check_from<fixed<65, 64>>();
    check_from<fixed<100, 50>>();
    check_from<fixed<129, -30>>();
    check_from<fixed<300, 150>>();
    check_from<fixed<192, 100, is_unsigned, overflow::wrap>>();
}

TEST_CASE("wide fixed: the conversions that 128 digits to odd would get wrong") {
    // 127 integer digits, a half, and one more digit 60 places below it.
    using source = fixed<300, 100>;
    const cpp_int top = (cpp_int(1) << 126) + 1;
    const source tie = from_raw<source>(cpp_int((top << 100) + (cpp_int(1) << 99)));
    const source above = from_raw<source>(cpp_int((top << 100) + (cpp_int(1) << 99) + (cpp_int(1) << 39)));
    const auto one = dyad::int128_t{1};
    CHECK(dyad::convert<dyad::int128_t>(tie) == (one << 126) + 2);
    CHECK(dyad::convert<dyad::int128_t>(tie, rounding::toward_zero) == (one << 126) + 1);
    CHECK(dyad::convert<dyad::int128_t>(from_raw<source>(cpp_int(raw_of(tie) - (cpp_int(1) << 39)))) ==
          (one << 126) + 1);
    CHECK(dyad::convert<dyad::int128_t>(above) == (one << 126) + 2);
    CHECK(dyad::convert<dyad::uint128_t>(from_raw<source>(cpp_int(((cpp_int(1) << 127) + 3) << 100))) ==
          (dyad::uint128_t{1} << 127) + 3);
    CHECK(dyad::convert<dyad::uint128_t>(-tie) == 0);
    CHECK(dyad::convert<dyad::int128_t>(from_raw<source>(highest<source>)) == dyad::word_max<dyad::int128_t>());
    // A wrapping target sees the digits at the low end.
    using wrap8 = fixed<8, 0, is_signed, overflow::wrap>;
    CHECK(dyad::convert<wrap8>(from_raw<source>(cpp_int(((cpp_int(1) << 190) + 5) << 100))).raw() == 5);
    // Random bits: the rule is P3109's, whatever the number of digits.
    CHECK(dyad::convert<dyad::integer<8>>(from_raw<source>((cpp_int(1) << 99) + 1),
                                          dyad::stochastic{dyad::stochastic_variant::a, 1, 1})
              .raw() == 1);
    CHECK(dyad::convert<dyad::integer<8>>(from_raw<source>((cpp_int(1) << 99) - 1),
                                          dyad::stochastic{dyad::stochastic_variant::a, 1, 1})
              .raw() == 0);
}

TEST_CASE("wide fixed: convert from every type, every rounding") {
    for_each(few_types{}, []<class To>(std::type_identity<To>) {
        tally cases("convert into " + name_of<To>());
        const auto check = [&cases]<class From>(From x) {
            const auto value = dyad::unpack(x);
            for (const rounding mode : dyad_test::all_rounding_modes) {
                cpp_int right = 0;  // NaN, or an infinity where the type wraps
                if (value.kind == dyad::number_class::infinity && !wraps<To>)
                    right = value.negative ? lowest<To> : highest<To>;
                if (value.kind == dyad::number_class::zero || value.kind == dyad::number_class::finite)
                    right = expected_raw<To>(dyad_test::value_of(value), mode);
                const To got = dyad::convert<To>(x, mode, saturation::finite);
                cases.check(raw_of(got) == right, name_of<From>(), " ", value, " ", mode, ": got ", got.unpack());
            }
        };
        std::mt19937_64 random(9);
        const auto few = [&]<class From>(std::type_identity<From>) {
            constexpr int bits = reference::width_of<From>() <= 16 ? reference::width_of<From>() : 16;
            for (int i = 0; i < 12; ++i) check(reference::from_code<From>(random() >> (64 - bits)));
        };
        reference::for_each_type(few);
        few(std::type_identity<dyad::ternary>{});
        few(std::type_identity<dyad::power<8, 2>>{});
        for (const double x : {0x1p64, -0x1.fp100, 0x1p-50, 0x1.8p-51, 0x1p-65, HUGE_VAL, -HUGE_VAL, std::nan("")})
            check(x);
        check(dyad::word_min<dyad::int128_t>());
        check(static_cast<dyad::uint128_t>(~dyad::uint128_t{0}));
        check(std::numeric_limits<std::uint64_t>::max());
    });
}

TEST_CASE("wide fixed: convert between wide numbers, every rounding, random bits") {
    tally cases("between wide numbers");
    for_each(few_types{}, [&cases]<class From>(std::type_identity<From>) {
        const std::vector<From> sources = some<From>(12);
        for_each(few_types{}, [&cases, &sources]<class To>(std::type_identity<To>) {
            std::mt19937_64 random(static_cast<std::uint64_t>(To::width));
            for (const From& x : sources) {
                const auto check = [&](const auto& rule) {
                    const To got = dyad::convert<To>(x, rule);
                    cases.check(raw_of(got) == expected_raw<To>(value_of(x), rule), name_of<From>(), " -> ",
                                name_of<To>(), ": ", x.unpack(), " ", rule, ": got ", got.unpack());
                };
                for (const rounding mode : dyad_test::all_rounding_modes) check(mode);
                check(dyad::stochastic{dyad::stochastic_variant::b, 32, static_cast<std::uint32_t>(random())});
                cases.check(To(x) == dyad::convert<To>(x), name_of<From>(), " -> ", name_of<To>(), ": constructor");
            }
        });
    });
}

TEST_CASE("wide fixed: convert from and to dyadic, and native floats") {
    using T = fixed<200, 100>;
    tally cases("dyadic and floats");
    std::mt19937_64 random(200);
    for (const T& x : some<T>(300)) {
        for (const rounding mode : dyad_test::all_rounding_modes) {
            const auto got = dyad::convert<dyad::dyadic<64>>(x, mode);
            const cpp_rational value = cpp_rational(cpp_int(got.significand)) * dyad_test::power_of_two(got.exponent);
            const cpp_rational exact = value_of(x);
            cases.check(value == (exact == 0 ? exact : dyad_test::reference_round_to_digits(exact, 63, mode)),
                        x.unpack());
            const dyad::dyadic<40> y{static_cast<std::int64_t>(random()) >> 24, static_cast<int>(random() % 250) - 170};
            const cpp_rational dyadic_value =
                cpp_rational(cpp_int(y.significand)) * dyad_test::power_of_two(y.exponent);
            cases.check(raw_of(dyad::convert<T>(y, mode)) == expected_raw<T>(dyadic_value, mode), y.unpack());
        }
        cases.check(static_cast<double>(x) == dyad::convert<double>(x), x.unpack());
        cases.check(static_cast<float>(x) == dyad::convert<float>(x), x.unpack());
    }
    static_assert(static_cast<double>(fixed<100, 50>(1.5) * fixed<100, 50>(-2.5)) == -3.75);
    static_assert(fixed<100, 50>(1) / fixed<100, 50>(3) < fixed<100, 50>(1.0f / 3));
    static_assert(!std::is_convertible_v<double, T> && !std::is_convertible_v<T, double>);
    CHECK(raw_of(dyad::convert<T>(dyad::dyadic<64>{-1, std::numeric_limits<int>::max()})) == lowest<T>);
}

}  // namespace
