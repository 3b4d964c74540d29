// SPDX-License-Identifier: Apache-2.0
// What an encode can get wrong shows at the values of a format, at the midpoints between them, and next to both: those
// as inputs, in every rounding and saturation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "support/all_formats.hpp"
#include "support/ladder.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

namespace reference {

/// x with its leading one at bit 63, so that its last bit is far below every format's; and the numbers next to it.
template <class Function>
void for_each_near(const dyadic& x, Function f) {
    if (x.m == 0) return;
    const int up = 63 - top_bit(x.m);
    const auto m = static_cast<std::uint64_t>(x.m << up);
    f(m, x.e - up);
    f(m + 1, x.e - up);
    // Below a power of two the last bit is half as large: keep it with the full width.
    const bool power = (m & (m - 1)) == 0;
    f(power ? ~std::uint64_t{0} : m - 1, power ? x.e - up - 1 : x.e - up);
}

/// One input, both signs, every rounding and saturation.
inline void check_magnitude(dyad_test::tally& cases, const format_entry& to, ladder& target, std::uint64_t m, int e) {
    target.take({m, e});
    for (const bool negative : {false, true}) {
        const dyad::unpacked x = dyad::unpacked::finite(negative, m, e);
        for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
            for (const dyad::saturation policy : all_saturations) {
                const std::uint64_t expected = target.code(kind::finite, negative, 0, mode, policy);
                const std::uint32_t got = to.encode(x, mode, policy);
                cases.check(got == expected, to.name, " ", x, ", ", mode, ", saturation ", static_cast<int>(policy),
                            ": got ", got, ", expected ", expected);
            }
        }
    }
}

/// Every value of the format up to the one behind the largest, every midpoint, the numbers next to them; far below and
/// far above them; zeros, infinities, NaN.
inline void check_midpoints(dyad_test::tally& cases, const format_entry& to) {
    ladder target(to.format);
    const auto check = [&](std::uint64_t m, int e) { check_magnitude(cases, to, target, m, e); };
    for (const dyadic& x : target.values()) for_each_near(x, check);
    for (const dyadic& x : target.midpoints()) for_each_near(x, check);
    for (const int far : {2, 3, 64, 65, 130, 5000}) {
        const dyadic top = target.values().back();
        const dyadic bottom = target.values()[target.values().front().m == 0 ? 1 : 0];
        check(3, top.e + top_bit(top.m) + far);
        check(3, bottom.e + top_bit(bottom.m) - far);
    }
    for (const bool negative : {false, true}) {
        for (const dyad::unpacked& x : {dyad::unpacked::zero(negative), dyad::unpacked::infinity(negative),
                                        dyad::unpacked::nan(negative, quiet | (quiet >> 3))}) {
            const taken<std::uint64_t> input(x);
            target.take(input.magnitude);
            for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
                for (const dyad::saturation policy : all_saturations) {
                    const auto expected = target.code(input.what, negative, input.payload, mode, policy);
                    cases.check(to.encode(x, mode, policy) == expected, to.name, " ", x, ", ", mode, ", saturation ",
                                static_cast<int>(policy), ": expected ", expected);
                }
            }
        }
    }
}

/// Seeded numbers of 64 digits from far below the smallest value to beyond the largest.
inline void check_seeded(dyad_test::tally& cases, const format_entry& to, int count) {
    ladder target(to.format);
    std::mt19937_64 random(static_cast<std::uint64_t>(to.format.width() * 100 + to.format.significand_bits));
    const dyadic top = target.values().back();
    const int lowest = target.values().front().e - 70;
    const auto exponents = static_cast<unsigned>(top.e + top_bit(top.m) - 63 + 3 - lowest);
    for (int i = 0; i < count; ++i) {
        const std::uint64_t m = random() | (std::uint64_t{1} << 63);
        check_magnitude(cases, to, target, m, lowest + static_cast<int>(random() % exponents));
    }
}

/// decode of every code: class, sign, payload, and the exact magnitude.
inline void check_codes(dyad_test::tally& cases, const format_entry& f) {
    for (std::uint64_t code = 0; code >> f.format.width() == 0; ++code) {
        const dyad::unpacked got = f.decode(static_cast<std::uint32_t>(code));
        const taken<std::uint64_t> found(got);
        const real expected = class_of(f.format, code);
        const std::uint64_t magnitude = code % power_of_two(f.format.exponent_bits + f.format.significand_bits);
        dyadic value = ladder::value(f.format, magnitude);
        const bool subnormal = f.format.has_zero && magnitude >> f.format.significand_bits == 0;
        if (subnormal && f.format.subnormals == dyad::subnormal_codes::flushed) value.m = 0;
        if (expected.what != kind::finite) value.m = 0;
        const bool same = found.what == expected.what && found.negative == expected.negative &&
                          found.payload == expected.payload && order(found.magnitude, value) == 0;
        cases.check(same && f.same(static_cast<std::uint32_t>(code)) == code, f.name, " code ", code, ": ", got);
    }
}

}  // namespace reference
