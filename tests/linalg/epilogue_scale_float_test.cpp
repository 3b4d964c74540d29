// SPDX-License-Identifier: Apache-2.0
// Requantization by one float product: the call against its three roundings in exact arithmetic, the row and tile forms
// against the call.
#include <dyad/linalg/epilogue_scale_float.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>

#include "support/epilogue_check.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::status;
using dyad::uinteger;
using dyad_test::strided;
using dyad_test::tally;

struct inputs {
    std::mt19937_64 random{23};

    [[nodiscard]] std::int32_t sum() {
        switch (random() % 8) {
            case 0: return std::numeric_limits<std::int32_t>::min();
            case 1: return std::numeric_limits<std::int32_t>::max();
            case 2: return static_cast<std::int32_t>(random() % 512) - 256;
            default: return static_cast<std::int32_t>(static_cast<std::uint32_t>(random())) >> (random() % 24);
        }
    }
    [[nodiscard]] float factor() {
        switch (random() % 10) {
            case 0: return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
            case 1: return 0.5F;  // ties
            case 2: return -0.25F;
            case 3: return std::numeric_limits<float>::infinity();
            default:
                return std::ldexp(1 + static_cast<float>(random() & 0x7fffff) * 0x1p-23F,
                                  -static_cast<int>(random() % 31));
        }
    }
};

template <class Out>
void check_definition(tally& cases) {
    inputs in;
    for (int i = 0; i < 100'000; ++i) {
        const std::int32_t x = in.sum();
        const float factor = in.factor();
        const auto zero = static_cast<typename Out::raw_type>(
            Out::min_raw + static_cast<int>(in.random() % static_cast<std::uint64_t>(Out::max_raw - Out::min_raw + 1)));
        const std::int32_t bias = x < 0 ? 17 : -5;
        // Products of two floats are doubles, so this rounds three times, as it should.
        const float rounded = static_cast<float>(x + bias);
        const auto product = static_cast<float>(static_cast<double>(rounded) * static_cast<double>(factor));
        double y = std::nearbyint(static_cast<double>(product)) + zero;
        y = y > Out::max_raw ? Out::max_raw : y >= Out::min_raw ? y : Out::min_raw;
        const dyad::scale_columns_float<Out> e{{&factor, {1}, {0}}, {&bias, {1}, {0}}, zero};
        cases.check(e(x, 0, 4).raw() == static_cast<int>(y), reference::name_of<Out>(), " x ", x, " factor ", factor,
                    " zero point ", int{zero});
    }
}

TEST_CASE("scale_columns_float: a float, a product, an integer, each to nearest even") {
    tally cases("scale_columns_float");
    check_definition<integer<8>>(cases);
    check_definition<uinteger<8>>(cases);
    check_definition<integer<4>>(cases);
    check_definition<integer<16>>(cases);
}

template <class Out>
void check_rows(tally& cases) {
    inputs in;
    for (index n = 0; n <= 70; ++n) {
        for (int kind = 0; kind < 6; ++kind) {
            const index strides[] = {1, 0, 3, -2};
            const index column = static_cast<index>(in.random() % 3);
            const strided<float> factors(n + column, strides[in.random() % 4], [&] { return in.factor(); });
            const strided<std::int32_t> bias(n + column, strides[in.random() % 4], [&] { return in.sum(); });
            const index rows = 1 + static_cast<index>(in.random() % 3);
            std::vector<std::int32_t> sums(static_cast<std::size_t>(rows * n));
            for (auto& x : sums) x = in.sum();
            const auto zero = kind < 3 ? Out::min_raw : kind < 5 ? Out::max_raw : typename Out::raw_type{0};
            const dyad::scale_columns_float<Out> e{
                factors.view(), kind % 2 == 0 ? bias.view() : dyad::vector_view<const std::int32_t>{}, zero};
            dyad_test::check_forms<Out>(cases, reference::name_of<Out>().c_str(), e, sums, rows, n, 0, column);
            const dyad::scale_columns_float<Out> plain{factors.view(), e.bias};
            dyad_test::check_forms<Out>(cases, reference::name_of<Out>().c_str(), plain, sums, rows, n, 0, column);
        }
    }
}

TEST_CASE("scale_columns_float: rows and tiles are the calls") {
    tally cases("rows of scale_columns_float");
    check_rows<integer<8>>(cases);
    check_rows<uinteger<8>>(cases);
    check_rows<integer<4>>(cases);
    check_rows<uinteger<2>>(cases);
    check_rows<integer<16>>(cases);
    check_rows<uinteger<16>>(cases);
}

TEST_CASE("scale_columns_float: ties, the zero point after rounding, NaN") {
    const float half = 0.5F;
    const dyad::scale_columns_float<integer<8>> e{{&half, {1}, {0}}};
    CHECK(e(1, 0, 0).raw() == 0);
    CHECK(e(3, 0, 0).raw() == 2);
    CHECK(e(-5, 0, 0).raw() == -2);
    CHECK(e(1'000'000'000, 0, 0).raw() == 127);
    const dyad::scale_columns_float<integer<8>> moved{{&half, {1}, {0}}, {}, 1};
    CHECK(moved(1, 0, 0).raw() == 1);  // 0 + 1, not round(1.5)
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const dyad::scale_columns_float<uinteger<8>> none{{&nan, {1}, {0}}, {}, 9};
    CHECK(none(1, 0, 0).raw() == 0);
}

TEST_CASE("scale_columns_float: what its check finds") {
    const float factors[4] = {};
    const std::int32_t bias[4] = {};
    using epilogue = dyad::scale_columns_float<integer<8>>;
    const auto four = dyad::make_vector(factors, 4);
    CHECK(dyad::check_epilogue(epilogue{four}, 1, 4) == status::ok);
    CHECK(dyad::check_epilogue(epilogue{four}, 1, 5) == status::extents_differ);
    CHECK(dyad::check_epilogue(epilogue{four, dyad::make_vector(bias, 3)}, 1, 4) == status::extents_differ);
    CHECK(dyad::check_epilogue(epilogue{four, {nullptr, {4}, {1}}}, 1, 4) == status::bias_null);
    CHECK(dyad::check_epilogue(epilogue{{}}, 1, 4) == status::scales_null);
}

}  // namespace
