// SPDX-License-Identifier: Apache-2.0
// Floats on which conversions to small formats are tested: all upper halves, the thresholds of a format, random bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <dyad/number/convert.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad_test {

/// Every upper half of a float with these lower halves: all exponents, infinities, subnormals, NaN of both kinds.
[[nodiscard]] inline std::vector<float> upper_halves(std::vector<std::uint32_t> lower_halves) {
    std::vector<float> x;
    for (std::uint32_t upper = 0; upper < 65536; ++upper) {
        for (const std::uint32_t lower : lower_halves) x.push_back(std::bit_cast<float>((upper << 16) | lower));
    }
    return x;
}

/// Adds n floats of random bits, and as many of magnitudes near 1.
inline void add_random_floats(std::vector<float>& to, std::size_t n) {
    std::mt19937 random(7);
    for (std::size_t i = 0; i < n; ++i) {
        const auto bits = static_cast<std::uint32_t>(random());
        to.push_back(std::bit_cast<float>(bits));
        to.push_back(std::bit_cast<float>((bits & 0x87ff'ffff) | 0x3800'0000));
    }
}

/// Adds the values of F and the points halfway between neighbours, also one place beyond the largest, where they are
/// floats, with the floats next to them.
template <dyad::float_format F>
void add_thresholds(std::vector<float>& to) {
    const auto add = [&to](double value) {
        const auto x = static_cast<float>(value);
        if (static_cast<double>(x) != value) return;
        const auto bits = std::bit_cast<std::uint32_t>(x);
        for (const std::uint32_t near : {bits - 1, bits, bits + 1}) {
            to.push_back(std::bit_cast<float>(near & 0x7fff'ffff));
            to.push_back(std::bit_cast<float>(near | 0x8000'0000));
        }
    };
    using type = dyad::minifloat<F>;
    const auto value = [](std::uint64_t code) {
        return dyad::convert<double>(type::from_bits(static_cast<typename type::bits_type>(code)));
    };
    double last = 0;
    double step = 0;
    for (std::uint64_t code = 0; code <= F.max_finite_code(); ++code) {
        const double x = value(code);
        step = x - last;
        add(last + step / 2);
        add(x);
        last = x;
    }
    add(last + step / 2);
    add(last + step);
}

}  // namespace dyad_test
