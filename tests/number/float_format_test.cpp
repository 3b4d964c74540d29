// SPDX-License-Identifier: Apache-2.0
// float_format: what follows from a format's members, decode and encode of many formats against their definitions.
#include <dyad/number/float_format.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using dyad::decode;
using dyad::encode;
using dyad::float_bits;
using dyad::float_format;
using dyad::infinity_codes;
using dyad::nan_codes;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::kind;
using reference::real;
using reference::real_of;

constexpr float_format tf32{.exponent_bits = 8, .significand_bits = 10, .bias = 127};
constexpr float_format one_bit_fraction{.exponent_bits = 3, .significand_bits = 1, .bias = 3};
constexpr float_format bias_beyond{.exponent_bits = 2, .significand_bits = 5, .bias = -3};

template <class Function>
void for_each_small_format(Function f) {
    const auto each = [&f]<float_format... Formats>() { (f.template operator()<Formats>(), ...); };
    each.template operator()<dyad::float8_e4m3fn_format, dyad::float8_e5m2_format, dyad::float8_e4m3fnuz_format,
                             dyad::float8_e5m2fnuz_format, dyad::float8_e3m4_format, dyad::float6_e3m2fn_format,
                             dyad::float6_e2m3fn_format, dyad::float4_e2m1fn_format, dyad::binary8p4se::format,
                             dyad::binary8p3ue::format, dyad::float8_e8m0fnu_format, dyad::float8_e5m3fnu_format,
                             reference::float8_e4m3_flushed, one_bit_fraction, bias_beyond>();
}
template <class Function>
void for_each_format(Function f) {
    for_each_small_format(f);
    f.template operator()<dyad::bfloat16_format>();
    f.template operator()<dyad::float16_format>();
}

template <float_format F>
std::string name() {
    return reference::name_of<dyad::minifloat<F>>();
}

TEST_CASE("float_format: which members fit each other") {
    constexpr float_format ieee{.exponent_bits = 4, .significand_bits = 3, .bias = 7};
    const auto with = [&ieee](auto change) {
        float_format f = ieee;
        change(f);
        return is_consistent(f);
    };
    CHECK(is_consistent(ieee));
    CHECK_FALSE(with([](float_format& f) { f.exponent_bits = 0; }));
    CHECK_FALSE(with([](float_format& f) { f.significand_bits = -1; }));
    CHECK_FALSE(with([](float_format& f) { f.significand_bits = 60; }));
    CHECK(with([](float_format& f) { f.significand_bits = 59; }));
    CHECK_FALSE(with([](float_format& f) { f.significand_bits = 0; }));  // no field for an IEEE NaN
    // A NaN at minus zero needs a sign and no minus zero; and an IEEE infinity would leave codes without a meaning.
    const auto fnuz = [](float_format& f) {
        f.infinity = infinity_codes::none, f.nan = nan_codes::negative_zero, f.has_negative_zero = false;
    };
    CHECK(with(fnuz));
    CHECK_FALSE(with([&](float_format& f) { fnuz(f), f.has_negative_zero = true; }));
    CHECK_FALSE(with([&](float_format& f) { fnuz(f), f.is_signed = false; }));
    CHECK_FALSE(with([&](float_format& f) { fnuz(f), f.infinity = infinity_codes::ieee; }));
    // IEEE infinity and NaN come together, but for an infinity that has the all-ones exponent for itself.
    CHECK_FALSE(with([](float_format& f) { f.infinity = infinity_codes::none; }));
    CHECK_FALSE(with([](float_format& f) { f.infinity = infinity_codes::top; }));
    CHECK_FALSE(with([](float_format& f) { f.nan = nan_codes::none; }));
    CHECK_FALSE(with([](float_format& f) { f.nan = nan_codes::top; }));
    CHECK(with([](float_format& f) { f.nan = nan_codes::none, f.significand_bits = 0; }));
    CHECK_FALSE(with([](float_format& f) { f.nan = nan_codes::top, f.significand_bits = 0; }));
    CHECK(with([](float_format& f) { f.infinity = infinity_codes::top, f.nan = nan_codes::top; }));
    // Room for two finite codes.
    const auto tiny = [](float_format& f) {
        f.exponent_bits = 1, f.significand_bits = 1, f.infinity = infinity_codes::top, f.nan = nan_codes::top;
    };
    CHECK(with(tiny));
    CHECK_FALSE(with([&](float_format& f) { tiny(f), f.significand_bits = 0; }));
    CHECK_FALSE(with([](float_format& f) { f.is_signed = false; }));  // a negative zero without a sign
    CHECK(with([](float_format& f) { f.is_signed = false, f.has_negative_zero = false; }));
    CHECK_FALSE(with([](float_format& f) { f.has_zero = false; }));
    CHECK(with([](float_format& f) { f.has_zero = false, f.has_negative_zero = false; }));
    for_each_format([]<float_format F>() { CHECK(is_consistent(F)); });
}

TEST_CASE("float_format: derived numbers against a search through all codes") {
    for_each_format([]<float_format F>() {
        CAPTURE(name<F>());
        CHECK(F.width() == F.exponent_bits + F.significand_bits + (F.is_signed ? 1 : 0));
        CHECK(F.precision() == F.significand_bits + 1);
        const std::uint64_t codes = std::uint64_t{1} << (F.exponent_bits + F.significand_bits);
        CHECK(F.top_code() == codes - 1);
        CHECK(F.sign_bit() == (F.is_signed ? codes : 0));
        std::uint64_t max_finite = 0;
        for (std::uint64_t code = 0; code < codes; ++code) {
            const real x = reference::decode(F, code);
            if (x.what == kind::finite) max_finite = code;
            if (x.what == kind::infinity) CHECK(F.infinity_code() == code);
        }
        CHECK(F.max_finite_code() == max_finite);
        CHECK(F.max_exponent() == reference::exponent_of(reference::formula(F, max_finite)));
        const std::uint64_t smallest_normal = F.has_zero ? std::uint64_t{1} << F.significand_bits : 0;
        CHECK(F.min_exponent() == reference::exponent_of(reference::formula(F, smallest_normal)));
    });
}

TEST_CASE("decode: all codes") {
    for_each_format([]<float_format F>() {
        tally cases("decode " + name<F>());
        for (std::uint64_t code = 0; code < std::uint64_t{1} << F.width(); ++code) {
            const dyad::unpacked got = decode<F>(static_cast<float_bits<F>>(code));
            const bool zero_or_not = (got.kind == dyad::number_class::finite) == (got.significand != 0) ||
                                     got.kind == dyad::number_class::nan;
            cases.check(zero_or_not && real_of(got) == reference::decode(F, code), "code ", code, ": ", got);
        }
    });
}

TEST_CASE("encode: what decode gave comes back, in every rounding and saturation, NaN payloads included") {
    for_each_format([]<float_format F>() {
        tally cases("identity " + name<F>());
        for (std::uint64_t code = 0; code < std::uint64_t{1} << F.width(); ++code) {
            const dyad::unpacked x = decode<F>(static_cast<float_bits<F>>(code));
            // Saturation means infinities; a flushed subnormal reads as zero.
            const bool flushed = F.subnormals == dyad::subnormal_codes::flushed && x.kind == dyad::number_class::zero;
            const std::uint64_t back = flushed ? code & F.sign_bit() : code;
            for (const saturation policy : reference::all_saturations) {
                if (policy == saturation::finite && x.kind == dyad::number_class::infinity) continue;
                for (const rounding mode : dyad_test::all_rounding_modes)
                    cases.check(encode<F>(x, mode, policy) == back, "code ", code, ", ", mode);
                for (const auto variant : dyad_test::all_stochastic_variants) {
                    const dyad::stochastic all_ones{variant, 32, 0xffff'ffff};
                    cases.check(encode<F>(x, all_ones, policy) == back, "code ", code, ", ", all_ones);
                }
            }
        }
    });
}

template <float_format F, class Rule>
void check_encode(tally& cases, const dyad::unpacked& x, const reference::target& target, Rule rule) {
    for (const saturation policy : reference::all_saturations) {
        const dyad::int128_t expected = target.code(rule, policy);
        const auto got = encode<F>(x, rule, policy);
        cases.check(got == expected, x, ", ", rule, ", saturation ", static_cast<int>(policy), ": got ", got,
                    ", expected ", expected);
    }
}

TEST_CASE("encode: doubles at the values of a format, at the midpoints, and next to both") {
    for_each_small_format([]<float_format F>() {
        tally cases("encode " + name<F>());
        std::vector<double> inputs;
        reference::add_thresholds(inputs, F);
        for (const double x : {0.0, 1e300, 1e-300, HUGE_VAL, std::numeric_limits<double>::quiet_NaN()}) {
            inputs.push_back(x);
            inputs.push_back(-x);
        }
        reference::float_target target(F);
        for (const double x : inputs) {
            target.take(real_of(x));
            const dyad::unpacked value = decode<dyad::binary64_format>(std::bit_cast<std::uint64_t>(x));
            for (const rounding mode : dyad_test::all_rounding_modes) check_encode<F>(cases, value, target, mode);
            for (const auto variant : dyad_test::all_stochastic_variants)
                for (std::uint32_t bits = 0; bits < 4; ++bits)
                    check_encode<F>(cases, value, target, dyad::stochastic{variant, 2, bits});
        }
    });
}

TEST_CASE("encode: words of every width and significands in any alignment give the same code") {
    tally cases("alignment");
    std::mt19937_64 random(3);
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t digits = random() >> 58;
        const int exponent = static_cast<int>(random() % 24) - 14;
        if (digits == 0) continue;
        const auto small =
            dyad::basic_unpacked<std::uint8_t>::finite(false, static_cast<std::uint8_t>(digits), exponent);
        const int up = static_cast<int>(random() % 58);
        const auto shifted = dyad::unpacked::finite(false, digits << up, exponent - up);
        const auto wide = dyad::unpacked_wide::finite(false, dyad::uint128_t{digits} << (up + 64), exponent - up - 64);
        for (const rounding mode : dyad_test::all_rounding_modes) {
            constexpr auto F = dyad::float8_e4m3fn_format;
            const auto code = encode<F>(small, mode, saturation::none);
            cases.check(code == encode<F>(shifted, mode, saturation::none), shifted, ", ", mode);
            cases.check(code == encode<F>(wide, mode, saturation::none), wide, ", ", mode);
        }
    }
}

TEST_CASE("encode and decode: binary32 and binary64 are C++'s float and double") {
    tally cases("native");
    std::mt19937_64 random(11);
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint64_t code = random();
        const auto single = static_cast<std::uint32_t>(code >> 32);
        const dyad::unpacked x = decode<dyad::binary64_format>(code);
        const dyad::unpacked y = decode<dyad::binary32_format>(single);
        cases.check(encode<dyad::binary64_format>(x, rounding::to_odd, saturation::none) == code, x);
        cases.check(encode<dyad::binary32_format>(y, rounding::to_odd, saturation::none) == single, y);
        const auto native = std::bit_cast<double>(code);
        if (std::isnan(native)) continue;
        // The machine rounds to nearest even in its default environment.
        const float narrowed = static_cast<float>(native);
        cases.check(encode<dyad::binary32_format>(x, rounding::nearest_even, saturation::none) ==
                        std::bit_cast<std::uint32_t>(narrowed),
                    x);
        const auto value = std::bit_cast<float>(single);
        if (!std::isnan(value))
            cases.check(std::bit_cast<double>(
                            encode<dyad::binary64_format>(y, rounding::nearest_even, saturation::none)) == value,
                        y);
    }
}

TEST_CASE("encode: tf32, 19 bits, against float") {
    tally cases("tf32");
    std::mt19937_64 random(19);
    for (int i = 0; i < 300'000; ++i) {
        const auto code = static_cast<std::uint32_t>(random());
        const auto x = std::bit_cast<float>(code);
        if (std::isnan(x)) continue;
        // tf32 is a float without its low 13 bits, so that rounding is integer arithmetic on the code.
        const std::uint32_t odd = (code >> 13) & 1;
        const std::uint32_t even = (code + 0xfff + odd) >> 13;
        const dyad::unpacked value = decode<dyad::binary32_format>(code);
        cases.check(encode<tf32>(value, rounding::nearest_even, saturation::none) == even, value);
        cases.check(encode<tf32>(value, rounding::nearest_away, saturation::none) == (code + 0x1000) >> 13, value);
        cases.check(encode<tf32>(value, rounding::toward_zero, saturation::propagate) == code >> 13, value);
    }
}

TEST_CASE("encode: a value the format has no code for") {
    constexpr auto e8m0 = dyad::float8_e8m0fnu_format;
    const auto one = dyad::unpacked::finite(false, 1, 0);
    const auto minus_one = dyad::unpacked::finite(true, 1, 0);
    const auto zero = dyad::unpacked::zero(false);
    static_assert(encode<e8m0>(dyad::unpacked::finite(false, 1, 0), rounding::nearest_even, saturation::none) == 127);
    CHECK(encode<e8m0>(one, rounding::nearest_even, saturation::none) == 127);
    CHECK(encode<e8m0>(minus_one, rounding::nearest_even, saturation::none) == 255);
    CHECK(encode<e8m0>(zero, rounding::nearest_even, saturation::none) == 255);
    CHECK(encode<e8m0>(zero, rounding::nearest_even, saturation::finite) == 0);
    // NaN where the format has none, and -tiny where the code of -0 is a NaN.
    CHECK(encode<dyad::float6_e3m2fn_format>(dyad::unpacked::nan(true, 1), rounding::nearest_even, saturation::none) ==
          0b0'111'11);
    CHECK(encode<dyad::float8_e4m3fnuz_format>(dyad::unpacked::finite(true, 1, -40), rounding::nearest_even,
                                               saturation::none) == 0);
}

}  // namespace
