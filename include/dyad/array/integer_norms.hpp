// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows of codes, integer-only: y_i = x'_i gamma_i + beta_i with
//   layer norm  x' = (x - mean) / sqrt(mean (x - mean)^2 + epsilon)     Ba, Kiros, Hinton, arXiv 1607.06450
//   RMS norm    x' = x / sqrt(mean x^2 + epsilon)                       Zhang and Sennrich, arXiv 1910.07467
//   L1 norm     x' = (x - mean) / (mean |x - mean| + epsilon)           arXiv 2411.10948
// With n elements, s = sum x, V = n sum x^2 - s^2 (without s for RMS), A = sum |n x - s|, all of them exact:
//   x' = (x - s / n) n / sqrt(V + n^2 epsilon)   and   (x - s / n) n^2 / (A + n^2 epsilon).
// In steps: 1. V or A; 2. the factor r of x - s / n to 31 bits (array/norm_factor.hpp); 3. z = x' rounded half up to
// norm_fraction bits; 4. y = z gain + offset, exact in 64 bits; 5. one rounding half up, clamped.
//
// Error. z is off by at most 1/2 (its rounding) + 2^-shift / 2 (the mean's product) + |x - s / n| 2^-shift / 2 (the
// factor's rounding), in units of 2^-f, f = norm_fraction. A factor of 31 bits is at least 2^30, so the last term is
// |z| / (2 N) <= 2^30 / 2^31 = 1/2; where shift = 0, z's own rounding has nothing to round. Together at most 5/4. The
// relative errors of the root, 2^-57, and of epsilon, 2^-59, add |z| 2^-57 < 2^-26. So with G = |gain| in codes,
//   |y - y exact| <= 1/2 + (5/4 + 2^-26) 2^-f G
// where y exact has the plan's own gains, offsets and epsilon. f = 25 for 256 <= n < 1024, 22 for n = 2^14: below 1/2 +
// 2^-10 for G up to 2^14 and 2^11. L1: f = 21 for 512 <= n < 1024, 16 for n = 2^14: for G up to 2^10 and 2^5
// (integer_norms_test).
#pragma once

#include <cstdint>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/map_operands.hpp>
#include <dyad/array/norm_factor.hpp>
#include <dyad/array/norm_parameters.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/row_options.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/kernels/norm.hpp>
#include <dyad/number/fixed.hpp>

namespace dyad::inline v1 {

template <class T>
inline constexpr bool is_norm_code = false;
template <int Width, int Fraction, signedness Sign, overflow Overflow>
inline constexpr bool is_norm_code<fixed<Width, Fraction, Sign, Overflow>> = Width <= 16;

/// A plan: what depends on scales and parameters, prepared by `set`; gains and offsets live in memory of the caller.
/// Trivially copyable; run needs no float. The fractions of In and Out do not matter: scales say what a code is worth.
template <norm_kind Kind, class In, class Out>
class integer_norm {
    static_assert(is_norm_code<In>, "dyad::integer_norm's In must be a fixed-point number of at most 16 bits.");
    static_assert(is_norm_code<Out>, "dyad::integer_norm's Out must be a fixed-point number of at most 16 bits.");

public:
    /// Memory for n channels, at most 2^14. Both forms of shape leave a plan that is to be set (again), if not the old.
    status shape(arena& memory, index n) noexcept {
        if (n > most_norm_channels) return status::row_too_long;
        vector_view<std::int32_t> gains;
        vector_view<std::int64_t> offsets;
        if (const status s = memory.take(n, gains); s != status::ok) return s;
        if (const status s = memory.take(n, offsets); s != status::ok) return s;
        return place(gains, offsets);
    }
    /// The caller's own memory: n elements each, without gaps.
    status shape(vector_view<std::int32_t> gains, vector_view<std::int64_t> offsets) noexcept {
        if (gains.extent != offsets.extent) return status::extents_differ;
        if (gains.extent[0] < 0) return status::negative_extent;
        if (gains.extent[0] > most_norm_channels) return status::row_too_long;
        if (gains.extent[0] > 1 && (gains.stride[0] != 1 || offsets.stride[0] != 1))
            return status::parameter_shape_differs;
        if (overlap(memory_of(gains), memory_of(offsets))) return status::workspace_overlaps_operand;
        return place(gains, offsets);
    }
    [[nodiscard]] index channels() const noexcept { return gains_.extent[0]; }

    /// gamma and beta of every channel (a beta without elements: none), epsilon >= 0, what one code of In and of Out is
    /// worth. Gains of 31 bits and offsets are gamma and beta over out_scale, each rounded once; a large beta gives the
    /// codes' end. A gain of 2^(f - 1) codes or more (f in the header's text), or an epsilon of 2^63, has no room.
    /// `out_zero_point` is the code that stands for 0, between -2^16 and 2^16: it goes to the offsets, exactly.
    status set(vector_view<const float> gamma, vector_view<const float> beta, double epsilon, double in_scale,
               double out_scale, std::int32_t out_zero_point = 0) noexcept {
        const index n = channels();
        if (gamma.extent[0] != n || (beta.extent[0] != n && beta.extent[0] != 0)) return status::extents_differ;
        if (n != 0 && (gains_.data == nullptr || offsets_.data == nullptr || gamma.data == nullptr ||
                       (beta.extent[0] != 0 && beta.data == nullptr)))
            return status::parameter_missing;
        if (!is_positive_finite(in_scale) || !is_positive_finite(out_scale)) return status::scale_not_positive;
        if (!is_finite(epsilon)) return status::parameter_not_finite;
        if (out_zero_point < -65536 || out_zero_point > 65536) return status::parameter_out_of_range;
        // 1. The largest ones decide on the places behind the point.
        int gain_bits = norm_magnitude_bits({});
        int offset_bits = gain_bits;
        for (index i = 0; i < n; ++i) {
            const float b = beta.extent[0] == 0 ? 0 : beta(i);
            if (!is_finite(gamma(i)) || !is_finite(b)) return status::parameter_not_finite;
            const int g = norm_magnitude_bits(norm_in_codes(gamma(i), out_scale));
            const int o = norm_magnitude_bits(norm_in_codes(b, out_scale));
            gain_bits = g > gain_bits ? g : gain_bits;
            offset_bits = o > offset_bits ? o : offset_bits;
        }
        if (out_zero_point != 0) {
            // |offset + zero point| < 2^(1 + the larger's bits)
            const int zero_bits = bit_width(magnitude(out_zero_point));
            offset_bits = 1 + (offset_bits > zero_bits ? offset_bits : zero_bits);
        }
        const int fraction = norm_fraction(Kind, n < 1 ? 1 : n);
        const int shift = norm_shift(fraction, gain_bits, offset_bits);
        const uint128_t wide = norm_epsilon(Kind, epsilon, in_scale, n);
        if (shift < 32 || wide == ~uint128_t{0} || epsilon < 0) return status::parameter_out_of_range;
        // 2. Everything fits.
        fraction_ = fraction;
        shift_ = shift;
        epsilon_whole_ = static_cast<std::uint64_t>(wide >> 64);
        epsilon_rest_ = static_cast<std::uint64_t>(wide);
        for (index i = 0; i < n; ++i) {
            const float b = beta.extent[0] == 0 ? 0 : beta(i);
            gains_(i) = norm_integer<std::int32_t>(norm_in_codes(gamma(i), out_scale), shift - fraction);
            offsets_(i) = norm_offset_of(norm_in_codes(b, out_scale), shift, out_zero_point);
        }
        return status::ok;
    }
    status set(vector_view<const float> gamma, vector_view<const float> beta, double epsilon, double in_scale,
               double out_scale, vector_view<std::int32_t> gains, vector_view<std::int64_t> offsets) noexcept {
        const status s = shape(gains, offsets);
        return s == status::ok ? set(gamma, beta, epsilon, in_scale, out_scale) : s;
    }

    /// Every row of src on its own; the columns are the channels. dst may be src itself.
    status run(matrix_view<const In> src, matrix_view<Out> dst, row_options options = {}) const noexcept {
        if (const status s = check(src, dst); s != status::ok) return s;
        if (src.is_empty()) return status::ok;
        const instruction_set best = best_instruction_set();
        const instruction_set isa = options.cap < best ? options.cap : best;
        // The factors of some rows together: each waits long for its root, and they do not wait for each other.
        constexpr index together = 8;
        for (index first = 0; first < src.extent[0]; first += together) {
            const index rest = src.extent[0] - first;
            const index rows = rest < together ? rest : together;
            norm_sums sums[together];
            norm_row_factor factors[together];
            for (index r = 0; r < rows; ++r) sums[r] = sums_of(isa, row(src, first + r));
            for (index r = 0; r < rows; ++r) factors[r] = factor_of(isa, row(src, first + r), sums[r]);
            for (index r = 0; r < rows; ++r) normalize(isa, row(src, first + r), factors[r], row(dst, first + r));
        }
        return status::ok;
    }
    status run(vector_view<const In> src, vector_view<Out> dst, row_options options = {}) const noexcept {
        return run(as_row(src), as_row(dst), options);
    }

    /// Shows all that `set` prepared, in an order that stays. A visitor may replace it: integers that no `set` leaves
    /// are refused, and the plan then runs only once it is set again.
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = v.array(gains_); s != status::ok) return s;
        if (const status s = v.array(offsets_); s != status::ok) return s;
        if (const status s = v.scalar(epsilon_whole_); s != status::ok) return s;
        if (const status s = v.scalar(epsilon_rest_); s != status::ok) return s;
        if (const status s = v.scalar(fraction_); s != status::ok) return s;
        if (const status s = v.scalar(shift_); s != status::ok) return s;
        const bool never_set = shift_ == 0;
        const index n = channels() < 1 ? 1 : channels();
        if (never_set || (shift_ >= 32 && shift_ <= 60 && fraction_ == norm_fraction(Kind, n))) return status::ok;
        shift_ = 0;
        return status::parameter_out_of_range;
    }

    /// The integers of the plan, for those who check it.
    [[nodiscard]] vector_view<const std::int32_t> gains() const noexcept { return gains_; }
    [[nodiscard]] vector_view<const std::int64_t> offsets() const noexcept { return offsets_; }
    [[nodiscard]] int fraction() const noexcept { return fraction_; }
    [[nodiscard]] int shift() const noexcept { return shift_; }
    /// In units of 2^-64.
    [[nodiscard]] uint128_t epsilon() const noexcept {
        return (static_cast<uint128_t>(epsilon_whole_) << 64) | epsilon_rest_;
    }

private:
    using in_raw = typename In::raw_type;
    using out_raw = typename Out::raw_type;
    static_assert(sizeof(In) == sizeof(in_raw) && sizeof(Out) == sizeof(out_raw));

    status place(vector_view<std::int32_t> gains, vector_view<std::int64_t> offsets) noexcept {
        gains_ = gains;
        offsets_ = offsets;
        shift_ = 0;
        return status::ok;
    }
    status check(matrix_view<const In> src, matrix_view<Out> dst) const noexcept {
        if (src.extent[1] != channels()) return status::extents_differ;
        if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
        if (gains_.data == nullptr || offsets_.data == nullptr || shift_ == 0) return status::parameter_missing;
        const byte_range to = memory_of(dst);
        if (overlap(to, memory_of(gains_)) || overlap(to, memory_of(offsets_)))
            return status::workspace_overlaps_operand;
        return status::ok;
    }

    [[nodiscard]] norm_sums sums_of(instruction_set isa, vector_view<const In> x) const noexcept {
        const auto* from = reinterpret_cast<const in_raw*>(x.data);
        return is_dense(x) ? sum_norm_row(isa, from, channels())
                           : scalar::norms::sum_row(from, x.stride[0], channels());
    }
    [[nodiscard]] norm_row_factor factor_of(instruction_set isa, vector_view<const In> x,
                                            const norm_sums& sums) const noexcept {
        const index n = channels();
        const auto count = static_cast<std::uint64_t>(n);
        if constexpr (Kind == norm_kind::l1) {
            const std::uint64_t deviations = absolute_deviations(isa, x, sums.sum);
            if (deviations == 0) return {};
            const norm_long_factor r =
                norm_over_sum(count * count, (static_cast<uint128_t>(deviations) << 64) + epsilon());
            return norm_round_factor(r, fraction_, sums.sum, n);
        } else {
            const std::int64_t sum = Kind == norm_kind::rms ? 0 : sums.sum;
            const std::uint64_t squares = count * sums.squares - static_cast<std::uint64_t>(sum * sum);
            if (squares == 0) return {};  // x' is 0 whatever it is divided by
            const norm_long_factor r = norm_over_root(count, (static_cast<uint128_t>(squares) << 64) + epsilon());
            return norm_round_factor(r, fraction_, sum, n);
        }
    }
    /// sum |n x - sum| = 2 sum (n x - sum) over those above q = floor(sum / n)
    ///                 = 2 (n sum (x - q) - (sum - n q) count).
    [[nodiscard]] std::uint64_t absolute_deviations(instruction_set isa, vector_view<const In> x,
                                                    std::int64_t sum) const noexcept {
        const index n = channels();
        const std::int64_t q = sum / n - (sum % n < 0 ? 1 : 0);
        const auto threshold = static_cast<std::int32_t>(q);
        const auto* from = reinterpret_cast<const in_raw*>(x.data);
        const norm_upper_sums above = is_dense(x) ? sum_norm_above(isa, from, n, threshold)
                                                  : scalar::norms::sum_above(from, x.stride[0], n, threshold);
        return 2 * static_cast<std::uint64_t>(n * above.excess - (sum - n * q) * above.count);
    }
    void normalize(instruction_set isa, vector_view<const In> x, const norm_row_factor& factor,
                   vector_view<Out> y) const noexcept {
        constexpr bool fills_word = Out::width == 8 * sizeof(out_raw);
        const auto* from = reinterpret_cast<const in_raw*>(x.data);
        auto* to = reinterpret_cast<out_raw*>(y.data);
        if (fills_word && is_dense(x) && is_dense(y))
            return normalize_row(isa, from, channels(), factor, {gains_.data, offsets_.data, shift_}, to);
        for (index i = 0; i < channels(); ++i) {
            const std::int64_t code = scalar::norms::normalize_one(
                from[i * x.stride[0]], factor, gains_.data[i], offsets_.data[i], shift_, Out::min_raw, Out::max_raw);
            to[i * y.stride[0]] = static_cast<out_raw>(code);
        }
    }
    template <class T>
    [[nodiscard]] static bool is_dense(vector_view<T> v) noexcept {
        return v.stride[0] == 1;
    }

    vector_view<std::int32_t> gains_;
    vector_view<std::int64_t> offsets_;
    std::uint64_t epsilon_whole_ = 0;
    std::uint64_t epsilon_rest_ = 0;
    std::int32_t fraction_ = 0;
    std::int32_t shift_ = 0;
};

template <class In, class Out>
using integer_layer_norm = integer_norm<norm_kind::layer, In, Out>;
template <class In, class Out>
using integer_rms_norm = integer_norm<norm_kind::rms, In, Out>;
template <class In, class Out>
using integer_l1_norm = integer_norm<norm_kind::l1, In, Out>;

static_assert(std::is_trivially_copyable_v<integer_layer_norm<fixed<8>, fixed<8>>>);

}  // namespace dyad::inline v1
