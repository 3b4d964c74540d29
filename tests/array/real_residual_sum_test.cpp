// SPDX-License-Identifier: Apache-2.0
// Residual sums with real factors: the same bits on every instruction set and in every environment, and the formula.
#include <dyad/array/real_residual_sum.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::status;
using dyad_test::tally;

/// Floats of all kinds: any bits, near numbers, special ones.
float any_float(std::mt19937_64& random) {
    switch (random() % 4) {
        case 0: return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        case 1: return std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x807f'ffffU));  // subnormal
        case 2: {
            constexpr float special[] = {0.0f, -0.0f,         HUGE_VALF,      -HUGE_VALF,
                                         1.0f, 3.4028235e38f, -3.4028235e38f, 1e-45f};
            return special[random() % 8];
        }
        default: return std::bit_cast<float>(0x3f00'0000U | static_cast<std::uint32_t>(random() & 0x80ff'ffffU));
    }
}

/// The formula: one rounding to double, one to float.
float formula(float x, float y, float f, float g) {
    const double sum =
        std::fma(static_cast<double>(x), static_cast<double>(f), static_cast<double>(y) * static_cast<double>(g));
    return std::isnan(sum) ? std::bit_cast<float>(0x7fc0'0000U) : static_cast<float>(sum);
}

TEST_CASE("real_residual_sum of floats") {
    tally cases("real residual sums");
    std::mt19937_64 random{3};
    constexpr dyad::real_residual_sum<float> plans[] = {{1, 1}, {0.75f, 1.3f}, {1, 0.1f}, {1e-38f, 3e38f}};
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const auto& plan : plans) {
            for (index n = 0; n < 300; ++n) {
                std::vector<float> x(static_cast<std::size_t>(n) + 1);
                std::vector<float> y(x.size());
                for (std::size_t i = 0; i < x.size(); ++i)
                    x[i] = any_float(random), y[i] = n % 3 == 0 ? -x[i] : any_float(random);
                std::vector<float> out(x.size(), 7.0f);
                const auto from_x = dyad::make_vector<const float>(x.data(), n);
                const auto from_y = dyad::make_vector<const float>(y.data(), n);
                std::vector<float> expected;
                for (index i = 0; i < n; ++i)
                    expected.push_back(formula(from_x(i), from_y(i), plan.x_factor, plan.y_factor));
                // The caller's rounding mode makes no difference.
                constexpr int directions[] = {FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO};
                std::fesetround(directions[n % 3]);
                const status s = plan.run(from_x, from_y, dyad::make_vector(out.data(), n), {isa});
                std::fesetround(FE_TONEAREST);
                cases.check(s == status::ok && out.back() == 7.0f, "status, or behind the end");
                for (index i = 0; i < n; ++i) {
                    const auto at = static_cast<std::size_t>(i);
                    const auto bits = std::bit_cast<std::uint32_t>(out[at]);
                    cases.check(bits == std::bit_cast<std::uint32_t>(expected[at]), dyad::to_string(isa), " x ", x[at],
                                " y ", y[at], " ", out[at], " instead of ", expected[at]);
                    cases.check(bits == std::bit_cast<std::uint32_t>(plan(x[at], y[at])), "one call");
                }
                // In place.
                const auto both = dyad::make_vector(x.data(), n);
                cases.check(plan.run(dyad::as_const(both), from_y, both, {isa}) == status::ok, "in place");
                for (std::size_t i = 0; i + 1 < x.size(); ++i)
                    cases.check(std::bit_cast<std::uint32_t>(x[i]) == std::bit_cast<std::uint32_t>(out[i]), "in place");
            }
        }
    }
}

template <class T>
void check_codes(tally& cases, double x_scale, double y_scale) {
    dyad::real_residual_sum<T> plan;
    CHECK(plan.set(x_scale, y_scale, 0.5) == status::ok);
    std::vector<T> x;
    std::vector<T> y;
    for (int i = 0; i < 256; ++i) {
        for (int j = 0; j < 256; j += 5) {
            x.push_back(T::from_bits(static_cast<std::uint8_t>(i)));
            y.push_back(T::from_bits(static_cast<std::uint8_t>(j)));
        }
    }
    const auto n = static_cast<index>(x.size());
    std::vector<T> out(x.size());
    CHECK(plan.run(dyad::make_vector<const T>(x.data(), n), dyad::make_vector<const T>(y.data(), n),
                   dyad::make_vector(out.data(), n)) == status::ok);
    for (std::size_t i = 0; i < x.size(); ++i) {
        // The real sum is exact in a double for these factors.
        const double sum =
            dyad::convert<double>(x[i]) * (x_scale / 0.5) + dyad::convert<double>(y[i]) * (y_scale / 0.5);
        const double one = std::isnan(sum) ? std::numeric_limits<double>::quiet_NaN() : sum;
        cases.check(out[i].bits() == dyad::narrow<T>(one).bits(), "codes ", x[i].bits(), " ", y[i].bits());
    }
}

TEST_CASE("real_residual_sum of codes") {
    tally cases("real residual sums of codes");
    check_codes<dyad::integer<8>>(cases, 0.375, 0.625);
    check_codes<dyad::float8_e4m3fn>(cases, 0.375, 0.625);
    check_codes<dyad::float8_e5m2>(cases, 0.5, 0.25);
}

TEST_CASE("real_residual_sum: strides and what is refused") {
    dyad::real_residual_sum<float> plan;
    for (const double bad : {0.0, -2.0, HUGE_VAL, std::nan("")}) {
        CHECK(plan.set(bad, 1, 1) == status::scale_not_positive);
        CHECK(plan.set(1, bad, 1) == status::scale_not_positive);
        CHECK(plan.set(1, 1, bad) == status::scale_not_positive);
    }
    CHECK(plan.set(1, 3, 2) == status::ok);
    CHECK(plan.x_factor == 0.5f);
    CHECK(plan.y_factor == 1.5f);
    float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float out[12] = {};
    const dyad::matrix_view<const float> by_columns{x, {3, 4}, {1, 3}};
    const auto by_rows = dyad::make_matrix<const float>(x, 3, 4);
    CHECK(plan.run(by_columns, by_rows, dyad::make_matrix(out, 3, 4)) == status::ok);
    CHECK(out[5] == 0.5f * x[4] + 1.5f * x[5]);
    CHECK(out[11] == 0.5f * 12 + 1.5f * 12);
    CHECK(plan.run(by_columns, by_rows, dyad::make_matrix(x, 3, 4)) == status::dst_overlaps_lhs);
    CHECK(plan.run(by_rows, by_columns, dyad::make_matrix(x, 3, 4)) == status::dst_overlaps_rhs);
    CHECK(plan.run(by_rows, by_rows, dyad::make_matrix<float>(nullptr, 3, 4)) == status::dst_null);
    CHECK(plan.run(by_rows, dyad::make_matrix<const float>(x, 4, 3), dyad::make_matrix(out, 3, 4)) ==
          status::extents_differ);
}

}  // namespace
