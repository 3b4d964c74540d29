// SPDX-License-Identifier: Apache-2.0
// Packed weights in registers of 256 bits: the sets of a unit, each four k of 8 columns, moved down to 0 ... 2^bits - 1
// so that vpmaddubsw's sums of two products fit its 16 bits: at most 2 * 128 * 63 = 16128. Weights of 8 bits come as
// two digits of 4. Up to `chain` units are summed in 16 bits before they are widened:
//   bits    largest u   sets in a sum of one unit   chain   2 * 128 * u * sets * chain
//   8, 4    15          2                           4       30720
//   6       63          2 (two sums)                1       32256
//   3       7           8                           2       28672
//   2       3           4                           10      30720
//   trits   2           5                           12      30720
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstdint>

#include <dyad/kernels/gemv_layout.hpp>

namespace dyad::inline v1::avx2 {

using weight_bytes [[gnu::vector_size(32)]] = std::uint8_t;
using weight_halves [[gnu::vector_size(32)]] = std::uint16_t;
using sum_halves [[gnu::vector_size(32)]] = std::int16_t;
using sum_words [[gnu::vector_size(32)]] = std::int32_t;

[[gnu::target("avx2"), gnu::always_inline]] inline weight_bytes load_weights(const std::uint8_t* from) noexcept {
    weight_bytes x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}
/// x moved down by `places`; the caller masks what comes in from the neighbouring byte.
[[gnu::target("avx2"), gnu::always_inline]] inline weight_bytes down(weight_bytes x, int places) noexcept {
    using words [[gnu::vector_size(32)]] = std::uint32_t;
    return reinterpret_cast<weight_bytes>(reinterpret_cast<words>(x) >> static_cast<std::uint32_t>(places));
}

/// take() gives `count` vectors: number n is set set_of[n], and belongs to sum sum_of[n], whose weight is
/// 2^shift_of[sum]. Vectors of a unit lie 64 bytes apart.
template <weight_code Code>
struct weight_sets;

template <>
struct weight_sets<weight_code::bits_8> {
    static constexpr int count = 4;
    static constexpr int sums = 2;
    static constexpr int chain = 4;
    static constexpr int set_of[] = {0, 0, 1, 1};
    static constexpr int sum_of[] = {0, 1, 0, 1};
    static constexpr int shift_of[] = {0, 4};
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const weight_bytes a = load_weights(from);
        const weight_bytes b = load_weights(from + 64);
        w[0] = a & 0x0f;
        w[1] = down(a, 4) & 0x0f;
        w[2] = b & 0x0f;
        w[3] = down(b, 4) & 0x0f;
    }
};

template <>
struct weight_sets<weight_code::bits_6> {
    static constexpr int count = 4;
    static constexpr int sums = 2;
    static constexpr int chain = 1;
    static constexpr int set_of[] = {0, 1, 2, 3};
    static constexpr int sum_of[] = {0, 1, 0, 1};
    static constexpr int shift_of[] = {0, 0};
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const weight_bytes a = load_weights(from);
        const weight_bytes b = load_weights(from + 64);
        const weight_bytes c = load_weights(from + 128);
        w[0] = a & 0x3f;
        w[1] = b & 0x3f;
        w[2] = c & 0x3f;
        w[3] = (down(a, 2) & 0x30) | (down(b, 4) & 0x0c) | (down(c, 6) & 0x03);
    }
};

template <>
struct weight_sets<weight_code::bits_4> {
    static constexpr int count = 2;
    static constexpr int sums = 1;
    static constexpr int chain = 4;
    static constexpr int set_of[] = {0, 1};
    static constexpr int sum_of[] = {0, 0};
    static constexpr int shift_of[] = {0};
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const weight_bytes a = load_weights(from);
        w[0] = a & 0x0f;
        w[1] = down(a, 4) & 0x0f;
    }
};

template <>
struct weight_sets<weight_code::bits_3> {
    static constexpr int count = 8;
    static constexpr int sums = 1;
    static constexpr int chain = 2;
    static constexpr int set_of[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static constexpr int sum_of[] = {0, 0, 0, 0, 0, 0, 0, 0};
    static constexpr int shift_of[] = {0};
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const weight_bytes a = load_weights(from);
        const weight_bytes b = load_weights(from + 64);
        const weight_bytes c = load_weights(from + 128);
        w[0] = a & 0x07;
        w[1] = down(a, 3) & 0x07;
        w[2] = b & 0x07;
        w[3] = down(b, 3) & 0x07;
        w[4] = c & 0x07;
        w[5] = down(c, 3) & 0x07;
        w[6] = (down(a, 5) & 0x06) | (down(c, 6) & 0x01);
        w[7] = (down(b, 5) & 0x06) | (down(c, 7) & 0x01);
    }
};

template <>
struct weight_sets<weight_code::bits_2> {
    static constexpr int count = 4;
    static constexpr int sums = 1;
    static constexpr int chain = 10;
    static constexpr int set_of[] = {0, 1, 2, 3};
    static constexpr int sum_of[] = {0, 0, 0, 0};
    static constexpr int shift_of[] = {0};
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const weight_bytes a = load_weights(from);
        w[0] = a & 0x03;
        w[1] = down(a, 2) & 0x03;
        w[2] = down(a, 4) & 0x03;
        w[3] = down(a, 6) & 0x03;
    }
};

/// y = byte / 256: digit n is the integer part of 3 frac(3^n y), for even and odd bytes apart.
template <>
struct weight_sets<weight_code::trits> {
    static constexpr int count = 5;
    static constexpr int sums = 1;
    static constexpr int chain = 12;
    static constexpr int set_of[] = {0, 1, 2, 3, 4};
    static constexpr int sum_of[] = {0, 0, 0, 0, 0};
    static constexpr int shift_of[] = {0};
    [[gnu::target("avx2"), gnu::always_inline]] static inline weight_bytes next(weight_halves& even,
                                                                                weight_halves& odd) noexcept {
        even = even + even + even;
        odd = odd + odd + odd;
        const weight_halves digits = (even >> 8) | (odd & 0xff00);
        even &= 0x00ff;
        odd &= 0x00ff;
        return reinterpret_cast<weight_bytes>(digits);
    }
    [[gnu::target("avx2"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                        weight_bytes* w) noexcept {
        const auto a = reinterpret_cast<weight_halves>(load_weights(from));
        weight_halves even = a & 0x00ff;
        weight_halves odd = a >> 8;
        w[0] = next(even, odd);
        w[1] = next(even, odd);
        w[2] = next(even, odd);
        w[3] = next(even, odd);
        w[4] = next(even, odd);
    }
};

}  // namespace dyad::inline v1::avx2

#endif
