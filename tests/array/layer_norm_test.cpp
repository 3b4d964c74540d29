// SPDX-License-Identifier: Apache-2.0
// layer_norm_float against long double.
#include <dyad/array/layer_norm.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::status;
using dyad_test::tally;

template <class T>
dyad::vector_view<const T> input(const std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}
template <class T>
dyad::vector_view<T> output(std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}

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
