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
std::vector<cpp_int> critical_raws(const wide_type& type) {
    std::vector<cpp_int> all = some_raws(type, 100);
    std::size_t i = 0;
    for (const double x : reference::critical_doubles()) {
        if (!std::isfinite(x) || ++i % 23 != 0) continue;
        const cpp_int raw = expected_raw(type, dyad_test::value_of(dyad::unpack(x)), rounding::nearest_even);
        for (int offset = -1; offset <= 1; ++offset) {
            const cpp_int near = raw + offset;
            if (near >= type.lowest && near <= type.highest) all.push_back(near);
        }
    }
    return all;
}

template <class To, class From>
dyad::int128_t converted(const void* x, rounding mode, saturation policy) {
    return reference::traits<To>::code(dyad::convert<To>(*static_cast<const From*>(x), mode, policy));
}

template <class From>
void check_from() {
    const wide_type type = wide_type_of<From>();
    tally cases("convert from " + type.name);
    const std::vector<cpp_int> raws = critical_raws(type);
    std::vector<From> sources;
    for (const cpp_int& raw : raws) sources.push_back(from_raw<From>(raw));
    std::vector<reference::input> inputs;
    for (std::size_t i = 0; i < raws.size(); ++i) {
        const auto up = static_cast<unsigned>(reference::unit_digits - From::fraction);
        const reference::exact magnitude = reference::exact(cpp_int(abs(raws[i]))) << up;
        inputs.push_back({&sources[i], {reference::kind::finite, raws[i] < 0, magnitude}});
    }
    const auto check = [&]<class To>(std::type_identity<To>) {
        const auto target = reference::traits<To>::make();
        check_pair(cases, type.name + " -> " + name_of<To>(), inputs, *target, &converted<To, From>);
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
    check_from<fixed<129, -30>>();
    check_from<fixed<300, 150>>();
    check_from<fixed<192, 100, is_unsigned, overflow::wrap>>();
}

TEST_CASE("wide fixed: the conversions that 128 digits to odd would get wrong") {
    // 127 integer digits, a half, and one more digit 60 places below it.
    using source = fixed<300, 100>;
    const cpp_int top = (cpp_int(1) << 126) + 1;
    const cpp_int tie = (top << 100) + (cpp_int(1) << 99);
    const cpp_int little = cpp_int(1) << 39;
    const auto one = dyad::int128_t{1};
    const auto to_int128 = [](const cpp_int& raw, rounding mode = rounding::nearest_even) {
        return dyad::convert<dyad::int128_t>(from_raw<source>(raw), mode);
    };
    CHECK(to_int128(tie) == (one << 126) + 2);
    CHECK(to_int128(tie, rounding::toward_zero) == (one << 126) + 1);
    CHECK(to_int128(tie - little) == (one << 126) + 1);
    CHECK(to_int128(-tie - little, rounding::nearest_up) == -(one << 126) - 2);
    CHECK(to_int128(cpp_int(1) << 298) == dyad::word_max<dyad::int128_t>());
    const auto to_uint128 = [](const cpp_int& raw) { return dyad::convert<dyad::uint128_t>(from_raw<source>(raw)); };
    CHECK(to_uint128(((cpp_int(1) << 127) + 3) << 100) == (dyad::uint128_t{1} << 127) + 3);
    CHECK(to_uint128(cpp_int(1) << 298) == ~dyad::uint128_t{0});
    CHECK(to_uint128(-tie) == 0);
    // A wrapping target sees the digits at the low end, and a trapping one that there are others.
    using wrap8 = fixed<8, 0, is_signed, overflow::wrap>;
    CHECK(dyad::convert<wrap8>(from_raw<source>(((cpp_int(1) << 190) + 5) << 100)).raw() == 5);
    CHECK(dyad::convert<wrap8>(from_raw<source>(-(((cpp_int(1) << 190) + 5) << 100))).raw() == -5);
    CHECK(dyad::convert<fixed<8>>(from_raw<source>(((cpp_int(1) << 190) + 5) << 100)).raw() == 127);
    // Into finer grids than its own.
    CHECK(dyad::convert<fixed<64, 200>>(from_raw<fixed<300, 190>>(-3)).raw() == -3072);
    using wrap_fine = fixed<64, 400, is_unsigned, overflow::wrap>;
    CHECK(dyad::convert<wrap_fine>(from_raw<fixed<300, 380>>((cpp_int(1) << 200) + 7)).raw() == 7u << 20);
    CHECK(dyad::convert<wrap_fine>(from_raw<fixed<300, 100>>(cpp_int(7))).raw() == 0);
    // Random bits follow P3109's rule, whatever the number of digits: away from zero if floor(2 nu) + 1 >= 2.
    const dyad::stochastic a{dyad::stochastic_variant::a, 1, 1};
    CHECK(dyad::convert<dyad::int8>(from_raw<source>((cpp_int(1) << 99) + 1), a).raw() == 1);
    CHECK(dyad::convert<dyad::int8>(from_raw<source>((cpp_int(1) << 99) - 1), a).raw() == 0);
}

template <class To, class From>
cpp_int raw_converted(const void* x, rounding mode) {
    return raw_of(dyad::convert<To>(*static_cast<const From*>(x), mode, saturation::finite));
}

/// One number of any narrow type into a wide one.
void check_into(tally& cases, const wide_type& to, const std::string& from, const dyad::unpacked_wide& value,
                const void* x, cpp_int (*convert_one)(const void*, rounding)) {
    for (const rounding mode : dyad_test::all_rounding_modes) {
        cpp_int right = 0;  // NaN, or an infinity where the type wraps
        if (value.kind == dyad::number_class::infinity && !to.wraps) right = value.negative ? to.lowest : to.highest;
        if (value.kind == dyad::number_class::zero || value.kind == dyad::number_class::finite)
            right = expected_raw(to, dyad_test::value_of(value), mode);
        const cpp_int got = convert_one(x, mode);
        cases.check(got == right, from, " -> ", to.name, ": ", value, " ", mode, ": got ", got);
    }
}

TEST_CASE("wide fixed: convert from every type, every rounding") {
    for_each(few_types{}, []<class To>(std::type_identity<To>) {
        const wide_type to = wide_type_of<To>();
        tally cases("convert into " + to.name);
        const auto check = [&cases, &to]<class From>(From x) {
            check_into(cases, to, name_of<From>(), dyad::resize<dyad::uint128_t>(dyad::unpack(x)), &x,
                       &raw_converted<To, From>);
        };
        std::mt19937_64 random(9);
        const auto few = [&]<class From>(std::type_identity<From>) {
            constexpr int bits = reference::width_of<From>() <= 16 ? reference::width_of<From>() : 16;
            for (int i = 0; i < 12; ++i) check(reference::from_code<From>(random() >> (64 - bits)));
        };
        reference::for_each_type(few);
        few(std::type_identity<dyad::ternary>{});
        few(std::type_identity<dyad::power<8, 2>>{});
        for (const double x :
             {0x1p64, -0x1.fp100, 0x1p-50, 0x1.8p-51, 0x1p-65, 0x1p-1074, HUGE_VAL, -HUGE_VAL, std::nan("")})
            check(x);
        check(dyad::word_min<dyad::int128_t>());
        check(~dyad::uint128_t{0});
        check(std::numeric_limits<std::uint64_t>::max());
    });
}

template <class To, class From>
cpp_int raw_between(const cpp_int& raw, rounding mode) {
    return raw_of(dyad::convert<To>(from_raw<From>(raw), mode));
}

TEST_CASE("wide fixed: convert between wide numbers, every rounding") {
    tally cases("between wide numbers");
    const auto check = [&cases](const wide_type& from, const wide_type& to,
                                cpp_int (*between)(const cpp_int&, rounding)) {
        for (const cpp_int& raw : some_raws(from, 40)) {
            for (const rounding mode : dyad_test::all_rounding_modes) {
                const cpp_int got = between(raw, mode);
                cases.check(got == expected_raw(to, value_of(from, raw), mode), from.name, " -> ", to.name, ": ", raw,
                            " ", mode, ": got ", got);
            }
        }
    };
    for_each(few_types{}, [&check]<class From>(std::type_identity<From>) {
        for_each(few_types{}, [&check]<class To>(std::type_identity<To>) {
            check(wide_type_of<From>(), wide_type_of<To>(), &raw_between<To, From>);
        });
    });
    // The constructor rounds to nearest even.
    using coarse = fixed<65, -1>;
    CHECK(raw_of(coarse(from_raw<fixed<300, 150>>(cpp_int(5) << 150))) == 2);
    CHECK(raw_of(coarse(from_raw<fixed<300, 150>>((cpp_int(5) << 150) + 1))) == 3);
}

TEST_CASE("wide fixed: convert from and to dyadic, and native floats") {
    using T = fixed<200, 100>;
    const wide_type type = wide_type_of<T>();
    tally cases("dyadic and floats");
    std::mt19937_64 random(200);
    for (const cpp_int& raw : some_raws(type, 300)) {
        const T x = from_raw<T>(raw);
        const cpp_rational exact = value_of(type, raw);
        for (const rounding mode : dyad_test::all_rounding_modes) {
            const auto got = dyad::convert<dyad::dyadic<64>>(x, mode);
            const cpp_rational value = cpp_rational(cpp_int(got.significand)) * dyad_test::power_of_two(got.exponent);
            const bool zero = exact == 0;
            const cpp_rational right = zero ? exact : dyad_test::reference_round_to_digits(exact, 63, mode);
            cases.check(value == right, raw, " ", mode, ": got ", got.unpack());
            const dyad::dyadic<40> y{static_cast<std::int64_t>(random()) >> 24, static_cast<int>(random() % 250) - 170};
            const cpp_rational from = cpp_rational(cpp_int(y.significand)) * dyad_test::power_of_two(y.exponent);
            cases.check(raw_of(dyad::convert<T>(y, mode)) == expected_raw(type, from, mode), y.unpack(), " ", mode);
        }
        cases.check(static_cast<double>(x) == dyad::convert<double>(x), raw);
        cases.check(static_cast<float>(x) == dyad::convert<float>(x), raw);
    }
    CHECK(raw_of(dyad::convert<T>(dyad::dyadic<64>{-1, std::numeric_limits<int>::max()})) == type.lowest);
}

}  // namespace
