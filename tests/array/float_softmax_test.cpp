// SPDX-License-Identifier: Apache-2.0
// Float softmax: its error against long double, equal bits on every instruction set and in every environment and form,
// and what becomes of NaN, infinities and rows that hold nothing.
#include <dyad/array/float_softmax.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::float_log_softmax;
using dyad::float_softmax;
using dyad::index;
using dyad::instruction_set;
using dyad::make_matrix;
using dyad::make_vector;
using dyad::status;
using dyad_test::tally;
using floats = std::vector<float>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr double bound = 8e-7;

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }
bool same(const floats& x, const floats& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](float a, float b) { return bits(a) == bits(b); });
}
index count(const floats& x) { return static_cast<index>(x.size()); }

floats random_row(std::size_t n, float from, float to, unsigned seed) {
    std::mt19937 engine(seed);
    floats x(n);
    for (float& e : x) e = from + (to - from) * (static_cast<float>(engine() >> 8) * 0x1p-24f);
    return x;
}

template <class Softmax>
floats result(const Softmax& softmax, const floats& x, instruction_set isa) {
    floats y(x.size(), -7.0f);
    const status s = softmax.run(make_vector(x.data(), count(x)), make_vector(y.data(), count(y)), {isa});
    REQUIRE(s == status::ok);
    return y;
}
float_softmax with_factor(float factor) {
    float_softmax softmax;
    REQUIRE(softmax.set(factor) == status::ok);
    return softmax;
}

/// The logarithms of the shares, in long double.
std::vector<long double> exact_logarithms(const floats& x, float factor) {
    const long double s = factor;
    const long double top = *std::max_element(x.begin(), x.end());
    long double sum = 0;
    for (const float e : x) sum += std::exp(s * (e - top));
    std::vector<long double> y;
    for (const float e : x) y.push_back(s * (e - top) - std::log(sum));
    return y;
}

/// Largest relative error of normal shares; others must be within half of the smallest subnormal, and a little.
double share_error(const floats& x, const floats& y, float factor) {
    const auto exact = exact_logarithms(x, factor);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const long double value = std::exp(exact[i]);
        const auto off = static_cast<double>(std::abs(y[i] - value));
        if (value < 0x1p-126L)
            worst = std::max(worst, off <= 0x1.01p-150 + 1e-6 * static_cast<double>(value) ? 0.0 : 1.0);
        else worst = std::max(worst, off <= 1 ? off / static_cast<double>(value) : 1.0);  // (NaN is off)
    }
    return worst;
}

struct kind {
    const char* name;
    float from;
    float to;
    float factor;
};
constexpr kind kinds[]{{"logits", -10, 10, 1},
                       {"wide", -90, 60, 1},
                       {"hot", -8, 8, 0.1f},
                       {"cold", -8, 8, 20},
                       {"low", -3000, -2900, 1},
                       {"far", 3e6f, 3.00005e6f, 1},
                       {"far below", -5e7f, -4e7f, 1},
                       {"tiny", -1e-39f, 1e-39f, 1},
                       {"huge", -1.5e38f, 1.5e38f, 0x1p-64f},
                       {"edge", 181600, 181800, 1}};

TEST_CASE("float_softmax: within its bound, the same bits on every instruction set") {
    tally cases("float_softmax: lengths, ranges and instruction sets");
    double worst = 0;
    std::string where;
    std::vector<std::size_t> sizes{1,  2,  3,   7,   8,   9,   15,  16,  17,  33,  63,
                                   64, 65, 127, 197, 255, 256, 257, 320, 511, 1000};
    for (const std::size_t n : {2047U, 2048U, 2049U, 4096U, 5001U}) sizes.push_back(n);
    for (const kind& k : kinds) {
        const float_softmax softmax = with_factor(k.factor);
        for (const std::size_t n : sizes) {
            const floats x = random_row(n, k.from, k.to, static_cast<unsigned>(n));
            const floats y = result(softmax, x, instruction_set::scalar);
            const double error = share_error(x, y, k.factor);
            if (error > worst) worst = error, where = k.name + (" " + std::to_string(n));
            for (const auto isa : dyad_test::instruction_sets())
                cases.check(error <= bound && same(result(softmax, x, isa), y), k.name, n, " ", error, to_string(isa));
        }
    }
    MESSAGE("largest relative error " << worst << ": " << where);
    CHECK(worst > 0.5e-7);
}

TEST_CASE("float_softmax: a row of 16 million elements") {
    constexpr std::size_t n = std::size_t{1} << 24;
    floats x(n);
    std::uint32_t state = 1;
    double sum = 0;
    for (float& e : x) {
        state = state * 1664525U + 1013904223U;
        e = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-28f;
        sum += std::exp(static_cast<double>(e));  // 2^24 additions: an error below 2^-29 of the sum
    }
    floats y(n + 16);
    for (const std::size_t offset : {0U, 5U}) {
        const status s = float_softmax{}.run(make_vector(static_cast<const float*>(x.data()), count(x)),
                                             make_vector(y.data() + offset, count(x)));
        REQUIRE(s == status::ok);
        double worst = 0;
        double total = 0;
        for (std::size_t i = 0; i < n; i += 7) {
            const double share = std::exp(static_cast<double>(x[i])) / sum;
            worst = std::max(worst, std::abs(static_cast<double>(y[offset + i]) - share) / share);
        }
        for (std::size_t i = 0; i < n; ++i) total += static_cast<double>(y[offset + i]);
        MESSAGE("largest relative error " << worst << ", the shares add up to 1 and " << total - 1);
        CHECK(worst < bound);
        CHECK(std::abs(total - 1) < bound);
    }
    // Long rows, written past the caches or not, and on every instruction set.
    const floats part(x.begin(), x.begin() + 2'200'003);
    const floats expected = result(float_softmax{}, part, instruction_set::avx512);
    for (const auto isa : {instruction_set::avx2, instruction_set::scalar})
        CHECK(same(result(float_softmax{}, part, isa), expected));
    for (const int size : {65535, 65536, 65537}) {
        const floats row(x.begin(), x.begin() + size);
        floats in_place = row;
        REQUIRE(float_softmax{}.run(make_vector(static_cast<const float*>(in_place.data()), count(row)),
                                    make_vector(in_place.data(), count(row))) == status::ok);
        CHECK(same(result(float_softmax{}, row, instruction_set::avx2), in_place));
    }
}

TEST_CASE("float_log_softmax: within its bound, the same bits on every instruction set") {
    tally cases("float_log_softmax: lengths, ranges and instruction sets");
    double worst = 0;
    for (const kind& k : kinds) {
        float_log_softmax softmax;
        REQUIRE(softmax.set(k.factor) == status::ok);
        for (const std::size_t n : {1U, 5U, 64U, 197U, 1000U, 2048U, 2049U, 5001U}) {
            const floats x = random_row(n, k.from, k.to, static_cast<unsigned>(n));
            const floats y = result(softmax, x, instruction_set::scalar);
            const auto exact = exact_logarithms(x, k.factor);
            for (std::size_t i = 0; i < n; ++i) {
                const auto off = static_cast<double>(std::abs(y[i] - exact[i]));
                const double half_ulp = static_cast<double>(std::abs(exact[i])) * 0x1p-24;
                worst = std::max(worst, off - half_ulp);
                cases.check(off <= 5e-7 + half_ulp, k.name, n, " ", off);
            }
            for (const auto isa : dyad_test::instruction_sets())
                cases.check(same(result(softmax, x, isa), y), k.name, n, to_string(isa));
        }
    }
    MESSAGE("largest error beyond half an ulp: " << worst);
    CHECK(worst > 1e-9);
}

TEST_CASE("float_softmax: NaN, infinities, subnormals, rows that hold nothing") {
    tally cases("float_softmax: special elements");
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const std::size_t n : {1U, 16U, 37U, 300U, 2048U, 4100U}) {
            const floats plain = random_row(n, -5, 5, 1);
            for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
                for (const float special : {nan, -nan, infinity}) {
                    for (const float rest : {0.0f, -infinity, -1e30f, 1e30f}) {
                        floats x = plain;
                        if (rest != 0) x.assign(n, rest);
                        x[at] = special;
                        for (const float y : result(float_softmax{}, x, isa)) cases.check(bits(y) == 0x7fc0'0000U, n);
                        for (const float y : result(float_log_softmax{}, x, isa))
                            cases.check(bits(y) == 0x7fc0'0000U, n);
                    }
                }
                // One element that counts.
                for (const float low : {-infinity, -std::numeric_limits<float>::max(), -1e9f}) {
                    floats x(n, low);
                    x[at] = -3;
                    const floats y = result(float_softmax{}, x, isa);
                    const floats l = result(float_log_softmax{}, x, isa);
                    for (std::size_t i = 0; i < n; ++i) {
                        cases.check(i == at ? std::abs(y[i] - 1) < 2e-7f : bits(y[i]) == 0, n, " ", y[i]);
                        const bool none = std::isinf(low);
                        cases.check(i == at ? std::abs(l[i]) < 2e-7f
                                    : none  ? l[i] == -infinity
                                            : l[i] < -9e8f,
                                    n, " ", l[i]);
                    }
                }
            }
            for (const float y : result(float_softmax{}, floats(n, -infinity), isa)) cases.check(bits(y) == 0, n);
            for (const float y : result(float_log_softmax{}, floats(n, -infinity), isa)) cases.check(y == -infinity, n);
            // Equal elements: shares of 1 / n within the bound, whatever they are.
            for (const float equal : {0.0f, -0.0f, 1e-40f, -1e38f, 1e38f, 88.7f})
                for (const float y : result(float_softmax{}, floats(n, equal), isa))
                    cases.check(std::abs(y * static_cast<double>(n) - 1) < bound, n, " ", y);
        }
        // Subnormal shares are rounded once: of e^-x for x up to where they vanish.
        floats x(64, 0);
        for (std::size_t i = 1; i < 64; ++i) x[i] = -87 - 0.3f * static_cast<float>(i);
        cases.check(share_error(x, result(float_softmax{}, x, isa), 1) < bound, to_string(isa));
    }
}

TEST_CASE("float_softmax: the same bits whatever the rounding mode and the treatment of subnormals") {
    floats x = random_row(3001, -60, 5, 3);
    for (std::size_t i = 0; i < 50; ++i) x[17 * i] = -95 + 0.2f * static_cast<float>(i);
    const floats y = result(float_softmax{}, x, instruction_set::avx512);
    const floats l = result(float_log_softmax{}, x, instruction_set::avx512);
    CHECK(std::any_of(y.begin(), y.end(), [](float e) { return e > 0 && e < 0x1p-126f; }));
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
            REQUIRE(std::fesetround(mode) == 0);
            const floats y_here = result(float_softmax{}, x, isa);
            const floats l_here = result(float_log_softmax{}, x, isa);
            std::fesetround(FE_TONEAREST);
            CHECK((same(y_here, y) && same(l_here, l)));
        }
#if defined(__x86_64__)
        const unsigned before = __builtin_ia32_stmxcsr();
        __builtin_ia32_ldmxcsr(before | 0x8040U);
        const floats y_here = result(float_softmax{}, x, isa);
        const floats l_here = result(float_log_softmax{}, x, isa);
        __builtin_ia32_ldmxcsr(before);
        CHECK((same(y_here, y) && same(l_here, l)));
#endif
    }
}

/// rows x columns with a gap behind each element and each row, or transposed.
struct strided {
    floats memory;
    dyad::matrix_view<float> view;
    strided(index rows, index columns, bool across)
        : memory(static_cast<std::size_t>((rows + 1) * (columns + 1) * 3), 5.0f),
          view{memory.data(), {rows, columns}, {across ? 2 : 3 * (columns + 1), across ? 2 * (rows + 1) : 2}} {}
};

template <class Softmax>
void check_forms(tally& cases, instruction_set isa, index rows, index columns) {
    const Softmax softmax;
    const bool shares = std::is_same_v<Softmax, float_softmax>;
    const auto n = static_cast<std::size_t>(columns);
    const floats x = random_row(static_cast<std::size_t>(rows) * n, -8, 8, 5);
    std::vector<std::uint8_t> mask(x.size());
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i / n != 1 && (i * 7 % 11) < 6 ? 255 : 0;
    const auto from = make_matrix(x.data(), rows, columns);
    const auto seen = make_matrix(static_cast<const std::uint8_t*>(mask.data()), rows, columns);
    floats y(x.size(), 9.0f);
    const auto to = make_matrix(y.data(), rows, columns);
    const auto row_of = [n](const floats& all, index i) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(n);
        return floats(first, first + static_cast<std::ptrdiff_t>(n));
    };
    const float nothing = shares ? 0.0f : -infinity;

    // 1. Rows are independent; strides do not matter; dst may be src.
    REQUIRE(softmax.run(from, to, {isa}) == status::ok);
    for (index i = 0; i < rows; ++i)
        cases.check(same(row_of(y, i), result(softmax, row_of(x, i), isa)), "row ", i, " of ", columns);
    const floats plain = y;
    floats in_place = x;
    const auto here = make_matrix(in_place.data(), rows, columns);
    REQUIRE(softmax.run(here, here, {isa}) == status::ok);
    cases.check(same(in_place, plain), "in place ", columns);
    for (const bool across : {false, true}) {
        strided a(rows, columns, across);
        strided b(rows, columns, !across);
        for (index i = 0; i < rows; ++i)
            for (index j = 0; j < columns; ++j) a.view(i, j) = from(i, j);
        REQUIRE(softmax.run(a.view, b.view, {isa}) == status::ok);
        for (index i = 0; i < rows; ++i)
            for (index j = 0; j < columns; ++j)
                cases.check(bits(b.view(i, j)) == bits(plain[static_cast<std::size_t>(i * columns + j)]), i, " ", j);
        const float gap = 5;
        b.view.data = nullptr;
        cases.check(
            static_cast<std::size_t>(std::count(b.memory.begin(), b.memory.end(), gap)) >= b.memory.size() - x.size(),
            "gaps");
    }

    // 2. Masks: as -infinity; rows without anything are nothing.
    REQUIRE(softmax.run_masked(from, seen, to, {isa}) == status::ok);
    for (index i = 0; i < rows; ++i) {
        floats expected = row_of(x, i);
        for (index j = 0; j < columns; ++j)
            if (seen(i, j) == 0) expected[static_cast<std::size_t>(j)] = -infinity;
        cases.check(same(row_of(y, i), result(softmax, expected, isa)), "masked row ", i, " of ", columns);
        if (i == 1) cases.check(y[n] == nothing && y[2 * n - 1] == nothing, "nothing seen");
    }
    auto repeated = seen;
    repeated.stride[0] = 0;
    in_place = x;
    REQUIRE(softmax.run_masked(here, repeated, here, {isa}) == status::ok);
    REQUIRE(softmax.run_masked(from, repeated, to, {isa}) == status::ok);
    cases.check(same(in_place, y), "one mask for all rows, in place ", columns);

    // 3. Causal: the first i + 1 + offset columns.
    for (const index offset : {index{0}, index{2}, index{-2}, columns, std::numeric_limits<index>::max(),
                               std::numeric_limits<index>::min()}) {
        REQUIRE(softmax.run_causal(from, offset, to, {isa}) == status::ok);
        for (index i = 0; i < rows; ++i) {
            const index least = std::clamp(offset, -rows - 1, columns) + i + 1;
            const auto visible = static_cast<std::size_t>(std::clamp(least, index{0}, columns));
            floats expected = row_of(x, i);
            expected.resize(visible);
            expected = result(softmax, expected, isa);
            expected.resize(n, nothing);
            cases.check(same(row_of(y, i), expected), "causal row ", i, " of ", columns, " offset ", offset);
        }
    }
}

TEST_CASE("float_softmax: matrices, strides, masks, causal rows") {
    tally cases("float_softmax: forms");
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const index columns : {1, 5, 70, 197, 2500}) {
            check_forms<float_softmax>(cases, isa, 4, columns);
            check_forms<float_log_softmax>(cases, isa, 4, columns);
        }
    }
}

TEST_CASE("float_softmax: what is wrong is said, and nothing is written") {
    float_softmax softmax;
    for (const float factor : {0.0f, -1.0f, nan, infinity, 0x1p65f, 0x1p-65f, 1e-40f})
        CHECK(softmax.set(factor) == status::factor_out_of_range);
    CHECK(softmax.set(0x1p64f) == status::ok);
    CHECK(softmax.set(0x1p-64f) == status::ok);
    floats x(100, 1.0f);
    floats y(100, 9.0f);
    std::vector<std::uint8_t> mask(100, 1);
    const auto from = make_matrix(static_cast<const float*>(x.data()), 10, 10);
    const auto to = make_matrix(y.data(), 10, 10);
    const auto seen = make_matrix(static_cast<const std::uint8_t*>(mask.data()), 10, 10);
    CHECK(softmax.run(from, make_matrix(y.data(), 10, 9)) == status::extents_differ);
    CHECK(softmax.run(make_matrix(static_cast<const float*>(x.data()), -1, 10), make_matrix(y.data(), -1, 10)) ==
          status::negative_extent);
    CHECK(softmax.run(make_matrix(static_cast<const float*>(nullptr), 10, 10), to) == status::src_null);
    CHECK(softmax.run(from, make_matrix(static_cast<float*>(nullptr), 10, 10)) == status::dst_null);
    CHECK(softmax.run(from, {y.data(), {10, 10}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(softmax.run(make_vector(static_cast<const float*>(y.data()), 50), make_vector(y.data() + 1, 50)) ==
          status::dst_overlaps_src);
    CHECK(softmax.run(dyad::transposed(dyad::as_const(to)), to) == status::dst_overlaps_src);
    // Where there is one row, its stride does not matter.
    floats one_row(7, 1.0f);
    CHECK(softmax.run({one_row.data(), {1, 7}, {7, 1}}, {one_row.data(), {1, 7}, {0, 1}}) == status::ok);
    CHECK(one_row == floats(7, 1.0f / 7));
    CHECK(softmax.run_masked(from, make_matrix(static_cast<const std::uint8_t*>(mask.data()), 10, 9), to) ==
          status::extents_differ);
    CHECK(softmax.run_masked(from, make_matrix(static_cast<const std::uint8_t*>(nullptr), 10, 10), to) ==
          status::mask_null);
    const auto no_mask = make_matrix(static_cast<const std::uint8_t*>(nullptr), -1, 10);
    CHECK(softmax.run_masked(make_matrix(static_cast<const float*>(x.data()), -1, 10), no_mask,
                             make_matrix(y.data(), -1, 10)) == status::negative_extent);
    CHECK(softmax.run_masked(
              from, make_matrix(static_cast<const std::uint8_t*>(reinterpret_cast<std::uint8_t*>(y.data())), 10, 10),
              to) == status::dst_overlaps_mask);
    CHECK(softmax.run_masked(from, seen, {y.data(), {10, 10}, {1, 0}}) == status::dst_overlaps_itself);
    CHECK(std::all_of(y.begin(), y.end(), [](float e) { return e == 9.0f; }));
    for (const index rows : {0, 3})
        CHECK(softmax.run({nullptr, {rows, rows == 0 ? 3 : 0}, {0, 0}}, {nullptr, {rows, rows == 0 ? 3 : 0}, {0, 0}}) ==
              status::ok);
}

}  // namespace
