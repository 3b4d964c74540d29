// SPDX-License-Identifier: Apache-2.0
// Products of matrices of bytes by Armv8.2's dot products of four bytes, which know equal signs only. Where the signs
// differ, 128 is taken from every unsigned byte and given back through the other side's sums, which stand before its
// panel:  sum x y = sum (x - 128) y + 128 sum y,  exact modulo 2^32.
#pragma once

#if defined(__aarch64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/neon/matrix_pack.hpp>
#include <dyad/kernels/neon/matrix_tile.hpp>
#include <dyad/kernels/neon/vectors.hpp>

namespace dyad::inline v1::neon_dot {

/// `sums`, 8 x 12 words one row after the other, from `steps` steps of panels of four k: 32 bytes of lhs, 48 of rhs
/// each. `Dot` is the instruction
///   sdot (udot) v[d].4s, v[n].16b, v[m].4b[i]  =  Dot + (i & 1) * 2^21 + m * 2^16 + (i / 2) * 2^11 + n * 2^5 + d,
/// written as a number, because each assembler wants another permission for its name.
template <std::uint32_t Dot>
[[gnu::always_inline]] inline void multiply_steps(const std::byte* lhs, const std::byte* rhs, std::ptrdiff_t steps,
                                                  std::uint32_t* sums) noexcept {
    // Registers: 0 to 2 four columns each of rhs, 4 and 5 four rows each of lhs, 8 + 3 row + column / 4 the sums.
    __asm__ volatile(
        ".irp r, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"
        "movi v\\r\\().4s, #0\n\t"
        ".endr\n\t"
        "cbz %[steps], 2f\n"
        "1:\n\t"
        "ld1 {v4.16b, v5.16b}, [%[lhs]], #32\n\t"
        "ld1 {v0.16b, v1.16b, v2.16b}, [%[rhs]], #48\n\t"
        "subs %[steps], %[steps], #1\n\t"
        ".irp r, 0, 1, 2, 3, 4, 5, 6, 7\n\t"
        ".inst %c[dot] + (\\r & 1) * 0x200000 + (4 + \\r / 4) * 0x10000 + ((\\r / 2) & 1) * 0x800 + 8 + 3 * \\r\n\t"
        ".inst %c[dot] + (\\r & 1) * 0x200000 + (4 + \\r / 4) * 0x10000 + ((\\r / 2) & 1) * 0x800 + 41 + 3 * \\r\n\t"
        ".inst %c[dot] + (\\r & 1) * 0x200000 + (4 + \\r / 4) * 0x10000 + ((\\r / 2) & 1) * 0x800 + 74 + 3 * \\r\n\t"
        ".endr\n\t"
        "b.ne 1b\n"
        "2:\n\t"
        "st1 {v8.4s, v9.4s, v10.4s, v11.4s}, [%[sums]], #64\n\t"
        "st1 {v12.4s, v13.4s, v14.4s, v15.4s}, [%[sums]], #64\n\t"
        "st1 {v16.4s, v17.4s, v18.4s, v19.4s}, [%[sums]], #64\n\t"
        "st1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[sums]], #64\n\t"
        "st1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[sums]], #64\n\t"
        "st1 {v28.4s, v29.4s, v30.4s, v31.4s}, [%[sums]], #64"
        : [lhs] "+r"(lhs), [rhs] "+r"(rhs), [steps] "+r"(steps), [sums] "+r"(sums)
        : [dot] "i"(Dot)
        : "cc", "memory", "v0", "v1", "v2", "v4", "v5", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
          "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

/// One panel on its way: steps of four k, four bytes of each line. Shift, 0 or 0x80, is taken from unsigned bytes: x ^
/// 0x80 is x - 128 as a signed one.
template <class T, std::ptrdiff_t Lines, std::uint8_t Shift>
struct byte_panel {
    lines_view<T> from;
    std::ptrdiff_t lines;
    std::ptrdiff_t k;
    std::uint8_t* to;

    void pack() const noexcept {
        std::ptrdiff_t done = 0;
        if (lines == Lines && from.k_stride == 1) done = transpose_lines();
        else if (lines == Lines && from.line_stride == 1) done = interleave_rows();
        for (; done < k; done += 4) {
            for (std::ptrdiff_t line = 0; line < Lines; ++line) {
                for (std::ptrdiff_t i = done; i < done + 4; ++i) {
                    const bool is_there = line < lines && i < k;
                    const auto x =
                        static_cast<std::uint8_t>(is_there ? neon::element_or_zero(from, lines, line, i) : T{});
                    to[done * Lines + line * 4 + i - done] =
                        is_there ? static_cast<std::uint8_t>(x ^ Shift) : std::uint8_t{0};
                }
            }
        }
    }
    /// 128 times the sum of each line's bytes, as packed.
    void store_sums(std::byte* header) const noexcept {
        std::int32_t sums[16] = {};
        for (std::ptrdiff_t first = 0; first < k; first += 4) {
            for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                auto sum = neon::load<neon::signed_words>(sums + line);
                add_fours(sum, neon::load<all_bytes>(to + first * Lines + line * 4));
                neon::store(sums + line, sum);
            }
        }
        std::uint32_t products[16];
        for (int i = 0; i < 16; ++i) products[i] = 128 * static_cast<std::uint32_t>(sums[i]);
        __builtin_memcpy(header, products, sizeof products);
    }

private:
    using all_bytes [[gnu::vector_size(16)]] = std::uint8_t;

    /// sum[l] + the signed bytes x[4 l] to x[4 l + 3].
    [[gnu::always_inline]] static void add_fours(neon::signed_words& sum, all_bytes x) noexcept {
        all_bytes pairs;
        __asm__("saddlp %0.8h, %1.16b" : "=w"(pairs) : "w"(x));
        __asm__("sadalp %0.4s, %1.8h" : "+w"(sum) : "w"(pairs));
    }
    /// Sixteen k of four lines are four words each.
    [[nodiscard]] std::ptrdiff_t transpose_lines() const noexcept {
        std::ptrdiff_t done = 0;
        for (; done + 16 <= k; done += 16) {
            for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                neon::transpose_four(
                    [&](int i) {
                        return neon::load<neon::words>(from.data + (line + i) * from.line_stride + done) ^ shift;
                    },
                    [&](int i, neon::words x) { neon::store(to + (done + 4 * i) * Lines + 4 * line, x); });
            }
        }
        return done;
    }
    /// Four rows of k x n: the bytes of each column together.
    [[nodiscard]] std::ptrdiff_t interleave_rows() const noexcept {
        std::ptrdiff_t done = 0;
        for (; done + 4 <= k; done += 4) {
            for (std::ptrdiff_t line = 0; line < Lines; line += 4) {
                std::uint32_t rows[4];
                for (int i = 0; i < 4; ++i)
                    __builtin_memcpy(rows + i, from.data + (done + i) * from.k_stride + line, 4);
                const auto x = reinterpret_cast<all_bytes>(neon::load<neon::words>(rows) ^ shift);
                neon::store(to + done * Lines + 4 * line,
                            __builtin_shufflevector(x, x, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
            }
        }
        return done;
    }
    static constexpr std::uint32_t shift = Shift * 0x0101'0101U;
};

template <class Lhs, class Rhs>
struct byte_tile {
    using lhs_type = Lhs;
    using rhs_type = Rhs;
    using sum_type = std::int32_t;
    static constexpr std::ptrdiff_t lhs_lines = 8;
    static constexpr std::ptrdiff_t rhs_lines = 12;
    static constexpr std::ptrdiff_t depth = 4;

    static constexpr std::ptrdiff_t lhs_bytes(std::ptrdiff_t k) noexcept {
        return header<Rhs> + neon::whole_lines(lhs_lines * whole_steps(k));
    }
    static constexpr std::ptrdiff_t rhs_bytes(std::ptrdiff_t k) noexcept {
        return header<Lhs> + neon::whole_lines(rhs_lines * whole_steps(k));
    }
    static void pack_lhs(lines_view<Lhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack<Lhs, Rhs, lhs_lines>(from, lines, k, static_cast<std::byte*>(to));
    }
    static void pack_rhs(lines_view<Rhs> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
        pack<Rhs, Lhs, rhs_lines>(from, lines, k, static_cast<std::byte*>(to));
    }

    static void run(const void* lhs, const void* rhs, std::ptrdiff_t k, std::int32_t* sums, std::ptrdiff_t stride,
                    tile_start start) noexcept {
        const auto* const a = static_cast<const std::byte*>(lhs);
        const auto* const b = static_cast<const std::byte*>(rhs);
        alignas(64) std::uint32_t products[lhs_lines * rhs_lines];
        multiply_steps<dot>(a + header<Rhs>, b + header<Lhs>, whole_steps(k) / 4, products);
        // Taken from one side, given back through the other's sums.
        std::uint32_t row_sums[16] = {};
        std::uint32_t column_sums[16] = {};
        __builtin_memcpy(row_sums, a, header<Rhs>);
        __builtin_memcpy(column_sums, b, header<Lhs>);
        for (std::ptrdiff_t r = 0; r < lhs_lines; ++r) {
            for (std::ptrdiff_t c = 0; c < rhs_lines; ++c) {
                std::int32_t& to = sums[r * stride + c];
                const std::uint32_t before = start == tile_start::zero ? 0U : static_cast<std::uint32_t>(to);
                to = static_cast<std::int32_t>(before + products[r * rhs_lines + c] + row_sums[r] + column_sums[c]);
            }
        }
    }

private:
    static constexpr bool is_mixed = !std::same_as<Lhs, Rhs>;
    static constexpr std::uint32_t dot = !is_mixed && std::same_as<Lhs, std::uint8_t> ? 0x6f80'e000 : 0x4f80'e000;
    /// Bytes before a panel whose other side is `Other`.
    template <class Other>
    static constexpr std::ptrdiff_t header = is_mixed&& std::same_as<Other, std::uint8_t> ? 64 : 0;

    static constexpr std::ptrdiff_t whole_steps(std::ptrdiff_t k) noexcept { return (k + 3) / 4 * 4; }

    template <class T, class Other, std::ptrdiff_t Lines>
    static void pack(lines_view<T> from, std::ptrdiff_t lines, std::ptrdiff_t k, std::byte* to) noexcept {
        byte_panel<T, Lines, is_mixed && std::same_as<T, std::uint8_t> ? 0x80 : 0> panel{
            from, lines, k, reinterpret_cast<std::uint8_t*>(to + header<Other>)};
        panel.pack();
        if constexpr (header<Other> != 0) panel.store_sums(to);
    }
};

inline constexpr auto s8s8 =
    neon::make_matrix_kernel<byte_tile<std::int8_t, std::int8_t>>("neon_dot s8s8 8x12", instruction_set::neon_dot);
inline constexpr auto u8s8 =
    neon::make_matrix_kernel<byte_tile<std::uint8_t, std::int8_t>>("neon_dot u8s8 8x12", instruction_set::neon_dot);
inline constexpr auto s8u8 =
    neon::make_matrix_kernel<byte_tile<std::int8_t, std::uint8_t>>("neon_dot s8u8 8x12", instruction_set::neon_dot);
inline constexpr auto u8u8 =
    neon::make_matrix_kernel<byte_tile<std::uint8_t, std::uint8_t>>("neon_dot u8u8 8x12", instruction_set::neon_dot);

}  // namespace dyad::inline v1::neon_dot

#endif
