// SPDX-License-Identifier: Apache-2.0
// kernels/scalar/residual_sum.hpp with AVX2: eight codes of each operand at a time, as words.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/kernels/avx2/requantize.hpp>
#include <dyad/kernels/scalar/residual_sum.hpp>

namespace dyad::inline v1::avx2 {

/// Eight codes as words.
template <class Code>
[[gnu::target("avx2"), gnu::always_inline]] inline eight_signed widened_codes(const Code* from) noexcept {
    const auto& codes = *reinterpret_cast<const char(*)[8 * sizeof(Code)]>(from);
    eight_signed y;
    if constexpr (sizeof(Code) == 1 && signed_word<Code>) __asm__("vpmovsxbd %1, %0" : "=x"(y) : "m"(codes));
    else if constexpr (sizeof(Code) == 1) __asm__("vpmovzxbd %1, %0" : "=x"(y) : "m"(codes));
    else if constexpr (signed_word<Code>) __asm__("vpmovsxwd %1, %0" : "=x"(y) : "m"(codes));
    else __asm__("vpmovzxwd %1, %0" : "=x"(y) : "m"(codes));
    return y;
}

/// An operand's numbers in all lanes; `bias` takes the zero point away.
struct residual_lanes {
    multiplier_lanes terms;
    rounding_lanes rounding;
};
template <requantization Mode>
[[gnu::target("avx2"), gnu::always_inline]] inline residual_lanes make_residual_lanes(multiplier m,
                                                                                      std::int32_t bias) noexcept {
    const four_signed_longs factor = four_signed_longs{} + std::int64_t{m.significand};
    const eight_signed exponents = eight_signed{} + m.exponent;
    return {{eight_signed{} + bias, factor, factor, exponents}, make_rounding<Mode>(exponents)};
}

/// dst[i] for i < 8 n.
template <requantization Mode, residual_form Form, class X, class Y, class Out>
[[gnu::target("avx2"), gnu::always_inline]] inline void residual_blocks(const X* x, const Y* y, Out* dst,
                                                                        std::ptrdiff_t n,
                                                                        const residual_terms& terms) noexcept {
    const residual_terms t = terms;  // stores of bytes might change what is behind a reference
    const auto bias = [](const residual_operand& o) { return -o.zero_point * (std::int32_t{1} << o.up); };
    const residual_lanes of_x = make_residual_lanes<Mode>(t.x.factor, bias(t.x));
    const residual_lanes of_y = make_residual_lanes<Mode>(t.y.factor, bias(t.y));
    const residual_lanes of_sum = make_residual_lanes<Mode>(t.of_sum, 0);
    const eight_signed sign = eight_signed{} + t.y_sign;
    for (; n != 0; --n, x += 8, y += 8, dst += 8) {
        const eight_signed a = requantized<Mode>(widened_codes(x) << t.x.up, of_x.terms, of_x.rounding);
        const eight_signed b = requantized<Mode>(widened_codes(y) << t.y.up, of_y.terms, of_y.rounding);
        eight_signed sum = a + b;
        if constexpr (Form == residual_form::rescaled)
            sum = requantized<Mode>(a + ((b ^ sign) - sign), of_sum.terms, of_sum.rounding);
        store_in_range<lanes_used::all, code_ends::given>(sum, t.range, dst, std::ptrdiff_t{8});
    }
}

/// dst[i] for n codes; fit_residual_terms holds. dst may be x or y.
template <requantization Mode, residual_form Form, class X, class Y, class Out>
[[gnu::target("avx2"), gnu::noinline]] inline void residual_row(const X* x, const Y* y, Out* dst, std::ptrdiff_t n,
                                                                const residual_terms& t) noexcept {
    residual_blocks<Mode, Form>(x, y, dst, n / 8, t);
    const std::ptrdiff_t done = n / 8 * 8;
    if (done == n) return;
    X last_x[8] = {};
    Y last_y[8] = {};
    Out last[8];
    const auto rest = static_cast<std::size_t>(n - done);
    __builtin_memcpy(last_x, x + done, rest * sizeof(X));
    __builtin_memcpy(last_y, y + done, rest * sizeof(Y));
    residual_blocks<Mode, Form>(last_x, last_y, last, 1, t);
    __builtin_memcpy(dst + done, last, rest * sizeof(Out));
}

}  // namespace dyad::inline v1::avx2

#endif
