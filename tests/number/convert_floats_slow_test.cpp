// SPDX-License-Identifier: Apache-2.0
// convert of all 2^32 floats into every named format of at most 8 bits, to nearest even: against tables of the floats
// at which the code changes, built once in exact rationals.
#include <dyad/number/convert.hpp>
#include <dyad/number/named_formats.hpp>

#include <doctest/doctest.h>

#include "support/all_formats.hpp"
#include "support/exact.hpp"
#include "support/reference_format.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using dyad_test::cpp_rational;
using dyad_test::power_of_two;
using reference::kind;

constexpr std::uint32_t float_infinity = 0x7f80'0000;

/// The positive finite float with these bits (IEEE 754 binary32).
cpp_rational float_value(std::uint32_t bits) {
    const int field = static_cast<int>(bits >> 23);
    const std::uint32_t t = bits & 0x7f'ffff;
    return field == 0 ? t * power_of_two(-149) : (t + (1u << 23)) * power_of_two(field - 150);
}
/// The number with this code by the format's formula, whatever special meaning the code has.
cpp_rational format_value(const dyad::float_format& f, std::uint64_t code) {
    const auto field = static_cast<int>(code >> f.significand_bits);
    const std::uint64_t t = code & ((std::uint64_t{1} << f.significand_bits) - 1);
    if (f.has_zero && field == 0) return t * power_of_two(1 - f.bias - f.significand_bits);
    return (t + (std::uint64_t{1} << f.significand_bits)) * power_of_two(field - f.bias - f.significand_bits);
}
/// The first float that is above x, or at x where `equal`.
std::uint32_t first_float(const cpp_rational& x, bool equal) {
    std::uint32_t below = 0;  // float_value(0) == 0 < x for all x asked for
    std::uint32_t above = float_infinity;
    while (above - below > 1) {
        const std::uint32_t middle = below + (above - below) / 2;
        const cpp_rational value = float_value(middle);
        (value > x || (equal && value == x) ? above : below) = middle;
    }
    return above;
}

/// All floats from `first` to before `last` have this code.
struct range {
    std::uint64_t first;
    std::uint64_t last;
    std::uint32_t code;
};

/// The ranges of one sign.
std::vector<range> ranges_of(const dyad::float_format& f, bool negative) {
    const reference::float_rules rules(f);
    const auto code = [&](kind what, std::uint64_t payload, bool zero, std::uint64_t at) {
        return static_cast<std::uint32_t>(rules.code(what, negative, payload, zero, at, false, dyad::saturation::none));
    };
    const std::uint64_t sign = negative ? 0x8000'0000 : 0;
    std::vector<range> all{{sign, sign + 1, code(kind::finite, 0, true, 0)}};
    const auto until = [&](std::uint64_t last, std::uint32_t value) {
        if (sign + last > all.back().last) all.push_back({all.back().last, sign + last, value});
    };
    // Code k reaches to the midpoint with code k + 1, which itself goes to the even one; behind the largest code lies
    // the overflow.
    for (std::uint64_t k = 0; k <= rules.max_code(); ++k) {
        const cpp_rational midpoint = (format_value(f, k) + format_value(f, k + 1)) / 2;
        until(first_float(midpoint, k % 2 != 0), code(kind::finite, 0, false, k));
    }
    until(float_infinity, code(kind::finite, 0, false, rules.max_code() + 1));
    until(float_infinity + 1, code(kind::infinity, 0, false, 0));
    // NaN by the leading bits of their payload.
    for (std::uint64_t leading = 0; leading < 1u << 8; ++leading)
        until(float_infinity + ((leading + 1) << 15), code(kind::nan, leading << 56, false, 0));
    return all;
}

/// Counts the floats of a range that have another code.
template <class To>
std::uint64_t count_wrong(const range& r, std::uint64_t& worst) {
    std::uint64_t wrong = 0;
    for (std::uint64_t bits = r.first; bits < r.last; ++bits) {
        if (dyad::convert<To>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))).bits() == r.code) continue;
        ++wrong;
        worst = bits;
    }
    return wrong;
}

template <class To>
void check_format(const char* name) {
    std::vector<range> ranges;
    for (const bool negative : {false, true})
        for (const range& r : ranges_of(To::format, negative))
            for (std::uint64_t at = r.first; at < r.last; at += 1u << 24)  // pieces that two threads can share
                ranges.push_back({at, std::min<std::uint64_t>(r.last, at + (1u << 24)), r.code});
    std::vector<std::uint64_t> wrong(ranges.size());
    std::vector<std::uint64_t> worst(ranges.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < ranges.size(); i = next++) wrong[i] = count_wrong<To>(ranges[i], worst[i]);
    };
    std::thread other(work);
    work();
    other.join();
    dyad_test::tally cases(std::string("ranges of floats -> ") + name);
    std::uint64_t floats = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        floats += ranges[i].last - ranges[i].first;
        cases.check(wrong[i] == 0, name, ": ", wrong[i], " floats, say with bits ", worst[i], ", are not ",
                    ranges[i].code);
    }
    CHECK(floats == std::uint64_t{1} << 32);
}

TEST_CASE("convert: all 2^32 floats into every named format of at most 8 bits") {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto check = []<class To>(To, const char* name) {
            if constexpr (To::width <= 8) check_format<To>(name);
        };
        (check(reference::format_at<I>{}, reference::format_names[I]), ...);
    }
    (std::make_index_sequence<reference::named_count>{});
}

}  // namespace
