// SPDX-License-Identifier: Apache-2.0
// The page of dyad-functions: one self-contained HTML file, without script, function by function.

#include "../study/svg.hpp"
#include "../study/text.hpp"
#include "report.hpp"
#include "report_charts.hpp"
#include "report_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace functions {
namespace {

using study::escape_html;

/// Six colours, whole, dashed and dotted.
constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ground:#fff;--soft:#f3f4f6;--ink:#1b1f24;--quiet:#555d68;--rule:#d4d8de;--accent:#1f5fae;
--k0:#1f5fae;--k1:#c8501e;--k2:#2c8a4b;--k3:#8a3fa8;--k4:#a8811b;--k5:#50606e}
@media screen and (prefers-color-scheme:dark){:root{--ground:#14171b;--soft:#1e2329;--ink:#e6e9ed;--quiet:#a2abb6;--rule:#3a424c;--accent:#7fb4f5;
--k0:#7fb4f5;--k1:#f39a6b;--k2:#74cf93;--k3:#cf95e8;--k4:#e3c05f;--k5:#b4c0cb}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
main{max-width:1300px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .2em}
h2{font-size:1.3rem;margin:2.6em 0 .2em;padding-top:.6em;border-top:2px solid var(--ink)}
h3{font-size:1rem;margin:1.2em 0 0}
p{max-width:50rem;margin:.5em 0}
a{color:var(--accent)}
.lead,.read{color:var(--quiet)}
.read{font-size:.9rem}
.scroll{overflow-x:auto}
svg{display:block;max-width:100%;height:auto}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;margin:1em 0}
th,td{padding:3px 9px;text-align:right;vertical-align:top;white-space:nowrap}
thead th{border-bottom:2px solid var(--ink);vertical-align:bottom;line-height:1.3}
tbody{border-bottom:1px solid var(--rule)}
th:first-child,td.words{text-align:left}
th:first-child{padding-left:0}
tbody th{font-weight:600}
small{display:block;font-size:.92em;font-weight:400;color:var(--quiet)}
tbody th small{white-space:normal;width:15em}
.best{font-weight:700}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 22px;padding:0;margin:.8em 0 .2em;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:7px}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,560px),1fr));gap:4px 20px}
figure{margin:.6em 0 0}
figcaption{font-size:.875rem;font-weight:600;padding-left:62px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;padding:14px 18px;background:var(--soft);font-size:.875rem}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
text{font-size:12px;fill:var(--ink)}
.mid{text-anchor:middle}
.end{text-anchor:end}
.small{font-size:11px;fill:var(--quiet)}
.grid{stroke:var(--rule)}
.axis{stroke:var(--quiet)}
.curve{fill:none;stroke-width:1.6;stroke-linejoin:round}
.c0{stroke:var(--k0)}.c1{stroke:var(--k1)}.c2{stroke:var(--k2)}.c3{stroke:var(--k3)}.c4{stroke:var(--k4)}.c5{stroke:var(--k5)}
.d1{stroke-dasharray:6 3}.d2{stroke-dasharray:1.5 2.5}
@media (max-width:600px){main{padding:20px 14px 32px}h1{font-size:1.5rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5em}th,td{padding:3px 8px}}
@page{size:A4 landscape;margin:10mm}
@media print{:root{font-size:9pt}body{font-size:1rem}main{padding:0;max-width:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll{overflow:visible}table{font-size:7pt}h2{break-before:page}figure,tbody,dl{break-inside:avoid}.panels{grid-template-columns:repeat(2,1fr)}}
)css";

std::string paragraph(std::string_view style_class, const std::string& html) {
    return "<p" + study::svg::class_of(style_class) + ">" + html + "</p>\n";
}
std::string cell(const std::string& html, bool best = false) {
    return (best ? "<td class=\"best\">" : "<td>") + html + "</td>";
}

// --- overview ---

/// The scale that the overview compares at: 1/16 if it is there.
double compared_scale(const function_group& group) {
    const bool has = std::find(group.scales.begin(), group.scales.end(), 1.0 / 16) != group.scales.end();
    return has ? 1.0 / 16 : group.scales.front();
}

std::string named_error(const outcome& o) {
    return "<td class=\"words\">" + escape_html(o.subject->name) + "</td>" + cell(short_html(o.state.max()));
}

std::string overview(const std::vector<function_group>& groups) {
    std::string rows;
    for (const auto& group : groups) {
        const auto some = group.at_scale(compared_scale(group));
        const auto less = [](auto* a, auto* b) { return a->state.max() < b->state.max(); };
        const auto faster = [](auto* a, auto* b) { return a->nanoseconds < b->nanoseconds; };
        const auto& fastest = **std::min_element(some.begin(), some.end(), faster);
        rows +=
            "<tr><th scope=\"row\"><a href=\"#" + group.function->name + "\">" + escape_html(group.function->title) +
            "</a></th>" + cell(std::to_string(group.variants.size())) + cell(scale_text(compared_scale(group))) +
            named_error(**std::min_element(some.begin(), some.end(), less)) +
            named_error(**std::max_element(some.begin(), some.end(), less)) + "<td class=\"words\">" +
            escape_html(fastest.subject->name) + "</td>" + cell(study::three_digits(fastest.nanoseconds)) + "</tr>\n";
    }
    return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Function</th><th scope=\"col\">Variants</th>"
           "<th scope=\"col\">Scale</th><th scope=\"col\" style=\"text-align:left\">Most exact</th>"
           "<th scope=\"col\">Largest error</th><th scope=\"col\" style=\"text-align:left\">Least exact</th>"
           "<th scope=\"col\">Largest error</th><th scope=\"col\" style=\"text-align:left\">Fastest, one by one</th>"
           "<th scope=\"col\">ns</th></tr></thead><tbody>\n" +
           rows + "</tbody></table></div>\n";
}

// --- one function ---

std::string legend(const function_group& group) {
    std::string items;
    for (std::size_t i = 0; i < group.variants.size(); ++i)
        items += "<li>" + stroke_sample(i) + escape_html(group.variants[i]->name) + "</li>";
    return "<ul class=\"legend\">" + items + "</ul>\n";
}

std::string worst_html(const outcome& o) {
    const auto& worst = o.state.worst();
    std::string at = study::typeset(std::to_string(worst.input));
    if (o.function->kind == shape::element)
        at = "row " + std::to_string(worst.input / 197) + ", " + std::to_string(worst.input % 197);
    return cell(at) + cell(short_html(worst.value.high)) + cell(short_html(worst.reference.high));
}

/// The smallest of the largest errors at each scale is set in bold.
bool is_best(const function_group& group, const outcome& o) {
    const auto some = group.at_scale(o.scale);
    return some.size() > 1 &&
           std::all_of(some.begin(), some.end(), [&](auto* other) { return o.state.max() <= other->state.max(); });
}

std::string outcome_cells(const function_group& group, const outcome& o) {
    const auto& s = o.state;
    const std::string breaks = o.function->kind == shape::curve ? std::to_string(s.steps().breaks) : "\u2013";
    return cell(scale_text(o.scale)) + cell(short_html(s.max()), is_best(group, o)) + cell(short_html(s.mean())) +
           cell(short_html(s.bias())) + cell(short_html(s.rms())) +
           cell(s.max_ulps() < 1e4 ? study::three_digits(s.max_ulps()) : short_html(s.max_ulps())) +
           cell(short_html(s.ulp())) + cell(breaks) + worst_html(o) + cell(study::three_digits(o.nanoseconds));
}

std::string table(const function_group& group) {
    std::string bodies;
    for (std::size_t i = 0; i < group.variants.size(); ++i) {
        std::vector<const outcome*> lines;
        for (const auto* o : group.outcomes)
            if (o->subject == group.variants[i]) lines.push_back(o);
        bodies += "<tbody>\n";
        for (std::size_t line = 0; line < lines.size(); ++line) {
            bodies += "<tr>";
            if (line == 0)
                bodies += "<th scope=\"rowgroup\" rowspan=\"" + std::to_string(lines.size()) + "\">" +
                          escape_html(group.variants[i]->name) + stroke_sample(i) + "<small>" +
                          escape_html(group.variants[i]->summary) + "</small></th>";
            bodies += outcome_cells(group, *lines[line]) + "</tr>\n";
        }
        bodies += "</tbody>\n";
    }
    return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Variant</th><th scope=\"col\">Scale</th>"
           "<th scope=\"col\">Largest<br>error</th><th scope=\"col\">Mean<br>|error|</th><th scope=\"col\">Bias</th>"
           "<th scope=\"col\">RMS</th><th scope=\"col\">Largest,<br>ulp</th><th scope=\"col\">1 ulp</th>"
           "<th scope=\"col\">Breaks</th><th scope=\"col\">Worst<br>input</th><th scope=\"col\">Value<br>there</th>"
           "<th scope=\"col\">Exact<br>there</th><th scope=\"col\">ns</th></tr></thead>\n" +
           bodies + "</table></div>\n";
}

std::string section(const function_group& group) {
    std::string charts;
    for (const double scale : group.scales) {
        const bool one = group.function->fixed_scale && group.scales.size() == 1;
        const std::string caption = one ? "" : "scale " + scale_text(scale);
        charts += "<figure><figcaption>" + caption + "</figcaption>" + error_chart(group, scale) + "</figure>\n";
    }
    return "<section id=\"" + group.function->name + "\"><h2>" + escape_html(group.function->title) + "</h2>\n" +
           paragraph("read", escape_html(group.function->definition)) + legend(group) + "<div class=\"panels\">\n" +
           charts + "</div>\n" + table(group) + "</section>\n";
}

std::string how_to_read() {
    return paragraph(
               "read",
               "Error: value minus exact function, in real units; \u201Cscale\u201D is what one code of the input "
               "stands for. Every input is measured, nothing is sampled; means and root mean squares are of exact "
               "sums. Bold: the smallest largest error at its scale. 1 ulp: one code of the variant\u2019s own "
               "output; a result rounded correctly is wrong by at most half of it, and by a few hundredths more at 32 "
               "bits, where "
               "the scale in its multiplier of 31 digits shows. Breaks: neighbouring inputs where "
               "the variant moves against the exact function. Worst input: the lowest code, or element, with the "
               "largest error.") +
           paragraph(
               "read",
               "Charts of functions: the largest |error| of each of 64 stretches of x. Of rows: the share of elements "
               "with a "
               "larger |error|; the errors of sums in order.") +
           paragraph(
               "read",
               "ns: nanoseconds per element on one thread of this machine while the report was made, called one by "
               "one from a plain loop (rows: row by row); it compares the variants on this page and is no benchmark.");
}

std::string provenance(const study_result& result) {
    std::string items;
    for (const auto& [key, value] : result.provenance)
        items += "<dt>" + escape_html(key) + "</dt><dd>" + escape_html(value) + "</dd>\n";
    return "<h2>Provenance</h2>\n<dl>\n" + items + "</dl>\n";
}

}  // namespace

void write_html(std::ostream& out, const study_result& result) {
    const auto groups = groups_of(result);
    out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<title>Dyad: errors of integer functions</title>\n<style>"
        << style << "</style>\n</head>\n<body>\n<main>\n<h1>How wrong is an integer function?</h1>\n"
        << paragraph("lead",
                     "Functions of a transformer in integer arithmetic, the published forms beside Dyad\u2019s: "
                     "the error over all inputs, where it is worst, and what each costs.")
        << overview(groups) << how_to_read();
    for (const auto& group : groups) out << section(group);
    out << provenance(result) << "</main>\n</body>\n</html>\n";
}

}  // namespace functions
