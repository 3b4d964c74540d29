// SPDX-License-Identifier: Apache-2.0
// The 15 named formats and P3109's 120 of 3 to 8 bits: as a list of types, and as a table of plain functions.
#pragma once

#include <dyad/number.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace reference {

inline constexpr std::size_t named_count = 15;
inline constexpr std::size_t format_count = named_count + 120;

using all_formats = std::tuple<
    dyad::float8_e5m2, dyad::float8_e4m3fn, dyad::float8_e4m3, dyad::float8_e3m4, dyad::float8_e4m3fnuz,
    dyad::float8_e5m2fnuz, dyad::float8_e4m3b11fnuz, dyad::float8_e8m0fnu, dyad::float8_e5m3fnu, dyad::float6_e2m3fn,
    dyad::float6_e3m2fn, dyad::float4_e2m1fn, dyad::bfloat16, dyad::float16, dyad::tfloat32, dyad::binary3p1se,
    dyad::binary3p1sf, dyad::binary3p2se, dyad::binary3p2sf, dyad::binary3p1ue, dyad::binary3p1uf, dyad::binary3p2ue,
    dyad::binary3p2uf, dyad::binary3p3ue, dyad::binary3p3uf, dyad::binary4p1se, dyad::binary4p1sf, dyad::binary4p2se,
    dyad::binary4p2sf, dyad::binary4p3se, dyad::binary4p3sf, dyad::binary4p1ue, dyad::binary4p1uf, dyad::binary4p2ue,
    dyad::binary4p2uf, dyad::binary4p3ue, dyad::binary4p3uf, dyad::binary4p4ue, dyad::binary4p4uf, dyad::binary5p1se,
    dyad::binary5p1sf, dyad::binary5p2se, dyad::binary5p2sf, dyad::binary5p3se, dyad::binary5p3sf, dyad::binary5p4se,
    dyad::binary5p4sf, dyad::binary5p1ue, dyad::binary5p1uf, dyad::binary5p2ue, dyad::binary5p2uf, dyad::binary5p3ue,
    dyad::binary5p3uf, dyad::binary5p4ue, dyad::binary5p4uf, dyad::binary5p5ue, dyad::binary5p5uf, dyad::binary6p1se,
    dyad::binary6p1sf, dyad::binary6p2se, dyad::binary6p2sf, dyad::binary6p3se, dyad::binary6p3sf, dyad::binary6p4se,
    dyad::binary6p4sf, dyad::binary6p5se, dyad::binary6p5sf, dyad::binary6p1ue, dyad::binary6p1uf, dyad::binary6p2ue,
    dyad::binary6p2uf, dyad::binary6p3ue, dyad::binary6p3uf, dyad::binary6p4ue, dyad::binary6p4uf, dyad::binary6p5ue,
    dyad::binary6p5uf, dyad::binary6p6ue, dyad::binary6p6uf, dyad::binary7p1se, dyad::binary7p1sf, dyad::binary7p2se,
    dyad::binary7p2sf, dyad::binary7p3se, dyad::binary7p3sf, dyad::binary7p4se, dyad::binary7p4sf, dyad::binary7p5se,
    dyad::binary7p5sf, dyad::binary7p6se, dyad::binary7p6sf, dyad::binary7p1ue, dyad::binary7p1uf, dyad::binary7p2ue,
    dyad::binary7p2uf, dyad::binary7p3ue, dyad::binary7p3uf, dyad::binary7p4ue, dyad::binary7p4uf, dyad::binary7p5ue,
    dyad::binary7p5uf, dyad::binary7p6ue, dyad::binary7p6uf, dyad::binary7p7ue, dyad::binary7p7uf, dyad::binary8p1se,
    dyad::binary8p1sf, dyad::binary8p2se, dyad::binary8p2sf, dyad::binary8p3se, dyad::binary8p3sf, dyad::binary8p4se,
    dyad::binary8p4sf, dyad::binary8p5se, dyad::binary8p5sf, dyad::binary8p6se, dyad::binary8p6sf, dyad::binary8p7se,
    dyad::binary8p7sf, dyad::binary8p1ue, dyad::binary8p1uf, dyad::binary8p2ue, dyad::binary8p2uf, dyad::binary8p3ue,
    dyad::binary8p3uf, dyad::binary8p4ue, dyad::binary8p4uf, dyad::binary8p5ue, dyad::binary8p5uf, dyad::binary8p6ue,
    dyad::binary8p6uf, dyad::binary8p7ue, dyad::binary8p7uf, dyad::binary8p8ue, dyad::binary8p8uf>;
inline constexpr const char* format_names[]{
    "float8_e5m2",        "float8_e4m3fn",  "float8_e4m3",    "float8_e3m4",   "float8_e4m3fnuz", "float8_e5m2fnuz",
    "float8_e4m3b11fnuz", "float8_e8m0fnu", "float8_e5m3fnu", "float6_e2m3fn", "float6_e3m2fn",   "float4_e2m1fn",
    "bfloat16",           "float16",        "tfloat32",       "binary3p1se",   "binary3p1sf",     "binary3p2se",
    "binary3p2sf",        "binary3p1ue",    "binary3p1uf",    "binary3p2ue",   "binary3p2uf",     "binary3p3ue",
    "binary3p3uf",        "binary4p1se",    "binary4p1sf",    "binary4p2se",   "binary4p2sf",     "binary4p3se",
    "binary4p3sf",        "binary4p1ue",    "binary4p1uf",    "binary4p2ue",   "binary4p2uf",     "binary4p3ue",
    "binary4p3uf",        "binary4p4ue",    "binary4p4uf",    "binary5p1se",   "binary5p1sf",     "binary5p2se",
    "binary5p2sf",        "binary5p3se",    "binary5p3sf",    "binary5p4se",   "binary5p4sf",     "binary5p1ue",
    "binary5p1uf",        "binary5p2ue",    "binary5p2uf",    "binary5p3ue",   "binary5p3uf",     "binary5p4ue",
    "binary5p4uf",        "binary5p5ue",    "binary5p5uf",    "binary6p1se",   "binary6p1sf",     "binary6p2se",
    "binary6p2sf",        "binary6p3se",    "binary6p3sf",    "binary6p4se",   "binary6p4sf",     "binary6p5se",
    "binary6p5sf",        "binary6p1ue",    "binary6p1uf",    "binary6p2ue",   "binary6p2uf",     "binary6p3ue",
    "binary6p3uf",        "binary6p4ue",    "binary6p4uf",    "binary6p5ue",   "binary6p5uf",     "binary6p6ue",
    "binary6p6uf",        "binary7p1se",    "binary7p1sf",    "binary7p2se",   "binary7p2sf",     "binary7p3se",
    "binary7p3sf",        "binary7p4se",    "binary7p4sf",    "binary7p5se",   "binary7p5sf",     "binary7p6se",
    "binary7p6sf",        "binary7p1ue",    "binary7p1uf",    "binary7p2ue",   "binary7p2uf",     "binary7p3ue",
    "binary7p3uf",        "binary7p4ue",    "binary7p4uf",    "binary7p5ue",   "binary7p5uf",     "binary7p6ue",
    "binary7p6uf",        "binary7p7ue",    "binary7p7uf",    "binary8p1se",   "binary8p1sf",     "binary8p2se",
    "binary8p2sf",        "binary8p3se",    "binary8p3sf",    "binary8p4se",   "binary8p4sf",     "binary8p5se",
    "binary8p5sf",        "binary8p6se",    "binary8p6sf",    "binary8p7se",   "binary8p7sf",     "binary8p1ue",
    "binary8p1uf",        "binary8p2ue",    "binary8p2uf",    "binary8p3ue",   "binary8p3uf",     "binary8p4ue",
    "binary8p4uf",        "binary8p5ue",    "binary8p5uf",    "binary8p6ue",   "binary8p6uf",     "binary8p7ue",
    "binary8p7uf",        "binary8p8ue",    "binary8p8uf"};
static_assert(std::tuple_size_v<all_formats> == format_count && std::size(format_names) == format_count);

template <std::size_t I>
using format_at = std::tuple_element_t<I, all_formats>;

/// Every Dyad routine of a format behind a plain function, so that the loops over formats are compiled once.
struct format_entry {
    const char* name = nullptr;
    dyad::float_format format;
    dyad::unpacked (*decode)(std::uint32_t) = nullptr;
    std::uint32_t (*encode)(const dyad::unpacked&, dyad::rounding, dyad::saturation) = nullptr;
    /// convert<T>(x) of a T.
    std::uint32_t (*same)(std::uint32_t) = nullptr;
};

template <class T>
constexpr format_entry entry_of(const char* name) {
    using bits = typename T::bits_type;
    return {name, T::format, [](std::uint32_t code) { return dyad::unpack(T::from_bits(static_cast<bits>(code))); },
            [](const dyad::unpacked& x, dyad::rounding mode, dyad::saturation policy) -> std::uint32_t {
                return dyad::pack_as<T>(x, mode, policy).bits();
            },
            [](std::uint32_t code) -> std::uint32_t {
                return dyad::convert<T>(T::from_bits(static_cast<bits>(code))).bits();
            }};
}

/// The table, built where it is asked for: only those programs pay for its 135 formats.
inline std::vector<format_entry> format_table() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return std::vector<format_entry>{entry_of<format_at<I>>(format_names[I])...};
    }
    (std::make_index_sequence<format_count>{});
}

}  // namespace reference
