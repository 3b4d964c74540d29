// SPDX-License-Identifier: Apache-2.0
// Dot products: exact integer sums, the two orders of float sums written out from their description, and the blocks of
// eight of every instruction set.
#include <dyad/kernels/dot.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"
#include "support/words.hpp"

#include <dyad/core/bits.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::int128_t;
using dyad_test::cpp_int;
using dyad_test::tally;
namespace scalar = dyad::scalar;

constexpr std::array<std::int8_t, 3> small{-128, 127, 1};
static_assert(scalar::dot_integer<std::int32_t>(small.data(), small.data(), 3) == 16384 + 16129 + 1);
static_assert(scalar::dot_integer<std::int32_t>(small.data(), small.data(), 0) == 0);
static_assert(scalar::dot_chained<std::int32_t, std::int64_t>(small.data(), small.data(), 3, 2) == 32514);

std::ptrdiff_t size_of(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

template <class Sum, class A, class B>
void check_integers(tally& cases) {
    std::mt19937_64 random(1);
    for (std::size_t k = 0; k < 70; ++k) {
        for (int r = 0; r < 4; ++r) {
            std::vector<A> lhs;
            std::vector<B> rhs;
            cpp_int expected = 0;
            for (std::size_t i = 0; i < k; ++i) {
                lhs.push_back(r == 0   ? std::numeric_limits<A>::min()
                              : r == 1 ? std::numeric_limits<A>::max()
                                       : dyad_test::random_word<A>(random));
                rhs.push_back(r < 2 ? std::numeric_limits<B>::min() : dyad_test::random_word<B>(random));
                expected += cpp_int(lhs[i]) * rhs[i];
            }
            const Sum got = scalar::dot_integer<Sum>(lhs.data(), rhs.data(), size_of(k));
            cases.check(dyad_test::to_integer(got) == expected, "k ", k, ": ", got);
        }
    }
}

TEST_CASE("dot_integer: exact sums of every pair of integer types") {
    tally cases("dot_integer");
    check_integers<std::int32_t, std::int8_t, std::int8_t>(cases);
    check_integers<std::int32_t, std::uint8_t, std::int8_t>(cases);
    check_integers<std::int32_t, std::int8_t, std::uint8_t>(cases);
    check_integers<std::int64_t, std::int16_t, std::uint16_t>(cases);
    check_integers<std::int64_t, std::uint16_t, std::uint16_t>(cases);
    check_integers<int128_t, std::int32_t, std::uint32_t>(cases);
    check_integers<int128_t, std::int64_t, std::int32_t>(cases);
}

TEST_CASE("dot_chained: each chain rounded once to float, chains added in order") {
    tally cases("dot_chained");
    std::mt19937_64 random(2);
    for (std::size_t k = 0; k < 70; ++k) {
        for (const std::size_t length : {1u, 2u, 3u, 16u, 32u, 69u, 100u}) {
            std::vector<std::int16_t> lhs;
            std::vector<std::int16_t> rhs;
            for (std::size_t i = 0; i < k; ++i) {
                lhs.push_back(static_cast<std::int16_t>(random()));
                rhs.push_back(static_cast<std::int16_t>(random()));
            }
            float expected = 0;
            std::int64_t chain = 0;
            std::int64_t exact = 0;
            for (std::size_t i = 0; i < k; ++i) {
                chain += std::int64_t{lhs[i]} * rhs[i];
                exact += std::int64_t{lhs[i]} * rhs[i];
                if ((i + 1) % length != 0 && i + 1 != k) continue;
                expected += static_cast<float>(chain);
                chain = 0;
            }
            const float got =
                scalar::dot_chained<std::int64_t, float>(lhs.data(), rhs.data(), size_of(k), size_of(length));
            cases.check(std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(expected), "k ", k,
                        ", length ", length, ": ", got, ", expected ", expected);
            cases.check(scalar::dot_chained<std::int64_t, std::int64_t>(lhs.data(), rhs.data(), size_of(k),
                                                                        size_of(length)) == exact,
                        "k ", k, " to int64");
        }
    }
}

/// Finite floats of many sizes, so that the order of the sums shows in the result.
std::vector<float> random_floats(std::size_t n, std::uint64_t seed, int significand_bits) {
    std::mt19937_64 random(seed);
    std::vector<float> all;
    for (std::size_t i = 0; i < n; ++i) {
        const auto digits = static_cast<std::int64_t>(random() >> (64 - significand_bits));
        const double x = std::ldexp(static_cast<double>(digits), static_cast<int>(random() % 12));
        all.push_back(static_cast<float>(random() % 2 != 0 ? -x : x));
    }
    return all;
}

float defined_f32(const std::vector<float>& lhs, const std::vector<float>& rhs) {
    float sum = 0;
    for (std::size_t i = 0; i < lhs.size(); ++i) sum = std::fma(lhs[i], rhs[i], sum);
    return sum;
}

/// Steps of 32 products; in each a chain of the even and one of the odd places, whose sum goes to the total.
float defined_bf16(const std::vector<float>& lhs, const std::vector<float>& rhs) {
    float total = 0;
    for (std::size_t step = 0; step * 32 < lhs.size(); ++step) {
        std::array<float, 2> chain{0, 0};
        for (std::size_t parity = 0; parity < 2; ++parity) {
            for (std::size_t place = parity; place < 32; place += 2) {
                const std::size_t i = step * 32 + place;
                if (i < lhs.size()) chain[parity] = std::fma(lhs[i], rhs[i], chain[parity]);
            }
        }
        total = total + (chain[0] + chain[1]);
    }
    return total;
}

TEST_CASE("dot_f32 and dot_bf16: their orders, bit for bit") {
    tally cases("float orders");
    int orders_differ = 0;
    for (std::size_t k = 0; k < 200; ++k) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const std::vector<float> lhs = random_floats(k, 2 * seed, 8);
            const std::vector<float> rhs = random_floats(k, 2 * seed + 1, 8);
            const float f32 = scalar::dot_f32(lhs.data(), rhs.data(), size_of(k));
            const float bf16 = scalar::dot_bf16(lhs.data(), rhs.data(), size_of(k));
            cases.check(std::bit_cast<std::uint32_t>(f32) == std::bit_cast<std::uint32_t>(defined_f32(lhs, rhs)),
                        "f32 k ", k);
            cases.check(std::bit_cast<std::uint32_t>(bf16) == std::bit_cast<std::uint32_t>(defined_bf16(lhs, rhs)),
                        "bf16 k ", k);
            orders_differ += f32 != bf16 ? 1 : 0;
        }
        const std::vector<float> lhs = random_floats(k, 100, 24);
        const std::vector<float> rhs = random_floats(k, 101, 24);
        const float f32 = scalar::dot_f32(lhs.data(), rhs.data(), size_of(k));
        cases.check(std::bit_cast<std::uint32_t>(f32) == std::bit_cast<std::uint32_t>(defined_f32(lhs, rhs)), "f32 k ",
                    k);
    }
    MESSAGE("the two orders differ in " << orders_differ << " of 4000 sums");
    CHECK(orders_differ > 500);
}

/// Equal bits; any NaN is as good as another.
bool equal(float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y) || (std::isnan(x) && std::isnan(y));
}

TEST_CASE("dot_f32_block and dot_bf16_block: each instruction set gives the bits of the plain loops") {
    tally cases("blocks of eight");
    using block =
        void (*)(dyad::instruction_set, const float*, const float*, std::ptrdiff_t, std::ptrdiff_t, float*) noexcept;
    using single = float (*)(const float*, const float*, std::ptrdiff_t) noexcept;
    constexpr std::size_t width = 8;
    static_assert(dyad::dot_block == width);
    const auto check = [&](block blocks, single one, dyad::instruction_set isa, std::size_t k, std::size_t stride,
                           const std::vector<float>& lhs, const std::vector<float>& rhs) {
        std::array<float, width + 2> sums{};
        sums.fill(42);
        blocks(isa, lhs.data(), rhs.data(), size_of(stride), size_of(k), sums.data() + 1);
        cases.check(sums.front() == 42 && sums.back() == 42, "beyond the sums, k ", k);
        for (std::size_t c = 0; c < width; ++c) {
            const float expected = one(lhs.data(), rhs.data() + c * stride, size_of(k));
            cases.check(equal(sums[c + 1], expected), dyad::to_string(isa), " k ", k, ", stride ", stride, ", column ",
                        c, ": ", sums[c + 1], ", expected ", expected);
        }
    };
    std::mt19937_64 random(3);
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2}) {
        if (isa > dyad::best_instruction_set()) {
            MESSAGE("not run: this machine has no " << dyad::to_string(isa));
            continue;
        }
        for (std::size_t k = 0; k < 131; ++k) {
            for (const std::size_t stride : {k, k + 1, k + 7, std::size_t{0}}) {
                std::vector<float> lhs = random_floats(k, 2 * k, 8);
                std::vector<float> rhs = random_floats(7 * stride + k, 2 * k + 1, 8);
                check(dyad::dot_f32_block, dyad::scalar::dot_f32, isa, k, stride, lhs, rhs);
                check(dyad::dot_bf16_block, dyad::scalar::dot_bf16, isa, k, stride, lhs, rhs);
                // Any codes: NaN, infinities, subnormals.
                for (float& x : lhs) x = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
                for (float& x : rhs)
                    if (random() % 8 == 0) x = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
                check(dyad::dot_f32_block, dyad::scalar::dot_f32, isa, k, stride, lhs, rhs);
                check(dyad::dot_bf16_block, dyad::scalar::dot_bf16, isa, k, stride, lhs, rhs);
            }
        }
    }
}

TEST_CASE("dot_f32 and dot_bf16: sums that tell one order from another") {
    // 2^24 + 1 + 1 is 2^24 one by one, and 2^24 + 2 where the ones meet first.
    const std::vector<float> ones(64, 1.0f);
    std::vector<float> row(3, 1.0f);
    row[0] = 0x1p24f;
    CHECK(scalar::dot_f32(row.data(), ones.data(), 3) == 0x1p24f);
    CHECK(scalar::dot_bf16(row.data(), ones.data(), 3) == 0x1p24f);  // even: 2^24 + 1 = 2^24; odd: 1
    row = {1, 0x1p24f, 1};
    CHECK(scalar::dot_bf16(row.data(), ones.data(), 3) == 0x1p24f + 2);  // even: 2; odd: 2^24
    CHECK(scalar::dot_f32(row.data(), ones.data(), 3) == 0x1p24f);
    // The second step of 32 begins with new chains: its two ones meet before they meet 2^24.
    row = std::vector(34, 0.0f);
    row[0] = 0x1p24f;
    row[32] = 1;
    row[33] = 1;
    CHECK(scalar::dot_bf16(row.data(), ones.data(), 34) == 0x1p24f + 2);
    CHECK(scalar::dot_f32(row.data(), ones.data(), 34) == 0x1p24f);
    // Fused: the product 1 - 2^-46 is not rounded to 1 before 1 is taken away.
    const std::vector<float> a{1, 1 + 0x1p-23f};
    const std::vector<float> b{-1, 1 - 0x1p-23f};
    CHECK(scalar::dot_f32(a.data(), b.data(), 2) == -0x1p-46f);
}

TEST_CASE("dot_f32 and dot_bf16: nothing, zeros, infinities, NaN, overflow, subnormals") {
    constexpr float inf = std::numeric_limits<float>::infinity();
    constexpr float most = std::numeric_limits<float>::max();
    for (const auto dot : {scalar::dot_f32, scalar::dot_bf16}) {
        const auto run = [dot](std::vector<float> lhs, std::vector<float> rhs) {
            return dot(lhs.data(), rhs.data(), size_of(lhs.size()));
        };
        CHECK(run({}, {}) == 0);
        CHECK_FALSE(std::signbit(run({}, {})));
        CHECK_FALSE(std::signbit(run({-0.0f, -0.0f}, {1, 1})));  // +0 + -0
        CHECK(run({inf, 1}, {1, 1}) == inf);
        CHECK(std::isnan(run({inf, -inf}, {1, 1})));
        CHECK(std::isnan(run({inf}, {0})));
        CHECK(std::isnan(run({std::numeric_limits<float>::quiet_NaN(), 1}, {1, 1})));
        CHECK(run({most, most}, {2, 1}) == inf);
        CHECK(run({0x1p-140f, 0x1p-149f}, {1, 1}) == 0x1p-140f + 0x1p-149f);
        CHECK(run({0x1p-100f, 0x1p-100f}, {0x1p-49f, 0x1p-49f}) == 0x1p-148f);
    }
}

}  // namespace
