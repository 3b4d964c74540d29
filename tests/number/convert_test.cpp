// SPDX-License-Identifier: Apache-2.0
// convert: every ordered pair of number types, every rounding, every saturation, against the exact reference.
#include <dyad/number/convert.hpp>

#include <doctest/doctest.h>

#include "support/conversion_check.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace {

using dyad::convert;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::check_all_codes;
using reference::check_into_all;
using reference::name_of;
using reference::real_of;

// Midpoints of all precisions up to a double's, as integers, and their neighbours.
template <class T>
std::vector<T> critical_integers() {
    std::vector<T> all;
    std::mt19937_64 random(7);
    const int width = dyad::word_width<T>;
    const auto add = [&all](dyad::uint128_t m) {
        for (const dyad::uint128_t near : {m - 1, m, m + 1}) {
            all.push_back(static_cast<T>(near));
            all.push_back(static_cast<T>(dyad::uint128_t{0} - near));
        }
    };
    for (int top = 0; top < width; ++top) {
        add(dyad::uint128_t{1} << top);
        for (const int precision : {3, 4, 8, 11, 24, 53}) {
            if (top <= precision) continue;
            for (int repetition = 0; repetition < 6; ++repetition) {
                // precision + 1 leading digits, the last of them 1, then zeros.
                const std::uint64_t digits = (std::uint64_t{1} << precision) | (random() >> (64 - precision)) | 1;
                add(dyad::uint128_t{digits} << (top - precision));
            }
        }
    }
    return all;
}

TEST_CASE(
    "convert: all codes of floats and native integers of up to 16 bits into every type, every rounding, every "
    "saturation") {
    for_each(reference::minifloats{}, [](auto from) { check_all_codes(from); });
    for_each(reference::narrow_integers{}, [](auto from) { check_all_codes(from); });
}

TEST_CASE("convert: doubles and floats at the midpoints of their targets and next to them") {
    const std::vector<double> doubles = reference::critical_doubles();
    std::vector<float> floats;
    for (const double x : doubles) {
        if (std::isnan(x)) {
            floats.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(x) >> 32)));
            continue;
        }
        const float rounded = std::fabs(x) > 0x1p127 ? 0x1.fffffep127f : static_cast<float>(x);
        for (const float near : {rounded, std::nextafter(rounded, 0.0f), std::nextafter(rounded, HUGE_VALF)})
            floats.push_back(near);
    }
    tally cases("convert from double and float");
    check_into_all(cases, doubles);
    check_into_all(cases, floats);
}

TEST_CASE("convert: wide integers at the midpoints of their targets and next to them") {
    tally cases("convert from wide integers");
    check_into_all(cases, critical_integers<std::int32_t>());
    check_into_all(cases, critical_integers<std::uint32_t>());
    check_into_all(cases, critical_integers<std::int64_t>());
    check_into_all(cases, critical_integers<std::uint64_t>());
    check_into_all(cases, critical_integers<dyad::int128_t>());
}

template <class To, class From>
void check_stochastic(tally& cases, const std::vector<From>& sources, int n, std::uint32_t step) {
    const auto target = reference::traits<To>::make();
    for (const From x : sources) {
        target->take(real_of(x));
        for (const auto variant : dyad_test::all_stochastic_variants) {
            for (std::uint64_t bits = 0; bits < std::uint64_t{1} << n; bits += step) {
                const dyad::stochastic rule{variant, n, static_cast<std::uint32_t>(bits)};
                for (const saturation policy : reference::all_saturations) {
                    const auto expected = target->code(rule, policy);
                    const auto got = reference::traits<To>::code(convert<To>(x, rule, policy));
                    cases.check(got == expected, name_of<From>(), " -> ", name_of<To>(), " ", rule, ", input ",
                                reference::traits<From>::code(x), ": got ", got, ", expected ", expected);
                }
            }
        }
    }
}

TEST_CASE("convert: stochastic rounding, all random bits") {
    std::vector<dyad::float16> sampled;
    for (std::uint32_t code = 0; code < 65536; code += 11)
        sampled.push_back(dyad::float16::from_bits(static_cast<std::uint16_t>(code)));
    tally cases("stochastic");
    check_stochastic<dyad::float8_e4m3fn>(cases, sampled, 3, 1);
    check_stochastic<dyad::float8_e5m2>(cases, sampled, 3, 1);
    check_stochastic<dyad::fixed<8, 4>>(cases, sampled, 3, 1);
    check_stochastic<reference::wrapping>(cases, sampled, 3, 1);
    check_stochastic<dyad::integer<8>>(cases, sampled, 3, 1);
    check_stochastic<std::int8_t>(cases, sampled, 3, 1);
    check_stochastic<std::uint16_t>(cases, sampled, 3, 1);
    check_stochastic<dyad::float8_e5m2>(cases, sampled, 1, 1);
}

TEST_CASE("convert: stochastic rounding of doubles and floats with many random bits") {
    std::vector<double> sampled;
    const std::vector<double> doubles = reference::critical_doubles();
    for (std::size_t i = 0; i < doubles.size(); i += 37) sampled.push_back(doubles[i]);
    tally cases("stochastic, wide");
    check_stochastic<dyad::bfloat16>(cases, sampled, 16, 4095);
    check_stochastic<dyad::float8_e4m3fn>(cases, sampled, 32, 0x0f0f'0f0f);
    check_stochastic<float>(cases, sampled, 32, 0x1234'5677);
    check_stochastic<dyad::fixed<16, 15>>(cases, sampled, 24, 0x1f'ffff);
}

TEST_CASE("convert: published examples of double rounding and of overflow") {
    using dyad::bfloat16;
    using dyad::float8_e4m3fn;
    using dyad::float8_e5m2;
    CHECK(convert<bfloat16>(1 + 0x1p-8 + 0x1p-40).bits() == 0b0'01111111'0000001);
    CHECK(convert<float8_e4m3fn>(431.99999999999994).bits() == 0b0'1111'101);  // 416, not 448
    CHECK(convert<float8_e4m3fn>(464.0).bits() == 0b0'1111'110);               // a tie goes to 448, which is even
    CHECK(convert<float8_e4m3fn>(464.00000000000006).bits() == 0b0'1111'111);  // NaN
    CHECK(convert<float8_e4m3fn>(-1e9, rounding::nearest_even, saturation::finite).bits() == 0b1'1111'110);
    CHECK(convert<float8_e5m2>(61440.0).bits() == 0b0'11111'00);
    CHECK(convert<float8_e5m2>(61439.99).bits() == 0b0'11110'11);
    CHECK(convert<float8_e5m2>(1e9, rounding::toward_zero).bits() == 0b0'11110'11);
    CHECK(convert<float8_e5m2>(HUGE_VAL, rounding::nearest_even, saturation::propagate).bits() == 0b0'11111'00);
    CHECK(convert<float8_e5m2>(HUGE_VAL, rounding::nearest_even, saturation::finite).bits() == 0b0'11110'11);
    static_assert(convert<std::int8_t>(-128.5f) == -128);
    static_assert(convert<std::uint8_t>(2.5, rounding::nearest_up) == 3);
}

}  // namespace
