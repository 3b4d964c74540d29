// SPDX-License-Identifier: Apache-2.0
// Packed weights in registers of 512 bits: the sets of a unit, one after another, each four k of 16 columns. A set
// stays at the place where its bits are stored, 2^shift times too large, and its products are summed apart: one mask
// instead of a shift and a mask, and one shift of a sum at the end (exact, for such sums are multiples of 2^shift).
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/gemv_layout.hpp>
#include <dyad/kernels/scalar/weight_codes.hpp>

namespace dyad::inline v1::avx512 {

/// x moved down by `places`; the caller masks what comes in from the neighbouring byte.
[[gnu::target("avx512f"), gnu::always_inline]] inline bytes down(bytes x, int places) noexcept {
    return reinterpret_cast<bytes>(reinterpret_cast<words>(x) >> static_cast<std::uint32_t>(places));
}

/// One vector of weights, loaded once: a compiler would rather load it again for every mask, and loads are what there
/// is least of.
[[gnu::target("avx512f"), gnu::always_inline]] inline bytes load_once(const std::uint8_t* from) noexcept {
    bytes x = load_bytes(from);
    __asm__("" : "+v"(x));
    return x;
}

/// take() puts set s at w[s]; its products belong to sum sum_of[s], whose shift is shift_of[sum].
template <weight_code Code>
struct weight_sets;

template <>
struct weight_sets<weight_code::bits_8> {
    static constexpr int sums = 2;  // two chains, for a multiply-add takes four cycles and one starts in each
    static constexpr int sum_of[] = {0, 1};
    static constexpr int shift_of[] = {0, 0};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        w[0] = load_bytes(from);
        w[1] = load_bytes(from + 64);
    }
};

template <>
struct weight_sets<weight_code::bits_6> {
    static constexpr int sums = 3;
    static constexpr int sum_of[] = {0, 1, 0, 2};
    static constexpr int shift_of[] = {0, 0, 2};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        const bytes a = load_once(from);
        const bytes b = load_once(from + 64);
        const bytes c = load_once(from + 128);
        w[0] = a & 0x3f;
        w[1] = b & 0x3f;
        w[2] = c & 0x3f;
        w[3] = (a & 0xc0) | (down(b, 2) & 0x30) | (down(c, 4) & 0x0c);
    }
};

template <>
struct weight_sets<weight_code::bits_4> {
    static constexpr int sums = 2;
    static constexpr int sum_of[] = {0, 1};
    static constexpr int shift_of[] = {0, 4};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        const bytes a = load_once(from);
        w[0] = a & 0x0f;
        w[1] = a & 0xf0;
    }
};

template <>
struct weight_sets<weight_code::bits_3> {
    static constexpr int sums = 3;
    static constexpr int sum_of[] = {0, 1, 0, 1, 0, 1, 2, 2};
    static constexpr int shift_of[] = {0, 3, 5};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        const bytes a = load_once(from);
        const bytes b = load_once(from + 64);
        const bytes c = load_once(from + 128);
        w[0] = a & 0x07;
        w[1] = a & 0x38;
        w[2] = b & 0x07;
        w[3] = b & 0x38;
        w[4] = c & 0x07;
        w[5] = c & 0x38;
        w[6] = (a & 0xc0) | (down(c, 1) & 0x20);
        w[7] = (b & 0xc0) | (down(c, 2) & 0x20);
    }
};

template <>
struct weight_sets<weight_code::bits_2> {
    static constexpr int sums = 4;
    static constexpr int sum_of[] = {0, 1, 2, 3};
    static constexpr int shift_of[] = {0, 2, 4, 6};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        const bytes a = load_once(from);
        w[0] = a & 0x03;
        w[1] = a & 0x0c;
        w[2] = a & 0x30;
        w[3] = a & 0xc0;
    }
};

/// For each byte of five trits: the first four as two bits each, and the last. 128 bytes a table, for bytes below 128
/// and above.
struct trit_tables {
    alignas(64) std::array<std::uint8_t, 256> four{};
    alignas(64) std::array<std::uint8_t, 256> last{};

    constexpr trit_tables() noexcept {
        for (unsigned i = 0; i < 256; ++i) {
            const auto byte = static_cast<std::uint8_t>(i);
            std::uint8_t u[5] = {};
            scalar::decode_weights(weight_code::trits, &byte, u);
            scalar::encode_weights(weight_code::bits_2, u, &four[i]);
            last[i] = u[4];
        }
    }
};
inline constexpr trit_tables tables_of_trits{};

template <>
struct weight_sets<weight_code::trits> {
    static constexpr int sums = 4;
    static constexpr int sum_of[] = {0, 1, 2, 3, 0};
    static constexpr int shift_of[] = {0, 2, 4, 6};
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline bytes of_256(
        bytes index, bytes upper, const std::uint8_t* table) noexcept {
        const bytes low = look_up(index, load_bytes(table), load_bytes(table + 64));
        const bytes high = look_up(index, load_bytes(table + 128), load_bytes(table + 192));
        return (low & ~upper) | (high & upper);
    }
    [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline void take(const std::uint8_t* from,
                                                                                               bytes* w) noexcept {
        const bytes a = load_once(from);
        const auto upper = reinterpret_cast<bytes>(reinterpret_cast<signed_bytes>(a) < 0);
        const bytes four = of_256(a, upper, tables_of_trits.four.data());
        w[0] = four & 0x03;
        w[1] = four & 0x0c;
        w[2] = four & 0x30;
        w[3] = four & 0xc0;
        w[4] = of_256(a, upper, tables_of_trits.last.data());
    }
};

}  // namespace dyad::inline v1::avx512

#endif
