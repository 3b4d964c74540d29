// SPDX-License-Identifier: Apache-2.0
// The page of `dyad-study diff`: one self-contained HTML file, without script.

#include "diff.hpp"

#include "report_detail.hpp"
#include "report_layers.hpp"
#include "report_page.hpp"
#include "report_shades.hpp"
#include "report_svg.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace study {
namespace {

double share(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

std::string head(std::string_view html) { return "<th scope=\"col\">" + std::string(html) + "</th>"; }

std::string row_head(std::string_view words) { return "<th scope=\"row\">" + escape_html(words) + "</th>"; }

std::string bar_cell(const std::string& text, double length) {
    return "<td>" + text + "<span class=\"meter\"><i style=\"width:" + fixed(100 * length, 0) + "%\"></i></span></td>";
}

std::string table(const std::string& header, const std::string& rows) {
    return "<div class=\"scroll\"><table class=\"bars\"><thead><tr>" + header + "</tr></thead><tbody>\n" + rows +
           "</tbody></table></div>\n";
}

std::string classes_sentence(const diff_result& r) {
    if (r.different_logits == 0)
        return "Nothing: all " + counted(r.logits, "logit") + " of " + counted(r.images, "image") +
               " are equal, so are all classes.";
    std::string text = (r.different_classes == 0 ? "No image" : counted(r.different_classes, "image")) + " of " +
                       std::to_string(r.images) + (r.different_classes > 1 ? " get" : " gets") + " another class";
    if (r.different_classes != 0)
        text += ": " + std::to_string(r.only_a_right) + " right only under " + bold(r.a) + ", " +
                std::to_string(r.only_b_right) + " only under " + bold(r.b);
    return text + ".";
}

std::string sizes_sentence(const diff_result& r) {
    std::string text = std::to_string(r.different_logits) + " of " + counted(r.logits, "logit") + " differ (" +
                       percent(share(r.different_logits, r.logits), 1) + " %), in " +
                       counted(r.different_images, "image") + ": by " + three_digits(r.mean / r.rms) +
                       " of a typical logit (root mean square " + three_digits(r.rms) + ") on average, by " +
                       three_digits(r.largest / r.rms) + " at most";
    if (r.same_format)
        text += "; in codes, which both share, by " + three_digits(r.mean_codes) + " on average and " +
                fixed(r.largest_codes, 0) + " at most";
    return text + ".";
}

std::string parting_sentence(const diff_result& r) {
    const auto first = std::max_element(r.layers.begin(), r.layers.end(),
                                        [](const auto& x, const auto& y) { return x.first < y.first; });
    if (first == r.layers.end() || first->first == 0) return "";
    return "They part first at \u201C" + escape_html(first->name) + "\u201D in " +
           (first->first == r.images ? "every image"
                                     : std::to_string(first->first) + " of " + counted(r.images, "image")) +
           ".";
}

std::string answer(const diff_result& r) {
    std::string box = "<div class=\"answer\">" + paragraph("", classes_sentence(r));
    if (r.different_logits != 0) box += paragraph("", sizes_sentence(r));
    const std::string parting = parting_sentence(r);
    if (!parting.empty()) box += paragraph("", parting);
    return box + "</div>\n";
}

std::string parting_section(const diff_result& r) {
    std::size_t most = 1;
    std::size_t never = r.images;
    for (const auto& l : r.layers) {
        most = std::max(most, l.first);
        never -= l.first;
    }
    most = std::max(most, never);
    std::string rows;
    for (const auto& l : r.layers)
        if (l.first != 0)
            rows += "<tr>" + row_head(l.name) + bar_cell(std::to_string(l.first), share(l.first, most)) + "</tr>\n";
    if (never != 0)
        rows += "<tr>" + row_head("nowhere") + bar_cell(std::to_string(never), share(never, most)) + "</tr>\n";
    return "<h2>Where they part</h2>\n" + table(head("First layer that differs") + head("images"), rows) +
           paragraph("read",
                     "For each image the first tensor of the network, in the order of computation, that holds a "
                     "different real value. Values are compared exactly.");
}

std::string codes_section(const diff_result& r) {
    if (!r.same_format)
        return paragraph("read",
                         "The logits of the two are codes of different formats or scales: there is no "
                         "difference in codes.");
    const auto& counts = r.codes.counts;
    const std::uint64_t most = *std::max_element(counts.begin(), counts.end());
    std::string rows;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] != 0)
            rows += "<tr>" + row_head(code_histogram::label(i)) +
                    bar_cell(std::to_string(counts[i]), share(counts[i], most)) + "</tr>\n";
    return table(head("Codes apart") + head("logits"), rows);
}

std::string sizes_section(const diff_result& r) {
    study_result one;
    one.recipes.emplace_back();
    one.recipes.front().name = r.b + " against " + r.a;
    one.recipes.front().errors = r.errors;
    return "<section><h2>How large the differences are</h2>\n<div class=\"pair\"><div>" + error_charts(one) + "</div>" +
           codes_section(r) + "</div>\n" +
           paragraph("read",
                     "The chart: horizontally the binary logarithm of |difference| over the root mean square of " +
                         escape_html(r.a) + "\u2019s logits, vertically the share of all logits in %.") +
           "</section>\n";
}

std::string layers_section(const diff_result& r) {
    std::string rows;
    std::string_view group;
    for (const auto& l : r.layers) {
        const auto label = split_layer(l.name);
        if (label.group != group) rows += group_row(label.group, 5);
        group = label.group;
        const double part = share(l.different, l.values);
        const std::string sqnr = std::isfinite(l.sqnr_db) ? typeset(fixed(l.sqnr_db, 1)) : cell_text(l.sqnr_db);
        rows += "<tr>" + row_head(label.part) + bar_cell(small_percent(part), part) +
                cell(small_percent(share(l.images, r.images))) + cell(l.largest == 0 ? "0" : three_digits(l.largest)) +
                "<td class=\"h " + shade(l.sqnr_db) + "\">" + sqnr + "</td></tr>\n";
    }
    return "<section><h2>Every layer</h2>\n" +
           table(head("Layer") + head("values that<br>differ, %") + head("images in which<br>it differs, %") +
                     head("largest<br>difference") + head("SQNR,<br>dB"),
                 rows) +
           paragraph("read", "SQNR: power of " + escape_html(r.a) +
                                 "\u2019s values over the power of the difference; = "
                                 "means that every value is equal. More ink is more difference.") +
           "</section>\n";
}

}  // namespace

void write_diff_html(std::ostream& out, const diff_result& r) {
    out << page_start("Dyad: " + r.a + " against " + r.b) << "<h1>What changes from " << escape_html(r.a) << " to "
        << escape_html(r.b) << "?</h1>\n"
        << paragraph("lead", bold(r.a) + ": " + escape_html(r.summary_a) + ".<br>" + bold(r.b) + ": " +
                                 escape_html(r.summary_b) + ".")
        << answer(r) << parting_section(r) << sizes_section(r) << layers_section(r) << provenance_list(r.provenance)
        << page_end();
}

}  // namespace study
