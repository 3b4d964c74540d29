// SPDX-License-Identifier: Apache-2.0
// The reference for quantizing against the definition in rationals: quotients and shares of steps written out, and
// every code by counting. So what the other tests compare the library with is right.
#include "support/reference_quantize.hpp"

#include <dyad/array/packed.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::power_of_two;
using dyad_test::tally;
using reference::element_format;
using reference::scale_format;
using reference::scaling;

cpp_rational rational(const reference::narrow_dyadic& x) {
    return cpp_rational(dyad_test::to_integer(x.significand)) * power_of_two(x.exponent);
}
cpp_rational rational(float x) {
    int exponent = 0;
    const float m = std::frexp(x, &exponent);
    return cpp_rational(static_cast<std::int64_t>(std::ldexp(m, 24))) * power_of_two(exponent - 24);
}

/// The position of q >= 0 among values counted from 0: 2.25 lies a quarter of the way from number 2 to number 3.
template <class Values>
cpp_rational position(const Values& value, std::uint64_t last, const cpp_rational& q) {
    for (std::uint64_t n = 0; n < last; ++n) {
        const cpp_rational low = value(n);
        const cpp_rational high = value(n + 1);
        if (low <= q && q < high) return cpp_rational(n) + (q - low) / (high - low);
    }
    return cpp_rational(last) + 1;
}

template <class Rule>
std::int64_t slow_code(const element_format& e, const cpp_rational& x, bool negative, const cpp_rational& r,
                       const Rule& rule, saturation policy, std::int64_t zero) {
    cpp_rational q = r == 0 ? cpp_rational(0) : cpp_rational(abs(x) / r);
    if (!e.is_float()) {
        q /= power_of_two(e.unit());
        const cpp_int raw = dyad_test::reference_round(negative ? cpp_rational(-q) : q, rule) + zero;
        return raw < e.min_raw() ? e.min_raw() : raw > e.max_raw() ? e.max_raw() : static_cast<std::int64_t>(raw);
    }
    const auto& f = e.rules().format();
    const auto value = [&](std::uint64_t n) {
        const reference::exact m = reference::formula(f, n);
        return cpp_rational(cpp_int(m)) * power_of_two(-reference::unit_digits);
    };
    const std::uint64_t max = e.rules().max_code();
    const cpp_rational t = position(value, max + 1, q);
    const bool beyond = t > max + 1;
    const cpp_int n =
        beyond ? cpp_int(max) : cpp_int(abs(dyad_test::reference_round(negative ? cpp_rational(-t) : t, rule)));
    // Beyond the step behind the largest only the direction counts.
    std::uint64_t code = static_cast<std::uint64_t>(n);
    if (beyond) {
        const cpp_rational inside = cpp_rational(2 * max + 1, 2) + cpp_rational(1, 1000000007) * 500000003;
        code = static_cast<std::uint64_t>(
            cpp_int(abs(dyad_test::reference_round(negative ? cpp_rational(-inside) : inside, rule))));
    }
    return static_cast<std::int64_t>(
        e.rules().code(reference::kind::finite, negative, 0, q == 0, code, beyond, policy));
}

std::uint64_t slow_scale(const scale_format& s, const cpp_rational& q, rounding mode) {
    const auto value = [&](std::uint64_t n) { return rational(s.value(n)); };
    if (q >= value(s.max_code())) return s.max_code();
    if (q < value(0)) return 0;
    return static_cast<std::uint64_t>(dyad_test::reference_round(position(value, s.max_code(), q), mode));
}

cpp_rational slow_error(const element_format& e, const std::vector<float>& x, const cpp_rational& r) {
    cpp_rational sum = 0;
    for (const float y : x) {
        const std::int64_t code =
            slow_code(e, rational(y), std::signbit(y), r, rounding::nearest_even, saturation::finite, 0);
        const auto value = reference::decode_element(e, code);
        const cpp_rational v = rational(value.magnitude) * r * (value.negative ? -1 : 1);
        sum += (rational(y) - v) * (rational(y) - v);
    }
    return sum;
}

int ceiling_of_log(const cpp_rational& q) {
    const int k = dyad_test::top_exponent_of(q);
    return q == power_of_two(k) ? k : k + 1;
}

std::uint64_t slow_scale_of(const element_format& e, const scale_format& s, const reference::group_recipe& how,
                            const std::vector<float>& x) {
    const cpp_rational g = rational(how.tensor_scale);
    const cpp_rational max = rational(e.largest());
    const int emax = dyad_test::top_exponent_of(max);
    cpp_rational a = 0;
    cpp_rational sum = 0;
    for (const float y : x) {
        if (abs(rational(y)) > a) a = abs(rational(y));
        sum += abs(rational(y));
    }
    if (a == 0) return 0;
    const auto power = [&](int k) { return slow_scale(s, power_of_two(k + how.headroom), rounding::toward_positive); };
    const auto nearest = [&](const cpp_rational& q) { return slow_scale(s, q, rounding::nearest_even); };
    const cpp_rational big_a = a / g;
    switch (how.rule) {
        case scaling::floor: return power(dyad_test::top_exponent_of(big_a) - emax);
        case scaling::ceil: return power(ceiling_of_log(big_a) - emax);
        case scaling::even:
            return power(dyad_test::top_exponent_of(
                             dyad_test::reference_round_to_digits(big_a, e.precision(), rounding::nearest_even)) -
                         emax);
        case scaling::rceil: return power(ceiling_of_log(big_a / max));
        case scaling::nearest: return nearest(big_a / max);
        case scaling::largest: return nearest(big_a);
        case scaling::absmean: return nearest(sum / static_cast<std::int64_t>(x.size()) / g);
        case scaling::four_over_six: break;
        case scaling::min_max: return 0;
    }
    const std::uint64_t six = nearest(big_a / max);
    const std::uint64_t four = nearest(big_a / (max * cpp_rational(2, 3)));
    return slow_error(e, x, rational(s.value(four)) * g) < slow_error(e, x, rational(s.value(six)) * g) ? four : six;
}

/// Scale and zero point of rule min_max.
void slow_min_max(const element_format& e, const scale_format& s, float g, const std::vector<float>& x,
                  std::uint64_t& scale, std::int64_t& zero) {
    cpp_rational low = 0;
    cpp_rational high = 0;
    for (const float y : x) {
        if (rational(y) < low) low = rational(y);
        if (rational(y) > high) high = rational(y);
    }
    scale = 0;
    const cpp_rational unit = power_of_two(e.unit());
    if (low != high)
        scale = slow_scale(s, (high - low) / rational(g) / (cpp_rational(e.max_raw() - e.min_raw()) * unit),
                           rounding::nearest_even);
    const cpp_rational r = rational(s.value(scale)) * rational(g) * unit;
    cpp_int z = 0;
    if (r != 0) z = dyad_test::reference_round(cpp_rational(e.min_raw()) - low / r, rounding::nearest_even);
    zero = z < e.min_raw() ? e.min_raw() : z > e.max_raw() ? e.max_raw() : static_cast<std::int64_t>(z);
}

/// Values of one block: magnitudes over few or many binades, multiples of halves of a power of two, zeros, extremes.
std::vector<float> random_block(std::mt19937_64& random, std::size_t n) {
    const auto kind = random() % 6;
    const int centre = kind == 0 ? static_cast<int>(random() % 277) - 149 : static_cast<int>(random() % 40) - 20;
    const int spread = 1 + static_cast<int>(random() % (kind == 1 ? 40 : 4));
    std::vector<float> x(n);
    for (float& y : x) {
        const int exponent = centre - static_cast<int>(random() % static_cast<unsigned>(spread));
        const double m =
            kind >= 4 ? static_cast<double>(random() % 64) / 8 : static_cast<double>(random() >> 11) * 0x1p-53 + 1;
        y = static_cast<float>(std::ldexp(m, exponent));
        if (random() % 9 == 0) y = 0;
        if (!std::isfinite(y)) y = 0x1.fffffep127f;
        if (random() % 2 == 0) y = -y;
    }
    return x;
}

template <class Rule>
void check_group(tally& cases, const element_format& e, const scale_format& s, const reference::group_recipe& how,
                 const std::vector<float>& x, const Rule& rule) {
    std::vector<std::uint64_t> indices(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) indices[i] = 1000 + 7 * i;
    reference::quantized_group group;
    quantize_group(e, s, how, x, indices, rule, group);
    std::uint64_t scale = 0;
    std::int64_t zero = 0;
    if (how.rule == scaling::min_max) slow_min_max(e, s, how.tensor_scale, x, scale, zero);
    else scale = slow_scale_of(e, s, how, x);
    const cpp_rational r = rational(s.value(scale)) * rational(how.tensor_scale);
    bool same = group.scale == scale && group.zero_point == zero && !group.refused && !group.poisoned;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto one = reference::rule_at(rule, indices[i]);
        same = same && group.codes[i] == slow_code(e, rational(x[i]), std::signbit(x[i]), r, one, how.policy, zero);
    }
    cases.check(same, "rule ", static_cast<int>(how.rule), " headroom ", how.headroom, " g ", how.tensor_scale,
                " scale ", scale, " model ", group.scale, " first value ", x[0]);
}

void check_formats(tally& cases, const element_format& e, const scale_format& s, int blocks, bool with_zero_points) {
    std::mt19937_64 random(static_cast<std::uint64_t>(blocks + e.precision() * 100) + s.max_code());
    for (int block = 0; block < blocks; ++block) {
        reference::group_recipe how;
        how.rule = static_cast<scaling>(random() % (with_zero_points ? 9 : 8));
        if (how.rule <= scaling::rceil && random() % 4 == 0) how.headroom = static_cast<int>(random() % 7) - 3;
        const float scales[]{1, 1, 0.375f, 0x1p-149f, 0x1.234568p30f, 0x1.8p-20f, 0x1.fffffep127f};
        how.tensor_scale = scales[random() % 7];
        how.policy = static_cast<saturation>(random() % 3);
        const std::vector<float> x = random_block(random, 1 + random() % 6);
        check_group(cases, e, s, how, x, dyad_test::all_rounding_modes[random() % 7]);
        const int n = 1 + static_cast<int>(random() % (random() % 2 == 0 ? 4 : 32));
        check_group(cases, e, s, how, x,
                    dyad::stochastic_stream{static_cast<dyad::stochastic_variant>(random() % 3), n, random(), 5});
    }
}

TEST_CASE("reference for quantizing: as rationals say") {
    tally cases("groups of the reference");
    const scale_format e8m0(dyad::float8_e8m0fnu_format);
    const scale_format e4m3(dyad::float8_e4m3fn_format);
    const scale_format p1(dyad::binary8p1uf::format);
    const scale_format powers(-128, 127);
    const element_format e2m1 = reference::element_format_of<dyad::float4_e2m1fn>();
    check_formats(cases, e2m1, e8m0, 600, false);
    check_formats(cases, e2m1, e4m3, 400, false);
    check_formats(cases, e2m1, p1, 100, false);
    check_formats(cases, reference::element_format_of<dyad::float6_e2m3fn>(), e8m0, 50, false);
    check_formats(cases, reference::element_format_of<dyad::float6_e3m2fn>(), powers, 50, false);
    check_formats(cases, reference::element_format_of<dyad::float8_e5m2>(), e8m0, 30, false);
    check_formats(cases, reference::element_format_of<dyad::float8_e4m3fn>(), p1, 30, false);
    check_formats(cases, reference::element_format_of<dyad::fixed<8, 6>>(), e8m0, 600, true);
    check_formats(cases, reference::element_format_of<dyad::int4>(), e4m3, 200, true);
    check_formats(cases, reference::element_format_of<dyad::uint4>(), powers, 200, true);
    check_formats(cases, reference::element_format_of<dyad::ternary>(), e4m3, 200, false);
}

TEST_CASE("reference for quantizing: codes have the values of their formats, and floats are rounded once") {
    tally cases("values");
    const auto e = reference::element_format_of<dyad::float8_e5m2>();
    for (std::uint32_t code = 0; code < 256; ++code) {
        const auto x = reference::decode(dyad::float8_e5m2_format, code);
        const auto y = reference::decode_element(e, code);
        const bool same =
            x.what == y.what && x.negative == y.negative &&
            (x.what != reference::kind::finite ||
             rational(y.magnitude) == cpp_rational(cpp_int(x.magnitude)) * power_of_two(-reference::unit_digits));
        cases.check(same, "code ", code);
    }
    std::mt19937_64 random(3);
    reference::float_target target(dyad::binary32_format);
    for (int i = 0; i < 20'000; ++i) {
        const dyad::uint128_t high = random() >> (random() % 64);
        const dyad::uint128_t m = ((high << 64) | random()) >> (random() % 100);
        const int exponent = static_cast<int>(random() % 420) - 220;
        const bool negative = random() % 2 != 0;
        target.take({reference::kind::finite, negative, reference::scaled(m, exponent)});
        const float x = reference::nearest_float(negative, {m, exponent});
        cases.check(std::bit_cast<std::uint32_t>(x) ==
                        static_cast<std::uint32_t>(target.code(rounding::nearest_even, saturation::none)),
                    m, " * 2^", exponent, " became ", x);
    }
}

}  // namespace
