// SPDX-License-Identifier: Apache-2.0
// The 15 named formats and P3109's 120 of 3 to 8 bits: every code, and every ordered pair in every rounding and
// saturation. support/format_pairs.hpp says why two halves cover all pairs; all_formats_slow_test.cpp leaves out no
// code of the wide formats.
#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/format_pairs.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using dyad_test::tally;
using reference::format_at;
using reference::format_count;
using reference::format_entry;

const std::vector<format_entry>& formats() {
    static const std::vector<format_entry> table = reference::format_table();
    return table;
}

TEST_CASE("decode: all codes of all formats") {
    for (const format_entry& f : formats()) {
        tally cases(std::string("decode ") + f.name);
        for (std::uint32_t code = 0; code >> f.format.width() == 0; ++code) {
            const dyad::unpacked got = f.decode(code);
            cases.check(reference::real_of(got) == reference::decode(f.format, code), f.name, " ", code, ": ", got);
            cases.check(f.same(code) == code, f.name, " ", code, " to itself");
        }
    }
}

TEST_CASE("the reference: two ways to find a place agree") {
    tally cases("places");
    for (const format_entry& f : formats()) {
        if (f.format.width() > 8) continue;
        reference::ladder ladder(f.format);
        reference::float_target table(f.format);
        for (int e = -140; e < 135; ++e) {
            for (const std::uint64_t m : {0x80u, 0x81u, 0x88u, 0xa0u, 0xb8u, 0xc0u, 0xd4u, 0xfcu, 0xffu}) {
                const bool negative = m % 3 == 0;
                ladder.take({m, e});
                table.take({reference::kind::finite, negative, reference::scaled(m, e)});
                for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
                    for (const dyad::saturation policy : reference::all_saturations) {
                        const auto expected = table.code(mode, policy);
                        cases.check(ladder.code(reference::kind::finite, negative, 0, mode, policy) == expected, f.name,
                                    " ", m, " * 2^", e, ", ", mode);
                    }
                }
            }
        }
    }
}

TEST_CASE("encode: whatever the decode of any format gives, into every format") {
    const std::vector<dyad::unpacked> inputs = reference::decoded(formats(), 7);
    tally cases("all ordered pairs, " + std::to_string(inputs.size()) + " distinct unpacked numbers");
    for (const format_entry& to : formats()) reference::check_encode(cases, to, inputs);
}

// Some pairs through convert itself: each format is the source of four and the target of four, in four permutations
// i -> (a i + b) mod 135.
struct pair_entry {
    std::size_t from;
    std::size_t to;
    std::uint32_t (*convert)(std::uint32_t, dyad::rounding, dyad::saturation);
};
inline constexpr std::size_t factors[]{1, 2, 7, 64};
inline constexpr std::size_t offsets[]{1, 71, 13, 40};

template <std::size_t I>
constexpr pair_entry pair_at() {
    constexpr std::size_t from = I % format_count;
    constexpr std::size_t to = (factors[I / format_count] * from + offsets[I / format_count]) % format_count;
    using source = format_at<from>;
    return {from, to, [](std::uint32_t code, dyad::rounding mode, dyad::saturation policy) -> std::uint32_t {
                const source x = source::from_bits(static_cast<typename source::bits_type>(code));
                return dyad::convert<format_at<to>>(x, mode, policy).bits();
            }};
}
std::vector<pair_entry> chosen_pairs() {
    return []<std::size_t... I>(std::index_sequence<I...>) { return std::vector<pair_entry>{pair_at<I>()...}; }
    (std::make_index_sequence<4 * format_count>{});
}

TEST_CASE("convert: 540 ordered pairs directly") {
    tally cases("convert, 540 pairs");
    for (const pair_entry& pair : chosen_pairs()) {
        const format_entry& from = formats()[pair.from];
        const format_entry& to = formats()[pair.to];
        if (pair.from == pair.to) continue;
        reference::ladder target(to.format);
        const std::uint32_t step = from.format.width() > 8 ? 61 : 1;
        for (std::uint32_t code = 0; code >> from.format.width() == 0; code += step) {
            reference::taken<std::uint64_t> input(from.decode(code));
            target.take(input.magnitude);
            for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
                for (const dyad::saturation policy : reference::all_saturations) {
                    const auto expected = target.code(input.what, input.negative, input.payload, mode, policy);
                    const std::uint32_t got = pair.convert(code, mode, policy);
                    cases.check(got == expected, from.name, " ", code, " -> ", to.name, ", ", mode, ", saturation ",
                                static_cast<int>(policy), ": got ", got, ", expected ", expected);
                }
            }
        }
    }
}

}  // namespace
