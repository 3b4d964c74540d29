// SPDX-License-Identifier: Apache-2.0
// unit e / S to nearest even, eight at a time, for integers e <= S: by doubles, with a proof that the rounding is
// right.
//
// p = e (unit / S) has four roundings of 2^-53, that of S as well: with p <= 2^16 it is within 2^-34.9 of the quotient.
// Where an integer and a half is as near to p as 2^-34, the quotient is taken in integers.
#pragma once

#if defined(__x86_64__) && defined(__SSE2__)

#include <cstddef>
#include <cstdint>

#include <dyad/kernels/avx512/scale.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/scalar/softmax_plan.hpp>

namespace dyad::inline v1::avx512 {

using eight_halves [[gnu::vector_size(16)]] = std::uint16_t;
using eight_bytes [[gnu::vector_size(8)]] = std::uint8_t;

class exact_quotients {
public:
    exact_quotients(std::uint64_t sum, softmax_output out) noexcept
        : sum_(sum), out_(out), inverse_(static_cast<double>(out.unit) / static_cast<double>(sum)) {}

    /// Is a share below one half?
    [[nodiscard]] bool is_zero(std::uint64_t e) const noexcept { return static_cast<double>(e) * inverse_ < 0.49; }

    [[gnu::target("avx512f,avx512dq"), gnu::always_inline]] longs operator()(longs e) const noexcept {
        constexpr double near = 0.5 - 0x1p-34;
        const doubles p = __builtin_convertvector(e, doubles) * inverse_;
        longs n;
        doubles rest;
        std::uint8_t uncertain;
        __asm__("vcvtpd2uqq %{rn-sae%}, %1, %0" : "=v"(n) : "v"(p));
        __asm__("vreducepd $0, %1, %0" : "=v"(rest) : "v"(p));
        rest = reinterpret_cast<doubles>(reinterpret_cast<longs>(rest) & (~std::uint64_t{0} >> 1));
        __asm__("vcmppd $13, %2, %1, %0" : "=Yk"(uncertain) : "v"(rest), "v"(doubles{} + near));
        const longs largest = longs{} + out_.largest;
        n = n < largest ? n : largest;
        return __builtin_expect(uncertain != 0, 0) ? mended(e, n, uncertain) : n;
    }

private:
    [[gnu::target("avx512f"), gnu::noinline]] longs mended(longs e, longs n, std::uint32_t uncertain) const noexcept {
        for (std::size_t k = 0; k < 8; ++k) {
            if ((uncertain >> k & 1) != 0) n[k] = softmax_share(e[k], sum_, out_);
        }
        return n;
    }

    std::uint64_t sum_;
    softmax_output out_;
    double inverse_;
};

}  // namespace dyad::inline v1::avx512

#endif
