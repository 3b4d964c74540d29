// SPDX-License-Identifier: Apache-2.0
// Real stages of epilogues: their formulas, and their rows against their calls, NaN, infinities and subnormal numbers
// included.
#include <dyad/linalg/epilogue_reals.hpp>

#include <doctest/doctest.h>

#include <dyad/number/named_formats.hpp>

#include "support/epilogue_check.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <thread>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::rounding;
using dyad::status;
using dyad_test::strided;
using dyad_test::tally;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct inputs {
    std::mt19937_64 random{31};

    /// Doubles of all sizes that narrow formats tell apart, midpoints among them.
    [[nodiscard]] double real() {
        switch (random() % 12) {
            case 0: return random() % 2 == 0 ? infinity : -infinity;
            case 1: return std::bit_cast<double>(std::uint64_t{0xfff8'0000'0000'1234});
            case 2: return random() % 2 == 0 ? 0.0 : -0.0;
            case 3: return std::bit_cast<double>(random());
            case 4: return std::ldexp(static_cast<double>(random() % 4096) - 2048, -static_cast<int>(random() % 12));
            case 5: return std::ldexp(static_cast<double>(random() % 4096), -static_cast<int>(random() % 170));
            default:
                return std::ldexp(static_cast<double>(random() >> 11) * 0x1p-52 - 1,
                                  static_cast<int>(random() % 24) - 8);
        }
    }
    [[nodiscard]] float number() { return static_cast<float>(real()); }
};

template <class Sum>
void check_scale(tally& cases) {
    inputs in;
    const auto number = [&in] { return in.number(); };
    const index rows = 2;
    for (index n = 0; n <= 70; ++n) {
        for (const index stride : {1, 0, 3, -2}) {
            const index column = n % 3;
            std::vector<Sum> sums(static_cast<std::size_t>(rows * n));
            for (auto& x : sums) {
                if constexpr (std::same_as<Sum, double>) x = in.real();
                else if constexpr (std::same_as<Sum, float>) x = in.number();
                else x = static_cast<Sum>(in.random());
            }
            const strided<float> columns(n + column, stride, number);
            const strided<float> offsets(n + column, stride, number);
            const strided<float> of_rows(rows + 1, stride, number);
            const auto check = [&](const char* name, const dyad::scale_reals& stage) {
                dyad_test::check_forms<double>(cases, name, stage, sums, rows, n, 1, column);
            };
            check("of tensor", {{}, {}, {}, 0.3});
            check("of rows", {{}, of_rows.view(), offsets.view(), 1.7});
            check("of columns", {columns.view(), {}, {}, 1e-3});
            check("of both", {columns.view(), of_rows.view(), offsets.view(), 0.1});
        }
    }
}

TEST_CASE("scale_reals: rows are the calls") {
    tally cases("scale_reals");
    check_scale<std::int32_t>(cases);
    check_scale<std::int64_t>(cases);
    check_scale<float>(cases);
    check_scale<double>(cases);
}

template <class Residual>
void check_residual(tally& cases) {
    inputs in;
    const index rows = 2;
    for (index n = 0; n <= 70; n += n < 20 ? 1 : 7) {
        for (const index stride : {1, 3, -2}) {
            const index column = n % 3;
            const index width = n + column;
            const strided<Residual> codes(3 * width, stride, [&in] { return dyad::convert<Residual>(in.real()); });
            const dyad::add_residual<Residual> stage{
                {codes.view().data, {3, width}, {width * stride, stride}}, in.real(), n % 2 == 0 ? 0.0F : 3.0F};
            CHECK(stage.check(3, width) == status::ok);
            std::vector<double> values(static_cast<std::size_t>(rows * n));
            for (auto& x : values) x = in.real();
            dyad_test::check_forms<double>(cases, reference::name_of<Residual>().c_str(), stage, values, rows, n, 1,
                                           column);
        }
    }
}

TEST_CASE("add_residual: rows are the calls") {
    tally cases("add_residual");
    check_residual<integer<8>>(cases);
    check_residual<dyad::uinteger<8>>(cases);
    check_residual<dyad::bfloat16>(cases);
    check_residual<dyad::float8_e4m3fn>(cases);
    check_residual<float>(cases);
    check_residual<integer<32>>(cases);
}

TEST_CASE("clamps and observers: rows are the calls") {
    tally cases("clamps and observers");
    inputs in;
    for (index n = 0; n <= 70; ++n) {
        std::vector<double> values(static_cast<std::size_t>(2 * n));
        for (auto& x : values) x = in.real();
        for (const auto& clamp : {dyad::clamp_reals_between{}, dyad::clamp_reals_between{0, infinity},
                                  dyad::clamp_reals_between{-1.5, 6}, dyad::clamp_reals_between{-0.0, 1}})
            dyad_test::check_forms<double>(cases, "clamp", clamp, values, 2, n, 0, 0);
        for (const auto isa : dyad_test::instruction_sets()) {
            std::uint32_t expected = 0;
            std::uint32_t by_call = 0;
            std::uint32_t by_row = 0;
            const dyad::observe_largest calls{{&by_call, {1}, {0}}};
            const dyad::observe_largest row{{&by_row, {1}, {0}}};
            std::vector<double> out(values.size());
            for (const double x : values) {
                const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(std::fabs(x)));
                expected = std::max(expected, std::isnan(x) ? 0x7fc0'0000U : bits);
                static_cast<void>(calls(x, 7, 8));
            }
            row.run(isa, values.data(), 0, 0, static_cast<index>(values.size()), out.data());
            const bool passed = n == 0 || std::memcmp(out.data(), values.data(), out.size() * sizeof(double)) == 0;
            cases.check(expected == by_call && expected == by_row && passed, "observer, ", n, " columns");
        }
    }
}

TEST_CASE("observe_largest: from several tasks") {
    std::uint32_t largest[2] = {};
    const dyad::observe_largest stage{dyad::make_vector(largest, 2)};
    const auto task = [&stage](int first) {
        for (int i = 0; i < 20'000; ++i) static_cast<void>(stage(first + (i * 7919) % 20'011, i % 2, 0));
    };
    std::thread one(task, -30'000);
    std::thread two(task, 500);
    one.join();
    two.join();
    CHECK(std::bit_cast<float>(largest[0]) == 30'000);
    CHECK(std::bit_cast<float>(largest[1]) <= 30'000);
    CHECK(std::bit_cast<float>(largest[1]) > 29'900);
}

template <class Out>
void check_format(tally& cases) {
    inputs in;
    for (const auto rule : {rounding::nearest_even, rounding::toward_zero, rounding::nearest_away,
                            rounding::toward_positive, rounding::to_odd}) {
        const dyad::to_format<Out> stage{rule};
        for (index n = 0; n <= 70; ++n) {
            std::vector<double> values(static_cast<std::size_t>(2 * n));
            for (auto& x : values) x = in.real();
            dyad_test::check_forms<Out>(cases, reference::name_of<Out>().c_str(), stage, values, 2, n, 0, 0);
        }
    }
}

TEST_CASE("to_format: rows are the calls, whose definition is convert") {
    tally cases("to_format");
    check_format<float>(cases);
    check_format<dyad::bfloat16>(cases);
    check_format<dyad::float16>(cases);
    check_format<dyad::float8_e4m3fn>(cases);
    check_format<dyad::float8_e5m2fnuz>(cases);
    check_format<dyad::float6_e2m3fn>(cases);
    check_format<dyad::float4_e2m1fn>(cases);
    check_format<integer<4>>(cases);
    check_format<integer<8>>(cases);
    check_format<dyad::uinteger<16>>(cases);
    check_format<dyad::fixed<8, 5>>(cases);
    CHECK(dyad::to_format<float>{}(1e300, 0, 0) == std::numeric_limits<float>::infinity());
    CHECK(static_cast<float>(dyad::to_format<dyad::float8_e5m2>{}(1e300, 0, 0)) == 57344);
    CHECK(dyad::to_format<integer<8>>{rounding::toward_zero}(-2.9, 0, 0).raw() == -2);
}

TEST_CASE("real stages: formulas") {
    const float column = 3;
    const float row = 0.1F;
    const float offset = -1;
    const dyad::scale_reals stage{{&column, {1}, {0}}, {&row, {1}, {0}}, {&offset, {1}, {0}}, 0.7};
    CHECK(stage(11, 5, 6) == std::fma(11.0, 3.0 * (static_cast<double>(row) * 0.7), -1.0));
    const integer<8> code = integer<8>::from_raw(-7);
    const dyad::add_residual<integer<8>> residual{{&code, {1, 1}, {0, 0}}, 0.3, 2};
    CHECK(residual(0.1, 0, 0) == std::fma(-9.0, 0.3, 0.1));
    CHECK(std::signbit(dyad::clamp_reals_between{0, 1}(-0.0, 0, 0)));
    CHECK(std::isnan(dyad::clamp_reals_between{0, 1}(std::numeric_limits<double>::quiet_NaN(), 0, 0)));
}

TEST_CASE("real stages: what their checks find") {
    const float numbers[4] = {};
    const auto four = dyad::make_vector(numbers, 4);
    CHECK(dyad::scale_reals{}.check(5, 5) == status::ok);
    CHECK(dyad::scale_reals{four, {}, {}, 1}.check(5, 4) == status::ok);
    CHECK(dyad::scale_reals{four, {}, {}, 1}.check(5, 5) == status::extents_differ);
    CHECK(dyad::scale_reals{{}, four, {}, 1}.check(5, 5) == status::extents_differ);
    CHECK(dyad::scale_reals{{nullptr, {4}, {1}}, {}, {}, 1}.check(4, 4) == status::extents_differ);
    using residual = dyad::add_residual<float>;
    CHECK(residual{{numbers, {2, 2}, {2, 1}}}.check(2, 2) == status::ok);
    CHECK(residual{{numbers, {2, 2}, {2, 1}}}.check(2, 3) == status::residual_differs);
    CHECK(residual{{nullptr, {2, 2}, {2, 1}}}.check(2, 2) == status::residual_null);
    std::uint32_t largest[2] = {};
    CHECK(dyad::observe_largest{dyad::make_vector(largest, 2)}.check(2, 9) == status::ok);
    CHECK(dyad::observe_largest{dyad::make_vector(largest, 2)}.check(3, 9) == status::extents_differ);
    CHECK(dyad::observe_largest{}.check(3, 9) == status::observer_null);
}

}  // namespace
