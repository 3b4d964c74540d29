// SPDX-License-Identifier: Apache-2.0
// Numbers that share scales, for tests: their values as big integers times a power of two, sums of their products, and
// random codes of every kind.
#pragma once

#include <dyad/array/quantized_view.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>

#include "support/exact.hpp"

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

namespace dyad_test {

/// integer * 2^exponent, an infinity (1 or -1), or a NaN.
struct exact_value {
    cpp_int integer = 0;
    int exponent = 0;
    int infinity = 0;
    bool nan = false;
};

template <dyad::unsigned_word T>
[[nodiscard]] exact_value exact_value_of(const dyad::basic_unpacked<T>& x) {
    exact_value v;
    v.nan = x.kind == dyad::number_class::nan;
    if (x.kind == dyad::number_class::infinity) v.infinity = x.negative ? -1 : 1;
    if (x.kind != dyad::number_class::finite) return v;
    v.integer = x.negative ? cpp_int(-to_integer(x.significand)) : to_integer(x.significand);
    v.exponent = x.exponent;
    return v;
}

[[nodiscard]] inline exact_value times(const exact_value& x, const exact_value& y) {
    exact_value v;
    const auto is_zero = [](const exact_value& z) { return z.infinity == 0 && z.integer == 0; };
    const auto sign = [](const exact_value& z) { return z.infinity != 0 ? z.infinity : z.integer < 0 ? -1 : 1; };
    const bool infinite = x.infinity != 0 || y.infinity != 0;
    v.nan = x.nan || y.nan || (infinite && (is_zero(x) || is_zero(y)));
    if (v.nan) return v;
    if (infinite) {
        v.infinity = sign(x) * sign(y);
        return v;
    }
    v.integer = x.integer * y.integer;
    v.exponent = x.exponent + y.exponent;
    return v;
}

[[nodiscard]] inline exact_value plus(const exact_value& x, const exact_value& y) {
    exact_value v;
    v.nan = x.nan || y.nan || x.infinity * y.infinity < 0;
    v.infinity = x.infinity != 0 ? x.infinity : y.infinity;
    v.exponent = x.exponent < y.exponent ? x.exponent : y.exponent;
    v.integer = (x.integer << static_cast<unsigned>(x.exponent - v.exponent)) +
                (y.integer << static_cast<unsigned>(y.exponent - v.exponent));
    return v;
}

/// The value with at most 100 digits, the last of which says whether there were more: enough for one rounding.
[[nodiscard]] inline dyad::unpacked_wide unpacked_of(const exact_value& v) {
    if (v.nan) return dyad::unpacked_wide::nan(false, dyad::quiet_bit<dyad::uint128_t>);
    if (v.infinity != 0) return dyad::unpacked_wide::infinity(v.infinity < 0);
    if (v.integer == 0) return dyad::unpacked_wide::zero(false);
    cpp_int m = abs(v.integer);
    const int cut = static_cast<int>(msb(m)) - 99;
    if (cut > 0) {
        const cpp_int kept = m >> static_cast<unsigned>(cut);
        const bool rest = cpp_int(kept << static_cast<unsigned>(cut)) != m;
        m = rest ? cpp_int(kept | 1) : kept;
    }
    const cpp_int high = m >> 64;
    const auto low = static_cast<std::uint64_t>(m - (high << 64));
    const dyad::uint128_t word = (static_cast<dyad::uint128_t>(static_cast<std::uint64_t>(high)) << 64) | low;
    return dyad::unpacked_wide::finite(v.integer < 0, word, v.exponent + (cut > 0 ? cut : 0));
}

/// Element (i, j) of a view, from its parts.
template <class View>
[[nodiscard]] exact_value number_at(const View& view, dyad::index i, dyad::index j) {
    using E = typename View::element;
    const auto x = static_cast<E>(view.codes(i, j));
    exact_value element = exact_value_of(dyad::unpack(x));
    if constexpr (!std::same_as<decltype(View::zero), dyad::no_zero_points>) {
        element = {cpp_int(static_cast<std::int64_t>(x.raw())) - view.zero_point(i, j), -E::fraction, 0, false};
    }
    const auto scale = exact_value_of(dyad::unpack(static_cast<typename View::scale>(view.scales(i, j))));
    return times(times(element, scale), exact_value_of(dyad::unpack(view.scales.tensor_scale)));
}

/// The numbers of one row.
template <class View>
[[nodiscard]] std::vector<exact_value> numbers_of(const View& view, dyad::index i) {
    std::vector<exact_value> numbers;
    for (dyad::index k = 0; k < view.codes.extent[1]; ++k) numbers.push_back(number_at(view, i, k));
    return numbers;
}
/// The sum of their products with those of another row, unpacked for one rounding.
[[nodiscard]] inline dyad::unpacked_wide sum_of_products(const std::vector<exact_value>& lhs,
                                                         const std::vector<exact_value>& rhs) {
    exact_value sum;
    for (std::size_t k = 0; k < lhs.size(); ++k) sum = plus(sum, times(lhs[k], rhs[k]));
    return unpacked_of(sum);
}

/// The code of a number with any bits.
template <dyad::number T>
[[nodiscard]] T from_random_bits(std::uint64_t bits) {
    if constexpr (std::same_as<T, float>) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    } else {
        const auto code = static_cast<typename T::bits_type>(bits) & dyad::low_mask<typename T::bits_type>(T::width);
        return T::from_bits(static_cast<typename T::bits_type>(code));
    }
}
/// A random code, of a finite number unless `any`.
template <dyad::number T>
[[nodiscard]] T random_number(std::mt19937_64& random, bool any) {
    while (true) {
        const T x = from_random_bits<T>(random());
        const auto kind = dyad::unpack(x).kind;
        if (any || kind == dyad::number_class::finite || kind == dyad::number_class::zero) return x;
    }
}

/// What a row of test data is: any codes, finite ones, finite ones that cancel but for a few, or the largest.
enum class row_kind : std::uint8_t { any, finite, cancelling, largest };

/// Element k of a row whose elements cancel in pairs where the other row's are equal in pairs.
template <dyad::number E>
[[nodiscard]] E negated(E x) {
    auto u = dyad::unpack(x);
    u.negative = !u.negative;
    return dyad::pack_as<E>(u, dyad::rounding::nearest_even, dyad::saturation::finite);
}

}  // namespace dyad_test
