// SPDX-License-Identifier: Apache-2.0
// convert from double, int64 and int128 into every named format: each value, each midpoint, and the source's neighbours
// on both sides, in every rounding and saturation.
#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>

#include <doctest/doctest.h>

#include "support/all_formats.hpp"
#include "support/ladder.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using dyad::int128_t;
using dyad::uint128_t;
using dyad_test::tally;
using reference::dyadic;
using reference::kind;
using reference::ladder;

/// The reference's view of a source.
dyadic magnitude_of(double x) {
    int e = 0;
    const double m = std::frexp(std::fabs(x), &e);
    return {static_cast<std::uint64_t>(std::ldexp(m, 53)), e - 53};
}
dyadic magnitude_of(int128_t x) {
    return {x < 0 ? uint128_t{0} - static_cast<uint128_t>(x) : static_cast<uint128_t>(x), 0};
}
dyadic magnitude_of(std::int64_t x) { return magnitude_of(int128_t{x}); }

bool is_negative(double x) { return std::signbit(x); }
bool is_negative(std::int64_t x) { return x < 0; }
bool is_negative(int128_t x) { return x < 0; }

template <class To, class From>
void check(tally& cases, ladder& target, From x) {
    target.take(magnitude_of(x));
    for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
        for (const dyad::saturation policy : reference::all_saturations) {
            const auto expected = target.code(kind::finite, is_negative(x), 0, mode, policy);
            const std::uint64_t got = dyad::convert<To>(x, mode, policy).bits();
            cases.check(got == expected, reference::name_of<From>(), " ", x, ", ", mode, ", saturation ",
                        static_cast<int>(policy), ": got ", got, ", expected ", expected);
        }
    }
}

/// m 2^e and its neighbours, where the source has room for them, with both signs.
template <class To>
void check_doubles(tally& cases, ladder& target, const dyadic& at) {
    const double x = std::ldexp(static_cast<double>(static_cast<std::uint64_t>(at.m)), at.e);
    for (const double near : {x, std::nextafter(x, 0.0), std::nextafter(x, HUGE_VAL)}) {
        check<To>(cases, target, near);
        check<To>(cases, target, -near);
    }
}
template <class To, class From>
void check_integers(tally& cases, ladder& target, const dyadic& at) {
    constexpr int room = dyad::word_width<From> - 1;
    const int zeros = at.e < 0 ? -at.e : 0;
    if (at.m == 0 || at.e + reference::top_bit(at.m) >= room || zeros > 100 || at.m % (uint128_t{1} << zeros) != 0)
        return;
    const auto x = static_cast<From>(at.e < 0 ? at.m >> zeros : at.m << at.e);
    for (const From near : {x, static_cast<From>(x - 1), static_cast<From>(x + 1)}) {
        check<To>(cases, target, near);
        check<To>(cases, target, static_cast<From>(-near));
    }
}

template <class To>
void check_target(const char* name) {
    ladder target(To::format);
    tally doubles(std::string("double -> ") + name);
    tally integers(std::string("int64 -> ") + name);
    tally wide(std::string("int128 -> ") + name);
    for (const auto* points : {&target.values(), &target.midpoints()}) {
        for (const dyadic& at : *points) {
            check_doubles<To>(doubles, target, at);
            check_integers<To, std::int64_t>(integers, target, at);
            check_integers<To, int128_t>(wide, target, at);
        }
    }
    // The ends of the integers, beyond most formats.
    check<To>(integers, target, std::numeric_limits<std::int64_t>::max());
    check<To>(integers, target, std::numeric_limits<std::int64_t>::min());
    check<To>(wide, target, static_cast<int128_t>(~uint128_t{0} >> 1));
    check<To>(wide, target, static_cast<int128_t>(uint128_t{1} << 127));
}

TEST_CASE("convert: double, int64 and int128 at every value and midpoint of every named format, and one last bit off") {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (check_target<reference::format_at<I>>(reference::format_names[I]), ...);
    }
    (std::make_index_sequence<reference::named_count>{});
}

}  // namespace
