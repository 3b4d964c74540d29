// SPDX-License-Identifier: Apache-2.0
// Blocks of floats to codes and scales, forced to each instruction set: every code and scale against exact quotients by
// the scalar routines; all scale bytes; separate arrays and arrays of structs; any number of blocks.
#include <dyad/kernels/block_quantize.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
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
using dyad::power_rule;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
dyad::unpacked_wide wide(double x) { return dyad::resize<dyad::uint128_t>(dyad::unpack(x)); }

/// Blocks as they should be: scale bytes, and codes one a byte.
struct expected_blocks {
    std::vector<std::uint8_t> scales;
    std::vector<std::uint8_t> codes;
    std::vector<std::uint32_t> largest;
};

/// The code of the exact quotient x / scale.
template <float_format F>
std::uint8_t code_of(float x, double scale) {
    const auto q = scale == 0 ? dyad::unpacked_wide::zero(std::signbit(x)) : dyad::quotient(wide(x), wide(scale));
    return static_cast<std::uint8_t>(dyad::encode<F>(q, rounding::nearest_even, saturation::propagate));
}

/// floor, ceiling, rceil and even, by their definitions.
enum class rule_name { floor, ceil, rceil, even };
int power_of(rule_name rule, double a, double largest, int precision) {
    const int emax = std::ilogb(largest);
    switch (rule) {
        case rule_name::floor: return std::ilogb(a) - emax;
        case rule_name::ceil: return std::ilogb(a) + (std::scalbn(a, -std::ilogb(a)) == 1 ? 0 : 1) - emax;
        case rule_name::rceil: {
            int e = std::ilogb(a) - emax - 1;
            while (std::scalbn(largest, e) < a) ++e;
            return e;
        }
        case rule_name::even: {
            const int unit = std::ilogb(a) - precision + 1;
            return std::ilogb(std::scalbn(std::nearbyint(std::scalbn(a, -unit)), unit)) - emax;
        }
    }
    return 0;
}
template <float_format F>
power_rule rule_of(rule_name rule) {
    const auto largest = std::bit_cast<std::uint32_t>(
        dyad::convert<float>(dyad::minifloat<F>::from_bits(static_cast<std::uint8_t>(F.max_finite_code()))));
    const auto emax = static_cast<std::int32_t>(largest >> 23) - 127;
    switch (rule) {
        case rule_name::floor: return {0, emax};
        case rule_name::ceil: return {0x7f'ffff, emax};
        case rule_name::rceil: return {0x7f'ffff - (largest & 0x7f'ffff), emax};
        case rule_name::even: return {1U << (22 - F.significand_bits), emax};
    }
    return {0, emax};
}

template <float_format F>
expected_blocks power_blocks(const std::vector<float>& src, std::size_t size, rule_name rule) {
    const double top =
        dyad::convert<float>(dyad::minifloat<F>::from_bits(static_cast<std::uint8_t>(F.max_finite_code())));
    expected_blocks out;
    for (std::size_t b = 0; b < src.size() / size; ++b) {
        float a = 0;
        for (std::size_t i = 0; i < size; ++i) a = std::max(a, std::fabs(src[b * size + i]));
        const int power = a == 0 ? -127 : power_of(rule, a, top, F.significand_bits + 1);
        const int byte = std::clamp(power + 127, 0, 254);
        out.scales.push_back(static_cast<std::uint8_t>(byte));
        out.largest.push_back(bits_of(a));
        for (std::size_t i = 0; i < size; ++i)
            out.codes.push_back(code_of<F>(src[b * size + i], std::scalbn(1.0, byte - 127)));
    }
    return out;
}
expected_blocks scaled_blocks(const std::vector<float>& src, float tensor_scale) {
    expected_blocks out;
    for (std::size_t b = 0; b < src.size() / 16; ++b) {
        float a = 0;
        for (std::size_t i = 0; i < 16; ++i) a = std::max(a, std::fabs(src[b * 16 + i]));
        const auto q = dyad::quotient(wide(a), wide(6.0 * static_cast<double>(tensor_scale)));
        const auto s = dyad::float8_e4m3fn::from_bits(
            dyad::encode<dyad::float8_e4m3fn_format>(q, rounding::nearest_even, saturation::finite));
        out.scales.push_back(s.bits());
        out.largest.push_back(bits_of(a));
        for (std::size_t i = 0; i < 16; ++i)
            out.codes.push_back(code_of<dyad::float4_e2m1fn_format>(
                src[b * 16 + i], dyad::convert<double>(s) * static_cast<double>(tensor_scale)));
    }
    return out;
}

/// Where codes and scales lie: apart, or in structs of one scale before the codes; and three bytes on either side.
struct memory {
    std::size_t block_bytes;
    bool structs;
    std::vector<std::uint8_t> bytes;
    memory(std::size_t blocks, std::size_t code_bytes, bool in_structs)
        : block_bytes(code_bytes), structs(in_structs), bytes(blocks * (code_bytes + 1) + 9, 0xa5) {}
    [[nodiscard]] std::size_t blocks() const { return (bytes.size() - 9) / (block_bytes + 1); }
    [[nodiscard]] dyad::block_places places() {
        const auto bytes_of_block = static_cast<std::ptrdiff_t>(block_bytes);
        std::uint8_t* const first = bytes.data() + 3;
        if (structs) return {first + 1, bytes_of_block + 1, first, bytes_of_block + 1};
        return {first, bytes_of_block, first + block_bytes * blocks() + 3, 1};
    }
    /// What no block owns is as it was.
    [[nodiscard]] bool is_untouched_outside() const {
        const std::size_t used = blocks() * (block_bytes + 1);
        const auto kept = [this](std::size_t at) {
            return bytes[at] == 0xa5 && bytes[at + 1] == 0xa5 && bytes[at + 2] == 0xa5;
        };
        return kept(0) &&
               (structs ? kept(used + 3) && kept(used + 6) : kept(3 + block_bytes * blocks()) && kept(used + 6));
    }
};

/// Are blocks of subnormal floats only as expected, or anything?
enum class subnormal_blocks { any, right };

/// Runs `quantize` on the first `blocks` blocks and compares with what is expected from block `first` on.
template <int Width, class Quantize>
void compare(tally& cases, const char* name, instruction_set isa, const float* src, std::size_t size,
             std::size_t blocks, bool structs, const expected_blocks& expected, std::size_t first, Quantize quantize,
             subnormal_blocks subnormals = subnormal_blocks::any) {
    memory at(blocks, size * Width / 8, structs);
    std::vector<std::uint32_t> largest(blocks + 2, 0x5a5a'5a5a);
    quantize(isa, src, blocks, at.places(), largest.data() + 1);
    cases.check(at.is_untouched_outside() && largest.front() == 0x5a5a'5a5a && largest.back() == 0x5a5a'5a5a, name,
                " on ", to_string(isa), ": writes outside, ", blocks, " blocks");
    const auto places = at.places();
    std::vector<std::uint8_t> codes(size);
    for (std::size_t b = 0; b < blocks; ++b) {
        const std::uint32_t bits = expected.largest[first + b];
        cases.check(largest[b + 1] == bits, name, " on ", to_string(isa), ": largest magnitude of block ", b);
        const bool below = bits != 0 && bits < 0x0080'0000;
        if (bits >= 0x7f80'0000 || (below && subnormals == subnormal_blocks::any)) continue;
        const int scale = *places.from(b).scales;
        cases.check(scale == expected.scales[first + b], name, " on ", to_string(isa), ": scale ", scale, " of block ",
                    b, " of ", blocks, ", expected ", +expected.scales[first + b]);
        dyad::unpack_codes<Width>(instruction_set::scalar, places.from(b).codes, size * Width / 8, size, codes.data());
        for (std::size_t i = 0; i < size; ++i) {
            const int code = expected.codes[(first + b) * size + i];
            cases.check(codes[i] == code, name, " on ", to_string(isa), ": bits ", bits_of(src[b * size + i]),
                        " in block ", b, " of ", blocks, " with scale ", scale, " gave ", +codes[i], ", expected ",
                        code);
        }
    }
}

/// A block's numbers: near multiples of half a code at its scale, near powers of two, random ones, zeros, subnormal
/// floats, all at most 2^exponent or so.
void add_block(std::vector<float>& to, std::mt19937& random, std::size_t size, int exponent) {
    const int spread = 1 + static_cast<int>(random() % 24);
    const bool few_digits = (random() & 3) != 0;
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t r = static_cast<std::uint32_t>(random());
        const int e = exponent - static_cast<int>(r % static_cast<unsigned>(spread));
        double x = std::scalbn(1 + static_cast<double>(few_digits ? (r >> 8) % 64 * 262144 / 2 : r >> 9) * 0x1p-23, e);
        if ((r & 0x700) == 0) x = 0;
        auto bits = bits_of(static_cast<float>(x));
        if ((r & 0x1800) == 0x800) ++bits;
        if ((r & 0x1800) == 0x1000 && bits != 0) --bits;
        if ((bits & 0x7f80'0000) == 0x7f80'0000) bits = 0x7f7f'ffff;
        if ((r & 0x2'0000) != 0) bits |= 0x8000'0000;
        to.push_back(std::bit_cast<float>(bits));
    }
}
/// Every exponent of floats, several times, in order and (so that sixteen blocks together differ widely) not.
std::vector<float> all_exponents(std::size_t size, int times) {
    std::mt19937 random(21);
    std::vector<float> x;
    for (int k = 0; k < times; ++k) {
        for (int e = -149; e < 128; ++e)
            add_block(x, random, size, k % 2 == 0 ? e : static_cast<int>(random() % 277) - 149);
    }
    x.resize(x.size() + 20 * size);  // zeros
    return x;
}

template <float_format F, std::size_t Size>
void check_power_format(tally& cases, const char* name, int times) {
    const std::vector<float> src = all_exponents(Size, times);
    for (const rule_name rule : {rule_name::floor, rule_name::ceil, rule_name::rceil, rule_name::even}) {
        const expected_blocks expected = power_blocks<F>(src, Size, rule);
        const auto quantize = [rule](auto isa, const float* from, std::size_t n, dyad::block_places to,
                                     std::uint32_t* largest) {
            dyad::quantize_power_blocks<F, Size>(isa, from, n, rule_of<F>(rule), to, largest);
        };
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            for (const bool structs : {false, true})
                compare<F.width()>(cases, name, isa, src.data(), Size, src.size() / Size, structs, expected, 0,
                                   quantize);
        }
    }
}

TEST_CASE("quantize_power_blocks: OCP MX formats, all scales, every rule") {
    tally cases("blocks with powers of two");
    check_power_format<dyad::float4_e2m1fn_format, 32>(cases, "MXFP4", 12);
    check_power_format<dyad::float6_e2m3fn_format, 32>(cases, "MXFP6 e2m3", 6);
    check_power_format<dyad::float6_e3m2fn_format, 32>(cases, "MXFP6 e3m2", 6);
    check_power_format<dyad::float8_e4m3fn_format, 32>(cases, "MXFP8 e4m3", 6);
    check_power_format<dyad::float8_e5m2_format, 32>(cases, "MXFP8 e5m2", 6);
}

/// One bit of exponent: sign and magnitude in equal steps, the elements of MSFP.
constexpr float_format equal_steps(int significand_bits) {
    return {.exponent_bits = 1,
            .significand_bits = significand_bits,
            .bias = 1,
            .infinity = dyad::infinity_codes::none,
            .nan = dyad::nan_codes::none};
}

TEST_CASE("quantize_power_blocks: blocks of 16, other formats") {
    tally cases("other blocks with powers of two");
    check_power_format<dyad::float4_e2m1fn_format, 16>(cases, "e2m1 by 16", 6);
    check_power_format<dyad::float6_e3m2fn_format, 16>(cases, "e3m2 by 16", 6);
    check_power_format<dyad::float8_e4m3fn_format, 16>(cases, "e4m3 by 16", 6);
    check_power_format<dyad::float8_e3m4_format, 32>(cases, "e3m4", 6);
    check_power_format<equal_steps(2), 16>(cases, "e1m2 by 16", 6);
    check_power_format<equal_steps(4), 16>(cases, "e1m4 by 16", 6);
    check_power_format<equal_steps(6), 16>(cases, "e1m6 by 16", 6);
}

TEST_CASE("quantize_power_blocks: scales given by the exponent alone") {
    // emax far from the format's: elements far beyond the largest code, or all of them zero.
    tally cases("blocks with unusual scales");
    static constexpr float_format f = dyad::float8_e4m3fn_format;
    const std::vector<float> src = all_exponents(32, 2);
    for (const int emax : {-300, -100, -20, 0, 4, 12, 30, 100}) {
        expected_blocks expected;
        for (std::size_t b = 0; b < src.size() / 32; ++b) {
            float a = 0;
            for (std::size_t i = 0; i < 32; ++i) a = std::max(a, std::fabs(src[b * 32 + i]));
            const int byte = std::clamp((a == 0 ? -127 : std::ilogb(a)) - emax + 127, 0, 254);
            expected.scales.push_back(static_cast<std::uint8_t>(byte));
            expected.largest.push_back(bits_of(a));
            for (std::size_t i = 0; i < 32; ++i)
                expected.codes.push_back(code_of<f>(src[b * 32 + i], std::scalbn(1.0, byte - 127)));
        }
        const auto quantize = [emax](auto isa, const float* from, std::size_t n, dyad::block_places to,
                                     std::uint32_t* largest) {
            dyad::quantize_power_blocks<f, 32>(isa, from, n, {0, emax}, to, largest);
        };
        for (const instruction_set isa : dyad_test::instruction_sets())
            compare<8>(cases, "MXFP8", isa, src.data(), 32, src.size() / 32, false, expected, 0, quantize);
    }
}

TEST_CASE("quantize_scaled_blocks: exact quotients by products of scales") {
    tally cases("blocks of NVFP4");
    std::mt19937 random(22);
    std::vector<float> tensor_scales{1,     0.01f,  0x1.fffffep-8f, 0x1.000002p3f, 0x1p-149f, 0x1p-126f,
                                     3e38f, 1e-30f, 1e30f,          0x1p-100f,     0x1.8p100f};
    for (int k = 0; k < 20; ++k)
        tensor_scales.push_back(std::bit_cast<float>(0x3000'0000U + (static_cast<std::uint32_t>(random()) >> 4)));
    for (const float g : tensor_scales) {
        std::vector<float> src;
        const int exponent = std::ilogb(g);
        for (int k = 0; k < 160; ++k) add_block(src, random, 16, std::clamp(exponent - 10 + k / 7, -149, 127));
        // Numbers next to the boundaries between codes, for a block whose largest one gives the scale s.
        for (int code = 1; code < 127; ++code) {
            const auto s = dyad::convert<double>(dyad::float8_e4m3fn::from_bits(static_cast<std::uint8_t>(code)));
            const double r = s * static_cast<double>(g);
            const auto near = [&](double x) {
                const auto y = static_cast<float>(x * r);
                const std::uint32_t bits = bits_of(y) + static_cast<std::uint32_t>(random() % 3);
                const float z = std::bit_cast<float>(bits == 0 ? 0 : bits - 1);
                src.push_back(std::isfinite(z) ? ((random() & 1) != 0 ? z : -z) : 1.0f);
            };
            for (const double x : {0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 6.0}) {
                near(x);
                near(x);
            }
        }
        src.resize(src.size() + 160);
        const expected_blocks expected = scaled_blocks(src, g);
        const auto quantize = [g](auto isa, const float* from, std::size_t n, dyad::block_places to,
                                  std::uint32_t* largest) {
            dyad::quantize_scaled_blocks(isa, from, n, g, to, largest);
        };
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            for (const bool structs : {false, true})
                compare<4>(cases, "NVFP4", isa, src.data(), 16, src.size() / 16, structs, expected, 0, quantize,
                           subnormal_blocks::right);
        }
    }
}

/// Any number of blocks, from any address.
template <float_format F, std::size_t Size>
void check_lengths(tally& cases, const char* name) {
    const std::vector<float> src = [] {
        std::mt19937 random(23);
        std::vector<float> x;
        for (std::size_t b = 0; b < 90; ++b) add_block(x, random, Size, b % 37 == 5 ? -126 : static_cast<int>(b % 9));
        return x;
    }();
    const expected_blocks power = power_blocks<F>(src, Size, rule_name::floor);
    const expected_blocks scaled = scaled_blocks(src, 0.5f);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        for (std::size_t n = 0; n <= 70; ++n) {
            std::vector<float> copy(n * Size + 1);
            const std::size_t first = n % 7;
            std::copy_n(src.begin() + static_cast<std::ptrdiff_t>(first * Size), n * Size, copy.begin() + 1);
            const bool structs = n % 2 != 0;
            compare<F.width()>(
                cases, name, isa, copy.data() + 1, Size, n, structs, power, first,
                [](auto set, const float* from, std::size_t blocks, dyad::block_places to, std::uint32_t* largest) {
                    dyad::quantize_power_blocks<F, Size>(set, from, blocks, rule_of<F>(rule_name::floor), to, largest);
                });
            if constexpr (Size == 16 && F.width() == 4) {
                compare<4>(
                    cases, "NVFP4", isa, copy.data() + 1, Size, n, structs, scaled, first,
                    [](auto set, const float* from, std::size_t blocks, dyad::block_places to, std::uint32_t* largest) {
                        dyad::quantize_scaled_blocks(set, from, blocks, 0.5f, to, largest);
                    });
            }
        }
    }
}
TEST_CASE("blocks: every number of blocks, nothing written outside") {
    tally cases("numbers of blocks");
    check_lengths<dyad::float4_e2m1fn_format, 16>(cases, "e2m1 by 16");
    check_lengths<dyad::float4_e2m1fn_format, 32>(cases, "e2m1 by 32");
    check_lengths<dyad::float6_e2m3fn_format, 16>(cases, "e2m3 by 16");
    check_lengths<dyad::float6_e2m3fn_format, 32>(cases, "e2m3 by 32");
    check_lengths<dyad::float8_e5m2_format, 32>(cases, "e5m2 by 32");
}

TEST_CASE("blocks: NaN, infinities and subnormal blocks leave the others alone, and are told") {
    tally cases("blocks with NaN");
    std::mt19937 random(24);
    std::vector<float> src;
    for (int b = 0; b < 200; ++b) add_block(src, random, 32, b % 5);
    const float specials[] = {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                              std::bit_cast<float>(0x7f80'0001)};
    for (std::size_t b = 0; b < 200; b += 9) src[b * 32 + b % 32] = specials[b % 5];
    for (std::size_t i = 0; i < 32; ++i) src[7 * 32 + i] = i == 9 ? 0x1p-130f : 0;
    expected_blocks power;
    expected_blocks scaled;
    for (std::size_t b = 0; b < src.size() / 16; ++b) {
        const std::vector<float> block(src.begin() + static_cast<std::ptrdiff_t>(16 * b),
                                       src.begin() + static_cast<std::ptrdiff_t>(16 * b + 16));
        std::uint32_t a = 0;
        for (const float x : block) a = std::max(a, bits_of(x) & 0x7fff'ffff);
        const bool finite = a < 0x7f80'0000;
        const std::vector<float> safe = finite ? block : std::vector<float>(16);
        for (auto* to : {&power, &scaled}) {
            const expected_blocks one = to == &power
                                            ? power_blocks<dyad::float4_e2m1fn_format>(safe, 16, rule_name::floor)
                                            : scaled_blocks(safe, 1);
            to->scales.push_back(one.scales[0]);
            to->codes.insert(to->codes.end(), one.codes.begin(), one.codes.end());
            to->largest.push_back(a);
        }
    }
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        compare<4>(cases, "e2m1 by 16", isa, src.data(), 16, src.size() / 16, false, power, 0,
                   [](auto set, const float* from, std::size_t n, dyad::block_places to, std::uint32_t* largest) {
                       dyad::quantize_power_blocks<dyad::float4_e2m1fn_format, 16>(set, from, n, {0, 2}, to, largest);
                   });
        compare<4>(cases, "NVFP4", isa, src.data(), 16, src.size() / 16, true, scaled, 0,
                   [](auto set, const float* from, std::size_t n, dyad::block_places to, std::uint32_t* largest) {
                       dyad::quantize_scaled_blocks(set, from, n, 1, to, largest);
                   });
    }
}

TEST_CASE("blocks: any floating-point environment") {
    tally cases("rounding modes");
    const std::vector<float> src = all_exponents(16, 1);
    const expected_blocks power = power_blocks<dyad::float4_e2m1fn_format>(src, 16, rule_name::floor);
    const expected_blocks scaled = scaled_blocks(src, 0.3f);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
            compare<4>(
                cases, "e2m1 by 16", isa, src.data(), 16, src.size() / 16, false, power, 0,
                [mode](auto set, const float* from, std::size_t n, dyad::block_places to, std::uint32_t* largest) {
                    std::fesetround(mode);
                    dyad::quantize_power_blocks<dyad::float4_e2m1fn_format, 16>(set, from, n, {0, 2}, to, largest);
                    std::fesetround(FE_TONEAREST);
                });
            compare<4>(
                cases, "NVFP4", isa, src.data(), 16, src.size() / 16, true, scaled, 0,
                [mode](auto set, const float* from, std::size_t n, dyad::block_places to, std::uint32_t* largest) {
                    std::fesetround(mode);
                    dyad::quantize_scaled_blocks(set, from, n, 0.3f, to, largest);
                    std::fesetround(FE_TONEAREST);
                });
        }
    }
}

}  // namespace
