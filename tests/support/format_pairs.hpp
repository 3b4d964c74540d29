// SPDX-License-Identifier: Apache-2.0
// Conversions between all ordered pairs of the 135 formats, by the two halves of which convert is composed.
//
// convert<To>(x) of a From is, for From != To, encode<To>(quieted(decode<From>(x)), rule, policy) and nothing else. So
// all pairs are covered if (1) decode<From> is right for every code of every From, and (2) encode<To> is right, for
// every To, on every unpacked number that the decode of any From gives: not just on every value, on every pair of
// significand and exponent. `decoded` is that union, without repetitions; NaN are in it as convert passes them on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "support/all_formats.hpp"
#include "support/ladder.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

namespace reference {

/// The distinct unpacked numbers that decode gives for the codes of these formats, NaN made quiet. Of a format wider
/// than 8 bits every `step`-th code, and the codes next to the borders of its exponents.
inline std::vector<dyad::unpacked> decoded(const std::vector<format_entry>& formats, std::uint32_t step) {
    std::set<std::tuple<int, bool, int, std::uint64_t>> seen;
    std::vector<dyad::unpacked> all;
    for (const format_entry& f : formats) {
        const std::uint32_t exponent_step = std::uint32_t{1} << f.format.significand_bits;
        for (std::uint32_t code = 0; code >> f.format.width() == 0; ++code) {
            const bool at_border = (code + 1) % exponent_step <= 2;
            if (f.format.width() > 8 && code % step != 0 && !at_border) continue;
            dyad::unpacked x = f.decode(code);
            if (x.kind == dyad::number_class::nan) x.significand |= quiet;
            if (seen.insert({static_cast<int>(x.kind), x.negative, x.exponent, x.significand}).second) all.push_back(x);
        }
    }
    return all;
}

/// encode of one format on each of these numbers, in every rounding and saturation.
inline void check_encode(dyad_test::tally& cases, const format_entry& to, const std::vector<dyad::unpacked>& inputs) {
    ladder target(to.format);
    for (const dyad::unpacked& x : inputs) {
        const taken<std::uint64_t> input(x);
        target.take(input.magnitude);
        for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
            for (const dyad::saturation policy : all_saturations) {
                const std::uint64_t expected = target.code(input.what, input.negative, input.payload, mode, policy);
                const std::uint32_t got = to.encode(x, mode, policy);
                cases.check(got == expected, x, " -> ", to.name, ", ", mode, ", saturation ", static_cast<int>(policy),
                            ": got ", got, ", expected ", expected);
            }
        }
    }
}

}  // namespace reference
