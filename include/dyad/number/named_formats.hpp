// SPDX-License-Identifier: Apache-2.0
// The named floating-point formats of at most 19 bits, spelled as ml_dtypes and LLVM spell them: exponent bits,
// significand bits, then f = finite only, n = NaN has one code per sign, uz = one unsigned zero, b11 = bias 11.
// Sources: OCP OFP8 v1.0; OCP MX v1.0; IEEE 754-2019; ONNX and ml_dtypes for the fnuz formats; NVIDIA PTX for e5m3fnu.
#pragma once

#include <dyad/number/float_format.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad::inline v1 {

inline constexpr float_format float8_e5m2_format{.exponent_bits = 5, .significand_bits = 2, .bias = 15};
inline constexpr float_format float8_e4m3fn_format{
    .exponent_bits = 4, .significand_bits = 3, .bias = 7, .infinity = infinity_codes::none, .nan = nan_codes::top};
inline constexpr float_format float8_e4m3_format{.exponent_bits = 4, .significand_bits = 3, .bias = 7};
inline constexpr float_format float8_e3m4_format{.exponent_bits = 3, .significand_bits = 4, .bias = 3};
inline constexpr float_format float8_e4m3fnuz_format{.exponent_bits = 4,
                                                     .significand_bits = 3,
                                                     .bias = 8,
                                                     .infinity = infinity_codes::none,
                                                     .nan = nan_codes::negative_zero,
                                                     .has_negative_zero = false};
inline constexpr float_format float8_e5m2fnuz_format{.exponent_bits = 5,
                                                     .significand_bits = 2,
                                                     .bias = 16,
                                                     .infinity = infinity_codes::none,
                                                     .nan = nan_codes::negative_zero,
                                                     .has_negative_zero = false};
inline constexpr float_format float8_e4m3b11fnuz_format{.exponent_bits = 4,
                                                        .significand_bits = 3,
                                                        .bias = 11,
                                                        .infinity = infinity_codes::none,
                                                        .nan = nan_codes::negative_zero,
                                                        .has_negative_zero = false};
inline constexpr float_format float8_e8m0fnu_format{.exponent_bits = 8,
                                                    .significand_bits = 0,
                                                    .bias = 127,
                                                    .is_signed = false,
                                                    .infinity = infinity_codes::none,
                                                    .nan = nan_codes::top,
                                                    .has_zero = false,
                                                    .has_negative_zero = false};
inline constexpr float_format float8_e5m3fnu_format{.exponent_bits = 5,
                                                    .significand_bits = 3,
                                                    .bias = 15,
                                                    .is_signed = false,
                                                    .infinity = infinity_codes::none,
                                                    .nan = nan_codes::top,
                                                    .has_negative_zero = false};
inline constexpr float_format float6_e2m3fn_format{
    .exponent_bits = 2, .significand_bits = 3, .bias = 1, .infinity = infinity_codes::none, .nan = nan_codes::none};
inline constexpr float_format float6_e3m2fn_format{
    .exponent_bits = 3, .significand_bits = 2, .bias = 3, .infinity = infinity_codes::none, .nan = nan_codes::none};
inline constexpr float_format float4_e2m1fn_format{
    .exponent_bits = 2, .significand_bits = 1, .bias = 1, .infinity = infinity_codes::none, .nan = nan_codes::none};
inline constexpr float_format bfloat16_format{.exponent_bits = 8, .significand_bits = 7, .bias = 127};
inline constexpr float_format float16_format{.exponent_bits = 5, .significand_bits = 10, .bias = 15};
inline constexpr float_format tfloat32_format{.exponent_bits = 8, .significand_bits = 10, .bias = 127};

/// OCP OFP8 E5M2: IEEE-like, infinity 0b0'11111'00, largest 57344, smallest 2^-16.
using float8_e5m2 = minifloat<float8_e5m2_format>;
/// OCP OFP8 E4M3: no infinity, NaN 0b0'1111'111, largest 448 = 0b0'1111'110, smallest 2^-9.
using float8_e4m3fn = minifloat<float8_e4m3fn_format>;
/// IEEE-like: infinity 0b0'1111'000, largest 240, smallest 2^-9.
using float8_e4m3 = minifloat<float8_e4m3_format>;
/// IEEE-like: infinity 0b0'111'0000, largest 15.5, smallest 2^-6.
using float8_e3m4 = minifloat<float8_e3m4_format>;
/// No infinity, NaN 0b1'0000'000 where minus zero would be, largest 240, smallest 2^-10.
using float8_e4m3fnuz = minifloat<float8_e4m3fnuz_format>;
/// No infinity, NaN 0b1'00000'00, largest 57344, smallest 2^-17.
using float8_e5m2fnuz = minifloat<float8_e5m2fnuz_format>;
/// No infinity, NaN 0b1'0000'000, largest 30, smallest 2^-13.
using float8_e4m3b11fnuz = minifloat<float8_e4m3b11fnuz_format>;
/// Powers of two from 2^-127 (code 0; there is no zero) to 2^127, NaN 0xff; the scale of OCP MX.
using float8_e8m0fnu = minifloat<float8_e8m0fnu_format>;
/// Unsigned: no infinity, NaN 0xff, largest 114688 = 0xfe, smallest 2^-17.
using float8_e5m3fnu = minifloat<float8_e5m3fnu_format>;
/// OCP MX FP6: finite only, largest 7.5, smallest 2^-3.
using float6_e2m3fn = minifloat<float6_e2m3fn_format>;
/// OCP MX FP6: finite only, largest 28, smallest 2^-4.
using float6_e3m2fn = minifloat<float6_e3m2fn_format>;
/// OCP MX FP4: finite only, 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
using float4_e2m1fn = minifloat<float4_e2m1fn_format>;
/// bfloat16: the upper half of a float, largest 0x7f7f, smallest 2^-133.
using bfloat16 = minifloat<bfloat16_format>;
/// IEEE 754 binary16: largest 65504, smallest 2^-24.
using float16 = minifloat<float16_format>;
/// NVIDIA's TF32: bfloat16's exponents, float16's precision. The code is the 19 bits themselves, not the float whose
/// upper 19 bits they are.
using tfloat32 = minifloat<tfloat32_format>;

static_assert(format<float8_e5m2> && format<float8_e8m0fnu> && format<float4_e2m1fn> && format<tfloat32>);

}  // namespace dyad::inline v1
