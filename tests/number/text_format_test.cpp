// SPDX-License-Identifier: Apache-2.0
// text_format: the ranges and sizes that exact text relies on, for every value and midpoint of the formats.
#include <dyad/number/text_format.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/reference_text.hpp"
#include "support/tally.hpp"

#include <dyad/number/dyadic.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

namespace {

using dyad_test::cpp_int;
using dyad_test::cpp_rational;

static_assert(dyad::text_number<dyad::float8_e4m3fn> && dyad::text_number<dyad::fixed<8, 4>> &&
              dyad::text_number<dyad::dyadic<32>> && dyad::text_number<double> && dyad::text_number<int> &&
              dyad::text_number<dyad::int128_t>);
static_assert(!dyad::text_number<bool> && !dyad::text_number<char> && !dyad::text_number<const char*>);
static_assert(bool(dyad::to_chars_result{nullptr, dyad::text_error::none}) &&
              !bool(dyad::from_chars_result{nullptr, dyad::text_error::value_too_large}));

/// Significant decimal digits of m 2^e.
int digits_of(const cpp_int& m, int e) {
    cpp_int n = e >= 0 ? cpp_int(m << static_cast<unsigned>(e))
                       : cpp_int(m * boost::multiprecision::pow(cpp_int(5), static_cast<unsigned>(-e)));
    while (n % 10 == 0) n /= 10;
    return static_cast<int>(n.str().size());
}

template <class T>
void check_limits(dyad_test::tally& cases, std::uint64_t step) {
    constexpr dyad::value_range range = dyad::value_range_of<T>();
    constexpr dyad::text_limits limits = dyad::text_limits_of<T>();
    const auto last = dyad::low_mask<std::uint64_t>(reference::width_of<T>());
    for (std::uint64_t i = 0; i <= last / step; ++i) {
        const std::uint64_t code = i * step;
        const dyad::unpacked x = dyad::unpack(reference::from_code<T>(code));
        if (x.kind != dyad::number_class::finite) continue;
        const int zeros = dyad::trailing_zeros(x.significand);
        cases.check(x.exponent + zeros >= range.low && x.top_exponent() <= range.top, "range, code ", code);
        cases.check(dyad::bit_width(x.significand) - zeros <= range.precision, "precision, code ", code);
        // The value, and 2^-37 of the smallest unit behind the format's lowest place of that value.
        const cpp_int m = x.significand;
        const int unit = std::max(range.low, x.top_exponent() - range.precision + 1) - 37;
        const cpp_int fine = (m << static_cast<unsigned>(std::max(0, x.exponent - unit))) + 1;
        cases.check(digits_of(m, x.exponent) <= limits.digits, "digits, code ", code);
        cases.check(digits_of(fine, unit) <= limits.digits, "digits of a fine midpoint, code ", code);
    }
    cases.check(reference::ten_to(limits.above) > dyad_test::power_of_two(range.top + 2), "above");
    cases.check(reference::ten_to(-limits.below) < dyad_test::power_of_two(range.low - 40), "below");
    // Naturals have room for the digits of a number and a scale at once, and 192 bits more.
    const int scale = std::max(limits.above, limits.below);
    cases.check(
        msb(cpp_int(reference::power_of_ten(limits.digits + scale + 3))) + 1 + 192 <= unsigned(32 * limits.limbs),
        "limbs");
}

TEST_CASE("ranges and sizes hold every value") {
    dyad_test::tally cases("text limits");
    check_limits<dyad::float8_e4m3fn>(cases, 1);
    check_limits<dyad::float8_e5m2>(cases, 1);
    check_limits<dyad::float8_e8m0fnu>(cases, 1);
    check_limits<dyad::float4_e2m1fn>(cases, 1);
    check_limits<dyad::binary8p1uf>(cases, 1);
    check_limits<dyad::binary3p2ue>(cases, 1);
    check_limits<dyad::bfloat16>(cases, 97);
    check_limits<dyad::float16>(cases, 31);
    check_limits<dyad::binary<16, 1, dyad::signedness::is_unsigned>>(cases, 9001);
    check_limits<dyad::fixed<8, 4>>(cases, 1);
    check_limits<dyad::fixed<8, 11>>(cases, 1);
    check_limits<dyad::fixed<8, -40>>(cases, 1);
    check_limits<dyad::fixed<8, 200>>(cases, 1);
    check_limits<dyad::fixed<64, 63>>(cases, 0x0123'4567'89ab'cdef);
    check_limits<dyad::fixed<64, 1024>>(cases, 0x0123'4567'89ab'cdef);
    check_limits<float>(cases, 0x1234567);
    check_limits<double>(cases, 0x0123'4567'89ab'cdef);
    check_limits<std::int64_t>(cases, 0x0123'4567'89ab'cdef);
}

}  // namespace
