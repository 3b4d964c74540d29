// SPDX-License-Identifier: Apache-2.0
// Softmax of integer codes: the scalar way against its definition, and every instruction set against the scalar way.
#include <dyad/kernels/softmax.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/softmax_rows.hpp"
#include "support/tally.hpp"

#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/array/integer_softmax.hpp>

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::integer_softmax;
using dyad::multiplier;
using dyad::row_options;
using dyad::status;
using dyad_test::make_softmax_row;
using dyad_test::marker;
using dyad_test::row_kind;
using dyad_test::row_kinds;
using dyad_test::run_softmax;
using dyad_test::softmax_definition;
using dyad_test::softmax_scales;
using dyad_test::tally;

using s8 = dyad::integer<8>;
using u8 = dyad::uinteger<8>;
using s16 = dyad::integer<16>;
using u16 = dyad::uinteger<16>;

/// Rows of every kind and length: the scalar way is the definition, and every instruction set is the scalar way; all
/// rows, causal and masked.
template <class In, class Out>
void check_instruction_sets(tally& cases, multiplier m, std::uint32_t unit, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    integer_softmax<In, Out> plan;
    REQUIRE(plan.set(m, unit) == status::ok);
    const softmax_definition<In> definition(m);
    std::vector<std::size_t> lengths{197, 256, 1024, 4096};
    for (std::size_t n = 1; n <= 130; ++n) lengths.push_back(n);
    for (const std::size_t n : lengths) {
        const std::size_t rows = n > 200 ? 3 : 1 + random() % 11;
        std::vector<In> src;
        std::vector<std::uint8_t> mask;
        for (std::size_t r = 0; r < rows; ++r) {
            const auto row = make_softmax_row<In>(row_kinds[random() % 8], n, random);
            src.insert(src.end(), row.begin(), row.end());
            const unsigned shown = static_cast<unsigned>(random() % 5);  // of 4; sometimes none or all
            for (std::size_t i = 0; i < n; ++i)
                mask.push_back(random() % 4 < shown ? static_cast<std::uint8_t>(1 + random() % 255) : std::uint8_t{0});
        }
        const auto r = static_cast<index>(rows);
        const auto c = static_cast<index>(n);
        const auto from = dyad::make_matrix<const In>(src.data(), r, c);
        const auto seen = dyad::make_matrix<const std::uint8_t>(mask.data(), r, c);
        const auto offset = static_cast<index>(random() % (n + 4)) - 3;
        const auto run = [&](int form, instruction_set isa) {
            std::vector<Out> out(src.size() + 64, marker<Out>);
            const auto to = dyad::make_matrix(out.data(), r, c);
            const row_options options{isa};
            const status s = form == 0   ? plan.run(from, to, options)
                             : form == 1 ? plan.run_causal(from, offset, to, options)
                                         : plan.run_masked(from, seen, to, options);
            REQUIRE(s == status::ok);
            return out;
        };
        for (int form = 0; form < 3; ++form) {
            const std::vector<Out> expected = run(form, instruction_set::scalar);
            // 1. The definition, of the elements that are seen.
            for (std::size_t i = 0; i < rows; ++i) {
                const auto is_seen = [&](std::size_t j) {
                    if (form == 1) return static_cast<index>(j) <= static_cast<index>(i) + offset;
                    return form == 0 || mask[i * n + j] != 0;
                };
                std::vector<In> packed;
                for (std::size_t j = 0; j < n; ++j) {
                    if (is_seen(j)) packed.push_back(src[i * n + j]);
                }
                const auto codes = definition.template codes<Out>(packed, unit);
                for (std::size_t j = 0, k = 0; j < n; ++j) {
                    const Out code = is_seen(j) ? codes[k++] : Out::from_raw(0);
                    cases.check(expected[i * n + j] == code, "form ", form, " row ", i, " of ", n, " element ", j, ": ",
                                expected[i * n + j].raw(), " for ", code.raw());
                }
            }
            // 2. The same from every instruction set; and nothing behind the end is touched.
            for (const auto isa : dyad_test::instruction_sets()) {
                const std::vector<Out> got = run(form, isa);
                std::size_t at = 0;
                while (at < got.size() && got[at] == expected[at]) ++at;
                cases.check(at == got.size(), dyad::to_string(isa), " form ", form, " rows of ", n, " at ", at);
            }
        }
    }
}

TEST_CASE("integer_softmax: its definition, and the same bits from every instruction set, every tail") {
    tally cases("every instruction set");
    std::uint64_t seed = 1;
    for (const std::size_t s : {1U, 4U, 7U, 10U, 13U}) {
        const multiplier m = softmax_scales()[s];
        check_instruction_sets<s8, u8>(cases, m, 256, ++seed);
        check_instruction_sets<s8, u8>(cases, softmax_scales()[s + 14], 256, ++seed);
        check_instruction_sets<s8, u8>(cases, softmax_scales()[s + 28], 256, ++seed);
    }
    for (const std::size_t s : {3U, 8U}) {
        const multiplier m = softmax_scales()[s];
        const multiplier fine{m.significand, m.exponent - 8};
        check_instruction_sets<u8, s8>(cases, m, 127, ++seed);
        check_instruction_sets<u8, u16>(cases, m, 65536, ++seed);
        check_instruction_sets<s16, u16>(cases, fine, 65535, ++seed);
        check_instruction_sets<u16, s8>(cases, fine, 128, ++seed);
    }
}

TEST_CASE("integer_softmax: ties go to even, whichever way they are found") {
    tally cases("ties");
    // n equal elements: 255 / n = q + 1/2 for n = 510, 170, 102, 34, 30, 10, 6, 2.
    integer_softmax<s8, u8> plan;
    REQUIRE(plan.set(multiplier::from_scale(0.1), 255) == status::ok);
    for (const std::uint32_t n : {510U, 170U, 102U, 34U, 30U, 10U, 6U, 2U}) {
        const std::uint32_t below = 255 / n;
        const auto even = static_cast<std::uint8_t>(below + below % 2);
        const std::vector<s8> row(n, s8::from_raw(77));
        for (const auto isa : dyad_test::instruction_sets())
            cases.check(run_softmax(plan, row, isa) == std::vector<u8>(n, u8::from_raw(even)), n);
    }
}

TEST_CASE("integer_softmax: whatever the caller's rounding mode") {
    std::mt19937_64 random(9);
    integer_softmax<s8, u8> plan;
    REQUIRE(plan.set(multiplier::from_scale(0.06), 256) == status::ok);
    for (int i = 0; i < 100; ++i) {
        const auto row = make_softmax_row<s8>(row_kind::normal, 128, random);
        const auto expected = run_softmax(plan, row);
        for (const auto isa : dyad_test::instruction_sets()) {
            REQUIRE(std::fesetround(i % 2 == 0 ? FE_UPWARD : FE_TOWARDZERO) == 0);
            const auto got = run_softmax(plan, row, isa);
            std::fesetround(FE_TONEAREST);
            CHECK(got == expected);
        }
    }
}

}  // namespace
