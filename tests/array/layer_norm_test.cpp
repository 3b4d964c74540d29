// SPDX-License-Identifier: Apache-2.0
// layer_norm_integer: the normalized value against 50 digits, the last step exactly; layer_norm_float against long
// double.
#include <dyad/array/layer_norm.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::index;
using dyad::int128_t;
using dyad::integer;
using dyad::status;
using dyad_test::cpp_int;
using dyad_test::tally;

/// x clamped to a range, as a word.
std::int64_t clamped(const cpp_int& x, std::int64_t low, std::int64_t high) {
    return x < low ? low : x > high ? high : static_cast<std::int64_t>(x);
}

constexpr std::int64_t one = std::int64_t{1} << dyad::normalized_fraction;

template <class T>
dyad::vector_view<const T> input(const std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}
template <class T>
dyad::vector_view<T> output(std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}

/// The normalized values themselves, with normalized_fraction bits: gain 2^20 with no fraction, offset 0.
template <class In>
std::vector<std::int64_t> normalized(const std::vector<In>& row, std::uint64_t epsilon) {
    const std::vector<std::int32_t> gains(row.size(), static_cast<std::int32_t>(one));
    const std::vector<std::int64_t> offsets(row.size(), 0);
    std::vector<integer<40>> out(row.size());
    REQUIRE(dyad::layer_norm_integer(input(row), input(gains), input(offsets), 0, epsilon, output(out)) == status::ok);
    std::vector<std::int64_t> raw;
    for (const auto y : out) raw.push_back(y.raw());
    return raw;
}

/// d_i / sqrt(V / n) with d_i = n x_i - sum and V = sum d_i^2 + epsilon, which is (x_i - mean) / sqrt(variance + ...).
template <class In>
std::vector<long double> exactly_normalized(const std::vector<In>& row, std::uint64_t epsilon) {
    const auto n = static_cast<std::int64_t>(row.size());
    std::int64_t sum = 0;
    for (const In x : row) sum += x.raw();
    dyad::uint128_t v = epsilon;  // below 2^14 * 2^60 + 2^64
    for (const In x : row) {
        const auto d = static_cast<dyad::int128_t>(n * x.raw() - sum);
        v += static_cast<dyad::uint128_t>(d * d);
    }
    std::vector<long double> out(row.size(), 0.0L);
    if (v == 0) return out;
    const cpp_bin_float_50 exact_v =
        ldexp(cpp_bin_float_50(static_cast<std::uint64_t>(v >> 64)), 64) + static_cast<std::uint64_t>(v);
    const auto factor = static_cast<long double>(sqrt(n / exact_v));
    for (std::size_t i = 0; i < row.size(); ++i) out[i] = static_cast<long double>(n * row[i].raw() - sum) * factor;
    return out;
}

struct worst {
    double absolute = 0;  // in units of 2^-20
    std::string at;
};

template <class In>
void check_row(tally& cases, worst& w, const std::vector<In>& row, std::uint64_t epsilon, const std::string& what) {
    const std::vector<std::int64_t> got = normalized(row, epsilon);
    const std::vector<long double> exact = exactly_normalized(row, epsilon);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto off = static_cast<double>(std::fabs(static_cast<long double>(got[i]) - exact[i] * one));
        // The root is short by less than 2^-30 of itself; then comes half a unit of rounding.
        const double allowed = 0.5 + static_cast<double>(std::fabs(exact[i])) * 0x1p-30 * static_cast<double>(one);
        cases.check(off <= allowed + 1e-9, what, ", n ", row.size(), ", element ", i, ", epsilon ", epsilon,
                    ": off by ", off);
        if (off <= w.absolute) continue;
        w.absolute = off;
        w.at = what + ", n " + std::to_string(row.size()) + ", element " + std::to_string(i);
    }
}

template <class In>
void check_rows() {
    tally cases("normalized values of " + reference::name_of<In>());
    worst w;
    std::mt19937_64 random(1);
    constexpr std::int64_t low = In::min_raw;
    constexpr std::int64_t high = In::max_raw;
    const auto code = [](std::int64_t raw) { return In::from_raw(static_cast<typename In::raw_type>(raw)); };
    std::vector<std::size_t> sizes;
    for (std::size_t n = 1; n <= 64; ++n) sizes.push_back(n);
    for (const std::size_t n : {192u, 768u, 16383u, 16384u}) sizes.push_back(n);
    for (const std::size_t n : sizes) {
        const auto cube = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
        for (const std::uint64_t epsilon :
             {std::uint64_t{0}, std::uint64_t{1}, static_cast<std::uint64_t>(1e-5 * 256 * cube),
              std::uint64_t{0xffff'ffff'ffff'ffff}}) {
            const auto check = [&](const std::vector<In>& row, const char* what) {
                check_row(cases, w, row, epsilon, what);
            };
            for (const std::int64_t x : {low, std::int64_t{3}, high}) check(std::vector(n, code(x)), "constant");
            for (const std::int64_t spread : {std::int64_t{3}, std::int64_t{40}, high - low}) {
                std::vector<In> row;
                const std::int64_t first = spread == high - low ? low : 3;
                for (std::size_t i = 0; i < n; ++i)
                    row.push_back(
                        code(first + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spread + 1))));
                check(row, "random");
            }
            std::vector<In> row(n, code(high - 1));
            row.back() = code(high);
            check(row, "one differs by 1");
            row = std::vector(n, code(low));
            row.front() = code(high);
            check(row, "one hot");
            for (std::size_t i = 0; i < n; ++i) row[i] = code(i % 2 == 0 ? low : high);
            check(row, "extremes in turn");
        }
    }
    MESSAGE(reference::name_of<In>() << ": normalized values off by at most " << w.absolute << " * 2^-20, " << w.at);
    // 2^-20 is the stated bound.
    CHECK(w.absolute <= 1);
    CHECK(w.absolute >= 0.5);
}

TEST_CASE("layer_norm_integer: the normalized value within 2^-20, relative 2^-30") {
    check_rows<integer<8>>();
    check_rows<integer<16>>();
    check_rows<dyad::uinteger<8>>();
    check_rows<dyad::uinteger<16>>();
}

TEST_CASE("layer_norm_integer: one multiply-add and one rounding half up, exactly") {
    tally cases("gains and offsets");
    std::mt19937_64 random(2);
    for (const int fraction : {0, 1, 9, 23, 30}) {
        for (const std::size_t n : {1u, 2u, 7u, 192u}) {
            std::vector<integer<8>> row;
            std::vector<std::int32_t> gains;
            std::vector<std::int64_t> offsets;
            for (std::size_t i = 0; i < n; ++i) {
                row.push_back(integer<8>::from_bits(static_cast<std::uint8_t>(random())));
                const std::int64_t sign = random() % 2 == 0 ? 1 : -1;
                // Results of about 8 bits, and some that saturate; now and then 0 and the extremes of the bounds.
                gains.push_back(static_cast<std::int32_t>(
                    i % 11 == 3   ? sign * 0x7fff'ffff
                    : i % 11 == 5 ? 0
                                  : sign * static_cast<std::int64_t>(
                                               random() % (std::uint64_t{1} << std::min(31, fraction + 8)))));
                offsets.push_back(i % 13 == 4
                                      ? sign * ((std::int64_t{1} << 61) - 1)
                                      : sign * static_cast<std::int64_t>(
                                                   random() % (std::uint64_t{1} << std::min(61, fraction + 28))));
            }
            std::vector<integer<16>> out(n);
            REQUIRE(dyad::layer_norm_integer(input(row), input(gains), input(offsets), fraction, 77, output(out)) ==
                    status::ok);
            const std::vector<std::int64_t> x = normalized(row, 77);
            for (std::size_t i = 0; i < n; ++i) {
                const cpp_int y = cpp_int(x[i]) * gains[i] + offsets[i];
                const cpp_int rounded = dyad_test::reference_round(
                    dyad_test::cpp_rational(y) * dyad_test::power_of_two(-fraction - dyad::normalized_fraction),
                    dyad::rounding::nearest_up);
                const std::int64_t expected = clamped(rounded, -32768, 32767);
                cases.check(out[i].raw() == expected, "fraction ", fraction, ", x' ", x[i], ", gain ", gains[i],
                            ", offset ", offsets[i], ": ", out[i].raw());
            }
        }
    }
}

TEST_CASE("layer_norm_integer: real gamma and beta, end to end") {
    std::mt19937_64 random(3);
    const auto uniform = [&random](double low, double high) {
        return low + static_cast<double>(random() >> 11) * 0x1p-53 * (high - low);
    };
    double error = 0;
    for (const std::size_t n : {16u, 192u, 768u}) {
        for (int r = 0; r < 20; ++r) {
            const double in_scale = uniform(0.001, 0.1);
            const double out_scale = 4.0 / 127;
            std::vector<integer<16>> row;
            std::vector<double> gamma;
            std::vector<double> beta;
            for (std::size_t i = 0; i < n; ++i) {
                row.push_back(integer<16>::from_raw(static_cast<std::int16_t>(uniform(-2000, 2000))));
                gamma.push_back(i % 17 == 3 ? 0 : uniform(-1.5, 1.5));
                beta.push_back(uniform(-0.5, 0.5));
            }
            const int fraction = dyad::norm_gain_fraction(1.5 / out_scale, 0.5 / out_scale);
            std::vector<std::int32_t> gains;
            std::vector<std::int64_t> offsets;
            for (std::size_t i = 0; i < n; ++i) {
                gains.push_back(dyad::norm_gain(gamma[i] / out_scale, fraction));
                offsets.push_back(dyad::norm_offset(beta[i] / out_scale, fraction));
            }
            const auto cube = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
            const auto epsilon = static_cast<std::uint64_t>(std::round(1e-5 * cube / (in_scale * in_scale)));
            std::vector<integer<8>> out(n);
            REQUIRE(dyad::layer_norm_integer(input(row), input(gains), input(offsets), fraction, epsilon,
                                             output(out)) == status::ok);
            long double mean = 0;
            long double variance = 0;
            for (const auto x : row) mean += x.raw() * static_cast<long double>(in_scale) / static_cast<long double>(n);
            for (const auto x : row) {
                const long double d = x.raw() * static_cast<long double>(in_scale) - mean;
                variance += d * d / static_cast<long double>(n);
            }
            for (std::size_t i = 0; i < n; ++i) {
                const long double x =
                    (row[i].raw() * static_cast<long double>(in_scale) - mean) / std::sqrt(variance + 1e-5L);
                const long double y = (x * static_cast<long double>(gamma[i]) + static_cast<long double>(beta[i])) /
                                      static_cast<long double>(out_scale);
                const long double code = std::clamp(y, -128.0L, 127.0L);
                error = std::max(error, std::fabs(static_cast<double>(out[i].raw() - code)));
            }
        }
    }
    MESSAGE("end to end: off by at most " << error << " codes");
    // Half a code, and 2^-20 of the largest gain, 1.5 * 127 / 4 codes.
    CHECK(error <= 0.5 + 0x1p-20 * 48);
    CHECK(error >= 0.49);
}

// --- gains ---

static_assert(dyad::norm_gain_fraction(1, 1) == 30 && dyad::norm_gain_fraction(0, 0) == 30);
static_assert(dyad::norm_gain_fraction(47.6, 15.9) == 25 && dyad::norm_gain_fraction(1e30, 0) == 0);

TEST_CASE("norm_gain_fraction: gains below 2^31 and offsets below 2^61, and not one bit more is possible") {
    tally cases("norm_gain_fraction");
    std::mt19937_64 random(4);
    const auto magnitude = [&random] {
        if (random() % 20 == 0) return 0.0;
        const double power = std::ldexp(1.0, static_cast<int>(random() % 60) - 20);
        const auto kind = random() % 4;
        return kind == 0   ? power
               : kind == 1 ? std::nextafter(power, 0.0)
                           : power * (1 + static_cast<double>(random() >> 12) * 0x1p-52);
    };
    for (int i = 0; i < 100'000; ++i) {
        const double gamma = std::min(magnitude(), 0x1p31 - 1);
        const double beta = std::min(magnitude(), 0x1p41 - 1);
        const int fraction = dyad::norm_gain_fraction(gamma, beta);
        const auto fits = [&](int f) { return std::ldexp(gamma, f) < 0x1p31 && std::ldexp(beta, f + 20) < 0x1p61; };
        cases.check(fits(fraction) && fraction >= 0 && fraction <= 30, gamma, " ", beta, ": ", fraction);
        cases.check(fraction == 30 || !fits(fraction + 1), gamma, " ", beta, ": ", fraction, " is too few");
    }
}

TEST_CASE("norm_gain, norm_offset: the nearest even integer, saturating") {
    tally cases("norm_gain and norm_offset");
    std::mt19937_64 random(5);
    for (int i = 0; i < 20'000; ++i) {
        const double x = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random()) >> 11),
                                    static_cast<int>(random() % 80) - 80);
        const int fraction = static_cast<int>(random() % 31);
        const auto exact = [&](int f) {
            int exponent = 0;
            const auto digits = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
            return dyad_test::reference_round(
                dyad_test::cpp_rational(digits) * dyad_test::power_of_two(exponent - 53 + f),
                dyad::rounding::nearest_even);
        };
        const std::int64_t gain = clamped(exact(fraction), std::numeric_limits<std::int32_t>::min(),
                                          std::numeric_limits<std::int32_t>::max());
        const std::int64_t offset = clamped(exact(fraction + 20), -(std::int64_t{1} << 62), std::int64_t{1} << 62);
        cases.check(dyad::norm_gain(x, fraction) == gain, x, " ", fraction, ": ", dyad::norm_gain(x, fraction));
        cases.check(dyad::norm_offset(x, fraction) == offset, x, " ", fraction, ": ", dyad::norm_offset(x, fraction));
    }
    CHECK(dyad::norm_gain(1e300, 0) == std::numeric_limits<std::int32_t>::max());
    CHECK(dyad::norm_offset(-1e300, 0) == -(std::int64_t{1} << 62));
}

TEST_CASE("layer_norm_integer: an offset that norm_offset saturates gives the largest code, not a wrapped one") {
    const std::vector<integer<8>> row{integer<8>::from_raw(-5), integer<8>::from_raw(5)};
    const std::vector<std::int32_t> gains(2, 1 << 30);
    const int fraction = dyad::norm_gain_fraction(1, 1e30);
    std::vector<integer<8>> out(2);
    for (const double beta : {1e30, -1e30}) {
        const std::vector<std::int64_t> offsets(2, dyad::norm_offset(beta, fraction));
        REQUIRE(dyad::layer_norm_integer(input(row), input(gains), input(offsets), fraction, 1, output(out)) ==
                status::ok);
        for (const auto y : out) CHECK(y.raw() == (beta > 0 ? 127 : -128));
    }
}

TEST_CASE("layer_norm_integer: gain 0, constant rows, one channel, strides") {
    const std::vector<integer<8>> row{integer<8>::from_raw(-5), integer<8>::from_raw(70), integer<8>::from_raw(3)};
    const std::vector<std::int32_t> none(3, 0);
    const std::vector<std::int64_t> offsets{std::int64_t{7} << 40, -(std::int64_t{9} << 40), std::int64_t{1} << 39};
    std::vector<integer<8>> out(3);
    REQUIRE(dyad::layer_norm_integer(input(row), input(none), input(offsets), 20, 0, output(out)) == status::ok);
    CHECK(out == std::vector{integer<8>::from_raw(7), integer<8>::from_raw(-9), integer<8>::from_raw(1)});
    const std::vector<std::int32_t> gains(3, 1 << 26);
    const std::vector<integer<8>> constant(3, integer<8>::from_raw(-128));
    REQUIRE(dyad::layer_norm_integer(input(constant), input(gains), input(offsets), 20, 0, output(out)) == status::ok);
    CHECK(out == std::vector{integer<8>::from_raw(7), integer<8>::from_raw(-9), integer<8>::from_raw(1)});
    // Backwards and every second: the same numbers in other places.
    REQUIRE(dyad::layer_norm_integer(input(row), input(gains), input(offsets), 20, 5, output(out)) == status::ok);
    std::vector<integer<8>> spread(6);
    for (std::size_t i = 0; i < 3; ++i) spread[4 - 2 * i] = row[i];
    std::vector<integer<8>> spread_out(9, integer<8>::from_raw(-1));
    REQUIRE(dyad::layer_norm_integer(dyad::vector_view<const integer<8>>{spread.data() + 4, {3}, {-2}}, input(gains),
                                     input(offsets), 20, 5,
                                     dyad::vector_view<integer<8>>{spread_out.data(), {3}, {3}}) == status::ok);
    for (std::size_t i = 0; i < 9; ++i) CHECK(spread_out[i] == (i % 3 == 0 ? out[i / 3] : integer<8>::from_raw(-1)));
}

TEST_CASE("layer_norm_integer: bad input, with dst untouched") {
    const std::vector<integer<8>> row(4, integer<8>::from_raw(1));
    const std::vector<std::int32_t> gains(4, 1);
    const std::vector<std::int64_t> offsets(4, 0);
    std::vector<integer<8>> out(4, integer<8>::from_raw(42));
    const auto run = [&](index n, index n_gains, index n_offsets, index n_dst, int null) {
        return dyad::layer_norm_integer(dyad::make_vector(null == 1 ? nullptr : row.data(), n),
                                        dyad::make_vector(null == 2 ? nullptr : gains.data(), n_gains),
                                        dyad::make_vector(null == 3 ? nullptr : offsets.data(), n_offsets), 0, 1,
                                        dyad::make_vector(null == 4 ? nullptr : out.data(), n_dst));
    };
    CHECK(run(4, 3, 4, 4, 0) == status::extents_differ);
    CHECK(run(4, 4, 3, 4, 0) == status::extents_differ);
    CHECK(run(4, 4, 4, 3, 0) == status::extents_differ);
    CHECK(run(4, 4, 4, 4, 1) == status::lhs_null);
    for (const int null : {2, 3, 4}) CHECK(run(4, 4, 4, 4, null) == status::dst_null);
    for (const auto y : out) CHECK(y.raw() == 42);
    CHECK(run(0, 0, 0, 0, 1) == status::ok);
    const index n = (index{1} << 14) + 1;
    const std::vector<integer<8>> long_row(static_cast<std::size_t>(n), integer<8>::from_raw(0));
    const std::vector<std::int32_t> long_gains(static_cast<std::size_t>(n), 1);
    const std::vector<std::int64_t> long_offsets(static_cast<std::size_t>(n), 0);
    std::vector<integer<8>> long_out(static_cast<std::size_t>(n), integer<8>::from_raw(42));
    CHECK(dyad::layer_norm_integer(input(long_row), input(long_gains), input(long_offsets), 0, 1, output(long_out)) ==
          status::extents_differ);
    for (const auto y : long_out) REQUIRE(y.raw() == 42);
}

// --- float ---

template <class Out, class In>
std::vector<Out> run_float(const std::vector<In>& row, const std::vector<float>& gamma, const std::vector<float>& beta,
                           double epsilon, double in_scale, double out_scale) {
    std::vector<Out> out(row.size());
    REQUIRE(dyad::layer_norm_float(input(row), input(gamma), input(beta), epsilon, in_scale, out_scale, output(out)) ==
            status::ok);
    return out;
}

TEST_CASE("layer_norm_float: against long double") {
    std::mt19937_64 random(6);
    const auto uniform = [&random](double low, double high) {
        return low + static_cast<double>(random() >> 11) * 0x1p-53 * (high - low);
    };
    double error = 0;  // in units of float, beyond the size of the row's largest result: cancellation is no error
    double code_error = 0;
    for (const std::size_t n : {1u, 2u, 3u, 64u, 192u, 768u}) {
        for (int r = 0; r < 20; ++r) {
            const double in_scale = uniform(0.01, 3);
            const double epsilon = r % 2 == 0 ? 1e-5 : 1e-12;
            const double shift = r % 3 == 0 ? 100 : 0;
            std::vector<float> row;
            std::vector<float> gamma;
            std::vector<float> beta;
            for (std::size_t i = 0; i < n; ++i) {
                row.push_back(static_cast<float>(uniform(-2, 2) + shift));
                gamma.push_back(i % 17 == 3 ? 0 : static_cast<float>(uniform(-1.5, 1.5)));
                beta.push_back(static_cast<float>(uniform(-0.5, 0.5)));
            }
            const auto got = run_float<float>(row, gamma, beta, epsilon, in_scale, 1.0);
            const auto codes = run_float<integer<8>>(row, gamma, beta, epsilon, in_scale, 4.0 / 127);
            long double mean = 0;
            for (const float x : row) mean += static_cast<long double>(x) * static_cast<long double>(in_scale);
            mean /= static_cast<long double>(n);
            long double variance = 0;
            for (const float x : row) {
                const long double d = static_cast<long double>(x) * static_cast<long double>(in_scale) - mean;
                variance += d * d / static_cast<long double>(n);
            }
            const long double root = std::sqrt(variance + static_cast<long double>(epsilon));
            for (std::size_t i = 0; i < n; ++i) {
                const long double x =
                    (static_cast<long double>(row[i]) * static_cast<long double>(in_scale) - mean) / root;
                const auto y =
                    static_cast<double>(x * static_cast<long double>(gamma[i]) + static_cast<long double>(beta[i]));
                // One rounding to float, and what double loses: 1e-11 where the mean is a hundred deviations away.
                error = std::max(error,
                                 (std::fabs(static_cast<double>(got[i]) - y) - 1e-11) / std::max(std::fabs(y), 1e-6));
                const double code = std::clamp(y / (4.0 / 127), -128.0, 127.0);
                code_error = std::max(code_error, std::fabs(codes[i].raw() - code));
            }
        }
    }
    MESSAGE("relative error " << error << " = " << error * 0x1p24 << " * 2^-24, to 8 bits " << code_error);
    CHECK(error <= 0x1p-24 * (1 + 1e-6));
    CHECK(error >= 0x1p-25);
    CHECK(code_error <= 0.5 + 1e-5);
}

TEST_CASE("layer_norm_float: each product with the scale is rounded before it is used") {
    // 3 * 0.1 in double is not 3 tenths. Its difference to the mean of two such numbers is 0 unless the product is
    // fused with the subtraction.
    const std::vector<float> row{3, 3};
    const auto out = run_float<float>(row, {1, 1}, {0, 0}, 1e-5, 0.1, 1.0);
    CHECK(out[0] == 0);
    CHECK(out[1] == 0);
}

TEST_CASE("layer_norm_float: constant rows, extremes, NaN, other formats") {
    CHECK(run_float<float>(std::vector(4, 8.0f), {1, 2, 3, 4}, {5, 6, 7, 8}, 1e-5, 1.0, 1.0) ==
          std::vector<float>{5, 6, 7, 8});
    // Variance 0 and epsilon 0: 0 / 0.
    for (const float y : run_float<float>(std::vector(4, 8.0f), {1, 1, 1, 1}, {0, 0, 0, 0}, 0.0, 1.0, 1.0))
        CHECK(std::isnan(y));
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    for (const float y : run_float<float>(std::vector{1.0f, nan, 2.0f}, {1, 1, 1}, {0, 0, 0}, 1e-5, 1.0, 1.0))
        CHECK(std::isnan(y));
    const std::vector<dyad::bfloat16> half{dyad::bfloat16(1.0f), dyad::bfloat16(-1.0f)};
    CHECK(run_float<float>(half, {2, 2}, {1, 1}, 0.0, 1.0, 1.0) == std::vector<float>{3, -1});
    CHECK(run_float<integer<8>>(half, {1000, 1000}, {0, 0}, 0.0, 1.0, 1.0) ==
          std::vector{integer<8>::from_raw(127), integer<8>::from_raw(-128)});
    // Squares of the largest floats fit double.
    constexpr float most = std::numeric_limits<float>::max();
    CHECK(run_float<float>(std::vector{most, -most}, {1, 1}, {0, 0}, 1e-5, 1.0, 1.0) == std::vector<float>{1, -1});
}

TEST_CASE("layer_norm_float: bad input, with dst untouched") {
    const std::vector<float> row(4, 1.0f);
    std::vector<float> out(4, 42.0f);
    const auto run = [&](index n, index n_gamma, index n_beta, index n_dst, int null) {
        return dyad::layer_norm_float(dyad::make_vector(null == 1 ? nullptr : row.data(), n),
                                      dyad::make_vector(null == 2 ? nullptr : row.data(), n_gamma),
                                      dyad::make_vector(null == 3 ? nullptr : row.data(), n_beta), 1e-5, 1.0, 1.0,
                                      dyad::make_vector(null == 4 ? nullptr : out.data(), n_dst));
    };
    CHECK(run(4, 3, 4, 4, 0) == status::extents_differ);
    CHECK(run(4, 4, 3, 4, 0) == status::extents_differ);
    CHECK(run(4, 4, 4, 3, 0) == status::extents_differ);
    CHECK(run(4, 4, 4, 4, 1) == status::lhs_null);
    for (const int null : {2, 3, 4}) CHECK(run(4, 4, 4, 4, null) == status::dst_null);
    for (const float y : out) CHECK(y == 42.0f);
    CHECK(run(0, 0, 0, 0, 1) == status::ok);
}

}  // namespace
