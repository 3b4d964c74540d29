// SPDX-License-Identifier: Apache-2.0
// The reference for quantizing: the scale of a group by every rule, then its codes, all by exact comparisons.
// Sources: OCP MX v1.0 section 6.3; NVIDIA's NVFP4; P3109 v4.0 chapter 5; ONNX QuantizeLinear; arXiv 2402.17764.
#pragma once

#include "support/reference_blocks.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reference {

enum class scaling { floor, ceil, even, rceil, nearest, largest, absmean, four_over_six, min_max };

/// How the groups of a tensor are quantized.
struct group_recipe {
    scaling rule = scaling::floor;
    int headroom = 0;
    float tensor_scale = 1;
    std::int64_t zero_point = 0;  ///< where the format of the blocks fixes it
    dyad::saturation policy = dyad::saturation::propagate;
};

/// What one group becomes. `refused`: its scale would have to be a NaN that the format does not have.
struct quantized_group {
    bool refused = false;
    bool poisoned = false;
    std::uint64_t scale = 0;
    std::int64_t zero_point = 0;
    std::vector<std::int64_t> codes;
};

/// The largest value that elements stand for: a zero point that the format fixes leaves less than it has.
inline narrow_dyadic largest_value(const element_format& e, const group_recipe& how) {
    if (how.zero_point == 0) return e.largest();
    return {static_cast<std::uint64_t>(e.max_raw() - how.zero_point), e.unit()};
}

/// Largest magnitude of the finite values; zero if there are none.
inline narrow_dyadic largest_magnitude(std::span<const float> x) {
    float largest = 0;
    for (const float y : x)
        if (std::isfinite(y)) largest = std::max(largest, std::fabs(y));
    return magnitude_of(largest);
}

/// Smallest k with q 2^k >= p, both positive.
inline int ceiling_of_log(const narrow_dyadic& p, const narrow_dyadic& q) {
    int k = p.top() - q.top() - 1;
    while (compare(narrow_dyadic{q.significand, q.exponent + k}, p) < 0) ++k;
    return k;
}
/// Largest k with q 2^k <= p.
inline int floor_of_log(const narrow_dyadic& p, const narrow_dyadic& q) {
    int k = p.top() - q.top() + 1;
    while (compare(narrow_dyadic{q.significand, q.exponent + k}, p) > 0) --k;
    return k;
}

/// floor(log2 A') of A = a / g rounded to `digits` places: the next power of two from halfway below it on, a tie too,
/// because its significand is the even one.
inline int floor_of_rounded_log(const narrow_dyadic& a, const narrow_dyadic& g, int digits) {
    const int k = floor_of_log(a, g);
    // 2^(k + 1) - 2^(k - digits) = (2^(digits + 1) - 1) 2^(k - digits)
    const narrow_dyadic halfway{(dyad::uint128_t{1} << (digits + 1)) - 1, k - digits};
    return compare(a, product(halfway, g)) >= 0 ? k + 1 : k;
}

/// Sum of the magnitudes of the finite values, and how many there are.
inline wide_dyadic sum_of_magnitudes(std::span<const float> x, std::uint64_t& count) {
    exact sum = 0;
    count = 0;
    for (const float y : x) {
        if (!std::isfinite(y)) continue;
        const narrow_dyadic m = magnitude_of(y);
        sum += widened(m).significand << static_cast<unsigned>(m.exponent + 149);
        ++count;
    }
    return {sum, -149};
}

/// Sum of (x - element s g)^2 over the finite values, rounded to nearest even and clamped, in units of 2^(2 unit).
inline exact squared_error(const element_format& e, std::span<const float> x, const narrow_dyadic& r, int unit,
                           std::int64_t zero) {
    const auto count = [unit](const narrow_dyadic& y) {
        return exact(widened(y).significand << static_cast<unsigned>(y.exponent - unit));
    };
    exact sum = 0;
    for (const float y : x) {
        if (!std::isfinite(y)) continue;
        const std::int64_t code =
            element_code(e, y, r, dyad::rounding::nearest_even, dyad::saturation::finite, zero) - zero;
        const decoded element = decode_element(e, code);
        const narrow_dyadic value = product(element.magnitude, r);
        exact error = value.is_zero() ? exact(0) : count(value);
        if (element.negative != std::signbit(y)) error = -error;
        error -= count(magnitude_of(y));
        if (error != 0 && 2 * top_bit(exact(abs(error))) > 1000) throw std::logic_error("squared_error: too wide");
        sum += error * error;
    }
    return sum;
}

inline std::uint64_t best_of_four_and_six(const element_format& e, const scale_format& s, const group_recipe& how,
                                          std::span<const float> x, const narrow_dyadic& a) {
    const narrow_dyadic g = magnitude_of(how.tensor_scale);
    const narrow_dyadic largest = product(largest_value(e, how), g);
    const std::uint64_t six = s.code(a, largest, dyad::rounding::nearest_even);
    // a / (max 2/3) = 3 a / (2 max)
    const std::uint64_t four =
        s.code(product(a, narrow_dyadic{3, 0}), product(largest, narrow_dyadic{2, 0}), dyad::rounding::nearest_even);
    const narrow_dyadic r6 = product(s.value(six), g);
    const narrow_dyadic r4 = product(s.value(four), g);
    const int unit = std::min({-149, r6.exponent + e.unit(), r4.exponent + e.unit()});
    const std::int64_t zero = how.zero_point;
    return squared_error(e, x, r4, unit, zero) < squared_error(e, x, r6, unit, zero) ? four : six;
}

/// The scale of a group whose largest magnitude a is not zero.
inline std::uint64_t scale_code(const element_format& e, const scale_format& s, const group_recipe& how,
                                std::span<const float> x, const narrow_dyadic& a) {
    const narrow_dyadic g = magnitude_of(how.tensor_scale);
    const narrow_dyadic max = largest_value(e, how);
    const int emax = max.top();
    const auto power = [&](int k) { return s.code_of_power(k + how.headroom); };
    switch (how.rule) {
        case scaling::floor: return power(floor_of_log(a, g) - emax);
        case scaling::ceil: return power(ceiling_of_log(a, g) - emax);
        case scaling::even: return power(floor_of_rounded_log(a, g, e.precision()) - emax);
        case scaling::rceil: return power(ceiling_of_log(a, product(max, g)));
        case scaling::nearest: return s.code(a, product(max, g), dyad::rounding::nearest_even);
        case scaling::largest: return s.code(a, g, dyad::rounding::nearest_even);
        case scaling::four_over_six: return best_of_four_and_six(e, s, how, x, a);
        case scaling::absmean: {
            std::uint64_t count = 0;
            const wide_dyadic sum = sum_of_magnitudes(x, count);
            return s.code(sum, widened(product(g, narrow_dyadic{count, 0})), dyad::rounding::nearest_even);
        }
        case scaling::min_max: break;
    }
    throw std::logic_error("reference::scale_code: min_max has a zero point");
}

/// hi - lo over the finite values and zero, and -lo.
struct value_spread {
    wide_dyadic width;
    narrow_dyadic below;
};
inline value_spread spread_of(std::span<const float> x) {
    float low = 0;
    float high = 0;
    for (const float y : x) {
        if (!std::isfinite(y)) continue;
        low = std::min(low, y);
        high = std::max(high, y);
    }
    const float ends[]{low, high};
    std::uint64_t count = 0;
    return {sum_of_magnitudes(ends, count), magnitude_of(low)};
}

/// min_raw - lo / (R unit), to nearest even, clamped.
inline std::int64_t zero_point(const element_format& e, const narrow_dyadic& below, const narrow_dyadic& r) {
    const auto clamp = [&](std::int64_t raw) { return std::clamp(raw, e.min_raw(), e.max_raw()); };
    if (r.is_zero()) return clamp(0);
    if (below.is_zero()) return e.min_raw();
    const grid_place at = place_on_grid(e, below, r);
    const int half = at.beyond ? 1 : against_share(e, below, r, at.near, 1, 1);
    const std::int64_t floor = e.min_raw() + static_cast<std::int64_t>(at.near);
    const bool up = half > 0 || (half == 0 && floor % 2 != 0);
    return clamp(floor + (up ? 1 : 0));
}

/// Is there a value that neither an element's own code nor a clamp can stand for?
inline bool poisons(const element_format& e, std::span<const float> x, dyad::saturation policy) {
    for (const float y : x) {
        if (std::isnan(y) && !e.has_nan()) return true;
        if (std::isinf(y) && policy != dyad::saturation::finite && !e.has_nan() && !e.has_infinity()) return true;
    }
    return false;
}

/// The codes with a scale that is given.
template <class Rule>
void quantize_with_scale(const element_format& e, const narrow_dyadic& r, std::span<const float> x,
                         std::span<const std::uint64_t> indices, const Rule& rule, dyad::saturation policy,
                         std::int64_t zero, std::vector<std::int64_t>& codes) {
    codes.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        codes[i] = element_code(e, x[i], r, rule_at(rule, indices[i]), policy, zero);
}

/// One group: its values in any order, each with its index in the tensor.
template <class Rule>
void quantize_group(const element_format& e, const scale_format& s, const group_recipe& how, std::span<const float> x,
                    std::span<const std::uint64_t> indices, const Rule& rule, quantized_group& group) {
    group = {false, false, 0, how.zero_point, std::move(group.codes)};
    group.codes.assign(x.size(), 0);
    if (poisons(e, x, how.policy)) {
        group.refused = !s.has_nan();
        group.poisoned = s.has_nan();
        if (group.poisoned) group.scale = s.nan_code();
        return;
    }
    const narrow_dyadic g = magnitude_of(how.tensor_scale);
    const narrow_dyadic a = largest_magnitude(x);
    if (how.rule == scaling::min_max) {
        const value_spread spread = spread_of(x);
        const narrow_dyadic raws{static_cast<std::uint64_t>(e.max_raw() - e.min_raw()), e.unit()};
        if (!a.is_zero()) group.scale = s.code(spread.width, widened(product(raws, g)), dyad::rounding::nearest_even);
        group.zero_point = zero_point(e, spread.below, product(s.value(group.scale), g));
    } else if (!a.is_zero()) {
        group.scale = scale_code(e, s, how, x, a);
    }
    quantize_with_scale(e, product(s.value(group.scale), g), x, indices, rule, how.policy, group.zero_point,
                        group.codes);
}

/// NVFP4's: a / (max_E max_S) of the whole tensor to nearest even, 1 if a = 0, at least the smallest float.
inline float tensor_scale(const element_format& e, const scale_format& s, std::span<const float> x) {
    const narrow_dyadic a = largest_magnitude(x);
    if (a.is_zero()) return 1;
    static const scale_format floats(dyad::binary32_format);
    const std::uint64_t code =
        floats.code(a, product(e.largest(), s.value(s.max_code())), dyad::rounding::nearest_even);
    return std::bit_cast<float>(static_cast<std::uint32_t>(std::max<std::uint64_t>(code, 1)));
}

}  // namespace reference
