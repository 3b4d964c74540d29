// SPDX-License-Identifier: Apache-2.0
// 64 signed codes from sixteen words each to their places in blocks, with AVX-512. Two ways: from codes and the floats
// that give their signs (NVFP4), which come together as code * 2 + sign, by a shift across two words; and from products
// that hold a code and its sign (MX).
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/blocks.hpp>

namespace dyad::inline v1::avx512 {

/// Word w of vector v goes to this byte when two vectors' words become halves of words, and these bytes.
[[nodiscard]] constexpr std::size_t byte_of_element(std::size_t element) noexcept {
    const std::size_t v = element / 16;
    const std::size_t w = element % 16;
    return w / 4 * 16 + v / 2 * 8 + w % 4 * 2 + v % 2;
}
/// The bytes of 32 pairs of codes in order.
inline constexpr std::array<std::uint8_t, 64> places_of_pairs = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 32; ++i) places[i] = static_cast<std::uint8_t>(byte_of_element(2 * i));
    return places;
}();
/// The bytes of 16 numbers of 24 bits.
inline constexpr std::array<std::uint8_t, 64> places_of_threes = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 48; ++i) places[i] = static_cast<std::uint8_t>(i / 3 * 4 + i % 3);
    return places;
}();

/// Matrix of vgf2p8affineqb: each nibble rotates down by one, bit 0 to its top.
inline constexpr std::uint64_t sign_to_top = [] {
    std::uint64_t matrix = 0;
    for (int bit = 0; bit < 8; ++bit) {
        const int from = bit % 4 == 3 ? bit - 3 : bit + 1;
        matrix |= std::uint64_t{1} << (8 * (7 - bit) + from);
    }
    return matrix;
}();

/// Halves of words: low code * 2 + sign of the first, high of the second. Codes are the low 15 bits of words.
[[gnu::target("avx512vbmi2"), gnu::always_inline]] inline words join_codes(words code0, words x0, words code1,
                                                                           words x1) noexcept {
    __asm__("vpshldd $17, %1, %0, %0" : "+v"(code0) : "v"(x0));
    __asm__("vpshldd $1, %1, %0, %0" : "+v"(code1) : "v"(x1));
    __asm__("vpshrdd $16, %1, %0, %0" : "+v"(code0) : "v"(code1));
    return code0;
}

/// 64 codes of 4 bits in the low 32 bytes, from join_codes of the first 32 and of the others.
[[gnu::target("avx512vbmi,gfni"), gnu::always_inline]] inline bytes pack_joined(words first, words second) noexcept {
    words all;
    __asm__("vpackuswb %2, %1, %0" : "=v"(all) : "v"(first), "v"(second));
    all |= all >> 12U;  // elements 2 i and 2 i + 1 are two bytes apart
    const longs matrix = longs{} + sign_to_top;
    __asm__("vgf2p8affineqb $0, %1, %0, %0" : "+v"(all) : "v"(matrix));
    bytes y;
    __asm__("vpermb %2, %1, %0" : "=v"(y) : "v"(load(places_of_pairs.data())), "v"(all));
    return y;
}

/// Where the product form of an element has its parts (power_blocks.hpp): code << (7 - M) and the sign at bit 15, in
/// halves of words, four elements of one vector and then four of another in 128 bits. One shift by each byte's own
/// count makes bytes of codes, and, four bytes further, of signs: the sign where it is to be, other bits around it.
template <float_format F>
inline constexpr std::array<std::uint8_t, 64> shifts_to_bytes = [] {
    std::array<std::uint8_t, 64> shifts{};
    for (std::size_t i = 0; i < 64; ++i) {
        const bool high_nibble = F.width() == 4 && i % 2 == 1;
        const std::size_t code = static_cast<std::size_t>(7 - F.significand_bits) - (high_nibble ? 4 : 0);
        const std::size_t sign = 16 - static_cast<std::size_t>(F.width()) - (high_nibble ? 4 : 0);
        shifts[i] = static_cast<std::uint8_t>(i % 4 * 16 + (i % 8 < 4 ? code : sign));
    }
    return shifts;
}();
/// Which byte of the two vectors so made has the code of byte i in order; even elements and then odd ones for 4 bits.
template <int Width>
inline constexpr std::array<std::uint8_t, 64> places_of_products = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 64; ++i) {
        const std::size_t element = Width == 4 ? i % 32 * 2 + i / 32 : i;
        const std::size_t v = element / 16;
        const std::size_t w = element % 16;
        places[i] = static_cast<std::uint8_t>(v / 2 * 64 + w / 4 * 16 + v % 2 * 8 + w % 4);
    }
    return places;
}();
/// The sign's bit in those bytes.
template <int Width>
inline constexpr std::array<std::uint8_t, 64> sign_places = [] {
    std::array<std::uint8_t, 64> bits{};
    for (std::size_t i = 0; i < 64; ++i)
        bits[i] = static_cast<std::uint8_t>(1U << (Width == 4 && i >= 32 ? 7 : Width - 1));
    return bits;
}();

/// What is packed of 64 elements in product form, in the low 8 * Width bytes: from two vectors of halves each.
template <float_format F>
[[gnu::target("avx512vbmi,avx512vl"), gnu::always_inline]] inline bytes pack_products(words w, words x, words y,
                                                                                      words z) noexcept {
    const words shifts = load(shifts_to_bytes<F>.data());
    const bytes places = load_bytes(places_of_products<F.width()>.data());
    bytes first;
    bytes second;
    __asm__("vpackssdw %2, %1, %0" : "=v"(first) : "v"(w), "v"(x));
    __asm__("vpackssdw %2, %1, %0" : "=v"(second) : "v"(y), "v"(z));
    __asm__("vpmultishiftqb %0, %1, %0" : "+v"(first) : "v"(shifts));
    __asm__("vpmultishiftqb %0, %1, %0" : "+v"(second) : "v"(shifts));
    const bytes codes = look_up(places, first, second);
    const bytes signs = look_up(places + std::uint8_t{4}, first, second);
    const bytes mask = load_bytes(sign_places<F.width()>.data());
    bytes all = (codes & ~mask) | (signs & mask);
    if constexpr (F.width() == 4) {
        const longs both = reinterpret_cast<longs>(all);
        all = reinterpret_cast<bytes>(both | __builtin_shufflevector(both, both, 4, 5, 6, 7, 0, 1, 2, 3));
    }
    if constexpr (F.width() == 6) {
        const halves pairs = halves{} + std::uint16_t{0x4001};  // 1 and 2^6
        const words fours = words{} + 0x1000'0001U;             // 1 and 2^12
        __asm__("vpmaddubsw %1, %0, %0" : "+v"(all) : "v"(pairs));
        __asm__("vpmaddwd %1, %0, %0" : "+v"(all) : "v"(fours));
        __asm__("vpermb %0, %1, %0" : "+v"(all) : "v"(load(places_of_threes.data())));
    }
    return all;
}

/// Part b of a vector, of Bytes bytes, to memory; not through other memory where a part is of whole words.
template <std::size_t Bytes, std::size_t B>
[[gnu::target("avx512f,avx512vl"), gnu::always_inline]] inline void store_part(bytes x, std::uint8_t* to) noexcept {
    const longs all = reinterpret_cast<longs>(x);
    if constexpr (Bytes == 32) {
        const auto part = __builtin_shufflevector(all, all, 4 * B, 4 * B + 1, 4 * B + 2, 4 * B + 3);
        __builtin_memcpy(to, &part, Bytes);
    } else if constexpr (Bytes == 16) {
        const auto part = __builtin_shufflevector(all, all, 2 * B, 2 * B + 1);
        __builtin_memcpy(to, &part, Bytes);
    } else if constexpr (Bytes == 24) {
        const auto part = __builtin_shufflevector(all, all, 3 * B, 3 * B + 1);
        const std::uint64_t last = all[3 * B + 2];
        __builtin_memcpy(to, &part, 16);
        __builtin_memcpy(to + 16, &last, 8);
    } else if constexpr (Bytes == 8) {
        const std::uint64_t part = all[B];
        __builtin_memcpy(to, &part, Bytes);
    } else {
        __builtin_memcpy(to, reinterpret_cast<const std::uint8_t*>(&all) + B * Bytes, Bytes);
    }
}

/// Stores the codes of 64 / Size blocks.
template <float_format F, std::size_t Size>
[[gnu::target("avx512f,avx512vl"), gnu::always_inline]] inline void store_blocks(bytes packed, std::uint8_t* to,
                                                                                 std::ptrdiff_t stride) noexcept {
    constexpr std::size_t size = block_code_bytes<F, Size>;
    if (stride == static_cast<std::ptrdiff_t>(size)) {
        if constexpr (64 / Size * size == 48) {
            store_part<32, 0>(packed, to);
            store_part<16, 2>(packed, to + 32);
        } else {
            __builtin_memcpy(to, &packed, 64 / Size * size);
        }
    } else {
        store_part<size, 0>(packed, to);
        store_part<size, 1>(packed, to + stride);
        if constexpr (Size == 16) {
            store_part<size, 2>(packed, to + 2 * stride);
            store_part<size, 3>(packed, to + 3 * stride);
        }
    }
}

/// Stores the low bytes of sixteen words, `stride` apart.
[[gnu::target("avx512f,avx512vl"), gnu::always_inline]] inline void store_scales(words scales, std::uint8_t* to,
                                                                                 std::ptrdiff_t stride) noexcept {
    using sixteen [[gnu::vector_size(16)]] = std::uint8_t;
    sixteen low;
    __asm__("vpmovdb %1, %0" : "=v"(low) : "v"(scales));
    if (stride == 1) {
        __builtin_memcpy(to, &low, 16);
    } else {
        std::uint8_t each[16];
        __builtin_memcpy(each, &low, 16);
        for (const std::uint8_t scale : each) {
            *to = scale;
            to += stride;
        }
    }
}

}  // namespace dyad::inline v1::avx512

#endif
