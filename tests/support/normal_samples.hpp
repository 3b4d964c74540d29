// SPDX-License-Identifier: Apache-2.0
// A sample of the standard normal distribution that is the same everywhere, and the signal-to-noise ratio of a copy.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace dyad_test {

/// The quantiles (i + 1/2) / n, shuffled: moments and tails are those of the distribution, not of luck.
[[nodiscard]] inline std::vector<float> normal_samples(std::size_t n) {
    std::vector<float> x(n);
    double t = -6;
    for (std::size_t i = 0; i < n; ++i) {
        const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
        // Newton's steps from the quantile before.
        for (int steps = 0; steps < 60; ++steps) {
            const double excess = std::erfc(-t / std::numbers::sqrt2) / 2 - p;
            const double density = std::exp(-t * t / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
            const double step = std::fmin(std::fmax(excess / density, -0.5), 0.5);
            t -= step;
            if (std::fabs(step) < 1e-10) break;
        }
        x[i] = static_cast<float>(t);
    }
    std::mt19937_64 random(1);
    for (std::size_t i = n; i > 1; --i) std::swap(x[i - 1], x[random() % i]);
    return x;
}

/// 10 log10(sum x^2 / sum (x - y)^2).
[[nodiscard]] inline double decibels(std::span<const float> x, std::span<const float> y) {
    double signal = 0;
    double noise = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double error = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        signal += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        noise += error * error;
    }
    return 10 * std::log10(signal / noise);
}

}  // namespace dyad_test
