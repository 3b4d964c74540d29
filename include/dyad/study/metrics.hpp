// SPDX-License-Identifier: Apache-2.0
// Error metrics: SQNR, cosine, clipped and zeroed codes, KL divergence, Wilson's interval. Sums are plain structs that
// merge by addition.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

/// How far a tensor points where its reference does.
struct direction {
    double product = 0;    ///< sum of reference * value
    double reference = 0;  ///< sum of reference^2
    double value = 0;      ///< sum of value^2

    void add(double expected, double got) noexcept {
        product += expected * got;
        reference += expected * expected;
        value += got * got;
    }
    void merge(const direction& other) noexcept {
        product += other.product;
        reference += other.reference;
        value += other.value;
    }
    /// product / (|reference| |value|), -1 to 1; 1 where both are zero, 0 where one is, NaN where a value is NaN or
    /// infinite.
    [[nodiscard]] double cosine() const noexcept {
        if (reference == 0 && value == 0) return 1;
        if (reference == 0 || value == 0) return 0 * product;
        if (product == reference && product == value) return 1;  // equal tensors, whatever the roots' rounding
        // (Two roots: the product of the energies may overflow.)
        const double c = product / (std::sqrt(reference) * std::sqrt(value));
        return c > 1 ? 1 : c < -1 ? -1 : c;
    }
};

/// Where in its format a code stands.
enum class code_end : std::int8_t { lowest = -1, none = 0, highest = 1 };

/// Codes that could not follow their reference: those at an end of the format beyond which the reference lies, and
/// zeros where it is none.
struct code_losses {
    std::uint64_t codes = 0;
    std::uint64_t clipped = 0;
    std::uint64_t zeroed = 0;

    /// A code of this value; an infinite one counts as clipped where the reference is finite.
    void add(double reference, double value, code_end end) noexcept {
        const bool beyond = (end == code_end::highest && reference > value) ||
                            (end == code_end::lowest && reference < value) ||
                            (std::isinf(value) && std::isfinite(reference));
        ++codes;
        clipped += beyond ? 1U : 0U;
        zeroed += value == 0 && reference != 0 ? 1U : 0U;
    }
    void merge(const code_losses& other) noexcept {
        codes += other.codes;
        clipped += other.clipped;
        zeroed += other.zeroed;
    }
    /// Shares of all codes; 0 where there are none.
    [[nodiscard]] double clipped_share() const noexcept { return share(clipped); }
    [[nodiscard]] double zeroed_share() const noexcept { return share(zeroed); }

private:
    [[nodiscard]] double share(std::uint64_t count) const noexcept {
        return codes == 0 ? 0 : static_cast<double>(count) / static_cast<double>(codes);
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
