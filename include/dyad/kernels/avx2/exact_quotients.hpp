// SPDX-License-Identifier: Apache-2.0
// unit e / S to nearest even, four at a time, for integers e <= S, e <= 2^44: by doubles, with a proof that the rounding
// is right. The proof is that of avx512/exact_quotients.hpp.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/scalar/softmax_plan.hpp>

namespace dyad::inline v1::avx2 {

using long_vector [[gnu::vector_size(32)]] = std::uint64_t;
using double_vector [[gnu::vector_size(32)]] = double;
using four_words [[gnu::vector_size(16)]] = std::int32_t;
using four_halves [[gnu::vector_size(8)]] = std::uint16_t;

class exact_quotients {
public:
    exact_quotients(std::uint64_t sum, softmax_output out) noexcept
        : sum_(sum), out_(out), inverse_(static_cast<double>(out.unit) / static_cast<double>(sum)) {}

    /// Is a share below one half?
    [[nodiscard]] bool is_zero(std::uint64_t e) const noexcept { return static_cast<double>(e) * inverse_ < 0.49; }

    [[gnu::target("avx2"), gnu::always_inline]] four_words operator()(long_vector e) const noexcept {
        // 2^52 + e has e as its last bits.
        constexpr std::uint64_t two52 = 0x4330'0000'0000'0000;
        double_vector p = reinterpret_cast<double_vector>(e | two52);
        __asm__("vsubpd %1, %0, %0" : "+x"(p) : "x"(double_vector{} + 0x1p52));  // (-ffast-math)
        p *= inverse_;
        double_vector whole;
        __asm__("vroundpd $0, %1, %0" : "=x"(whole) : "x"(p));
        const auto rest = reinterpret_cast<double_vector>((reinterpret_cast<long_vector>(p - whole) << 1) >> 1);
        int uncertain;
        double_vector compared;
        __asm__("vcmppd $13, %2, %1, %0" : "=x"(compared) : "x"(rest), "x"(double_vector{} + (0.5 - 0x1p-34)));
        __asm__("vmovmskpd %1, %0" : "=r"(uncertain) : "x"(compared));
        four_words n;
        __asm__("vcvttpd2dqy %1, %0" : "=x"(n) : "x"(whole));
        const four_words largest = four_words{} + static_cast<std::int32_t>(out_.largest);
        n = n < largest ? n : largest;
        return __builtin_expect(uncertain != 0, 0) ? mended(e, n, static_cast<unsigned>(uncertain)) : n;
    }

private:
    [[gnu::target("avx2"), gnu::noinline]] four_words mended(long_vector e, four_words n,
                                                             unsigned uncertain) const noexcept {
        for (std::size_t k = 0; k < 4; ++k) {
            if (((uncertain >> k) & 1) != 0) n[k] = static_cast<std::int32_t>(softmax_share(e[k], sum_, out_));
        }
        return n;
    }

    std::uint64_t sum_;
    softmax_output out_;
    double inverse_;
};

}  // namespace dyad::inline v1::avx2

#endif
