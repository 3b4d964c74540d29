// SPDX-License-Identifier: Apache-2.0
// Blocks of codes and scales to floats, forced to each instruction set: against exact products, rounded once; all codes
// under all scale codes; any number of blocks and any stride.
#include <dyad/kernels/block_dequantize.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <dyad/number/arithmetic.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/exact_arithmetic.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/p3109.hpp>

namespace {

using dyad::float_format;
using dyad::instruction_set;
using dyad_test::tally;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
bool is_nan(float x) { return (bits_of(x) & 0x7fff'ffff) > 0x7f80'0000; }
dyad::unpacked_wide wide(float x) { return dyad::resize<dyad::uint128_t>(dyad::unpack(x)); }

/// The definition.
float product(float element, float scale, float tensor_scale) {
    if (is_nan(element)) return element;
    const auto exact = dyad::exact_product(dyad::exact_product(wide(element), wide(scale)), wide(tensor_scale));
    if (exact.kind == dyad::number_class::nan) return std::bit_cast<float>(0x7fc0'0000);
    return std::bit_cast<float>(
        dyad::encode<dyad::binary32_format>(exact, dyad::rounding::nearest_even, dyad::saturation::none));
}

/// Packed codes of blocks, `stride` bytes apart, with random bytes between them, and one scale each.
struct blocks_of_codes {
    std::vector<std::uint8_t> bytes;
    std::ptrdiff_t stride;
    std::vector<float> scales;
};

template <float_format F, std::size_t Size>
void check(tally& cases, const char* name, const blocks_of_codes& src, std::size_t offset, float tensor_scale) {
    const std::size_t blocks = src.scales.size();
    constexpr std::size_t bytes = dyad::block_code_bytes<F, Size>;
    std::vector<float> expected(blocks * Size);
    for (std::size_t b = 0; b < blocks; ++b) {
        std::uint8_t codes[Size];
        dyad::unpack_codes<F.width()>(instruction_set::scalar,
                                      src.bytes.data() + offset + static_cast<std::ptrdiff_t>(b) * src.stride, bytes,
                                      Size, codes);
        for (std::size_t i = 0; i < Size; ++i) {
            const auto element = dyad::convert<float>(dyad::minifloat<F>::from_bits(codes[i]));
            expected[b * Size + i] = product(element, src.scales[b], tensor_scale);
        }
    }
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        std::vector<float> got(blocks * Size + 2, -77.0f);
        dyad::dequantize_blocks<F, Size>(isa, src.bytes.data() + offset, src.stride, src.scales.data(), tensor_scale,
                                         blocks, got.data() + 1);
        cases.check(got.front() == -77 && got.back() == -77, name, " on ", to_string(isa), ": writes outside");
        for (std::size_t i = 0; i < expected.size(); ++i)
            cases.check(bits_of(got[i + 1]) == bits_of(expected[i]), name, " on ", to_string(isa), ": element ",
                        i % Size, " of block ", i / Size, " of ", blocks, ", scale ", src.scales[i / Size], ", tensor ",
                        tensor_scale, ": got ", bits_of(got[i + 1]), ", expected ", bits_of(expected[i]));
    }
}

/// The floats of all scale codes, as decode_scales gives them.
template <float_format S>
std::vector<float> all_scales() {
    std::vector<float> scales;
    for (std::uint32_t code = 0; code < 256; ++code) {
        const auto x = dyad::convert<float>(dyad::minifloat<S>::from_bits(static_cast<std::uint8_t>(code)));
        scales.push_back(is_nan(x) ? std::bit_cast<float>(0x7fc0'0000) : x);
    }
    return scales;
}

template <float_format F, std::size_t Size>
blocks_of_codes random_blocks(std::vector<float> scales, std::size_t gap) {
    std::mt19937 random(31);
    const std::size_t stride = dyad::block_code_bytes<F, Size> + gap;
    blocks_of_codes all{std::vector<std::uint8_t>(scales.size() * stride + 3), static_cast<std::ptrdiff_t>(stride),
                        scales};
    for (std::uint8_t& byte : all.bytes) byte = static_cast<std::uint8_t>(random());
    return all;
}

/// Every scale four times under random codes: each pair of codes and scales is there but for chance; 256 codes of 8
/// bits under one scale as well.
template <float_format F, float_format S, std::size_t Size>
void check_format(tally& cases, const char* name, const std::vector<float>& tensor_scales) {
    std::vector<float> scales = all_scales<S>();
    scales.insert(scales.end(), scales.begin(), scales.end());
    for (const float g : tensor_scales) {
        check<F, Size>(cases, name, random_blocks<F, Size>(scales, 0), 0, g);
        check<F, Size>(cases, name, random_blocks<F, Size>(scales, 1), 1, g);
    }
    blocks_of_codes in_order = random_blocks<F, Size>(std::vector<float>(256 * 32 / Size, 0.5f), 0);
    for (std::size_t i = 0; i < in_order.bytes.size(); ++i) in_order.bytes[i] = static_cast<std::uint8_t>(i);
    check<F, Size>(cases, name, in_order, 0, 1);
}

const std::vector<float> some_tensor_scales{1, 0.3f, 0x1.fffffep-10f, 0x1.234568p20f, 3e-38f, 0x1p-149f, 3e38f};

TEST_CASE("dequantize_blocks: OCP MX formats, all scales") {
    tally cases("MX blocks to floats");
    constexpr float_format s = dyad::float8_e8m0fnu_format;
    check_format<dyad::float4_e2m1fn_format, s, 32>(cases, "MXFP4", {1});
    check_format<dyad::float6_e2m3fn_format, s, 32>(cases, "MXFP6 e2m3", {1});
    check_format<dyad::float6_e3m2fn_format, s, 32>(cases, "MXFP6 e3m2", {1});
    check_format<dyad::float8_e4m3fn_format, s, 32>(cases, "MXFP8 e4m3", {1});
    check_format<dyad::float8_e5m2_format, s, 32>(cases, "MXFP8 e5m2", {1});
}

TEST_CASE("dequantize_blocks: float8_e4m3fn scales and a scale of the tensor") {
    tally cases("blocks with two scales to floats");
    constexpr float_format s = dyad::float8_e4m3fn_format;
    check_format<dyad::float4_e2m1fn_format, s, 16>(cases, "NVFP4", some_tensor_scales);
    check_format<dyad::float4_e2m1fn_format, s, 32>(cases, "e2m1 by 32", some_tensor_scales);
    check_format<dyad::float6_e2m3fn_format, s, 32>(cases, "e2m3 by 32", some_tensor_scales);
    check_format<dyad::float6_e3m2fn_format, s, 16>(cases, "e3m2 by 16", some_tensor_scales);
    check_format<dyad::float8_e4m3fn_format, s, 32>(cases, "e4m3 by 32", some_tensor_scales);
    check_format<dyad::float8_e5m2_format, s, 32>(cases, "e5m2 by 32", some_tensor_scales);
    check_format<dyad::float8_e5m2_format, s, 16>(cases, "e5m2 by 16", some_tensor_scales);
    check_format<dyad::float8_e4m3fnuz_format, s, 32>(cases, "e4m3fnuz by 32", some_tensor_scales);
    check_format<dyad::binary8p4se::format, s, 32>(cases, "binary8p4se by 32", some_tensor_scales);
}

template <float_format F, std::size_t Size>
void check_lengths(tally& cases, const char* name) {
    for (std::size_t n = 0; n <= 70; ++n) {
        std::vector<float> scales;
        for (std::size_t b = 0; b < n; ++b) scales.push_back(static_cast<float>(b + 1) * 0.25f);
        check<F, Size>(cases, name, random_blocks<F, Size>(scales, n % 3), n % 4, n % 2 == 0 ? 1.0f : 0.7f);
    }
}
TEST_CASE("dequantize_blocks: every number of blocks") {
    tally cases("numbers of blocks");
    check_lengths<dyad::float4_e2m1fn_format, 16>(cases, "e2m1 by 16");
    check_lengths<dyad::float6_e2m3fn_format, 32>(cases, "e2m3 by 32");
    check_lengths<dyad::float8_e4m3fn_format, 32>(cases, "e4m3 by 32");
    check_lengths<dyad::float8_e4m3fn_format, 16>(cases, "e4m3 by 16");
}

template <float_format S>
void check_scales(tally& cases, const char* name) {
    const std::vector<float> expected = all_scales<S>();
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        for (const std::size_t stride : {1U, 9U, 33U}) {
            std::vector<std::uint8_t> codes(700 * stride);
            for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i / stride);
            for (const std::size_t n : {0U, 1U, 63U, 255U, 256U, 257U, 700U}) {
                std::vector<float> got(n + 2, -77.0f);
                dyad::decode_scales<S>(isa, codes.data(), static_cast<std::ptrdiff_t>(stride), n, got.data() + 1);
                cases.check(got.front() == -77 && got.back() == -77, name, ": writes outside");
                for (std::size_t i = 0; i < n; ++i)
                    cases.check(bits_of(got[i + 1]) == bits_of(expected[i % 256]), name, " on ", to_string(isa),
                                ": code ", i % 256, ", stride ", stride, ", gave ", got[i + 1]);
            }
        }
    }
}
TEST_CASE("decode_scales: all codes, any stride") {
    tally cases("scales");
    check_scales<dyad::float8_e8m0fnu_format>(cases, "e8m0");
    check_scales<dyad::float8_e4m3fn_format>(cases, "e4m3fn");
    check_scales<dyad::float8_e5m3fnu_format>(cases, "e5m3fnu");
    CHECK(all_scales<dyad::float8_e8m0fnu_format>()[0] == 0x1p-127f);
}

TEST_CASE("dequantize_blocks: any floating-point environment") {
    constexpr float_format f = dyad::float4_e2m1fn_format;
    const blocks_of_codes src = random_blocks<f, 16>(all_scales<dyad::float8_e4m3fn_format>(), 0);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        const auto run = [&] {
            std::vector<float> got(src.scales.size() * 16);
            dyad::dequantize_blocks<f, 16>(isa, src.bytes.data(), src.stride, src.scales.data(), 3e-38f,
                                           src.scales.size(), got.data());
            std::vector<std::uint32_t> bits;
            for (const float x : got) bits.push_back(bits_of(x));
            return bits;
        };
        const auto expected = run();
        for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
            std::fesetround(mode);
            const auto got = run();
            std::fesetround(FE_TONEAREST);
            CHECK(got == expected);
        }
    }
}

}  // namespace
