// SPDX-License-Identifier: Apache-2.0
// The reference for L-Mul: the paper's equation, and Mitchell's logarithms with a constant, on exact numbers.
// Nothing here calls the routines under test.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include "support/number_types.hpp"
#include "support/tally.hpp"

namespace reference {

/// x * 2^exponent, exactly.
inline exact shifted(const exact& x, int exponent) {
    if (exponent >= 0) return exact(x << static_cast<unsigned>(exponent));
    const exact down = x >> static_cast<unsigned>(-exponent);
    if (exact(down << static_cast<unsigned>(-exponent)) != x) throw std::logic_error("reference::shifted: too fine");
    return down;
}

/// The fraction xm of x = (1 + xm) 2^xe; of a subnormal, too.
inline exact fraction_of(const exact& x) { return exact(shifted(x, -exponent_of(x)) - scaled(1, 0)); }

/// units * 2^-digits.
inline exact constant_of(dyad::lmul_constant c) { return exact(scaled(1, -c.digits) * c.units); }

/// What the rule of the paper gives, as it is printed there.
inline dyad::lmul_constant printed_rule(int m) {
    constexpr int l[] = {0, 1, 2, 3, 3};
    if (m == 0) return {0, 0};
    return {1, m <= 4 ? l[m] : 4};
}

inline bool goes_as_product(const real& x, const real& y) {
    return x.what != kind::finite || y.what != kind::finite || is_zero(x) || is_zero(y);
}

/// (1 + xm + ym + c) 2^(xe + ye).
inline real lmul_equation(const real& x, const real& y, const exact& c) {
    if (goes_as_product(x, y)) return product(x, y);
    const exact digits = scaled(1, 0) + fraction_of(x.magnitude) + fraction_of(y.magnitude) + c;
    return {kind::finite, x.negative != y.negative,
            shifted(digits, exponent_of(x.magnitude) + exponent_of(y.magnitude))};
}

/// antilog(log x + log y + c), Mitchell's log (1 + xm) 2^xe = xe + xm and antilog e + f = (1 + f) 2^e.
inline real lmul_logarithms(const real& x, const real& y, const exact& c) {
    if (goes_as_product(x, y)) return product(x, y);
    exact f = fraction_of(x.magnitude) + fraction_of(y.magnitude) + c;
    int e = exponent_of(x.magnitude) + exponent_of(y.magnitude);
    const exact one = scaled(1, 0);
    for (; f >= one; f -= one) ++e;
    for (; f < 0; f += one) --e;
    return {kind::finite, x.negative != y.negative, shifted(exact(one + f), e)};
}

/// The number with a code, of a native type too.
template <class T>
T from_pattern(std::uint64_t code) {
    if constexpr (dyad::native_float<T>) return std::bit_cast<T>(static_cast<dyad::least_uint<width_of<T>()>>(code));
    else return from_code<T>(code);
}

/// Two numbers and their exact values.
template <class T>
struct operands {
    T x;
    T y;
    const real& a;
    const real& b;
};

/// Calls check(target, operands) for all ordered pairs of codes of T without signalling NaN.
template <class T, class Check>
void for_all_pairs(Check check) {
    const std::vector<T> codes = all_codes<T>();
    const auto target = traits<T>::make();
    std::vector<real> values;
    for (const T x : codes) values.push_back(real_of(x));
    for (std::size_t i = 0; i < codes.size(); ++i)
        for (std::size_t j = 0; j < codes.size(); ++j)
            if (!is_signalling(values[i]) && !is_signalling(values[j]))
                check(*target, operands<T>{codes[i], codes[j], values[i], values[j]});
}

/// Codes where something turns, without their signs: around zero, one, the smallest normal number, the largest.
inline std::vector<std::uint64_t> boundary_codes(const dyad::float_format& f) {
    std::vector<std::uint64_t> codes;
    const std::uint64_t m = power_of_two(f.significand_bits);
    const std::uint64_t one = static_cast<std::uint64_t>(f.bias) * m;
    const std::uint64_t top = power_of_two(f.exponent_bits + f.significand_bits);
    for (const std::uint64_t center : {std::uint64_t{0}, m, one, one / 2, top - m, top})
        for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, m / 2, m / 4})
            for (const std::uint64_t code : {center - step, center + step})
                if (code < top) codes.push_back(code);
    return codes;
}

/// Calls check(target, operands) for all pairs of boundary codes of both signs and `count` random pairs.
template <class T, class Check>
void for_some_pairs(const dyad::float_format& f, int count, Check check) {
    const auto target = traits<T>::make();
    const auto one_pair = [&](T x, T y) {
        const real a = real_of(x);
        const real b = real_of(y);
        if (!is_signalling(a) && !is_signalling(b)) check(*target, operands<T>{x, y, a, b});
    };
    std::vector<std::uint64_t> codes = boundary_codes(f);
    const std::size_t positive = codes.size();
    for (std::size_t i = 0; i < positive; ++i) codes.push_back(codes[i] | power_of_two(f.width() - 1));
    for (const std::uint64_t x : codes)
        for (const std::uint64_t y : codes) one_pair(from_pattern<T>(x), from_pattern<T>(y));
    std::mt19937_64 random(static_cast<std::uint64_t>(f.width()));
    const auto draw = [&] { return from_pattern<T>(random() % power_of_two(f.width())); };
    for (int i = 0; i < count; ++i) one_pair(draw(), draw());
}

}  // namespace reference
