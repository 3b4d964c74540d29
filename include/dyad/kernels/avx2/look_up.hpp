// SPDX-License-Identifier: Apache-2.0
// 256-entry tables of one or two bytes with AVX2: sixteen rows of sixteen bytes, each read by vpshufb at the index's
// low four bits, and a tree of blends by its high ones: bit 4 halves the rows, then bits 5, 6 and 7.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/look_up.hpp>

namespace dyad::inline v1::avx2 {

using byte_vector [[gnu::vector_size(32)]] = std::uint8_t;
using signed_byte_vector [[gnu::vector_size(32)]] = std::int8_t;

/// The table, each row twice: once for each half of a vector.
struct byte_rows {
    alignas(32) std::uint8_t row[16][32];
};
[[gnu::target("avx2"), gnu::always_inline]] inline void load_rows(const std::uint8_t* table, byte_rows& rows) noexcept {
    for (std::size_t r = 0; r < 16; ++r) {
        __builtin_memcpy(rows.row[r], table + 16 * r, 16);
        __builtin_memcpy(rows.row[r] + 16, table + 16 * r, 16);
    }
}

/// Where the top bit of a byte of `chooser` is set y, else x.
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector blend(byte_vector x, byte_vector y,
                                                                     byte_vector chooser) noexcept {
    __asm__("vpblendvb %3, %2, %1, %0" : "=x"(x) : "x"(x), "x"(y), "x"(chooser));
    return x;
}

/// What the rows from First on say: 2^Bits of them, chosen among by the bits from 4 on.
template <int Bits, std::size_t First>
[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector read_rows(const byte_rows& rows, byte_vector low,
                                                                         const byte_vector (&bit)[4]) noexcept {
    if constexpr (Bits == 0) {
        byte_vector row;
        __builtin_memcpy(&row, rows.row[First], sizeof row);
        __asm__("vpshufb %1, %0, %0" : "+x"(row) : "x"(low));
        return row;
    } else {
        return blend(read_rows<Bits - 1, First>(rows, low, bit),
                     read_rows<Bits - 1, First + (std::size_t{1} << (Bits - 1))>(rows, low, bit), bit[Bits - 1]);
    }
}

[[gnu::target("avx2"), gnu::always_inline]] inline byte_vector look_up(const byte_rows& rows, byte_vector x) noexcept {
    using halves [[gnu::vector_size(32)]] = std::uint16_t;
    const auto by_halves = reinterpret_cast<halves>(x);
    // (a shift by whole bytes leaves each byte's top bit right)
    const byte_vector bit[4] = {reinterpret_cast<byte_vector>(by_halves << 3),
                                reinterpret_cast<byte_vector>(by_halves << 2),
                                reinterpret_cast<byte_vector>(by_halves << 1), x};
    return read_rows<4, 0>(rows, x & 0x0f, bit);
}

/// dst[i] = table[src[i]] for n bytes. dst may be src.
[[gnu::target("avx2"), gnu::noinline]] inline void look_up_bytes(const std::uint8_t* table, const std::uint8_t* src,
                                                                 std::uint8_t* dst, std::size_t n) noexcept {
    std::size_t i = 0;
    if (n >= 64) {
        byte_rows rows;
        load_rows(table, rows);
        for (; n - i >= 32; i += 32) {
            byte_vector x;
            __builtin_memcpy(&x, src + i, sizeof x);
            x = look_up(rows, x);
            __builtin_memcpy(dst + i, &x, sizeof x);
        }
    }
    for (; i < n; ++i) dst[i] = table[src[i]];
}
/// dst[i] = table[src[i]] for n bytes, as two planes of bytes; dst and src apart. Bytes are unpacked within 128 bits,
/// so eights of x are put in order before.
[[gnu::target("avx2"), gnu::noinline]] inline void look_up_words(const std::uint16_t* table, const std::uint8_t* src,
                                                                 std::uint16_t* dst, std::size_t n) noexcept {
    std::size_t i = 0;
    if (n >= 128) {
        std::uint8_t planes[2][256];
        for (std::size_t code = 0; code < 256; ++code) {
            planes[0][code] = static_cast<std::uint8_t>(table[code]);
            planes[1][code] = static_cast<std::uint8_t>(table[code] >> 8);
        }
        byte_rows rows[2];
        load_rows(planes[0], rows[0]);
        load_rows(planes[1], rows[1]);
        for (; n - i >= 32; i += 32) {
            using longs [[gnu::vector_size(32)]] = std::uint64_t;
            longs eights;
            __builtin_memcpy(&eights, src + i, sizeof eights);
            const auto x = reinterpret_cast<byte_vector>(__builtin_shufflevector(eights, eights, 0, 2, 1, 3));
            const byte_vector low = look_up(rows[0], x);
            const byte_vector high = look_up(rows[1], x);
            byte_vector first;
            byte_vector second;
            __asm__("vpunpcklbw %2, %1, %0" : "=x"(first) : "x"(low), "x"(high));
            __asm__("vpunpckhbw %2, %1, %0" : "=x"(second) : "x"(low), "x"(high));
            __builtin_memcpy(dst + i, &first, sizeof first);
            __builtin_memcpy(dst + i + 16, &second, sizeof second);
        }
    }
    for (; i < n; ++i) dst[i] = table[src[i]];
}

}  // namespace dyad::inline v1::avx2

#endif
