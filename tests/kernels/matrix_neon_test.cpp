// SPDX-License-Identifier: Apache-2.0
// The matrix kernels of AArch64 against the plain ones, bit for bit.
#include <dyad/kernels/matrix_kernel.hpp>

#include <doctest/doctest.h>

#if !defined(__aarch64__)

TEST_CASE("matrix_neon: this program has cases on AArch64 only") {
    MESSAGE(
        "SKIPPED: this is not AArch64; tests/aarch64 builds and runs this program for it where the tools are there");
}

#else

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <sys/auxv.h>

#include <dyad/kernels/neon/matrix_bf16.hpp>
#include <dyad/kernels/neon/matrix_f32.hpp>
#include <dyad/kernels/neon/matrix_integer16.hpp>
#include <dyad/kernels/neon/matrix_integer8.hpp>
#include <dyad/kernels/neon_dot/matrix_integer8.hpp>
#include <dyad/kernels/scalar/matrix.hpp>

#include "support/drive_kernel.hpp"

namespace {

using dyad::bfloat16;
using dyad::lines_view;
using dyad::matrix_kernel;

struct source {
    std::uint64_t state;
    std::uint64_t operator()() {
        state += 0x9e37'79b9'7f4a'7c15U;
        std::uint64_t x = (state ^ (state >> 30)) * 0xbf58'476d'1ce4'e5b9U;
        x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebU;
        return x ^ (x >> 31);
    }
};

enum class contents : std::uint8_t { random, lowest, highest, special, small };
constexpr contents all_contents[] = {contents::random, contents::lowest, contents::highest, contents::special,
                                     contents::small};

/// Integers: any, all the lowest, all the highest, lowest and highest mixed, -1 to 2 (as stored).
template <class T>
T draw(source& from, contents what) {
    const T lowest = std::numeric_limits<T>::lowest();
    const T highest = std::numeric_limits<T>::max();
    switch (what) {
        case contents::random: return static_cast<T>(from());
        case contents::lowest: return lowest;
        case contents::highest: return highest;
        case contents::special: return from() % 2 == 0 ? lowest : highest;
        case contents::small: return static_cast<T>(from() % 4 - 1);
    }
    return T{};
}
/// Floats: moderate, all the largest negative, all the largest, any pattern, products
/// around the smallest subnormal.
template <>
float draw<float>(source& from, contents what) {
    const float highest = std::numeric_limits<float>::max();
    switch (what) {
        case contents::random: return static_cast<float>(static_cast<std::int32_t>(from())) * 0x1p-28f;
        case contents::lowest: return -highest;
        case contents::highest: return highest;
        case contents::special: return std::bit_cast<float>(static_cast<std::uint32_t>(from()));
        case contents::small: return static_cast<float>(static_cast<std::int32_t>(from())) * 0x1p-105f;
    }
    return 0;
}
template <>
bfloat16 draw<bfloat16>(source& from, contents what) {
    const auto bits = std::bit_cast<std::uint32_t>(draw<float>(from, what));
    return bfloat16::from_bits(static_cast<std::uint16_t>(bits >> 16));
}

template <class T>
std::uint64_t bits_of(T x) {
    if constexpr (std::is_same_v<T, float>) return std::bit_cast<std::uint32_t>(x);
    else return static_cast<std::uint64_t>(x);
}

/// How an operand lies in memory: line (row of lhs, column of rhs) and k strides.
enum class layout : std::uint8_t { k_contiguous, lines_contiguous, odd, backwards };
constexpr layout all_layouts[] = {layout::k_contiguous, layout::lines_contiguous, layout::odd, layout::backwards};

template <class T>
struct operand {
    std::vector<T> memory;
    lines_view<T> view;

    operand(layout where, std::ptrdiff_t lines, std::ptrdiff_t k, source& from, contents what) {
        const std::ptrdiff_t line_stride = where == layout::lines_contiguous ? 1 : where == layout::odd ? 3 : k + 5;
        const std::ptrdiff_t k_stride = where == layout::lines_contiguous ? lines + 3
                                        : where == layout::odd            ? 3 * lines + 1
                                                                          : 1;
        memory.resize(static_cast<std::size_t>(lines * line_stride + k * k_stride + 1));
        for (T& x : memory) x = draw<T>(from, what);
        view = {memory.data(), line_stride, k_stride};
        if (where == layout::backwards)
            view = {memory.data() + (lines - 1) * line_stride + (k > 0 ? k - 1 : 0) * k_stride, -line_stride,
                    -k_stride};
    }
};

/// One product by both kernels, in blocks of k, with sentinels right of every row.
template <class L, class R, class S>
bool same_bits(const matrix_kernel<L, R, S>& kernel, const matrix_kernel<L, R, S>& plain, const operand<L>& lhs,
               const operand<R>& rhs, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, std::ptrdiff_t block) {
    const S sentinel = static_cast<S>(42);
    const auto got = dyad_test::drive_kernel(kernel, lhs.view, rhs.view, m, n, k, block, n + 3, sentinel);
    const auto wanted = dyad_test::drive_kernel(plain, lhs.view, rhs.view, m, n, k, block, n + 3, sentinel);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (bits_of(got[i]) == bits_of(wanted[i])) continue;
        CAPTURE(kernel.name);
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        CAPTURE(block);
        CAPTURE(i);
        CAPTURE(bits_of(got[i]));
        CAPTURE(bits_of(wanted[i]));
        CHECK_MESSAGE(false, "other bits");
        return false;
    }
    return true;
}

/// `limit` reduces integers to what the kernel may be given.
template <class L, class R, class S, class Limit>
void check(const matrix_kernel<L, R, S>& kernel, const matrix_kernel<L, R, S>& plain, const Limit& limit) {
    source from{1};
    CHECK(kernel.lhs_bytes(77) % 64 == 0);
    CHECK(kernel.rhs_bytes(77) % 64 == 0);
    const auto one = [&](std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, std::ptrdiff_t block, layout a, layout b,
                         contents what) {
        operand<L> lhs(a, m, k, from, what);
        operand<R> rhs(b, n, k, from, what);
        for (L& x : lhs.memory) x = limit(x);
        for (R& x : rhs.memory) x = limit(x);
        return same_bits(kernel, plain, lhs, rhs, m, n, k, block);
    };
    // 1. Every place of an edge.
    for (std::ptrdiff_t m = 1; m <= kernel.lhs_lines + 1; ++m) {
        for (std::ptrdiff_t n = 1; n <= 2 * kernel.rhs_lines + 1; ++n)
            REQUIRE(one(m, n, 5, 0, layout::k_contiguous, layout::lines_contiguous, contents::random));
    }
    // 2. Depths around every step and chain, whole and in blocks.
    const std::ptrdiff_t n = kernel.rhs_lines * kernel.rhs_panels + 2;
    for (const std::ptrdiff_t k : {0, 1, 2, 3, 4, 7, 31, 32, 33, 34, 63, 65, 253, 254, 255, 509, 700}) {
        for (const contents what : all_contents) {
            REQUIRE(one(kernel.lhs_lines + 1, k < 100 ? n : kernel.rhs_lines + 1, k, 0, layout::lines_contiguous,
                        layout::k_contiguous, what));
            REQUIRE(one(kernel.lhs_lines, kernel.rhs_lines, k, 64, layout::k_contiguous, layout::k_contiguous, what));
        }
    }
    // 3. Every way to lie in memory.
    for (const layout a : all_layouts) {
        for (const layout b : all_layouts) {
            REQUIRE(one(kernel.lhs_lines, kernel.rhs_lines, 45, 0, a, b, contents::random));
            REQUIRE(one(kernel.lhs_lines - 1, kernel.rhs_lines - 1, 45, 0, a, b, contents::special));
        }
    }
}
template <class L, class R, class S>
void check(const matrix_kernel<L, R, S>& kernel, const matrix_kernel<L, R, S>& plain) {
    check(kernel, plain, [](auto x) { return x; });
}

TEST_CASE("neon: bytes of every sign") {
    check(dyad::neon::s8s8, dyad::scalar::s8s8);
    check(dyad::neon::u8s8, dyad::scalar::u8s8);
    check(dyad::neon::s8u8, dyad::scalar::s8u8);
    check(dyad::neon::u8u8, dyad::scalar::u8u8);
}

TEST_CASE("neon_dot: bytes of every sign") {
    if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) == 0) {
        MESSAGE("not run: this processor has no dot products");
        return;
    }
    check(dyad::neon_dot::s8s8, dyad::scalar::s8s8);
    check(dyad::neon_dot::u8s8, dyad::scalar::u8s8);
    check(dyad::neon_dot::s8u8, dyad::scalar::s8u8);
    check(dyad::neon_dot::u8u8, dyad::scalar::u8u8);
}

TEST_CASE("neon: int16") {
    check(dyad::neon::s16s16_32, dyad::scalar::s16s16_32);
    check(dyad::neon::s16_wide, dyad::scalar::s16_wide);
    // Products of 2^23 at most: 2896^2 < 2^23 < 2897^2; and, one side wide, -2^15 times -2^8.
    check(dyad::neon::s16_short, dyad::scalar::s16_short, [](std::int16_t x) {
        return static_cast<std::int16_t>(x > 2896 ? 2896 : x < -2896 ? -2896 : x);
    });
}

TEST_CASE("neon: the longest chains of int16 products of 2^23") {
    const std::vector<std::int16_t> low(8 * 700, std::int16_t{-32768});
    for (const auto factor : {std::int16_t{-256}, std::int16_t{255}}) {
        const std::vector<std::int16_t> other(8 * 700, factor);
        const auto sums =
            dyad_test::drive_kernel(dyad::neon::s16_short, {low.data(), 700, 1}, {other.data(), 700, 1}, 8, 8, 700);
        for (const std::int64_t sum : sums) REQUIRE(sum == std::int64_t{-32768} * factor * 700);
    }
}

TEST_CASE("neon: float") { check(dyad::neon::f32, dyad::scalar::f32); }

TEST_CASE("neon: bfloat16") { check(dyad::neon::bf16, dyad::scalar::bf16); }

}  // namespace

#endif
