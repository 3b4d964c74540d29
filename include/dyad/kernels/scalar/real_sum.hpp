// SPDX-License-Identifier: Apache-2.0
// dst = x f + y g of rows of floats: the product y g is exact in double (24 + 24 digits), x f is added to it with one
// rounding to double, and one to float follows; NaN has one pattern, 0x7fc0 0000.
//
// Where f = g = 1 that is the float sum: rounding to 53 digits and then to 24 is rounding to 24, as 53 >= 2 * 24 + 2
// (Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 1995).
#pragma once

#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>

namespace dyad::inline v1 {

struct real_factors {
    float x;
    float y;
    [[nodiscard]] bool are_one() const noexcept { return x == 1 && y == 1; }
};

namespace scalar {

[[nodiscard, gnu::always_inline]] inline float real_sum(float x, float y, real_factors f) noexcept {
    const double scaled = static_cast<double>(y) * static_cast<double>(f.y);
    auto sum = static_cast<float>(fused(static_cast<double>(x), static_cast<double>(f.x), scaled));
    std::uint32_t bits = 0;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    if ((bits & 0x7fff'ffffU) > 0x7f80'0000U) bits = 0x7fc0'0000U;
    __builtin_memcpy(&sum, &bits, sizeof bits);
    return sum;
}

/// dst[i] for n floats; dst may be x or y. The default environment.
[[gnu::noinline]] inline void real_sum_row(const float* x, const float* y, float* dst, std::ptrdiff_t n,
                                           real_factors f) noexcept {
    for (std::ptrdiff_t i = 0; i < n; ++i) dst[i] = real_sum(x[i], y[i], f);
}

}  // namespace scalar

}  // namespace dyad::inline v1
