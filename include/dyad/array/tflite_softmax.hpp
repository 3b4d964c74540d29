// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's softmax and log-softmax of integer codes, bit for bit: y_i = exp(beta s (x_i - max)) / sum, by its
// reference kernels.
// Source: TensorFlow Lite, kernels/internal/reference/softmax.h, reference/integer_ops/log_softmax.h, and
// SoftmaxPrepare of kernels/activations.cc.
//
// Equal to the desktop interpreter with its reference kernels and to TensorFlow Lite Micro. The desktop's optimized
// kernels compute softmax of 8-bit codes in float: of 59872 results with 8 bits (14 scales) none differed, of as many
// with 16 bits 148, by 1; of 61760 results of log-softmax 6, by up to 3 (ai-edge-litert 2.3.0).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <dyad/array/map_operands.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/tflite_rows.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/math/gemmlowp.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/tflite_functions.hpp>
#include <dyad/math/tflite_tables.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1::tflite {

/// Codes of 8 bits, signed or not; what they stand for is in the parameters.
template <class T>
concept code8 = T::width == 8 && requires(T x) {
    { x.raw() } -> std::integral;
};
/// Outputs: 8 bits, or 16 with a sign.
template <class T>
concept softmax_code = code8<T> ||(T::width == 16 && T::is_signed);

/// What Prepare makes of the argument's scale, times beta: 8-bit differences go to words with 5 integer bits, and the
/// exponentials are tabulated here for all 256 of them (the published kernels evaluate them twice for each element).
struct softmax_parameters {
    multiplier input{};
    std::int32_t diff_min = 0;  ///< differences below count as exp = 0: at 15.5 to 31, see input_radius
    requantization mode = requantization::gemmlowp_double;
    std::array<std::int32_t, 256> exponentials{};  ///< 2^31 exp(-i) or 0, i = the difference to the maximum
    std::array<std::uint32_t, 256> terms{};        ///< the same with 12 integer bits, for the sum

    /// beta * scale must exceed 2^-26 and counts as at most 32 (16 with a single rounding).
    constexpr status set(float scale, float beta = 1.0f,
                         requantization rounding_mode = requantization::gemmlowp_double) noexcept {
        if (!is_scale(scale) || !is_scale(beta)) return status::scale_not_positive;
        // 1. The exact product of two floats, to 31 bits.
        unpacked product = exact_product(unpack(scale), unpack(beta));
        product.exponent += 26;
        if (product.top_exponent() < 0 || (product.top_exponent() == 0 && is_power_of_two(product.significand)))
            return status::scale_unsupported;
        const bool single = rounding_mode == requantization::single_half_up;
        const std::int32_t cap = single ? (1 << 30) - 1 : word_max<std::int32_t>();
        input = multiplier::nearest(product);
        if (input > multiplier{cap, 0}) input = multiplier{cap, 0}.normalized();
        mode = rounding_mode;
        // 2. The range of differences and their exponentials.
        diff_min = -input_radius(5, input);
        for (std::int32_t i = 0; i < 256; ++i) {
            const bool counts = -i >= diff_min;
            const std::int32_t e = counts ? gemmlowp::exp_on_negative_values<5>(requantize(-i, input, mode)) : 0;
            exponentials[static_cast<std::size_t>(i)] = e;
            terms[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(gemmlowp::rescale<0, 12>(e));
        }
        return status::ok;
    }

    /// Set: e^0 is not 0.
    [[nodiscard]] constexpr bool usable() const noexcept { return exponentials[0] != 0; }

private:
    static constexpr bool is_power_of_two(std::uint64_t x) noexcept { return (x & (x - 1)) == 0; }
};

template <class T>
[[nodiscard]] constexpr std::int32_t largest_code(vector_view<const T> row) noexcept {
    std::int32_t max = row(0).raw();
    for (index j = 1; j < row.extent[0]; ++j) max = row(j).raw() > max ? row(j).raw() : max;
    return max;
}

/// The sum of the exponentials with 12 integer bits. Published in a signed word, whose overflow at 4096 happens to do
/// no harm up to 8192.
template <code8 In>
[[nodiscard]] constexpr std::uint64_t exponential_sum(vector_view<const In> row, std::int32_t max,
                                                      const softmax_parameters& p) noexcept {
    std::uint64_t sum = 0;
    for (index j = 0; j < row.extent[0]; ++j) sum += p.terms[static_cast<std::size_t>(max - row(j).raw())];
    return sum;
}

/// Are the sums of all rows at most `most`? A sum is at most 2^19 times the number of its terms.
template <code8 In>
[[nodiscard]] constexpr bool sums_fit(matrix_view<const In> src, const softmax_parameters& p,
                                      std::uint32_t most) noexcept {
    if (src.extent[1] <= static_cast<index>(most >> 19)) return true;
    for (index i = 0; i < src.extent[0]; ++i) {
        const vector_view<const In> x = row(src, i);
        if (exponential_sum(x, largest_code(x), p) > most) return false;
    }
    return true;
}

/// Softmax of rows of 8-bit codes. Results of scale 2^-width and the zero point of the lowest code: int8 1/256 and
/// -128, uint8 1/256 and 0, int16 2^-16 and -32768. At most 0.501 of an 8-bit code from the exact softmax, but 1 itself
/// is no code (tflite_softmax_test). A sum of exponentials of 512 and more, which ends the program in the published
/// code for 8-bit results because a right shift exceeds 31, gives the rounded codes here, 0 or 1; 8192 is too much for
/// both.
template <code8 In, softmax_code Out>
status softmax(matrix_view<const In> src, const softmax_parameters& p, matrix_view<Out> dst) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    if (!p.usable()) return status::parameters_not_usable;
    if (!sums_fit(src, p, word_max<std::uint32_t>())) return status::k_exceeds_accumulator;
    constexpr std::int32_t lowest = Out::min_raw;
    for (index i = 0; i < src.extent[0]; ++i) {
        const vector_view<const In> x = row(src, i);
        const std::int32_t max = largest_code(x);
        const reciprocal r = reciprocal_of(static_cast<std::uint32_t>(exponential_sum(x, max, p)), 12);
        const auto share = [&](std::size_t difference) noexcept {
            const std::int32_t product = gemmlowp::multiply(r.scale, p.exponentials[difference]);
            const std::int32_t y = gemmlowp::divide_by_power_of_two(product, r.bits_over_unit + 31 - Out::width);
            return Out::saturating_from_raw(y + lowest);
        };
        const auto difference = [&](index j) noexcept { return static_cast<std::size_t>(max - x(j).raw()); };
        if (src.extent[1] < 256) {
            for (index j = 0; j < src.extent[1]; ++j) dst(i, j) = share(difference(j));
        } else {
            std::array<Out, 256> shares{};
            for (std::size_t d = 0; d < 256; ++d) shares[d] = share(d);
            for (index j = 0; j < src.extent[1]; ++j) dst(i, j) = shares[difference(j)];
        }
    }
    return status::ok;
}
template <code8 In, softmax_code Out>
status softmax(vector_view<const In> src, const softmax_parameters& p, vector_view<Out> dst) noexcept {
    return softmax(as_row(src), p, as_row(dst));
}

/// What Prepare makes of the scale for log-softmax: the same, and the way back from words to differences.
struct log_softmax_parameters {
    softmax_parameters forward{};
    multiplier back{};  ///< 1 / forward.input

    constexpr status set(float scale, requantization rounding_mode = requantization::gemmlowp_double) noexcept {
        if (const status s = forward.set(scale, 1.0f, rounding_mode); s != status::ok) return s;
        const multiplier& m = forward.input;
        const unpacked one = unpacked::finite(false, 1, -m.exponent);
        const auto inverse = quotient(resize<uint128_t>(one), resize<uint128_t>(unpack(m.significand)));
        back = quantize_multiplier(pack_as<double>(inverse, rounding::nearest_even, saturation::none), rounding_mode);
        return status::ok;
    }
};

/// log(softmax) of rows of int8 codes; results of scale 1/16 and zero point 127. At most 0.501 of a code from the exact
/// one, codes below the lowest aside (tflite_softmax_test). Sums of exponentials below 4096.
inline status log_softmax(matrix_view<const int8> src, const log_softmax_parameters& p,
                          matrix_view<int8> dst) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    const softmax_parameters& forward = p.forward;
    if (!forward.usable()) return status::parameters_not_usable;
    if (!sums_fit(src, forward, word_max<std::int32_t>())) return status::k_exceeds_accumulator;
    for (index i = 0; i < src.extent[0]; ++i) {
        const vector_view<const int8> x = row(src, i);
        const std::int32_t max = largest_code(x);
        const auto sum = static_cast<std::int32_t>(exponential_sum(x, max, forward));
        const std::int32_t log_sum = log_x_for_x_greater_than_or_equal_to_1<5, 12>(sum);
        // Differences that leave the words with 5 integer bits once the logarithm is taken off, too, become the lowest.
        const std::int32_t room = gemmlowp::wrapping_add(log_sum, word_min<std::int32_t>());
        const std::int32_t reach = requantize(room, p.back, forward.mode);
        const std::int32_t least = reach > forward.diff_min - 1 ? reach : forward.diff_min - 1;
        for (index j = 0; j < src.extent[1]; ++j) {
            const std::int32_t difference = x(j).raw() - max;
            const std::int32_t y = gemmlowp::wrapping_sub(requantize(difference, forward.input, forward.mode), log_sum);
            const std::int32_t code = gemmlowp::divide_by_power_of_two(y, 22) + 127;
            dst(i, j) = difference > least ? int8::saturating_from_raw(code) : int8::from_raw(-128);
        }
    }
    return status::ok;
}

/// Whose 16-bit softmax: they differ in the precision in which their parameters are made.
enum class runtime : std::uint8_t {
    desktop,  ///< TensorFlow Lite: scale * beta is rounded to a float, the tables are made in double precision
    micro     ///< TensorFlow Lite Micro: scale * beta is exact, the tables are made in single precision
};

/// What Prepare makes of the scale of 16-bit codes (zero point 0), times beta: differences in steps of 10/65535, those
/// of exp_table.
struct softmax16_parameters {
    multiplier input{};
    runtime origin = runtime::desktop;
    requantization mode = requantization::gemmlowp_double;

    constexpr status set(float scale, float beta = 1.0f, runtime whose = runtime::desktop,
                         requantization rounding_mode = requantization::gemmlowp_double) noexcept {
        if (!is_scale(scale) || !is_scale(beta)) return status::scale_not_positive;
        constexpr auto even = rounding::nearest_even;
        const unpacked exact = exact_product(unpack(scale), unpack(beta));
        const auto product = whose == runtime::micro ? exact : unpack(pack_as<float>(exact, even, saturation::none));
        if (product.kind != number_class::finite) return status::scale_unsupported;
        const auto steps = quotient(resize<uint128_t>(product), resize<uint128_t>(unpack(10.0 / 65535.0)));
        input = quantize_multiplier(pack_as<double>(steps, even, saturation::none), rounding_mode);
        origin = whose;
        mode = rounding_mode;
        return status::ok;
    }
};

/// 2^15 exp of a difference to the maximum, from the table; below -10 it is that of -10, 2, not 0.
[[nodiscard]] constexpr std::int16_t table_exponential(std::int32_t difference,
                                                       const softmax16_parameters& p) noexcept {
    const std::int64_t steps = std::int64_t{requantize(difference, p.input, p.mode)} + 32767;
    return interpolate(exp_table, saturating_cast<std::int16_t>(steps));
}

/// Softmax of rows of 16-bit codes, results of scale 2^-15 and zero point 0 (1 is no code): within 2.2 codes on rows of
/// random codes of scale 1e-4. But each element counts 2^-14 at least, however far it is below the maximum: 16383 of
/// e^-65 take half of what is the maximum's (tflite_softmax_test). Rows of up to 65536 elements: the sum has 31 bits.
inline status softmax(matrix_view<const int16> src, const softmax16_parameters& p, matrix_view<int16> dst) noexcept {
    if (const status s = check_map(src, dst); s != status::ok || src.is_empty()) return s;
    if (src.extent[1] > 65536) return status::k_exceeds_accumulator;
    const table16& inverses = p.origin == runtime::micro ? micro_reciprocal_table : reciprocal_table;
    for (index i = 0; i < src.extent[0]; ++i) {
        const vector_view<const int16> x = row(src, i);
        const std::int32_t max = largest_code(x);
        std::uint32_t sum = 0;
        for (index j = 0; j < src.extent[1]; ++j)
            sum += static_cast<std::uint32_t>(table_exponential(x(j).raw() - max, p));
        // 1. The sum as 1 + f with 16 bits of f, which the table's argument counts from -2^15.
        const int zeros = 32 - bit_width(sum);
        const std::uint64_t normalized = (std::uint64_t{sum} << (zeros - 1)) + (1u << 13);
        const std::int64_t f = static_cast<std::int64_t>(normalized >> 14) - (1 << 15) - (1 << 16);
        const std::int32_t r = interpolate(inverses, saturating_cast<std::int16_t>(f));
        // 2. 15 + 15 bits less those that the sum was normalised by, rounded half up.
        const int right = 31 - zeros;
        for (index j = 0; j < src.extent[1]; ++j) {
            const std::int32_t product = r * table_exponential(x(j).raw() - max, p);
            const std::int32_t share = (product + (1 << (right - 1))) >> right;
            dst(i, j) = int16::saturating_from_raw(share < 0 ? 0 : share);
        }
    }
    return status::ok;
}
inline status softmax(vector_view<const int16> src, const softmax16_parameters& p, vector_view<int16> dst) noexcept {
    return softmax(as_row(src), p, as_row(dst));
}

}  // namespace dyad::inline v1::tflite
