// SPDX-License-Identifier: Apache-2.0
// Numbers for the test of the gdb pretty-printer: each variable's name says what gdb must show, in check.cmake.
#include <dyad/number.hpp>

#include <cstdio>

namespace {

template <class T>
T code(unsigned bits) {
    return T::from_bits(static_cast<typename T::bits_type>(bits));
}

constexpr dyad::float_format odd_format{
    .exponent_bits = 3, .significand_bits = 1, .bias = 2, .subnormals = dyad::subnormal_codes::flushed};

}  // namespace

/// Where the debugger stops.
void stop_here() { std::puts("stopped"); }

int main() {
    volatile bool keep = true;
    dyad::float8_e4m3fn largest = code<dyad::float8_e4m3fn>(0x7e);
    const dyad::float8_e4m3fn negative_nan = code<dyad::float8_e4m3fn>(0xff);
    dyad::float8_e5m2 infinite = code<dyad::float8_e5m2>(0xfc);
    dyad::float8_e4m3 ieee_nan = code<dyad::float8_e4m3>(0x79);
    dyad::float8_e3m4 e3m4 = code<dyad::float8_e3m4>(0x6f);
    dyad::float8_e4m3fnuz fnuz_nan = code<dyad::float8_e4m3fnuz>(0x80);
    dyad::float8_e5m2fnuz e5m2fnuz = code<dyad::float8_e5m2fnuz>(0x01);
    dyad::float8_e4m3b11fnuz b11 = code<dyad::float8_e4m3b11fnuz>(0x7f);
    dyad::float8_e8m0fnu scale = code<dyad::float8_e8m0fnu>(0x00);
    dyad::float8_e5m3fnu e5m3fnu = code<dyad::float8_e5m3fnu>(0xfe);
    dyad::float6_e2m3fn e2m3 = code<dyad::float6_e2m3fn>(0x3f);
    dyad::float6_e3m2fn e3m2 = code<dyad::float6_e3m2fn>(0x01);
    dyad::float4_e2m1fn e2m1 = code<dyad::float4_e2m1fn>(0x8);
    dyad::bfloat16 brain = code<dyad::bfloat16>(0x3e20);
    dyad::float16 half = code<dyad::float16>(0x0001);
    dyad::tfloat32 tf32 = code<dyad::tfloat32>(0x1fc00);
    dyad::binary8p4se p3109 = code<dyad::binary8p4se>(0x7f);
    dyad::binary8p3uf p3109_finite = code<dyad::binary8p3uf>(0x41);
    dyad::minifloat<odd_format> odd = code<dyad::minifloat<odd_format>>(0x1);
    dyad::fixed<16, 15> q15 = dyad::fixed<16, 15>::from_raw(-16384);
    dyad::fixed<8, 4, dyad::signedness::is_unsigned, dyad::overflow::wrap> wraps{};
    wraps = decltype(wraps)::from_raw(17);
    dyad::int4 small = dyad::int4::from_raw(-8);
    dyad::multiplier multiplier{7, -4};
    dyad::float8_e4m3fn row[2] = {code<dyad::float8_e4m3fn>(0x38), code<dyad::float8_e4m3fn>(0x80)};
    stop_here();
    // (keeps the variables in use)
    const double sum = double(largest) + double(negative_nan) + double(infinite) + double(ieee_nan) + double(e3m4) +
                       double(fnuz_nan) + double(e5m2fnuz) + double(b11) + double(scale) + double(e5m3fnu) +
                       double(e2m3) + double(e3m2) + double(e2m1) + double(brain) + double(half) + double(tf32) +
                       double(p3109) + double(p3109_finite) + double(odd) + double(q15) + double(wraps) +
                       double(small) + double(multiplier) + double(row[0]);
    return keep || sum == 0 ? 0 : 1;
}
