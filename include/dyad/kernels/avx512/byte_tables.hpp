// SPDX-License-Identifier: Apache-2.0
// Bytes looked up in tables of 64 and 256 bytes, under masks of one bit for each byte.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>

namespace dyad::inline v1::avx512 {

/// One bit for each byte of a vector.
using byte_mask = std::uint64_t;

/// The first n bytes, n <= 64.
[[nodiscard]] constexpr byte_mask first_bytes(std::size_t n) noexcept {
    return n >= 64 ? ~byte_mask{0} : (byte_mask{1} << n) - 1;
}

/// The bytes of the mask; the others are those of `rest`, and their memory is not touched.
[[gnu::target("avx512bw"), gnu::always_inline]] inline bytes load_some(const void* from, byte_mask k,
                                                                       bytes rest) noexcept {
    __asm__("vmovdqu8 %1, %0 %{%2%}" : "+v"(rest) : "m"(*static_cast<const char(*)[64]>(from)), "Yk"(k));
    return rest;
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline bytes load_some(const void* from, byte_mask k) noexcept {
    bytes x;
    __asm__("vmovdqu8 %1, %0 %{%2%}%{z%}" : "=v"(x) : "m"(*static_cast<const char(*)[64]>(from)), "Yk"(k));
    return x;
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline void store_some(bytes x, byte_mask k, void* to) noexcept {
    __asm__("vmovdqu8 %1, %0 %{%2%}" : "+m"(*static_cast<char(*)[64]>(to)) : "v"(x), "Yk"(k));
}
[[gnu::target("avx512bw"), gnu::always_inline]] inline void store_bytes(bytes x, void* to) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}

/// The bytes that are not 0.
[[gnu::target("avx512bw"), gnu::always_inline]] inline byte_mask set_bytes(bytes x) noexcept {
    byte_mask k;
    __asm__("vptestmb %1, %1, %0" : "=Yk"(k) : "v"(x));
    return k;
}
/// Their highest bits.
[[gnu::target("avx512bw,avx512dq"), gnu::always_inline]] inline byte_mask top_bits(bytes x) noexcept {
    byte_mask k;
    __asm__("vpmovb2m %1, %0" : "=Yk"(k) : "v"(x));
    return k;
}
/// x where the mask has a bit, 0 elsewhere.
[[gnu::target("avx512bw"), gnu::always_inline]] inline bytes only(byte_mask k, bytes x) noexcept {
    __asm__("vmovdqu8 %0, %0 %{%1%}%{z%}" : "+v"(x) : "Yk"(k));
    return x;
}
/// x where the mask has a bit, y elsewhere.
[[gnu::target("avx512bw"), gnu::always_inline]] inline bytes choose(byte_mask k, bytes x, bytes y) noexcept {
    __asm__("vmovdqu8 %1, %0 %{%2%}" : "+v"(y) : "v"(x), "Yk"(k));
    return y;
}

/// Each byte of `index` chooses by its low six bits.
[[gnu::target("avx512vbmi"), gnu::always_inline]] inline bytes look_up(bytes index, bytes table) noexcept {
    bytes x;
    __asm__("vpermb %2, %1, %0" : "=v"(x) : "v"(index), "v"(table));
    return x;
}
/// The same where the mask has a bit, else 0.
[[gnu::target("avx512vbmi,avx512bw"), gnu::always_inline]] inline bytes look_up_some(byte_mask k, bytes index,
                                                                                     bytes table) noexcept {
    bytes x;
    __asm__("vpermb %2, %1, %0 %{%3%}%{z%}" : "=v"(x) : "v"(index), "v"(table), "Yk"(k));
    return x;
}
/// look_up in 128 bytes where the mask has a bit, else 0.
[[gnu::target("avx512vbmi,avx512bw"), gnu::always_inline]] inline bytes look_up_some(byte_mask k, bytes index,
                                                                                     bytes low, bytes high) noexcept {
    __asm__("vpermi2b %2, %1, %0 %{%3%}%{z%}" : "+v"(index) : "v"(low), "v"(high), "Yk"(k));
    return index;
}

/// 256 bytes.
struct byte_table {
    bytes part[4];

    [[gnu::target("avx512f"), gnu::always_inline]] static byte_table load(const std::uint8_t* from) noexcept {
        return {{load_bytes(from), load_bytes(from + 64), load_bytes(from + 128), load_bytes(from + 192)}};
    }
    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] bytes operator()(
        bytes index) const noexcept {
        const bytes low = avx512::look_up(index, part[0], part[1]);
        const bytes high = avx512::look_up(index, part[2], part[3]);
        return choose(top_bits(index), high, low);
    }
};

/// sum[l] + x[4l] y[4l] + ... + x[4l+3] y[4l+3] for unsigned x and signed y.
[[gnu::target("avx512f"), gnu::always_inline]] inline signed_words add_products(signed_words sum, bytes x,
                                                                                bytes y) noexcept {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
    return sum;
}

}  // namespace dyad::inline v1::avx512

#endif
