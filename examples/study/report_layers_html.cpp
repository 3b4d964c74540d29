// SPDX-License-Identifier: Apache-2.0
// The page's section on layers: which segment costs what, recipe by segment, and below, recipe by recipe, every layer.

#include "report_detail.hpp"
#include "report_layers.hpp"
#include "report_page.hpp"
#include "report_shades.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace study {
namespace {

std::string head(std::string_view html) { return "<th scope=\"col\">" + std::string(html) + "</th>"; }

std::string heat(const std::string& shade, const std::string& html) {
    return "<td class=\"h " + shade + "\">" + html + "</td>";
}

std::string db_cell(double sqnr_db) {
    const std::string text = std::isfinite(sqnr_db) ? typeset(fixed(sqnr_db, 1)) : cell_text(sqnr_db);
    return heat(shade(sqnr_db), text);
}

/// Shades of a share of codes: none, below 0.1 %, 1 %, 10 %, more.
std::string share_cell(double share) {
    const std::string shade = share == 0      ? "exact"
                              : share < 0.001 ? "q1"
                              : share < 0.01  ? "q3"
                              : share < 0.1   ? "q5"
                                              : "q7";
    return heat(shade, escape_html(small_percent(share)));
}

/// A number and a bar of share 0 to 1 of the full length.
std::string bar_cell(const std::string& text, double share) {
    const double length = std::isfinite(share) ? 100 * std::clamp(share, 0.0, 1.0) : share > 0 ? 100.0 : 0.0;
    return "<td>" + text + "<span class=\"meter\"><i style=\"width:" + fixed(length, 0) + "%\"></i></span></td>";
}

std::string legend() {
    std::string items = "<span>SQNR, dB:</span>";
    for (std::size_t i = 0; i <= shade_edges.size(); ++i) {
        const std::string words = i < shade_edges.size() ? "\u2265 " + std::to_string(shade_edges[i]) : "below 0";
        items += "<span><span class=\"q" + std::to_string(i) + "\"></span>" + words + "</span>";
    }
    items += "<span>=: equal</span>";
    return "<div class=\"legend\">" + items + "</div>\n";
}
std::string share_legend() {
    constexpr std::array<std::string_view, 4> words = {"below 0.1", "below 1", "below 10", "10 and more"};
    std::string items = "<span>clipped, zero, %:</span>";
    for (std::size_t i = 0; i < words.size(); ++i)
        items += "<span><span class=\"q" + std::to_string(2 * i + 1) + "\"></span>" + std::string(words[i]) + "</span>";
    return "<div class=\"legend\">" + items + "</div>\n";
}

// --- recipe by segment

std::vector<const recipe_result*> with_segments(const study_result& result) {
    std::vector<const recipe_result*> recipes;
    for (const auto& r : result.recipes)
        if (!r.segments.empty()) recipes.push_back(&r);
    return recipes;
}

/// Two lines: "block 0" above "attention".
std::string two_lines(std::string_view name) {
    const auto label = split_layer(name);
    if (label.group.empty()) return escape_html(label.part);
    return escape_html(label.group) + "<br>" + escape_html(label.part);
}

std::string segment_map(const std::vector<const recipe_result*>& recipes, const std::string& last,
                        std::string (*each)(const recipe_result&, const segment_result&)) {
    std::string header = head("Recipe");
    for (const auto& s : recipes.front()->segments) header += head(two_lines(s.name));
    std::string rows;
    for (const auto* r : recipes) {
        rows += "<tr><th scope=\"row\">" + escape_html(r->name) + "</th>";
        for (const auto& s : r->segments) rows += each(*r, s);
        rows += db_cell(r->sqnr_db) + "</tr>\n";
    }
    return "<div class=\"scroll\"><table><thead><tr>" + header + head(last) + "</tr></thead><tbody>\n" + rows +
           "</tbody></table></div>\n";
}

std::string only_cell(const recipe_result&, const segment_result& s) { return db_cell(s.only.sqnr_db); }
/// More ink, more gain: 1, 2, 3, 6, 10 dB.
std::string gain_cell(const recipe_result& r, const segment_result& s) {
    const double gain = gain_db(r, s);
    const std::string shade = gain < 1    ? "q0"
                              : gain < 2  ? "q1"
                              : gain < 3  ? "q2"
                              : gain < 6  ? "q4"
                              : gain < 10 ? "q6"
                                          : "q8";
    return heat(std::isnan(gain) ? "none" : shade, std::isnan(gain) ? "\u2013" : typeset(gain_text(gain)));
}

std::string maps(const study_result& result) {
    const auto recipes = with_segments(result);
    if (recipes.empty()) return "";
    return "<div class=\"figure wide\"><h3>Only this segment low</h3>\n" + legend() +
           segment_map(recipes, "all<br>low", &only_cell) +
           paragraph("read",
                     "SQNR of the logits, dB, with one segment under the recipe and everything else in float32: low "
                     "values are the segments that this arithmetic hurts. The last column is the recipe itself.") +
           "</div><div class=\"figure wide\"><h3>All but this segment low</h3>\n" +
           segment_map(recipes, "all<br>low", &gain_cell) +
           paragraph("read",
                     "What the logits gain, dB, when one segment goes back to float32 and the rest stays under the "
                     "recipe: where this is large, a mixed recipe should begin. Below zero, two errors had cancelled. "
                     "Shades step at 1, 2, 3, 6 and 10 dB; the last column is the SQNR of the recipe itself.") +
           "</div>\n";
}

// --- one recipe

std::string segment_table(const recipe_result& r, const recipe_result* float32) {
    double widest = 1;
    for (const auto& s : r.segments) {
        const double gain = gain_db(r, s);
        if (std::isfinite(gain)) widest = std::max(widest, gain);
    }
    const double best = float32 ? float32->accuracy : r.accuracy;
    std::string rows;
    for (const auto& s : r.segments) {
        const double share = noise_share(r, s);
        const double gain = gain_db(r, s);
        const bool known = !std::isnan(gain);
        rows += "<tr><th scope=\"row\">" + escape_html(s.name) + "</th>" + db_cell(s.only.sqnr_db) +
                bar_cell(std::isnan(share) ? "\u2013" : small_percent(share), share) +
                cell(typeset(points(s.only.accuracy - best))) + cell(percent(s.only.agreement, 2)) +
                db_cell(s.rest.sqnr_db) + bar_cell(known ? typeset(gain_text(gain)) : "\u2013", gain / widest) +
                cell(typeset(points(s.rest.accuracy - r.accuracy))) +
                cell(typeset(points(s.rest.agreement - r.agreement))) + "</tr>\n";
    }
    return "<h3>Segments</h3><div class=\"scroll\"><table class=\"bars\"><thead><tr><th></th>"
           "<th colspan=\"4\" scope=\"colgroup\" style=\"text-align:center\">only this one low</th>"
           "<th colspan=\"4\" scope=\"colgroup\" style=\"text-align:center\">all but this one low</th></tr><tr>" +
           head("Segment") + head("SQNR,<br>dB") + head("of the recipe\u2019s<br>noise, %") +
           head("accuracy<br>change, pp") + head("agreement,<br>%") + head("SQNR,<br>dB") + head("gain,<br>dB") +
           head("accuracy<br>change, pp") + head("agreement<br>change, pp") + "</tr></thead><tbody>\n" + rows +
           "</tbody></table></div>\n";
}

std::string sum_cells(const layer_result& l) {
    if (l.sum_terms == 0) return "<td></td><td></td><td></td><td></td>";
    const std::string terms = cell(std::to_string(l.sum_terms));
    if (l.sum_bits_proven == 0) return terms + "<td colspan=\"2\">float</td>" + cell(three_digits(l.sum_largest));
    return terms + cell(std::to_string(l.sum_bits_proven)) + cell(std::to_string(l.sum_bits_observed)) +
           cell(fixed(l.sum_largest, 0));
}

std::string layer_table(const recipe_result& r) {
    std::string rows;
    std::string_view group;
    for (const auto& l : r.layers) {
        const auto label = split_layer(l.name);
        if (label.group != group) rows += group_row(label.group, 9);
        group = label.group;
        rows += "<tr><th scope=\"row\">" + escape_html(label.part) + "</th>" + db_cell(l.sqnr_db) +
                cell(typeset(cosine_text(l.cosine))) + share_cell(l.clipped) + share_cell(l.zeroed) + sum_cells(l) +
                "</tr>\n";
    }
    return "<h3>Layers</h3><div class=\"scroll\"><table><thead><tr>" + head("Layer") + head("SQNR,<br>dB") +
           head("cosine") + head("clipped,<br>%") + head("zero,<br>%") + head("terms<br>of a sum") +
           head("bits<br>proven") + head("bits<br>seen") + head("largest<br>sum") + "</tr></thead><tbody>\n" + rows +
           "</tbody></table></div>\n";
}

/// The line that stays when a recipe is closed.
std::string facts(const recipe_result& r) {
    std::string text = "logits " + typeset(decibels(r.sqnr_db, 1)) + (std::isfinite(r.sqnr_db) ? " dB" : "");
    const auto heavier = [&](const auto& a, const auto& b) { return noise_share(r, a) < noise_share(r, b); };
    if (!r.segments.empty() && std::isfinite(r.sqnr_db))
        text +=
            "; most noise from " + escape_html(std::max_element(r.segments.begin(), r.segments.end(), heavier)->name);
    const auto clipped = std::max_element(r.layers.begin(), r.layers.end(),
                                          [](const auto& a, const auto& b) { return a.clipped < b.clipped; });
    if (clipped != r.layers.end() && clipped->clipped > 0)
        text += "; most clipped " + escape_html(clipped->name + " (" + small_percent(clipped->clipped)) + " %)";
    int proven = 0;
    int seen = 0;
    for (const auto& l : r.layers) {
        proven = std::max(proven, l.sum_bits_proven);
        seen = std::max(seen, l.sum_bits_observed);
    }
    if (proven != 0) text += "; sums of " + std::to_string(seen) + " bits, " + std::to_string(proven) + " proven";
    return text;
}

}  // namespace

std::string layers_section(const study_result& result) {
    if (result.layers == detail::sqnr) return "";
    std::string recipes;
    for (const auto& r : result.recipes) {
        if (&r == float32_of(result) && result.recipes.size() > 1) continue;  // exact everywhere: nothing to read
        recipes += "<details><summary>" + bold(r.name) + "<span>" + facts(r) + "</span></summary>\n" +
                   (r.segments.empty() ? "" : segment_table(r, float32_of(result))) + layer_table(r) + "</details>\n";
    }
    return "<section><h2>Layer by layer</h2>\n" + maps(result) + "<h3>Every layer, recipe by recipe</h3>\n" + legend() +
           share_legend() + recipes +
           paragraph(
               "read",
               "Clipped: codes at an end of their format beyond which float32\u2019s value lies. Zero: codes that "
               "are zero where float32\u2019s value is not. Terms: K of the products behind the layer (q, k and v "
               "are one product, told at q). Bits proven: what every sum of so many products and its bias fit, "
               "the sign included; seen: what the largest sum on the tested images took; sums of floats have "
               "neither. Noise: power of the logits\u2019 error with only this segment low, over that of the "
               "whole recipe. Changes are against float32 (only this one low) and against the recipe (all but "
               "this one); pp: percentage points.") +
           "</section>\n";
}

}  // namespace study
