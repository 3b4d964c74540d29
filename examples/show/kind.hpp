// SPDX-License-Identifier: Apache-2.0
// A number type described at run time, by its name: any float_format, or fixed-point. The library does all of this at
// compile time; the test examples/show compares the two.
#pragma once

#include <dyad/number.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace show {

/// Fixed-point that saturates, as dyad::fixed.
struct fixed_layout {
    int width = 0;
    int fraction = 0;
    bool is_signed = true;
};

/// A number type: floating-point where `is_float`.
struct kind {
    std::string name;
    std::string summary;
    bool is_float = true;
    dyad::float_format format;
    fixed_layout fixed;

    [[nodiscard]] int width() const { return is_float ? format.width() : fixed.width; }
};

/// The named formats, widest first in each family.
[[nodiscard]] const std::vector<kind>& named_kinds();
/// P3109's formats of 3 to 8 bits.
[[nodiscard]] std::vector<kind> p3109_kinds();
/// Any name: named formats, float, double, binary{K}p{P}{s|u}{e|f}, int{N}, uint{N}, fixed<W,F> and
/// fixed<W,F,unsigned>.
[[nodiscard]] std::optional<kind> find_kind(std::string_view name);

/// The exact value of a code.
[[nodiscard]] dyad::unpacked decode(const kind& type, std::uint64_t code);
/// The value as a code, rounded once, then saturated. The significand is exact or rounded to odd.
[[nodiscard]] std::uint64_t encode(const kind& type, const dyad::unpacked_wide& value, dyad::rounding mode,
                                   dyad::saturation policy);

/// The code of the next larger or smaller value; nothing at the ends.
[[nodiscard]] std::optional<std::uint64_t> next_code(const kind& type, std::uint64_t code, bool up);
/// The exponent of the unit in the last place of a finite value.
[[nodiscard]] int ulp_exponent(const kind& type, const dyad::unpacked& value);

}  // namespace show
