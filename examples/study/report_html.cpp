// SPDX-License-Identifier: Apache-2.0
// The study's page: one self-contained HTML file, without script, that reads well on screen, in print and without
// colour.

#include "report.hpp"
#include "report_detail.hpp"
#include "report_layers.hpp"
#include "report_page.hpp"
#include "report_svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace study {
namespace {

// --- the answer

/// The recipes beside float32, parted by what they lose.
struct verdict {
    const recipe_result* float32;
    std::vector<const recipe_result*> kept, lost;

    explicit verdict(const study_result& result) : float32(float32_of(result)) {
        for (const auto& r : result.recipes)
            if (float32 && &r != float32) (keeps_accuracy(r, *float32) ? kept : lost).push_back(&r);
    }
};

/// Fewest bits per weight, then fewest bytes, then most images right.
bool is_cheaper(const recipe_result* a, const recipe_result* b) {
    if (a->bits_per_weight != b->bits_per_weight) return a->bits_per_weight < b->bits_per_weight;
    if (a->weight_bytes != b->weight_bytes) return a->weight_bytes < b->weight_bytes;
    return a->accuracy > b->accuracy;
}

std::string kept_sentence(const verdict& v) {
    const std::size_t others = v.kept.size() + v.lost.size();
    const std::string start = "Of " + counted(others, "recipe") + " beside float32, " +
                              (v.kept.empty() ? "none" : std::to_string(v.kept.size())) +
                              (v.kept.size() > 1 ? " lose" : " loses") + " at most one image in a hundred against it";
    if (v.kept.empty()) return start + ".";
    const auto& cheapest = **std::min_element(v.kept.begin(), v.kept.end(), is_cheaper);
    const auto& fastest = **std::min_element(v.kept.begin(), v.kept.end(),
                                             [](auto* a, auto* b) { return a->ns_per_image < b->ns_per_image; });
    return start + "; the cheapest of these stores " + shortest(cheapest.bits_per_weight) + " bits per weight (" +
           bold(cheapest.name) + "), the fastest takes " + three_digits(fastest.ns_per_image * 1e-6) +
           " ms per image (" + bold(fastest.name) + "; float32 takes " + three_digits(v.float32->ns_per_image * 1e-6) +
           " ms).";
}

std::string lost_sentence(const verdict& v) {
    if (v.lost.empty()) return "";
    std::string list;
    for (const auto* r : v.lost)
        list += (list.empty() ? "" : ", ") + bold(r->name) + " (" + percent(v.float32->accuracy - r->accuracy, 1) +
                " in a hundred)";
    return (v.kept.empty() ? "They lose: " : "More is lost by ") + list + ".";
}

/// The part of a block that is most often a recipe's worst layer.
std::string weak_part_sentence(const study_result& result) {
    std::vector<std::pair<std::string, std::size_t>> parts;
    std::size_t inexact = 0;
    for (const auto& r : result.recipes) {
        if (r.worst_layer.empty()) continue;
        ++inexact;
        const std::string part(split_layer(r.worst_layer).part);
        const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == part; });
        if (found == parts.end()) parts.emplace_back(part, 1);
        else ++found->second;
    }
    if (inexact < 2) return "";
    const auto most =
        std::max_element(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most->second < 2) return "Each recipe has its largest relative error in another layer.";
    return "The layer with the largest relative error is most often \u201C" + escape_html(most->first) + "\u201D (" +
           std::to_string(most->second) + " of " + counted(inexact, "inexact recipe") + ").";
}

std::string chance_sentence(const verdict& v) {
    const double half_width = (v.float32->accuracy_high - v.float32->accuracy_low) / 2;
    return "float32 itself is right on " + std::to_string(v.float32->correct) + " of " +
           counted(v.float32->images, "image") + "; on so many images its accuracy is known to \u00B1" +
           percent(half_width, 1) + " percentage points (95 %), so smaller differences may be chance.";
}

/// The sentences as paragraphs, the main one first.
std::string answer(const study_result& result) {
    const verdict v(result);
    std::vector<std::string> sentences;
    if (result.recipes.empty()) sentences = {"No recipe was run."};
    else if (!v.float32)
        sentences = {counted(result.recipes.size(), "recipe") + " ran, but not float32: losses against it are unknown.",
                     weak_part_sentence(result)};
    else if (v.kept.empty() && v.lost.empty())
        sentences = {"Only float32 was run: there is nothing to compare it with.", chance_sentence(v)};
    else sentences = {kept_sentence(v), lost_sentence(v), weak_part_sentence(result), chance_sentence(v)};
    std::string box = "<div class=\"answer\">";
    for (const auto& sentence : sentences)
        if (!sentence.empty()) box += "<p>" + sentence + "</p>\n";
    return box + "</div>\n";
}

// --- the table

std::string kl_html(double kl) {
    if (kl == 0 || !wants_scientific(kl)) return kl == 0 ? "0" : typeset(fixed(kl, 4));
    const auto [digits, exponent] = scientific(kl);
    return typeset(digits) + "\u00B710" + raised(exponent);
}

std::string change_html(const recipe_result& r, const recipe_result* float32) {
    if (!float32 || &r == float32) return "\u2013";
    const double change = r.accuracy - float32->accuracy;
    const std::string text = percent(change, 2);
    return (change > 0 && text != "0.00" ? "+" : "") + typeset(text);
}

std::string result_row(const recipe_result& r, const recipe_result* float32) {
    const bool exact = r.worst_layer.empty();
    return "<tr><th scope=\"row\">" + escape_html(r.name) + "<small>" + escape_html(r.summary) + "</small></th>" +
           cell(shortest(r.bits_per_weight)) +
           cell(percent(r.accuracy, 2) + "<small>" + percent(r.accuracy_low, 2) + " to " + percent(r.accuracy_high, 2) +
                "</small>") +
           cell(change_html(r, float32)) + cell(percent(r.agreement, 2)) + cell(typeset(decibels(r.sqnr_db, 1))) +
           cell(kl_html(r.kl)) + "<td class=\"words\">" +
           (exact ? "\u2013"
                  : escape_html(r.worst_layer) + "<small>" + typeset(decibels(r.worst_layer_sqnr_db, 1)) +
                        " dB</small>") +
           "</td>" + cell(fixed(static_cast<double>(r.weight_bytes) / 1024, 1)) +
           cell(three_digits(r.ns_per_image * 1e-6)) + "</tr>\n";
}

std::string result_table(const study_result& result) {
    std::string rows;
    for (const auto& r : result.recipes) rows += result_row(r, float32_of(result));
    return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Recipe</th><th scope=\"col\">Bits "
           "per<br>weight</th>"
           "<th scope=\"col\">Accuracy, %<small>95 % interval</small></th><th scope=\"col\">Against<br>float32, pp</th>"
           "<th scope=\"col\">Agreement,<br>%</th><th scope=\"col\">SQNR,<br>dB</th><th scope=\"col\">KL,<br>nats</th>"
           "<th scope=\"col\" style=\"text-align:left\">Worst layer<small>and its SQNR</small></th><th "
           "scope=\"col\">Weights,<br>KiB</th>"
           "<th scope=\"col\">Time per<br>image, ms</th></tr></thead><tbody>\n" +
           rows + "</tbody></table></div>\n" +
           paragraph("read",
                     "Accuracy: share of images classified right, with its Wilson 95 % interval; pp: percentage "
                     "points. Agreement: share of images on which "
                     "the recipe chooses float32\u2019s class, right or wrong. SQNR: power of float32\u2019s logits "
                     "over the power of the recipe\u2019s error, in decibels; "
                     "20 dB is an error of a tenth, 40 dB of a hundredth. KL: mean divergence of the recipe\u2019s "
                     "class probabilities from float32\u2019s; 0 is equal. "
                     "Weights: all parameters as stored, scales and biases included. Time: median on one thread.");
}

// --- where the error comes from

/// Two consecutive layers between which SQNR falls; null where it falls nowhere.
struct sqnr_fall {
    const layer_result* before = nullptr;
    const layer_result* after = nullptr;
    double db() const { return before ? before->sqnr_db - after->sqnr_db : 0; }
};

/// The largest fall between inexact layers: from an exact one every fall is infinite.
sqnr_fall steepest_fall(const std::vector<layer_result>& layers) {
    sqnr_fall steepest;
    for (std::size_t i = 1; i < layers.size(); ++i) {
        const sqnr_fall fall = {&layers[i - 1], &layers[i]};
        if (std::isfinite(fall.db()) && fall.db() > steepest.db()) steepest = fall;
    }
    return steepest;
}

std::string layer_words(const layer_result& layer) {
    return "\u201C" + escape_html(layer.name) + "\u201D (" + typeset(decibels(layer.sqnr_db, 1)) +
           (std::isfinite(layer.sqnr_db) ? " dB)" : ")");
}

std::string origin_sentence(const recipe_result& r) {
    const auto inexact = [](const layer_result& l) { return !(std::isinf(l.sqnr_db) && l.sqnr_db > 0); };
    const auto first = std::find_if(r.layers.begin(), r.layers.end(), inexact);
    if (r.layers.empty()) return "no layer was recorded.";
    if (first == r.layers.end()) return "every layer equals float32\u2019s.";
    std::string words = "first differs at " + layer_words(*first);
    if (!r.worst_layer.empty()) words += ", is worst at " + layer_words({r.worst_layer, r.worst_layer_sqnr_db});
    const auto fall = steepest_fall(r.layers);
    if (!fall.before) return words + "; between consecutive inexact layers SQNR never falls.";
    return words + "; the largest fall, " + fixed(fall.db(), 1) + " dB, lies between " + layer_words(*fall.before) +
           " and " + layer_words(*fall.after) + ".";
}

std::string origins(const study_result& result) {
    std::string items;
    for (const auto& r : result.recipes) items += "<li>" + bold(r.name) + ": " + origin_sentence(r) + "</li>\n";
    return "<section><h2>Where the error comes from</h2>\n" +
           paragraph("read",
                     "For each recipe: the first layer that differs from float32, the one with the lowest SQNR, and "
                     "the step between two consecutive "
                     "layers at which SQNR falls most, which is where most error enters or is amplified. Later layers "
                     "may recover, since a residual sum adds the clean signal again.") +
           "<ul class=\"where\">\n" + items + "</ul></section>\n";
}

// --- figures

std::string figure(std::string_view style_class, const std::string& title, const std::string& body,
                   const std::string& how_to_read) {
    return "<section" + svg::class_of(style_class) + "><h2>" + title + "</h2>\n" + body +
           paragraph("read", how_to_read) + "</section>\n";
}

std::string accuracy_figure(const study_result& result) {
    const bool perfect =
        std::any_of(result.recipes.begin(), result.recipes.end(), [](const auto& r) { return r.accuracy == 1; });
    return figure("figure", "Accuracy against bits per weight",
                  "<div class=\"scroll\">" + accuracy_chart(result) + "</div>\n",
                  "Higher is better, further left is smaller; the bars are 95 % intervals, recipes with equal bits "
                  "stand side by side. Square: float32. Disc: loses at "
                  "most one image in a hundred against it. Open diamond: loses more. The vertical scale is logarithmic "
                  "in the share of wrong images: "
                  "equal steps upwards divide the errors by equal factors" +
                      std::string(perfect ? ", and a perfect score is drawn as half an image wrong." : "."));
}

std::string layer_figure(const study_result& result) {
    return figure("figure wide", "Error of every layer",
                  "<div class=\"scroll\">" + layer_legend() + layer_chart(result) + "</div>\n",
                  "Each row is a recipe, each column a tensor of the network in the order of computation; the number "
                  "is its SQNR against the same tensor in float32, in dB. "
                  "More ink is more error: 20 dB is a relative error of a tenth, 0 dB an error as large as the signal; "
                  "= means that every value is equal.");
}

std::string error_figure(const study_result& result) {
    return figure(
        "", "Errors of the logits", "<div class=\"panels\">\n" + error_charts(result) + "</div>\n",
        "How large the errors of single logits are: horizontally the binary logarithm of |error| over the root mean "
        "square of float32\u2019s logits "
        "(0, dotted: as large as a typical logit; each step to the left halves it), vertically the share of all logits "
        "in %. Outermost bars hold all that lies beyond; "
        "exact logits have no bar, their share is written above, with the median of |error| / rms over all logits.");
}

}  // namespace

void write_html(std::ostream& out, const study_result& result) {
    out << page_start("Dyad: number formats for a vision transformer")
        << "<h1>Which number formats can this model live in?</h1>\n"
        << paragraph("lead", "A vision transformer that reads handwritten digits, run under " +
                                 counted(result.recipes.size(), "number format") +
                                 ": what each costs, and where its error comes from.")
        << answer(result);
    if (!result.recipes.empty())
        out << "<h2>Results</h2>\n"
            << result_table(result) << accuracy_figure(result) << layer_figure(result) << origins(result)
            << error_figure(result) << layers_section(result);
    out << provenance_list(result.provenance) << page_end();
}

}  // namespace study
