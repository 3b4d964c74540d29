// SPDX-License-Identifier: Apache-2.0
// function_table: every entry is the function of its code, and every kernel reads every entry.
#include <dyad/array/function_table.hpp>

#include <doctest/doctest.h>

#include <dyad/number/minifloat.hpp>
#include <dyad/number/named_formats.hpp>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

namespace {

using dyad::function_scales;
using dyad::function_table;
using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::matrix_view;
using dyad::row_options;
using dyad::scalar_function;
using dyad::status;
using dyad::uinteger;
using dyad::vector_view;
using dyad_test::tally;

static_assert(std::is_trivially_copyable_v<function_table<integer<8>, integer<8>>>);
static_assert(std::is_trivially_copyable_v<function_table<integer<16>, integer<16>>>);
static_assert(function_table<integer<8>, integer<16>>::memory_entries == 0);
static_assert(function_table<integer<12>, integer<8>>::memory_entries == 4096);

/// A table with its memory, where it needs one.
template <class In, class Out>
struct test_table {
    std::vector<Out> memory = std::vector<Out>(static_cast<std::size_t>(function_table<In, Out>::memory_entries));
    function_table<In, Out> table;
    [[nodiscard]] vector_view<Out> view() {
        return dyad::make_vector(memory.data(), static_cast<index>(memory.size()));
    }
};

/// Any function without a pattern that a wrong look-up could share: bits of the code, mixed.
template <class Out, class In>
Out scrambled(In x) {
    const std::uint64_t h = (static_cast<std::uint64_t>(x.bits()) + 1) * 0x9E37'79B9'7F4A'7C15;
    return Out::from_bits(static_cast<typename Out::bits_type>(h >> (64 - Out::width)));
}

template <class In>
std::vector<In> random_codes(std::size_t n, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<In> codes;
    for (std::size_t i = 0; i < n; ++i)
        codes.push_back(
            In::from_bits(static_cast<typename In::bits_type>(random() & dyad::low_mask<std::uint64_t>(In::width))));
    return codes;
}

template <class In, class Out>
void check_kernels(tally& cases) {
    test_table<In, Out> t;
    REQUIRE(t.table.fill([](In x) { return scrambled<Out>(x); }, t.view()) == status::ok);
    const auto copy = t.table;
    // Every code, at every alignment of both sides, and every length up to a few blocks.
    std::vector<In> all;
    for (std::size_t i = 0; i < 2 * (std::size_t{1} << In::width); ++i)
        all.push_back(In::from_bits(static_cast<typename In::bits_type>(i % (std::size_t{1} << In::width))));
    for (const std::size_t n : {1u, 5u, 7u, 8u, 31u, 63u, 64u, 65u, 95u, 97u, 128u, 200u, 257u}) {
        for (const auto x : random_codes<In>(n, n)) all.push_back(x);
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            const std::size_t at = n % 7;
            const std::size_t count = n == 257 ? all.size() - at : n;
            std::vector<Out> out(count + 6, Out::from_bits(1));
            const vector_view<const In> src{all.data() + at, {static_cast<index>(count)}, {1}};
            REQUIRE(copy.run(src, dyad::make_vector(out.data() + 3, src.extent[0]), row_options{isa}) == status::ok);
            bool same = true;
            for (std::size_t i = 0; i < count; ++i)
                same = same && out[i + 3].bits() == scrambled<Out>(src(static_cast<index>(i))).bits();
            for (const std::size_t i : {0u, 1u, 2u})
                same = same && out[i].bits() == 1 && out[count + 3 + i].bits() == 1;
            cases.check(same, "length ", count, ", ", dyad::to_string(isa), ", widths ", In::width, " ", Out::width);
        }
    }
}

TEST_CASE("function_table: every kernel, every code, every length") {
    tally cases("look-ups");
    check_kernels<integer<8>, integer<8>>(cases);
    check_kernels<uinteger<8>, integer<8>>(cases);
    check_kernels<integer<8>, integer<16>>(cases);
    check_kernels<uinteger<8>, uinteger<16>>(cases);
    check_kernels<integer<5>, uinteger<3>>(cases);
    check_kernels<uinteger<1>, integer<11>>(cases);
    check_kernels<integer<9>, integer<8>>(cases);
    check_kernels<integer<12>, integer<16>>(cases);
    check_kernels<integer<16>, integer<16>>(cases);
    check_kernels<uinteger<16>, uinteger<8>>(cases);
    check_kernels<dyad::float8_e4m3fn, dyad::float8_e5m2>(cases);
    check_kernels<dyad::bfloat16, integer<8>>(cases);
}

TEST_CASE("function_table: past the caches, at odd addresses") {
    const auto gelu = dyad::tabulate<integer<8>, integer<8>>(scalar_function::gelu, function_scales::from(0.05, 0.04));
    function_table<integer<8>, integer<16>> wide;
    REQUIRE(wide.fill([](integer<8> x) { return scrambled<integer<16>>(x); }) == status::ok);
    const std::size_t n = dyad::streaming_bytes / 2 + 77;
    std::vector<integer<8>> src = random_codes<integer<8>>(n, 1);
    std::vector<integer<8>> bytes(n, integer<8>::from_raw(3));
    std::vector<integer<16>> words(n, integer<16>::from_raw(3));
    REQUIRE(gelu.run(dyad::make_vector<const integer<8>>(src.data() + 1, static_cast<index>(n - 20)),
                     dyad::make_vector(bytes.data() + 7, static_cast<index>(n - 20))) == status::ok);
    REQUIRE(wide.run(dyad::make_vector<const integer<8>>(src.data() + 1, static_cast<index>(n - 20)),
                     dyad::make_vector(words.data() + 7, static_cast<index>(n - 20))) == status::ok);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const bool inside = i >= 7 && i < n - 13;
        const auto x = inside ? src[i - 6] : integer<8>::from_raw(0);
        wrong += bytes[i] != (inside ? gelu(x) : integer<8>::from_raw(3)) ? 1U : 0U;
        wrong += words[i] != (inside ? wide(x) : integer<16>::from_raw(3)) ? 1U : 0U;
    }
    CHECK(wrong == 0);
}

template <class In, class Out>
void check_function(tally& cases, scalar_function f, const function_scales& s) {
    test_table<In, Out> t;
    REQUIRE(t.table.set(f, s, t.view()) == status::ok);
    for (std::uint32_t code = 0; code<(1U << In::width); code += In::width> 12 ? 37 : 1) {
        const auto x = In::from_bits(static_cast<typename In::bits_type>(code));
        cases.check(t.table(x) == dyad::evaluate<Out>(f, x, s), dyad::to_string(f), " of ", x.raw());
    }
}

TEST_CASE("function_table: entries are the functions of math, correctly rounded") {
    tally cases("tables of functions");
    const auto scales = function_scales::from(0.03125, 1.0 / 64);
    for (int f = 0; f <= static_cast<int>(scalar_function::softplus); ++f) {
        check_function<integer<8>, integer<8>>(cases, static_cast<scalar_function>(f), scales);
        check_function<integer<8>, uinteger<16>>(cases, static_cast<scalar_function>(f), scales);
    }
    check_function<dyad::fixed<11, 7>, dyad::fixed<16, 12>>(cases, scalar_function::silu,
                                                            function_scales::from(1.0, 1.0));
}

TEST_CASE("function_table: the same codes wherever it is built") {
    // An archive that holds (function, scales) holds the table: GELU by hand, on both sides of its minimum at -0.7518.
    const auto gelu =
        dyad::tabulate<integer<8>, integer<8>>(scalar_function::gelu, function_scales::from(1.0 / 32, 1.0 / 64));
    const auto at = [&](int raw) {
        return static_cast<int>(gelu(integer<8>::from_raw(static_cast<std::int8_t>(raw))).raw());
    };
    CHECK(at(0) == 0);
    CHECK(at(32) == 54);    // 0.841345 * 64 = 53.85
    CHECK(at(-32) == -10);  // -0.158655 * 64 = -10.15
    CHECK(at(-24) == -11);  // -0.75: -0.169970 * 64 = -10.88
    CHECK(at(-128) == 0);   // -4: -0.000127 * 64
    CHECK(at(127) == 127);  // 3.97 saturates
    const auto again =
        dyad::tabulate<integer<8>, integer<8>>(scalar_function::gelu, function_scales::from(1.0 / 32, 1.0 / 64));
    for (int raw = -128; raw < 128; ++raw) {
        const auto x = integer<8>::from_raw(static_cast<std::int8_t>(raw));
        CHECK(again(x) == gelu(x));
    }
}

TEST_CASE("function_table: matrices of any strides, in place") {
    tally cases("strided look-ups");
    function_table<integer<8>, integer<8>> same;
    REQUIRE(same.fill([](integer<8> x) { return scrambled<integer<8>>(x); }) == status::ok);
    function_table<integer<8>, integer<16>> wide;
    REQUIRE(wide.fill([](integer<8> x) { return scrambled<integer<16>>(x); }) == status::ok);
    struct strides {
        index src[2];
        index dst[2];
    };
    const auto check = [&]<class Out>(const function_table<integer<8>, Out>& table, index rows, index columns,
                                      const strides& s) {
        const auto src_memory = random_codes<integer<8>>(8192, 5);
        std::vector<Out> dst_memory(8192, Out::from_raw(1));
        const auto shadow = [&](index i, index j) { return 4096 + i * s.dst[0] + j * s.dst[1]; };
        const matrix_view<const integer<8>> src{src_memory.data() + 4096, {rows, columns}, {s.src[0], s.src[1]}};
        const matrix_view<Out> dst{dst_memory.data() + 4096, {rows, columns}, {s.dst[0], s.dst[1]}};
        REQUIRE(table.run(src, dst) == status::ok);
        std::vector<Out> expected(8192, Out::from_raw(1));
        for (index i = 0; i < rows; ++i)
            for (index j = 0; j < columns; ++j)
                expected[static_cast<std::size_t>(shadow(i, j))] = scrambled<Out>(src(i, j));
        cases.check(dst_memory == expected, rows, " x ", columns, ", strides ", s.src[0], " ", s.src[1], " to ",
                    s.dst[0], " ", s.dst[1]);
    };
    for (const index rows : {1, 2, 5}) {
        for (const index columns : {1, 3, 64, 70}) {
            for (const strides& s : {strides{{columns, 1}, {columns, 1}},
                                     {{100, 1}, {80, 1}},
                                     {{1, 6}, {1, 7}},
                                     {{0, 1}, {columns, 1}},
                                     {{0, 0}, {columns, 1}},
                                     {{-100, 1}, {80, 1}},
                                     {{columns, 1}, {1, 9}},
                                     {{1, 6}, {71, 1}},
                                     {{200, 2}, {300, 3}},
                                     {{columns, 1}, {-80, -1}}}) {
                check(same, rows, columns, s);
                check(wide, rows, columns, s);
            }
        }
    }
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        auto codes = random_codes<integer<8>>(333, 6);
        const auto before = codes;
        const auto view = dyad::make_vector(codes.data(), index{333});
        REQUIRE(same.run(as_const(view), view, row_options{isa}) == status::ok);
        bool right = true;
        for (std::size_t i = 0; i < codes.size(); ++i) right = right && codes[i] == scrambled<integer<8>>(before[i]);
        cases.check(right, "in place, ", dyad::to_string(isa));
    }
}

TEST_CASE("function_table: bad input") {
    function_table<integer<8>, integer<8>> small;
    function_table<integer<16>, integer<16>> large;
    std::vector<integer<8>> codes(64, integer<8>::from_raw(2));
    std::vector<integer<16>> words(64, integer<16>::from_raw(2));
    const auto v = dyad::make_vector(codes.data(), index{64});
    const auto w = dyad::make_vector(words.data(), index{64});
    const auto nothing = vector_view<integer<8>>{nullptr, {0}, {1}};
    CHECK(small.run(as_const(v), v) == status::table_missing);
    CHECK(large.run(as_const(w), w) == status::table_missing);

    std::vector<integer<16>> memory(65536 * 2);
    const auto one = [](integer<16>) { return integer<16>::from_raw(1); };
    for (const vector_view<integer<16>> wrong :
         {vector_view<integer<16>>{}, dyad::make_vector(memory.data(), index{65535}),
          vector_view<integer<16>>{memory.data(), {65536}, {2}}, vector_view<integer<16>>{nullptr, {65536}, {1}}}) {
        CHECK(large.fill(one, wrong) == status::table_memory_differs);
        CHECK(large.set(scalar_function::tanh, function_scales::from(1, 1), wrong) == status::table_memory_differs);
    }
    CHECK(large.run(as_const(w), w) == status::table_missing);
    REQUIRE(large.fill(one, dyad::make_vector(memory.data(), index{65536})) == status::ok);
    const auto inside = dyad::make_vector(memory.data() + 65500, index{64});
    CHECK(large.run(as_const(w), inside) == status::workspace_overlaps_operand);

    REQUIRE(small.fill([](integer<8>) { return integer<8>::from_raw(9); }) == status::ok);
    CHECK(small.run(as_const(nothing), nothing) == status::ok);
    CHECK(small.run(as_const(v), dyad::make_vector(codes.data(), index{63})) == status::extents_differ);
    CHECK(small.run(dyad::make_vector<const integer<8>>(codes.data(), -1),
                    dyad::make_vector(codes.data(), index{-1})) == status::negative_extent);
    CHECK(small.run({nullptr, {64}, {1}}, v) == status::src_null);
    CHECK(small.run(as_const(v), vector_view<integer<8>>{nullptr, {64}, {1}}) == status::dst_null);
    CHECK(small.run(dyad::make_vector<const integer<8>>(codes.data(), 30), {codes.data() + 1, {30}, {1}}) ==
          status::dst_overlaps_src);
    CHECK(small.run(matrix_view<const integer<8>>{codes.data(), {8, 8}, {8, 1}},
                    matrix_view<integer<8>>{codes.data(), {8, 8}, {1, 8}}) == status::dst_overlaps_src);
    CHECK(small.run(dyad::make_vector<const integer<8>>(codes.data() + 32, 30), {codes.data(), {30}, {0}}) ==
          status::dst_overlaps_itself);
    for (const auto x : codes) CHECK(x.raw() == 2);
    for (const auto x : words) CHECK(x.raw() == 2);
    // A failed fill leaves the table as it was.
    CHECK(large.fill([](integer<16>) { return integer<16>::from_raw(5); }, {}) == status::table_memory_differs);
    CHECK(large(integer<16>::from_raw(-3)).raw() == 1);
}

}  // namespace
