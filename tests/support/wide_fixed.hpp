// SPDX-License-Identifier: Apache-2.0
// Wide fixed-point numbers for tests: types, their ranges, raw numbers as cpp_int, and rounding by the definition.
#pragma once

#include <dyad/number/wide_fixed.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "support/conversion_check.hpp"

namespace wide {

using dyad::fixed;
using dyad::overflow;
using dyad::rounding;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using enum dyad::signedness;

template <class T>
constexpr bool wraps = std::numeric_limits<T>::is_modulo;

using wide_types =
    reference::types<fixed<65>, fixed<65, 64>, fixed<66, 70, is_unsigned>, fixed<100, 50>, fixed<128, 127>,
                     fixed<128, 0, is_unsigned>, fixed<129, -30>, fixed<192, 100, is_unsigned, overflow::wrap>,
                     fixed<70, 35, is_signed, overflow::wrap>, fixed<256, 300>, fixed<300, 150>,
                     fixed<193, -70, is_signed, overflow::wrap>>;

template <class T>
T from_raw(const cpp_int& raw) {
    return T::from_raw(static_cast<typename T::raw_type>(raw));
}
template <class T>
cpp_int raw_of(const T& x) {
    return cpp_int(x.raw());
}
template <class T>
cpp_rational value_of(const T& x) {
    return cpp_rational(raw_of(x)) * dyad_test::power_of_two(-T::fraction);
}
template <class T>
const cpp_int lowest = T::is_signed ? cpp_int(-(cpp_int(1) << (T::width - 1))) : cpp_int(0);
template <class T>
const cpp_int highest = (cpp_int(1) << (T::width - (T::is_signed ? 1 : 0))) - 1;

/// A rounded raw number of any size as the type keeps it.
template <class T>
cpp_int in_range(cpp_int raw) {
    if (!wraps<T>) return raw < lowest<T> ? lowest<T> : raw > highest<T> ? highest<T> : raw;
    const cpp_int range = cpp_int(1) << T::width;
    raw %= range;
    return raw < lowest<T> ? cpp_int(raw + range) : raw > highest<T> ? cpp_int(raw - range) : raw;
}
template <class T, class Rule>
cpp_int expected_raw(const cpp_rational& exact, const Rule& rule) {
    return in_range<T>(dyad_test::reference_round(exact * dyad_test::power_of_two(T::fraction), rule));
}

/// Raw numbers: the ends, small ones, halves, seeded randoms of every length.
template <class T>
std::vector<T> some(int count) {
    std::vector<T> all;
    std::mt19937_64 random(static_cast<std::uint64_t>(T::width));
    const auto add = [&all](const cpp_int& raw) {
        if (raw >= lowest<T> && raw <= highest<T>) all.push_back(from_raw<T>(raw));
    };
    for (int offset = 0; offset < 3; ++offset) {
        add(lowest<T> + offset);
        add(highest<T> - offset);
        add(cpp_int(offset));
        add(cpp_int(-offset));
        add(highest<T> / 2 + offset);
    }
    for (int i = 0; i < count; ++i) {
        cpp_int raw = 0;
        for (int word = 0; word < (T::width + 63) / 64; ++word) raw = (raw << 64) | random();
        raw &= highest<T>;
        raw >>= static_cast<unsigned>(random() % static_cast<unsigned>(T::width));
        // Often with zeros at the end, so that ties happen.
        if (i % 3 == 0) {
            const auto zeros = static_cast<unsigned>(random() % static_cast<unsigned>(T::width));
            raw = (raw >> zeros) << zeros;
        }
        add(random() % 2 == 0 ? raw : cpp_int(-raw));
    }
    return all;
}

}  // namespace wide
