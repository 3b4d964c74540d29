// SPDX-License-Identifier: Apache-2.0
// Real scales by columns: the row and tile forms against the call, for every kind of output and of sum, NaN, infinity
// and every range of results included. (The call against exact rationals: epilogue_test.cpp.)
#include <dyad/linalg/epilogue_scale.hpp>

#include <doctest/doctest.h>

#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

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
    std::mt19937_64 random{11};

    template <class Sum>
    [[nodiscard]] Sum sum() {
        if constexpr (std::same_as<Sum, float>) {
            switch (random() % 10) {
                case 0: return std::numeric_limits<float>::infinity();
                case 1: return -std::numeric_limits<float>::infinity();
                case 2: return std::numeric_limits<float>::quiet_NaN();
                case 3: return -0.0F;
                case 4: return std::bit_cast<float>(static_cast<std::uint32_t>(random()));  // other NaN too
                default: return std::ldexp(static_cast<float>(random() & 0xffffff) - 0x1p23F, -20);
            }
        } else {
            switch (random() % 6) {
                case 0: return std::numeric_limits<Sum>::min();
                case 1: return std::numeric_limits<Sum>::max();
                default: return static_cast<Sum>(static_cast<Sum>(random()) >> (random() % (8 * sizeof(Sum) - 4)));
            }
        }
    }
    /// Factors that bring results to 2^from ... 2^to, some of them ties of small integers, some not finite.
    [[nodiscard]] float factor(int from, int to) {
        switch (random() % 12) {
            case 0: return 0.5F;
            case 1: return -std::ldexp(1.0F, from);
            case 2: return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
            default: {
                const int e = from + static_cast<int>(random() % static_cast<std::uint64_t>(to - from + 1));
                return std::ldexp(1 + static_cast<float>(random() & 0x7fffff) * 0x1p-23F, e);
            }
        }
    }
    [[nodiscard]] float offset() { return random() % 2 == 0 ? 0.0F : factor(-12, 6); }
};

template <class Out, class Sum>
void check_rows(tally& cases) {
    inputs in;
    for (index n = 0; n <= 70; ++n) {
        for (const int from : {-149, -40, -20, -8, 60}) {
            const index strides[] = {1, 0, 3, -2};
            const index column = static_cast<index>(in.random() % 3);
            const strided<float> factors(n + column, strides[in.random() % 4],
                                         [&] { return in.factor(from, from + 30); });
            const strided<float> offsets(n + column, strides[in.random() % 4], [&] { return in.offset(); });
            const index rows = 1 + static_cast<index>(in.random() % 3);
            std::vector<Sum> sums(static_cast<std::size_t>(rows * n));
            for (auto& x : sums) x = in.sum<Sum>();
            const double factor = in.random() % 2 == 0 ? 1 : 1 + std::ldexp(static_cast<double>(in.random() % 999), -9);
            const dyad::scale_columns<Out> e{factors.view(), offsets.view(), factor};
            dyad_test::check_forms<Out>(cases, reference::name_of<Out>().c_str(), e, sums, rows, n, 1, column);
        }
    }
}
template <class... Out>
void check_outputs(tally& cases) {
    (check_rows<Out, std::int32_t>(cases), ...);
    (check_rows<Out, float>(cases), ...);
}

TEST_CASE("scale_columns: rows and tiles are the calls") {
    tally cases("rows of scale_columns");
    check_outputs<float, double, dyad::bfloat16, dyad::float16>(cases);
    check_outputs<dyad::float8_e4m3fn, dyad::float8_e5m2, dyad::float8_e4m3fnuz, dyad::float8_e8m0fnu>(cases);
    check_outputs<dyad::float6_e2m3fn, dyad::float6_e3m2fn, dyad::float4_e2m1fn, dyad::tfloat32>(cases);
    check_outputs<integer<4>, uinteger<4>, integer<8>, uinteger<8>, integer<16>, uinteger<16>>(cases);
    check_outputs<dyad::fixed<8, 4>, dyad::fixed<16, -3>, integer<32>, dyad::ternary>(cases);
    check_rows<float, std::int64_t>(cases);
    check_rows<integer<8>, std::int64_t>(cases);
    check_rows<dyad::bfloat16, std::int64_t>(cases);
}

TEST_CASE("scale_columns: a long row in pieces") {
    tally cases("long rows of scale_columns");
    inputs in;
    const index n = 1333;
    const strided<float> factors(n, 1, [&] { return in.factor(-10, 3); });
    const strided<float> offsets(n, 0, [&] { return 1.5F; });
    std::vector<float> sums(static_cast<std::size_t>(2 * n));
    for (auto& x : sums) x = in.sum<float>();
    const dyad::scale_columns<dyad::float8_e4m3fn> e{factors.view(), offsets.view()};
    dyad_test::check_forms<dyad::float8_e4m3fn>(cases, "float8_e4m3fn", e, sums, 2, n, 0, 0);
}

TEST_CASE("scale_columns: NaN has one pattern") {
    const float one = 1;
    const float none = 0;
    const dyad::scale_columns<float> e{{&one, {1}, {0}}, {&none, {1}, {0}}};
    CHECK(std::bit_cast<std::uint32_t>(e(std::bit_cast<float>(0xffa0'1234U), 0, 0)) == 0x7fc0'0000U);
    const float infinite = std::numeric_limits<float>::infinity();
    const dyad::scale_columns<dyad::bfloat16> narrow{{&infinite, {1}, {0}}, {&none, {1}, {0}}};
    CHECK(narrow(0, 0, 0).bits() == 0x7fc0);
}

TEST_CASE("scale_columns: what its check finds") {
    const float numbers[4] = {};
    const auto four = dyad::make_vector(numbers, 4);
    using epilogue = dyad::scale_columns<float>;
    CHECK(dyad::check_epilogue(epilogue{four, four}, 1, 4) == status::ok);
    CHECK(dyad::check_epilogue(epilogue{four, four}, 1, 5) == status::extents_differ);
    CHECK(dyad::check_epilogue(epilogue{{}, four}, 1, 4) == status::scales_null);
    CHECK(dyad::check_epilogue(epilogue{four, {}}, 1, 4) == status::bias_null);
    CHECK(dyad::check_epilogue(epilogue{{numbers, {1}, {0}}, {numbers, {1}, {0}}}, 1, 99) == status::ok);
}

}  // namespace
