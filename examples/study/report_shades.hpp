// SPDX-License-Identifier: Apache-2.0
// Shades of an SQNR: more ink is more error.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "text.hpp"

namespace study {

/// Lower edges of the shades in dB; what lies below the last has the deepest shade.
inline constexpr std::array<int, 8> shade_edges = {80, 60, 50, 40, 30, 20, 10, 0};

inline std::string shade(double sqnr_db) {
    if (std::isnan(sqnr_db)) return "none";
    if (std::isinf(sqnr_db) && sqnr_db > 0) return "exact";
    const auto edge = std::find_if(shade_edges.begin(), shade_edges.end(), [&](int e) { return sqnr_db >= e; });
    return "q" + std::to_string(edge - shade_edges.begin());
}

inline std::string cell_text(double sqnr_db) {
    if (std::isnan(sqnr_db)) return "?";
    if (std::isinf(sqnr_db)) return sqnr_db > 0 ? "=" : "\u2212\u221E";
    return typeset(fixed(sqnr_db, 0));
}

}  // namespace study
