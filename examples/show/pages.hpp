// SPDX-License-Identifier: Apache-2.0
// What dyad-show prints.
#pragma once

#include "kind.hpp"
#include "rational.hpp"

#include <cstdint>
#include <string>

namespace show {

/// A code: its fields as a picture, its value in every form, its neighbours.
[[nodiscard]] std::string code_page(const kind& type, std::uint64_t code);

/// A number in a type: the code, value and error of every rounding mode; modes that agree share a line.
[[nodiscard]] std::string rounding_page(const kind& type, const rational& x, dyad::saturation policy);

/// The tables of docs/formats.md.
[[nodiscard]] std::string markdown_page();

/// Every name with its summary.
[[nodiscard]] std::string list_page();

/// 0x7e, with as many digits as the width has.
[[nodiscard]] std::string code_text(std::uint64_t code, int width);

}  // namespace show
