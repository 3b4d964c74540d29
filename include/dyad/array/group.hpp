// SPDX-License-Identifier: Apache-2.0
// The numbers that share one scale: what the rules need to know of them, and the plain way to quantize them, one number
// at a time, exactly. The quick ways in quantize.hpp give the same.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <dyad/array/convert.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/view.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/native.hpp>

namespace dyad::inline v1 {

/// The largest magnitude among the finite numbers of a group (zero if there is none), and what else is there.
struct group_state {
    unpacked largest = unpacked::zero(false);
    bool has_infinity = false;
    bool has_nan = false;

    constexpr void add(const unpacked& x) noexcept {
        has_nan = has_nan || x.kind == number_class::nan;
        has_infinity = has_infinity || x.kind == number_class::infinity;
        if (x.kind != number_class::finite) return;
        if (largest.kind == number_class::zero || compare_magnitudes(x, largest) > 0) largest = x;
        largest.negative = false;
    }
};

template <number From>
[[nodiscard]] constexpr group_state state_of(matrix_view<const From> group) noexcept {
    group_state state;
    for (index i = 0; i < group.extent[0]; ++i) {
        for (index j = 0; j < group.extent[1]; ++j) state.add(resize<std::uint64_t>(dyad::unpack(group(i, j))));
    }
    return state;
}

template <class T>
[[nodiscard]] constexpr bool has_nan_code() noexcept {
    if constexpr (float_number<T>) return format_of<T>().nan != nan_codes::none;
    else return false;
}
template <class T>
[[nodiscard]] constexpr bool has_infinity_code() noexcept {
    if constexpr (float_number<T>) return format_of<T>().infinity != infinity_codes::none;
    else return false;
}

/// Does the group hold what its elements cannot express? Then its scale must be NaN.
template <number E>
[[nodiscard]] constexpr bool poisons(const group_state& state, saturation policy) noexcept {
    if constexpr (has_nan_code<E>()) return false;
    else return state.has_nan || (state.has_infinity && policy != saturation::finite && !has_infinity_code<E>());
}

template <number S>
[[nodiscard]] constexpr S nan_scale() noexcept {
    return pack_as<S>(unpacked::nan(false, quiet_bit<std::uint64_t>), rounding::nearest_even, saturation::none);
}

/// scale * tensor_scale, exactly: the unit of the elements.
template <number S>
[[nodiscard]] constexpr unpacked_wide unit_of(S scale, float tensor_scale) noexcept {
    return exact_product(resize<uint128_t>(dyad::unpack(scale)), resize<uint128_t>(dyad::unpack(tensor_scale)));
}

/// Random bits of one element, where the rule wants them.
[[nodiscard]] constexpr rounding rule_of_element(rounding rule, std::uint64_t) noexcept { return rule; }
[[nodiscard]] constexpr stochastic rule_of_element(const stochastic_stream& rule, std::uint64_t element) noexcept {
    const std::uint32_t bits = random_bits(rule.seed, rule.tensor_id, element) & low_mask<std::uint32_t>(rule.n);
    return {rule.variant, rule.n, bits};
}

/// The element for x: E(x / unit), the exact quotient rounded once. A unit of 0 gives zeros with the sign of x;
/// infinities stay what convert makes of them.
template <number E, number From, rounding_rule Rule>
[[nodiscard]] constexpr E quantize_element(From x, const unpacked_wide& unit, Rule rule, saturation policy) noexcept {
    auto value = resize<uint128_t>(dyad::unpack(x));
    if (value.kind == number_class::nan) value.significand |= quiet_bit<uint128_t>;
    if (unit.kind == number_class::zero && value.kind != number_class::nan && value.kind != number_class::infinity) {
        return pack_as<E>(unpacked::zero(value.negative), rule, policy);
    }
    return pack_as<E>(quotient(value, unit), rule, policy);
}
/// The same with a zero point: the rounded quotient in units of the raw number, plus the zero point, clamped.
template <number E, number From, rounding_rule Rule>
[[nodiscard]] constexpr E quantize_element(From x, const unpacked_wide& unit, std::int64_t zero_point, Rule rule,
                                           saturation policy) noexcept {
    unpacked_wide raw_unit = unit;
    raw_unit.exponent -= E::fraction;
    const auto raw = quantize_element<integer<40>>(x, raw_unit, rule, policy).raw();
    return E::saturating_from_raw(saturating_add<std::int64_t>(raw, zero_point));
}

/// The exact mean magnitude of the finite numbers over the tensor's scale, to odd; 0 where there is none.
template <number From>
[[nodiscard]] constexpr unpacked_wide mean_magnitude(matrix_view<const From> group, float tensor_scale) noexcept {
    exact_accumulator<exponents_of<From>().lowest, exponents_of<From>().highest> sum;
    std::uint64_t count = 0;
    for (index i = 0; i < group.extent[0]; ++i) {
        for (index j = 0; j < group.extent[1]; ++j) {
            auto x = dyad::unpack(group(i, j));
            if (x.kind == number_class::infinity || x.kind == number_class::nan) continue;
            x.negative = false;
            sum.add(x);
            ++count;
        }
    }
    const auto members = unpacked_wide::finite(false, count, 0);
    // (a count of more than 40 bits would make a divisor that quotient cannot take)
    DYAD_ASSERT(count >> 40 == 0);
    return quotient(sum.value(), exact_product(members, resize<uint128_t>(dyad::unpack(tensor_scale))));
}

/// The scale by a rule that looks at every number: absmean.
template <number S, number From>
[[nodiscard]] constexpr S choose_mean_scale(matrix_view<const From> group, const group_state& state,
                                            float tensor_scale) noexcept {
    if (state.largest.kind == number_class::zero) return smallest_scale<S>();
    return pack_as<S>(mean_magnitude(group, tensor_scale), rounding::nearest_even, saturation::finite);
}

/// What x / unit is rounded to, to nearest even and clamped, less the zero point.
template <number E, number From>
[[nodiscard]] constexpr unpacked_wide nearest_value(From x, const unpacked_wide& unit,
                                                    std::int64_t zero_point) noexcept {
    if constexpr (requires { E::max_raw; }) {
        const auto code = quantize_element<E>(x, unit, zero_point, rounding::nearest_even, saturation::finite);
        const std::int64_t raw = static_cast<std::int64_t>(code.raw()) - zero_point;
        return unpacked_wide::finite(raw < 0, magnitude(raw), -E::fraction);
    } else {
        const E element = quantize_element<E>(x, unit, rounding::nearest_even, saturation::finite);
        return resize<uint128_t>(dyad::unpack(element));
    }
}

/// Is the squared error of `first` larger than that of `second`, elements rounded to nearest even? Exactly: sums of
/// (q - x)^2 = q^2 - 2 q x + x^2, in which x^2 is in both.
template <number E, number S, number From>
[[nodiscard]] constexpr bool has_larger_error(matrix_view<const From> group, S first, S second, float tensor_scale,
                                              std::int64_t zero_point) noexcept {
    exact_accumulator<-1024, 1024> difference;
    for (const bool is_first : {true, false}) {
        const unpacked_wide unit = unit_of(is_first ? first : second, tensor_scale);
        for (index i = 0; i < group.extent[0]; ++i) {
            for (index j = 0; j < group.extent[1]; ++j) {
                const From x = group(i, j);
                const auto value = resize<uint128_t>(dyad::unpack(x));
                if (value.kind != number_class::finite) continue;
                const auto q = exact_product(nearest_value<E>(x, unit, zero_point), unit);
                auto square = exact_product(q, q);
                auto mixed = exact_product(q, value);
                mixed.exponent += 1;
                mixed.negative = !mixed.negative;
                if (!is_first) square.negative = !square.negative, mixed.negative = !mixed.negative;
                difference.add(square);
                difference.add(mixed);
            }
        }
    }
    const unpacked_wide total = difference.value();
    return total.kind == number_class::finite && !total.negative;
}

}  // namespace dyad::inline v1
