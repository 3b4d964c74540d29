// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/residual_sum.hpp with AVX-512: sixteen codes of each operand at a time, as words.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/avx512/requantize.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/residual_sum.hpp>

namespace dyad::inline v1::avx512 {

/// Sixteen codes as words.
template <class Code>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline signed_words load_summands(const Code* from) noexcept {
    const auto& codes = *reinterpret_cast<const char(*)[16 * sizeof(Code)]>(from);
    signed_words y;
    if constexpr (sizeof(Code) == 1 && signed_word<Code>) __asm__("vpmovsxbd %1, %0" : "=v"(y) : "m"(codes));
    else if constexpr (sizeof(Code) == 1) __asm__("vpmovzxbd %1, %0" : "=v"(y) : "m"(codes));
    else if constexpr (signed_word<Code>) __asm__("vpmovsxwd %1, %0" : "=v"(y) : "m"(codes));
    else __asm__("vpmovzxwd %1, %0" : "=v"(y) : "m"(codes));
    return y;
}

/// An operand's numbers in all lanes; `bias` takes the zero point away.
struct residual_lanes {
    multiplier_lanes terms;
    rounding_lanes rounding;
};
template <requantization Mode>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline residual_lanes make_residual_lanes(
    multiplier m, std::int32_t bias) noexcept {
    const signed_longs factor = signed_longs{} + std::int64_t{m.significand};
    const signed_words exponents = signed_words{} + m.exponent;
    return {{signed_words{} + bias, factor, factor, exponents}, make_rounding<Mode>(exponents)};
}

/// dst[i] for i < 16 n.
template <requantization Mode, residual_form Form, class X, class Y, class Out>
[[gnu::target("avx512bw,avx512vl"), gnu::always_inline]] inline void residual_blocks(
    const X* x, const Y* y, Out* dst, std::ptrdiff_t n, const residual_terms& terms) noexcept {
    const residual_terms t = terms;  // stores of bytes might change what is behind a reference
    const auto bias = [](const residual_operand& o) { return -o.zero_point * (std::int32_t{1} << o.up); };
    const residual_lanes of_x = make_residual_lanes<Mode>(t.x.factor, bias(t.x));
    const residual_lanes of_y = make_residual_lanes<Mode>(t.y.factor, bias(t.y));
    const residual_lanes of_sum = make_residual_lanes<Mode>(t.of_sum, 0);
    const signed_words sign = signed_words{} + t.y_sign;
    for (; n != 0; --n, x += 16, y += 16, dst += 16) {
        const signed_words a = requantized<Mode>(load_summands(x) << t.x.up, of_x.terms, of_x.rounding);
        const signed_words b = requantized<Mode>(load_summands(y) << t.y.up, of_y.terms, of_y.rounding);
        signed_words sum = a + b;
        if constexpr (Form == residual_form::rescaled)
            sum = requantized<Mode>(a + ((b ^ sign) - sign), of_sum.terms, of_sum.rounding);
        store_in_range<lanes_used::all, code_ends::given>(sum, t.range, dst, lane_mask(16));
    }
}

/// dst[i] for n codes; fit_residual_terms holds. dst may be x or y.
template <requantization Mode, residual_form Form, class X, class Y, class Out>
[[gnu::target("avx512bw,avx512vl"), gnu::noinline]] inline void residual_row(const X* x, const Y* y, Out* dst,
                                                                             std::ptrdiff_t n,
                                                                             const residual_terms& t) noexcept {
    residual_blocks<Mode, Form>(x, y, dst, n / 16, t);
    const std::ptrdiff_t done = n / 16 * 16;
    if (done == n) return;
    X last_x[16] = {};
    Y last_y[16] = {};
    Out last[16];
    const auto rest = static_cast<std::size_t>(n - done);
    __builtin_memcpy(last_x, x + done, rest * sizeof(X));
    __builtin_memcpy(last_y, y + done, rest * sizeof(Y));
    residual_blocks<Mode, Form>(last_x, last_y, last, 1, t);
    __builtin_memcpy(dst + done, last, rest * sizeof(Out));
}

}  // namespace dyad::inline v1::avx512

#endif
