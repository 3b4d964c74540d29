// SPDX-License-Identifier: Apache-2.0
// Bulk kernels between float and minifloats, forced to each instruction set: nearest even under every policy, and
// decoding, both against the scalar routine.
#include <dyad/kernels/minifloat.hpp>

#include <doctest/doctest.h>

#include "support/float_inputs.hpp"
#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <array>
#include <bit>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using dyad::float_bits;
using dyad::float_format;
using dyad::instruction_set;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;

const std::vector<float>& common_inputs() {
    static const std::vector<float> inputs = [] {
        std::vector<float> x = dyad_test::upper_halves({0, 1, 0x7fff, 0x8000, 0xffff});
        dyad_test::add_random_floats(x, 500'000);
        return x;
    }();
    return inputs;
}

template <float_format F>
void check_encode(tally& cases) {
    std::vector<float> src = common_inputs();
    if constexpr (F.width() <= 19) dyad_test::add_thresholds<F>(src);
    std::vector<float_bits<F>> expected(src.size());
    std::vector<float_bits<F>> got(src.size());
    for (const saturation policy : reference::all_saturations) {
        for (std::size_t i = 0; i < src.size(); ++i)
            expected[i] = dyad::convert<dyad::minifloat<F>>(src[i], rounding::nearest_even, policy).bits();
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            dyad::encode_floats<F>(isa, src.data(), got.data(), src.size(), rounding::nearest_even, policy);
            for (std::size_t i = 0; i < src.size(); ++i)
                cases.check(got[i] == expected[i], reference::name_of<dyad::minifloat<F>>(), " on ", to_string(isa),
                            ", policy ", static_cast<int>(policy), ": bits ", std::bit_cast<std::uint32_t>(src[i]),
                            " gave ", got[i], ", expected ", expected[i]);
        }
    }
}

/// All codes of at most 16 bits.
template <float_format F>
void check_decode(tally& cases) {
    std::vector<float_bits<F>> codes;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << F.width(); ++code)
        codes.push_back(static_cast<float_bits<F>>(code));
    std::vector<float> got(codes.size());
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        dyad::decode_floats<F>(isa, codes.data(), got.data(), codes.size());
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const auto expected = dyad::convert<float>(dyad::minifloat<F>::from_bits(codes[i]));
            cases.check(std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected),
                        reference::name_of<dyad::minifloat<F>>(), " on ", to_string(isa), ": code ", codes[i], " gave ",
                        got[i], ", expected ", expected);
        }
    }
}

template <float_format... F>
void check_all_encode(tally& cases) {
    (check_encode<F>(cases), ...);
}
template <float_format... F>
void check_all_decode(tally& cases) {
    (check_decode<F>(cases), ...);
}

using dyad::infinity_codes;
using dyad::nan_codes;
// One of each kind that the named ones leave out: a NaN at the top without infinity, infinity without NaN, exponents
// beyond float's below and above, a single exponent bit, flushing, powers of two without zero, nearly float itself.
constexpr float_format no_infinity{
    .exponent_bits = 5, .significand_bits = 2, .bias = 15, .infinity = infinity_codes::none, .nan = nan_codes::top};
constexpr float_format no_nan{
    .exponent_bits = 5, .significand_bits = 2, .bias = 15, .infinity = infinity_codes::top, .nan = nan_codes::none};
constexpr float_format tiny{.exponent_bits = 4, .significand_bits = 3, .bias = 150};
constexpr float_format huge{
    .exponent_bits = 8, .significand_bits = 3, .bias = 127, .infinity = infinity_codes::none, .nan = nan_codes::top};
constexpr float_format large{.exponent_bits = 4, .significand_bits = 3, .bias = -90};
constexpr float_format narrow_range{
    .exponent_bits = 1, .significand_bits = 3, .bias = 1, .infinity = infinity_codes::none, .nan = nan_codes::top};
constexpr float_format powers{.exponent_bits = 6,
                              .significand_bits = 0,
                              .bias = 20,
                              .is_signed = false,
                              .infinity = infinity_codes::none,
                              .nan = nan_codes::top,
                              .has_zero = false,
                              .has_negative_zero = false};
constexpr float_format wide{.exponent_bits = 8, .significand_bits = 14, .bias = 127};

TEST_CASE("encode_floats: named formats, nearest even") {
    tally cases("floats to named formats");
    check_all_encode<dyad::float8_e5m2_format, dyad::float8_e4m3fn_format, dyad::float8_e4m3_format,
                     dyad::float8_e3m4_format, dyad::float8_e4m3fnuz_format, dyad::float8_e5m2fnuz_format,
                     dyad::float8_e4m3b11fnuz_format, dyad::float8_e8m0fnu_format, dyad::float8_e5m3fnu_format,
                     dyad::float6_e2m3fn_format, dyad::float6_e3m2fn_format, dyad::float4_e2m1fn_format,
                     dyad::bfloat16_format, dyad::float16_format, dyad::tfloat32_format>(cases);
}

TEST_CASE("encode_floats: P3109's and odd formats, nearest even") {
    tally cases("floats to odd formats");
    check_all_encode<dyad::binary8p4se::format, dyad::binary8p3sf::format, dyad::binary8p1ue::format,
                     dyad::binary8p1sf::format, dyad::binary5p3ue::format, no_infinity, no_nan, tiny, huge, large,
                     narrow_range, powers, wide, reference::float8_e4m3_flushed>(cases);
    static_assert(!dyad::make_nearest<tiny>(saturation::none).exists, "one that takes the general way");
}

TEST_CASE("decode_floats: all codes") {
    tally cases("codes to floats");
    check_all_decode<dyad::float8_e5m2_format, dyad::float8_e4m3fn_format, dyad::float8_e4m3_format,
                     dyad::float8_e3m4_format, dyad::float8_e4m3fnuz_format, dyad::float8_e5m2fnuz_format,
                     dyad::float8_e4m3b11fnuz_format, dyad::float8_e8m0fnu_format, dyad::float8_e5m3fnu_format,
                     dyad::float6_e2m3fn_format, dyad::float6_e3m2fn_format, dyad::float4_e2m1fn_format,
                     dyad::bfloat16_format, dyad::float16_format>(cases);
    check_all_decode<dyad::binary8p4se::format, dyad::binary8p1ue::format, dyad::binary5p3ue::format,
                     dyad::p3109_format(12, 7), dyad::p3109_format(16, 13, dyad::signedness::is_unsigned), no_infinity,
                     no_nan, large, powers>(cases);
    static_assert(!dyad::decodable_in_bulk<tiny> && !dyad::decodable_in_bulk<huge>, "not all values are floats");
}

TEST_CASE("decode_floats: codes of 19 bits") {
    tally cases("tfloat32 to float");
    check_decode<dyad::tfloat32_format>(cases);
}

TEST_CASE("encode_floats and decode_floats: any floating-point environment") {
    const std::vector<float> src = dyad_test::upper_halves({0, 0x8000});
    const auto run = [&src](instruction_set isa) {
        std::vector<std::uint16_t> codes(3 * src.size());
        std::vector<std::uint8_t> small(src.size());
        std::vector<float> floats(src.size());
        const std::size_t n = src.size();
        dyad::encode_floats<dyad::float16_format>(isa, src.data(), codes.data(), n, rounding::nearest_even,
                                                  saturation::none);
        dyad::encode_floats<dyad::bfloat16_format>(isa, src.data(), codes.data() + n, n, rounding::nearest_even,
                                                   saturation::finite);
        dyad::encode_floats<dyad::p3109_format(12, 7)>(isa, src.data(), codes.data() + 2 * n, n, rounding::nearest_even,
                                                       saturation::none);
        dyad::encode_floats<dyad::binary8p1ue::format>(isa, src.data(), small.data(), n, rounding::nearest_even,
                                                       saturation::none);
        dyad::decode_floats<dyad::float16_format>(isa, codes.data(), floats.data(), n);
        for (const std::uint8_t code : small) codes.push_back(code);
        for (const float x : floats) codes.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 13));
        return codes;
    };
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        const auto expected = run(isa);
        for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
            std::fesetround(mode);
            const bool same = run(isa) == expected;
            const int after = std::fegetround();
            std::fesetround(FE_TONEAREST);
            CHECK(same);
            CHECK(after == mode);
        }
#if defined(__x86_64__)
        const unsigned before = __builtin_ia32_stmxcsr();
        __builtin_ia32_ldmxcsr(before | 0x8040U);  // subnormal results and operands read as zero
        const bool same = run(isa) == expected;
        __builtin_ia32_ldmxcsr(before);
        CHECK(same);
#endif
    }
}

}  // namespace
