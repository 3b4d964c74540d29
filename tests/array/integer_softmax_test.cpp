// SPDX-License-Identifier: Apache-2.0
// integer_softmax against the true softmax, preserved sums against sorted remainders, and bad input. The bits of every
// instruction set: tests/kernels/softmax_test.cpp.
#include <dyad/array/integer_softmax.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/softmax_rows.hpp"
#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::fixed;
using dyad::index;
using dyad::integer;
using dyad::integer_softmax;
using dyad::matrix_view;
using dyad::multiplier;
using dyad::softmax_sum;
using dyad::status;
using dyad::uinteger;
using dyad_test::make_softmax_row;
using dyad_test::marker;
using dyad_test::row_kind;
using dyad_test::row_kinds;
using dyad_test::run_softmax;
using dyad_test::softmax_definition;
using dyad_test::softmax_scales;
using dyad_test::tally;

using s8 = integer<8>;
using u8 = uinteger<8>;
using s16 = integer<16>;
using u16 = uinteger<16>;

/// e^-(s d) for d = 0, 1, ..., by repeated products in 50 digits.
template <class In>
std::vector<long double> exponentials(multiplier m) {
    const cpp_bin_float_50 step = exp(-ldexp(cpp_bin_float_50(m.significand), m.exponent - In::fraction));
    std::vector<long double> table;
    cpp_bin_float_50 power = 1;
    for (int d = 0; d < 1 << In::width; ++d, power *= step) table.push_back(static_cast<long double>(power));
    return table;
}

/// True shares.
template <class In>
std::vector<long double> true_shares(const std::vector<In>& row, const std::vector<long double>& table) {
    if (row.empty()) return {};
    const int max = std::max_element(row.begin(), row.end())->raw();
    std::vector<long double> shares;
    long double sum = 0;
    for (const In x : row) {
        shares.push_back(table[static_cast<std::size_t>(max - x.raw())]);
        sum += shares.back();
    }
    for (long double& share : shares) share /= sum;
    return shares;
}

struct worst {
    double error = 0;
    std::string at;
};

/// Errors of rows of every kind beyond a rounding, in units.
template <class In, class Out>
void check_bound(tally& cases, worst& w, std::uint32_t unit, double beyond, const std::vector<std::size_t>& lengths,
                 std::size_t every) {
    std::mt19937_64 random(unit);
    integer_softmax<In, Out> plan;
    for (std::size_t s = 0; s < softmax_scales().size(); s += every) {
        // 16-bit codes of the scale / 256 reach as far.
        const multiplier m{softmax_scales()[s].significand, softmax_scales()[s].exponent - (In::width > 8 ? 8 : 0)};
        REQUIRE(plan.set(m, unit) == status::ok);
        const std::vector<long double> table = exponentials<In>(m);
        for (const std::size_t n : lengths) {
            const row_kind k = row_kinds[random() % 8];
            const std::vector<In> row = make_softmax_row<In>(k, n, random);
            const std::vector<Out> got = run_softmax(plan, row, dyad::best_instruction_set());
            const std::vector<long double> exact = true_shares(row, table);
            for (std::size_t i = 0; i < n; ++i) {
                const long double share = std::min<long double>(exact[i] * unit, Out::max_raw);
                const double error = static_cast<double>(std::fabs(static_cast<long double>(got[i].raw()) - share));
                cases.check(error <= 0.5 + beyond, "unit ", unit, " scale ", m.significand, " * 2^", m.exponent,
                            " row of ", n, " kind ", static_cast<int>(k), " element ", i, ": ", error);
                if (error <= w.error) continue;
                w.error = error;
                w.at = "unit " + std::to_string(unit) + ", row of " + std::to_string(n) + ", kind " +
                       std::to_string(static_cast<int>(k)) + ", element " + std::to_string(i);
            }
        }
    }
}

std::vector<std::size_t> many_lengths() {
    std::vector<std::size_t> all{197, 1024, 4096};
    for (std::size_t n = 1; n <= 130; n += 3) all.push_back(n);
    return all;
}

TEST_CASE("integer_softmax: 8-bit inputs, within half a unit and 2^-24 of the true softmax") {
    tally cases("integer_softmax of 8 bits");
    worst w;
    check_bound<s8, u8>(cases, w, 256, 0x1p-24, many_lengths(), 1);
    check_bound<u8, s8>(cases, w, 127, 0x1p-24, many_lengths(), 3);
    check_bound<fixed<8, 4>, u8>(cases, w, 255, 0x1p-24, many_lengths(), 3);
    check_bound<integer<4>, uinteger<5>>(cases, w, 31, 0x1p-24, many_lengths(), 3);
    MESSAGE("largest error " << w.error << " = 1/2 + " << w.error - 0.5 << " units: " << w.at);
    CHECK(w.error > 0.499);
    worst fine;
    check_bound<s8, u16>(cases, fine, 65536, 0x1p-16, many_lengths(), 3);
    MESSAGE("16-bit results: largest error 1/2 + " << fine.error - 0.5 << " units: " << fine.at);
    CHECK(fine.error > 0.499);
}

TEST_CASE("integer_softmax: 16-bit inputs, within half a unit and 2^-14 of the true softmax") {
    tally cases("integer_softmax of 16 bits");
    worst w;
    check_bound<s16, u16>(cases, w, 65536, 0x1p-14, many_lengths(), 8);
    check_bound<u16, s16>(cases, w, 32767, 0x1p-14, many_lengths(), 16);
    check_bound<integer<12>, u8>(cases, w, 256, 0x1p-14, many_lengths(), 16);
    MESSAGE("largest error " << w.error << " = 1/2 + " << w.error - 0.5 << " units: " << w.at);
    CHECK(w.error > 0.499);
}

TEST_CASE("integer_softmax: the longest rows") {
    const multiplier m = multiplier::from_scale(0.01);
    const auto table = exponentials<s16>(multiplier{m.significand, m.exponent - 8});
    std::mt19937_64 random(3);
    integer_softmax<s16, u16> plan;
    REQUIRE(plan.set(multiplier{m.significand, m.exponent - 8}, 65536) == status::ok);
    // The longest rows' small elements: 2^20 of them, and one of 1.
    const auto row = make_softmax_row<s16>(row_kind::tail, std::size_t{1} << 20, random);
    const auto got = run_softmax(plan, row, dyad::best_instruction_set());
    const auto exact = true_shares(row, table);
    double error = 0;
    for (std::size_t i = 0; i < row.size(); ++i)
        error = std::max(error, static_cast<double>(std::fabs(got[i].raw() - exact[i] * 65536)));
    MESSAGE("2^20 elements: 1/2 + " << error - 0.5 << " units");
    CHECK(error <= 0.5 + 0x1p-6);
    // All sums that fit: the largest is 2^64 - 2^44.
    integer_softmax<s8, u8> bytes;
    REQUIRE(bytes.set(m, 256) == status::ok);
    const std::vector<s8> equal(static_cast<std::size_t>(bytes.max_columns), s8::from_raw(-128));
    for (const auto isa : dyad_test::instruction_sets())
        CHECK(run_softmax(bytes, equal, isa) == std::vector<u8>(equal.size(), u8::from_raw(0)));
    const auto some = make_softmax_row<s8>(row_kind::uniform, 100'000, random);
    for (const auto isa : dyad_test::instruction_sets())
        CHECK(run_softmax(bytes, some, isa) == run_softmax(bytes, some));
}

// --- sums that are preserved ---

/// Largest remainders by sorting.
template <class In, class Out>
std::vector<std::int64_t> largest_remainders(const std::vector<In>& row, const softmax_definition<In>& definition,
                                             std::uint32_t unit) {
    dyad::uint128_t sum = 0;
    const auto e = definition.exponentials(row, sum);
    std::vector<std::size_t> order;
    std::vector<std::int64_t> codes;
    std::int64_t left = unit;
    for (std::size_t i = 0; i < row.size(); ++i) {
        order.push_back(i);
        codes.push_back(static_cast<std::int64_t>(e[i] * unit / sum));
        left -= codes.back();
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return e[i] * unit % sum > e[j] * unit % sum; });
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) ++codes[order[i]];
    for (std::int64_t& code : codes) code = std::min<std::int64_t>(code, Out::max_raw);
    return codes;
}

template <class In, class Out>
void check_preserved(tally& cases, std::uint32_t unit, std::size_t every) {
    std::mt19937_64 random(unit + 1);
    integer_softmax<In, Out> plan;
    for (std::size_t s = 0; s < softmax_scales().size(); s += every) {
        const multiplier m{softmax_scales()[s].significand, softmax_scales()[s].exponent - (In::width > 8 ? 8 : 0)};
        REQUIRE(plan.set(m, unit, softmax_sum::preserved) == status::ok);
        const softmax_definition<In> definition(m);
        for (const std::size_t n : {1U, 2U, 3U, 7U, 64U, 100U, 255U, 256U, 257U, 700U}) {
            const auto row = make_softmax_row<In>(row_kinds[random() % 8], n, random);
            const auto got = run_softmax(plan, row);
            const auto expected = largest_remainders<In, Out>(row, definition, unit);
            std::int64_t sum = 0;
            std::size_t at = 0;
            for (std::size_t i = 0; i < n; ++i) sum += got[i].raw();
            while (at < n && got[at].raw() == expected[at]) ++at;
            const bool clamped = unit > static_cast<std::uint32_t>(Out::max_raw) && sum == Out::max_raw;
            cases.check(at == n && (sum == unit || clamped), "unit ", unit, " row of ", n, " at ", at, " sum ", sum);
        }
    }
}

TEST_CASE("integer_softmax: preserved sums by largest remainders") {
    tally cases("preserved");
    check_preserved<s8, u8>(cases, 256, 1);
    check_preserved<u8, s8>(cases, 127, 5);
    check_preserved<s8, u16>(cases, 65535, 5);
    check_preserved<s16, u8>(cases, 255, 7);
    check_preserved<u16, s16>(cases, 32768, 7);
}

// --- memory, and bad input ---

TEST_CASE("integer_softmax: strides, in place, masks with strides of 0") {
    std::mt19937_64 random(4);
    integer_softmax<s8, u8> plan;
    REQUIRE(plan.set(multiplier::from_scale(0.05), 256) == status::ok);
    constexpr index rows = 5;
    constexpr index n = 83;
    const auto src = make_softmax_row<s8>(row_kind::uniform, rows * n, random);
    const auto from = dyad::make_matrix(src.data(), rows, n);
    std::vector<u8> expected(rows * n);
    REQUIRE(plan.run(from, dyad::make_matrix(expected.data(), rows, n)) == status::ok);
    for (const auto isa : dyad_test::instruction_sets()) {
        // Columns of columns, and backwards.
        std::vector<s8> turned(rows * n);
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < n; ++j) turned[static_cast<std::size_t>(j * rows + i)] = from(i, j);
        }
        std::vector<u8> out(2 * rows * n, marker<u8>);
        const matrix_view<const s8> across{turned.data(), {rows, n}, {1, rows}};
        const matrix_view<u8> back{out.data() + 2 * (rows * n - 1), {rows, n}, {-2 * n, -2}};
        REQUIRE(plan.run(across, back, {isa}) == status::ok);
        for (index i = 0; i < rows; ++i) {
            for (index j = 0; j < n; ++j) {
                CHECK(back(i, j) == expected[static_cast<std::size_t>(i * n + j)]);
                CHECK(out[static_cast<std::size_t>(2 * (i * n + j) + 1)] == marker<u8>);
            }
        }
        // In place, and rows apart.
        std::vector<s8> memory = src;
        const matrix_view<u8> same{reinterpret_cast<u8*>(memory.data()), {rows, n}, {n, 1}};
        REQUIRE(plan.run(dyad::as_const(dyad::make_matrix(memory.data(), rows, n)), same, {isa}) == status::ok);
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(same.data[i] == expected[i]);
        // One row of a mask for all, one byte for a row, one byte for all.
        std::vector<std::uint8_t> all(rows * n, 1);
        std::vector<u8> wanted(rows * n);
        std::vector<u8> got(rows * n);
        for (index j = 0; j < n; j += 3) {
            for (index i = 0; i < rows; ++i) all[static_cast<std::size_t>(i * n + j)] = 0;
        }
        const auto as_matrix = [&](std::vector<u8>& v) { return dyad::make_matrix(v.data(), rows, n); };
        REQUIRE(plan.run_masked(from, dyad::make_matrix<const std::uint8_t>(all.data(), rows, n), as_matrix(wanted)) ==
                status::ok);
        REQUIRE(plan.run_masked(from, {all.data(), {rows, n}, {0, 1}}, as_matrix(got), {isa}) == status::ok);
        CHECK(got == wanted);
        const std::vector<std::uint8_t> each{1, 0, 1, 1, 0};
        REQUIRE(plan.run_masked(from, {each.data(), {rows, n}, {1, 0}}, as_matrix(got), {isa}) == status::ok);
        for (std::size_t i = 0; i < rows * n; ++i) CHECK(got[i] == (each[i / n] != 0 ? expected[i] : u8::from_raw(0)));
        REQUIRE(plan.run_masked(from, {each.data(), {rows, n}, {0, 0}}, as_matrix(got), {isa}) == status::ok);
        CHECK(got == expected);
    }
}

TEST_CASE("integer_softmax: causal offsets beyond both ends") {
    std::mt19937_64 random(5);
    integer_softmax<s8, u8> plan;
    REQUIRE(plan.set(multiplier::from_scale(0.05), 256) == status::ok);
    const auto src = make_softmax_row<s8>(row_kind::uniform, 4 * 9, random);
    const auto from = dyad::make_matrix(src.data(), 4, 9);
    std::vector<u8> all(36);
    REQUIRE(plan.run(from, dyad::make_matrix(all.data(), 4, 9)) == status::ok);
    constexpr index most = std::numeric_limits<index>::max();
    for (const index offset : {index{8}, index{9}, most - 1, most, index{-4}, index{-5}, -most, -most - 1}) {
        std::vector<u8> out(36, marker<u8>);
        REQUIRE(plan.run_causal(from, offset, dyad::make_matrix(out.data(), 4, 9)) == status::ok);
        CHECK(out == (offset > 0 ? all : std::vector<u8>(36, u8::from_raw(0))));
    }
}

TEST_CASE("integer_softmax: bad input gets a status, and nothing is written") {
    const multiplier m = multiplier::from_scale(0.1);
    integer_softmax<s8, u8> plan;
    std::vector<s8> src(64, s8::from_raw(1));
    std::vector<u8> out(64, marker<u8>);
    const auto from = dyad::make_matrix<const s8>(src.data(), 4, 8);
    const auto to = dyad::make_matrix(out.data(), 4, 8);
    CHECK(plan.run(from, to) == status::scale_not_positive);  // not set
    CHECK(plan.set({0, 0}, 256) == status::scale_not_positive);
    CHECK(plan.set({-5, 0}, 256) == status::scale_not_positive);
    CHECK(plan.set(m, 0) == status::unit_out_of_range);
    CHECK(plan.set(m, 257) == status::unit_out_of_range);
    REQUIRE(plan.set(m, 256) == status::ok);
    CHECK(plan.run(from, dyad::make_matrix(out.data(), 8, 4)) == status::extents_differ);
    CHECK(plan.run(dyad::make_vector<const s8>(src.data(), 3), dyad::make_vector(out.data(), 4)) ==
          status::extents_differ);
    CHECK(plan.run(dyad::make_matrix<const s8>(src.data(), -1, 8), dyad::make_matrix(out.data(), -1, 8)) ==
          status::negative_extent);
    CHECK(plan.run(dyad::make_matrix<const s8>(nullptr, 4, 8), to) == status::src_null);
    CHECK(plan.run(from, dyad::make_matrix<u8>(nullptr, 4, 8)) == status::dst_null);
    CHECK(plan.run(from, {out.data(), {4, 8}, {0, 1}}) == status::dst_overlaps_itself);
    const matrix_view<u8> beside{reinterpret_cast<u8*>(src.data() + 1), {4, 8}, {8, 1}};
    CHECK(plan.run(from, beside) == status::dst_overlaps_src);
    const matrix_view<u8> turned{reinterpret_cast<u8*>(src.data()), {4, 8}, {1, 4}};
    CHECK(plan.run(from, turned) == status::dst_overlaps_src);
    constexpr index longest = integer_softmax<s8, u8>::max_columns;
    CHECK(plan.run({src.data(), {1, longest + 1}, {0, 0}}, {out.data(), {1, longest + 1}, {0, 1}}) ==
          status::row_too_long);
    using mask_view = matrix_view<const std::uint8_t>;
    CHECK(plan.run_masked(from, mask_view{nullptr, {4, 8}, {8, 1}}, to) == status::mask_null);
    CHECK(plan.run_masked(from, mask_view{nullptr, {4, 7}, {8, 1}}, to) == status::extents_differ);
    const auto* inside = reinterpret_cast<const std::uint8_t*>(out.data());
    CHECK(plan.run_masked(from, mask_view{inside, {4, 8}, {8, 1}}, to) == status::dst_overlaps_mask);
    CHECK(out == std::vector<u8>(64, marker<u8>));
    CHECK(plan.run(dyad::make_matrix<const s8>(nullptr, 0, 8), dyad::make_matrix<u8>(nullptr, 0, 8)) == status::ok);
    CHECK(plan.run(dyad::make_matrix<const s8>(nullptr, 3, 0), dyad::make_matrix<u8>(nullptr, 3, 0)) == status::ok);
    integer_softmax<s16, integer<12>> wide;
    CHECK(wide.set(m, 2049) == status::unit_out_of_range);
    CHECK(wide.set(m, 2048) == status::ok);
    CHECK(std::string(dyad::to_string(softmax_sum::preserved)) == "preserved");
}

}  // namespace
