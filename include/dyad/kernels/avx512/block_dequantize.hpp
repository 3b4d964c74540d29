// SPDX-License-Identifier: Apache-2.0
// Packed codes of 4, 6 or 8 bits times a float for each block, with AVX-512: codes to floats by tables, then one
// multiplication, or two.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <dyad/kernels/avx512/decode.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/blocks.hpp>

namespace dyad::inline v1::avx512 {

enum class product { of_two, of_three };

/// Codes of blocks, `stride` bytes apart.
struct code_source {
    const std::uint8_t* codes;
    std::ptrdiff_t stride;
    [[nodiscard]] const std::uint8_t* block(std::size_t b) const noexcept {
        return codes + static_cast<std::ptrdiff_t>(b) * stride;
    }
};

/// elements * scale, or that times the tensor's scale. An element that is NaN stays; another one times a NaN is that
/// NaN, as the processor takes the first of two; infinity times 0 is made the positive NaN.
template <float_format F, product Factors>
[[gnu::target("avx512f"), gnu::always_inline]] inline void store_product(words elements, float scale,
                                                                         words tensor_scale, float* dst) noexcept {
    words y;
    __asm__("vmulps %2, %1, %0" : "=v"(y) : "v"(elements), "v"(words{} + std::bit_cast<std::uint32_t>(scale)));
    if constexpr (F.infinity != infinity_codes::none) {
        const words valid = y == 0xffc0'0000U ? words{} + 0x7fc0'0000U : y;
        y = (elements & 0x7fff'ffffU) == 0x7f80'0000U ? valid : y;
    }
    if constexpr (Factors == product::of_three) __asm__("vmulps %1, %0, %0" : "+v"(y) : "v"(tensor_scale));
    __builtin_memcpy(dst, &y, sizeof y);
}

/// Shifts that bring sixteen nibbles of a 64-bit word to the low ends of sixteen words.
inline constexpr std::array<std::uint8_t, 64> nibble_shifts = [] {
    std::array<std::uint8_t, 64> shifts{};
    for (std::size_t i = 0; i < 16; ++i) shifts[4 * i] = static_cast<std::uint8_t>(4 * i);
    return shifts;
}();

/// n blocks of codes of 4 bits.
template <float_format F, std::size_t Size, product Factors>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void dequantize_nibbles(code_source src,
                                                                                     const float* scales,
                                                                                     float tensor_scale, std::size_t n,
                                                                                     float* dst) noexcept {
    const words table = load(float_table<F>.data());
    const words shifts = load(nibble_shifts.data());
    const words third = words{} + std::bit_cast<std::uint32_t>(tensor_scale);
    for (std::size_t b = 0; b < n; ++b, dst += Size, src.codes += src.stride) {
        for (std::size_t i = 0; i < Size; i += 16) {
            std::uint64_t nibbles;
            __builtin_memcpy(&nibbles, src.codes + i / 2, sizeof nibbles);
            words x;
            __asm__("vpmultishiftqb %2, %1, %0" : "=v"(x) : "v"(shifts), "v"(longs{} + nibbles));
            __asm__("vpermd %1, %0, %0" : "+v"(x) : "v"(table));
            store_product<F, Factors>(x, scales[b], third, dst + i);
        }
    }
}

/// Four codes (a word of them) to the place where the unpacking of store_planes takes them from.
[[nodiscard]] constexpr std::size_t ordered_word(std::size_t place) noexcept { return place % 4 * 4 + place / 4; }

/// 64 codes of 6 bits: three bytes of one source or the other to each word, then each code to a byte, above which other
/// bits stand.
inline constexpr std::array<std::uint8_t, 64> places_of_sixes = [] {
    std::array<std::uint8_t, 64> places{};
    for (std::size_t i = 0; i < 64; ++i) {
        const std::size_t four = ordered_word(i / 4);
        places[i] = static_cast<std::uint8_t>(four / 8 * 64 + four % 8 * 3 + i % 4);
    }
    return places;
}();
inline constexpr std::array<std::uint8_t, 64> shifts_of_sixes = [] {
    std::array<std::uint8_t, 64> shifts{};
    for (std::size_t i = 0; i < 64; ++i) shifts[i] = static_cast<std::uint8_t>(i / 4 % 2 * 32 + i % 4 * 6);
    return shifts;
}();

/// Negative codes stand for the negative numbers of the positive ones, NaN included.
template <float_format F>
inline constexpr bool is_mirrored = [] {
    for (std::size_t code = 0; code < 128; ++code) {
        const auto positive = std::bit_cast<std::uint32_t>(float_table<F>[code]);
        if (std::bit_cast<std::uint32_t>(float_table<F>[code + 128]) != (positive | 0x8000'0000)) return false;
    }
    return true;
}();

/// 24 bytes of codes, no more read.
[[gnu::target("avx512vbmi,avx512vl"), gnu::always_inline]] inline bytes load_24_bytes(
    const std::uint8_t* from) noexcept {
    using half [[gnu::vector_size(32)]] = std::uint64_t;
    std::uint64_t part[3];
    __builtin_memcpy(part, from, sizeof part);
    const half x{part[0], part[1], part[2], 0};
    return reinterpret_cast<bytes>(__builtin_shufflevector(x, x, 0, 1, 2, 3, -1, -1, -1, -1));
}

/// 64 codes of two blocks, a byte each, in the order that store_planes takes.
template <float_format F>
[[gnu::target("avx512vbmi,avx512vl"), gnu::always_inline]] inline bytes load_codes(code_source src) noexcept {
    if constexpr (F.width() == 6) {
        const bytes places = load_bytes(places_of_sixes.data());
        bytes x = look_up(places, load_24_bytes(src.block(0)), load_24_bytes(src.block(1)));
        __asm__("vpmultishiftqb %0, %1, %0" : "+v"(x) : "v"(load(shifts_of_sixes.data())));
        return x;
    } else {
        using half [[gnu::vector_size(32)]] = std::uint32_t;
        half low;
        half high;
        __builtin_memcpy(&low, src.block(0), sizeof low);
        __builtin_memcpy(&high, src.block(1), sizeof high);
        const words ordered = __builtin_shufflevector(low, high, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        return reinterpret_cast<bytes>(ordered);
    }
}

/// 2 n blocks of 32 codes of 6 or 8 bits.
template <float_format F, product Factors>
[[gnu::target("avx512vbmi,avx512vl"), gnu::noinline]] inline void dequantize_bytes(code_source src, const float* scales,
                                                                                   float tensor_scale, std::size_t n,
                                                                                   float* dst) noexcept {
    const float_planes& planes = planes_of<F>;
    const words third = words{} + std::bit_cast<std::uint32_t>(tensor_scale);
    const words zero{};
    for (; n != 0; --n, dst += 64, scales += 2, src.codes += 2 * src.stride) {
        const bytes x = load_codes<F>(src);
        bytes low;
        bytes high;
        if constexpr (F.width() == 6) {
            __asm__("vpermb %2, %1, %0" : "=v"(low) : "v"(x), "v"(load(planes.low)));
            __asm__("vpermb %2, %1, %0" : "=v"(high) : "v"(x), "v"(load(planes.high)));
        } else {
            low = look_up(x, load_bytes(planes.low), load_bytes(planes.low + 64));
            high = look_up(x, load_bytes(planes.high), load_bytes(planes.high + 64));
            if constexpr (is_mirrored<F>) {
                high |= x & std::uint8_t{0x80};
            } else {
                const signed_bytes upper = reinterpret_cast<signed_bytes>(x);
                low = upper < 0 ? look_up(x, load_bytes(planes.low + 128), load_bytes(planes.low + 192)) : low;
                high = upper < 0 ? look_up(x, load_bytes(planes.high + 128), load_bytes(planes.high + 192)) : high;
            }
        }
        bytes first;
        bytes second;
        words r;
        __asm__("vpunpcklbw %2, %1, %0" : "=v"(first) : "v"(low), "v"(high));
        __asm__("vpunpckhbw %2, %1, %0" : "=v"(second) : "v"(low), "v"(high));
        __asm__("vpunpcklwd %2, %1, %0" : "=v"(r) : "v"(zero), "v"(first));
        store_product<F, Factors>(r, scales[0], third, dst);
        __asm__("vpunpckhwd %2, %1, %0" : "=v"(r) : "v"(zero), "v"(first));
        store_product<F, Factors>(r, scales[0], third, dst + 16);
        __asm__("vpunpcklwd %2, %1, %0" : "=v"(r) : "v"(zero), "v"(second));
        store_product<F, Factors>(r, scales[1], third, dst + 32);
        __asm__("vpunpckhwd %2, %1, %0" : "=v"(r) : "v"(zero), "v"(second));
        store_product<F, Factors>(r, scales[1], third, dst + 48);
    }
}

}  // namespace dyad::inline v1::avx512

#endif
