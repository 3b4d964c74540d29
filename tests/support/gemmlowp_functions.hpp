// SPDX-License-Identifier: Apache-2.0
// The functions of gemmlowp, the words they are tested on, and hashes of the results.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include <dyad/math/gemmlowp.hpp>

namespace dyad_test {

enum class gemmlowp_function : std::uint8_t { exp_interval, inverse, ratio, exp, tanh, logistic };

[[nodiscard]] constexpr const char* to_string(gemmlowp_function f) {
    constexpr const char* names[] = {"exp_interval", "inverse", "ratio", "exp", "tanh", "logistic"};
    return names[static_cast<int>(f)];
}

struct gemmlowp_case {
    gemmlowp_function function;
    int width;
    int integer_bits;
};

/// Calls f.template operator()<Raw, IntegerBits>(case) for each function, both words, and 0 to 6 integer bits where the
/// function has them.
template <class Function>
void for_each_gemmlowp_case(Function&& f) {
    const auto one = [&]<class Raw, int IntegerBits>(gemmlowp_function function) {
        f.template operator()<Raw, IntegerBits>(
            gemmlowp_case{function, std::numeric_limits<Raw>::digits + 1, IntegerBits});
    };
    const auto of_word = [&]<class Raw>() {
        using enum gemmlowp_function;
        one.template operator()<Raw, 0>(exp_interval);
        one.template operator()<Raw, 0>(inverse);
        one.template operator()<Raw, 0>(ratio);
        for (const gemmlowp_function g : {exp, tanh, logistic}) {
            one.template operator()<Raw, 0>(g);
            one.template operator()<Raw, 1>(g);
            one.template operator()<Raw, 2>(g);
            one.template operator()<Raw, 3>(g);
            one.template operator()<Raw, 4>(g);
            one.template operator()<Raw, 5>(g);
            one.template operator()<Raw, 6>(g);
        }
    };
    of_word.template operator()<std::int16_t>();
    of_word.template operator()<std::int32_t>();
}

/// Ours.
template <class Raw, int IntegerBits>
[[nodiscard]] constexpr Raw evaluate(gemmlowp_function function, Raw x) {
    using namespace dyad::gemmlowp;
    switch (function) {
        case gemmlowp_function::exp_interval: return exp_on_interval_between_negative_one_quarter_and_0_excl(x);
        case gemmlowp_function::inverse: return one_over_one_plus_x_for_x_in_0_1(x);
        case gemmlowp_function::ratio: return one_minus_x_over_one_plus_x_for_x_in_0_1(x);
        case gemmlowp_function::exp: return exp_on_negative_values<IntegerBits>(x);
        case gemmlowp_function::tanh: return dyad::gemmlowp::tanh<IntegerBits>(x);
        case gemmlowp_function::logistic: return logistic<IntegerBits>(x);
    }
    return 0;
}

/// Words a function is called with: all of 16 bits, of 32 bits every `stride`th from the lowest on that the published
/// code takes without an overflow.
template <class Raw, class Function>
void for_each_word(gemmlowp_function function, std::int64_t stride, Function&& f) {
    std::int64_t first = std::numeric_limits<Raw>::min();
    std::int64_t last = std::numeric_limits<Raw>::max();
    if constexpr (sizeof(Raw) == 4) {
        if (function == gemmlowp_function::exp_interval) first = -(std::int64_t{1} << 29);
        if (function == gemmlowp_function::exp_interval) last = -1;
        if (function == gemmlowp_function::exp) last = 0;
        if (function == gemmlowp_function::inverse || function == gemmlowp_function::ratio) first = 0;
        if (function == gemmlowp_function::tanh || function == gemmlowp_function::logistic) ++first;
    } else {
        stride = 1;
    }
    for (std::int64_t x = first; x <= last; x += stride) f(static_cast<Raw>(x));
}

/// The largest and the mean error in units of the last place, 2^-15 or 2^-31, over a function's domain.
struct gemmlowp_error {
    double largest = 0;
    double mean = 0;
    double bias = 0;
    std::int64_t at = 0;
    std::int64_t words = 0;
};

template <class Raw, int IntegerBits>
[[nodiscard]] gemmlowp_error error_of(gemmlowp_function function, std::int64_t stride) {
    const double unit = std::ldexp(1.0, std::numeric_limits<Raw>::digits);
    const auto exact = [function](double x) {
        switch (function) {
            case gemmlowp_function::exp_interval:
            case gemmlowp_function::exp: return std::exp(x);
            case gemmlowp_function::inverse: return 1 / (1 + x);
            case gemmlowp_function::ratio: return (1 - x) / (1 + x);
            case gemmlowp_function::tanh: return std::tanh(x);
            case gemmlowp_function::logistic: return 1 / (1 + std::exp(-x));
        }
        return 0.0;
    };
    gemmlowp_error e;
    for_each_word<Raw>(function, stride, [&](Raw x) {
        const double value = std::ldexp(static_cast<double>(x), IntegerBits) / unit;
        if (function == gemmlowp_function::exp_interval && (value < -0.25 || value >= 0)) return;
        if (function == gemmlowp_function::exp && value > 0) return;
        if ((function == gemmlowp_function::inverse || function == gemmlowp_function::ratio) && value < 0) return;
        const double off = static_cast<double>(evaluate<Raw, IntegerBits>(function, x)) - exact(value) * unit;
        ++e.words;
        e.mean += std::fabs(off);
        e.bias += off;
        if (std::fabs(off) <= e.largest) return;
        e.largest = std::fabs(off);
        e.at = x;
    });
    e.mean /= static_cast<double>(e.words);
    e.bias /= static_cast<double>(e.words);
    return e;
}

/// A hash of the results that depends on their order.
template <class Raw, class Function>
[[nodiscard]] std::uint64_t hash_of_words(const gemmlowp_case& c, const Function& f) {
    std::uint64_t hash = 0;
    for_each_word<Raw>(c.function, 9973, [&](Raw x) {
        const std::int32_t y = f(x);
        hash = (hash ^ static_cast<std::uint32_t>(y)) * 0x9e37'79b9'7f4a'7c15u;
        hash ^= hash >> 29;
    });
    return hash;
}

}  // namespace dyad_test
