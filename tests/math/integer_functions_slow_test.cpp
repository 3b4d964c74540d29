// SPDX-License-Identifier: Apache-2.0
// The integer functions of all 16-bit codes at 64 scales: the fast way against the plain one, samples against
// Boost.Multiprecision in 50 digits; random codes of 32 bits with random scales.
#include <dyad/math/integer_functions.hpp>

#include <doctest/doctest.h>

#include "support/scalar_function_values.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::function_scales;
using dyad::integer;
using dyad::scalar_function;
using dyad_test::tally;

TEST_CASE("integer functions: all 16-bit codes at 64 scales") {
    using type = integer<16>;
    for (const scalar_function f : dyad_test::all_scalar_functions) {
        tally same(std::string("plain and fast ") + to_string(f));
        dyad_test::rounding_check<cpp_bin_float_50> exact(std::string(to_string(f)) + ", 16 to 16 bits");
        for (const double scale : dyad_test::input_scales(64)) {
            const function_scales s = dyad_test::scales_for<type, type>(f, scale);
            const auto factor = dyad_test::to_big<cpp_bin_float_50>(s.out);
            for (int i = -32768; i <= 32767; ++i) {
                const auto x = type::from_raw(static_cast<std::int16_t>(i));
                const type got = dyad::evaluate<type>(f, x, s);
                same.check(got == dyad::evaluate_plainly<type>(f, x, s), i, " at scale ", scale, ": ", int{got.raw()});
                if (i % 1021 != 0) continue;
                const cpp_bin_float_50 real = i * dyad_test::to_big<cpp_bin_float_50>(s.in);
                exact.check(f, x, s, got, cpp_bin_float_50(dyad_test::value_of(f, real) * factor));
            }
        }
    }
}

TEST_CASE("integer functions: random codes of 32 bits and random scales") {
    using type = integer<32>;
    std::mt19937_64 random(9);
    for (const scalar_function f : dyad_test::all_scalar_functions) {
        tally same(std::string("plain and fast ") + to_string(f) + ", 32 bits");
        for (int i = 0; i < 200'000; ++i) {
            const auto significand = [&random] { return static_cast<std::int32_t>(random() >> 34 | 1u << 30); };
            const auto x = type::from_raw(dyad_test::random_word<std::int32_t>(random));
            // Real operands up to 2^-12 or 2^11, factors from 2^20 to 2^44.
            const function_scales s{{significand(), -74 + static_cast<int>(random() % 24)},
                                    {significand(), -10 + static_cast<int>(random() % 24)}};
            const type got = dyad::evaluate<type>(f, x, s);
            same.check(got == dyad::evaluate_plainly<type>(f, x, s), x.raw(), " * ", s.in.significand, " * 2^",
                       s.in.exponent, ", out ", s.out.significand, " * 2^", s.out.exponent, ": ", got.raw());
        }
    }
}

}  // namespace
