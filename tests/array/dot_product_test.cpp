// SPDX-License-Identifier: Apache-2.0
// The exact dot product of spans: against big integers, whatever the order of the terms.
#include <dyad/array/dot_product.hpp>

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::rounding;
using dyad::status;

template <class A, class B, class To>
void check_random_rows() {
    dyad_test::tally cases("dot products of " + reference::name_of<A>() + " and " + reference::name_of<B>());
    std::mt19937_64 random(A::width);
    const auto finite = [&random]<class T>(std::type_identity<T>) {
        while (true) {
            const T x = reference::from_code<T>(random() % (std::uint64_t{1} << T::width));
            if (reference::real_of(x).what == reference::kind::finite) return x;
        }
    };
    const auto target = reference::traits<To>::make();
    for (std::size_t n = 0; n < 100; ++n) {
        std::vector<A> lhs;
        std::vector<B> rhs;
        reference::real expected;
        for (std::size_t i = 0; i < n; ++i) {
            lhs.push_back(finite(std::type_identity<A>{}));
            rhs.push_back(finite(std::type_identity<B>{}));
            expected = sum(expected, product(reference::real_of(lhs[i]), reference::real_of(rhs[i])));
        }
        if (expected.magnitude == 0) expected.negative = false;
        target->take(expected);
        for (const rounding mode : dyad_test::all_rounding_modes) {
            To forward{};
            To backward{};
            CHECK(dot_product(std::span<const A>(lhs), std::span<const B>(rhs), forward, mode) == status::ok);
            std::reverse(lhs.begin(), lhs.end());
            std::reverse(rhs.begin(), rhs.end());
            CHECK(dot_product(std::span<const A>(lhs), std::span<const B>(rhs), backward, mode) == status::ok);
            const auto code = target->code(mode, dyad::saturation::none);
            cases.check(reference::traits<To>::code(forward) == code && reference::traits<To>::code(backward) == code,
                        n, " ", mode);
        }
    }
}

TEST_CASE("random rows in both orders") {
    check_random_rows<dyad::float8_e4m3fn, dyad::float8_e5m2, float>();
    check_random_rows<dyad::bfloat16, dyad::bfloat16, dyad::bfloat16>();
    check_random_rows<dyad::float16, dyad::float4_e2m1fn, dyad::float16>();
    check_random_rows<dyad::integer<8>, dyad::fixed<16, 15>, dyad::fixed<32, 8>>();
}

TEST_CASE("what float sums lose") {
    const std::vector<float> lhs{0x1p100f, 1.0f, -0x1p100f};
    const std::vector<float> ones(3, 1.0f);
    float result = 0;
    CHECK(dyad::dot_product(std::span<const float>(lhs), std::span<const float>(ones), result) == status::ok);
    CHECK(result == 1.0f);
}

TEST_CASE("different lengths") {
    const std::vector<dyad::float8_e5m2> x(3);
    const std::vector<dyad::float8_e5m2> y(2);
    float result = 7;
    CHECK(dyad::dot_product(std::span(x), std::span(y), result) == status::extents_differ);
    CHECK(result == 7);
}

}  // namespace
