// SPDX-License-Identifier: Apache-2.0
// The loop of the conversion tests: inputs of one type into every other type, every rounding, every saturation.
#pragma once

#include <dyad/number.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "support/number_types.hpp"
#include "support/tally.hpp"

namespace reference {

inline constexpr auto is_unsigned = dyad::signedness::is_unsigned;
using wrapping = dyad::fixed<8, 4, dyad::signedness::is_signed, dyad::overflow::wrap>;
using wrapping_unsigned = dyad::fixed<7, 1, is_unsigned, dyad::overflow::wrap>;

template <class... Types>
struct types {};
using minifloats = types<dyad::float8_e4m3fn, dyad::float8_e5m2, dyad::bfloat16, dyad::float16>;
using fixed_types =
    types<dyad::fixed<8, 4>, wrapping, wrapping_unsigned, dyad::fixed<6, 3, is_unsigned>, dyad::fixed<8, 11>,
          dyad::fixed<12, -3>, dyad::fixed<16, 15>, dyad::integer<2>, dyad::integer<4>, dyad::integer<7>,
          dyad::integer<16>, dyad::uinteger<2>, dyad::uinteger<5>, dyad::uinteger<13>, dyad::uinteger<16>>;
using narrow_integers = types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t>;
using wide_types = types<float, double, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, dyad::int128_t>;

template <class... Types, class Function>
void for_each(types<Types...>, Function f) {
    (f(std::type_identity<Types>{}), ...);
}
template <class Function>
void for_each_type(Function f) {
    for_each(minifloats{}, f);
    for_each(fixed_types{}, f);
    for_each(narrow_integers{}, f);
    for_each(wide_types{}, f);
}

/// One ordered pair behind a plain function, so that the loop over the cases is compiled once.
using conversion = dyad::int128_t (*)(const void*, dyad::rounding, dyad::saturation);
template <class To, class From>
dyad::int128_t converted(const void* x, dyad::rounding mode, dyad::saturation policy) {
    return traits<To>::code(dyad::convert<To>(*static_cast<const From*>(x), mode, policy));
}

struct input {
    const void* address;
    real value;
};

/// For messages: the nearest double below, and NaN for NaN and infinities.
inline double as_double(const real& x) {
    if (x.what != kind::finite) return std::numeric_limits<double>::quiet_NaN();
    return x.negative ? -to_double(x.magnitude) : to_double(x.magnitude);
}

inline void check_pair(dyad_test::tally& cases, const std::string& pair, const std::vector<input>& inputs,
                       target& target, conversion convert_one) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        target.take(inputs[i].value);
        for (const dyad::rounding mode : dyad_test::all_rounding_modes) {
            for (const dyad::saturation policy : all_saturations) {
                const dyad::int128_t expected = target.code(mode, policy);
                const dyad::int128_t got = convert_one(inputs[i].address, mode, policy);
                cases.check(got == expected, pair, ", input ", i, " = ", as_double(inputs[i].value), ", ", mode,
                            ", saturation ", static_cast<int>(policy), ": got ", got, ", expected ", expected);
            }
        }
    }
}

template <class From>
void check_into_all(dyad_test::tally& cases, const std::vector<From>& sources) {
    std::vector<input> inputs;
    for (const From& x : sources) inputs.push_back({&x, real_of(x)});
    for_each_type([&]<class To>(std::type_identity<To>) {
        if constexpr (!std::same_as<To, From>) {
            const auto target = traits<To>::make();
            check_pair(cases, name_of<From>() + " -> " + name_of<To>(), inputs, *target, &converted<To, From>);
        }
    });
}

/// All codes of From into every other type.
template <class From>
void check_all_codes(std::type_identity<From>) {
    dyad_test::tally cases("convert from " + name_of<From>());
    check_into_all(cases, all_codes<From>());
    for (const From x : all_codes<From>())
        cases.check(traits<From>::code(dyad::convert<From>(x)) == traits<From>::code(x), "to the same type");
}

}  // namespace reference
