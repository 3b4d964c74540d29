// SPDX-License-Identifier: Apache-2.0
// add, subtract, multiply, divide and the comparisons on all pairs of codes of every named format of at most 8 bits,
// fma on 2^20 samples of each, sqrt of all codes: every rounding and saturation against the exact result.
#include <dyad/number/operations.hpp>

#include <dyad/number/arithmetic.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/all_formats.hpp"
#include "support/exact.hpp"
#include "support/ladder.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;
using reference::dyadic;
using reference::kind;
using reference::ladder;
using reference::real;

/// The operations of one format behind plain functions, so that the loops are compiled once.
struct operations {
    const char* name = nullptr;
    dyad::float_format format;
    using binary_function = std::uint32_t (*)(std::uint32_t, std::uint32_t, rounding, saturation);
    binary_function add = nullptr;
    binary_function subtract = nullptr;
    binary_function multiply = nullptr;
    binary_function divide = nullptr;
    std::uint32_t (*fma)(std::uint32_t, std::uint32_t, std::uint32_t, rounding, saturation) = nullptr;
    std::uint32_t (*sqrt)(std::uint32_t, rounding, saturation) = nullptr;
    std::uint32_t (*by_operator)(char, std::uint32_t, std::uint32_t) = nullptr;
    bool (*compares)(std::uint32_t, std::uint32_t, int) = nullptr;
};

template <class T>
T at(std::uint32_t code) {
    return T::from_bits(static_cast<typename T::bits_type>(code));
}

template <class T>
std::uint32_t by_operator(char operation, std::uint32_t a, std::uint32_t b) {
    const T x = at<T>(a);
    const T y = at<T>(b);
    return (operation == '+' ? x + y : operation == '-' ? x - y : operation == '*' ? x * y : x / y).bits();
}

/// Do all comparisons say `order`, -1, 0, 1 or 2 for unordered?
template <class T>
bool compares(std::uint32_t a, std::uint32_t b, int order) {
    const T x = at<T>(a);
    const T y = at<T>(b);
    const auto wanted = order == 2   ? std::partial_ordering::unordered
                        : order == 0 ? std::partial_ordering::equivalent
                        : order < 0  ? std::partial_ordering::less
                                     : std::partial_ordering::greater;
    return (x <=> y) == wanted && (x == y) == (order == 0) && (x != y) == (order != 0) && (x < y) == (order == -1) &&
           (x > y) == (order == 1) && (x <= y) == (order == -1 || order == 0) && (x >= y) == (order == 1 || order == 0);
}

template <class T>
operations operations_of(const char* name) {
    using code = std::uint32_t;
    operations o{name, T::format};
    o.add = [](code x, code y, rounding r, saturation s) -> code { return add(at<T>(x), at<T>(y), r, s).bits(); };
    o.subtract = [](code x, code y, rounding r, saturation s) -> code {
        return subtract(at<T>(x), at<T>(y), r, s).bits();
    };
    o.multiply = [](code x, code y, rounding r, saturation s) -> code {
        return multiply(at<T>(x), at<T>(y), r, s).bits();
    };
    o.divide = [](code x, code y, rounding r, saturation s) -> code { return divide(at<T>(x), at<T>(y), r, s).bits(); };
    o.fma = [](code x, code y, code z, rounding r, saturation s) -> code {
        return fma(at<T>(x), at<T>(y), at<T>(z), r, s).bits();
    };
    o.sqrt = [](code x, rounding r, saturation s) -> code { return sqrt(at<T>(x), r, s).bits(); };
    o.by_operator = &by_operator<T>;
    o.compares = &compares<T>;
    return o;
}

/// Every named format of at most 8 bits, and some of P3109's.
std::vector<operations> small_formats() {
    std::vector<operations> all;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto add_format = [&all]<class T>(T, const char* name) {
            if constexpr (T::width <= 8) all.push_back(operations_of<T>(name));
        };
        (add_format(reference::format_at<I>{}, reference::format_names[I]), ...);
    }
    (std::make_index_sequence<reference::named_count>{});
    all.push_back(operations_of<dyad::binary8p4se>("binary8p4se"));
    all.push_back(operations_of<dyad::binary8p3se>("binary8p3se"));
    all.push_back(operations_of<dyad::binary8p1uf>("binary8p1uf"));
    all.push_back(operations_of<dyad::binary8p7ue>("binary8p7ue"));
    all.push_back(operations_of<dyad::binary4p2sf>("binary4p2sf"));
    return all;
}

std::vector<real> values_of(const dyad::float_format& f) {
    std::vector<real> all;
    for (std::uint64_t code = 0; code >> f.width() == 0; ++code) all.push_back(reference::decode(f, code));
    return all;
}

/// A sum's zero is -0 when rounding toward negative, unless both are zeros of one sign.
bool cancels(const real& x, const real& y) {
    return x.what == kind::finite && y.what == kind::finite && x.magnitude == y.magnitude && x.negative != y.negative;
}
real minus(const real& x) { return x.what == kind::nan ? x : negated(x); }

/// IEEE 754; but a format whose zero has no sign gives NaN for x / 0.
real ratio(const dyad::float_format& f, const real& x, const real& y) {
    const bool signless = !f.has_negative_zero && f.nan != dyad::nan_codes::none;
    if (signless && is_zero(y) && x.what != kind::nan) return reference::invalid();
    return quotient(x, y);
}

/// One result in every rounding and saturation.
template <class Operation>
void check_result(tally& cases, reference::float_target& target, const real& exact, bool cancelled, Operation result,
                  const char* what, std::uint32_t x, std::uint32_t y) {
    for (const rounding mode : dyad_test::all_rounding_modes) {
        if (cancelled && mode == rounding::toward_negative) target.take({kind::finite, true, 0});
        else if (cancelled || mode == dyad_test::all_rounding_modes.front()) target.take(exact);
        for (const saturation policy : reference::all_saturations) {
            const auto expected = target.code(mode, policy);
            const std::uint32_t got = result(mode, policy);
            cases.check(got == expected, what, " of ", x, " and ", y, ", ", mode, ", saturation ",
                        static_cast<int>(policy), ": got ", got, ", expected ", expected);
        }
    }
}

void check_pair(tally& cases, reference::float_target& target, const operations& o, const std::vector<real>& values,
                std::uint32_t x, std::uint32_t y) {
    const real& a = values[x];
    const real& b = values[y];
    const auto with = [x, y](operations::binary_function f) {
        return [=](rounding mode, saturation policy) { return f(x, y, mode, policy); };
    };
    check_result(cases, target, sum(a, b), cancels(a, b), with(o.add), "sum", x, y);
    check_result(cases, target, sum(a, minus(b)), cancels(a, minus(b)), with(o.subtract), "difference", x, y);
    check_result(cases, target, product(a, b), false, with(o.multiply), "product", x, y);
    check_result(cases, target, ratio(o.format, a, b), false, with(o.divide), "quotient", x, y);
    constexpr auto even = rounding::nearest_even;
    constexpr auto none = saturation::none;
    cases.check(o.by_operator('+', x, y) == o.add(x, y, even, none), x, " + ", y);
    cases.check(o.by_operator('-', x, y) == o.subtract(x, y, even, none), x, " - ", y);
    cases.check(o.by_operator('*', x, y) == o.multiply(x, y, even, none), x, " * ", y);
    cases.check(o.by_operator('/', x, y) == o.divide(x, y, even, none), x, " / ", y);
    cases.check(o.compares(x, y, order(a, b)), "comparison of ", x, " and ", y);
}

TEST_CASE("add, subtract, multiply, divide, comparisons: all pairs, every rounding, every saturation") {
    for (const operations& o : small_formats()) {
        tally cases(std::string("pairs of ") + o.name);
        reference::float_target target(o.format);
        const std::vector<real> values = values_of(o.format);
        for (std::uint32_t x = 0; x < values.size(); ++x)
            for (std::uint32_t y = 0; y < values.size(); ++y) check_pair(cases, target, o, values, x, y);
    }
}

TEST_CASE("fma: 2^20 seeded triples of each format, each in one rounding and saturation") {
    for (const operations& o : small_formats()) {
        if (std::string_view(o.name).starts_with("binary")) continue;
        tally cases(std::string("fma of ") + o.name);
        reference::float_target target(o.format);
        const std::vector<real> values = values_of(o.format);
        std::mt19937_64 random(static_cast<std::uint64_t>(o.format.bias));
        const std::uint64_t mask = values.size() - 1;
        for (int i = 0; i < 1 << 20; ++i) {
            const std::uint64_t bits = random();
            const auto x = static_cast<std::uint32_t>(bits & mask);
            const auto y = static_cast<std::uint32_t>((bits >> 8) & mask);
            const auto z = static_cast<std::uint32_t>((bits >> 16) & mask);
            const rounding mode = dyad_test::all_rounding_modes[(bits >> 32) % 7];
            const saturation policy = reference::all_saturations[(bits >> 48) % 3];
            const real multiple = product(values[x], values[y]);
            real exact = sum(multiple, values[z]);
            if (cancels(multiple, values[z]) && mode == rounding::toward_negative) exact = negated(exact);
            target.take(exact);
            const auto expected = target.code(mode, policy);
            const std::uint32_t got = o.fma(x, y, z, mode, policy);
            cases.check(got == expected, x, " * ", y, " + ", z, ", ", mode, ", saturation ", static_cast<int>(policy),
                        ": got ", got, ", expected ", expected);
        }
    }
}

// --- square roots ---

dyadic square(const dyadic& x) { return {x.m * x.m, 2 * x.e}; }
/// (x + y) / 2, for neighbours.
dyadic average(const dyadic& x, const dyadic& y) {
    const int e = std::min(x.e, y.e);
    return {(x.m << (x.e - e)) + (y.m << (y.e - e)), e - 1};
}
/// A number with the same place among the values and midpoints of a format as the root of x, by comparing squares.
dyadic stand_in_for_root(const ladder& target, const dyadic& x) {
    const auto& values = target.values();
    const auto above = [](const dyadic& a, const dyadic& b) { return order(a, square(b)) < 0; };
    const auto upper = std::upper_bound(values.begin(), values.end(), x, above);
    if (upper == values.end()) return values.back();
    if (upper == values.begin()) return {values.front().m, values.front().e - 1};
    const dyadic& low = *(upper - 1);
    if (order(square(low), x) == 0) return low;
    const dyadic& middle = target.midpoints()[static_cast<std::size_t>(upper - values.begin()) - 1];
    const int half = order(x, square(middle));
    return half == 0 ? middle : half < 0 ? average(low, middle) : average(middle, *upper);
}

void check_roots(const operations& o) {
    tally cases(std::string("square roots of ") + o.name);
    ladder target(o.format);
    for (std::uint32_t code = 0; code >> o.format.width() == 0; ++code) {
        const real x = reference::class_of(o.format, code);
        const std::uint64_t magnitude = code & o.format.top_code();
        const dyadic value = ladder::value(o.format, magnitude);
        real root = x;
        const bool finite = x.what == kind::finite;
        if (x.what != kind::nan && x.negative && !(finite && value.m == 0)) root = reference::invalid();
        target.take(root.what == kind::finite && value.m != 0 ? stand_in_for_root(target, value) : dyadic{});
        for (const rounding mode : dyad_test::all_rounding_modes) {
            for (const saturation policy : reference::all_saturations) {
                const auto expected = target.code(root.what, root.negative, root.payload, mode, policy);
                const std::uint32_t got = o.sqrt(code, mode, policy);
                cases.check(got == expected, o.name, " ", code, ", ", mode, ", saturation ", static_cast<int>(policy),
                            ": got ", got, ", expected ", expected);
            }
        }
    }
}

TEST_CASE("sqrt: all codes of every named format, every rounding, every saturation") {
    for (const operations& o : small_formats()) check_roots(o);
    check_roots(operations_of<dyad::bfloat16>("bfloat16"));
    check_roots(operations_of<dyad::float16>("float16"));
    check_roots(operations_of<dyad::tfloat32>("tfloat32"));
}

/// Random significands of every width and perfect squares next to others: the root exactly, or to odd with at least
/// word_width - 3 digits.
template <class S>
void check_root_to_odd(tally& cases, int count) {
    constexpr int width = dyad::word_width<S>;
    std::mt19937_64 random(width);
    for (int i = 0; i < count; ++i) {
        const dyad::uint128_t all = (dyad::uint128_t{random()} << 64) | random();
        auto m = static_cast<S>(static_cast<S>(all) >> (random() % static_cast<unsigned>(width)));
        if (i % 3 == 0) {
            const S half = static_cast<S>(m >> (width / 2));
            m = static_cast<S>(half * half + static_cast<S>(random() % 3) - 1);
        }
        if (m == 0) continue;
        const auto x = dyad::basic_unpacked<S>::finite(false, m, static_cast<int>(random() % 41) - 20);
        const auto got = square_root(x);
        const dyad_test::cpp_rational value = dyad_test::value_of(x);
        const dyad_test::cpp_rational unit = dyad_test::power_of_two(2 * got.exponent);
        const dyad_test::cpp_int digits = dyad_test::to_integer(got.significand);
        const auto squared = [&unit](const dyad_test::cpp_int& n) { return dyad_test::cpp_rational(n * n) * unit; };
        const bool exact = squared(digits) == value;
        const bool to_odd = digits % 2 != 0 && squared(digits - 1) < value && value < squared(digits + 1) &&
                            dyad::bit_width(got.significand) >= width - 3;
        cases.check(got.kind == dyad::number_class::finite && !got.negative && (exact || to_odd), "root of ", x, ": ",
                    got);
    }
}

TEST_CASE("square_root: exact or to odd, at every width") {
    tally cases("roots to odd");
    check_root_to_odd<std::uint16_t>(cases, 20'000);
    check_root_to_odd<std::uint32_t>(cases, 20'000);
    check_root_to_odd<std::uint64_t>(cases, 20'000);
    check_root_to_odd<dyad::uint128_t>(cases, 10'000);
}

}  // namespace
