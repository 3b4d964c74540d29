// SPDX-License-Identifier: Apache-2.0
// Epilogues against their definitions, in exact rationals.
#include <dyad/linalg/epilogue.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::multiplier;
using dyad::requantization;
using dyad::uinteger;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using dyad_test::tally;

static_assert(dyad::keep_sum{}(std::int64_t{-7}, 3, 4) == -7 && dyad::keep_sum{}(1.5f, 0, 0) == 1.5f);

// What each of them has beside its call.
static_assert(dyad::row_epilogue<dyad::keep_sum, float, float> && !dyad::tile_epilogue<dyad::keep_sum, float, float>);
static_assert(dyad::tile_epilogue<dyad::requantize_columns<integer<8>>, std::int32_t, integer<8>>);
static_assert(!dyad::row_epilogue<dyad::requantize_columns<integer<8>>, std::int64_t, integer<8>>);
static_assert(dyad::tile_epilogue<dyad::scale_columns<float>, std::int64_t, float>);
static_assert(dyad::checked_epilogue<dyad::scale_columns<float>> && !dyad::checked_epilogue<dyad::keep_sum>);

constexpr index columns = 24;

/// x clamped to a range, as a word.
std::int64_t clamped(const cpp_int& x, std::int64_t low, std::int64_t high) {
    return x < low ? low : x > high ? high : static_cast<std::int64_t>(x);
}

/// Column j's numbers stand at every third place, backwards: the epilogue must go by strides.
template <class T>
struct column_data {
    std::vector<T> memory = std::vector<T>(3 * columns);
    [[nodiscard]] dyad::vector_view<T> view() { return {memory.data() + 3 * (columns - 1), {columns}, {-3}}; }
};

template <class Out>
void check_requantize(tally& cases) {
    std::mt19937_64 random(1);
    column_data<std::int32_t> bias;
    column_data<multiplier> multipliers;
    for (index j = 0; j < columns; ++j) {
        bias.view()(j) = static_cast<std::int32_t>(random() % 20001) - 10000;
        multipliers.view()(j) = {(1 << 30) + static_cast<std::int32_t>(random() % (1 << 30)),
                                 -31 - static_cast<int>(random() % 12)};
    }
    for (const auto mode :
         {requantization::single_half_up, requantization::nearest_even, requantization::gemmlowp_double}) {
        const dyad::requantize_columns<Out> epilogue{bias.view(), multipliers.view(), mode};
        for (int i = 0; i < 4000; ++i) {
            const auto column = static_cast<index>(random() % columns);
            const auto sum = static_cast<std::int32_t>(random() % 200'001) - 100'000;
            const multiplier m = multipliers.view()(column);
            const cpp_rational exact = cpp_rational(cpp_int(sum) + bias.view()(column)) * m.significand;
            const auto round = [](const cpp_rational& x, dyad::rounding rule) {
                return dyad_test::reference_round(x, rule);
            };
            cpp_int y;
            if (mode == requantization::gemmlowp_double) {
                const cpp_int high = round(exact * dyad_test::power_of_two(-31), dyad::rounding::nearest_up);
                y = round(cpp_rational(high) * dyad_test::power_of_two(m.exponent + 31), dyad::rounding::nearest_away);
            } else {
                y = round(exact * dyad_test::power_of_two(m.exponent), mode == requantization::nearest_even
                                                                           ? dyad::rounding::nearest_even
                                                                           : dyad::rounding::nearest_up);
            }
            const std::int64_t expected = clamped(y, Out::min_raw, Out::max_raw);
            const auto got = epilogue(sum, i, column).raw();
            cases.check(got == expected, reference::name_of<Out>(), ", mode ", static_cast<int>(mode), ", sum ", sum,
                        ", column ", column, ": ", static_cast<int>(got));
        }
    }
}

TEST_CASE("requantize_columns: (sum + bias) * multiplier of the column, rounded as named, clamped") {
    tally cases("requantize_columns");
    check_requantize<integer<8>>(cases);
    check_requantize<uinteger<8>>(cases);
    check_requantize<integer<4>>(cases);
    check_requantize<integer<16>>(cases);
}

TEST_CASE("requantize_columns: half up unless another rounding is named") {
    const std::vector<std::int32_t> bias{1};
    const std::vector<multiplier> half{{1 << 30, -31}};
    const dyad::requantize_columns<integer<8>> epilogue{dyad::make_vector(bias.data(), 1),
                                                        dyad::make_vector(half.data(), 1)};
    CHECK(epilogue(4, 0, 0).raw() == 3);
    CHECK(epilogue(-6, 0, 0).raw() == -2);
    CHECK(epilogue(0x7fff'fff0, 0, 0).raw() == 127);
    CHECK(epilogue(-0x7fff'fff0, 0, 0).raw() == -128);
}

/// x != 0 to the nearest number of `digits` digits; in range everywhere below.
cpp_rational to_digits(const cpp_rational& x, int digits) {
    return x == 0 ? x : dyad_test::reference_round_to_digits(x, digits, dyad::rounding::nearest_even);
}

template <class Out, class Sum>
void check_scale(tally& cases) {
    std::mt19937_64 random(2);
    const auto uniform = [&random](double low, double high) {
        return low + static_cast<double>(random() >> 11) * 0x1p-53 * (high - low);
    };
    column_data<float> factors;
    column_data<float> offsets;
    for (index j = 0; j < columns; ++j) {
        factors.view()(j) = static_cast<float>(uniform(1e-5, 1e-2));
        offsets.view()(j) = static_cast<float>(uniform(-3, 3));
    }
    for (const double factor : {1.0, 0.1, 17.3}) {
        const dyad::scale_columns<Out> epilogue{factors.view(), offsets.view(), factor};
        for (int i = 0; i < 1000; ++i) {
            const auto column = static_cast<index>(random() % columns);
            const auto sum = static_cast<Sum>(static_cast<std::int64_t>(random() % 200'001) - 100'000);
            const cpp_rational scale =
                to_digits(cpp_rational(static_cast<double>(factors.view()(column))) * cpp_rational(factor), 53);
            const cpp_rational fused = cpp_rational(static_cast<double>(sum)) * scale +
                                       cpp_rational(static_cast<double>(offsets.view()(column)));
            const cpp_rational y = to_digits(to_digits(fused, 53), 24);
            const Out got = epilogue(sum, i, column);
            if constexpr (requires { Out::max_raw; }) {
                const cpp_int code = dyad_test::reference_round(y * dyad_test::power_of_two(Out::fraction),
                                                                dyad::rounding::nearest_even);
                cases.check(got.raw() == clamped(code, Out::min_raw, Out::max_raw), "sum ", sum, ", column ", column);
            } else {
                // Numbers here are far from subnormal and from overflow.
                constexpr int digits = std::same_as<Out, float> ? 24 : 8;
                cases.check(cpp_rational(dyad::convert<double>(got)) == to_digits(y, digits), "sum ", sum, ", column ",
                            column);
            }
        }
    }
}

TEST_CASE("scale_columns: sum * factor * factor of the column + offset, one fma, through float") {
    tally cases("scale_columns");
    check_scale<float, std::int32_t>(cases);
    check_scale<float, float>(cases);
    check_scale<dyad::bfloat16, std::int64_t>(cases);
    check_scale<integer<8>, std::int32_t>(cases);
    check_scale<uinteger<8>, std::int32_t>(cases);
    check_scale<dyad::fixed<8, 4>, float>(cases);
}

TEST_CASE("scale_columns: the scale is rounded first, the sum of product and offset once") {
    const auto run = [](double sum, float column_factor, double factor, float offset) {
        const dyad::scale_columns<float> epilogue{dyad::make_vector(&column_factor, 1), dyad::make_vector(&offset, 1),
                                                  factor};
        return epilogue(sum, 0, 0);
    };
    // (2^31 - 1) (1 + 2^-23) = 2^31 + 2^8 - 1 - 2^-23 has 55 digits.
    CHECK(run(0x1p31 - 1, 1 + 0x1p-23f, 1.0, -(0x1p31f + 0x1p8f)) == -1 - 0x1p-23f);
    // (1 + 2^-23) (1 + 2^-30 + 2^-52) in double is 1 + 2^-23 + 2^-30 + 2^-51; the exact product would leave 3 * 2^-23.
    CHECK(run(0x1p30, 1 + 0x1p-23f, 1 + 0x1p-30 + 0x1p-52, -(0x1p30f + 0x1p7f)) == 1 + 0x1p-21f);
}

TEST_CASE("scale_columns: overflow clamps, or is infinite in float; NaN stays") {
    const std::vector<float> one{1};
    const std::vector<float> none{0};
    const auto factors = dyad::make_vector(one.data(), 1);
    const auto offsets = dyad::make_vector(none.data(), 1);
    constexpr float inf = std::numeric_limits<float>::infinity();
    const dyad::scale_columns<dyad::float8_e4m3fn> eight{factors, offsets};
    CHECK(static_cast<float>(eight(1e9f, 0, 0)) == 448);
    CHECK(static_cast<float>(eight(-inf, 0, 0)) == -448);
    CHECK(std::isnan(static_cast<float>(eight(std::numeric_limits<float>::quiet_NaN(), 0, 0))));
    const dyad::scale_columns<float> plain{factors, offsets, 1e30};
    CHECK(plain(1e30f, 0, 0) == inf);
    const dyad::scale_columns<integer<8>> codes{factors, offsets};
    CHECK(codes(inf, 0, 0).raw() == 127);
    CHECK(codes(std::numeric_limits<float>::quiet_NaN(), 0, 0).raw() == 0);
}

TEST_CASE("run_epilogue: tiles by tile, by row and by call") {
    const std::vector<std::int32_t> sums{1, 2, 3, -1, 4, 5, 6, -1};
    const std::vector<float> factors{1, 10, 100};
    const float none = 0;
    const dyad::scale_columns<float> scale{dyad::make_vector(factors.data(), 3), {&none, {1}, {0}}};
    const auto add_place = [](std::int32_t x, index row, index column) {
        return x + 10 * static_cast<std::int32_t>(row) + 100 * static_cast<std::int32_t>(column);
    };
    std::vector<float> reals(6);
    std::vector<std::int32_t> words(6);
    const auto isa = dyad::best_instruction_set();
    dyad::run_epilogue(scale, isa, dyad::sum_tile<std::int32_t, float>{sums.data(), 4, 2, 3, reals.data(), 3}, 7, 0);
    CHECK(reals == std::vector<float>{1, 20, 300, 4, 50, 600});
    const dyad::sum_tile<std::int32_t, std::int32_t> tile{sums.data(), 4, 2, 3, words.data(), 3};
    dyad::run_epilogue(dyad::keep_sum{}, isa, tile, 7, 0);
    CHECK(words == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6});
    dyad::run_epilogue(add_place, isa, tile, 7, 1);
    CHECK(words == std::vector<std::int32_t>{171, 272, 373, 184, 285, 386});
}

}  // namespace
