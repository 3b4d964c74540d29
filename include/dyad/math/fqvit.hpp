// SPDX-License-Identifier: Apache-2.0
// FQ-ViT's log-int-softmax: attention as powers of two, p = 2^-q with q of 4 bits, so that P V is made of shifts.
//   q = LogRound(round(sum / e)), e = i-exp (I-BERT's code);  LogRound(x) = floor(log2 x), one more from 1.5 * 2^k on
// Source: Lin et al., "FQ-ViT: post-training quantization for fully quantized vision transformer", IJCAI 2022
// (arXiv 2111.13824), and its code, whose sum / e is a float32 quotient: not integer-only as published.
// Left as published: 2^-q is off by up to a half of p (mean .18), at shares just below 2 / 3 * 2^-k (fqvit_test).
#pragma once

#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/ibert.hpp>

namespace dyad::inline v1::fqvit {

/// x >= 1. PyTorch's log2 gives k for x just below 2^k; the result is k there too.
[[nodiscard]] DYAD_HD constexpr std::int32_t log_round(std::int64_t x) noexcept {
    DYAD_ASSERT(x >= 1);
    const auto m = static_cast<std::uint64_t>(x);
    const int k = bit_width(m) - 1;
    return k > 0 && ((m >> (k - 1)) & 1) != 0 ? k + 1 : k;
}

/// The code q of a share e / sum: 0 .. 2^bits - 1, or 2^bits, which stands for a share of 0 (the published mask).
[[nodiscard]] DYAD_HD constexpr std::int32_t log_share(carried32 sum, carried32 e, int bits) noexcept {
    const std::int32_t nothing = std::int32_t{1} << bits;
    if (e.significand == 0) return nothing;
    const std::int64_t inverse = (sum / e).nearest();
    if (inverse < 1) return 0;
    const std::int32_t q = log_round(inverse);
    return q < nothing ? q : nothing;
}

/// Mended: one more from 4 / 3 * 2^k on, of the exact quotient: at most a third of p off, the least there is.
[[nodiscard]] DYAD_HD constexpr std::int32_t log_share_mended(std::uint64_t sum, std::uint64_t e, int bits) noexcept {
    const std::int32_t nothing = std::int32_t{1} << bits;
    if (e == 0) return nothing;
    for (std::int32_t k = 0; k < nothing && k < 64; ++k) {
        if (3 * static_cast<uint128_t>(sum) < (4 * static_cast<uint128_t>(e)) << k) return k;
    }
    return nothing;
}

}  // namespace dyad::inline v1::fqvit
