// SPDX-License-Identifier: Apache-2.0
// Number types for tests: their names, all their codes, and inputs near the thresholds of their neighbours.
#pragma once

#include "support/reference_format.hpp"

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace reference {

inline constexpr dyad::saturation all_saturations[]{dyad::saturation::none, dyad::saturation::propagate,
                                                    dyad::saturation::finite};

inline constexpr dyad::float_format float8_e4m3_flushed{
    .exponent_bits = 4, .significand_bits = 3, .bias = 7, .subnormals = dyad::subnormal_codes::flushed};

/// "float8_e4m3fn", "fixed<8,4>", "int16" ...
template <class T>
struct name;
template <dyad::float_format F>
struct name<dyad::minifloat<F>> {
    static std::string text() {
        if constexpr (F == dyad::float8_e4m3fn_format) return "float8_e4m3fn";
        else if constexpr (F == dyad::float8_e5m2_format) return "float8_e5m2";
        else if constexpr (F == dyad::bfloat16_format) return "bfloat16";
        else if constexpr (F == dyad::float16_format) return "float16";
        else if constexpr (F == dyad::float8_e4m3fnuz_format) return "float8_e4m3fnuz";
        else if constexpr (F == dyad::float8_e5m2fnuz_format) return "float8_e5m2fnuz";
        else if constexpr (F == dyad::float8_e3m4_format) return "float8_e3m4";
        else if constexpr (F == dyad::float6_e3m2fn_format) return "float6_e3m2fn";
        else if constexpr (F == dyad::float6_e2m3fn_format) return "float6_e2m3fn";
        else if constexpr (F == dyad::float4_e2m1fn_format) return "float4_e2m1fn";
        else if constexpr (F == dyad::binary8p4se::format) return "binary8p4se";
        else if constexpr (F == dyad::binary8p3ue::format) return "binary8p3ue";
        else if constexpr (F == dyad::float8_e8m0fnu_format) return "float8_e8m0fnu";
        else if constexpr (F == dyad::float8_e5m3fnu_format) return "float8_e5m3fnu";
        else if constexpr (F == float8_e4m3_flushed) return "float8_e4m3 (subnormals flushed)";
        else return "minifloat of " + std::to_string(F.width()) + " bits";
    }
};
template <dyad::native_float T>
struct name<T> {
    static std::string text() { return std::same_as<T, float> ? "float" : "double"; }
};
template <dyad::native_integer T>
struct name<T> {
    static std::string text() { return (T(-1) < T(0) ? "int" : "uint") + std::to_string(8 * sizeof(T)); }
};
template <int Width, int Fraction, dyad::signedness Sign, dyad::overflow Overflow>
struct name<dyad::fixed<Width, Fraction, Sign, Overflow>> {
    static std::string text() {
        return "fixed<" + std::to_string(Width) + "," + std::to_string(Fraction) +
               (Sign == dyad::signedness::is_signed ? "" : ",unsigned") +
               (Overflow == dyad::overflow::wrap ? ",wrap>" : ">");
    }
};
template <int Bits>
struct name<dyad::power<Bits, 2>> {
    static std::string text() { return "power<" + std::to_string(Bits) + ",2>"; }
};
template <>
struct name<dyad::ternary> {
    static std::string text() { return "ternary"; }
};
template <class T>
std::string name_of() {
    return name<T>::text();
}

// --- codes ---

/// Bits of a type's codes.
template <class T>
constexpr int width_of() {
    if constexpr (dyad::format<T>) return T::width;
    else return dyad::word_width<T>;
}
template <class T>
constexpr T from_code(std::uint64_t code) {
    if constexpr (dyad::format<T>) return T::from_bits(static_cast<typename T::bits_type>(code));
    else return static_cast<T>(code);
}
template <class T>
std::vector<T> all_codes() {
    static_assert(width_of<T>() <= 16);
    std::vector<T> codes;
    for (std::uint64_t code = 0; code < std::uint64_t{1} << width_of<T>(); ++code) codes.push_back(from_code<T>(code));
    return codes;
}

// --- inputs near thresholds ---

inline double to_double(const exact& x) {
    if (x == 0) return 0;
    const int e = exponent_of(x);
    const exact top = e + unit_digits > 52 ? exact(x >> static_cast<unsigned>(e + unit_digits - 52))
                                           : exact(x << static_cast<unsigned>(52 - e - unit_digits));
    return std::ldexp(static_cast<double>(static_cast<std::uint64_t>(top)), e - 52);
}

/// Every `step`-th value of a format and midpoint between neighbours, up to one code past the largest: as doubles, both
/// signs, with the doubles next to them on both sides.
inline void add_thresholds(std::vector<double>& to, const dyad::float_format& f, std::size_t step = 1) {
    const float_target table(f);
    const std::vector<exact>& values = table.values();
    const auto add = [&to](double x) {
        for (const double near : {x, std::nextafter(x, 0.0), std::nextafter(x, HUGE_VAL)}) {
            to.push_back(near);
            to.push_back(-near);
        }
    };
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
        if (i % step != 0 && i + 3 < values.size()) continue;
        add(to_double(values[i]));
        add(to_double(exact((values[i] + values[i + 1]) >> 1u)));
    }
    add(to_double(values.back()));
}

/// Doubles where some conversion turns: thresholds of 8-bit and 16-bit formats, halves and bounds of integers, and
/// what other libraries round twice; zeros, infinities, NaN with payloads.
inline std::vector<double> critical_doubles() {
    std::vector<double> all;
    for (const auto& f : {dyad::float8_e4m3fn_format, dyad::float8_e5m2_format}) add_thresholds(all, f);
    add_thresholds(all, dyad::float16_format, 61);
    add_thresholds(all, dyad::bfloat16_format, 61);
    for (int k = 0; k < 300; ++k) {
        for (const double x : {k / 32.0, k + 0.5, k * 64.0}) {
            for (const double near : {x, std::nextafter(x, HUGE_VAL), std::nextafter(x, 0.0)}) {
                all.push_back(near);
                all.push_back(-near);
            }
        }
    }
    for (int k = -160; k <= 140; ++k) {
        const double power = std::ldexp(1.0, k);
        for (const double x :
             {power, std::nextafter(power, 0.0), std::nextafter(power, HUGE_VAL), power - 1, power - 0.5, power + 0.5,
              power + 1, power * (1 + 0x1p-8 + 0x1p-40), power * (1 + 0x1p-24 - 0x1p-52), power * (1 + 0x1p-24),
              power * (1 + 0x1p-24 + 0x1p-52), power * (2 - 0x1p-25)}) {
            all.push_back(x);
            all.push_back(-x);
        }
    }
    using limits = std::numeric_limits<double>;
    for (const double x : {431.99999999999994, 464.0, 464.00000000000006, limits::max(), limits::min(),
                           limits::denorm_min(), limits::infinity(), limits::quiet_NaN()}) {
        all.push_back(x);
        all.push_back(-x);
    }
    for (const std::uint64_t nan : {0x7ff0'0000'0000'0001u, 0xfff0'0800'0000'0000u, 0x7ff7'ffff'ffff'ffffu,
                                    0xfffa'a55a'1234'5678u, 0xffff'ffff'ffff'ffffu})
        all.push_back(std::bit_cast<double>(std::uint64_t{nan}));
    return all;
}

}  // namespace reference
