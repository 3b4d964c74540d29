// SPDX-License-Identifier: Apache-2.0
// Chains of epilogues: the call is the calls one after the other, rows of any length are the calls, the first fault is
// reported.
#include <dyad/linalg/epilogue_stages.hpp>

#include <doctest/doctest.h>

#include <dyad/linalg/epilogue_reals.hpp>
#include <dyad/linalg/epilogue_requantize.hpp>
#include <dyad/linalg/epilogue_words.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/epilogue_check.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using dyad::in_stages;
using dyad::index;
using dyad::integer;
using dyad::multiplier;
using dyad::status;
using dyad_test::strided;
using dyad_test::tally;

TEST_CASE("chains: rows are the calls") {
    tally cases("chains");
    std::mt19937_64 random(13);
    const auto table =
        dyad::tabulate<integer<8>, integer<8>>(dyad::scalar_function::silu, dyad::function_scales::from(0.05, 0.04));
    const index lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 70, 128, 300};
    for (const index n : lengths) {
        const index rows = 3;
        const auto word = [&random] { return static_cast<std::int32_t>(random() % 200'001) - 100'000; };
        const strided<std::int32_t> bias(n, 1, word);
        const strided<std::int32_t> of_rows(rows, 1, word);
        const strided<multiplier> factors(n, 1, [&random] {
            return multiplier{(1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)), -40};
        });
        const strided<float> reals(n, 1, [&random] { return static_cast<float>(random() % 1000) * 1e-5F; });
        const strided<integer<8>> codes(rows * n, 1,
                                        [&random] { return integer<8>::from_raw(static_cast<std::int8_t>(random())); });
        const dyad::matrix_view<const integer<8>> residual{codes.view().data, {rows, n}, {n, 1}};
        std::vector<std::int32_t> sums(static_cast<std::size_t>(rows * n));
        for (auto& x : sums) x = word();

        const auto integers = in_stages(dyad::add_terms{of_rows.view(), bias.view(), 7}, dyad::clamp_words_between{0},
                                        dyad::requantize_columns<integer<8>>{bias.view(), factors.view()},
                                        dyad::through_table<integer<8>, integer<8>>{&table});
        CHECK(integers.check(rows, n) == status::ok);
        dyad_test::check_forms<integer<8>>(cases, "integers", integers, sums, rows, n, 0, 0);

        std::uint32_t largest[3] = {};
        const auto real =
            in_stages(dyad::scale_reals{reals.view()}, dyad::add_residual<integer<8>>{residual, 0.05},
                      dyad::observe_largest{dyad::make_vector(largest, 3)}, dyad::to_format<dyad::float8_e4m3fn>{});
        CHECK(real.check(rows, n) == status::ok);
        dyad_test::check_forms<dyad::float8_e4m3fn>(cases, "reals", real, sums, rows, n, 0, 0);
        for (index i = 0; i < rows; ++i) {
            float most = 0;
            for (index j = 0; j < n; ++j) {
                const double y = std::fma(static_cast<double>(sums[static_cast<std::size_t>(i * n + j)]),
                                          static_cast<double>(reals.view()(j)), 0.0);
                const double z = std::fma(static_cast<double>(residual(i, j).raw()), 0.05, y);
                most = std::max(most, static_cast<float>(std::fabs(z)));
            }
            cases.check(std::bit_cast<float>(largest[i]) == most, "largest of row ", i, " of ", n);
        }
    }
}

TEST_CASE("chains: a stage may be any callable, and a chain a stage") {
    const auto twice = [](std::int32_t x, index, index) { return 2 * x; };
    const auto place = [](std::int32_t x, index row, index column) {
        return x + 100 * static_cast<int>(row) + static_cast<int>(column);
    };
    const auto chain = in_stages(in_stages(twice, place), twice);
    CHECK(chain(3, 1, 2) == 216);
    const std::int32_t sums[3] = {3, 4, 5};
    std::int32_t dst[3] = {};
    chain.run(dyad::instruction_set::scalar, sums, 1, 2, 3, dst);
    CHECK(dst[0] == 216);
    CHECK(dst[1] == 222);
    CHECK(dst[2] == 228);
    CHECK(in_stages(twice)(4, 0, 0) == 8);
}

TEST_CASE("chains: the first fault") {
    const std::int32_t bias[2] = {};
    const auto two = dyad::make_vector(bias, 2);
    CHECK(in_stages(dyad::add_bias{two}, dyad::add_terms{two, two}).check(2, 2) == status::ok);
    CHECK(in_stages(dyad::add_bias{two}, dyad::add_terms{two, {}}).check(2, 2) == status::row_sums_null);
    CHECK(in_stages(dyad::add_bias{}, dyad::add_terms{two, {}}).check(2, 2) == status::bias_null);
    CHECK(in_stages(dyad::add_bias{two}).check(2, 3) == status::extents_differ);
}

}  // namespace
