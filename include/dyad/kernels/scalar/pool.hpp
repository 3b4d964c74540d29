// SPDX-License-Identifier: Apache-2.0
// Largest and mean element of a window of an image, for channels side by side: one rule for a channel, loops over 64,
// 16 and single channels. Windows are taken row by row, and the order is part of the mean of floats.
//   mean of codes   (sum > 0 ? sum + n/2 : sum - n/2) / n, cut as in C: to nearest, ties away from the raw number 0.
//                   Source: TensorFlow Lite, kernels/internal/reference/integer_ops/pooling.h
//   mean of floats  the float sum in order, over n, rounded once
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/scalar/scale.hpp>

namespace dyad::inline v1 {

/// The elements of a window of one channel: rows x columns of them, and where the next channel's stand.
template <class T>
struct pool_window {
    const T* first;
    std::ptrdiff_t rows;
    std::ptrdiff_t columns;
    std::ptrdiff_t down;
    std::ptrdiff_t across;
    std::ptrdiff_t channel_stride;
};

namespace scalar {

/// The largest code, within bounds.
template <class Raw>
struct largest_code {
    using sum_type = Raw;
    Raw low;
    Raw high;

    [[nodiscard, gnu::always_inline]] Raw begin(Raw x) const noexcept { return x; }
    [[nodiscard, gnu::always_inline]] Raw add(Raw sum, Raw x) const noexcept { return x > sum ? x : sum; }
    [[nodiscard, gnu::always_inline]] Raw finish(Raw sum) const noexcept {
        const Raw y = sum > low ? sum : low;
        return y < high ? y : high;
    }
};

/// The mean code, within bounds. floor(t / n) = floor(t inverse 2^-shift) for 0 <= t < 2^31 with inverse =
/// floor(2^shift / n) + 1 and 2^shift >= 2^31 n, inverse < 2^32 (Granlund and Montgomery, PLDI 1994).
template <class Raw>
struct mean_code {
    using sum_type = std::int32_t;
    std::int32_t low;
    std::int32_t high;
    std::uint32_t half;
    int shift;
    std::uint32_t inverse;

    [[nodiscard]] static mean_code of(std::uint32_t count, std::int32_t low, std::int32_t high) noexcept {
        const int shift = 31 + bit_width(count - 1);
        return {low, high, count / 2, shift, static_cast<std::uint32_t>((std::uint64_t{1} << shift) / count + 1)};
    }
    [[nodiscard, gnu::always_inline]] std::int32_t begin(Raw x) const noexcept { return x; }
    [[nodiscard, gnu::always_inline]] std::int32_t add(std::int32_t sum, Raw x) const noexcept { return sum + x; }
    [[nodiscard, gnu::always_inline]] Raw finish(std::int32_t sum) const noexcept {
        const auto magnitude = static_cast<std::uint32_t>(sum < 0 ? -sum : sum);
        const auto q = static_cast<std::int32_t>((std::uint64_t{magnitude + half} * inverse) >> shift);
        const std::int32_t mean = sum < 0 ? -q : q;
        const std::int32_t y = mean > low ? mean : low;
        return static_cast<Raw>(y < high ? y : high);
    }
};

/// The largest float: -0 < +0, and NaN, as 0x7fc0 0000, is above infinity. By integers in the order of the numbers.
struct largest_float {
    using sum_type = std::int32_t;

    [[nodiscard, gnu::always_inline]] std::int32_t begin(float x) const noexcept {
        const auto bits = std::bit_cast<std::int32_t>(x);
        const std::int32_t order = bits ^ ((bits >> 31) & 0x7fff'ffff);
        return (bits & 0x7fff'ffff) > 0x7f80'0000 ? 0x7fc0'0000 : order;
    }
    [[nodiscard, gnu::always_inline]] std::int32_t add(std::int32_t sum, float x) const noexcept {
        const std::int32_t y = begin(x);
        return y > sum ? y : sum;
    }
    [[nodiscard, gnu::always_inline]] float finish(std::int32_t sum) const noexcept {
        return std::bit_cast<float>(sum ^ ((sum >> 31) & 0x7fff'ffff));
    }
};

/// The mean of floats. A quotient of 53 digits rounded to 24 is the quotient rounded to 24 (53 >= 2 * 24 + 2), so that
/// an exact division of doubles serves; n < 2^53.
struct mean_float {
    using sum_type = float;
    double count;

    [[nodiscard, gnu::always_inline]] float begin(float x) const noexcept { return x; }
    [[nodiscard, gnu::always_inline]] float add(float sum, float x) const noexcept { return sum + x; }
    [[nodiscard, gnu::always_inline]] float finish(float sum) const noexcept {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(divided(static_cast<double>(sum), count)));
        return std::bit_cast<float>((bits & 0x7fff'ffffU) > 0x7f80'0000U ? 0x7fc0'0000U : bits);
    }
};

// (__restrict, and loops of a constant length: compilers make vectors of them at -O2.)

/// Sums of Lanes channels with one element of each.
template <std::size_t Lanes, class T, class Rule>
[[gnu::always_inline]] inline void pool_begin(const T* __restrict from, typename Rule::sum_type* __restrict sums,
                                              const Rule& rule) noexcept {
    for (std::size_t c = 0; c < Lanes; ++c) sums[c] = rule.begin(from[c]);
}
/// The same after one more element of each.
template <std::size_t Lanes, class T, class Rule>
[[gnu::always_inline]] inline void pool_add(const T* __restrict from, typename Rule::sum_type* __restrict sums,
                                            const Rule& rule) noexcept {
    for (std::size_t c = 0; c < Lanes; ++c) sums[c] = rule.add(sums[c], from[c]);
}

/// Lanes channels from w.first on.
template <std::size_t Lanes, class T, class Rule>
[[gnu::always_inline]] inline void pool_block(const pool_window<T>& w, const Rule& rule, T* __restrict dst) noexcept {
    alignas(64) typename Rule::sum_type sums[Lanes];
    pool_begin<Lanes>(w.first, sums, rule);
    for (std::ptrdiff_t i = 0; i < w.rows; ++i) {
        for (std::ptrdiff_t j = i == 0 ? 1 : 0; j < w.columns; ++j) {
            pool_add<Lanes>(w.first + i * w.down + j * w.across, sums, rule);
            __asm__("" : "+m"(sums));  // one after the other, with -ffast-math as well
        }
    }
    if constexpr (Lanes > 1 && requires { rule.template finish_all<Lanes>(sums, dst); }) {
        rule.template finish_all<Lanes>(sums, dst);
    } else {
        for (std::size_t c = 0; c < Lanes; ++c) dst[c] = rule.finish(sums[c]);
    }
}

/// `channels` channels; the window has an element.
template <class T, class Rule>
[[gnu::always_inline]] inline void pool_pixel_by_blocks(pool_window<T> w, const Rule& of_channels, T* dst,
                                                        std::ptrdiff_t stride, std::ptrdiff_t channels) noexcept {
    const Rule rule = of_channels;
    if (w.channel_stride == 1 && stride == 1) {
        for (; channels >= 64; channels -= 64, w.first += 64, dst += 64) pool_block<64>(w, rule, dst);
        for (; channels >= 16; channels -= 16, w.first += 16, dst += 16) pool_block<16>(w, rule, dst);
    }
    for (; channels > 0; --channels, w.first += w.channel_stride, dst += stride) pool_block<1>(w, rule, dst);
}
template <class T, class Rule>
[[gnu::noinline]] inline void pool_pixel(const pool_window<T>& w, const Rule& rule, T* dst, std::ptrdiff_t stride,
                                         std::ptrdiff_t channels) noexcept {
    pool_pixel_by_blocks(w, rule, dst, stride, channels);
}

}  // namespace scalar

}  // namespace dyad::inline v1
