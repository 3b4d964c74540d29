// SPDX-License-Identifier: Apache-2.0
// 32 seeded formats of odd shapes, and every combination of special codes that is_consistent allows: all codes, every
// midpoint and what lies next to it, in every rounding and saturation.
#include <dyad/number/float_format.hpp>
#include <dyad/number/minifloat.hpp>

#include <doctest/doctest.h>

#include "support/format_pairs.hpp"
#include "support/midpoints.hpp"
#include "support/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>

namespace {

using dyad::float_format;
using dyad::infinity_codes;
using dyad::nan_codes;
using dyad_test::tally;

constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31);
}

/// A random candidate: not every one is consistent, and some have no finite nonzero value.
constexpr float_format candidate(std::uint64_t seed) {
    std::uint64_t state = mixed(seed + 0x9e37'79b9'7f4a'7c15);
    const auto below = [&state](std::uint64_t n) {
        state = mixed(state + 1);
        return static_cast<int>(state % n);
    };
    float_format f;
    const int width = 2 + below(15);
    f.is_signed = below(3) != 0;
    f.exponent_bits = 1 + below(static_cast<std::uint64_t>(width));
    f.significand_bits = width - f.exponent_bits - (f.is_signed ? 1 : 0);
    f.bias = below(400) - 150 + (below(2) != 0 ? 1 << (f.exponent_bits - 1) : 0);
    f.infinity = static_cast<infinity_codes>(below(3));
    f.nan = static_cast<nan_codes>(below(4));
    f.has_zero = below(5) != 0;
    f.has_negative_zero = below(2) != 0;
    f.subnormals = static_cast<dyad::subnormal_codes>(below(4) == 0);
    f.overflow = static_cast<dyad::overflow_codes>(below(2));
    return f;
}

/// Is there room for the special codes and two finite ones beside them?
constexpr bool is_usable(const float_format& f) {
    if (!is_consistent(f)) return false;
    const std::uint64_t codes = f.top_code() + 1;
    const bool ieee = f.infinity == infinity_codes::ieee || f.nan == nan_codes::ieee;
    const std::uint64_t special = (ieee ? std::uint64_t{1} << f.significand_bits : 0) +
                                  (f.nan == nan_codes::top ? 1 : 0) + (f.infinity == infinity_codes::top ? 1 : 0);
    return codes >= special + 2;
}

template <std::size_t Count>
consteval std::array<float_format, Count> seeded_formats() {
    std::array<float_format, Count> all{};
    std::uint64_t seed = 0;
    for (float_format& f : all) {
        do f = candidate(seed++);
        while (!is_usable(f));
    }
    return all;
}

/// Every combination of the special codes, over one shape: 3 exponent bits, 2 significand bits.
consteval auto combinations_with_holes() {
    std::array<float_format, 2 * 3 * 4 * 2 * 2 * 2 * 2> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::size_t rest = i;
        const auto digit = [&rest](std::size_t n) {
            const std::size_t d = rest % n;
            rest /= n;
            return d;
        };
        float_format f{.exponent_bits = 3, .significand_bits = 2, .bias = 3};
        f.is_signed = digit(2) != 0;
        f.infinity = static_cast<infinity_codes>(digit(3));
        f.nan = static_cast<nan_codes>(digit(4));
        f.has_zero = digit(2) != 0;
        f.has_negative_zero = digit(2) != 0;
        f.subnormals = static_cast<dyad::subnormal_codes>(digit(2));
        f.overflow = static_cast<dyad::overflow_codes>(digit(2));
        all[i] = f;
    }
    return all;
}
consteval auto all_combinations() {
    constexpr auto with_holes = combinations_with_holes();
    constexpr auto count = [](const auto& formats) {
        std::size_t n = 0;
        for (const float_format& f : formats) n += is_usable(f) ? 1u : 0u;
        return n;
    }(with_holes);
    std::array<float_format, count> all{};
    std::size_t n = 0;
    for (const float_format& f : with_holes)
        if (is_usable(f)) all[n++] = f;
    return all;
}

std::string text_of(const float_format& f) {
    std::ostringstream out;
    out << (f.is_signed ? "signed" : "unsigned") << " e" << f.exponent_bits << "m" << f.significand_bits << " bias "
        << f.bias << " infinity " << static_cast<int>(f.infinity) << " nan " << static_cast<int>(f.nan)
        << (f.has_zero ? " zero" : "") << (f.has_negative_zero ? " -zero" : "") << " subnormals "
        << static_cast<int>(f.subnormals) << " overflow " << static_cast<int>(f.overflow);
    return out.str();
}

template <auto Formats>
void check_formats() {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto check = [](const std::string& name, const reference::format_entry& entry) {
            tally cases(name);
            reference::check_codes(cases, entry);
            reference::check_midpoints(cases, entry);
        };
        (check(text_of(Formats[I]), reference::entry_of<dyad::minifloat<Formats[I]>>("")), ...);
    }
    (std::make_index_sequence<Formats.size()>{});
}

TEST_CASE("32 seeded formats of odd shapes") { check_formats<seeded_formats<32>()>(); }

TEST_CASE("every consistent combination of special codes") {
    check_formats<all_combinations()>();
    CHECK(all_combinations().size() > 100);
}

}  // namespace
