// SPDX-License-Identifier: Apache-2.0
// Groups of floats on which quantizers go wrong: largest magnitudes beside every threshold of a scale, elements on the
// values and midpoints of a format, extremes, zeros, NaN and infinities; and random groups.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/reference_blocks.hpp"

namespace dyad_test {

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Groups of one size, one behind the other.
class block_inputs {
public:
    block_inputs(const reference::element_format& e, std::size_t size) : e_(e), size_(size) {
        const auto largest = e.largest();
        max_ = std::ldexp(static_cast<double>(largest.significand), largest.exponent);
    }

    const std::vector<float>& values() const { return values_; }
    std::size_t size() const { return size_; }
    std::size_t count() const { return values_.size() / size_; }

    /// Groups with one of the largest magnitudes where rules change their minds, in binades from `from` on.
    block_inputs& add_thresholds(int from, int to, int step) {
        const double half_ulp = std::ldexp(1.0, -1 - e_.precision());
        for (int k = from; k <= to; k += step) {
            for (const double significand : {1.0, 2 - half_ulp * 2, max_, max_ * 2 / 3, 1.5, 1.75}) {
                const auto middle = static_cast<float>(std::ldexp(significand, k));
                for (const float a : {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, infinity)}) {
                    if (!std::isfinite(a)) continue;
                    add_under(a);
                }
            }
        }
        return *this;
    }

    /// Values and midpoints of the format, and the floats beside them, all times 2^k.
    block_inputs& add_grid(int k) {
        std::vector<float> x;
        const std::uint64_t last = std::min<std::uint64_t>(static_cast<std::uint64_t>(e_.max_raw()) + 1, e_.last());
        for (std::uint64_t n = 0; n < last; ++n) {
            const auto low = static_cast<double>(e_.value(n));
            const auto high = static_cast<double>(e_.value(n + 1));
            for (const double y : {low, (low + high) / 2, high}) {
                const auto middle = static_cast<float>(std::ldexp(y, e_.unit() + k));
                x.push_back(middle);
                x.push_back(std::nextafter(middle, infinity));
                x.push_back(-std::nextafter(middle, -infinity));
            }
        }
        // Each group has the largest value, so that the scale is 2^k or what the rule makes of it.
        const auto largest = static_cast<float>(std::ldexp(max_, k));
        for (std::size_t i = 0; i < x.size(); i += size_ - 1) {
            values_.push_back(i % 2 == 0 ? largest : -largest);
            for (std::size_t j = 0; j + 1 < size_; ++j) {
                const float y = x[(i + j) % x.size()];
                values_.push_back((i + j) % 5 < 2 ? -y : y);
            }
        }
        return *this;
    }

    block_inputs& add_extremes() {
        constexpr float top = std::numeric_limits<float>::max();
        for (const float y : {0.0f, -0.0f, 1.0f, -1.0f, 0x1p-149f, -0x1p-148f, 0x1p-127f, 0x1.fffffcp-127f, 0x1p-126f,
                              0x1.8p-130f, top, -top, 0x1p127f, 3.0f, 0x1.fffffep0f}) {
            add_equal(y);
            add_one(y, 0);
            add_one(y, 1);
            add_one(y, -0x1p-149f);
        }
        add_one(top, 0x1p-149f);
        add_one(-0.0f, 0.0f);
        return *this;
    }

    /// NaN and infinities alone, among zeros, and among numbers.
    block_inputs& add_specials() {
        const float negative_nan = std::bit_cast<float>(0xffc0'0001);
        const float signalling_nan = std::bit_cast<float>(0x7f80'0001);
        for (const float y : {not_a_number, negative_nan, signalling_nan, infinity, -infinity}) {
            add_equal(y);
            add_one(y, 0);
            add_one(y, -0.0f);
            add_one(y, 1.25f);
            add_one(y, std::numeric_limits<float>::max());
            add_one(y, -infinity);
            add_one(y, infinity);
        }
        return *this;
    }

    /// `blocks` groups: wide and narrow spreads of exponents, exact multiples (ties), near `centre`.
    block_inputs& add_random(std::size_t blocks, std::uint64_t seed, int centre, int range) {
        std::mt19937_64 random(seed);
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::uint64_t kind = random() % 8;
            const int top = centre + static_cast<int>(random() % static_cast<unsigned>(2 * range + 1)) - range;
            const auto spread = static_cast<unsigned>(kind == 0 ? 40 : kind == 1 ? 12 : kind == 2 ? 1 : 4);
            for (std::size_t i = 0; i < size_; ++i) {
                const std::uint64_t bits = random();
                // Multiples of 1/8, 1/16 or 1/64 under 8: ties for powers of two and for small scales alike.
                const double m = kind >= 6   ? static_cast<double>(bits % 512) / 64
                                 : kind == 5 ? static_cast<double>(bits % 64) / 8
                                             : 1 + static_cast<double>(bits >> 41) * 0x1p-23;
                const int exponent = kind >= 5 ? top : top - static_cast<int>((bits >> 8) % spread);
                auto y = static_cast<float>(std::ldexp(m, exponent));
                if (!std::isfinite(y)) y = std::numeric_limits<float>::max();
                if ((bits >> 20) % 31 == 0) y = 0;
                values_.push_back((bits >> 30) % 2 == 0 ? y : -y);
            }
        }
        return *this;
    }

private:
    void add_equal(float y) { values_.insert(values_.end(), size_, y); }
    void add_one(float y, float others) {
        const std::size_t at = values_.size();
        values_.insert(values_.end(), size_, others);
        values_[at + count() % size_] = y;
    }
    /// a with a sign, once or twice, and smaller ones, some of them on multiples of its binade's eighths.
    void add_under(float a) {
        const std::size_t at = values_.size();
        const std::uint32_t which = turn_++;
        for (std::size_t i = 0; i < size_; ++i) {
            const float share = static_cast<float>((i * 7 + which) % 17) / 16.0f;
            values_.push_back((i + which) % 3 == 0 ? -a * share : a * share);
        }
        values_[at + which % size_] = which % 2 == 0 ? a : -a;
    }

    const reference::element_format& e_;
    std::size_t size_;
    double max_ = 0;
    std::uint32_t turn_ = 0;
    std::vector<float> values_;
};

}  // namespace dyad_test
