// SPDX-License-Identifier: Apache-2.0
// Wide fixed-point numbers for tests: types behind plain functions of raw numbers, and rounding by the definition.
#pragma once

#include <dyad/number/wide_fixed.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "support/conversion_check.hpp"

namespace wide {

using dyad::fixed;
using dyad::overflow;
using dyad::rounding;
using dyad::saturation;
using dyad::stochastic;
using dyad_test::cpp_int;
using dyad_test::cpp_rational;
using enum dyad::signedness;

/// A type, as far as the loops of the tests need it: they are compiled once.
struct wide_type {
    std::string name;
    int width;
    int fraction;
    bool is_signed;
    bool wraps;
    cpp_int lowest;
    cpp_int highest;
    cpp_int (*closed)(char operation, const cpp_int& x, const cpp_int& y);
    cpp_int (*pack)(const dyad::unpacked_wide& x, rounding mode);
    cpp_int (*pack_randomly)(const dyad::unpacked_wide& x, stochastic rule);
    dyad::unpacked_wide (*unpack)(const cpp_int& x);
    cpp_int (*code)(const cpp_int& x);       ///< bits() as one integer
    cpp_int (*from_code)(const cpp_int& x);  ///< from_bits of that
    int (*order)(const cpp_int& x, const cpp_int& y);
};

template <class T>
T from_raw(const cpp_int& raw) {
    return T::from_raw(static_cast<typename T::raw_type>(raw));
}
template <class T>
cpp_int raw_of(const T& x) {
    return cpp_int(x.raw());
}

template <class T>
cpp_int closed(char operation, const cpp_int& x, const cpp_int& y) {
    T z = from_raw<T>(x);
    const T w = from_raw<T>(y);
    switch (operation) {
        case '+': return raw_of(z += w);
        case '-': return raw_of(z -= w);
        case '*': return raw_of(z *= w);
        case '/': return raw_of(z /= w);
        case 'r': return raw_of(sqrt(z));
        case 'a': return raw_of(abs(z));
        case '<': return raw_of(min(z, w));
        case '>': return raw_of(max(z, w));
        case 'f': return raw_of(floor(z));
        case 'c': return raw_of(ceil(z));
        case 'e': return raw_of(round_to_integer(z, rounding::nearest_even));
        default: return raw_of(-z);
    }
}
template <class T>
cpp_int code(const cpp_int& x) {
    const auto words = from_raw<T>(x).bits();
    cpp_int joined = 0;
    for (std::size_t i = words.size(); i-- > 0;) joined = (joined << 64) | words[i];
    return joined;
}
template <class T>
cpp_int from_code(const cpp_int& x) {
    typename T::bits_type words{};
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<std::uint64_t>(cpp_int((x >> static_cast<unsigned>(64 * i)) & ~std::uint64_t{0}));
    return raw_of(T::from_bits(words));
}
/// -1, 0, 1; 2 where the operators contradict each other.
template <class T>
int order(const cpp_int& x, const cpp_int& y) {
    const T a = from_raw<T>(x);
    const T b = from_raw<T>(y);
    const int found = a < b ? -1 : a > b ? 1 : 0;
    return (a == b) == (found == 0) ? found : 2;
}

template <class T>
wide_type wide_type_of() {
    const bool is_signed = T::is_signed;
    return {reference::name_of<T>(),
            T::width,
            T::fraction,
            is_signed,
            std::numeric_limits<T>::is_modulo,
            is_signed ? cpp_int(-(cpp_int(1) << (T::width - 1))) : cpp_int(0),
            (cpp_int(1) << (T::width - (is_signed ? 1 : 0))) - 1,
            &closed<T>,
            [](const dyad::unpacked_wide& x, rounding mode) { return raw_of(T::pack(x, mode, saturation::none)); },
            [](const dyad::unpacked_wide& x, stochastic rule) { return raw_of(T::pack(x, rule, saturation::none)); },
            [](const cpp_int& x) { return from_raw<T>(x).unpack(); },
            &code<T>,
            &from_code<T>,
            &order<T>};
}

inline cpp_rational value_of(const wide_type& type, const cpp_int& raw) {
    return cpp_rational(raw) * dyad_test::power_of_two(-type.fraction);
}

/// A rounded raw number of any size as the type keeps it.
inline cpp_int in_range(const wide_type& type, cpp_int raw) {
    if (!type.wraps) return raw < type.lowest ? type.lowest : raw > type.highest ? type.highest : raw;
    const cpp_int range = cpp_int(1) << static_cast<unsigned>(type.width);
    raw %= range;
    return raw < type.lowest ? cpp_int(raw + range) : raw > type.highest ? cpp_int(raw - range) : raw;
}
template <dyad::rounding_rule Rule>
cpp_int expected_raw(const wide_type& type, const cpp_rational& exact, const Rule& rule) {
    return in_range(type, dyad_test::reference_round(exact * dyad_test::power_of_two(type.fraction), rule));
}

/// Raw numbers: the ends, small ones, halves, seeded randoms of every length, a third of them with zeros at the end.
inline std::vector<cpp_int> some_raws(const wide_type& type, int count) {
    std::vector<cpp_int> all;
    std::mt19937_64 random(static_cast<std::uint64_t>(type.width));
    const auto add = [&all, &type](const cpp_int& raw) {
        if (raw >= type.lowest && raw <= type.highest) all.push_back(raw);
    };
    for (int offset = 0; offset < 3; ++offset) {
        add(type.lowest + offset);
        add(type.highest - offset);
        add(cpp_int(offset));
        add(cpp_int(-offset));
        add(type.highest / 2 + offset);
    }
    const auto places = [&] { return static_cast<unsigned>(random() % static_cast<unsigned>(type.width)); };
    for (int i = 0; i < count; ++i) {
        cpp_int raw = 0;
        for (int word = 0; word < (type.width + 63) / 64; ++word) raw = (raw << 64) | random();
        raw &= type.highest;
        raw >>= places();
        if (i % 3 == 0) {
            const unsigned zeros = places();
            raw = (raw >> zeros) << zeros;
        }
        add(random() % 2 == 0 ? raw : cpp_int(-raw));
    }
    return all;
}

}  // namespace wide
