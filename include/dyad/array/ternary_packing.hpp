// SPDX-License-Identifier: Apache-2.0
// Five ternary numbers in a byte, 1.6 bits each: q = sum over n of d[n] 3^(4 - n), d = number + 1; 3^5 = 243 <= 256.
//   base_3  the byte is q; 243 to 255 are no codes
//   scaled  the byte is ceil(256 q / 243), as ggml's TQ1_0 has it; 13 bytes are no codes
// The first number is the highest digit: digits come out from the top, by multiplication, in the order of the numbers,
// and ggml's bytes have this order. With y = q / 243 in fixed point, digit n is the integer part of 3 frac(3^n y): no
// division. scaled has y as the byte, in 1/256; base_3 as 270 q, in 1/65536:
//   270 q = 65536 (q / 243) + e, 0 <= e < 74 (270 * 243 = 65536 + 74), and 3^4 e < 65536 / 3: no digit changes.
// Source: ggml, ggml-quants.c, quantize_row_tq1_0_ref (digits and scaled bytes; its order of elements over a block's
// bytes is another).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/number/ternary.hpp>

namespace dyad::inline v1 {

enum class ternary_layout : std::uint8_t { base_3, scaled };

/// Bytes that n ternary numbers take.
[[nodiscard]] constexpr std::size_t ternary_bytes(std::size_t n) noexcept { return n / 5 + (n % 5 + 4) / 5; }

/// The byte of q, 0 <= q <= 242.
[[nodiscard]] constexpr std::uint8_t ternary_byte(unsigned q, ternary_layout layout) noexcept {
    return static_cast<std::uint8_t>(layout == ternary_layout::base_3 ? q : (q * 256 + 242) / 243);
}
[[nodiscard]] constexpr std::uint8_t ternary_byte(const std::array<ternary, 5>& x, ternary_layout layout) noexcept {
    unsigned q = 0;
    for (const ternary t : x) q = 3 * q + static_cast<unsigned>(t.raw() + 1);
    return ternary_byte(q, layout);
}

/// Is `byte` the byte of five numbers?
[[nodiscard]] constexpr bool is_ternary_byte(std::uint8_t byte, ternary_layout layout) noexcept {
    if (layout == ternary_layout::base_3) return byte < 243;
    // From ceil(256 q / 243) back to q: byte * 243 / 256 lies in [q, q + 1).
    return ternary_byte(byte * 243U >> 8, layout) == byte;
}

/// Number n of the five, 0 <= n <= 4; `byte` as is_ternary_byte says.
[[nodiscard]] constexpr ternary ternary_in_byte(std::uint8_t byte, int n, ternary_layout layout) noexcept {
    constexpr unsigned powers[] = {1, 3, 9, 27, 81};
    const unsigned y = byte * powers[n];
    const unsigned digit = layout == ternary_layout::base_3 ? (y * 270 & 0xffff) * 3 >> 16 : (y & 0xff) * 3 >> 8;
    return ternary::from_raw(static_cast<std::int8_t>(static_cast<int>(digit) - 1));
}

/// What each byte holds; 8 numbers a byte, the last three 0, as a processor moves 8 bytes at once.
struct ternary_table {
    std::array<std::array<ternary, 8>, 256> numbers{};
    std::array<bool, 256> valid{};

    explicit constexpr ternary_table(ternary_layout layout) noexcept {
        for (unsigned byte = 0; byte < 256; ++byte) {
            valid[byte] = is_ternary_byte(static_cast<std::uint8_t>(byte), layout);
            for (int n = 0; n < 5 && valid[byte]; ++n)
                numbers[byte][static_cast<std::size_t>(n)] =
                    ternary_in_byte(static_cast<std::uint8_t>(byte), n, layout);
        }
    }
};
inline constexpr ternary_table ternary_tables[] = {ternary_table(ternary_layout::base_3),
                                                   ternary_table(ternary_layout::scaled)};

/// Bytes of n numbers, number i being at(i); the last byte is filled up with 0.
template <class At>
constexpr void pack_fives(std::size_t n, std::uint8_t* packed, ternary_layout layout, const At& at) noexcept {
    std::size_t i = 0;
    for (; n - i >= 5; i += 5) *packed++ = ternary_byte({at(i), at(i + 1), at(i + 2), at(i + 3), at(i + 4)}, layout);
    if (i == n) return;
    std::array<ternary, 5> last{};
    for (std::size_t k = i; k < n; ++k) last[k - i] = at(k);
    *packed = ternary_byte(last, layout);
}

/// src[5 j] to src[5 j + 4] in byte j. `packed` has ternary_bytes(src.size()) bytes (else status::extents_differ), none
/// in common with src (else status::dst_overlaps_src). The last byte is filled up with the number 0: kernels may take
/// whole bytes.
inline status pack_ternary(std::span<const ternary> src, std::span<std::uint8_t> packed,
                           ternary_layout layout = ternary_layout::base_3) noexcept {
    if (packed.size() != ternary_bytes(src.size())) return status::extents_differ;
    if (overlap(memory_of(src), memory_of(packed))) return status::dst_overlaps_src;
    pack_fives(src.size(), packed.data(), layout, [&](std::size_t i) { return src[i]; });
    return status::ok;
}
/// The same of ternary's two-bit codes, a byte each. status::code_invalid where one is not 0b00, 0b01 or 0b11: then
/// nothing is written.
inline status pack_ternary_codes(std::span<const std::uint8_t> codes, std::span<std::uint8_t> packed,
                                 ternary_layout layout = ternary_layout::base_3) noexcept {
    if (packed.size() != ternary_bytes(codes.size())) return status::extents_differ;
    if (overlap(memory_of(codes), memory_of(packed))) return status::dst_overlaps_src;
    bool valid = true;
    for (const std::uint8_t code : codes) valid &= code < 2 || code == 3;
    if (!valid) return status::code_invalid;
    pack_fives(codes.size(), packed.data(), layout, [&](std::size_t i) { return ternary::from_bits(codes[i]); });
    return status::ok;
}

/// Can `packed` be n numbers in memory of its own?
[[nodiscard]] inline status check_ternary(std::span<const std::uint8_t> packed, std::size_t n, byte_range dst,
                                          const ternary_table& table) noexcept {
    if (packed.size() != ternary_bytes(n)) return status::extents_differ;
    if (overlap(memory_of(packed), dst)) return status::dst_overlaps_src;
    bool valid = true;
    for (const std::uint8_t byte : packed) valid &= table.valid[byte];
    return valid ? status::ok : status::code_invalid;
}

/// And back. status::code_invalid where a byte is no code of the layout: then nothing is written. What fills up the
/// last byte is not looked at, beyond that.
inline status unpack_ternary(std::span<const std::uint8_t> packed, std::span<ternary> dst,
                             ternary_layout layout = ternary_layout::base_3) noexcept {
    const ternary_table& table = ternary_tables[static_cast<int>(layout)];
    const status found = check_ternary(packed, dst.size(), memory_of(dst), table);
    if (found != status::ok) return found;
    std::size_t i = 0;
    // 8 numbers are moved, 5 stay: the next byte's overwrite the others.
    for (; dst.size() - i >= 8; i += 5) __builtin_memcpy(dst.data() + i, table.numbers[packed[i / 5]].data(), 8);
    for (; i < dst.size(); ++i) dst[i] = table.numbers[packed[i / 5]][i % 5];
    return status::ok;
}
/// The same to ternary's two-bit codes, a byte each.
inline status unpack_ternary_codes(std::span<const std::uint8_t> packed, std::span<std::uint8_t> codes,
                                   ternary_layout layout = ternary_layout::base_3) noexcept {
    const ternary_table& table = ternary_tables[static_cast<int>(layout)];
    const status found = check_ternary(packed, codes.size(), memory_of(codes), table);
    if (found != status::ok) return found;
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = table.numbers[packed[i / 5]][i % 5].bits();
    return status::ok;
}

}  // namespace dyad::inline v1
