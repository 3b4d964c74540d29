// SPDX-License-Identifier: Apache-2.0
// Rows of three published integer softmaxes: FQ-ViT's log-int-softmax, IntAttention's IndexSoftmax, Softermax.
// Sources and formulas: math/fqvit.hpp, math/index_softmax.hpp, math/softermax.hpp.
#pragma once

#include <cstdint>

#include <dyad/array/published_rows.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/math/fqvit.hpp>
#include <dyad/math/index_softmax.hpp>
#include <dyad/math/softermax.hpp>

namespace dyad::inline v1::fqvit {

/// dst = q, the share being 2^-q: 0 .. 2^bits - 1, and 2^bits for a share of 0, which takes a bit more. 1 <= bits <= 5;
/// parameters: i-exp of I-BERT's code.
template <published::narrow_codes In, class Out>
status log_softmax(vector_view<const In> src, const ibert::exp_parameters& p, int bits, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (!p.usable() || p.set != ibert::constants::code || bits < 1 || bits > 5) return status::parameters_not_usable;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    if (n > (index{1} << 24)) return status::k_exceeds_accumulator;
    const std::int32_t max = published::largest_code(src);
    // Each exponential is a whole number below 2^66 of which 24 digits are not 0; the sum is exact, rounded once.
    int128_t sum = 0;
    for (index i = 0; i < n; ++i) {
        const carried32 e = ibert::i_exp_code(src(i).raw() - max, p);
        sum += e.exponent > 0 ? static_cast<int128_t>(e.significand) << e.exponent : int128_t{e.floor()};
    }
    const carried32 whole = carried32::round(sum, 0);
    for (index i = 0; i < n; ++i) {
        const carried32 e = ibert::i_exp_code(src(i).raw() - max, p);
        dst(i) = Out::saturating_from_raw(log_share(whole, e, bits));
    }
    return status::ok;
}

/// Mended: exponentials and thresholds that are right at every scale; m = log2_multiplier(S).
template <published::narrow_codes In, class Out>
status log_softmax_mended(vector_view<const In> src, multiplier m, int bits, vector_view<Out> dst) noexcept {
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (bits < 1 || bits > 5) return status::parameters_not_usable;
    const index n = src.extent[0];
    if (n == 0) return status::ok;
    const std::int32_t max = published::largest_code(src);
    const auto exponential = [&](index i) -> std::uint64_t {
        return shift_exp2(scaled_exponent(magnitude(src(i).raw() - max), m));
    };
    std::uint64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += exponential(i);
    for (index i = 0; i < n; ++i) dst(i) = Out::saturating_from_raw(log_share_mended(sum, exponential(i), bits));
    return status::ok;
}

}  // namespace dyad::inline v1::fqvit

namespace dyad::inline v1::index_softmax {

/// dst in units of 1 / 255; src: accumulators of at most 32 bits, 0 < threshold <= largest_threshold.
template <class In, class Out>
status softmax(vector_view<const In> src, std::int32_t threshold, vector_view<Out> dst) noexcept {
    static_assert(In::width <= 32, "dyad::index_softmax takes codes of at most 32 bits.");
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (threshold <= 0 || threshold > largest_threshold) return status::parameters_not_usable;
    if (src.extent[0] == 0) return status::ok;
    std::int64_t max = src(0).raw();
    for (index i = 1; i < src.extent[0]; ++i) max = src(i).raw() > max ? std::int64_t{src(i).raw()} : max;
    const auto exponential = [&](index i) -> std::int32_t {
        return exponentials[static_cast<std::size_t>(index_of(max - src(i).raw(), threshold))];
    };
    std::int64_t sum = 0;
    for (index i = 0; i < src.extent[0]; ++i) sum += exponential(i);
    for (index i = 0; i < src.extent[0]; ++i) dst(i) = Out::saturating_from_raw(share(exponential(i), sum));
    return status::ok;
}

/// Mended: the nearest entry of the table instead of the one before.
template <class In, class Out>
status softmax_mended(vector_view<const In> src, std::int32_t threshold, vector_view<Out> dst) noexcept {
    static_assert(In::width <= 32, "dyad::index_softmax takes codes of at most 32 bits.");
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (threshold <= 0 || threshold > largest_threshold) return status::parameters_not_usable;
    if (src.extent[0] == 0) return status::ok;
    std::int64_t max = src(0).raw();
    for (index i = 1; i < src.extent[0]; ++i) max = src(i).raw() > max ? std::int64_t{src(i).raw()} : max;
    const auto exponential = [&](index i) -> std::int32_t {
        return exponentials[static_cast<std::size_t>(index_of_mended(max - src(i).raw(), threshold))];
    };
    std::int64_t sum = 0;
    for (index i = 0; i < src.extent[0]; ++i) sum += exponential(i);
    for (index i = 0; i < src.extent[0]; ++i) dst(i) = Out::saturating_from_raw(share_mended(exponential(i), sum));
    return status::ok;
}

}  // namespace dyad::inline v1::index_softmax

namespace dyad::inline v1::softermax {

/// dst in units of 2^-7, 0 .. 128; src: codes of Q(6,2), the logits times log2 e. `slice` elements are added at a time.
template <class In, class Out>
status softmax(vector_view<const In> src, index slice, vector_view<Out> dst) noexcept {
    static_assert(In::width <= 8, "dyad::softermax takes codes of at most 8 bits, Q(6,2).");
    if (const status s = published::check_row(src, dst); s != status::ok) return s;
    if (slice < 1 || slice > 0xffff) return status::parameters_not_usable;
    const index n = src.extent[0];
    normalizer all;
    for (index first = 0; first < n; first += slice) {
        const index end = n - first < slice ? n : first + slice;
        std::int32_t max = int_max(src(first).raw());
        for (index i = first; i < end; ++i) max = int_max(src(i).raw()) > max ? int_max(src(i).raw()) : max;
        std::uint32_t local = 0;
        for (index i = first; i < end; ++i) local += unnormed(src(i).raw(), max);
        all.add(max, local);
    }
    if (n == 0) return status::ok;
    // Shifting an unnormed share to the last maximum is the same as raising to it: both cut off once.
    const inverse_sum d = inverse(all.sum);
    for (index i = 0; i < n; ++i) {
        dst(i) = Out::saturating_from_raw(share(unnormed(src(i).raw(), all.max), d));
    }
    return status::ok;
}

}  // namespace dyad::inline v1::softermax
