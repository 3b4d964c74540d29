// SPDX-License-Identifier: Apache-2.0
// What --layers adds: questions asked of layers and segments, and the page's section.
#pragma once

#include <cmath>
#include <string>

#include "report.hpp"
#include "text.hpp"

namespace study {

/// The section of the page; nothing where the study did not look at layers.
std::string layers_section(const study_result& result);

/// Part of the recipe's noise power that one segment alone makes, 10^((all - only) / 10) of SQNRs in dB; parts need
/// not add up to one. NaN where the recipe makes none.
inline double noise_share(const recipe_result& recipe, const segment_result& segment) {
    if (!std::isfinite(recipe.sqnr_db)) return std::nan("");
    if (std::isinf(segment.only.sqnr_db)) return segment.only.sqnr_db > 0 ? 0 : std::nan("");
    return std::pow(10.0, (recipe.sqnr_db - segment.only.sqnr_db) / 10);
}
/// dB that the logits gain when one segment returns to float32; infinity where they are then exact.
inline double gain_db(const recipe_result& recipe, const segment_result& segment) {
    return segment.rest.sqnr_db - recipe.sqnr_db;
}

/// A share as per cent with as many digits as tell it from none: 0, <0.01, 0.03, 1.2, 43.
inline std::string small_percent(double share) {
    if (share == 0) return "0";
    const double p = 100 * share;
    if (p < 0.01) return "<0.01";
    return fixed(p, p < 1 ? 2 : p < 10 ? 1 : 0);
}
/// 1 - cosine would be clearer for the good ones, but cosine is what everybody reports: as many nines as it has.
inline std::string cosine_text(double cosine) {
    if (cosine == 1) return "1";
    const double missing = 1 - cosine;
    return fixed(cosine, missing < 1e-5 ? 8 : missing < 1e-3 ? 6 : 4);
}
/// Change of a share in percentage points: +0.22, 0, -1.33.
inline std::string points(double change) {
    const std::string text = percent(change, 2);
    if (text == "0.00") return "0";
    return (change > 0 ? "+" : "") + text;
}
/// dB with its sign; "exact" for infinity.
inline std::string gain_text(double db) {
    if (std::isinf(db) && db > 0) return "exact";
    const std::string text = fixed(db, 1);
    if (text == "0.0") return "0";
    return (db > 0 ? "+" : "") + text;
}

}  // namespace study
