// SPDX-License-Identifier: Apache-2.0
// autonumerics_exp2: its constants from Remez' algorithm, its bounds in exact arithmetic and in double.
#include <dyad/math/autonumerics.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using real = cpp_bin_float_50;
using constants = std::array<real, 5>;

/// The formula's relative error, in 50 digits.
real error(const constants& c, const real& x) {
    const real u = c[2] / x + x;
    const real eighth = c[3] / (c[0] / u + c[1] + u) - c[4];
    return pow(eighth, 8) / exp2(x) - 1;
}

/// Where the error is largest between its changes of sign on [1e-6, 1], by a grid and a parabola through three points.
std::vector<real> extrema(const constants& c) {
    constexpr int points = 400;
    std::vector<real> x{real("1e-6")};
    for (int i = 1; i <= points; ++i) x.push_back(real(i) / points);
    std::vector<real> e;
    for (const real& at : x) e.push_back(error(c, at));
    std::vector<std::size_t> largest;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (largest.empty() || (e[i] > 0) != (e[largest.back()] > 0)) largest.push_back(i);
        else if (abs(e[i]) > abs(e[largest.back()])) largest.back() = i;
    }
    std::vector<real> found;
    for (const std::size_t i : largest) {
        if (i <= 1 || i + 1 == x.size()) {
            found.push_back(x[i]);
            continue;
        }
        const real h = x[i + 1] - x[i];
        found.push_back(x[i] - h / 2 * (e[i + 1] - e[i - 1]) / (e[i + 1] - 2 * e[i] + e[i - 1]));
    }
    return found;
}

/// Solves a x = b in place, by Gauss' elimination; b becomes x.
void solve(std::array<std::array<real, 6>, 6>& a, std::array<real, 6>& b) {
    for (std::size_t k = 0; k < 6; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k; i < 6; ++i) pivot = abs(a[i][k]) > abs(a[pivot][k]) ? i : pivot;
        std::swap(a[k], a[pivot]);
        std::swap(b[k], b[pivot]);
        for (std::size_t i = 0; i < 6; ++i) {
            if (i == k) continue;
            const real factor = a[i][k] / a[k][k];
            for (std::size_t j = k; j < 6; ++j) a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t k = 0; k < 6; ++k) b[k] /= a[k][k];
}

/// One exchange: Newton's step towards errors of one size and alternating signs at six points.
void exchange(constants& c) {
    const std::vector<real> x = extrema(c);
    REQUIRE(x.size() == 6);
    std::array<std::array<real, 6>, 6> a;
    std::array<real, 6> b;
    for (std::size_t i = 0; i < 6; ++i) {
        b[i] = -error(c, x[i]);
        for (std::size_t j = 0; j < 5; ++j) {
            constants moved = c;
            const real step = abs(c[j]) * real("1e-20");
            moved[j] += step;
            a[i][j] = (error(moved, x[i]) + b[i]) / step;
        }
        a[i][5] = b[i] < 0 ? -1 : 1;
    }
    solve(a, b);
    for (std::size_t j = 0; j < 5; ++j) c[j] += b[j];
}

real largest_error(const constants& c, int points) {
    real worst = 0;
    for (int i = 1; i <= points; ++i) worst = std::max<real>(worst, abs(error(c, real(i) / points)));
    return std::max<real>(worst, abs(error(c, real("1e-9"))));
}

TEST_CASE("autonumerics_exp2: the constants are those of Remez' algorithm") {
    // From the doubles of the header, which solve the problem with a c5 of 53 bits.
    constexpr dyad::autonumerics_constants d{};
    constants c{real(d.c1), real(d.c2), real(d.c3), real(d.c4), real("-0.99999999999999972")};
    for (int i = 0; i < 6; ++i) exchange(c);
    const constants known{real("15141.930667049"), real("-250.552124021112"), real("5783.5249090502"),
                          real("501.10424805086"), real("-0.99999999999999972602")};
    for (std::size_t j = 0; j < 5; ++j) {
        INFO("c" << j + 1 << " = " << c[j].str(20));
        CHECK(abs(c[j] / known[j] - 1) < real("1e-13"));
    }
    const real worst = largest_error(c, 1500);
    MESSAGE("exact arithmetic, real constants: " << worst.str(6));
    CHECK(worst < real("2.1919e-15"));
    CHECK(worst > real("2.191e-15"));
}

TEST_CASE("autonumerics_exp2: the bound of the doubles in exact arithmetic") {
    constexpr dyad::autonumerics_constants d{};
    const real worst = largest_error({real(d.c1), real(d.c2), real(d.c3), real(d.c4), real(d.c5)}, 3000);
    MESSAGE("exact arithmetic, constants that are doubles: " << worst.str(6));
    CHECK(worst < real("2.274e-15"));
    CHECK(worst > real("2.2e-15"));
}

TEST_CASE("autonumerics_exp2: the error of its evaluation in double") {
    std::mt19937_64 engine(1);
    real worst = 0;
    double at = 0;
    const auto measure = [&](double x) {
        const real e = abs(real(dyad::autonumerics_exp2(x)) / exp2(real(x)) - 1);
        if (e > worst) worst = e, at = x;
    };
    std::uniform_real_distribution<double> unit(0, 1);
    std::uniform_real_distribution<double> wide(-1022, 1023.9);
    for (int i = 0; i < 30000; ++i) measure(unit(engine));
    for (int i = 0; i < 10000; ++i) measure(wide(engine));
    MESSAGE("in double: " << worst.str(6) << " at " << at);
    CHECK(worst < real("4.0e-15"));
    CHECK(worst > real("2.0e-15"));
}

TEST_CASE("autonumerics_exp2: whole numbers, subnormals, ends") {
    static_assert(dyad::autonumerics_exp2(0.0) == 1 && dyad::autonumerics_exp2(-0.0) == 1);
    static_assert(dyad::autonumerics_exp2(10.0) == 1024);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    {
        dyad_test::tally powers("autonumerics_exp2 of whole numbers");
        for (int n = -1080; n < 1030; ++n) powers.check(dyad::autonumerics_exp2(n) == std::ldexp(1.0, n), n);
    }
    {
        dyad_test::tally small("autonumerics_exp2 with subnormal results");
        for (double x = -1075.5; x < -1022; x += 0.0625) {
            const real exact = exp2(real(x));
            const real off = abs(real(dyad::autonumerics_exp2(x)) - exact);
            small.check(
                off <= exact * real("4.0e-15") + real(std::numeric_limits<double>::denorm_min()) * real("0.501"), x);
        }
    }
    CHECK(dyad::autonumerics_exp2(infinity) == infinity);
    CHECK(dyad::autonumerics_exp2(-infinity) == 0);
    CHECK(dyad::autonumerics_exp2(1e300) == infinity);
    CHECK(dyad::autonumerics_exp2(-1e300) == 0);
    CHECK(dyad::autonumerics_exp2(std::nextafter(1024.0, 0.0)) > 0x1.fffffffp+1023);
    CHECK(std::isnan(dyad::autonumerics_exp2(std::numeric_limits<double>::quiet_NaN())));
    for (const double tiny : {1e-300, -1e-300, 0x1p-60, -0x1p-60, 5e-324})
        CHECK(std::abs(dyad::autonumerics_exp2(tiny) - 1) < 4.0e-15);
}

}  // namespace
