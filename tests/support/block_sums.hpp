// SPDX-License-Identifier: Apache-2.0
// The sums of linalg/block_path.hpp from their definition, in big integers and one float operation at a time.
#pragma once

#include <dyad/linalg/block_gemm.hpp>

#include "support/shared_scale_check.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {

using dyad::index;

/// 24 digits, to nearest even.
[[nodiscard]] inline exact_value to_24_digits(exact_value x) {
    if (x.nan || x.infinity != 0 || x.integer == 0) return x;
    const cpp_int m = abs(x.integer);
    const int cut = static_cast<int>(msb(m)) - 23;
    if (cut <= 0) return x;
    const auto places = static_cast<unsigned>(cut);
    cpp_int kept = m >> places;
    const cpp_int rest = m - (kept << places);
    const cpp_int half = cpp_int(1) << (places - 1);
    if (rest > half || (rest == half && bit_test(kept, 0))) ++kept;
    return {x.integer < 0 ? cpp_int(-kept) : kept, x.exponent + cut, 0, false};
}
[[nodiscard]] inline float to_float(const exact_value& x) {
    return dyad::pack_as<float>(unpacked_of(x), dyad::rounding::nearest_even, dyad::saturation::none);
}

/// Elements less their zero points, and scales, of one line of k numbers.
struct line_numbers {
    std::vector<exact_value> elements;
    std::vector<exact_value> scales;
    index tile = 1;
    float tensor_scale = 1;
    int unit = 0;  ///< elements are multiples of 2^unit
};
template <class View>
[[nodiscard]] line_numbers numbers_of_line(const View& view, index i) {
    using E = typename View::element;
    line_numbers line;
    line.tile = view.scales.tile[1];
    line.tensor_scale = view.scales.tensor_scale;
    if constexpr (requires { E::fraction; }) line.unit = -E::fraction;
    else line.unit = dyad::value_range_of<E>().low;
    for (index k = 0; k < view.codes.extent[1]; ++k) {
        const auto x = static_cast<E>(view.codes(i, k));
        exact_value element = exact_value_of(dyad::unpack(x));
        if constexpr (!std::same_as<decltype(View::zero), dyad::no_zero_points>)
            element = {cpp_int(static_cast<std::int64_t>(x.raw())) - view.zero_point(i, k), -E::fraction, 0, false};
        line.elements.push_back(element);
        line.scales.push_back(exact_value_of(dyad::unpack(static_cast<typename View::scale>(view.scales(i, k)))));
    }
    return line;
}

/// Scales folded in, in bfloat16's order, exponents without bounds.
[[nodiscard]] inline float folded_sum(const line_numbers& a, const line_numbers& b) {
    exact_value sum;
    const std::size_t k = a.elements.size();
    for (std::size_t first = 0; first < k; first += 32) {
        exact_value chains[2];
        for (std::size_t c = first; c < k && c < first + 32; ++c) {
            exact_value& chain = chains[c % 2];
            const exact_value product = times(times(a.elements[c], a.scales[c]), times(b.elements[c], b.scales[c]));
            chain = to_24_digits(plus(product, chain));
        }
        sum = to_24_digits(plus(sum, to_24_digits(plus(chains[0], chains[1]))));
    }
    return to_float(sum);
}

/// The sum of a run of elements without scales: exactly, in bfloat16's order, in float's.
[[nodiscard]] inline float sum_of_run(const line_numbers& a, const line_numbers& b, std::size_t first, std::size_t last,
                                      dyad::block_rule rule) {
    if (rule == dyad::block_rule::integers8 || rule == dyad::block_rule::integers16) {
        exact_value sum;
        for (std::size_t c = first; c < last; ++c) sum = plus(sum, times(a.elements[c], b.elements[c]));
        sum.exponent -= a.unit + b.unit;
        return to_float(sum);
    }
    const auto x = [](const line_numbers& line, std::size_t c) { return to_float(line.elements[c]); };
    float sum = 0;
    if (rule == dyad::block_rule::floats_f32) {
        for (std::size_t c = first; c < last; ++c) sum = std::fma(x(a, c), x(b, c), sum);
        return sum;
    }
    for (std::size_t step = first; step < last; step += 32) {
        float chains[2] = {0, 0};
        for (std::size_t c = step; c < last && c < step + 32; ++c)
            chains[(c - step) % 2] = std::fma(x(a, c), x(b, c), chains[(c - step) % 2]);
        sum += chains[0] + chains[1];
    }
    return sum;
}
/// Runs between the borders of either line's tiles, flushed in order.
[[nodiscard]] inline float flushed_sum(const line_numbers& a, const line_numbers& b, dyad::block_rule rule) {
    float total = 0;
    const std::size_t k = a.elements.size();
    for (std::size_t first = 0; first < k;) {
        std::size_t last = first + 1;
        while (last < k && static_cast<index>(last) % a.tile != 0 && static_cast<index>(last) % b.tile != 0) ++last;
        const float scale = to_float(times(a.scales[first], b.scales[first]));
        total = std::fma(sum_of_run(a, b, first, last, rule), scale, total);
        first = last;
    }
    return total;
}

/// The whole definition. NaN as 0x7fc00000.
[[nodiscard]] inline float defined_sum(const line_numbers& a, const line_numbers& b, dyad::block_rule rule) {
    float x = rule == dyad::block_rule::folded ? folded_sum(a, b) : flushed_sum(a, b, rule);
    const bool integers = rule == dyad::block_rule::integers8 || rule == dyad::block_rule::integers16;
    if (integers) x = std::ldexp(x, a.unit + b.unit);
    x *= a.tensor_scale;
    x *= b.tensor_scale;
    return x != x ? std::bit_cast<float>(std::uint32_t{0x7fc0'0000}) : x;
}
/// The exact sum, rounded once.
template <dyad::number To>
[[nodiscard]] To exact_sum_of(const line_numbers& a, const line_numbers& b, dyad::rounding mode,
                              dyad::saturation policy) {
    exact_value sum;
    for (std::size_t c = 0; c < a.elements.size(); ++c)
        sum = plus(sum, times(times(a.elements[c], a.scales[c]), times(b.elements[c], b.scales[c])));
    const exact_value tensors =
        times(exact_value_of(dyad::unpack(a.tensor_scale)), exact_value_of(dyad::unpack(b.tensor_scale)));
    return dyad::pack_as<To>(unpacked_of(times(sum, tensors)), mode, policy);
}

}  // namespace dyad_test
