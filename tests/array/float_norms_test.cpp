// SPDX-License-Identifier: Apache-2.0
// Float layer, RMS and L1 norm: the stated bound against 50 digits; the same bits from every instruction set, length,
// stride and floating-point environment; bad input.
#include <dyad/array/float_norms.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <bit>
#include <cfenv>
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
using dyad::instruction_set;
using dyad::norm_kind;
using dyad::status;
using dyad_test::instruction_sets;
using dyad_test::tally;

constexpr norm_kind kinds[] = {norm_kind::layer, norm_kind::rms, norm_kind::l1};

dyad::vector_view<const float> input(const std::vector<float>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}
status run(norm_kind kind, dyad::matrix_view<const float> src, const std::vector<float>& gamma,
           const std::vector<float>& beta, double epsilon, dyad::matrix_view<float> dst,
           dyad::row_options options = {}) {
    if (kind == norm_kind::layer) return dyad::layer_norm(src, input(gamma), input(beta), epsilon, dst, options);
    if (kind == norm_kind::rms) return dyad::rms_norm(src, input(gamma), input(beta), epsilon, dst, options);
    return dyad::l1_norm(src, input(gamma), input(beta), epsilon, dst, options);
}
std::vector<float> run(norm_kind kind, const std::vector<float>& row, const std::vector<float>& gamma,
                       const std::vector<float>& beta, double epsilon, dyad::row_options options = {}) {
    std::vector<float> y(row.size());
    const auto n = static_cast<index>(row.size());
    REQUIRE(run(kind, dyad::make_matrix(row.data(), 1, n), gamma, beta, epsilon, dyad::make_matrix(y.data(), 1, n),
                options) == status::ok);
    return y;
}
/// Floats of all sizes within 2^-spread .. 1 about `middle`.
std::vector<float> random_floats(std::mt19937_64& random, std::size_t n, int spread, double middle = 0) {
    std::vector<float> x(n);
    for (float& e : x) {
        const double unit = static_cast<double>(static_cast<std::int64_t>(random()) >> 10) * 0x1p-53;
        const int down = spread == 0 ? 0 : static_cast<int>(random() % static_cast<unsigned>(spread));
        e = static_cast<float>(middle + std::ldexp(unit, -down));
    }
    return x;
}
bool same_bits(const std::vector<float>& x, const std::vector<float>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    });
}

/// The largest error beyond half a last place, in units of the bound.
void check_row(tally& cases, double& worst, norm_kind kind, const std::vector<float>& row,
               const std::vector<float>& gamma, const std::vector<float>& beta, double epsilon, const char* what) {
    const std::vector<float> y = run(kind, row, gamma, beta, epsilon);
    const auto n = static_cast<double>(row.size());
    cpp_bin_float_50 mean = 0;
    cpp_bin_float_50 size = 0;
    for (const float x : row) mean += x / cpp_bin_float_50(n);
    for (const float x : row) size += std::fabs(static_cast<double>(x)) / n;
    if (kind == norm_kind::rms) mean = 0;
    cpp_bin_float_50 spread = 0;
    for (const float x : row) {
        const cpp_bin_float_50 d = x - mean;
        spread += kind == norm_kind::l1 ? abs(d) : d * d;
    }
    const cpp_bin_float_50 divided = spread / n + epsilon;
    const cpp_bin_float_50 divisor = kind == norm_kind::l1 ? divided : sqrt(divided);
    const double k = spread == 0 ? 1 : std::max(1.0, static_cast<double>(size / divisor));
    for (std::size_t i = 0; i < row.size(); ++i) {
        const cpp_bin_float_50 x = spread == 0 ? cpp_bin_float_50(0) : cpp_bin_float_50((row[i] - mean) / divisor);
        const cpp_bin_float_50 exact = x * gamma[i] + beta[i];
        const double off = static_cast<double>(abs(cpp_bin_float_50(y[i]) - exact));
        const auto nearest = static_cast<double>(abs(exact));
        const int exponent = nearest == 0 ? -149 : std::max(-126, std::ilogb(nearest)) - 23;
        const double half = std::ldexp(0.5, exponent);
        const double g = std::fabs(static_cast<double>(gamma[i]));
        const double magnitude = std::fabs(static_cast<double>(x));
        const double tail = g * magnitude * 3.01 * 0x1p-24 + g * (n / 32 + 12) * (1 + magnitude) * k * 0x1p-53 +
                            nearest * 0x1p-53 + g * 0x1p-149;
        cases.check(off <= half + tail, what, ", n ", row.size(), ", element ", i, ": off by ", off, ", allowed ",
                    half + tail);
        if (tail > 0) worst = std::max(worst, (off - half) / tail);
    }
}

TEST_CASE("float norms: within half a last place and the tail of the sums") {
    std::mt19937_64 random(1);
    tally cases("float norms");
    for (const norm_kind kind : kinds) {
        double worst = -1;
        for (const std::size_t n : {1u, 2u, 3u, 31u, 32u, 33u, 384u, 1000u}) {
            const std::vector<float> gamma = random_floats(random, n, 4);
            const std::vector<float> beta = random_floats(random, n, 4);
            for (const double epsilon : {0.0, 1e-12, 1e-5, 10.0}) {
                const auto check = [&](const std::vector<float>& row, const char* what) {
                    check_row(cases, worst, kind, row, gamma, beta, epsilon, what);
                };
                check(random_floats(random, n, 0), "uniform");
                check(random_floats(random, n, 40), "of all sizes");
                check(random_floats(random, n, 0, 1e4), "far from 0");
                check(std::vector<float>(n, 0.1f), "constant");
                check(std::vector<float>(n, 0.0f), "zero");
                std::vector<float> row(n, 1.0f);
                row.back() = std::nextafter(1.0f, 2.0f);
                check(row, "one differs by a last place");
                row.assign(n, 0.0f);
                row[n / 2] = 3e38f;
                check(row, "one hot");
                for (std::size_t i = 0; i < n; ++i) row[i] = i % 2 == 0 ? 3.4e38f : -3.4e38f;
                check(row, "extremes in turn");
                for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<float>(i % 3) * 1.4e-45f;
                check(row, "subnormal");
            }
        }
        MESSAGE("kind " << static_cast<int>(kind) << ": beyond half a last place by at most " << worst
                        << " of the bound's tail");
        CHECK(worst <= 1);
    }
}

TEST_CASE("float norms: the same bits from every instruction set, length, stride and environment") {
    std::mt19937_64 random(2);
    tally cases("same bits");
    std::vector<std::size_t> sizes;
    for (std::size_t n = 1; n <= 130; ++n) sizes.push_back(n);
    for (const std::size_t n : {384u, 768u, 4099u}) sizes.push_back(n);
    for (const std::size_t n : sizes) {
        const std::size_t rows = 3;
        const std::vector<float> x = random_floats(random, n * rows, 30, 0.3);
        const auto src = dyad::make_matrix(x.data(), static_cast<index>(rows), static_cast<index>(n));
        const std::vector<float> gamma = random_floats(random, n % 7 == 0 ? 0 : n, 6);
        const std::vector<float> beta = random_floats(random, n % 5 == 0 ? 0 : n, 6);
        for (const norm_kind kind : kinds) {
            std::vector<float> spread(3 * x.size());
            const dyad::matrix_view<float> apart{spread.data(), src.extent, {3 * src.stride[0], 3}};
            REQUIRE(run(kind, src, gamma, beta, 1e-6, apart) == status::ok);
            std::vector<float> expected(x.size());
            for (std::size_t i = 0; i < x.size(); ++i) expected[i] = spread[3 * i];
            for (const instruction_set isa : instruction_sets()) {
                for (const int mode : {FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO}) {
                    std::vector<float> out(x.size() + 1, 7.0f);
                    const auto dst = dyad::make_matrix(out.data(), src.extent[0], src.extent[1]);
                    REQUIRE(std::fesetround(mode) == 0);
                    const status s = run(kind, src, gamma, beta, 1e-6, dst, {isa});
                    std::fesetround(FE_TONEAREST);
                    REQUIRE(s == status::ok);
                    cases.check(out.back() == 7.0f, "written behind the end, n ", n);
                    out.pop_back();
                    cases.check(same_bits(out, expected), "n ", n, ", ", to_string(isa), ", rounding mode ", mode);
                }
                std::vector<float> same = x;
                const auto both = dyad::make_matrix(same.data(), src.extent[0], src.extent[1]);
                REQUIRE(run(kind, both, gamma, beta, 1e-6, both, {isa}) == status::ok);
                cases.check(same_bits(same, expected), "in place, n ", n, ", ", to_string(isa));
            }
            std::vector<float> turned(x.size());
            for (std::size_t r = 0; r < rows; ++r) {
                for (std::size_t i = 0; i < n; ++i) turned[i * rows + r] = x[(rows - 1 - r) * n + i];
            }
            const dyad::matrix_view<const float> columns{
                turned.data() + (rows - 1), src.extent, {-1, static_cast<index>(rows)}};
            std::vector<float> out(x.size());
            REQUIRE(run(kind, columns, gamma, beta, 1e-6,
                        dyad::make_matrix(out.data(), src.extent[0], src.extent[1])) == status::ok);
            cases.check(same_bits(out, expected), "columns, n ", n);
        }
    }
}

/// The definition of kernels/scalar/float_norm.hpp, written once more with the lanes in a table.
std::vector<float> by_definition(norm_kind kind, const std::vector<float>& x, const std::vector<float>& gamma,
                                 const std::vector<float>& beta, double epsilon) {
    const auto folded = [](std::vector<double> lanes) {
        for (std::size_t half = 16; half >= 1; half /= 2) {
            for (std::size_t l = 0; l < half; ++l) {
                const volatile double sum = lanes[l] + lanes[l + half];
                lanes[l] = sum;
            }
        }
        return lanes[0];
    };
    std::vector<double> lanes(32, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const volatile double sum = lanes[i % 32] + static_cast<double>(x[i]);
        lanes[i % 32] = sum;
    }
    const auto n = static_cast<double>(x.size());
    const volatile double mean = kind == norm_kind::rms ? 0 : folded(lanes) / n;
    lanes.assign(32, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const volatile double d = static_cast<double>(x[i]) - mean;
        const volatile double sum =
            kind == norm_kind::l1 ? lanes[i % 32] + std::fabs(d) : std::fma(d, d, lanes[i % 32]);
        lanes[i % 32] = sum;
    }
    const volatile double quotient = folded(lanes) / n;
    const volatile double v = quotient + epsilon;
    const volatile double root = kind == norm_kind::l1 ? static_cast<double>(v) : std::sqrt(v);
    const volatile double one = 1;
    const volatile double r = one / root;
    const volatile auto high = static_cast<float>(mean);
    const volatile double low = static_cast<double>(high) - mean;
    const volatile double rest = low * r;
    std::vector<float> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const volatile double d = static_cast<double>(x[i]) - mean;
        const volatile double wide = d * r;
        const volatile float above = x[i] - high;
        const float narrow = std::fma(above, static_cast<float>(r), static_cast<float>(rest));
        y[i] = r >= 0x1p-60 && r <= 0x1p60
                   ? std::fma(narrow, gamma[i], beta[i])
                   : static_cast<float>(std::fma(wide, static_cast<double>(gamma[i]), static_cast<double>(beta[i])));
    }
    return y;
}

TEST_CASE("float norms: the bits are those of the definition") {
    std::mt19937_64 random(3);
    tally cases("definition");
    for (const std::size_t n : {2u, 5u, 31u, 32u, 33u, 63u, 65u, 100u, 768u}) {
        for (const float size : {1.0f, 0x1p-70f, 0x1p90f}) {
            std::vector<float> x = random_floats(random, n, 20, 0.1);
            for (float& e : x) e *= size;
            const std::vector<float> gamma = random_floats(random, n, 3);
            const std::vector<float> beta = random_floats(random, n, 3);
            for (const norm_kind kind : kinds) {
                const std::vector<float> expected = by_definition(kind, x, gamma, beta, 1e-50);
                for (const instruction_set isa : instruction_sets())
                    cases.check(same_bits(run(kind, x, gamma, beta, 1e-50, {isa}), expected), "n ", n, ", size ", size,
                                ", ", to_string(isa));
            }
        }
    }
}

TEST_CASE("float norms: a row with NaN or infinity is NaN, a constant one is beta, the others are not touched") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (const instruction_set isa : instruction_sets()) {
        for (const norm_kind kind : kinds) {
            for (const float bad : {nan, infinity, -infinity}) {
                const index n = 70;
                std::vector<float> x(3 * 70, 1.0f);
                x[0] = 2;
                x[70 + 69] = bad;
                x[140] = 2;
                std::vector<float> y(x.size());
                REQUIRE(run(kind, dyad::make_matrix(std::as_const(x).data(), 3, n), {}, {}, 1e-5,
                            dyad::make_matrix(y.data(), 3, n), {isa}) == status::ok);
                const auto is_nan = [](float e) { return std::bit_cast<std::uint32_t>(e) == 0x7fc0'0000U; };
                CHECK(std::none_of(y.begin(), y.begin() + 70, is_nan));
                CHECK(std::all_of(y.begin() + 70, y.begin() + 140, is_nan));
                CHECK(std::equal(y.begin(), y.begin() + 70, y.begin() + 140));
            }
            const std::vector<float> beta(9, 0.25f);
            for (const double epsilon : {0.0, 5e-324, 1e-5}) {
                const float constant = kind == norm_kind::rms ? 0.0f : 0.1f;
                CHECK(run(kind, std::vector<float>(9, constant), std::vector<float>(9, 3.0f), beta, epsilon, {isa}) ==
                      beta);
            }
        }
    }
}

TEST_CASE("float norms: bad input is refused before anything is written") {
    const std::vector<float> x(16, 1.0f);
    std::vector<float> y(16, 9.0f);
    const std::vector<float> gamma(8, 1.0f);
    const auto src = dyad::make_matrix(x.data(), 2, 8);
    const auto dst = dyad::make_matrix(y.data(), 2, 8);
    using in_view = dyad::matrix_view<const float>;
    using out_view = dyad::matrix_view<float>;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const norm_kind kind : kinds) {
        CHECK(run(kind, src, gamma, gamma, 0, dyad::make_matrix(y.data(), 1, 8)) == status::extents_differ);
        CHECK(run(kind, src, std::vector<float>(7, 1.0f), gamma, 0, dst) == status::extents_differ);
        CHECK(run(kind, src, gamma, std::vector<float>(9, 1.0f), 0, dst) == status::extents_differ);
        CHECK(run(kind, in_view{x.data(), {-2, 8}, {8, 1}}, gamma, gamma, 0, out_view{y.data(), {-2, 8}, {8, 1}}) ==
              status::negative_extent);
        CHECK(run(kind, src, gamma, gamma, nan, dst) == status::parameter_not_finite);
        CHECK(run(kind, src, gamma, gamma, -1, dst) == status::parameter_out_of_range);
        std::vector<float> bad = gamma;
        bad[7] = std::numeric_limits<float>::infinity();
        CHECK(run(kind, src, bad, gamma, 0, dst) == status::parameter_not_finite);
        CHECK(run(kind, src, gamma, bad, 0, dst) == status::parameter_not_finite);
        CHECK(run(kind, in_view{nullptr, {2, 8}, {8, 1}}, gamma, gamma, 0, dst) == status::src_null);
        CHECK(run(kind, src, gamma, gamma, 0, out_view{nullptr, {2, 8}, {8, 1}}) == status::dst_null);
        CHECK(run(kind, src, gamma, gamma, 0, out_view{y.data(), {2, 8}, {1, 1}}) == status::dst_overlaps_itself);
        CHECK(run(kind, in_view{y.data() + 4, {1, 8}, {8, 1}}, gamma, gamma, 0, out_view{y.data(), {1, 8}, {8, 1}}) ==
              status::dst_overlaps_src);
        CHECK(run(kind, in_view{nullptr, {0, 8}, {8, 1}}, gamma, gamma, 0, out_view{nullptr, {0, 8}, {8, 1}}) ==
              status::ok);
    }
    CHECK(dyad::layer_norm(src, {nullptr, {8}, {1}}, {}, 0, dst) == status::parameter_missing);
    CHECK(dyad::layer_norm(in_view{x.data(), {1, 8}, {8, 1}}, dyad::make_vector<const float>(y.data() + 4, 8), {}, 0,
                           out_view{y.data(), {1, 8}, {8, 1}}) == status::workspace_overlaps_operand);
    CHECK(std::all_of(y.begin(), y.end(), [](float e) { return e == 9.0f; }));
    // Parameters with gaps, of every other element.
    std::vector<float> wide(16, 100.0f);
    for (std::size_t i = 0; i < 8; ++i) wide[2 * i] = static_cast<float>(i);
    REQUIRE(dyad::layer_norm(src, input(gamma), {wide.data(), {8}, {2}}, 0, dst) == status::ok);
    CHECK(y[7] == 7.0f);
}

}  // namespace
