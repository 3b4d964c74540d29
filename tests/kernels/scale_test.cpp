// SPDX-License-Identifier: Apache-2.0
// Floats divided and multiplied by scales, forced to each instruction set: against exact quotients and products,
// rounded once by the scalar routines.
#include <dyad/kernels/scale.hpp>

#include <doctest/doctest.h>

#include "support/float_inputs.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <dyad/number/arithmetic.hpp>
#include <dyad/number/exact_arithmetic.hpp>
#include <dyad/number/native.hpp>

namespace {

using dyad::instruction_set;
using dyad::rounding;
using dyad::saturation;
using dyad_test::tally;

constexpr std::uint32_t infinity = 0x7f80'0000;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
bool is_nan(float x) { return (bits_of(x) & 0x7fff'ffff) > infinity; }

dyad::unpacked_wide wide(double x) { return dyad::resize<dyad::uint128_t>(dyad::unpack(x)); }

/// The definition of divide_floats.
float divided(float x, double divisor) {
    if (is_nan(x)) return x;
    const std::uint32_t sign = (bits_of(x) ^ (std::signbit(divisor) ? 0x8000'0000 : 0)) & 0x8000'0000;
    const std::uint32_t magnitude = bits_of(x) & 0x7fff'ffff;
    if (magnitude == 0 || magnitude >= infinity) return std::bit_cast<float>(magnitude | sign);
    const auto q = dyad::quotient(wide(x), wide(divisor));
    const float y =
        std::fabs(std::bit_cast<float>(dyad::encode<dyad::binary32_format>(q, rounding::to_odd, saturation::none)));
    const float clamped = q.top_exponent() < -100 ? 0x1p-100f : q.top_exponent() >= 120 ? 0x1p120f : y;
    return std::bit_cast<float>(bits_of(clamped) | sign);
}

/// The definition of multiply_floats.
float multiplied(float x, double factor) {
    if (is_nan(x)) return std::bit_cast<float>(bits_of(x) | 0x0040'0000);
    const auto product = dyad::exact_product(wide(x), wide(factor));
    if (product.kind == dyad::number_class::nan) return std::bit_cast<float>(0x7fc0'0000);
    return std::bit_cast<float>(dyad::encode<dyad::binary32_format>(product, rounding::nearest_even, saturation::none));
}

std::vector<float> inputs(std::size_t random_ones) {
    std::vector<float> x;
    for (std::uint32_t upper = 0; upper < 65536; upper += 61) {
        for (const std::uint32_t lower : {0U, 1U, 0x8000U, 0xffffU})
            x.push_back(std::bit_cast<float>((upper << 16) | lower));
    }
    for (const float special : {0.0f, -0.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min(),
                                std::bit_cast<float>(0x7f80'0001), std::bit_cast<float>(0xffc1'2345)}) {
        x.push_back(special);
        x.push_back(-special);
    }
    dyad_test::add_random_floats(x, random_ones);
    return x;
}

/// Numbers of at most `digits` significant bits: few bits and many, around 1 and far from it, of both signs.
std::vector<double> scales(int digits, std::size_t n) {
    std::mt19937_64 random(11);
    std::vector<double> all{1, -1, 3, 0.1875, -6, 0x1p-130, 0x1p130, 0x1p-127, 0x1p126, 0x1p127, -0x1p-126, 0x1.8p-149};
    all.push_back(std::ldexp(1.0, digits) - 1);
    all.push_back(1 - std::ldexp(1.0, -digits));
    all.push_back(1 + std::ldexp(1.0, 1 - digits));
    while (all.size() < n) {
        const auto m = static_cast<double>((random() >> (64 - digits)) | 1);
        const int spread = all.size() % 3 == 0 ? 130 : 4;
        const int e = static_cast<int>(random() % static_cast<unsigned>(2 * spread)) - spread - digits;
        all.push_back(std::ldexp((random() & 1) != 0 ? m : -m, e));
    }
    return all;
}

/// Every number against every scale, and one scale for each number, in place and not.
template <class Operation, class Reference>
void check(tally& cases, const std::vector<float>& src, const std::vector<double>& all, Operation apply,
           Reference reference) {
    std::vector<float> expected(src.size());
    std::vector<float> got(src.size());
    const auto compare = [&](instruction_set isa, const char* how, const auto& scale_of) {
        for (std::size_t i = 0; i < src.size(); ++i)
            cases.check(bits_of(got[i]) == bits_of(expected[i]), to_string(isa), how, ": bits ", bits_of(src[i]),
                        " by ", scale_of(i), " gave ", bits_of(got[i]), ", expected ", bits_of(expected[i]));
    };
    for (const double scale : all) {
        for (std::size_t i = 0; i < src.size(); ++i) expected[i] = reference(src[i], scale);
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            apply(isa, src.data(), scale, got.data(), src.size());
            compare(isa, ", one scale", [&](std::size_t) { return scale; });
        }
    }
    std::vector<double> own(src.size());
    for (std::size_t i = 0; i < src.size(); ++i) own[i] = all[i * 7 % all.size()];
    for (std::size_t i = 0; i < src.size(); ++i) expected[i] = reference(src[i], own[i]);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        apply(isa, src.data(), static_cast<const double*>(own.data()), got.data(), src.size());
        compare(isa, ", own scales", [&](std::size_t i) { return own[i]; });
        got = src;
        apply(isa, static_cast<const float*>(got.data()), static_cast<const double*>(own.data()), got.data(),
              src.size());
        compare(isa, ", in place", [&](std::size_t i) { return own[i]; });
    }
}

const auto divide = [](auto isa, const float* src, auto divisor, float* dst, std::size_t n) {
    dyad::divide_floats(isa, src, divisor, dst, n);
};
const auto multiply = [](auto isa, const float* src, auto factor, float* dst, std::size_t n) {
    dyad::multiply_floats(isa, src, factor, dst, n);
};

TEST_CASE("divide_floats: exact quotients to odd") {
    tally cases("quotients");
    check(cases, inputs(500), scales(30, 60), divide, divided);
}

TEST_CASE("divide_floats: quotients next to numbers of few digits") {
    // x = B D 2^k rounded to a float, and its neighbours: the quotient is as near to B as any can be.
    tally cases("quotients next to boundaries");
    std::mt19937_64 random(12);
    for (int round = 0; round < 200; ++round) {
        const int digits = 2 + round % 29;
        const auto d = static_cast<double>((random() >> (64 - digits)) | 1);
        std::vector<float> src;
        for (int k = 0; k < 200; ++k) {
            const int length = 1 + k % 24;
            const auto boundary = static_cast<double>((random() >> (64 - length)) | 1);
            const auto x = static_cast<float>(boundary * d);
            src.insert(src.end(), {x, std::nextafter(x, 0.0f), std::nextafter(x, 2 * x)});
        }
        std::vector<float> got(src.size());
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            dyad::divide_floats(isa, src.data(), d, got.data(), src.size());
            for (std::size_t i = 0; i < src.size(); ++i)
                cases.check(bits_of(got[i]) == bits_of(divided(src[i], d)), to_string(isa), ": ", src[i], " / ", d);
        }
    }
}

TEST_CASE("multiply_floats: exact products rounded once") {
    tally cases("products");
    std::vector<double> factors = scales(29, 50);
    factors.insert(factors.end(),
                   {0.0, -0.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
                    -std::numeric_limits<double>::quiet_NaN()});
    check(cases, inputs(500), factors, multiply, multiplied);
}

template <std::size_t Size>
void check_groups(tally& cases) {
    const std::vector<float> src = inputs(200);
    const std::vector<double> all = scales(29, src.size() / Size);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        for (const std::size_t groups : {std::size_t{0}, std::size_t{1}, std::size_t{7}, src.size() / Size}) {
            std::vector<float> quotients(groups * Size + 1, -7.0f);
            std::vector<float> products = quotients;
            dyad::divide_groups<Size>(isa, src.data(), all.data(), quotients.data(), groups);
            dyad::multiply_groups<Size>(isa, src.data(), all.data(), products.data(), groups);
            cases.check(quotients.back() == -7 && products.back() == -7, "writes outside");
            for (std::size_t i = 0; i < groups * Size; ++i) {
                cases.check(bits_of(quotients[i]) == bits_of(divided(src[i], all[i / Size])) &&
                                bits_of(products[i]) == bits_of(multiplied(src[i], all[i / Size])),
                            to_string(isa), ": element ", i % Size, " of group ", i / Size, " of ", groups);
            }
        }
    }
}
TEST_CASE("divide_groups and multiply_groups: a scale for each group") {
    tally cases("groups");
    check_groups<16>(cases);
    check_groups<32>(cases);
}

TEST_CASE("divide_floats and multiply_floats: every length, nothing written outside, any environment") {
    tally cases("lengths");
    const std::vector<float> src = inputs(100);
    const std::vector<double> all = scales(29, 150);
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        for (const int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
            for (std::size_t n = 0; n < 140; ++n) {
                std::vector<float> got(2 * n + 3, -7.0f);
                std::fesetround(mode);
                dyad::divide_floats(isa, src.data() + 1, all.data() + 1, got.data() + 1, n);
                dyad::multiply_floats(isa, src.data() + 1, all.data() + 1, got.data() + n + 2, n);
                std::fesetround(FE_TONEAREST);
                cases.check(got[0] == -7 && got[n + 1] == -7 && got[2 * n + 2] == -7, "writes outside, n = ", n);
                for (std::size_t i = 0; i < n; ++i) {
                    cases.check(bits_of(got[i + 1]) == bits_of(divided(src[i + 1], all[i + 1])) &&
                                    bits_of(got[n + 2 + i]) == bits_of(multiplied(src[i + 1], all[i + 1])),
                                to_string(isa), ": element ", i, " of ", n, ", rounding mode ", mode);
                }
            }
        }
    }
}

}  // namespace
