// SPDX-License-Identifier: Apache-2.0
// Matrix kernels of signed and unsigned bytes by vpdpbusd, which multiplies unsigned bytes with signed ones.
//   A signed lhs is packed as a + 128, an unsigned rhs as b - 128; with a = a' - da, b = b' + db:
//   sum a b = sum a' b' - da sum b' + db sum a.
// The second term stands before the steps of each panel of rhs, the third in the header of lhs; sums begin there. All
// is exact modulo 2^32. What is missing in a panel of rhs is packed as b' = 0, so that it adds nothing.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dyad/kernels/avx512/integer_panels.hpp>
#include <dyad/kernels/avx512/integer_tile.hpp>

namespace dyad::inline v1::avx512 {

/// Writes a panel of rhs: 16 words of -da sum b', then the steps.
template <class Lhs, class Rhs>
struct byte_columns {
    static constexpr std::uint32_t flip = std::is_signed_v<Rhs> ? 0 : 0x8080'8080U;
    static constexpr Rhs missing = std::is_signed_v<Rhs> ? Rhs{} : static_cast<Rhs>(128);
    std::byte* to;
    signed_words sums = {};

    [[gnu::target("avx512bw"), gnu::always_inline]] void put(std::ptrdiff_t step, words b) noexcept {
        b ^= flip;
        if constexpr (std::is_signed_v<Lhs>) sums = byte_products::add(sums, words{} + 0x0101'0101U, b);
        __builtin_memcpy(to + 64 + 64 * step, &b, sizeof b);
    }
    [[gnu::target("avx512bw"), gnu::always_inline]] void close() noexcept {
        const words header = reinterpret_cast<words>(sums) * -128U;
        __builtin_memcpy(to, &header, sizeof header);
    }
};
/// Writes a panel of lhs of eight rows: db sum a of each, the rows in a step, the steps.
template <class Lhs, class Rhs>
struct byte_rows {
    static constexpr std::uint32_t flip = std::is_signed_v<Lhs> ? 0x8080'8080U : 0;
    static constexpr std::uint32_t correction = std::is_signed_v<Rhs> ? 0 : 128;
    std::byte* to;
    signed_words sums = {};  // of even steps' rows, then of odd ones'

    [[gnu::target("avx512bw"), gnu::always_inline]] void put(std::ptrdiff_t step, words a) noexcept {
        const words ones = words{} + 0x0101'0101U;
        if constexpr (correction != 0)
            sums = std::is_signed_v<Lhs> ? byte_products::add(sums, ones, a) : byte_products::add(sums, a, ones);
        a ^= flip;
        __builtin_memcpy(to + panel_header + 32 * step, &a, sizeof a);
    }
    [[gnu::target("avx512bw"), gnu::always_inline]] void close() noexcept {
        std::uint32_t both[16];
        __builtin_memcpy(both, &sums, sizeof both);
        std::uint32_t of_rows[8];
        for (std::size_t i = 0; i < 8; ++i) of_rows[i] = correction * (both[i] + both[i + 8]);
        write_header(of_rows, tile_rows, to);
    }
};

template <class Lhs, class Rhs>
struct byte_matrix {
    [[nodiscard]] static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept {
        return 64 + 64 * ((k + 3) / 4);
    }

    [[gnu::target("avx512vbmi,avx512bw")]] static void pack_lhs(lines_view<Lhs> from, std::ptrdiff_t lines,
                                                                std::ptrdiff_t k, void* to) noexcept {
        using rows = byte_rows<Lhs, Rhs>;
        if (lines <= 4) return pack_few_rows<rows>(from, lines, k, static_cast<std::byte*>(to));
        rows writer{static_cast<std::byte*>(to)};
        pack_rows(from, lines, k, writer);
        writer.close();
    }
    [[gnu::target("avx512vbmi,avx512bw")]] static void pack_rhs(lines_view<Rhs> from, std::ptrdiff_t lines,
                                                                std::ptrdiff_t k, void* to) noexcept {
        byte_columns<Lhs, Rhs> writer{static_cast<std::byte*>(to)};
        pack_columns(from, lines, k, writer);
        writer.close();
    }
    static void multiply(const void* lhs, const void* rhs, std::ptrdiff_t k, std::ptrdiff_t rows,
                         std::ptrdiff_t columns, std::int32_t* sums, std::ptrdiff_t sum_stride,
                         tile_start start) noexcept {
        multiply_words<byte_products, corrections::both>(lhs, rhs, rhs_bytes(k), (k + 3) / 4,
                                                         {sums, sum_stride, rows, columns, start});
    }
    [[nodiscard]] static constexpr matrix_kernel<Lhs, Rhs, std::int32_t> make(const char* name) noexcept {
        return {.name = name,
                .isa = instruction_set::avx512,
                .lhs_lines = tile_rows,
                .rhs_lines = panel_columns,
                .rhs_panels = 3,
                .depth = 4,
                .lhs_bytes = &row_panel_bytes<4>,
                .rhs_bytes = &rhs_bytes,
                .pack_lhs = &pack_lhs,
                .pack_rhs = &pack_rhs,
                .multiply = &multiply};
    }
};

inline constexpr auto s8s8 = byte_matrix<std::int8_t, std::int8_t>::make("avx512 s8s8 8x48");
inline constexpr auto u8s8 = byte_matrix<std::uint8_t, std::int8_t>::make("avx512 u8s8 8x48");
inline constexpr auto s8u8 = byte_matrix<std::int8_t, std::uint8_t>::make("avx512 s8u8 8x48");
inline constexpr auto u8u8 = byte_matrix<std::uint8_t, std::uint8_t>::make("avx512 u8u8 8x48");

}  // namespace dyad::inline v1::avx512

#endif
