// SPDX-License-Identifier: Apache-2.0
// convert from and to ternary and power: every rounding, every saturation, against the exact reference.
#include <dyad/number/convert.hpp>

#include <doctest/doctest.h>

#include "support/conversion_check.hpp"

#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

using reference::name_of;

using square_types = reference::types<dyad::ternary, dyad::power<4, 2>, dyad::power<8, 2>, dyad::power<16, 2>>;

TEST_CASE("convert: all codes of ternary and power into every type") {
    for_each(square_types{}, [](auto from) { reference::check_all_codes(from); });
}

template <class From>
void check_into_squares(dyad_test::tally& cases, const std::vector<From>& sources) {
    std::vector<reference::input> inputs;
    for (const From& x : sources) inputs.push_back({&x, reference::real_of(x)});
    for_each(square_types{}, [&]<class To>(std::type_identity<To>) {
        const auto target = reference::traits<To>::make();
        check_pair(cases, name_of<From>() + " -> " + name_of<To>(), inputs, *target, &reference::converted<To, From>);
    });
}

TEST_CASE("convert: all codes of up to 12 bits, doubles and wide integers into ternary and power") {
    dyad_test::tally cases("convert into ternary and power");
    const auto all = [&cases]<class From>(std::type_identity<From>) {
        if constexpr (reference::width_of<From>() <= 12) check_into_squares(cases, reference::all_codes<From>());
    };
    for_each(reference::minifloats{}, all);
    for_each(reference::fixed_types{}, all);
    for_each(reference::narrow_integers{}, all);
    for_each(square_types{}, all);
    check_into_squares(cases, reference::critical_doubles());
    std::vector<std::int64_t> wide{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
    std::vector<dyad::int128_t> widest{dyad::word_max<dyad::int128_t>(), dyad::word_min<dyad::int128_t>()};
    for (std::int64_t c = -400; c <= 400; ++c) {
        wide.push_back(c * c * (c < 0 ? -82 : 82));
        widest.push_back(dyad::int128_t{c} * c * c * 41);
    }
    check_into_squares(cases, wide);
    check_into_squares(cases, widest);
}

}  // namespace
