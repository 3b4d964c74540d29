// SPDX-License-Identifier: Apache-2.0
// Panels of floats and of pairs of bfloat16 for the matrix kernels of AVX2 and AVX-512: rows of `Lines` words, row w
// holds word w of every line. Lines that are missing repeat the first one: nobody reads their sums.
//   f32_form         word k is element k
//   bf16_float_form  word k is element k as a float; k padded to fours with +0
//   bf16_pair_form   word 2 g + p is {high: element 4 g + p, low: element 4 g + p + 2}; k padded to fours with -0
// A product of the paddings is -0, which a sum does not notice, whatever its sign.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/matrix_kernel.hpp>
#include <dyad/number/named_formats.hpp>

namespace dyad::inline v1::avx2 {

using panel_words [[gnu::vector_size(32)]] = std::uint32_t;

[[nodiscard]] constexpr std::ptrdiff_t whole_lines_of_cache(std::ptrdiff_t bytes) noexcept {
    return (bytes + 63) / 64 * 64;
}

struct f32_form {
    using carrier = float;
    static constexpr std::ptrdiff_t eight_words_of = 8;  ///< elements in eight words
    [[nodiscard]] static constexpr std::ptrdiff_t words(std::ptrdiff_t k) noexcept { return k; }
    [[nodiscard]] static std::uint32_t word(const float* line, std::ptrdiff_t k_stride, std::ptrdiff_t /*k*/,
                                            std::ptrdiff_t w) noexcept {
        std::uint32_t bits;
        __builtin_memcpy(&bits, line + w * k_stride, sizeof bits);
        return bits;
    }
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight(const void* from) noexcept {
        panel_words x;
        __builtin_memcpy(&x, from, sizeof x);
        return x;
    }
    /// Word w of eight lines that lie side by side.
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight_lines(const float* first,
                                                                               std::ptrdiff_t k_stride,
                                                                               std::ptrdiff_t w) noexcept {
        return eight(first + w * k_stride);
    }
};

struct bf16_float_form {
    using carrier = bfloat16;
    static constexpr std::ptrdiff_t eight_words_of = 8;
    [[nodiscard]] static constexpr std::ptrdiff_t words(std::ptrdiff_t k) noexcept { return (k + 3) / 4 * 4; }
    [[nodiscard]] static std::uint32_t word(const bfloat16* line, std::ptrdiff_t k_stride, std::ptrdiff_t k,
                                            std::ptrdiff_t w) noexcept {
        return w < k ? std::uint32_t{line[w * k_stride].bits()} << 16U : 0;
    }
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight(const bfloat16* from) noexcept {
        using eight_halves [[gnu::vector_size(16)]] = std::uint16_t;
        eight_halves x;
        __builtin_memcpy(&x, from, sizeof x);
        return __builtin_convertvector(x, panel_words) << 16U;
    }
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight_lines(const bfloat16* first,
                                                                               std::ptrdiff_t k_stride,
                                                                               std::ptrdiff_t w) noexcept {
        return eight(first + w * k_stride);
    }
};

template <std::uint16_t Padding>
struct bf16_pair_form {
    using carrier = bfloat16;
    static constexpr std::ptrdiff_t eight_words_of = 16;
    [[nodiscard]] static constexpr std::ptrdiff_t words(std::ptrdiff_t k) noexcept { return (k + 3) / 4 * 2; }
    [[nodiscard]] static std::uint32_t word(const bfloat16* line, std::ptrdiff_t k_stride, std::ptrdiff_t k,
                                            std::ptrdiff_t w) noexcept {
        const std::ptrdiff_t first = w / 2 * 4 + w % 2;
        const std::uint32_t high = first < k ? line[first * k_stride].bits() : Padding;
        const std::uint32_t low = first + 2 < k ? line[(first + 2) * k_stride].bits() : Padding;
        return high << 16U | low;
    }
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight(const bfloat16* from) noexcept {
        using sixteen_halves [[gnu::vector_size(32)]] = std::uint16_t;
        sixteen_halves x;
        __builtin_memcpy(&x, from, sizeof x);
        x = __builtin_shufflevector(x, x, 2, 0, 3, 1, 6, 4, 7, 5, 10, 8, 11, 9, 14, 12, 15, 13);
        return reinterpret_cast<panel_words>(x);
    }
    [[gnu::target("avx2"), gnu::always_inline]] static panel_words eight_lines(const bfloat16* first,
                                                                               std::ptrdiff_t k_stride,
                                                                               std::ptrdiff_t w) noexcept {
        const bfloat16* const high = first + (w / 2 * 4 + w % 2) * k_stride;
        return bf16_float_form::eight(high) | bf16_float_form::eight(high + 2 * k_stride) >> 16U;
    }
};

/// Words of two vectors, within each half in turn: the first two or the last two of both.
[[gnu::target("avx2"), gnu::always_inline]] inline panel_words first_words(panel_words x, panel_words y) noexcept {
    return __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13);
}
[[gnu::target("avx2"), gnu::always_inline]] inline panel_words last_words(panel_words x, panel_words y) noexcept {
    return __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15);
}
/// The same of pairs of words.
[[gnu::target("avx2"), gnu::always_inline]] inline panel_words first_pairs(panel_words x, panel_words y) noexcept {
    return __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13);
}
[[gnu::target("avx2"), gnu::always_inline]] inline panel_words last_pairs(panel_words x, panel_words y) noexcept {
    return __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
}

[[gnu::target("avx2"), gnu::always_inline]] inline void store_words(std::uint32_t* to, panel_words x) noexcept {
    __builtin_memcpy(to, &x, sizeof x);
}

/// Rows of a block of eight by eight words.
template <std::size_t... I>
struct word_block {
    panel_words rows[8];

    /// Eight words each of lines `first` to `first` + 7, from element `done` on.
    template <class Form>
    [[gnu::target("avx2"), gnu::always_inline]] static word_block of_lines(lines_view<typename Form::carrier> from,
                                                                           std::ptrdiff_t first, std::ptrdiff_t lines,
                                                                           std::ptrdiff_t done) noexcept {
        const auto* const data = from.data + done;
        const auto line = [=](std::size_t i) {
            const std::ptrdiff_t index = first + static_cast<std::ptrdiff_t>(i);
            return data + (index < lines ? index : 0) * from.line_stride;
        };
        return {{Form::eight(line(I))...}};
    }
    /// Rows become columns. The two halves of a vector go apart until the last step.
    [[gnu::target("avx2"), gnu::always_inline]] word_block transposed() const noexcept {
        const panel_words y[8] = {first_words(rows[0], rows[1]), last_words(rows[0], rows[1]),
                                  first_words(rows[2], rows[3]), last_words(rows[2], rows[3]),
                                  first_words(rows[4], rows[5]), last_words(rows[4], rows[5]),
                                  first_words(rows[6], rows[7]), last_words(rows[6], rows[7])};
        const panel_words z[8] = {first_pairs(y[0], y[2]), last_pairs(y[0], y[2]),  first_pairs(y[1], y[3]),
                                  last_pairs(y[1], y[3]),  first_pairs(y[4], y[6]), last_pairs(y[4], y[6]),
                                  first_pairs(y[5], y[7]), last_pairs(y[5], y[7])};
        return {{__builtin_shufflevector(z[I % 4], z[I % 4 + 4], I / 4 * 4, I / 4 * 4 + 1, I / 4 * 4 + 2, I / 4 * 4 + 3,
                                         I / 4 * 4 + 8, I / 4 * 4 + 9, I / 4 * 4 + 10, I / 4 * 4 + 11)...}};
    }
    [[gnu::target("avx2"), gnu::always_inline]] void store(std::uint32_t* to, std::ptrdiff_t row_words) const noexcept {
        (store_words(to + static_cast<std::ptrdiff_t>(I) * row_words, rows[I]), ...);
    }
};
using eight_by_eight = word_block<0, 1, 2, 3, 4, 5, 6, 7>;

/// Lines whose elements lie side by side, eight words of each at once; returns how many words are done. A store of
/// eight words may run over into rows that are written later, or past the last one by less than eight words.
template <class Form, std::ptrdiff_t Lines>
[[gnu::target("avx2"), gnu::noinline]] inline std::ptrdiff_t pack_along_k(lines_view<typename Form::carrier> from,
                                                                          std::ptrdiff_t lines, std::ptrdiff_t k,
                                                                          std::uint32_t* to) noexcept {
    std::ptrdiff_t w = 0;
    for (std::ptrdiff_t done = 0; k - done >= Form::eight_words_of; done += Form::eight_words_of, w += 8) {
        for (std::ptrdiff_t first = 0; first < Lines; first += 8) {
            const auto block = eight_by_eight::template of_lines<Form>(from, first, lines, done);
            block.transposed().store(to + w * Lines + first, Lines);
        }
    }
    return w;
}

/// Lines that lie side by side, all there, of a multiple of eight; returns how many words are done: those whose
/// elements are all there.
template <class Form, std::ptrdiff_t Lines>
[[gnu::target("avx2"), gnu::noinline]] inline std::ptrdiff_t pack_across(lines_view<typename Form::carrier> from,
                                                                         std::ptrdiff_t k, std::uint32_t* to) noexcept {
    const std::ptrdiff_t words = k / Form::eight_words_of * 8;
    for (std::ptrdiff_t w = 0; w < words; ++w) {
        for (std::ptrdiff_t first = 0; first < Lines; first += 8) {
            const panel_words x = Form::eight_lines(from.data + first, from.k_stride, w);
            __builtin_memcpy(to + w * Lines + first, &x, sizeof x);
        }
    }
    return words;
}

/// One panel. `to` has room for eight words more.
template <class Form, std::ptrdiff_t Lines>
void pack_panel(lines_view<typename Form::carrier> from, std::ptrdiff_t lines, std::ptrdiff_t k, void* to) noexcept {
    auto* const panel = static_cast<std::uint32_t*>(to);
    std::ptrdiff_t w = 0;
    if (from.k_stride == 1) w = pack_along_k<Form, Lines>(from, lines, k, panel);
    else if (Lines % 8 == 0 && from.line_stride == 1 && lines == Lines) w = pack_across<Form, Lines>(from, k, panel);
    for (; w < Form::words(k); ++w) {
        for (std::ptrdiff_t i = 0; i < Lines; ++i) {
            const auto* const line = from.data + (i < lines ? i : 0) * from.line_stride;
            panel[w * Lines + i] = Form::word(line, from.k_stride, k, w);
        }
    }
}

/// Bytes of a panel; k is padded to whole steps of Depth.
template <class Form, std::ptrdiff_t Lines, std::ptrdiff_t Depth = 1>
[[nodiscard]] constexpr std::ptrdiff_t panel_bytes(std::ptrdiff_t k) noexcept {
    constexpr std::ptrdiff_t past_the_end = Lines % 8 == 0 ? 0 : 8;
    return whole_lines_of_cache((Form::words((k + Depth - 1) / Depth * Depth) * Lines + past_the_end) * 4);
}

}  // namespace dyad::inline v1::avx2

#endif
