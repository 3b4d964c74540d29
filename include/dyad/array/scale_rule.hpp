// SPDX-License-Identifier: Apache-2.0
// Which scale a group of numbers gets: value = element * scale * tensor_scale.
// Every rule is computed from the largest finite magnitude, exactly, with one rounding into the scale's format.
// Sources: OCP Microscaling Formats (MX) v1.0 section 6.3 (floor); torchao's CEIL and EVEN; NVIDIA's conversions for
// Blackwell, arXiv 2506.08027 (rceil); IEEE P3109 interim report v4.0 chapter 5 (largest); arXiv 2402.17764 (absmean);
// arXiv 2512.02010 (four over six).
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/value_range.hpp>

namespace dyad::inline v1 {

/// With A the largest finite magnitude of the group over the tensor's scale, max the element format's largest value and
/// emax = floor(log2 max):
enum class scale_rule : std::uint8_t {
    floor,          ///< 2^(floor(log2 A) - emax): OCP MX; the largest numbers may clamp
    ceil,           ///< 2^(ceil(log2 A) - emax)
    even,           ///< as floor, with A rounded to the element's precision first, nearest even
    rceil,          ///< the smallest power of two that is at least A / max: nothing clamps
    nearest,        ///< A / max in the scale's format, nearest even: NVFP4, FP8 and INT8 scales
    largest,        ///< A itself in the scale's format, nearest even: P3109's ConvertToBlockMaxAbsFinite
    absmean,        ///< the mean magnitude over the tensor's scale, nearest even: BitNet's ternary weights
    four_over_six,  ///< A / max, or A / (2/3 max) where that has the lower squared error
    min_max         ///< from the smallest to the largest number, with a zero point (ONNX DynamicQuantizeLinear)
};

/// A rule, and how many bits of headroom a power of two leaves above the largest magnitude (dynamic fixed point).
struct scale_choice {
    scale_rule rule = scale_rule::floor;
    int headroom = 0;

    constexpr scale_choice(scale_rule r, int headroom_bits = 0) noexcept  // NOLINT: a rule alone is a choice
        : rule(r),
          headroom(headroom_bits < -4096  ? -4096
                   : headroom_bits > 4096 ? 4096
                                          : headroom_bits) {}
};

/// Rules that give a power of two.
[[nodiscard]] constexpr bool gives_power_of_two(scale_rule rule) noexcept {
    return rule == scale_rule::floor || rule == scale_rule::ceil || rule == scale_rule::even ||
           rule == scale_rule::rceil;
}

/// The largest finite value of an element format.
template <number E>
inline constexpr unpacked largest_element = dyad::unpack(std::numeric_limits<E>::max());

/// Digits of an element's largest numbers.
template <number E>
[[nodiscard]] constexpr int element_precision() noexcept {
    constexpr int digits = value_range_of<E>().precision;
    if constexpr (requires {
                      E::max_raw;
                      E::is_signed;
                  })
        return E::is_signed ? digits - 1 : digits;
    else return digits;
}

/// 0, where a format has it, else its smallest positive value: the scale of a group of zeros.
template <number S>
[[nodiscard]] constexpr S smallest_scale() noexcept {
    return pack_as<S>(unpacked::zero(false), rounding::nearest_even, saturation::finite);
}

/// The exponent that a power-of-two rule gives, for a finite nonzero A to odd, before it is brought into range.
template <number E, unsigned_word W>
[[nodiscard]] constexpr int scale_exponent(scale_choice choice, const basic_unpacked<W>& a,
                                           const unpacked& largest_of_elements) noexcept {
    const int cut = bit_width(a.significand) - 1;
    const int e = a.top_exponent() - largest_of_elements.top_exponent() + choice.headroom;
    switch (choice.rule) {
        case scale_rule::ceil:  // up, unless A is a power of two
            return e + ((a.significand & low_mask<W>(cut)) != 0 ? 1 : 0);
        case scale_rule::even: {
            const int shift = cut + 1 - element_precision<E>();
            if (shift <= 0) return e;
            const W rounded = round_shift_right(a.significand, shift, false, rounding::nearest_even);
            return e + (bit_width(rounded) > element_precision<E>() ? 1 : 0);
        }
        case scale_rule::rceil: {  // up, where A's significand exceeds max's
            auto most = resize<W>(largest_of_elements);
            most.exponent += a.top_exponent() - most.top_exponent();
            return e + (compare_magnitudes(a, most) > 0 ? 1 : 0);
        }
        default: return e;
    }
}

/// 2^e, brought into the range of S.
template <number S>
[[nodiscard]] constexpr S scale_of_exponent(int e) noexcept {
    if constexpr (std::same_as<S, float8_e8m0fnu>) {
        const int code = e + 127;
        return S::from_bits(static_cast<std::uint8_t>(code < 0 ? 0 : code > 254 ? 254 : code));
    } else {
        return pack_as<S>(unpacked::finite(false, 1, e), rounding::toward_positive, saturation::finite);
    }
}

/// The scale that `choice` gives a group whose largest finite magnitude is `largest` (zero or finite, at most 64
/// significant bits). Not for absmean and min_max, which look at the whole group; four_over_six gives its first choice.
/// `max`: the largest element, where a zero point leaves less than the format has.
template <number E, number S>
[[nodiscard]] constexpr S choose_scale(scale_choice choice, const unpacked& largest, float tensor_scale,
                                       const unpacked& max = largest_element<E>) noexcept {
    if (largest.kind == number_class::zero) return smallest_scale<S>();
    if (gives_power_of_two(choice.rule) && tensor_scale == 1) {
        return scale_of_exponent<S>(scale_exponent<E>(choice, largest, max));
    }
    const auto a = resize<uint128_t>(largest);
    const auto g = resize<uint128_t>(dyad::unpack(tensor_scale));
    if (gives_power_of_two(choice.rule)) return scale_of_exponent<S>(scale_exponent<E>(choice, quotient(a, g), max));
    if (choice.rule == scale_rule::largest) {
        return pack_as<S>(quotient(a, g), rounding::nearest_even, saturation::finite);
    }
    return pack_as<S>(quotient(a, exact_product(g, resize<uint128_t>(max))), rounding::nearest_even,
                      saturation::finite);
}

/// The other scale of four_over_six: the largest magnitude becomes 2/3 of the largest element.
template <number E, number S>
[[nodiscard]] constexpr S choose_wider_scale(const unpacked& largest, float tensor_scale,
                                             const unpacked& max = largest_element<E>) noexcept {
    if (largest.kind == number_class::zero) return smallest_scale<S>();
    const auto most = exact_product(resize<uint128_t>(dyad::unpack(tensor_scale)), resize<uint128_t>(max));
    const auto three_halves = exact_product(resize<uint128_t>(largest), unpacked_wide::finite(false, 3, -1));
    return pack_as<S>(quotient(three_halves, most), rounding::nearest_even, saturation::finite);
}

/// A format whose largest value times the largest element leaves floats out: such scales are taken relative to a scale
/// of the whole tensor, which brings the tensor's largest magnitude to the largest of both (NVFP4: 448 * 6 = 2688).
/// float(largest / (max E * max S)), nearest even; 1 for a tensor of zeros, and never 0.
template <number E, number S>
[[nodiscard]] constexpr float choose_tensor_scale(const unpacked& largest) noexcept {
    if (largest.kind == number_class::zero) return 1;
    const auto most = exact_product(resize<uint128_t>(largest_element<E>), resize<uint128_t>(largest_element<S>));
    const float g =
        pack_as<float>(quotient(resize<uint128_t>(largest), most), rounding::nearest_even, saturation::finite);
    return g > 0 ? g : std::numeric_limits<float>::denorm_min();
}

}  // namespace dyad::inline v1
