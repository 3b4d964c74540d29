// SPDX-License-Identifier: Apache-2.0
// Requantization by columns against the plain formula in 128 bits, and its row and tile forms against its call.
#include <dyad/linalg/epilogue_requantize.hpp>

#include <doctest/doctest.h>

#include "support/epilogue_check.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::int128_t;
using dyad::integer;
using dyad::multiplier;
using dyad::requantization;
using dyad::status;
using dyad::uinteger;
using dyad_test::strided;
using dyad_test::tally;

constexpr requantization modes[] = {requantization::single_half_up, requantization::gemmlowp_double,
                                    requantization::nearest_even};
constexpr std::int32_t least = -0x7fff'ffff - 1;
constexpr std::int32_t most = 0x7fff'ffff;

/// Exponents of the multipliers of one case: every one of them occurs.
struct exponents {
    int low;
    int high;
};
constexpr exponents ranges[] = {{-45, -34}, {-63, -33}, {-36, -30}, {-62, -1}, {-80, 40}, {-31, -31}};

struct inputs {
    std::mt19937_64 random{7};

    [[nodiscard]] std::int32_t sum() {
        switch (random() % 8) {
            case 0: return least;
            case 1: return most;
            case 2: return static_cast<std::int32_t>(random() % 5) - 2;
            default: return static_cast<std::int32_t>(static_cast<std::uint32_t>(random())) >> (random() % 24);
        }
    }
    [[nodiscard]] multiplier factor(exponents range) {
        const auto width = static_cast<std::uint64_t>(range.high - range.low + 1);
        const int e = range.low + static_cast<int>(random() % width);
        switch (random() % 6) {
            case 0: return {most, e};
            case 1: return {1 << 30, e};  // ties
            case 2: return {static_cast<std::int32_t>(random() % 4), e};
            default: return {(1 << 30) | static_cast<std::int32_t>(random() & 0x3fff'ffff), e};
        }
    }
};

/// floor(x 2^-shift), shift <= 120.
int128_t floor_shift(int128_t x, int shift) { return x >> (shift > 120 ? 120 : shift); }

/// The formulas of the three roundings, as they stand in their sources, without bounds.
int128_t plain_requantize(std::int32_t x, multiplier m, requantization mode) {
    const int128_t product = static_cast<int128_t>(x) * m.significand;
    if (mode == requantization::gemmlowp_double) {
        const int shift = m.exponent + 31;
        int128_t raised = static_cast<int128_t>(x) << (shift > 31 ? 31 : shift > 0 ? shift : 0);
        raised = raised < least ? int128_t{least} : raised > most ? int128_t{most} : raised;
        const int128_t high = floor_shift(raised * m.significand * 2 + (int128_t{1} << 31), 32);
        if (shift >= 0) return high;
        const int128_t magnitude = high < 0 ? -high : high;
        const int128_t y =
            floor_shift(magnitude + floor_shift(int128_t{1} << (-shift > 100 ? 100 : -shift), 1), -shift);
        return high < 0 ? -y : y;
    }
    if (m.exponent >= 0) return product << (m.exponent > 40 ? 40 : m.exponent);
    const int places = -m.exponent > 100 ? 100 : -m.exponent;
    const int128_t down = floor_shift(product, places);
    const int128_t rest = (product - (down << places)) * 2;
    const int128_t one = int128_t{1} << places;
    if (mode == requantization::single_half_up) return down + (rest >= one ? 1 : 0);
    return down + (rest > one || (rest == one && (down & 1) != 0) ? 1 : 0);
}

template <class Out>
void check_formula(tally& cases) {
    inputs in;
    for (const auto mode : modes) {
        for (const auto range : ranges) {
            for (int i = 0; i < 3000; ++i) {
                const std::int32_t x = in.sum();
                const std::int32_t bias = x == least || x == most ? 0 : static_cast<std::int32_t>(in.random() % 3) - 1;
                const multiplier m = in.factor(range);
                const dyad::requantize_columns<Out> e{{&bias, {1}, {0}}, {&m, {1}, {0}}, mode};
                int128_t y = plain_requantize(x + bias, m, mode);
                y = y < Out::min_raw ? int128_t{Out::min_raw} : y > Out::max_raw ? int128_t{Out::max_raw} : y;
                cases.check(e(x, 3, 5).raw() == y, reference::name_of<Out>(), " mode ", static_cast<int>(mode), " x ",
                            x, " b ", m.significand, " e ", m.exponent);
            }
        }
    }
}

TEST_CASE("requantize_columns is the plain formula in 128 bits") {
    tally cases("requantize_columns");
    check_formula<integer<8>>(cases);
    check_formula<integer<16>>(cases);
    check_formula<uinteger<8>>(cases);
    check_formula<integer<32>>(cases);
}

/// Zero points and bounds of one case: those of activations, and the ends of all words.
template <class Out>
struct range_case {
    std::int32_t zero_point = 0;
    std::int32_t low = Out::min_raw;
    std::int32_t high = Out::max_raw;

    static range_case any(inputs& in) {
        constexpr std::int32_t lowest = Out::min_raw;
        constexpr std::int32_t highest = Out::max_raw;
        const auto code = [&] {
            return lowest + static_cast<std::int32_t>(in.random() % static_cast<std::uint64_t>(highest - lowest + 1));
        };
        range_case r;
        switch (in.random() % 5) {
            case 0: r.zero_point = in.sum(); break;
            case 1: break;
            default: r.zero_point = code();
        }
        const std::int32_t x = code();
        const std::int32_t y = code();
        switch (in.random() % 4) {
            case 0: r.low = r.zero_point < lowest ? lowest : r.zero_point > highest ? highest : r.zero_point; break;
            case 1: r.low = x < y ? x : y, r.high = x < y ? y : x; break;
            case 2: r.low = r.high = x; break;
            default: break;
        }
        return r;
    }
};

template <class Out>
void check_range(tally& cases, std::int32_t y, const range_case<Out>& r) {
    // The significand and the exponent are 1 and 0: the sum is the word.
    const std::int32_t bias = 0;
    const multiplier one{1, 0};
    int128_t right = static_cast<int128_t>(y) + r.zero_point;
    right = right < r.low ? int128_t{r.low} : right > r.high ? int128_t{r.high} : right;
    for (const auto mode : {requantization::single_half_up, requantization::nearest_even}) {
        const dyad::requantize_columns<Out> e{{&bias, {1}, {0}}, {&one, {1}, {0}}, mode, r.zero_point, r.low, r.high};
        cases.check(e(y, 0, 0).raw() == right, reference::name_of<Out>(), " word ", y, " zero point ", r.zero_point,
                    " from ", r.low, " to ", r.high);
    }
}

template <class Out>
void check_ranges(tally& cases) {
    constexpr std::int32_t lowest = Out::min_raw;
    constexpr std::int32_t highest = Out::max_raw;
    const std::int32_t zeros[] = {least, least + 1, -70000, lowest, -1, 0, 1, highest, 70000, most - 1, most};
    const std::int32_t ends[] = {lowest, lowest + 1, (lowest + highest) / 2, highest - 1, highest};
    for (const std::int32_t z : zeros) {
        for (const std::int32_t low : ends) {
            for (const std::int32_t high : ends) {
                if (low > high) continue;
                const range_case<Out> r{z, low, high};
                for (const std::int32_t y : {least, least + 1, -1, 0, 1, most - 1, most}) check_range(cases, y, r);
                // Around both ends, where they are within reach.
                for (int d = -2; d <= 2; ++d) {
                    for (const std::int64_t end : {std::int64_t{low} - z + d, std::int64_t{high} - z + d})
                        if (end >= least && end <= most) check_range(cases, static_cast<std::int32_t>(end), r);
                }
            }
        }
    }
    inputs in;
    for (int i = 0; i < 20000; ++i) check_range(cases, in.sum(), range_case<Out>::any(in));
}

TEST_CASE("requantize_columns: zero points and bounds are the plain formula in 128 bits") {
    tally cases("zero points of requantize_columns");
    check_ranges<integer<8>>(cases);
    check_ranges<uinteger<8>>(cases);
    check_ranges<integer<16>>(cases);
    check_ranges<uinteger<16>>(cases);
    check_ranges<integer<5>>(cases);
}

template <class Out>
void check_rows(tally& cases) {
    inputs in;
    for (index n = 0; n <= 70; ++n) {
        for (const auto range : ranges) {
            const auto mode = modes[in.random() % 3];
            const index strides[] = {1, 0, 3, -2};
            const index bias_stride = strides[in.random() % 4];
            const index stride = n % 3 == 0 ? 1 : strides[in.random() % 4];
            const index column = static_cast<index>(in.random() % 3);
            const strided<std::int32_t> bias(n + column, bias_stride, [&] { return in.sum(); });
            const strided<multiplier> factors(n + column, stride, [&] { return in.factor(range); });
            const index rows = 1 + static_cast<index>(in.random() % 3);
            std::vector<std::int32_t> sums(static_cast<std::size_t>(rows * n));
            for (auto& x : sums) x = in.sum();
            dyad::requantize_columns<Out> e{bias.view(), factors.view(), mode};
            dyad_test::check_forms<Out>(cases, reference::name_of<Out>().c_str(), e, sums, rows, n, 2, column);
            if constexpr (Out::width <= 16) {
                const auto r = range_case<Out>::any(in);
                e.zero_point = r.zero_point, e.low = r.low, e.high = r.high;
                dyad_test::check_forms<Out>(cases, "in a range", e, sums, rows, n, 2, column);
            }
        }
    }
}

TEST_CASE("requantize_columns: rows and tiles are the calls") {
    tally cases("rows of requantize_columns");
    check_rows<integer<4>>(cases);
    check_rows<uinteger<4>>(cases);
    check_rows<integer<7>>(cases);
    check_rows<integer<8>>(cases);
    check_rows<uinteger<8>>(cases);
    check_rows<integer<12>>(cases);
    check_rows<integer<16>>(cases);
    check_rows<uinteger<16>>(cases);
    check_rows<integer<32>>(cases);
    check_rows<dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>>(cases);
}

TEST_CASE("requantize_columns: every mode on every exponent of whole vectors") {
    tally cases("exponents of requantize_columns");
    inputs in;
    for (const auto mode : modes) {
        for (int e = -70; e <= 3; ++e) {
            const strided<std::int32_t> bias(48, 0, [] { return 0; });
            const strided<multiplier> factors(48, 1, [&] { return in.factor({e, e}); });
            std::vector<std::int32_t> sums(4 * 48);
            for (auto& x : sums) x = in.sum();
            const dyad::requantize_columns<integer<8>> narrow{bias.view(), factors.view(), mode};
            dyad_test::check_forms<integer<8>>(cases, "8 bits", narrow, sums, 4, 48, 0, 0);
            const dyad::requantize_columns<integer<16>> wide{bias.view(), factors.view(), mode};
            dyad_test::check_forms<integer<16>>(cases, "16 bits", wide, sums, 4, 48, 0, 0);
            for (int i = 0; i < 4; ++i) {
                const auto r = range_case<integer<8>>::any(in);
                const dyad::requantize_columns<integer<8>> moved{bias.view(),  factors.view(), mode,
                                                                 r.zero_point, r.low,          r.high};
                dyad_test::check_forms<integer<8>>(cases, "8 bits in a range", moved, sums, 4, 48, 0, 0);
                const auto u = range_case<uinteger<8>>::any(in);
                const dyad::requantize_columns<uinteger<8>> other{bias.view(),  factors.view(), mode,
                                                                  u.zero_point, u.low,          u.high};
                dyad_test::check_forms<uinteger<8>>(cases, "unsigned 8 bits in a range", other, sums, 4, 48, 0, 0);
                const auto h = range_case<integer<16>>::any(in);
                const dyad::requantize_columns<integer<16>> halves{bias.view(),  factors.view(), mode,
                                                                   h.zero_point, h.low,          h.high};
                dyad_test::check_forms<integer<16>>(cases, "16 bits in a range", halves, sums, 4, 48, 0, 0);
            }
        }
    }
}

TEST_CASE("requantize_columns: what its check finds") {
    const std::int32_t bias[4] = {};
    const multiplier factors[4] = {};
    using epilogue = dyad::requantize_columns<integer<8>>;
    const epilogue whole{dyad::make_vector(bias, 4), dyad::make_vector(factors, 4)};
    CHECK(dyad::check_epilogue(whole, 9, 4) == status::ok);
    CHECK(dyad::check_epilogue(whole, 9, 3) == status::ok);
    CHECK(dyad::check_epilogue(whole, 9, 5) == status::extents_differ);
    CHECK(dyad::check_epilogue(epilogue{{}, whole.multipliers}, 1, 4) == status::bias_null);
    CHECK(dyad::check_epilogue(epilogue{whole.bias, {}}, 1, 4) == status::scales_null);
    CHECK(dyad::check_epilogue(epilogue{{}, {}}, 0, 4) == status::ok);
    CHECK(dyad::check_epilogue(epilogue{{bias, {1}, {0}}, {factors, {1}, {0}}}, 2, 400) == status::ok);
    CHECK(dyad::check_epilogue(epilogue{whole.bias, whole.multipliers, whole.mode, 1000, -128, 127}, 2, 4) ==
          status::ok);
    CHECK(dyad::check_epilogue(epilogue{whole.bias, whole.multipliers, whole.mode, 0, 3, 2}, 2, 4) ==
          status::parameter_out_of_range);
    CHECK(dyad::check_epilogue(epilogue{whole.bias, whole.multipliers, whole.mode, 0, -129, 2}, 2, 4) ==
          status::parameter_out_of_range);
    CHECK(dyad::check_epilogue(epilogue{whole.bias, whole.multipliers, whole.mode, 0, -128, 128}, 2, 4) ==
          status::parameter_out_of_range);
    CHECK(dyad::check_epilogue([](int, index, index) { return 0; }, 2, 2) == status::ok);
}

}  // namespace
