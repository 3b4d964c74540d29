// SPDX-License-Identifier: Apache-2.0
// Dynamic fixed point: quantizing, sums and products, against exact rationals rounded by definition.
#include <dyad/array/dfp.hpp>
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::dfp;
using dyad::dfp_overflow;
using dyad::index;
using dyad::integer;
using dyad::rounding;
using dyad::status;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;

using exponent = dyad::power_of_two<>;

/// A matrix of integers with exponents for every tile, at strides of its own.
template <int Width>
struct tensor {
    std::vector<integer<Width>> codes;
    std::vector<exponent> exponents;
    dfp<Width> view;

    tensor(index rows, index columns, index tile_rows, index tile_columns, bool by_columns = false)
        : codes(static_cast<std::size_t>(rows * columns * 2)), exponents(static_cast<std::size_t>(rows * columns)) {
        view.codes = by_columns ? dyad::matrix_view<integer<Width>>{codes.data(), {rows, columns}, {1, rows}}
                                : dyad::matrix_view<integer<Width>>{codes.data(), {rows, columns}, {2 * columns, 2}};
        view.scales = {exponents.data(), {tile_rows, tile_columns}, {columns, 1}};
    }
    /// Numbers of all lengths, the lowest and the highest among them; one exponent for all tiles, give or take.
    void fill(std::mt19937_64& random, int base, int spread) {
        for (auto& c : codes) {
            const auto raw = static_cast<std::int64_t>(random()) >> (64 - Width) >> (random() % Width);
            c = integer<Width>::saturating_from_raw(raw);
            if (random() % 8 == 0) c = integer<Width>::from_raw(integer<Width>::min_raw);
            if (random() % 8 == 0) c = integer<Width>::from_raw(integer<Width>::max_raw);
        }
        for (auto& e : exponents) {
            e = exponent::from_exponent(base + static_cast<int>(random() % static_cast<unsigned>(spread + 1)));
        }
    }
    [[nodiscard]] cpp_rational value(index i, index j) const {
        return cpp_rational(cpp_int(std::int64_t{view.codes(i, j).raw()})) *
               dyad_test::power_of_two(view.scales(i, j).exponent());
    }
};

template <class Rule>
cpp_int rounded(const cpp_rational& x, const Rule& rule, index place) {
    if constexpr (std::same_as<Rule, rounding>) {
        return dyad_test::reference_round(x, rule);
    } else {
        const std::uint32_t bits = dyad::random_bits(rule.seed, rule.tensor_id, static_cast<std::uint64_t>(place));
        const std::uint32_t mask = rule.n == 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << rule.n) - 1;
        return dyad_test::reference_round(x, dyad::stochastic{rule.variant, rule.n, bits & mask});
    }
}

/// What add must give, tile by tile, by its definition.
template <int Width, class A, class B, class Rule>
void check_sum(dyad_test::tally& cases, const A& a, const B& b, const tensor<Width>& sum, const Rule& rule,
               dfp_overflow overflow) {
    const index rows = sum.view.codes.extent[0];
    const index columns = sum.view.codes.extent[1];
    const cpp_int lowest = -(cpp_int(1) << (Width - 1));
    const cpp_int highest = (cpp_int(1) << (Width - 1)) - 1;
    std::vector<bool> raised(sum.exponents.size());
    const auto tile_of = [&](index i, index j) {
        return static_cast<std::size_t>(&sum.view.scales(i, j) - sum.exponents.data());
    };
    const auto larger = [&](index i, index j) {
        const int ea = a.view.scales(i, j).exponent();
        const int eb = b.view.scales(i, j).exponent();
        return ea > eb ? ea : eb;
    };
    const auto raw_at = [&](index i, index j, int e) {
        return rounded(cpp_rational((a.value(i, j) + b.value(i, j)) / dyad_test::power_of_two(e)), rule,
                       i * columns + j);
    };
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < columns; ++j) {
            const cpp_int raw = raw_at(i, j, larger(i, j));
            if (raw < lowest || raw > highest) raised[tile_of(i, j)] = overflow == dfp_overflow::raise_exponent;
        }
    }
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < columns; ++j) {
            const int e = larger(i, j) + (raised[tile_of(i, j)] ? 1 : 0);
            cpp_int raw = raw_at(i, j, e);
            raw = raw < lowest ? lowest : raw > highest ? highest : raw;
            cases.check(sum.view.scales(i, j).exponent() == e && raw == std::int64_t{sum.view.codes(i, j).raw()}, i,
                        " ", j, ": ", std::int64_t{sum.view.codes(i, j).raw()}, " 2^",
                        sum.view.scales(i, j).exponent());
        }
    }
}

TEST_CASE("sums with exponents up to 200 apart, in every mode") {
    dyad_test::tally cases("sums of dfp");
    std::mt19937_64 random(1);
    for (int round = 0; round < 140; ++round) {
        const int gap = round % 4 == 0 ? static_cast<int>(random() % 201) : static_cast<int>(random() % 20);
        tensor<16> a(4, 9, 2, 3);
        tensor<16> b(4, 9, 4, dyad::whole_extent, true);
        tensor<16> sum(4, 9, 1, 3);
        tensor<17> exact(4, 9, 2, 3);
        a.fill(random, -100, 3);
        b.fill(random, -100 + gap, 0);
        const rounding mode = dyad_test::all_rounding_modes[static_cast<std::size_t>(round) % 7];
        const auto overflow = round % 2 == 0 ? dfp_overflow::raise_exponent : dfp_overflow::saturate;
        CHECK(add(a.view, b.view, sum.view, mode, overflow) == status::ok);
        check_sum(cases, a, b, sum, mode, overflow);
        // One more bit: the exponent is the larger one, and nothing saturates.
        CHECK(add(b.view, a.view, exact.view, mode) == status::ok);
        check_sum(cases, a, b, exact, mode, dfp_overflow::saturate);
        const dyad::stochastic_stream stream{dyad_test::all_stochastic_variants[random() % 3],
                                             static_cast<int>(random() % 32) + 1, 5, 6};
        CHECK(add(a.view, b.view, sum.view, stream, overflow) == status::ok);
        check_sum(cases, a, b, sum, stream, overflow);
    }
}

TEST_CASE("sums of words of 32 and 64 bits") {
    dyad_test::tally cases("sums of wide dfp");
    std::mt19937_64 random(2);
    for (int round = 0; round < 60; ++round) {
        tensor<64> a(3, 5, 1, 5);
        tensor<32> b(3, 5, 1, 5);
        tensor<64> sum(3, 5, 1, 5);
        a.fill(random, -2000, 2);
        b.fill(random, -2000 + static_cast<int>(random() % 130), 2);
        const rounding mode = dyad_test::all_rounding_modes[static_cast<std::size_t>(round) % 7];
        CHECK(add(a.view, b.view, sum.view, mode) == status::ok);
        check_sum(cases, a, b, sum, mode, dfp_overflow::raise_exponent);
    }
}

TEST_CASE("the lowest number twice raises the exponent") {
    tensor<8> a(1, 2, 1, 2);
    tensor<8> sum(1, 2, 1, 2);
    for (auto& c : a.codes) c = integer<8>::from_raw(-128);
    a.exponents[0] = exponent::from_exponent(3);
    CHECK(add(a.view, a.view, sum.view) == status::ok);
    CHECK(sum.view.codes(0, 1).raw() == -128);
    CHECK(sum.exponents[0].exponent() == 4);
    CHECK(add(a.view, a.view, sum.view, rounding::nearest_even, dfp_overflow::saturate) == status::ok);
    CHECK(sum.view.codes(0, 1).raw() == -128);
    CHECK(sum.exponents[0].exponent() == 3);
    // No exponent above the largest: nothing is written.
    a.exponents[0] = exponent::from_exponent(exponent::max_exponent);
    CHECK(add(a.view, a.view, sum.view) == status::exponent_out_of_range);
    CHECK(sum.exponents[0].exponent() == 3);
    // Exponents that dst does not reach down to: its smallest is the unit.
    std::vector<dyad::power_of_two<4>> few(1);
    const dfp<8, 4> narrow{sum.view.codes, dyad::per_tensor(few.data())};
    a.exponents[0] = exponent::from_exponent(-12);
    CHECK(add(a.view, a.view, narrow) == status::ok);
    CHECK(few[0].exponent() == -8);
    CHECK(narrow.codes(0, 0).raw() == -16);
}

TEST_CASE("products are exact") {
    dyad_test::tally cases("products of dfp");
    std::mt19937_64 random(3);
    for (int round = 0; round < 60; ++round) {
        tensor<16> a(4, 6, 2, 6);
        tensor<12> b(4, 6, 4, dyad::whole_extent, true);
        tensor<28> product(4, 6, 2, 3);
        a.fill(random, -900, 60);
        b.fill(random, -100, 200);
        CHECK(multiply(a.view, b.view, product.view) == status::ok);
        for (index i = 0; i < 4; ++i) {
            for (index j = 0; j < 6; ++j) {
                cases.check(product.value(i, j) == a.value(i, j) * b.value(i, j) &&
                                product.view.scales(i, j).exponent() ==
                                    a.view.scales(i, j).exponent() + b.view.scales(i, j).exponent(),
                            i, " ", j);
            }
        }
    }
}

TEST_CASE("products that do not fit are refused") {
    tensor<16> a(1, 3, 1, 3);
    tensor<31> tight(1, 3, 1, 3);
    tensor<32> enough(1, 3, 1, 3);
    for (auto& c : a.codes) c = integer<16>::from_raw(-32767);
    a.exponents[0] = exponent::from_exponent(-1024);
    CHECK(multiply(a.view, a.view, tight.view) == status::ok);
    CHECK(tight.view.codes(0, 2).raw() == 32767 * 32767);
    CHECK(tight.exponents[0].exponent() == -2048);
    a.view.codes(0, 1) = integer<16>::from_raw(-32768);
    CHECK(multiply(a.view, a.view, tight.view) == status::product_does_not_fit);
    CHECK(tight.view.codes(0, 1).raw() == 32767 * 32767);
    CHECK(multiply(a.view, a.view, enough.view) == status::ok);
    CHECK(enough.view.codes(0, 1).raw() == 32768 * 32768);
    for (const int e : {-1025, 1024}) {
        a.exponents[0] = exponent::from_exponent(e);
        CHECK(multiply(a.view, a.view, enough.view) == status::exponent_out_of_range);
        CHECK(enough.exponents[0].exponent() == -2048);
    }
}

TEST_CASE("quantizing with headroom") {
    dyad_test::tally cases("floats to dfp");
    std::mt19937_64 random(4);
    for (int round = 0; round < 100; ++round) {
        const int headroom = round % 4;
        std::vector<float> src(6 * 7);
        std::vector<integer<16>> codes(src.size());
        std::vector<exponent> exponents(6);
        for (float& x : src) {
            x = std::ldexp(static_cast<float>(static_cast<std::int32_t>(random())),
                           static_cast<int>(random() % 60) - 90);
            if (random() % 5 == 0) x = 0;
        }
        if (round % 5 == 0) src[8] = std::nextafter(std::ldexp(1.0f, 40 - round), 0.0f);
        const dfp<16> view{dyad::make_matrix(codes.data(), 6, 7), dyad::per_row(exponents.data())};
        const rounding mode = dyad_test::all_rounding_modes[static_cast<std::size_t>(round) % 7];
        const dyad::matrix_view<const float> from = dyad::make_matrix(static_cast<const float*>(src.data()), 6, 7);
        CHECK(quantize(from, view, dyad::scale_choice(dyad::scale_rule::floor, headroom), mode) == status::ok);
        for (index i = 0; i < 6; ++i) {
            float largest = 0;
            for (index j = 0; j < 7; ++j) largest = std::fmax(largest, std::fabs(from(i, j)));
            const int e = largest == 0 ? exponent::min_exponent : std::ilogb(largest) - 14 + headroom;
            for (index j = 0; j < 7; ++j) {
                cpp_int raw = dyad_test::reference_round(
                    cpp_rational(cpp_rational(from(i, j)) / dyad_test::power_of_two(e)), mode);
                if (raw > 32767) raw = 32767;
                cases.check(view.scales(i, j).exponent() == e && raw == std::int64_t{view.codes(i, j).raw()}, i, " ", j,
                            " ", from(i, j));
            }
        }
    }
}

TEST_CASE("just below a power of two without headroom saturates") {
    const std::vector<float> src{std::nextafter(4.0f, 0.0f), -std::nextafter(4.0f, 0.0f), 1.0f};
    std::vector<integer<16>> codes(3);
    exponent e{};
    const dfp<16> view{dyad::make_matrix(codes.data(), 1, 3), dyad::per_tensor(&e)};
    const auto from = dyad::make_matrix(src.data(), 1, 3);
    CHECK(quantize(from, view, dyad::scale_rule::floor) == status::ok);
    CHECK(e.exponent() == 1 - 14);
    CHECK(codes[0].raw() == 32767);
    CHECK(codes[1].raw() == -32768);
    CHECK(codes[2].raw() == 8192);
    CHECK(quantize(from, view, dyad::scale_choice(dyad::scale_rule::floor, 1)) == status::ok);
    CHECK(e.exponent() == 2 - 14);
    CHECK(codes[0].raw() == 16384);
    CHECK(codes[1].raw() == -16384);
    const std::vector<float> zeros(3);
    CHECK(quantize(dyad::make_matrix(zeros.data(), 1, 3), view, dyad::scale_rule::floor) == status::ok);
    CHECK(e.exponent() == exponent::min_exponent);
}

TEST_CASE("faults leave the result as it was") {
    tensor<16> a(4, 6, 2, 3);
    tensor<16> b(4, 6, 2, 3);
    tensor<16> sum(4, 6, 2, 3);
    for (auto& c : sum.codes) c = integer<16>::from_raw(77);
    const auto fails = [&](const auto& lhs, const auto& rhs, const auto& dst, status expected) {
        CHECK(add(lhs, rhs, dst) == expected);
        for (const auto& c : sum.codes) CHECK(c.raw() == 77);
    };
    const auto changed = [](auto view, const auto& change) {
        change(view);
        return view;
    };
    const auto negative = [](auto& v) { v.codes.extent[0] = -1; };
    const auto smaller = [](auto& v) { v.codes.extent[1] = 5; };
    const auto null = [](auto& v) { v.codes.data = nullptr; };
    const auto no_scales = [](auto& v) { v.scales.data = nullptr; };
    const auto no_tile = [](auto& v) { v.scales.tile[1] = 0; };
    const auto finer = [](auto& v) { v.scales.tile[1] = 2; };
    const auto scaled = [](auto& v) { v.scales.tensor_scale = 2; };
    const auto folded = [](auto& v) { v.codes.stride = {0, 1}; };
    const auto one_scale = [](auto& v) { v.scales.stride = {0, 0}; };
    fails(changed(a.view, negative), b.view, sum.view, status::negative_extent);
    fails(a.view, changed(b.view, smaller), sum.view, status::extents_differ);
    fails(changed(a.view, null), b.view, sum.view, status::lhs_null);
    fails(a.view, changed(b.view, null), sum.view, status::rhs_null);
    fails(a.view, b.view, changed(sum.view, null), status::dst_null);
    fails(a.view, changed(b.view, no_scales), sum.view, status::scales_null);
    fails(a.view, b.view, changed(sum.view, no_tile), status::tile_not_positive);
    fails(changed(a.view, finer), b.view, sum.view, status::tiles_do_not_nest);
    fails(a.view, changed(b.view, scaled), sum.view, status::tensor_scale_not_one);
    fails(a.view, b.view, changed(sum.view, folded), status::dst_overlaps_itself);
    fails(a.view, b.view, changed(sum.view, one_scale), status::scales_overlap_themselves);
    fails(a.view, b.view, changed(a.view, one_scale), status::dst_overlaps_lhs);
    fails(a.view, sum.view, sum.view, status::dst_overlaps_rhs);
    const auto same_exponents = [&](auto& v) { v.scales.data = a.exponents.data(); };
    fails(a.view, b.view, changed(sum.view, same_exponents), status::scales_overlap_operand);
    CHECK(add(a.view, b.view, sum.view, dyad::stochastic_stream{dyad::stochastic_variant::a, 0, 1, 1}) ==
          status::random_bits_out_of_range);
    CHECK(sum.codes[0].raw() == 77);
}

}  // namespace
