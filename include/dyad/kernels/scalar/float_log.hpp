// SPDX-License-Identifier: Apache-2.0
// ln x of a positive normal double, and rows y = (x - m) s - c in double, rounded once to float.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/core/fused.hpp>
#include <dyad/kernels/scalar/opaque.hpp>
#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1::scalar {

/// ln x = e ln 2 + 2 (f + f^3 / 3 + ... + f^21 / 21), x = z 2^e, sqrt(1/2) <= z < sqrt(2), f = (z - 1) / (z + 1); |f|
/// <= 0.172 leaves f^23 / 11 < 3e-19. Within 3e-16 + 2e-16 |ln x|.
[[nodiscard]] inline double natural_log(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    constexpr std::uint64_t root = 0x3fe6'a09e'667f'3bcd;  // sqrt(1/2)
    const auto e = static_cast<std::int64_t>(bits - root) >> 52;
    const auto z = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(e) << 52));
    const double f = divided(opaque(z - 1), opaque(z + 1));
    const double square = opaque(f * f);
    double sum = 0;
    for (int k = 21; k >= 3; k -= 2) sum = fused(opaque(sum), square, opaque(divided(1.0, k)));
    sum = opaque(fused(opaque(sum), square, 1.0)) * opaque(2 * f);
    return fused(static_cast<double>(e), 0.693147180559945309417, opaque(sum));
}

/// y = float((x - m) s - c).
struct log_share {
    double m;
    double s;
    double c;
};

[[gnu::always_inline]] inline void log_shares_block(const float* src, const log_share& to, float* dst) noexcept {
    float x[lanes];
    float y[lanes];
    __builtin_memcpy(x, src, sizeof x);
    for (std::size_t i = 0; i < lanes; ++i)
        y[i] = static_cast<float>(fused(static_cast<double>(x[i]) - to.m, to.s, -to.c));
    __builtin_memcpy(dst, y, sizeof y);
}
[[gnu::noinline]] inline void log_shares(const float* src, const log_share& to, float* dst,
                                         std::size_t blocks) noexcept {
    for (std::size_t i = 0; i < blocks * lanes; i += lanes) log_shares_block(src + i, to, dst + i);
}

}  // namespace dyad::inline v1::scalar
