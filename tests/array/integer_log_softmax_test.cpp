// SPDX-License-Identifier: Apache-2.0
// integer_log_softmax against the true logarithms.
#include <dyad/array/integer_log_softmax.hpp>

#include <doctest/doctest.h>

#include "support/softmax_rows.hpp"
#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::fixed;
using dyad::index;
using dyad::integer;
using dyad::integer_log_softmax;
using dyad::multiplier;
using dyad::status;
using dyad::uinteger;
using dyad_test::make_softmax_row;
using dyad_test::marker;
using dyad_test::row_kinds;
using dyad_test::softmax_scales;
using dyad_test::tally;

using s8 = integer<8>;
using s16 = integer<16>;

cpp_bin_float_50 value(multiplier m) { return ldexp(cpp_bin_float_50(m.significand), m.exponent); }

template <class In, class Out>
void check(tally& cases, double& worst, multiplier in, double out_per_unit, std::mt19937_64& random) {
    const multiplier out = multiplier::from_scale(out_per_unit);
    integer_log_softmax<In, Out> plan;
    REQUIRE(plan.set(in, out) == status::ok);
    const auto scale = static_cast<long double>(ldexp(value(in), -In::fraction));
    const auto per_unit = static_cast<long double>(ldexp(value(out), Out::fraction));
    for (const std::size_t n : {1U, 2U, 5U, 64U, 197U, 1000U}) {
        const auto row = make_softmax_row<In>(row_kinds[random() % 8], n, random);
        std::vector<Out> got(n, marker<Out>);
        REQUIRE(plan.run(dyad::make_vector(row.data(), static_cast<index>(n)),
                         dyad::make_vector(got.data(), static_cast<index>(n))) == status::ok);
        const int max = std::max_element(row.begin(), row.end())->raw();
        long double sum = 0;
        for (const In x : row) sum += std::exp(-scale * static_cast<long double>(max - x.raw()));
        for (std::size_t i = 0; i < n; ++i) {
            const long double y = -scale * static_cast<long double>(max - row[i].raw()) - std::log(sum);
            const long double exact = std::max<long double>(y * per_unit, Out::min_raw);
            const auto error = static_cast<double>(std::fabs(static_cast<long double>(got[i].raw()) - exact));
            worst = std::max(worst, error);
            cases.check(error <= 0.5 + 0x1p-20, in.significand, " * 2^", in.exponent, " out ", out_per_unit, " of ", n,
                        ": off by ", error);
        }
    }
}

TEST_CASE("integer_log_softmax: within half a code and 2^-20 of the true logarithm") {
    tally cases("integer_log_softmax");
    double worst = 0;
    std::mt19937_64 random(1);
    for (const multiplier m : softmax_scales()) {
        const multiplier fine{m.significand, m.exponent - 8};
        for (const double out : {0.7, 9.3, 300.1}) {
            check<s8, s8>(cases, worst, m, out, random);
            check<uinteger<8>, s16>(cases, worst, m, out, random);
            check<s16, s16>(cases, worst, fine, out, random);
        }
        check<fixed<8, 4>, fixed<16, 9>>(cases, worst, m, 1.0, random);
    }
    MESSAGE("largest error 1/2 + " << worst - 0.5 << " codes");
    CHECK(worst > 0.499);
}

TEST_CASE("integer_log_softmax: what is not seen gets the lowest code") {
    integer_log_softmax<s8, s8> plan;
    REQUIRE(plan.set(multiplier::from_scale(0.1), multiplier::from_scale(10)) == status::ok);
    const std::vector<s8> row(6, s8::from_raw(3));
    const auto code = [](double y) { return s8::from_raw(static_cast<std::int8_t>(std::lround(-10 * std::log(y)))); };
    const s8 low = s8::from_raw(-128);
    std::vector<s8> out(6, marker<s8>);
    const auto from = dyad::make_matrix(row.data(), 2, 3);
    const auto to = dyad::make_matrix(out.data(), 2, 3);
    REQUIRE(plan.run_causal(from, 0, to) == status::ok);
    CHECK(out == std::vector<s8>{code(1), low, low, code(2), code(2), low});
    const std::vector<std::uint8_t> mask{0, 0, 0, 7, 0, 1};
    REQUIRE(plan.run_masked(from, dyad::make_matrix(mask.data(), 2, 3), to) == status::ok);
    CHECK(out == std::vector<s8>{low, low, low, code(2), low, code(2)});
    REQUIRE(plan.run(from, to) == status::ok);
    CHECK(out == std::vector<s8>(6, code(3)));
}

TEST_CASE("integer_log_softmax: scales at the ends") {
    for (const std::int32_t in : {-2'000'000'000, -60, 60, 2'000'000'000}) {
        for (const std::int32_t to : {-2'000'000'000, -60, 60, 2'000'000'000}) {
            integer_log_softmax<s16, s16> plan;
            REQUIRE(plan.set({1 << 30, in}, {1 << 30, to}) == status::ok);
            const std::vector<s16> row{s16::from_raw(-32768), s16::from_raw(32767)};
            std::vector<s16> out(2);
            REQUIRE(plan.run(dyad::make_vector(row.data(), 2), dyad::make_vector(out.data(), 2)) == status::ok);
            // Far apart, the larger one has the logarithm 0; else both have -ln 2. (Exponents beyond 2^20 are cut.)
            const bool steep = in > 0 && std::int64_t{in} + to > -1000;
            CHECK(out[1].raw() == (in < 0 && to > 0 ? -32768 : 0));
            CHECK(out[0].raw() == (to > 0 || steep ? -32768 : 0));
        }
    }
}

TEST_CASE("integer_log_softmax: bad input gets a status") {
    integer_log_softmax<s8, s8> plan;
    std::vector<s8> row(4);
    const auto v = dyad::make_vector(row.data(), 4);
    CHECK(plan.run(v, v) == status::scale_not_positive);
    CHECK(plan.set({1, 0}, {0, 0}) == status::scale_not_positive);
    CHECK(plan.set({-1, 0}, {1, 0}) == status::scale_not_positive);
    REQUIRE(plan.set({1, 0}, {1, 0}) == status::ok);
    CHECK(plan.run(v, dyad::make_vector(row.data(), 3)) == status::extents_differ);
    CHECK(plan.run(v, dyad::make_vector<s8>(nullptr, 4)) == status::dst_null);
    CHECK(plan.run_masked(dyad::as_row<const s8>(v), {nullptr, {1, 4}, {0, 1}}, dyad::as_row(v)) == status::mask_null);
}

}  // namespace
