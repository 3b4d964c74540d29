// SPDX-License-Identifier: Apache-2.0
// P3109's 384 formats of 9 to 16 bits: all codes, every midpoint and what lies next to it, 2^16 seeded numbers, in
// every rounding and saturation.
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/midpoints.hpp"
#include "support/tally.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace {

using dyad::domain;
using dyad::signedness;

int formats_checked = 0;

template <int K, int P, signedness Sign, domain Range>
void check(dyad_test::tally& cases) {
    const std::string name = "binary" + std::to_string(K) + "p" + std::to_string(P) +
                             (Sign == signedness::is_signed ? "s" : "u") + (Range == domain::extended ? "e" : "f");
    const auto entry = reference::entry_of<dyad::binary<K, P, Sign, Range>>(name.c_str());
    reference::check_codes(cases, entry);
    reference::check_midpoints(cases, entry);
    reference::check_seeded(cases, entry, 1 << 16);
    ++formats_checked;
}

/// All precisions of one width.
template <int K>
void check_width() {
    dyad_test::tally cases("P3109's formats of " + std::to_string(K) + " bits");
    const auto check_precision = [&cases]<int P>(std::integral_constant<int, P>) {
        if constexpr (P < K) {
            check<K, P, signedness::is_signed, domain::extended>(cases);
            check<K, P, signedness::is_signed, domain::finite>(cases);
        }
        check<K, P, signedness::is_unsigned, domain::extended>(cases);
        check<K, P, signedness::is_unsigned, domain::finite>(cases);
    };
    [&]<int... I>(std::integer_sequence<int, I...>) { (check_precision(std::integral_constant<int, I + 1>{}), ...); }
    (std::make_integer_sequence<int, K>{});
}

TEST_CASE("P3109: all formats of 9 to 16 bits") {
    check_width<9>();
    check_width<10>();
    check_width<11>();
    check_width<12>();
    check_width<13>();
    check_width<14>();
    check_width<15>();
    check_width<16>();
    CHECK(formats_checked == 384);
}

}  // namespace
