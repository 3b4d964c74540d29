// SPDX-License-Identifier: Apache-2.0
// Residual sums of 8-bit codes with AVX-512: what each of the 256 codes of an operand becomes is made once, by the
// arithmetic of kernels/avx512/residual_sum.hpp, and then looked up, 64 codes at a time.
//   dst = clamp(a(x) + c(y)), c = b + zero point
// a and b are monotone in the code, so their ends bound them all. Where a and c are bytes, one saturating sum of bytes
// is the clamped sum, for -128 and 127 bound dst's codes too; where they are 16-bit words, one of words.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/byte_tables.hpp>
#include <dyad/kernels/avx512/look_up.hpp>
#include <dyad/kernels/avx512/residual_sum.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/residual_sum.hpp>

namespace dyad::inline v1::avx512 {

/// What the codes of an operand become, plus `more`: words in the order of the codes' bits, and their range.
struct residual_words {
    alignas(64) std::int16_t values[256];
    std::int32_t least;
    std::int32_t most;
};
/// Fills `table` for an operand whose numbers are in range; false where a value is none of 16 bits.
template <requantization Mode, class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline bool fill_residual_words(const residual_operand& x,
                                                                                    std::int32_t more,
                                                                                    residual_words& table) noexcept {
    const std::int32_t low = scalar::residual_part(word_min<Code>(), x, Mode) + more;
    const std::int32_t high = scalar::residual_part(word_max<Code>(), x, Mode) + more;
    table.least = low;
    table.most = high;
    if (low < word_min<std::int16_t>() || high > word_max<std::int16_t>()) return false;
    const residual_lanes lanes = make_residual_lanes<Mode>(x.factor, -x.zero_point * (std::int32_t{1} << x.up));
    const signed_words lane{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (std::int32_t first = 0; first < 256; first += 16) {
        const signed_words codes = lane + (signed_word<Code> && first >= 128 ? first - 256 : first);
        const signed_words y = requantized<Mode>(codes << x.up, lanes.terms, lanes.rounding) + more;
        store_clamped<lanes_used::all, word_min<std::int16_t>(), word_max<std::int16_t>()>(y, table.values + first,
                                                                                           lane_mask(16));
    }
    return true;
}

/// Sums of 64 codes, and within bounds.
template <class Out>
[[gnu::target("avx512bw"), gnu::always_inline]] inline bytes within_codes(bytes x, bytes low, bytes high) noexcept {
    if constexpr (signed_word<Out>) {
        __asm__("vpmaxsb %1, %0, %0" : "+v"(x) : "v"(low));
        __asm__("vpminsb %1, %0, %0" : "+v"(x) : "v"(high));
    } else {
        __asm__("vpmaxub %1, %0, %0" : "+v"(x) : "v"(low));
        __asm__("vpminub %1, %0, %0" : "+v"(x) : "v"(high));
    }
    return x;
}

/// Tables of bytes: int8 results only.
struct byte_residuals {
    byte_table of_x;
    byte_table of_y;

    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] static byte_table low_bytes_of(
        const residual_words& table) noexcept {
        return load_plane<0>(reinterpret_cast<const std::uint16_t*>(table.values));
    }
    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] static byte_residuals load(
        const residual_words& x, const residual_words& y) noexcept {
        return {low_bytes_of(x), low_bytes_of(y)};
    }
    template <class Out>
    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] bytes sum(bytes x,
                                                                                          bytes y) const noexcept {
        bytes a = of_x(x);
        __asm__("vpaddsb %1, %0, %0" : "+v"(a) : "v"(of_y(y)));
        return a;
    }
};
/// Tables of words, as planes of their low and high bytes.
struct word_residuals {
    byte_table x_low;
    byte_table x_high;
    byte_table y_low;
    byte_table y_high;

    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] static word_residuals load(
        const residual_words& x, const residual_words& y) noexcept {
        const auto* of_x = reinterpret_cast<const std::uint16_t*>(x.values);
        const auto* of_y = reinterpret_cast<const std::uint16_t*>(y.values);
        return {load_plane<0>(of_x), load_plane<1>(of_x), load_plane<0>(of_y), load_plane<1>(of_y)};
    }
    /// (unpacking and packing within 128 bits undo each other)
    template <class Out>
    [[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::always_inline]] bytes sum(bytes x,
                                                                                          bytes y) const noexcept {
        const bytes a_low = x_low(x);
        const bytes a_high = x_high(x);
        const bytes b_low = y_low(y);
        const bytes b_high = y_high(y);
        bytes first;
        bytes second;
        bytes other;
        __asm__("vpunpcklbw %2, %1, %0" : "=v"(first) : "v"(a_low), "v"(a_high));
        __asm__("vpunpcklbw %2, %1, %0" : "=v"(other) : "v"(b_low), "v"(b_high));
        __asm__("vpaddsw %1, %0, %0" : "+v"(first) : "v"(other));
        __asm__("vpunpckhbw %2, %1, %0" : "=v"(second) : "v"(a_low), "v"(a_high));
        __asm__("vpunpckhbw %2, %1, %0" : "=v"(other) : "v"(b_low), "v"(b_high));
        __asm__("vpaddsw %1, %0, %0" : "+v"(second) : "v"(other));
        if constexpr (signed_word<Out>) __asm__("vpacksswb %1, %0, %0" : "+v"(first) : "v"(second));
        else __asm__("vpackuswb %1, %0, %0" : "+v"(first) : "v"(second));
        return first;
    }
};

/// dst[i] for n codes by tables; dst may be x or y.
template <class Tables, class Out>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vbmi"), gnu::noinline]] inline void residual_row_by(
    const residual_words& of_x, const residual_words& of_y, const void* x, const void* y, Out* dst, std::size_t n,
    Out least, Out most) noexcept {
    const Tables tables = Tables::load(of_x, of_y);
    const auto* from_x = static_cast<const std::uint8_t*>(x);
    const auto* from_y = static_cast<const std::uint8_t*>(y);
    const bytes low = bytes{} + static_cast<std::uint8_t>(least);
    const bytes high = bytes{} + static_cast<std::uint8_t>(most);
    std::size_t i = 0;
    for (; n - i >= 64; i += 64) {
        const bytes sum = tables.template sum<Out>(load_bytes(from_x + i), load_bytes(from_y + i));
        store_bytes(within_codes<Out>(sum, low, high), dst + i);
    }
    if (i == n) return;
    const byte_mask rest = first_bytes(n - i);
    const bytes sum = tables.template sum<Out>(load_some(from_x + i, rest), load_some(from_y + i, rest));
    store_some(within_codes<Out>(sum, low, high), rest, dst + i);
}

/// Tables of both operands, if they hold what becomes of the codes.
template <requantization Mode, class X, class Y, class Out>
class residual_tables {
public:
    explicit residual_tables(const residual_terms& t) noexcept
        : usable_(fill_residual_words<Mode, X>(t.x, 0, of_x_) &&
                  fill_residual_words<Mode, Y>(t.y, t.range.offset, of_y_)),
          least_(static_cast<Out>(t.range.low + t.range.offset)),
          most_(static_cast<Out>(t.range.high + t.range.offset)) {}
    [[nodiscard]] bool are_usable() const noexcept { return usable_; }

    /// dst[i] for n codes; dst may be x or y.
    void run(const X* x, const Y* y, Out* dst, std::ptrdiff_t n) const noexcept {
        const auto count = static_cast<std::size_t>(n);
        if (std::same_as<Out, std::int8_t> && are_bytes(of_x_) && are_bytes(of_y_))
            residual_row_by<byte_residuals>(of_x_, of_y_, x, y, dst, count, least_, most_);
        else residual_row_by<word_residuals>(of_x_, of_y_, x, y, dst, count, least_, most_);
    }

private:
    static_assert(sizeof(X) == 1 && sizeof(Y) == 1 && sizeof(Out) == 1);
    [[nodiscard]] static bool are_bytes(const residual_words& w) noexcept { return w.least >= -128 && w.most <= 127; }

    residual_words of_x_;
    residual_words of_y_;
    bool usable_;
    Out least_;
    Out most_;
};

}  // namespace dyad::inline v1::avx512

#endif
