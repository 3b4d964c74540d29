// SPDX-License-Identifier: Apache-2.0
// Chains of integer products and their bounds; wide integers back to few bits, against exact rationals.
#include <dyad/array/dfp_chain.hpp>

#include <doctest/doctest.h>

#include "support/exact.hpp"
#include "support/tally.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::chained;
using dyad::dfp;
using dyad::dfp_overflow;
using dyad::index;
using dyad::integer;
using dyad::rounding;
using dyad::status;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;

using exponent = dyad::power_of_two<>;

TEST_CASE("how long a chain may be") {
    static_assert(dyad::safe_chain<std::int32_t>(16, 16, 0, 0) == 1);
    static_assert(dyad::safe_chain<std::int32_t>(16, 16, 1, 1) == 7);
    static_assert(dyad::safe_chain<std::int32_t>(16, 16, 2, 2) == 31);
    static_assert(dyad::safe_chain<std::int32_t>(8, 8, 0, 0) ==
                  dyad::max_terms<std::int32_t, integer<8>, integer<8>>());
    static_assert(dyad::safe_chain<std::int64_t>(32, 32, 0, 0) == 1);
    // One more is too many: the extreme sum does not fit.
    dyad_test::tally cases("bounds of chains");
    for (int p = 2; p <= 32; ++p) {
        for (int q = 2; q <= 32; ++q) {
            for (int h = 0; h < (p < q ? p : q) && h < 4; ++h) {
                const cpp_int largest = cpp_int(1) << static_cast<unsigned>(p - 1 - h + q - 1 - h);
                const cpp_int products = dyad::safe_chain<std::int64_t>(p, q, h, h);
                const cpp_int limit = std::numeric_limits<std::int64_t>::max();
                cases.check(products * largest <= limit && (products + 1) * largest > limit, p, " ", q, " ", h);
            }
        }
    }
}

TEST_CASE("sums of chains") {
    dyad_test::tally cases("sums of chains");
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        const index n = static_cast<index>(random() % 100);
        const int headroom = round % 3;
        std::vector<integer<16>> a(static_cast<std::size_t>(3 * n) + 3);
        std::vector<integer<16>> b(a.size());
        const int most = 1 << (15 - headroom);
        for (auto* side : {&a, &b}) {
            for (auto& x : *side) {
                const auto raw = static_cast<int>(random() % (2 * static_cast<unsigned>(most) + 1)) - most;
                x = integer<16>::saturating_from_raw(round % 4 == 0 ? -most : raw);
            }
        }
        std::vector<exponent> ea{exponent::from_exponent(5), exponent::from_exponent(-700)};
        std::vector<exponent> eb{exponent::from_exponent(-9), exponent::from_exponent(11), exponent::from_exponent(2)};
        const dfp<16> lhs{dyad::make_matrix(a.data(), 2, n), dyad::per_row(ea.data())};
        const dfp<16> rhs{dyad::matrix_view<integer<16>>{b.data(), {3, n}, {1, 3}}, dyad::per_row(eb.data())};
        const dyad::dfp_headroom both{headroom, headroom};
        dyad::dfp_sum<std::int64_t> sum{};
        status s = status::ok;
        if (headroom == 0) s = accumulate(chained<std::int32_t, 1, std::int64_t>{}, lhs, 1, rhs, 2, sum, both);
        if (headroom == 1) s = accumulate(chained<std::int32_t, 7, std::int64_t>{}, lhs, 1, rhs, 2, sum, both);
        if (headroom == 2) s = accumulate(chained<std::int32_t, 31, std::int64_t>{}, lhs, 1, rhs, 2, sum, both);
        CHECK(s == status::ok);
        cpp_int expected = 0;
        float published = 0;
        for (index k = 0; k < n; k += 7) {
            cpp_int chain = 0;
            for (index c = k; c < n && c < k + 7; ++c) {
                chain += cpp_int(int{lhs.codes(1, c).raw()}) * cpp_int(int{rhs.codes(2, c).raw()});
            }
            expected += chain;
            published += chain.convert_to<float>();
        }
        cases.check(expected == sum.sum && (n == 0 || sum.exponent == -698), n, " ", headroom, ": ", sum.sum);
        if (headroom == 1) {
            dyad::dfp_sum<float> in_float{};
            CHECK(accumulate(chained<std::int32_t, 7, float>{}, lhs, 1, rhs, 2, in_float, both) == status::ok);
            cases.check(in_float.sum == published, n, ": ", in_float.sum, " instead of ", published);
        }
    }
}

TEST_CASE("chains that might overflow are refused") {
    std::vector<integer<16>> a(64, integer<16>::from_raw(-32768));
    exponent e = exponent::from_exponent(0);
    const dfp<16> view{dyad::make_matrix(a.data(), 1, 64), dyad::per_tensor(&e)};
    dyad::dfp_sum<std::int64_t> sum{42, 42};
    CHECK(accumulate(chained<std::int32_t, 2, std::int64_t>{}, view, 0, view, 0, sum) == status::k_exceeds_accumulator);
    CHECK(accumulate(chained<std::int32_t, 8, std::int64_t>{}, view, 0, view, 0, sum, {1, 1}) ==
          status::k_exceeds_accumulator);
    CHECK(accumulate(chained<std::int32_t, 7, std::int64_t>{}, view, 0, view, 0, sum, {1, 1}) ==
          status::headroom_exceeded);
    CHECK(accumulate(chained<std::int32_t, 2, std::int64_t>{}, view, 0, view, 0, sum, {1, 0}) ==
          status::headroom_exceeded);
    auto tiles = view;
    tiles.scales.tile = {1, 32};
    CHECK(accumulate(chained<std::int32_t, 1, std::int64_t>{}, tiles, 0, view, 0, sum) == status::tiles_do_not_nest);
    auto part = view;
    part.codes.extent[1] = 63;
    CHECK(accumulate(chained<std::int32_t, 1, std::int64_t>{}, part, 0, view, 0, sum) == status::extents_differ);
    CHECK(sum.sum == 42);
    CHECK(accumulate(chained<std::int32_t, 1, std::int64_t>{}, view, 0, view, 0, sum) == status::ok);
    CHECK(sum.sum == std::int64_t{64} << 30);
    CHECK(sum.exponent == 0);
    // Two products of 32 bits fit no word of 64 for sure.
    std::vector<integer<32>> wide(2, integer<32>::from_raw(std::numeric_limits<std::int32_t>::min()));
    const dfp<32> wide_view{dyad::make_matrix(wide.data(), 1, 2), dyad::per_tensor(&e)};
    CHECK(accumulate(chained<std::int64_t, 1, std::int64_t>{}, wide_view, 0, wide_view, 0, sum) ==
          status::k_exceeds_accumulator);
}

/// down_convert by its definition.
template <int From, int To, class Rule>
void check_down(dyad_test::tally& cases, const dfp<From>& src, const dfp<To>& dst, const Rule& rule,
                dfp_overflow overflow) {
    const index rows = dst.codes.extent[0];
    const index columns = dst.codes.extent[1];
    const cpp_int lowest = -(cpp_int(1) << (To - 1));
    const cpp_int highest = (cpp_int(1) << (To - 1)) - 1;
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < columns; ++j) {
            const index tile = dst.scales.tile[1];
            cpp_int largest = 0;
            const auto in_tile = [&](const auto& f) {
                for (index c = j / tile * tile; c < columns && c < j / tile * tile + tile; ++c) f(c);
            };
            in_tile([&](index c) {
                const cpp_int m = abs(cpp_int(std::int64_t{src.codes(i, c).raw()}));
                if (m > largest) largest = m;
            });
            int excess = largest == 0 ? 0 : static_cast<int>(msb(largest)) + 1 - (To - 1);
            excess = excess < 0 ? 0 : excess;
            const auto raw_at = [&](index c, int by) {
                const cpp_rational x =
                    cpp_rational(cpp_int(std::int64_t{src.codes(i, c).raw()})) / dyad_test::power_of_two(by);
                if constexpr (std::same_as<Rule, rounding>) {
                    return dyad_test::reference_round(x, rule);
                } else {
                    const auto place = static_cast<std::uint64_t>(i * columns + c);
                    const std::uint32_t bits = dyad::random_bits(rule.seed, rule.tensor_id, place);
                    return dyad_test::reference_round(
                        x, dyad::stochastic{rule.variant, rule.n,
                                            rule.n == 32 ? bits : bits & ((std::uint32_t{1} << rule.n) - 1)});
                }
            };
            bool fits = true;
            in_tile([&](index c) { fits = fits && raw_at(c, excess) >= lowest && raw_at(c, excess) <= highest; });
            if (!fits && overflow == dfp_overflow::raise_exponent) ++excess;
            cpp_int raw = raw_at(j, excess);
            raw = raw < lowest ? lowest : raw > highest ? highest : raw;
            const int e = largest == 0 ? exponent::min_exponent : src.scales(i, j).exponent() + excess;
            cases.check(raw == std::int64_t{dst.codes(i, j).raw()} && dst.scales(i, j).exponent() == e, i, " ", j,
                        " of ", std::int64_t{src.codes(i, j).raw()}, ": ", std::int64_t{dst.codes(i, j).raw()}, " 2^",
                        dst.scales(i, j).exponent());
        }
    }
}

template <int From, int To>
void check_down_conversions(std::uint64_t seed) {
    dyad_test::tally cases("down-conversions from " + std::to_string(From) + " to " + std::to_string(To) + " bits");
    std::mt19937_64 random(seed);
    constexpr index rows = 3;
    constexpr index columns = 12;
    for (int round = 0; round < 84; ++round) {
        std::vector<integer<From>> wide(rows * columns);
        std::vector<integer<To>> narrow(rows * columns * 2);
        const int shorter = static_cast<int>(random() % From);
        for (auto& x : wide) {
            x = integer<From>::from_raw(static_cast<typename integer<From>::raw_type>(
                static_cast<std::int64_t>(random()) >> (64 - From) >> shorter));
            if (round % 6 == 0 && random() % 8 == 0) x = integer<From>::from_raw(integer<From>::min_raw);
            if (round % 6 == 1) x = integer<From>::from_raw(integer<From>::max_raw);
            // Just below a power of two, which rounds up to it.
            if (round % 6 == 2) x = integer<From>::from_raw(integer<From>::max_raw >> shorter);
            if (round % 6 == 3 && random() % 2 == 0) x = integer<From>::from_raw(0);
            if (round % 12 == 4) x = integer<From>::from_raw(0);
        }
        std::vector<exponent> from(static_cast<std::size_t>(rows), exponent::from_exponent(round - 50));
        std::vector<exponent> to(rows * columns);
        const dfp<From> src{dyad::make_matrix(wide.data(), rows, columns), dyad::per_row(from.data())};
        const index tile = round % 3 == 0 ? 4 : columns;
        const dfp<To> dst{dyad::matrix_view<integer<To>>{narrow.data(), {rows, columns}, {2, 2 * rows}},
                          dyad::per_row_block(to.data(), tile, columns)};
        const auto overflow = round % 2 == 0 ? dfp_overflow::saturate : dfp_overflow::raise_exponent;
        const rounding mode = dyad_test::all_rounding_modes[static_cast<std::size_t>(round) % 7];
        CHECK(down_convert(src, dst, mode, overflow) == status::ok);
        check_down(cases, src, dst, mode, overflow);
        const dyad::stochastic_stream stream{dyad_test::all_stochastic_variants[random() % 3],
                                             static_cast<int>(random() % 32) + 1, 8, 9};
        CHECK(down_convert(src, dst, stream, overflow) == status::ok);
        check_down(cases, src, dst, stream, overflow);
    }
}

TEST_CASE("from wide integers to few bits") {
    check_down_conversions<32, 16>(1);
    check_down_conversions<32, 8>(2);
    check_down_conversions<64, 16>(3);
    check_down_conversions<64, 2>(4);
    check_down_conversions<16, 16>(5);
}

TEST_CASE("one exponent for a tensor, and the ends of the exponents") {
    std::vector<integer<32>> wide(4, integer<32>::from_raw(std::numeric_limits<std::int32_t>::min()));
    wide[3] = integer<32>::from_raw(std::numeric_limits<std::int32_t>::max());
    std::vector<integer<16>> narrow(4);
    exponent from = exponent::from_exponent(-7);
    exponent to{};
    const dfp<32> src{dyad::make_matrix(wide.data(), 2, 2), dyad::per_tensor(&from)};
    const dfp<16> dst{dyad::make_matrix(narrow.data(), 2, 2), dyad::per_tensor(&to)};
    CHECK(down_convert(src, dst) == status::ok);
    CHECK(to.exponent() == -7 + 17);
    CHECK(narrow[0].raw() == -(1 << 14));
    CHECK(narrow[3].raw() == 1 << 14);
    from = exponent::from_exponent(exponent::max_exponent - 16);
    CHECK(down_convert(src, dst) == status::exponent_out_of_range);
    CHECK(to.exponent() == 10);
    // An exponent below dst's smallest: rounded in its unit.
    dyad::power_of_two<4> small{};
    const dfp<16, 4> few{dst.codes, dyad::per_tensor(&small)};
    from = exponent::from_exponent(-40);
    CHECK(down_convert(src, few) == status::ok);
    CHECK(small.exponent() == -8);
    CHECK(narrow[0].raw() == 0);
    CHECK(down_convert(src, few, rounding::toward_negative) == status::ok);
    CHECK(narrow[0].raw() == -1);
    CHECK(narrow[3].raw() == 0);
}

TEST_CASE("faults leave the result as it was") {
    std::vector<integer<32>> wide(6, integer<32>::from_raw(100));
    std::vector<integer<16>> narrow(6, integer<16>::from_raw(7));
    std::vector<exponent> from(6);
    std::vector<exponent> to(6);
    const dfp<32> src{dyad::make_matrix(wide.data(), 2, 3), dyad::per_row(from.data())};
    const dfp<16> dst{dyad::make_matrix(narrow.data(), 2, 3), dyad::per_row(to.data())};
    auto bad = src;
    bad.codes.data = nullptr;
    CHECK(down_convert(bad, dst) == status::src_null);
    bad = src;
    bad.codes.extent[0] = 1;
    CHECK(down_convert(bad, dst) == status::extents_differ);
    auto bad_dst = dst;
    bad_dst.scales = dyad::per_tensor(to.data());
    CHECK(down_convert(src, bad_dst) == status::tiles_do_not_nest);
    bad_dst = dst;
    bad_dst.codes.data = reinterpret_cast<integer<16>*>(wide.data());
    CHECK(down_convert(src, bad_dst) == status::dst_overlaps_src);
    bad_dst = dst;
    bad_dst.scales.data = from.data();
    CHECK(down_convert(src, bad_dst) == status::scales_overlap_operand);
    bad_dst = dst;
    bad_dst.codes.stride = {0, 1};
    CHECK(down_convert(src, bad_dst) == status::dst_overlaps_itself);
    CHECK(down_convert(src, dst, dyad::stochastic_stream{dyad::stochastic_variant::a, 33, 1, 1}) ==
          status::random_bits_out_of_range);
    for (const auto& c : narrow) CHECK(c.raw() == 7);
}

}  // namespace
