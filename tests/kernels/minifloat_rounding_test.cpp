// SPDX-License-Identifier: Apache-2.0
// Bulk kernels from float in the other rounding modes and stochastic, forced to each instruction set, against the
// scalar routine.
#include <dyad/kernels/minifloat.hpp>

#include <doctest/doctest.h>

#include "support/float_inputs.hpp"
#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <dyad/core/random.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using dyad::float_bits;
using dyad::float_format;
using dyad::instruction_set;
using dyad::rounding;
using dyad::saturation;
using dyad::stochastic_variant;
using dyad_test::tally;

template <float_format F>
void check_modes(tally& cases, const std::vector<float>& inputs) {
    std::vector<float> src = inputs;
    if constexpr (F.width() <= 10) dyad_test::add_thresholds<F>(src);
    std::vector<float_bits<F>> expected(src.size());
    std::vector<float_bits<F>> got(src.size());
    for (const rounding rule : dyad_test::all_rounding_modes) {
        for (const saturation policy : reference::all_saturations) {
            for (std::size_t i = 0; i < src.size(); ++i)
                expected[i] = dyad::convert<dyad::minifloat<F>>(src[i], rule, policy).bits();
            for (const instruction_set isa : dyad_test::instruction_sets()) {
                dyad::encode_floats<F>(isa, src.data(), got.data(), src.size(), rule, policy);
                for (std::size_t i = 0; i < src.size(); ++i)
                    cases.check(got[i] == expected[i], reference::name_of<dyad::minifloat<F>>(), " on ", to_string(isa),
                                ", ", rule, ", policy ", static_cast<int>(policy), ": bits ",
                                std::bit_cast<std::uint32_t>(src[i]), " gave ", got[i], ", expected ", expected[i]);
            }
        }
    }
}

template <float_format F>
void check_stochastic(tally& cases, const std::vector<float>& src) {
    std::vector<float_bits<F>> expected(src.size());
    std::vector<float_bits<F>> got(src.size());
    constexpr std::uint64_t seed = 0x0123'4567'89ab'cdef;
    constexpr std::uint64_t tensor = 0xfedc'ba98'7654'3210;
    for (const stochastic_variant variant : {stochastic_variant::a, stochastic_variant::b}) {
        for (const int n : {1, 2, 8, 16, 31, 32}) {
            for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0x1'ffff'ffd4}}) {
                for (std::size_t i = 0; i < src.size(); ++i) {
                    const std::uint32_t bits =
                        dyad::random_bits(seed, tensor, first + i) & dyad::low_mask<std::uint32_t>(n);
                    const dyad::stochastic rule{variant, n, bits};
                    expected[i] = dyad::convert<dyad::minifloat<F>>(src[i], rule, saturation::none).bits();
                }
                for (const instruction_set isa : dyad_test::instruction_sets()) {
                    const dyad::random_stream stream{variant, n, seed, tensor};
                    dyad::encode_floats<F>(isa, src.data(), got.data(), src.size(), stream, first, saturation::none);
                    for (std::size_t i = 0; i < src.size(); ++i)
                        cases.check(got[i] == expected[i], reference::name_of<dyad::minifloat<F>>(), " on ",
                                    to_string(isa), ", variant ", static_cast<int>(variant), ", n ", n, ", element ",
                                    first + i, ": bits ", std::bit_cast<std::uint32_t>(src[i]), " gave ", got[i],
                                    ", expected ", expected[i]);
                }
            }
        }
    }
}

constexpr float_format no_zero{.exponent_bits = 3,
                               .significand_bits = 2,
                               .bias = 3,
                               .infinity = dyad::infinity_codes::none,
                               .nan = dyad::nan_codes::top,
                               .has_zero = false,
                               .has_negative_zero = false};

TEST_CASE("encode_floats: every rounding mode and policy") {
    std::vector<float> src = dyad_test::upper_halves({0, 0x8001});
    dyad_test::add_random_floats(src, 20'000);
    tally cases("floats in every mode");
    check_modes<dyad::float8_e4m3fn_format>(cases, src);
    check_modes<dyad::float8_e5m2_format>(cases, src);
    check_modes<dyad::float8_e4m3fnuz_format>(cases, src);
    check_modes<dyad::float8_e8m0fnu_format>(cases, src);
    check_modes<dyad::float8_e5m3fnu_format>(cases, src);
    check_modes<dyad::float4_e2m1fn_format>(cases, src);
    check_modes<dyad::binary8p1ue::format>(cases, src);
    check_modes<dyad::bfloat16_format>(cases, src);
    check_modes<dyad::float16_format>(cases, src);
    check_modes<dyad::tfloat32_format>(cases, src);
    check_modes<reference::float8_e4m3_flushed>(cases, src);
    check_modes<no_zero>(cases, src);
}

TEST_CASE("encode_floats: stochastic with the bits of the element's index") {
    std::vector<float> src = dyad_test::upper_halves({0x1234});
    dyad_test::add_random_floats(src, 10'001);  // a tail, too
    tally cases("stochastic floats");
    check_stochastic<dyad::float8_e4m3fn_format>(cases, src);
    check_stochastic<dyad::float8_e5m3fnu_format>(cases, src);
    check_stochastic<dyad::float8_e8m0fnu_format>(cases, src);
    check_stochastic<dyad::bfloat16_format>(cases, src);
}

TEST_CASE("encode_floats: digits more than 32 places below the last one count") {
    // 2^-17 and 2^-42 of a half: with n = 32 the last random bit decides about digits beyond the 32nd.
    const std::vector<float> src{0x1p-42f, 0x1.8p-42f, 0x1.fffffep-43f, 0x1p-43f, 0x1p-44f, 0x1p-120f, 0x1p-149f, 0};
    tally cases("tiny floats");
    std::vector<float> many;
    for (int i = 0; i < 4096; ++i) many.insert(many.end(), src.begin(), src.end());
    check_stochastic<dyad::float8_e4m3fn_format>(cases, many);
}

}  // namespace
