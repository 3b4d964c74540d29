// SPDX-License-Identifier: Apache-2.0
// SQNR, cosine, clipped and zeroed codes, softmax, KL divergence, argmax, Wilson's interval: by hand, published, and
// with 50 digits.
#include <dyad/study/metrics.hpp>

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::study::argmax;
using dyad::study::error_energy;
using dyad::study::kl_divergence;
using dyad::study::wilson_interval;
using digits50 = boost::multiprecision::cpp_bin_float_50;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

error_energy energy(const std::vector<double>& reference, const std::vector<double>& values) {
    error_energy e;
    for (std::size_t i = 0; i < reference.size(); ++i) e.add(reference[i], values[i]);
    return e;
}

TEST_CASE("sqnr: ten times the logarithm of signal energy over noise energy") {
    CHECK(energy({3, 4}, {3, 4.5}).signal == 25);
    CHECK(energy({3, 4}, {3, 4.5}).noise == 0.25);
    CHECK(energy({3, 4}, {3, 4.5}).sqnr_db() == doctest::Approx(20).epsilon(1e-15));
    CHECK(energy({10, 0}, {9, 0}).sqnr_db() == doctest::Approx(20).epsilon(1e-15));
    CHECK(energy({1, 1}, {2, 0}).sqnr_db() == 0);
    CHECK(energy({1}, {1001}).sqnr_db() == doctest::Approx(-60).epsilon(1e-15));
    // 10 log10 2
    CHECK(energy({1, 1}, {1, 2}).sqnr_db() == doctest::Approx(3.0102999566398119521).epsilon(1e-15));
    // The classical 6.02 dB for each bit, 1.76 for a full sine: noise uniform within a step of 2^(1 - n).
    const int n = 100000;
    error_energy sine;
    for (int i = 0; i < n; ++i) {
        const double x = std::sin(2 * std::acos(-1.0) * i * 0.6180339887498949);
        sine.add(x, std::nearbyint(x * 0x1p11) * 0x1p-11);
    }
    CHECK(sine.sqnr_db() == doctest::Approx(20 * std::log10(2.0) * 12 + 10 * std::log10(1.5)).epsilon(1e-3));
}

TEST_CASE("sqnr: no noise, no signal, NaN and infinity") {
    CHECK(energy({1, 2}, {1, 2}).sqnr_db() == infinity);
    CHECK(energy({}, {}).sqnr_db() == infinity);
    CHECK(energy({0}, {0}).sqnr_db() == infinity);
    CHECK(energy({0, 0}, {0, 1}).sqnr_db() == -infinity);
    CHECK(energy({1}, {infinity}).sqnr_db() == -infinity);
    CHECK(energy({1}, {-infinity}).sqnr_db() == -infinity);
    CHECK(std::isnan(energy({1}, {nan}).sqnr_db()));
    CHECK(std::isnan(energy({nan}, {1}).sqnr_db()));
    CHECK(std::isnan(energy({infinity}, {infinity}).sqnr_db()));
    CHECK(std::isnan(energy({1, 2, 3}, {1, nan, 3}).sqnr_db()));
}

TEST_CASE("sqnr: merging adds") {
    error_energy left = energy({1, 2}, {1.5, 2});
    const error_energy right = energy({3, -4}, {3, -3});
    left.merge(right);
    const error_energy all = energy({1, 2, 3, -4}, {1.5, 2, 3, -3});
    CHECK(left.signal == all.signal);
    CHECK(left.noise == all.noise);
    CHECK(all.signal == 30);
    CHECK(all.noise == 1.25);
    left.merge({});
    CHECK(left.signal == 30);
    CHECK(left.noise == 1.25);
    left.merge(energy({1}, {nan}));
    CHECK(std::isnan(left.sqnr_db()));
}

dyad::study::direction direction_of(const std::vector<double>& reference, const std::vector<double>& values) {
    dyad::study::direction d;
    for (std::size_t i = 0; i < reference.size(); ++i) d.add(reference[i], values[i]);
    return d;
}

TEST_CASE("cosine: of the angle between two tensors") {
    CHECK(direction_of({3, 4}, {3, 4}).cosine() == 1);
    CHECK(direction_of({3, 4}, {-6, -8}).cosine() == -1);
    CHECK(direction_of({1, 0}, {0, 5}).cosine() == 0);
    CHECK(direction_of({1, 0}, {1, 1}).cosine() == doctest::Approx(std::sqrt(0.5)).epsilon(1e-15));
    CHECK(direction_of({3, 4}, {4, 3}).cosine() == doctest::Approx(24.0 / 25).epsilon(1e-15));
    // Scales do not matter, not even those whose squares' product leaves the range of double.
    CHECK(direction_of({3e100, 4e100}, {4e80, 3e80}).cosine() == doctest::Approx(24.0 / 25).epsilon(1e-14));
    // Equal tensors have 1, opposite ones never less than -1, whatever the roots' rounding.
    double widest = 0;
    for (int i = 1; i < 1000; ++i) {
        const double x = 1.0 / i;
        CHECK(direction_of({x, x * x, 1}, {x, x * x, 1}).cosine() == 1);
        widest = std::min(widest, direction_of({x, x * x, 1}, {-x, -x * x, -1}).cosine());
    }
    CHECK(widest == -1);
}

TEST_CASE("cosine: zeros, NaN and infinity; merging adds") {
    CHECK(direction_of({}, {}).cosine() == 1);
    CHECK(direction_of({0, 0}, {0, 0}).cosine() == 1);
    CHECK(direction_of({1, 2}, {0, 0}).cosine() == 0);
    CHECK(direction_of({0, 0}, {1, 2}).cosine() == 0);
    CHECK(std::isnan(direction_of({1, 2}, {nan, 2}).cosine()));
    CHECK(std::isnan(direction_of({0, 0}, {nan, 2}).cosine()));
    CHECK(std::isnan(direction_of({1, 2}, {infinity, 2}).cosine()));
    dyad::study::direction left = direction_of({1, 2}, {2, 1});
    left.merge(direction_of({3}, {-1}));
    const dyad::study::direction all = direction_of({1, 2, 3}, {2, 1, -1});
    CHECK(left.product == all.product);
    CHECK(left.reference == all.reference);
    CHECK(left.value == all.value);
    CHECK(all.product == 1);
    CHECK(all.reference == 14);
    CHECK(all.value == 6);
}

TEST_CASE("code losses: clipped codes lie at an end beyond which the reference lies, zeroed ones were no zeros") {
    using dyad::study::code_end;
    dyad::study::code_losses l;
    const auto counts = [&] { return std::array<std::uint64_t, 3>{l.codes, l.clipped, l.zeroed}; };
    CHECK(l.clipped_share() == 0);
    CHECK(l.zeroed_share() == 0);
    l.add(127.6, 127, code_end::highest);
    CHECK(counts() == std::array<std::uint64_t, 3>{1, 1, 0});
    l.add(127, 127, code_end::highest);  // just fits
    l.add(126.6, 127, code_end::highest);
    l.add(127.6, 127, code_end::none);  // rounded, not clipped
    CHECK(counts() == std::array<std::uint64_t, 3>{4, 1, 0});
    l.add(-128.4, -128, code_end::lowest);
    l.add(-127.6, -128, code_end::lowest);
    CHECK(counts() == std::array<std::uint64_t, 3>{6, 2, 0});
    l.add(0.25, 0, code_end::none);
    l.add(0, 0, code_end::none);
    l.add(-0.0, 0, code_end::none);
    l.add(0, 1, code_end::none);
    CHECK(counts() == std::array<std::uint64_t, 3>{10, 2, 1});
    l.add(-3, 0, code_end::lowest);  // an unsigned format's lowest code: both
    CHECK(counts() == std::array<std::uint64_t, 3>{11, 3, 2});
    l.add(1e6, infinity, code_end::none);
    l.add(infinity, infinity, code_end::none);
    CHECK(counts() == std::array<std::uint64_t, 3>{13, 4, 2});
    CHECK(l.clipped_share() == 4.0 / 13);
    CHECK(l.zeroed_share() == 2.0 / 13);
    dyad::study::code_losses more;
    more.add(1, 0, code_end::none);
    more.merge(l);
    CHECK(more.codes == 14);
    CHECK(more.clipped == 4);
    CHECK(more.zeroed == 3);
}

double kl(const std::vector<double>& reference, const std::vector<double>& value) {
    return kl_divergence(reference, value);
}

TEST_CASE("softmax: shares of one, whatever is added to all logits") {
    const std::vector<double> p = dyad::study::softmax(std::array{0.0, std::log(3.0)});
    CHECK(p[0] == doctest::Approx(0.25).epsilon(1e-15));
    CHECK(p[1] == doctest::Approx(0.75).epsilon(1e-15));
    const std::vector<double> far = dyad::study::softmax(std::array{1e5, 1e5 + std::log(3.0)});
    CHECK(far[1] == doctest::Approx(0.75).epsilon(1e-10));
    CHECK(dyad::study::softmax(std::array{-1e300, 1e300}) == std::vector<double>{0, 1});
    CHECK(dyad::study::softmax(std::array{0.0, -infinity}) == std::vector<double>{1, 0});
    CHECK(dyad::study::softmax({}).empty());
}

TEST_CASE("kl: by hand") {
    // p = (1/2, 1/2), q = (3/4, 1/4): 1/2 ln(2/3) + 1/2 ln 2 = 1/2 ln(4/3), and back 3/4 ln(3/2) + 1/4 ln(1/2).
    const std::vector<double> even{0, 0};
    const std::vector<double> odd{std::log(3.0), 0};
    CHECK(kl(even, odd) == doctest::Approx(0.5 * std::log(4.0 / 3)).epsilon(1e-14));
    CHECK(kl(odd, even) == doctest::Approx(0.75 * std::log(1.5) - 0.25 * std::log(2.0)).epsilon(1e-14));
    CHECK(kl({1, 2, 3}, {1, 2, 3}) == 0);
    CHECK(kl({1, 2, 3}, {11, 12, 13}) == doctest::Approx(0).epsilon(1e-14));
    CHECK(kl({5}, {7}) == 0);
    CHECK(kl({}, {}) == 0);
    // A class that the reference gives no share costs nothing; one that the value gives none, very much, but finite.
    CHECK(kl({0, -infinity}, {0, -infinity}) == 0);
    CHECK(kl({0, -infinity}, {0, 0}) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
    CHECK(
        kl({0, 0}, {0, -1e6}) ==
        doctest::Approx(0.5 * std::log(0.5) + 0.5 * std::log(0.5 / std::numeric_limits<double>::min())).epsilon(1e-14));
}

TEST_CASE("kl: never negative, and half the mean square of small differences") {
    std::mt19937_64 engine(3);
    const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
    double lowest = 1;
    for (int i = 0; i < 2000; ++i) {
        std::vector<double> x(10);
        for (double& v : x) v = 10 * uniform();
        std::vector<double> y = x;
        for (double& v : y) v += 1e-9 * uniform();
        lowest = std::min(lowest, kl(x, y));
    }
    CHECK(lowest >= 0);
    // Two even classes, logits apart by d: KL = d^2 / 8 + O(d^4).
    CHECK(kl({0, 0}, {1e-3, 0}) == doctest::Approx(1e-6 / 8).epsilon(1e-6));
}

TEST_CASE("kl: NaN and infinity are not hidden") {
    // (The largest logit infinite: inf - inf has no exponential.)
    CHECK(std::isnan(kl({1, 2}, {nan, 2})));
    CHECK(std::isnan(kl({1, 2}, {1, nan})));
    CHECK(std::isnan(kl({1, 2}, {infinity, 2})));
    CHECK(std::isnan(kl({1, 2}, {-infinity, -infinity})));
    CHECK(std::isnan(kl({nan, 2}, {1, 2})));
    CHECK(std::isnan(kl({1, nan}, {1, 2})));
    CHECK(std::isnan(kl({infinity, 2}, {1, 2})));
}

TEST_CASE("argmax: the first of the largest") {
    CHECK(argmax(std::array{1.0, 3.0, 2.0}) == 1);
    CHECK(argmax(std::array{3.0, 3.0, 3.0}) == 0);
    CHECK(argmax(std::array{1.0, 3.0, 3.0}) == 1);
    CHECK(argmax(std::array{-5.0}) == 0);
    CHECK(argmax(std::array{-infinity, -1e308}) == 1);
    CHECK(argmax(std::array{0.0, -0.0}) == 0);
    CHECK(argmax(std::array{1.0, infinity, nan}) == 1);
    CHECK(argmax(std::array{1.0, nan, 2.0}) == 2);
}

/// z with erf(z / sqrt 2) = 95 %, by Newton from the series of erf.
digits50 quantile() {
    const digits50 pi = boost::math::constants::pi<digits50>();
    digits50 z = 2;
    for (int step = 0; step < 60; ++step) {
        const digits50 x = z / sqrt(digits50(2));
        digits50 term = x;
        digits50 sum = x;
        for (int n = 1; n < 200; ++n) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        const digits50 excess = 2 / sqrt(pi) * sum - digits50(95) / 100;
        z -= excess / (sqrt(2 / pi) * exp(-z * z / 2));
    }
    return z;
}

TEST_CASE("wilson: the roots of (p - k/n)^2 = z^2 p (1 - p) / n, with 50 digits") {
    const digits50 z = quantile();
    CHECK(std::fabs(static_cast<double>(z) - 1.959963984540054) < 1e-15);
    const auto check = [&](std::size_t successes, std::size_t trials) {
        CAPTURE(successes);
        CAPTURE(trials);
        const digits50 n = trials;
        const digits50 share = digits50(successes) / n;
        // a p^2 - 2 b p + c = 0
        const digits50 a = 1 + z * z / n;
        const digits50 b = share + z * z / (2 * n);
        const digits50 c = share * share;
        const digits50 root = sqrt(b * b - a * c);
        const auto [low, high] = wilson_interval(successes, trials);
        CHECK(std::fabs(low - static_cast<double>(digits50((b - root) / a))) <= 1e-15);
        CHECK(std::fabs(high - static_cast<double>(digits50((b + root) / a))) <= 1e-15);
        CHECK(low >= 0);
        CHECK(high <= 1);
    };
    check(449, 450);
    for (std::size_t n = 1; n <= 60; ++n) {
        for (std::size_t k = 0; k <= n; ++k) check(k, n);
    }
    check(0, 450);
    check(450, 450);
    check(123456, 1000000);
    CHECK(wilson_interval(450, 450).high == 1);
    CHECK(wilson_interval(0, 450).low == 0);
}

TEST_CASE("wilson: published intervals") {
    // Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I, method 3.
    const auto check = [](std::size_t successes, std::size_t trials, double low, double high) {
        const auto [l, h] = wilson_interval(successes, trials);
        CHECK(std::fabs(l - low) <= 0.5001e-4);
        CHECK(std::fabs(h - high) <= 0.5001e-4);
    };
    check(81, 263, 0.2553, 0.3662);
    check(15, 148, 0.0624, 0.1605);
    check(0, 20, 0.0000, 0.1611);
    check(1, 29, 0.0061, 0.1718);
}

TEST_CASE("wilson: nothing tried says nothing") {
    CHECK(wilson_interval(0, 0).low == 0);
    CHECK(wilson_interval(0, 0).high == 1);
}

}  // namespace
