// SPDX-License-Identifier: Apache-2.0
// One row of a float softmax: the two passes of array/float_softmax.hpp over blocks of 2048 elements.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <dyad/array/view.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/kernels/float_log_shares.hpp>
#include <dyad/kernels/float_softmax.hpp>

namespace dyad::inline v1 {

enum class softmax_result : std::uint8_t {
    share,     ///< y_i = exp(s x_i) / sum_j exp(s x_j)
    logarithm  ///< ln y_i
};

/// L = s log2 e, in the forms that rows need.
struct softmax_exponent {
    double factor;   ///< s
    double log2;     ///< L
    double inverse;  ///< 1 / L
    float high;
    float low;

    [[nodiscard]] static softmax_exponent of(float s) noexcept {
        const double l = scalar::opaque(static_cast<double>(s) * 1.4426950408889634074);
        const float high = scalar::opaque(static_cast<float>(l));
        return {s, l, scalar::divided(1.0, l), high, static_cast<float>(l - static_cast<double>(high))};
    }
    /// N for a block with this largest element.
    [[nodiscard]] int reference(float largest) const noexcept {
        const double t = scalar::opaque(static_cast<double>(largest) * log2);
        return static_cast<int>(t < 0 ? t - 0.5 : t + 0.5);
    }
    [[nodiscard]] softmax_reference to(int n) const noexcept {
        return {high, low, static_cast<float>(0xc0'0000 + 127 + softmax_shift - n),
                static_cast<float>((n - 152) * inverse)};
    }
};

/// A row as it is given: strided, masked, or with `shift` to be subtracted.
struct softmax_source {
    vector_view<const float> elements;
    vector_view<const std::uint8_t> mask;  ///< no data: all are seen
    float shift = 0;
    const float* next = nullptr;  ///< where the next row is that is worth fetching

    [[nodiscard]] index size() const noexcept { return elements.extent[0]; }
    [[nodiscard]] bool is_plain() const noexcept {
        return (elements.stride[0] == 1 || size() <= 1) && mask.data == nullptr && shift == 0;
    }
    /// Elements first ... first + n - 1 laid end to end, in memory of their own or, if need be, in `room`.
    [[nodiscard]] const float* block(index first, index n, float* room) const noexcept {
        if (is_plain()) return elements.data + first;
        for (index i = 0; i < n; ++i) {
            // (as bits: with -ffast-math a compiler need not keep a NaN)
            const bool seen = mask.data == nullptr || mask(first + i) != 0;
            const auto bits = std::bit_cast<std::uint32_t>(elements(first + i));
            room[i] = std::bit_cast<float>(seen ? bits : 0xff80'0000U);
        }
        if (shift == 0) return room;
        for (index i = 0; i < n; ++i) room[i] = scalar::opaque(scalar::opaque(room[i]) - shift);
        return room;
    }
};

/// What the first pass finds.
enum class softmax_row : std::uint8_t {
    shares,  ///< a sum of terms
    none,    ///< -infinity everywhere
    nan,     ///< NaN or +infinity somewhere
    far      ///< |x L| of the largest x is beyond softmax_limit
};
struct softmax_total {
    softmax_row row = softmax_row::none;
    float largest = 0;
    int reference = 0;
    double sum = 0;  ///< of the terms: 2^softmax_shift * sum_j 2^(x_j L - reference)

    /// 2^e; 0 for e < -1000.
    [[nodiscard]] static double power(int e) noexcept {
        return e < -1000 ? 0.0 : std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52);
    }
    /// Adds a block's sum, relative to 2^n. (The products are exact: a contraction changes nothing.)
    void add(double block, int n) noexcept {
        if (row == softmax_row::none) reference = n;
        row = softmax_row::shares;
        if (n > reference) {
            sum = scalar::opaque(scalar::opaque(sum * power(reference - n)) + block);
            reference = n;
        } else {
            sum = scalar::opaque(sum + scalar::opaque(block * power(n - reference)));
        }
    }
};

/// Rows up to here keep their terms in dst, each block's relative to its own N.
struct softmax_kept {
    static constexpr index most = 32 * static_cast<index>(softmax_block);
    static constexpr int unknown = -0x7fff'ffff;  ///< dst does not hold the terms of this block
    std::array<int, 32> reference;
};

[[nodiscard]] inline index softmax_block_size(index n, index first) noexcept {
    constexpr auto whole = static_cast<index>(softmax_block);
    return n - first < whole ? n - first : whole;
}
[[nodiscard]] inline bool has_nan(const float* x, index n) noexcept {
    unsigned found = 0;
    for (index i = 0; i < n; ++i) found |= static_cast<unsigned>(scalar::is_nan(x[i]));
    return found != 0;
}

/// The first pass. `terms` is null, or gets the terms of a row of at most softmax_kept::most elements; apart from src
/// unless the row is one block. The source: softmax_source, or what has its functions.
template <class Source>
[[nodiscard, gnu::noinline]] softmax_total softmax_first_pass(instruction_set isa, const Source& src,
                                                              const softmax_exponent& e, float* terms,
                                                              softmax_kept& kept) noexcept {
    constexpr std::uint32_t infinity = 0x7f80'0000;
    constexpr std::uint32_t sign = 0x8000'0000;
    alignas(64) float room[softmax_block];
    softmax_total total;
    const index n = src.size();
    const bool fetch = src.is_plain() && n > softmax_kept::most;
    // (One block decides for itself, and before its terms are written to where it may be.)
    const double lowest = n <= static_cast<index>(softmax_block) ? -softmax_limit : -2 * softmax_limit;
    float largest = scalar::opaque(std::bit_cast<float>(infinity | sign));
    bool is_nan = false;
    for (index first = 0; first < n && !is_nan; first += static_cast<index>(softmax_block)) {
        const index here = softmax_block_size(n, first);
        const auto size = static_cast<std::size_t>(here);
        const float* x = src.block(first, here, room);
        const float top = scalar::opaque(softmax_largest(isa, x, size));
        const auto bits = std::bit_cast<std::uint32_t>(top);
        largest = top > largest ? top : largest;
        int& reference = kept.reference[terms == nullptr ? 0 : static_cast<std::size_t>(first) / softmax_block];
        reference = softmax_kept::unknown;
        // 1. Blocks that do not count, or not yet: nothing to see, so low that another block or a shift decides, or so
        //    high that the row is far. NaN counts always.
        const double t = static_cast<double>(top) * e.log2;
        if (bits == infinity || bits == (infinity | sign) || t > softmax_limit || t < lowest) {
            is_nan = bits == infinity || has_nan(x, here);
            continue;
        }
        // 2. The sum of the terms. (Behind the last row the memory may not exist, which fetching does not mind.)
        reference = e.reference(top);
        const softmax_reference to = e.to(reference);
        const float* next = fetch && n - first > here ? x + softmax_block : src.next;
        const double sum = terms == nullptr ? sum_of_terms(isa, x, size, to, scalar::no_terms{}, next)
                                            : sum_of_terms(isa, x, size, to, scalar::kept_terms{terms + first}, next);
        is_nan = (std::bit_cast<std::uint64_t>(sum) << 1) > (std::uint64_t{0x7ff} << 53);
        total.add(sum, reference);
    }
    total.largest = largest;
    const double t = static_cast<double>(largest) * e.log2;
    if (is_nan) total.row = softmax_row::nan;
    else if (std::bit_cast<std::uint32_t>(largest) == (infinity | sign)) total.row = softmax_row::none;
    else if (t > softmax_limit || t < -softmax_limit) total.row = softmax_row::far;
    return total;
}

/// The second pass for shares, to n floats laid end to end. `kept`: dst holds terms.
[[gnu::noinline]] inline void softmax_second_pass(instruction_set isa, const softmax_source& src,
                                                  const softmax_exponent& e, const softmax_total& total,
                                                  const softmax_kept* kept, float* dst) noexcept {
    alignas(64) float room[softmax_block];
    const index n = src.size();
    const double inverse = scalar::divided(1.0, total.sum);
    const auto factor = scalar::opaque(static_cast<float>(inverse));
    const softmax_reference to = e.to(total.reference);
    const auto size = static_cast<std::size_t>(n);
    if (src.is_plain() && kept == nullptr && src.elements.data != dst && 2 * sizeof(float) * size >= streaming_bytes)
        return softmax_shares_streamed(isa, src.elements.data, size, to, factor, dst);
    for (index first = 0; first < n; first += static_cast<index>(softmax_block)) {
        const auto here = static_cast<std::size_t>(softmax_block_size(n, first));
        const int block =
            kept == nullptr ? softmax_kept::unknown : kept->reference[static_cast<std::size_t>(first) / softmax_block];
        // Terms relative to another N are multiplied by factor * 2^(their N - N), which must be a normal float: factor
        // is above 2^-82 here.
        if (block != softmax_kept::unknown && total.reference - block <= 40) {
            const auto power = static_cast<float>(softmax_total::power(block - total.reference));
            softmax_multiply(isa, dst + first, here, scalar::opaque(factor * power), dst + first);
        } else {
            const float* x = src.block(first, static_cast<index>(here), room);
            softmax_shares(isa, x, here, to, factor, dst + first);
        }
    }
}

/// The shares of a row of any source, and through floats of any kind: write(first, floats, n) for one block after the
/// other; it may change the floats. The bits of softmax_second_pass. All is 0 where nothing is seen, NaN where the sum
/// is.
template <class Source, class Write>
[[gnu::noinline]] void softmax_by_blocks(instruction_set isa, Source src, const softmax_exponent& e,
                                         Write write) noexcept {
    constexpr auto whole = static_cast<index>(softmax_block);
    alignas(64) float room[softmax_block];
    const index n = src.size();
    float* const terms = n <= whole ? room : nullptr;
    // 1. The sum. The terms of a row of one block stay.
    softmax_kept kept;
    softmax_total total = softmax_first_pass(isa, src, e, terms, kept);
    if (total.row == softmax_row::far) {
        src.shift = total.largest;
        total = softmax_first_pass(isa, src, e, terms, kept);
    }
    // 2. The shares.
    const bool is_sum = total.row == softmax_row::shares;
    const auto factor = is_sum ? scalar::opaque(static_cast<float>(scalar::divided(1.0, total.sum))) : 0.0f;
    const std::uint32_t all = total.row == softmax_row::nan ? 0x7fc0'0000U : 0U;
    for (index first = 0; first < n; first += whole) {
        const index here = softmax_block_size(n, first);
        const auto size = static_cast<std::size_t>(here);
        if (!is_sum) {
            for (index j = 0; j < here; ++j) room[j] = std::bit_cast<float>(all);
        } else if (terms != nullptr) {
            softmax_multiply(isa, room, size, factor, room);
        } else {
            softmax_shares(isa, src.block(first, here, room), size, e.to(total.reference), factor, room);
        }
        write(first, static_cast<float*>(room), here);
    }
}

/// ln y_i = (x_i - shift) s - ln 2 (reference - 64) - ln(sum / k), rounded once to float.
[[gnu::noinline]] inline void softmax_log_pass(instruction_set isa, const softmax_source& src,
                                               const softmax_exponent& e, const softmax_total& total,
                                               float* dst) noexcept {
    alignas(64) float room[softmax_block];
    const index n = src.size();
    const double c = fused(static_cast<double>(total.reference - softmax_shift), 0.693147180559945309417,
                           scalar::opaque(scalar::natural_log(total.sum) - exp2_coefficients_log));
    const scalar::log_share to{static_cast<double>(src.shift), e.factor, c};
    softmax_source unshifted = src;
    unshifted.shift = 0;
    if (unshifted.is_plain() && src.elements.data != dst)
        return log_shares(isa, src.elements.data, to, dst, static_cast<std::size_t>(n));
    for (index first = 0; first < n; first += static_cast<index>(softmax_block)) {
        const index here = softmax_block_size(n, first);
        log_shares(isa, unshifted.block(first, here, room), to, dst + first, static_cast<std::size_t>(here));
    }
}

}  // namespace dyad::inline v1
