// SPDX-License-Identifier: Apache-2.0
// Inputs for tests: all words of few bits, boundary values of the wide ones, seeded random words of every magnitude.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <dyad/core/bits.hpp>

namespace dyad_test {

/// Calls f.template operator()<T>() for each type.
template <class... Types, class Function>
void for_each_type(Function&& f) {
    (f.template operator()<Types>(), ...);
}

template <class Function>
void for_each_unsigned_word(Function&& f) {
    for_each_type<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, dyad::uint128_t>(f);
}
template <class Function>
void for_each_signed_word(Function&& f) {
    for_each_type<std::int8_t, std::int16_t, std::int32_t, std::int64_t, dyad::int128_t>(f);
}

/// "u8" .. "s128".
template <class T>
[[nodiscard]] std::string name_of() {
    return (dyad::signed_word<T> ? "s" : "u") + std::to_string(sizeof(T) * 8);
}

/// The unsigned word with the same bits.
template <class T>
struct pattern_of {
    using type = T;
};
template <dyad::signed_word T>
struct pattern_of<T> {
    using type = dyad::unsigned_of<T>;
};

/// Every pattern of an 8-bit or 16-bit word.
template <class T>
    requires(sizeof(T) <= 2)
[[nodiscard]] std::vector<T> all_words() {
    std::vector<T> words;
    for (std::uint32_t pattern = 0; pattern < (1U << (8 * sizeof(T))); ++pattern)
        words.push_back(static_cast<T>(static_cast<typename pattern_of<T>::type>(pattern)));
    return words;
}

/// Powers of two and their neighbours, both signs, complements, the two alternating patterns. Sorted, each once.
template <class T>
[[nodiscard]] std::vector<T> boundary_words() {
    using pattern = typename pattern_of<T>::type;
    constexpr pattern ones = static_cast<pattern>(~pattern{0});
    std::vector<pattern> patterns{static_cast<pattern>(ones / 3), static_cast<pattern>(ones / 3 * 2)};
    for (int k = 0; k < dyad::word_width<pattern>; ++k) {
        const pattern power = static_cast<pattern>(pattern{1} << k);
        for (const int offset : {-1, 0, 1}) {
            const auto near = static_cast<pattern>(power + static_cast<pattern>(offset));
            patterns.push_back(near);
            patterns.push_back(static_cast<pattern>(pattern{0} - near));
        }
    }
    std::vector<T> words;
    for (const pattern p : patterns) words.push_back(static_cast<T>(p));
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

/// All words of 8 bits, boundary words of more.
template <class T>
[[nodiscard]] std::vector<T> all_or_boundary_words() {
    if constexpr (sizeof(T) == 1) return all_words<T>();
    else return boundary_words<T>();
}

/// A word with a random number of significant bits: small values are as likely as large ones.
template <class T>
[[nodiscard]] T random_word(std::mt19937_64& engine) {
    using pattern = typename pattern_of<T>::type;
    const dyad::uint128_t high = engine();
    const auto all = static_cast<pattern>((high << 64) | engine());
    const int dropped = static_cast<int>(engine() % static_cast<unsigned>(dyad::word_width<T>));
    const auto kept = static_cast<pattern>(all >> dropped);
    return static_cast<T>(dyad::signed_word<T> && engine() % 2 != 0 ? static_cast<pattern>(pattern{0} - kept) : kept);
}

}  // namespace dyad_test
