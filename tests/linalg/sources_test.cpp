// SPDX-License-Identifier: Apache-2.0
// Sources: every code of formats in bytes and halves becomes its carrier, in every layout; L-Mul's two parts.
#include <dyad/linalg/sources.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dyad/linalg/plain_gemm.hpp>
#include <dyad/number.hpp>

namespace {

using dyad::bfloat16;
using dyad::index;
using dyad_test::tally;

template <class C>
bool same(C x, C y) {
    return std::memcmp(&x, &y, sizeof x) == 0;
}

/// All codes as lines of 100, read in parts, by rows, columns and with gaps.
template <class T, class C>
void check_format(tally& cases) {
    std::vector<T> codes;
    while (codes.size() < 300) {
        const auto all = reference::all_codes<T>();
        codes.insert(codes.end(), all.begin(), all.end());
    }
    const auto lines = static_cast<index>(codes.size() / 100);
    const std::array<dyad::matrix_view<const T>, 3> layouts{
        dyad::matrix_view<const T>{codes.data(), {lines, 100}, {100, 1}},
        dyad::matrix_view<const T>{codes.data(), {100, lines}, {1, 100}},
        dyad::matrix_view<const T>{codes.data() + codes.size() - 1, {lines, 33}, {-100, -3}}};
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const auto& m : layouts) {
            const dyad::plain_source<T, C> source(m, isa);
            REQUIRE(source.lines() == m.extent[0]);
            REQUIRE(source.depth() == m.extent[1]);
            std::vector<C> buffer(codes.size());
            for (const index k0 : {index{0}, index{1}}) {
                const index k = m.extent[1] - k0;
                const auto read = source.read(1, m.extent[0] - 1, k0, k, buffer.data());
                for (index i = 1; i < m.extent[0]; ++i) {
                    for (index j = 0; j < k; ++j) {
                        const C got = read.data[(i - 1) * read.line_stride + j * read.k_stride];
                        C expected{};
                        if constexpr (std::integral<C>) {
                            expected = static_cast<C>(
                                std::ldexp(dyad::convert<double>(m(i, k0 + j)), -dyad::whole_numbers_of<T>().unit));
                        } else {
                            expected = dyad::convert<C>(m(i, k0 + j));
                        }
                        cases.check(same(got, expected), reference::name_of<T>(), " line ", i, " k ", k0 + j);
                    }
                }
            }
        }
    }
}

TEST_CASE("plain_source: carriers of all codes") {
    tally cases("carriers");
    check_format<dyad::integer<4>, std::int8_t>(cases);
    check_format<dyad::uinteger<8>, std::uint8_t>(cases);
    check_format<dyad::ternary, std::int8_t>(cases);
    check_format<dyad::power<4, 2>, std::int8_t>(cases);
    check_format<dyad::power<8, 2>, std::int16_t>(cases);
    check_format<dyad::float4_e2m1fn, std::int8_t>(cases);
    check_format<dyad::float6_e2m3fn, std::int8_t>(cases);
    check_format<dyad::float6_e3m2fn, bfloat16>(cases);
    check_format<dyad::float8_e4m3fn, bfloat16>(cases);
    check_format<dyad::float8_e5m2, bfloat16>(cases);
    check_format<dyad::float8_e8m0fnu, float>(cases);
    check_format<dyad::integer<8>, bfloat16>(cases);
    check_format<dyad::integer<8>, std::int16_t>(cases);
    check_format<dyad::float16, float>(cases);
    check_format<bfloat16, bfloat16>(cases);
}

TEST_CASE("lmul_source: (x, P(x)) and (P(y), y - (1 - c) P(y)) of all codes") {
    using code = dyad::float8_e4m3fn;
    const auto codes = reference::all_codes<code>();
    const auto n = static_cast<index>(codes.size());
    const auto m = dyad::make_matrix(codes.data(), 1, n);
    std::vector<bfloat16> buffer(codes.size() * 2);
    const auto lhs = dyad::lmul_source<code, bfloat16, dyad::operand_side::lhs>(m).read(0, 1, 0, 2 * n, buffer.data());
    tally cases("parts");
    using terms = dyad::plain::float_terms<code, code, dyad::product_rule::lmul>;
    for (index i = 0; i < n; ++i) {
        for (index part = 0; part < 2; ++part)
            cases.check(same(lhs.data[2 * i + part],
                             dyad::convert<bfloat16>(terms::lhs(codes[static_cast<std::size_t>(i)], part))),
                        "lhs ", i);
    }
    const auto rhs = dyad::lmul_source<code, bfloat16, dyad::operand_side::rhs>(m).read(0, 1, 0, 2 * n, buffer.data());
    for (index i = 0; i < n; ++i) {
        for (index part = 0; part < 2; ++part)
            cases.check(same(rhs.data[2 * i + part],
                             dyad::convert<bfloat16>(terms::rhs(codes[static_cast<std::size_t>(i)], part))),
                        "rhs ", i);
    }
}

}  // namespace
