// SPDX-License-Identifier: Apache-2.0
// Layer normalization of a row: y_i = (x_i - mean) / sqrt(variance + epsilon) * gamma_i + beta_i; integer-only and
// float. Population variance. Source: Ba, Kiros, Hinton, "Layer normalization", arXiv 1607.06450.
#pragma once

#include <cstdint>

#include <dyad/array/convert.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

/// Fraction bits of the normalized value x' = (x - mean) / sqrt(variance + epsilon).
inline constexpr int normalized_fraction = 20;

/// Fraction bits for the gains of a row: as many as keep every |gain| below 2^31 and every |offset| below 2^61, at most
/// 30; both arguments in codes of dst.
[[nodiscard]] constexpr int norm_gain_fraction(double max_gamma_in_codes, double max_beta_in_codes) noexcept {
    const auto magnitude_bits = [](double x) { return x > 0 ? unpack(x).top_exponent() + 1 : 0; };
    const int by_gain = 31 - magnitude_bits(max_gamma_in_codes);
    const int by_offset = 61 - normalized_fraction - magnitude_bits(max_beta_in_codes);
    const int least = by_gain < by_offset ? by_gain : by_offset;
    return least < 0 ? 0 : least > 30 ? 30 : least;
}

/// gamma / (scale of dst) as a gain of `gain_fraction` fraction bits, beta / (scale of dst) as an offset of
/// gain_fraction
/// + normalized_fraction bits; what is out of range saturates.
[[nodiscard]] constexpr std::int32_t norm_gain(double gamma_in_codes, int gain_fraction) noexcept {
    auto u = unpack(gamma_in_codes);
    u.exponent += gain_fraction;
    return pack_as<std::int32_t>(u, rounding::nearest_even, saturation::finite);
}
[[nodiscard]] constexpr std::int64_t norm_offset(double beta_in_codes, int gain_fraction) noexcept {
    auto u = unpack(beta_in_codes);
    u.exponent += gain_fraction + normalized_fraction;
    // At most 2^62 in magnitude, so that the sum with normalized * gain, below 2^58, cannot overflow.
    constexpr std::int64_t most = std::int64_t{1} << 62;
    const auto offset = pack_as<std::int64_t>(u, rounding::nearest_even, saturation::finite);
    return offset > most ? most : offset < -most ? -most : offset;
}

/// Integer layer_norm in the structure of I-ViT (Li and Gu, ICCV 2023), mended: the mean is not rounded (deviations are
/// kept as n x_i - sum), the root is exact to 31 bits whatever the variance (I-ViT stops Newton after ten steps from
/// 2^16, up to 64 off for small rows), gamma 0 is allowed, and there is one rounding at the end (half up).
/// `epsilon` = epsilon * n^3 / (scale of src)^2, in the units of the sum of squares below. The normalized value is
/// within 2^-20 of exact, relative 2^-30 (layer_norm_test). At most 2^14 channels of at most 16 bits.
template <format In, format Out>
status layer_norm_integer(vector_view<const In> src, vector_view<const std::int32_t> gains,
                          vector_view<const std::int64_t> offsets, int gain_fraction, std::uint64_t epsilon,
                          vector_view<Out> dst) noexcept {
    static_assert(In::width <= 16, "dyad::layer_norm_integer takes codes of at most 16 bits.");
    const index n = src.extent[0];
    if (dst.extent[0] != n || gains.extent[0] != n || offsets.extent[0] != n || n > (index{1} << 14)) {
        return status::extents_differ;
    }
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr || gains.data == nullptr || offsets.data == nullptr) return status::dst_null;
    // 1. Deviations d_i = n x_i - sum, |d_i| < 2^31; V = sum d_i^2 = n^3 variance < 2^76.
    std::int64_t sum = 0;
    for (index i = 0; i < n; ++i) sum += src(i).raw();
    const auto deviation = [&](index i) { return static_cast<std::int64_t>(n) * src(i).raw() - sum; };
    uint128_t squares = epsilon;
    for (index i = 0; i < n; ++i) squares += static_cast<uint128_t>(magnitude(deviation(i))) * magnitude(deviation(i));
    if (squares == 0) squares = 1;  // all deviations are 0 as well
    // 2. x' = d_i / root with root = sqrt(V / n); 4^half V / n is brought to 61 or 62 bits. V, a sum of squared
    // multiples
    //    of 1 that is not 0, is at least n (n - 1), so the division by n costs nothing that shows.
    squares = (squares << 40) / static_cast<std::uint64_t>(n);
    const int half = (62 - bit_width(squares)) >> 1;
    const auto aligned = static_cast<std::uint64_t>(half >= 0 ? squares << (2 * half) : squares >> (-2 * half));
    const std::uint64_t root = integer_sqrt(aligned);  // sqrt(V / n) 2^(20 + half), 31 bits
    const std::uint64_t reciprocal = (std::uint64_t{1} << 62) / root;
    // d_i * reciprocal = x' 2^(62 - 20 - half)
    const int normalize = 62 - 20 - half - normalized_fraction;
    // 3. One multiply-add and one rounding for each channel.
    for (index i = 0; i < n; ++i) {
        const int128_t wide = static_cast<int128_t>(deviation(i)) * static_cast<std::int64_t>(reciprocal);
        const auto normalized = static_cast<std::int64_t>(round_shift_right(wide, normalize, rounding::nearest_up));
        const std::int64_t y = normalized * gains(i) + offsets(i);
        dst(i) =
            Out::saturating_from_raw(round_shift_right(y, gain_fraction + normalized_fraction, rounding::nearest_up));
    }
    return status::ok;
}

/// Float layer_norm of x = src * in_scale: sums in double in order, dst = narrow<Out>(y / out_scale).
template <number In, number Out>
status layer_norm_float(vector_view<const In> src, vector_view<const float> gamma, vector_view<const float> beta,
                        double epsilon, double in_scale, double out_scale, vector_view<Out> dst) noexcept {
    const index n = src.extent[0];
    if (dst.extent[0] != n || gamma.extent[0] != n || beta.extent[0] != n) return status::extents_differ;
    if (n < 0) return status::negative_extent;
    if (n == 0) return status::ok;
    if (src.data == nullptr) return status::lhs_null;
    if (dst.data == nullptr || gamma.data == nullptr || beta.data == nullptr) return status::dst_null;
    // In units of in_scale, which cancels but for epsilon: so no product feeds a sum that a compiler could fuse.
    double sum = 0;
    for (index i = 0; i < n; ++i) sum += convert<double>(src(i));
    const double mean = sum / static_cast<double>(n);
    double squares = 0;
    for (index i = 0; i < n; ++i) {
        const double d = convert<double>(src(i)) - mean;
        squares = __builtin_fma(d, d, squares);
    }
    const double scaled_epsilon = epsilon / (in_scale * in_scale);
    const double root = __builtin_sqrt(squares / static_cast<double>(n) + scaled_epsilon);
    for (index i = 0; i < n; ++i) {
        const double x = (convert<double>(src(i)) - mean) / root;
        const double y = __builtin_fma(x, static_cast<double>(gamma(i)), static_cast<double>(beta(i)));
        dst(i) = narrow<Out>(y / out_scale);
    }
    return status::ok;
}

}  // namespace dyad::inline v1
