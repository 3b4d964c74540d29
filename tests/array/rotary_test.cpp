// SPDX-License-Identifier: Apache-2.0
// rotary_table: its definition on every instruction set, bit for bit; errors within their bounds; dot products of
// turned rows depend on the difference of positions only.
#include <dyad/array/rotary.hpp>

#include <doctest/doctest.h>

#include <dyad/number/fixed.hpp>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using dyad::index;
using dyad::integer;
using dyad::matrix_view;
using dyad::rotary_layout;
using dyad::rotary_table;
using dyad::row_options;
using dyad::status;
using dyad::vector_view;
using dyad_test::tally;
using q1_14 = dyad::fixed<16, 14>;
using q0_15 = dyad::fixed<16, 15>;

static_assert(std::is_trivially_copyable_v<rotary_table<>>);

template <class Code>
struct test_table {
    std::vector<Code> memory;
    rotary_table<Code> table;
    std::uint32_t base;

    test_table(std::uint32_t base_, index width, index positions)
        : memory(static_cast<std::size_t>(width * positions)), base(base_) {
        REQUIRE(table.set(base, width, positions, dyad::make_vector(memory.data(), width * positions)) == status::ok);
    }
    [[nodiscard]] Code cosine(index p, index i) const {
        return memory[static_cast<std::size_t>(p * table.width() + 2 * i)];
    }
    [[nodiscard]] Code sine(index p, index i) const {
        return memory[static_cast<std::size_t>(p * table.width() + 2 * i + 1)];
    }
};

constexpr rotary_layout both_layouts[] = {rotary_layout::interleaved, rotary_layout::halves};

index place_of(rotary_layout layout, index width, index i, bool second) {
    if (layout == rotary_layout::interleaved) return 2 * i + (second ? 1 : 0);
    return i + (second ? width / 2 : 0);
}

enum class float_kind { finite, any };

template <class T>
std::vector<T> random_numbers(std::size_t n, std::uint64_t seed, float_kind kind = float_kind::finite) {
    std::mt19937_64 random(seed);
    std::vector<T> x;
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t r = random();
        if constexpr (std::same_as<T, float>) {
            // All magnitudes; where `any`, NaN and infinities too.
            const auto bits = static_cast<std::uint32_t>(r);
            x.push_back(std::bit_cast<float>(
                kind == float_kind::any ? bits : (bits % 0x4000'0000U + 0x2000'0000U) | (bits & 0x8000'0000U)));
        } else {
            using raw = typename T::raw_type;
            const auto end = (r >> 60);
            const auto any = static_cast<raw>(static_cast<std::int64_t>(r << 8) >> (64 - T::width));
            x.push_back(T::from_raw(end < 2 ? T::min_raw : end < 4 ? T::max_raw : any));
        }
    }
    return x;
}

/// x c - y s or x s + y c.
template <class T, class Code>
T defined(T x, T y, Code c, Code s, bool second) {
    if constexpr (std::same_as<T, float>) {
        const double p = static_cast<double>(x) * static_cast<double>(second ? s : c);
        const double q = static_cast<double>(y) * static_cast<double>(second ? c : s);
        const auto y_float = static_cast<float>(second ? p + q : p - q);
        const bool is_nan = (std::bit_cast<std::uint32_t>(y_float) & 0x7fff'ffff) > 0x7f80'0000;
        return is_nan ? std::bit_cast<float>(0x7fc0'0000) : y_float;
    } else {
        const auto p = static_cast<dyad::int128_t>(x.raw()) * (second ? s.raw() : c.raw());
        const auto q = static_cast<dyad::int128_t>(y.raw()) * (second ? c.raw() : s.raw());
        const dyad::int128_t t = second ? p + q : p - q;
        return T::saturating_from_raw(
            static_cast<std::int64_t>(dyad::round_shift_right(t, Code::fraction, dyad::rounding::nearest_even)));
    }
}

template <class T>
bool same_bits(T x, T y) {
    if constexpr (std::same_as<T, float>) return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
    else return x == y;
}

template <class T, class Code>
void check_definition(tally& cases, const test_table<Code>& t, index heads) {
    const index width = t.table.width();
    const index rows = 3;
    const index columns = width * heads;
    const auto numbers = random_numbers<T>(static_cast<std::size_t>(2 * rows * (columns + 5)), 1, float_kind::any);
    struct strides {
        index down, across;
    };
    for (const strides s : {strides{columns, 1}, strides{columns + 5, 1}, strides{2 * columns, 2}, strides{1, rows}}) {
        for (const rotary_layout layout : both_layouts) {
            for (const auto isa : dyad_test::instruction_sets()) {
                for (const bool in_place : {false, true}) {
                    auto memory = numbers;
                    std::vector<T> other(memory.size());
                    const matrix_view<const T> src{numbers.data(), {rows, columns}, {s.down, s.across}};
                    const matrix_view<T> dst{in_place ? memory.data() : other.data(), {rows, columns}, src.stride};
                    const auto from = in_place ? as_const(dst) : src;
                    // All of the memory: nothing between the rows or behind them is touched.
                    auto expected = in_place ? memory : other;
                    for (index r = 0; r < rows; ++r) {
                        for (index j = 0; j < columns; j += width) {
                            for (index i = 0; i < width / 2; ++i) {
                                const index a = j + place_of(layout, width, i, false);
                                const index b = j + place_of(layout, width, i, true);
                                const Code c = t.cosine(4 + r, i);
                                const Code n = t.sine(4 + r, i);
                                const auto at = [&](index column) {
                                    return static_cast<std::size_t>(r * s.down + column * s.across);
                                };
                                expected[at(a)] = defined(src(r, a), src(r, b), c, n, false);
                                expected[at(b)] = defined(src(r, a), src(r, b), c, n, true);
                            }
                        }
                    }
                    REQUIRE(t.table.run(from, 4, layout, dst, row_options{isa}) == status::ok);
                    const auto& got = in_place ? memory : other;
                    const bool same = std::equal(got.begin(), got.end(), expected.begin(), same_bits<T>);
                    cases.check(same, "width ", width, ", heads ", heads, ", ", dyad::to_string(isa), ", layout ",
                                static_cast<int>(layout), ", stride ", s.across);
                }
            }
        }
    }
}

template <class T, class Code>
void check_definitions(tally& cases) {
    for (const index width : {2, 6, 16, 30, 32, 34, 64, 80, 128, 130})
        check_definition<T, Code>(cases, test_table<Code>(10000, width, 9), width == 64 ? 3 : 1);
}

TEST_CASE("rotary_table: the definition, bit for bit, on every instruction set") {
    tally cases("turned rows");
    check_definitions<integer<8>, q1_14>(cases);
    check_definitions<integer<16>, q1_14>(cases);
    check_definitions<integer<16>, q0_15>(cases);
    check_definitions<dyad::fixed<8, 5>, q0_15>(cases);
    check_definitions<integer<12>, q1_14>(cases);
    check_definitions<integer<4>, dyad::fixed<8, 6>>(cases);
    check_definitions<integer<16>, dyad::fixed<32, 30>>(cases);
    check_definitions<integer<32>, dyad::fixed<32, 31>>(cases);
    check_definitions<float, float>(cases);
}

TEST_CASE("rotary_table: entries are the correctly rounded cosines and sines") {
    tally cases("entries");
    const auto check = [&]<class Code>(const test_table<Code>& t) {
        for (index p = 0; p < t.table.positions(); ++p) {
            for (index i = 0; i < t.table.width() / 2; ++i) {
                const auto expected = dyad::rotary_sine_and_cosine<Code>(static_cast<std::uint32_t>(p), t.base,
                                                                         static_cast<std::uint32_t>(i),
                                                                         static_cast<std::uint32_t>(t.table.width()));
                cases.check(same_bits(t.cosine(p, i), expected.cosine) && same_bits(t.sine(p, i), expected.sine),
                            "position ", p, ", pair ", i);
            }
        }
    };
    check(test_table<q1_14>(10000, 128, 50));
    check(test_table<q0_15>(500000, 80, 20));
    check(test_table<float>(10000, 64, 20));
    // Position 0 turns nothing where 1 is a code.
    const test_table<q1_14> t(10000, 64, 1);
    const auto numbers = random_numbers<integer<16>>(64, 3);
    std::vector<integer<16>> out(64);
    REQUIRE(t.table.run(dyad::make_vector(numbers.data(), index{64}), 0, rotary_layout::halves,
                        dyad::make_vector(out.data(), index{64})) == status::ok);
    CHECK(out == numbers);
}

/// The largest distance, in codes, from the exact turn of the same codes; 64 pairs at each of 400 positions.
template <class T, class Code>
double largest_error(std::int64_t most) {
    constexpr index width = 128;
    constexpr index positions = 400;
    const test_table<Code> t(10000, width, positions);
    std::mt19937_64 random(7);
    double worst = 0;
    std::vector<T> row(width);
    std::vector<T> out(width);
    for (index p = 0; p < positions; ++p) {
        for (T& x : row) {
            const std::int64_t raw =
                static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * most + 1)) - most;
            x = T::from_raw(static_cast<typename T::raw_type>(random() % 4 == 0 ? (raw < 0 ? -most : most) : raw));
        }
        const auto dst = dyad::make_vector(out.data(), width);
        REQUIRE(t.table.run(dyad::make_vector<const T>(row.data(), width), p, rotary_layout::halves, dst) ==
                status::ok);
        for (index i = 0; i < width / 2; ++i) {
            const long double angle =
                static_cast<long double>(p) * std::pow(10000.0L, -2 * static_cast<long double>(i) / width);
            const auto a = static_cast<long double>(row[static_cast<std::size_t>(i)].raw());
            const auto b = static_cast<long double>(row[static_cast<std::size_t>(i + width / 2)].raw());
            const long double first = a * std::cos(angle) - b * std::sin(angle);
            const long double second = a * std::sin(angle) + b * std::cos(angle);
            worst = std::max({worst, static_cast<double>(std::fabs(dst(i).raw() - first)),
                              static_cast<double>(std::fabs(dst(i + width / 2).raw() - second))});
        }
    }
    return worst;
}

TEST_CASE("rotary_table: errors within half a code and the table's") {
    // Magnitudes up to 90 and 23000, so that nothing saturates: |a| + |b| <= 2 * 23000.
    const auto check = [](const std::string& what, double error, double bound) {
        MESSAGE(what << ": off by at most " << error << " codes, bound " << bound);
        CHECK(error <= bound);
        CHECK(error >= 0.49);
    };
    check("8 bits, fixed<16, 14>", largest_error<integer<8>, q1_14>(90), 0.5 + 2 * 90 * 0x1p-15);
    check("16 bits, fixed<16, 14>", largest_error<integer<16>, q1_14>(23000), 0.5 + 2 * 23000 * 0x1p-15);
    // (Where a cosine is 1 fixed<16, 15> is 2^-15 off instead of 2^-16.)
    check("16 bits, fixed<16, 15>", largest_error<integer<16>, q0_15>(23000), 0.5 + 23000 * (0x1p-15 + 0x1p-16));
    check("16 bits, fixed<32, 30>", largest_error<integer<16>, dyad::fixed<32, 30>>(23000),
          0.5 + 2 * 23000 * 0x1p-31 + 1e-9);
}

TEST_CASE("rotary_table: float within half an ulp and the table's error") {
    constexpr index width = 64;
    const test_table<float> t(500000, width, 3000);
    double worst = 0;
    for (index p = 0; p < 3000; p += 37) {
        const auto row = random_numbers<float>(width, static_cast<std::uint64_t>(p));
        std::vector<float> out(width);
        const auto dst = dyad::make_vector(out.data(), width);
        REQUIRE(t.table.run(dyad::make_vector(row.data(), width), p, rotary_layout::interleaved, dst) == status::ok);
        for (index i = 0; i < width / 2; ++i) {
            const long double angle =
                static_cast<long double>(p) * std::pow(500000.0L, -2 * static_cast<long double>(i) / width);
            const auto a = static_cast<long double>(row[static_cast<std::size_t>(2 * i)]);
            const auto b = static_cast<long double>(row[static_cast<std::size_t>(2 * i + 1)]);
            const long double exact = a * std::sin(angle) + b * std::cos(angle);
            const long double half_ulp = std::ldexp(std::fabs(exact), -24);
            const long double bound = half_ulp + (std::fabs(a) + std::fabs(b)) * 0x1p-25L;
            worst = std::max(worst, static_cast<double>(std::fabs(dst(2 * i + 1) - exact) / bound));
        }
    }
    MESSAGE("off by at most " << worst << " of the bound");
    CHECK(worst <= 1.001);
    CHECK(worst > 0.3);
}

TEST_CASE("rotary_table: the same floats whatever the caller's floating-point environment") {
    constexpr index width = 48;
    const test_table<float> t(10000, width, 2);
    auto row = random_numbers<float>(width, 11, float_kind::any);
    for (std::size_t i = 0; i < row.size(); i += 5) row[i] = std::ldexp(row[i], -200);  // subnormal
    const auto src = dyad::make_vector<const float>(row.data(), width);
    for (const auto isa : dyad_test::instruction_sets()) {
        std::vector<float> usual(width);
        std::vector<float> other(width);
        REQUIRE(t.table.run(src, 1, rotary_layout::halves, dyad::make_vector(usual.data(), width), row_options{isa}) ==
                status::ok);
        std::fesetround(FE_UPWARD);
#if defined(__x86_64__)
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040U);  // results and operands flushed to zero
#endif
        const status s =
            t.table.run(src, 1, rotary_layout::halves, dyad::make_vector(other.data(), width), row_options{isa});
#if defined(__x86_64__)
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() & ~0x8040U);
#endif
        std::fesetround(FE_TONEAREST);
        CHECK(s == status::ok);
        CHECK(std::equal(usual.begin(), usual.end(), other.begin(), same_bits<float>));
    }
}

TEST_CASE("rotary_table: dot products depend on the difference of positions only") {
    // With |a|, |b| <= A each output is off by at most D = 1/2 + 2 A e, so a dot product of n of them by n (2 A D +
    // D^2); exact ones are equal. Pairs keep their length, so no coordinate exceeds sqrt 2 A.
    constexpr index width = 64;
    constexpr double largest = 80;
    const test_table<q1_14> t(10000, width, 1100);
    std::mt19937_64 random(9);
    const auto code = [&] {
        return integer<8>::from_raw(static_cast<std::int8_t>(static_cast<int>(random() % 161) - 80));
    };
    const double d = 0.5 + 2 * largest * 0x1p-15;
    const double bound = 2 * static_cast<double>(width) * (2 * std::sqrt(2.0) * largest * d + d * d);
    double worst = 0;
    for (int round = 0; round < 30; ++round) {
        std::vector<integer<8>> q(width);
        std::vector<integer<8>> k(width);
        for (auto& x : q) x = code();
        for (auto& x : k) x = code();
        const auto layout = both_layouts[round % 2];
        const auto dot = [&](index p, index at) {
            std::vector<integer<8>> x(width);
            std::vector<integer<8>> y(width);
            REQUIRE(t.table.run(dyad::make_vector<const integer<8>>(q.data(), width), p, layout,
                                dyad::make_vector(x.data(), width)) == status::ok);
            REQUIRE(t.table.run(dyad::make_vector<const integer<8>>(k.data(), width), at, layout,
                                dyad::make_vector(y.data(), width)) == status::ok);
            int sum = 0;
            for (std::size_t i = 0; i < x.size(); ++i) sum += x[i].raw() * y[i].raw();
            return sum;
        };
        for (const index apart : {0, 1, 7, 100}) {
            const int near = dot(apart, 0);
            for (const index p : {1, 12, 333, 999})
                worst = std::max(worst, std::fabs(static_cast<double>(dot(p + apart, p) - near)));
        }
    }
    MESSAGE("dot products of 64 codes up to 80 differ by at most " << worst << ", bound " << bound);
    CHECK(worst <= bound);
    CHECK(worst > 0);
}

TEST_CASE("rotary_table: bad input") {
    std::vector<q1_14> memory(64 * 10);
    const auto all = dyad::make_vector(memory.data(), index{640});
    rotary_table<> table;
    std::vector<integer<8>> codes(128, integer<8>::from_raw(5));
    const auto row = dyad::make_vector(codes.data(), index{64});
    CHECK(table.run(as_const(row), 0, rotary_layout::halves, row) == status::table_missing);
    CHECK(table.set(10000, 63, 10, all) == status::width_odd);
    CHECK(table.set(10000, 0, 10, all) == status::width_odd);
    CHECK(table.set(10000, -2, 10, all) == status::width_odd);
    CHECK(table.set(10000, 64, -1, all) == status::negative_extent);
    CHECK(table.set(10000, 64, index{1} << 40, all) == status::position_out_of_range);
    CHECK(table.set(0, 64, 10, all) == status::scale_not_positive);
    CHECK(table.set(10000, 64, 9, all) == status::table_memory_differs);
    CHECK(table.set(10000, 64, 10, {memory.data(), {641}, {1}}) == status::table_memory_differs);
    CHECK(table.set(10000, 64, 10, {memory.data(), {640}, {2}}) == status::table_memory_differs);
    CHECK(table.set(10000, 64, 10, {nullptr, {640}, {1}}) == status::table_memory_differs);
    CHECK(table.width() == 0);
    REQUIRE(table.set(10000, 64, 10, all) == status::ok);
    for (const index position : {index{-1}, index{10}, std::numeric_limits<index>::max()})
        CHECK(table.run(as_const(row), position, rotary_layout::halves, row) == status::position_out_of_range);
    const matrix_view<integer<8>> two{codes.data(), {2, 64}, {64, 1}};
    CHECK(table.run(as_const(two), 9, rotary_layout::halves, two) == status::position_out_of_range);
    const auto odd = dyad::make_vector(codes.data(), index{65});
    CHECK(table.run(as_const(odd), 0, rotary_layout::halves, odd) == status::heads_do_not_divide_width);
    CHECK(table.run(as_const(odd), 0, rotary_layout::halves, row) == status::extents_differ);
    CHECK(table.run(dyad::make_vector<const integer<8>>(codes.data() + 1, 64), 0, rotary_layout::halves, row) ==
          status::dst_overlaps_src);
    CHECK(table.run(dyad::make_vector<const integer<8>>(nullptr, 64), 0, rotary_layout::halves, row) ==
          status::src_null);
    CHECK(table.run(as_const(row), 0, rotary_layout::halves, dyad::make_vector<integer<8>>(nullptr, 64)) ==
          status::dst_null);
    const auto inside = dyad::make_vector(reinterpret_cast<integer<16>*>(memory.data()), index{64});
    std::vector<integer<16>> words(64);
    CHECK(table.run(dyad::make_vector<const integer<16>>(words.data(), 64), 0, rotary_layout::halves, inside) ==
          status::workspace_overlaps_operand);
    for (const auto x : codes) CHECK(x.raw() == 5);
    const auto nothing = matrix_view<integer<8>>{nullptr, {0, 64}, {64, 1}};
    CHECK(table.run(as_const(nothing), 3, rotary_layout::halves, nothing) == status::ok);
}

}  // namespace
