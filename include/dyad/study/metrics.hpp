// SPDX-License-Identifier: Apache-2.0
// Error metrics: SQNR, KL divergence, Wilson's interval. Sums are plain structs that merge by addition.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace dyad::inline v1::study {

/// Signal and noise energy of a tensor against its reference.
struct error_energy {
    double signal = 0;  ///< sum of reference^2
    double noise = 0;   ///< sum of (value - reference)^2; NaN or infinite where a value is

    void add(double reference, double value) noexcept {
        signal += reference * reference;
        noise += (value - reference) * (value - reference);
    }
    void merge(const error_energy& other) noexcept {
        signal += other.signal;
        noise += other.noise;
    }
    /// Signal to quantization noise ratio, 10 log10(signal / noise) dB; infinity without noise, NaN where noise is.
    [[nodiscard]] double sqnr_db() const noexcept {
        if (noise == 0) return std::numeric_limits<double>::infinity();
        return 10 * std::log10(signal / noise);
    }
};

/// softmax(logits), in double.
[[nodiscard]] inline std::vector<double> softmax(std::span<const double> logits) {
    double max = -std::numeric_limits<double>::infinity();
    for (const double x : logits) max = std::max(max, x);
    std::vector<double> p(logits.size());
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] = std::exp(logits[i] - max);
    for (double& x : p) x /= sum;
    return p;
}

/// KL(softmax(reference) || softmax(value)) in nats, at least 0; NaN where a logit of either is NaN or infinite.
[[nodiscard]] inline double kl_divergence(std::span<const double> reference, std::span<const double> value) {
    const std::vector<double> p = softmax(reference);
    const std::vector<double> q = softmax(value);
    double kl = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (p[i] != 0) kl += p[i] * std::log(p[i] / std::max(q[i], std::numeric_limits<double>::min()));
    }
    return std::max(kl, 0.0);
}

/// Index of the largest value, the first of equals.
[[nodiscard]] inline std::size_t argmax(std::span<const double> values) noexcept {
    std::size_t best = 0;
    for (std::size_t i = 1; i < values.size(); ++i) best = values[i] > values[best] ? i : best;
    return best;
}

struct interval {
    double low = 0;
    double high = 1;
};

/// Wilson's 95 % score interval of a proportion. Source: Wilson, J. Amer. Statist. Assoc. 22 (1927).
[[nodiscard]] inline interval wilson_interval(std::size_t successes, std::size_t trials) noexcept {
    if (trials == 0) return {};
    constexpr double z = 1.95996398454005423552;  // 97.5 % quantile of the normal distribution
    const auto n = static_cast<double>(trials);
    const double p = static_cast<double>(successes) / n;
    const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

}  // namespace dyad::inline v1::study
