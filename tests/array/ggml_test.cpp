// SPDX-License-Identifier: Apache-2.0
// Blocks of GGUF files, byte for byte: against hashes of what gguf's own routines write, and cases worked out by hand.
#include <dyad/array/ggml.hpp>
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/ggml_hashes.hpp"

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace {

using dyad::status;

constexpr std::uint64_t blocks = 4096;

/// The finalizer of SplitMix64, as in ggml_hashes.py; so are the inputs.
constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31);
}

/// Biased exponents of the largest numbers; half the steps of ties and the step's exponent.
struct input_range {
    std::uint64_t low, high;
    std::int64_t steps;
    int exponent;
};

std::vector<std::uint32_t> random_bits_of(const input_range& range) {
    std::vector<std::uint32_t> all;
    for (std::uint64_t b = 0; b < blocks; ++b) {
        const std::uint64_t top = range.low + mixed(b + 1000000) % (range.high - range.low + 1);
        for (std::uint64_t i = 0; i < 32; ++i) {
            const std::uint64_t h = mixed(b * 32 + i);
            const std::uint64_t below = i == 0 ? 0 : (h >> 24) % 12;
            std::uint64_t bits = (h >> 63 << 31) | ((top > below ? top - below : 0) << 23) | (h & 0x7f'ffff);
            if (i != 0 && (h >> 40) % 7 == 0) bits &= 0x8000'0000;
            all.push_back(b % 16 == 0 ? 0 : static_cast<std::uint32_t>(bits));
        }
    }
    return all;
}

std::vector<std::uint32_t> tie_bits_of(const input_range& range) {
    std::vector<std::uint32_t> all;
    for (std::uint64_t b = 0; b < blocks; ++b) {
        for (std::uint64_t i = 0; i < 32; ++i) {
            const std::uint64_t h = mixed(b * 32 + i + 2000000);
            const auto k = static_cast<std::int64_t>(h % static_cast<std::uint64_t>(2 * range.steps + 1)) - range.steps;
            const int p = static_cast<int>(b % 100) - 90 + range.exponent;
            all.push_back(std::bit_cast<std::uint32_t>(std::ldexp(static_cast<float>(i == 0 ? -range.steps : k), p)));
        }
    }
    return all;
}

std::vector<std::uint32_t> edge_bits_of(const input_range& range) {
    std::vector<std::uint32_t> all = random_bits_of(range);
    for (std::uint64_t b = 0; b < blocks; ++b) {
        const std::uint64_t biased = range.low + 2 + b / 64 * ((range.high - range.low) / 64);
        for (std::uint64_t i = 0; i < 32; ++i) {
            std::uint32_t& bits = all[b * 32 + i];
            if ((bits & 0x7fff'ffff) == 0) continue;
            bits = (bits & 0x807f'ffff) | (static_cast<std::uint32_t>(biased - 2) << 23);
        }
        all[b * 32] = static_cast<std::uint32_t>((biased << 23) - b % 64 - 1);
    }
    return all;
}

template <class Word>
std::uint64_t hash_of(const Word* words, std::size_t n) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += mixed(std::uint64_t{words[i]} + i * 0x9e37'79b9'7f4a'7c15);
    return sum;
}

std::vector<float> floats_of(const std::vector<std::uint32_t>& bits) {
    std::vector<float> x;
    for (const std::uint32_t b : bits) x.push_back(std::bit_cast<float>(b));
    return x;
}

template <class B>
void check_hashes(std::string_view name, const input_range& range) {
    int rows = 0;
    for (const reference::ggml_row& row : reference::ggml_rows) {
        if (row.blocks != name) continue;
        ++rows;
        const std::string_view inputs = row.inputs;
        const auto bits = inputs == "random" ? random_bits_of(range)
                          : inputs == "ties" ? tie_bits_of(range)
                                             : edge_bits_of(range);
        CAPTURE(name);
        CAPTURE(inputs);
        REQUIRE(hash_of(bits.data(), bits.size()) == row.of_inputs);
        const std::vector<float> x = floats_of(bits);
        std::vector<B> y(blocks);
        CHECK(dyad::quantize_as_ggml(std::span<const float>(x), std::span<B>(y)) == status::ok);
        static_assert(std::is_trivially_copyable_v<B>);
        CHECK(hash_of(reinterpret_cast<const unsigned char*>(y.data()), blocks * sizeof(B)) == row.of_bytes);
        std::vector<float> back(x.size());
        CHECK(dyad::dequantize(std::span<const B>(y), std::span<float>(back)) == status::ok);
        std::vector<std::uint32_t> back_bits;
        for (const float f : back) back_bits.push_back(std::bit_cast<std::uint32_t>(f));
        CHECK(hash_of(back_bits.data(), back_bits.size()) == row.of_floats);
    }
    CHECK(rows == 3);
}

TEST_CASE("the bytes and floats of gguf") {
    check_hashes<dyad::q8_0>("Q8_0", {7, 144, 254, -1});
    check_hashes<dyad::q4_0>("Q4_0", {7, 144, 16, -1});
    check_hashes<dyad::ggml_mxfp4>("MXFP4", {3, 253, 24, -2});
}

/// 32 numbers, of which the first few are given.
std::vector<float> block_of(std::initializer_list<float> first) {
    std::vector<float> x(first);
    x.resize(32);
    return x;
}
template <class B>
B one_block(const std::vector<float>& x) {
    std::vector<B> y(1);
    CHECK(dyad::quantize_as_ggml(std::span<const float>(x), std::span<B>(y)) == status::ok);
    return y[0];
}

TEST_CASE("ties, signs and zeros") {
    const auto q8 = one_block<dyad::q8_0>(block_of({127, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 0.49999997f}));
    CHECK(q8.scale.bits() == 0x3c00);
    for (const auto& [i, raw] : {std::pair{0, 127}, {1, 1}, {2, -1}, {3, 2}, {4, 3}, {5, -3}, {6, 0}, {7, 0}})
        CHECK(q8.element(i).raw() == raw);
    // The first of equal magnitudes decides the sign of the scale.
    const auto q4 = one_block<dyad::q4_0>(block_of({-8, 8, 0.5f, -0.5f, 1.5f, 7.25f}));
    CHECK(q4.scale.bits() == 0x3c00);
    for (const auto& [i, raw] : {std::pair{0, 0}, {1, 15}, {2, 9}, {3, 8}, {4, 10}, {5, 15}, {6, 8}})
        CHECK(q4.element(i).raw() == raw);
    CHECK(one_block<dyad::q4_0>(block_of({8, -8})).scale.bits() == 0xbc00);
    CHECK(one_block<dyad::q4_0>(block_of({})).scale.bits() == 0x8000);
    CHECK(one_block<dyad::q4_0>(block_of({-0.0f})).scale.bits() == 0x8000);
    const auto fp4 = one_block<dyad::ggml_mxfp4>(block_of({4, 0.25f, 0.75f, -0.25f, -2.5f, 7, -0.0f}));
    CHECK(fp4.scale.bits() == 127);
    for (const auto& [i, value] : {std::pair{0, 4.0f}, {1, 0.0f}, {2, 0.5f}, {3, 0.0f}, {4, -2.0f}, {5, 6.0f}})
        CHECK(static_cast<float>(fp4.element(i)) == value);
    CHECK(fp4.element(3).bits() == 0);
    CHECK(fp4.element(6).bits() == 0);
}

TEST_CASE("numbers too small to divide by, and the smallest scales") {
    constexpr float least = std::numeric_limits<float>::denorm_min();
    for (const float x : {least, 5 * least, 0x1p-126f, 0x1p-122f}) {
        const auto q8 = one_block<dyad::q8_0>(block_of({x, -x / 2}));
        const auto q4 = one_block<dyad::q4_0>(block_of({x < 0x1p-125f ? x : 0x1p-126f, least}));
        CHECK(q8.scale.bits() == 0);
        CHECK(q4.scale.bits() == 0x8000);
        CHECK(q8.element(0).raw() == 0);
        CHECK(q4.element(0).raw() == 8);
    }
    // 1 / 2^-128 overflows, 1 / (2^-128 + 2^-149) does not.
    CHECK(one_block<dyad::q4_0>(block_of({-0x1p-125f})).element(0).raw() == 8);
    CHECK(one_block<dyad::q4_0>(block_of({-0x1p-125f - 8 * least})).element(0).raw() == 0);
    const auto fp4 = one_block<dyad::ggml_mxfp4>(block_of({0x1p-126f, 0x1p-127f, least}));
    CHECK(fp4.scale.bits() == 0);
    CHECK(static_cast<float>(fp4.element(0)) == 2.0f);
    CHECK(static_cast<float>(fp4.element(1)) == 1.0f);
    CHECK(static_cast<float>(fp4.element(2)) == 0.0f);
    CHECK(one_block<dyad::ggml_mxfp4>(block_of({std::numeric_limits<float>::max()})).scale.bits() == 253);
}

TEST_CASE("faults leave the blocks as they were") {
    std::vector<dyad::q8_0> q8(2, dyad::q8_0{dyad::float16::from_bits(0x1234), {9}});
    std::vector<dyad::q4_0> q4(2, dyad::q4_0{dyad::float16::from_bits(0x1234), {9}});
    std::vector<dyad::ggml_mxfp4> fp4(2, dyad::ggml_mxfp4{dyad::float8_e8m0fnu::from_bits(12), {9}});
    std::vector<float> x(64, 1.0f);
    const auto fails = [&](status of_q8, status of_q4, status of_fp4) {
        const std::span<const float> src(x);
        CHECK(dyad::quantize_as_ggml(src, std::span<dyad::q8_0>(q8)) == of_q8);
        CHECK(dyad::quantize_as_ggml(src, std::span<dyad::q4_0>(q4)) == of_q4);
        if (of_fp4 != status::ok) CHECK(dyad::quantize_as_ggml(src, std::span<dyad::ggml_mxfp4>(fp4)) == of_fp4);
        CHECK((q8[0].scale.bits() == 0x1234 && q8[0].codes[0] == 9));
        CHECK((q4[0].scale.bits() == 0x1234 && q4[0].codes[0] == 9));
        CHECK((fp4[0].scale.bits() == 12 && fp4[0].codes[0] == 9));
    };
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        x[40] = bad;
        fails(status::value_not_finite, status::value_not_finite, status::value_not_finite);
    }
    x[40] = -127 * 65520.0f;
    fails(status::scale_out_of_range, status::scale_out_of_range, status::ok);
    x.resize(63);
    fails(status::block_count_differs, status::block_count_differs, status::block_count_differs);
    x.resize(32);
    fails(status::block_count_differs, status::block_count_differs, status::block_count_differs);
    // The largest numbers whose scales are float16.
    CHECK(one_block<dyad::q8_0>(block_of({127 * 65504.0f})).scale.bits() == 0x7bff);
    CHECK(one_block<dyad::q4_0>(block_of({8 * 65519.0f})).scale.bits() == 0xfbff);
    std::vector<dyad::q8_0> same(34);
    const std::span<const float> inside(reinterpret_cast<const float*>(same.data()), 32);
    CHECK(dyad::quantize_as_ggml(inside, std::span<dyad::q8_0>(same).first(1)) == status::dst_overlaps_src);
}

TEST_CASE("the caller's rounding mode does not matter") {
    const std::vector<float> x = floats_of(random_bits_of({7, 144, 254, -1}));
    std::vector<dyad::q4_0> usual(blocks);
    std::vector<dyad::q4_0> upward(blocks);
    CHECK(dyad::quantize_as_ggml(std::span<const float>(x), std::span<dyad::q4_0>(usual)) == status::ok);
    std::fesetround(FE_UPWARD);
    const status s = dyad::quantize_as_ggml(std::span<const float>(x), std::span<dyad::q4_0>(upward));
    std::fesetround(FE_TONEAREST);
    CHECK(s == status::ok);
    CHECK(hash_of(reinterpret_cast<const unsigned char*>(usual.data()), blocks * sizeof(dyad::q4_0)) ==
          hash_of(reinterpret_cast<const unsigned char*>(upward.data()), blocks * sizeof(dyad::q4_0)));
}

}  // namespace
