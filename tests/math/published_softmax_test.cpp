// SPDX-License-Identifier: Apache-2.0
// FQ-ViT's LogRound, IntAttention's table, Softermax's words: constants recomputed, published errors reproduced.
#include <dyad/math/fqvit.hpp>
#include <dyad/math/index_softmax.hpp>
#include <dyad/math/softermax.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace {

namespace fqvit = dyad::fqvit;
namespace index_softmax = dyad::index_softmax;
namespace softermax = dyad::softermax;
using dyad::carried32;
using dyad_test::tally;

static_assert(fqvit::log_round(1) == 0 && fqvit::log_round(2) == 1 && fqvit::log_round(3) == 2 &&
              fqvit::log_round(5) == 2);
static_assert(fqvit::log_share(carried32::from(5), {}, 4) == 16 && fqvit::log_share_mended(5, 0, 4) == 16);
static_assert(fqvit::log_share_mended(~std::uint64_t{0}, 1, 5) == 32);

TEST_CASE("LogRound: one more from 1.5 * 2^k on") {
    tally cases("log_round");
    for (std::int64_t x = 1; x < 1 << 18; ++x) {
        const auto k = static_cast<int>(std::floor(std::log2(static_cast<double>(x))));
        const bool up = static_cast<double>(x) - std::ldexp(1.0, k) >= std::ldexp(1.0, k - 1);
        cases.check(fqvit::log_round(x) == k + (up ? 1 : 0), x);
    }
    CHECK(fqvit::log_round((std::int64_t{1} << 62) - 1) == 62);
}

TEST_CASE("log-int-softmax: 2^-q is off by up to a half of p; mended, a third") {
    // Shares e / sum with sum = 2^20, those of at least 2^-15.
    constexpr std::int64_t sum = 1 << 20;
    double relative = 0;
    double absolute = 0;
    double mended = 0;
    double mean = 0;
    int count = 0;
    for (std::int64_t e = 32; e < sum; e += 7) {
        const double p = static_cast<double>(e) / sum;
        const int q = fqvit::log_share(carried32::from(sum), carried32::from(e), 4);
        const int better = fqvit::log_share_mended(sum, static_cast<std::uint64_t>(e), 4);
        if (q == 16 || better == 16) continue;
        const double error = std::fabs(std::ldexp(1.0, -q) - p);
        relative = std::max(relative, error / p);
        absolute = std::max(absolute, error);
        mean += error / p;
        ++count;
        mended = std::max(mended, std::fabs(std::ldexp(1.0, -better) - p) / p);
    }
    MESSAGE("log-int-softmax: relative " << relative << ", mean " << mean / count << " over uniform shares, absolute "
                                         << absolute << "; mended " << mended);
    CHECK(relative == doctest::Approx(.5).epsilon(.002));
    CHECK(absolute == doctest::Approx(1.0 / 3).epsilon(.002));
    CHECK(mended == doctest::Approx(1.0 / 3).epsilon(.002));
}

TEST_CASE("IndexSoftmax: the table, and its errors by the index before and by the nearest") {
    for (int i = 0; i < 32; ++i) {
        const long entry = i == 31 ? 0 : std::lround(255 * std::exp(-6.6 * i / 31));
        CHECK(index_softmax::exponentials[static_cast<std::size_t>(i)] == entry);
    }
    constexpr std::int32_t threshold = 6'600'000;
    double cut = 0;
    double near = 0;
    double cut_mean = 0;
    double near_mean = 0;
    constexpr int range = 16'000'000;
    constexpr int step = 37;
    for (std::int32_t d = 0; d < range; d += step) {
        const double exact = std::exp(-d * 1e-6);
        const auto e = [&](int i) { return index_softmax::exponentials[static_cast<std::size_t>(i)] / 255.0; };
        const double a = std::fabs(e(index_softmax::index_of(d, threshold)) - exact);
        const double b = std::fabs(e(index_softmax::index_of_mended(d, threshold)) - exact);
        cut = std::max(cut, a);
        near = std::max(near, b);
        cut_mean += a * step / range;
        near_mean += b * step / range;
    }
    MESSAGE("IndexSoftmax: exp is off by " << cut << " (mean " << cut_mean << " on [0, 16]), by the nearest entry "
                                           << near << " (" << near_mean << ")");
    CHECK(cut == doctest::Approx(.19).epsilon(.02));
    CHECK(near == doctest::Approx(.10).epsilon(.02));
    CHECK(cut_mean <= .02);
    CHECK(near_mean <= cut_mean);
    // The float32 quotient: an index that rounds up to the next, just below it.
    int early = 0;
    for (std::int32_t c = index_softmax::largest_threshold - 1000; c < index_softmax::largest_threshold; ++c) {
        const std::int64_t d = (std::int64_t{7} * c) / 31;  // 31 d < 7 c where 31 does not divide it
        early += (31 * d) / c != index_softmax::index_of(d, c);
    }
    MESSAGE(early << " of 1000 thresholds near 2^26: an index one too large, by rounding");
    CHECK(early > 0);
    CHECK(index_softmax::share(255, 255) == 255);
    CHECK(index_softmax::share(0, 255) == 0);
    CHECK(index_softmax::share_mended(1, 510) == 1);  // a half, up; the published one goes to even
    CHECK(index_softmax::share(1, 510) == 0);
}

TEST_CASE("Softermax: words, powers, and a maximum that rises") {
    for (int k = 0; k < 4; ++k)
        CHECK(softermax::powers[static_cast<std::size_t>(k)] == std::lround(32768 * std::exp2(-k / 4.0)));
    double worst = 0;
    for (std::int32_t x = -128; x < 128; ++x) {
        const std::int32_t m = softermax::int_max(x);
        CHECK(4 * m >= x);
        CHECK(4 * (m - 1) < x);
        worst = std::max(worst, std::fabs(softermax::unnormed(x, 32) * 0x1p-15 - std::exp2(x / 4.0 - 32)));
    }
    CHECK(worst <= 0x1p-15);
    double reciprocal = 0;
    for (std::uint32_t sum = 1; sum < 1 << 16; ++sum) {
        const auto d = softermax::inverse(sum);
        CHECK(d.code >= 64);
        CHECK(d.code <= 128);
        reciprocal = std::max(reciprocal, std::fabs(std::ldexp(d.code / 128.0, -d.shift) * (sum / 64.0) - 1));
    }
    MESSAGE("Softermax: the reciprocal's relative error " << reciprocal);
    CHECK(reciprocal <= 1.0 / 128);
    // 3 at maximum 2, then 1 at maximum 5: 3 / 8 + 1.
    softermax::normalizer n;
    n.add(2, 3 << 15);
    CHECK(n.sum == 3 << 6);
    n.add(5, 1 << 15);
    CHECK(n.max == 5);
    CHECK(n.sum == (3 << 6) / 8 + (1 << 6));
    n.add(3, 1 << 15);
    CHECK(n.sum == (3 << 6) / 8 + (1 << 6) + (1 << 4));
    for (int i = 0; i < 1100; ++i) n.add(5, 1 << 15);
    CHECK(n.sum == 0xffff);  // Q(10,6) is full
    CHECK(softermax::share(1 << 15, softermax::inverse(64)) == 128);
}

}  // namespace
