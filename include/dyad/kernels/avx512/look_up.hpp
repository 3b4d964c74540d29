// SPDX-License-Identifier: Apache-2.0
// 256-entry tables of one or two bytes with AVX-512: vpermi2b reads 128 bytes of two registers, so that four registers
// hold a table of bytes, and eight one of 16-bit words, as two planes.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>

namespace dyad::inline v1::avx512 {

/// How a kernel writes: through the caches, or past them (to addresses that are multiples of 64).
enum class store_way : std::uint8_t { cached, streaming };

template <store_way Way>
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_bytes(bytes x, void* to) noexcept {
    if constexpr (Way == store_way::cached) {
        __builtin_memcpy(to, &x, sizeof x);
    } else {
        __asm__ volatile("vmovntdq %1, %0" : "=m"(*static_cast<bytes*>(to)) : "v"(x));
    }
}

/// 256 bytes in four registers.
struct byte_table {
    bytes quarter[4];
};
/// (The mask and the masked move by hand: compilers compare and blend instead, which takes a third longer. And x stays
/// in its register, or it is loaded three times.)
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline bytes look_up(const byte_table& table, bytes x) noexcept {
    __asm__("" : "+v"(x));
    bytes found = look_up(x, table.quarter[0], table.quarter[1]);
    const bytes high = look_up(x, table.quarter[2], table.quarter[3]);
    std::uint64_t upper;
    __asm__("vpmovb2m %1, %0" : "=Yk"(upper) : "v"(x));
    __asm__("vmovdqu8 %2, %0%{%1%}" : "+v"(found) : "Yk"(upper), "v"(high));
    return found;
}
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline byte_table load_table(const std::uint8_t* table) noexcept {
    return {{load_bytes(table), load_bytes(table + 64), load_bytes(table + 128), load_bytes(table + 192)}};
}
/// The low bytes of 256 words, or the high ones.
template <int High>
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline byte_table load_plane(const std::uint16_t* table) noexcept {
    alignas(64) std::uint8_t every_second[64];
    for (std::size_t i = 0; i < 64; ++i) every_second[i] = static_cast<std::uint8_t>(2 * i + High);
    const bytes places = load_bytes(every_second);
    byte_table plane;
    for (std::size_t q = 0; q < 4; ++q)
        plane.quarter[q] = look_up(places, load_bytes(table + 64 * q), load_bytes(table + 64 * q + 32));
    return plane;
}

/// 64 n bytes dst[i] = table[src[i]]; dst may be src.
template <store_way Way>
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline void look_up_blocks(const byte_table& table,
                                                                             const std::uint8_t* src, std::uint8_t* dst,
                                                                             std::size_t n) noexcept {
    for (; n != 0; --n, src += 64, dst += 64) {
        if constexpr (Way == store_way::streaming) __builtin_prefetch(src + 4096);
        store_bytes<Way>(look_up(table, load_bytes(src)), dst);
    }
}

/// dst[i] = table[src[i]] for n bytes. dst may be src; `way` says how whole blocks are written.
[[gnu::target("avx512vbmi"), gnu::noinline]] inline void look_up_bytes(const std::uint8_t* table_bytes,
                                                                       const std::uint8_t* src, std::uint8_t* dst,
                                                                       std::size_t n, store_way way) noexcept {
    const byte_table table = load_table(table_bytes);
    if (way == store_way::streaming) {
        const std::size_t head = (64 - reinterpret_cast<std::uintptr_t>(dst) % 64) % 64;
        store_first(look_up(table, load_first(src, head)), dst, head);
        src += head, dst += head, n -= head;
        look_up_blocks<store_way::streaming>(table, src, dst, n / 64);
        __asm__ volatile("sfence" : : : "memory");
    } else {
        look_up_blocks<store_way::cached>(table, src, dst, n / 64);
    }
    const std::size_t rest = n % 64;
    if (rest != 0) store_first(look_up(table, load_first(src + n - rest, rest)), dst + n - rest, rest);
}

/// 64 words of 64 bytes, as two vectors: bytes are unpacked within 128 bits, so eights of x are put in order before.
struct two_vectors {
    bytes first;
    bytes second;
};
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline two_vectors look_up(const byte_table& low_plane,
                                                                             const byte_table& high_plane,
                                                                             bytes x) noexcept {
    const auto eights = reinterpret_cast<longs>(x);
    x = reinterpret_cast<bytes>(__builtin_shufflevector(eights, eights, 0, 4, 1, 5, 2, 6, 3, 7));
    const bytes low = look_up(low_plane, x);
    const bytes high = look_up(high_plane, x);
    two_vectors y;
    __asm__("vpunpcklbw %2, %1, %0" : "=v"(y.first) : "v"(low), "v"(high));
    __asm__("vpunpckhbw %2, %1, %0" : "=v"(y.second) : "v"(low), "v"(high));
    return y;
}

template <store_way Way>
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline void look_up_blocks(const byte_table& low,
                                                                             const byte_table& high,
                                                                             const std::uint8_t* src,
                                                                             std::uint16_t* dst,
                                                                             std::size_t n) noexcept {
    for (; n != 0; --n, src += 64, dst += 64) {
        if constexpr (Way == store_way::streaming) __builtin_prefetch(src + 4096);
        const two_vectors y = look_up(low, high, load_bytes(src));
        store_bytes<Way>(y.first, dst);
        store_bytes<Way>(y.second, dst + 32);
    }
}

/// dst[i] = table[src[i]] for n bytes; dst and src apart. Streaming takes a dst that is a multiple of 2.
[[gnu::target("avx512vbmi"), gnu::noinline]] inline void look_up_words(const std::uint16_t* table,
                                                                       const std::uint8_t* src, std::uint16_t* dst,
                                                                       std::size_t n, store_way way) noexcept {
    const byte_table low = load_plane<0>(table);
    const byte_table high = load_plane<1>(table);
    if (way == store_way::streaming) {
        const std::size_t head = (64 - reinterpret_cast<std::uintptr_t>(dst) % 64) % 64 / 2;
        store_first(look_up(low, high, load_first(src, head)).first, dst, 2 * head);
        src += head, dst += head, n -= head;
        look_up_blocks<store_way::streaming>(low, high, src, dst, n / 64);
        __asm__ volatile("sfence" : : : "memory");
    } else {
        look_up_blocks<store_way::cached>(low, high, src, dst, n / 64);
    }
    const std::size_t rest = n % 64;
    if (rest == 0) return;
    const two_vectors y = look_up(low, high, load_first(src + n - rest, rest));
    store_first(y.first, dst + n - rest, rest < 32 ? 2 * rest : 64);
    if (rest > 32) store_first(y.second, dst + n - rest + 32, 2 * (rest - 32));
}

}  // namespace dyad::inline v1::avx512

#endif
