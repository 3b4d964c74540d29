// SPDX-License-Identifier: Apache-2.0
// Classes, signs, neighbours, rounding to integers: all codes, against the values of all other codes.
#include <dyad/number/classification.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace {

using dyad::float_class;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::all_codes;
using reference::exact;
using reference::kind;
using reference::name_of;
using reference::real;
using reference::real_of;

template <class T>
dyad::int128_t code_of(const real& x, rounding mode, saturation policy) {
    static const auto target = reference::traits<T>::make();
    target->take(x);
    return target->code(mode, policy);
}

template <class T>
float_class expected_class(const real& x) {
    if (x.what == kind::nan) return float_class::nan;
    if (x.what == kind::infinity) return float_class::infinity;
    if (x.magnitude == 0) return float_class::zero;
    if constexpr (requires { T::format; }) {
        constexpr dyad::float_format f = T::format;
        const int smallest_normal = f.has_zero ? 1 - f.bias : -f.bias;
        if (reference::exponent_of(x.magnitude) < smallest_normal) return float_class::subnormal;
    }
    return float_class::normal;
}

template <class T>
void check_classes() {
    tally cases("classes of " + name_of<T>());
    for (const T x : all_codes<T>()) {
        const real value = real_of(x);
        const float_class expected = expected_class<T>(value);
        cases.check(classify(x) == expected && isnan(x) == (expected == float_class::nan) &&
                        isinf(x) == (expected == float_class::infinity) &&
                        isfinite(x) == (value.what == kind::finite) &&
                        isnormal(x) == (expected == float_class::normal) && signbit(x) == value.negative,
                    x.bits());
    }
}

template <class T>
void check_signs() {
    tally cases("abs and copysign of " + name_of<T>());
    const T minus = std::numeric_limits<T>::lowest();
    const T plus = std::numeric_limits<T>::max();
    for (const T x : all_codes<T>()) {
        real value = real_of(x);
        if (is_signalling(value)) continue;
        value.negative = false;
        const auto positive = code_of<T>(value, rounding::nearest_even, saturation::none);
        value.negative = true;
        const auto negative = code_of<T>(value, rounding::nearest_even, saturation::none);
        const auto code = [](T y) { return reference::traits<T>::code(y); };
        cases.check(code(abs(x)) == positive && code(fabs(x)) == positive && code(copysign(x, plus)) == positive,
                    x.bits());
        cases.check(code(copysign(x, minus)) == negative, x.bits());
    }
}

/// The integer of `mode` below, by exact integers.
real rounded_to_integer(const real& x, rounding mode) {
    if (x.what != kind::finite) return x;
    const exact unit = exact(1) << unsigned{reference::unit_digits};
    reference::place<std::uint64_t> at;
    const exact whole = x.magnitude / unit;
    at.set(0, x.magnitude - whole * unit, unit);
    const bool far = reference::becomes_far(at, x.negative, whole % 2 == 0, mode);
    return {kind::finite, x.negative, exact((whole + (far ? 1 : 0)) * unit)};
}

template <class T>
void check_integers() {
    tally cases("rounding to integers of " + name_of<T>());
    const auto code = [](T y) { return reference::traits<T>::code(y); };
    for (const T x : all_codes<T>()) {
        const real value = real_of(x);
        if (is_signalling(value)) continue;
        for (const rounding mode : dyad_test::all_rounding_modes) {
            const auto expected = code_of<T>(rounded_to_integer(value, mode), rounding::nearest_even, saturation::none);
            cases.check(code(round_to_integer(x, mode)) == expected, mode, " ", x.bits());
        }
        cases.check(code(floor(x)) == code(round_to_integer(x, rounding::toward_negative)), x.bits());
        cases.check(code(ceil(x)) == code(round_to_integer(x, rounding::toward_positive)), x.bits());
        cases.check(code(trunc(x)) == code(round_to_integer(x, rounding::toward_zero)), x.bits());
        cases.check(code(round(x)) == code(round_to_integer(x, rounding::nearest_away)), x.bits());
        cases.check(code(rint(x)) == code(round_to_integer(x, rounding::nearest_even)), x.bits());
    }
}

/// The codes in the order of their values, -0 before +0, without NaN.
template <class T>
std::vector<T> sorted_codes() {
    std::vector<T> codes = all_codes<T>();
    std::erase_if(codes, [](T x) { return real_of(x).what == kind::nan; });
    std::stable_sort(codes.begin(), codes.end(), [](T x, T y) {
        const int order = reference::order(real_of(x), real_of(y));
        return order < 0 || (order == 0 && real_of(x).negative && !real_of(y).negative);
    });
    return codes;
}

/// Neighbours: equal zeros are one place; from below one arrives at -0, from above at +0.
template <class T>
void check_neighbours() {
    tally cases("neighbours in " + name_of<T>());
    const std::vector<T> codes = sorted_codes<T>();
    const auto value_equals = [](T x, T y) { return reference::order(real_of(x), real_of(y)) == 0; };
    for (std::size_t i = 0; i < codes.size(); ++i) {
        std::size_t above = i;
        while (above + 1 < codes.size() && value_equals(codes[above], codes[i])) ++above;
        std::size_t below = i;
        while (below > 0 && value_equals(codes[below], codes[i])) --below;
        const T x = codes[i];
        cases.check(value_equals(next_up(x), codes[above]) && value_equals(next_down(x), codes[below]), x.bits());
        if (is_zero(real_of(next_up(x)))) cases.check(signbit(next_up(x)) == signbit(codes[above]), x.bits());
        if (is_zero(real_of(next_down(x)))) cases.check(signbit(next_down(x)) == signbit(codes[below]), x.bits());
        if constexpr (dyad::single_zero_with_nan<T>) {
            const bool last = value_equals(codes[above], x);
            const bool first = value_equals(codes[below], x);
            cases.check(last ? isnan(next_greater_than(x)) : next_greater_than(x) == codes[above], x.bits());
            cases.check(first ? isnan(next_less_than(x)) : next_less_than(x) == codes[below], x.bits());
        }
    }
}

/// The gap above a nonnegative finite number below the largest is its ulp, and the ulp of its negative.
template <class T>
void check_ulp() {
    tally cases("ulp of " + name_of<T>());
    for (const T x : all_codes<T>()) {
        const real value = real_of(x);
        if (value.what != kind::finite || value.negative) continue;
        const real next = real_of(next_up(x));
        if (next.what != kind::finite || next.magnitude == value.magnitude) continue;
        cases.check(real_of(ulp(x)).magnitude == exact(next.magnitude - value.magnitude), x.bits());
        if constexpr (std::numeric_limits<T>::is_signed) cases.check(ulp(-x) == ulp(x), x.bits());
    }
}

template <class T>
void check_ldexp() {
    tally cases("ldexp of " + name_of<T>());
    for (const T x : all_codes<T>()) {
        real value = real_of(x);
        if (value.what != kind::finite) continue;
        for (const int n : {-200, -30, -9, -4, -1, 0, 1, 3, 8, 40, 200}) {
            real scaled = value;
            // (below 2^-400 one bit stands for all that was cut)
            if (n >= 0) scaled.magnitude <<= static_cast<unsigned>(n);
            else scaled.magnitude >>= static_cast<unsigned>(-n);
            const auto expected = code_of<T>(scaled, rounding::nearest_even, saturation::none);
            cases.check(reference::traits<T>::code(ldexp(x, n)) == expected, x.bits(), " * 2^", n);
        }
        const auto far = reference::traits<T>::code(ldexp(x, 4000));
        cases.check(reference::traits<T>::code(ldexp(x, std::numeric_limits<int>::max())) == far, x.bits());
        const auto near = reference::traits<T>::code(ldexp(x, -4000));
        cases.check(reference::traits<T>::code(ldexp(x, std::numeric_limits<int>::min())) == near, x.bits());
    }
}

template <class T>
void check_all() {
    check_classes<T>();
    check_integers<T>();
    check_neighbours<T>();
    check_ldexp<T>();
    if constexpr (std::numeric_limits<T>::is_signed) check_signs<T>();
}

TEST_CASE("minifloats") {
    check_all<dyad::float8_e5m2>();
    check_all<dyad::float8_e4m3fn>();
    check_all<dyad::float8_e3m4>();
    check_all<dyad::float8_e4m3fnuz>();
    check_all<dyad::float8_e8m0fnu>();
    check_all<dyad::float8_e5m3fnu>();
    check_all<dyad::float6_e2m3fn>();
    check_all<dyad::float4_e2m1fn>();
    check_all<dyad::binary8p4se>();
    check_all<dyad::binary8p3uf>();
    check_all<dyad::binary8p8ue>();
    check_all<dyad::binary5p2ue>();
    check_all<dyad::binary4p1se>();
    check_all<dyad::binary8p1uf>();
    check_classes<dyad::minifloat<reference::float8_e4m3_flushed>>();
    check_neighbours<dyad::minifloat<reference::float8_e4m3_flushed>>();
}

TEST_CASE("ulp is the gap above") {
    check_ulp<dyad::float8_e5m2>();
    check_ulp<dyad::float8_e4m3fn>();
    check_ulp<dyad::float8_e4m3fnuz>();
    check_ulp<dyad::float8_e8m0fnu>();
    check_ulp<dyad::float6_e2m3fn>();
    check_ulp<dyad::binary8p4se>();
    check_ulp<dyad::binary8p2uf>();
    check_ulp<dyad::float16>();
    check_ulp<dyad::fixed<8, 8>>();
    check_ulp<dyad::uinteger<5>>();
}

TEST_CASE("wider minifloats: neighbours in the order of codes") {
    check_classes<dyad::float16>();
    check_integers<dyad::bfloat16>();
    check_neighbours<dyad::float16>();
}

TEST_CASE("fixed-point numbers") {
    check_all<dyad::fixed<8, 4>>();
    check_all<dyad::fixed<8, -3>>();
    check_all<dyad::fixed<7, 9>>();
    check_all<dyad::integer<8>>();
    check_all<dyad::uinteger<6>>();
    CHECK(next_up(dyad::integer<64>::from_raw(INT64_MAX)).raw() == INT64_MAX);
    CHECK(abs(dyad::integer<8>(-128)).raw() == 127);
    CHECK(abs(dyad::fixed<8, 0, dyad::signedness::is_signed, dyad::overflow::wrap>(-128)).raw() == -128);
}

TEST_CASE("found by argument-dependent lookup beside the functions of std") {
    const auto all = []<class T>(T x) {
        using std::abs;
        using std::ceil;
        using std::copysign;
        using std::floor;
        using std::isfinite;
        using std::isnan;
        using std::ldexp;
        using std::signbit;
        return isfinite(x) && !isnan(x) && !signbit(abs(x)) && ldexp(floor(x), 1) <= ldexp(ceil(x), 1) &&
               signbit(copysign(x, -x)) != signbit(x);
    };
    CHECK(all(1.5));
    CHECK(all(dyad::float8_e4m3fn(1.5)));
    CHECK(all(dyad::fixed<16, 8>(1.5)));
}

}  // namespace
