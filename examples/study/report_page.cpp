// SPDX-License-Identifier: Apache-2.0
// Style of the study's pages: self-contained, without script, for screen (dark and light) and print.

#include "report_page.hpp"

namespace study {
namespace {

/// Shades q0 (least error) to q8 run away from the page's ground, so in dark and light alike more ink means more error.
constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ground:#fff;--soft:#f3f4f6;--ink:#1b1f24;--quiet:#555d68;--rule:#d4d8de;--accent:#1f5fae;--limit:#8a4b08;
--q0:#fdf6ea;--q1:#fbe9cc;--q2:#f8d6a2;--q3:#f3bd76;--q4:#ea9e52;--q5:#d97c3b;--q6:#b3522a;--q7:#8a3822;--q8:#5a2119;--deep:#fff}
@media screen and (prefers-color-scheme:dark){:root{--ground:#14171b;--soft:#1e2329;--ink:#e6e9ed;--quiet:#a2abb6;--rule:#3a424c;--accent:#7fb4f5;--limit:#e0a15a;
--q0:#1f1c19;--q1:#2b231b;--q2:#3d2e1f;--q3:#533b23;--q4:#6e4a27;--q5:#8f5c2b;--q6:#cf8a45;--q7:#efb277;--q8:#fde3c4;--deep:#14171b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
main{max-width:1300px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .2em}
h2{font-size:1.2rem;margin:2.4em 0 .5em}
p,ul{max-width:48rem;margin:.5em 0}
.lead{color:var(--quiet);margin-top:0}
.answer{border-left:4px solid var(--accent);padding:.1em 0 .1em 16px;max-width:50rem}
.answer p:first-child{font-size:1.12rem}
.read{color:var(--quiet);font-size:.9rem}
.scroll{overflow-x:auto;background:linear-gradient(to left,var(--ground) 24px,transparent) right/40px 100% no-repeat local,linear-gradient(to left,var(--rule),transparent) right/16px 100% no-repeat scroll}
svg{display:block}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top;white-space:nowrap}
thead th{border-bottom:2px solid var(--ink);vertical-align:bottom;line-height:1.3}
th:first-child,td.words{text-align:left}
th:first-child{padding-left:0}
small{display:block;font-size:.92em;font-weight:400;color:var(--quiet)}
tbody th small{white-space:normal;width:15em}
.where{max-width:none;columns:2 26rem;column-gap:40px;padding:0;list-style:none;font-size:.9rem}
.where li{break-inside:avoid;padding:0 0 .8em}
.pair{display:flex;flex-wrap:wrap;gap:12px 48px;align-items:flex-start}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:16px 12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;padding:14px 18px;background:var(--soft);font-size:.875rem}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
text{font-size:12px;fill:var(--ink)}
.mid{text-anchor:middle}
.end{text-anchor:end}
.tick,.title{fill:var(--quiet)}
.small{font-size:10.5px;fill:var(--quiet)}
.label,.value{font-size:11.5px}
.value,.strong{font-weight:600}
.value,.halo{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
.digits{font:9.5px Arial,"Liberation Sans",Helvetica,sans-serif}
.tight{font-size:8px}
.grid{stroke:var(--rule)}
.axis{stroke:var(--quiet)}
.reference{stroke:var(--accent);stroke-dasharray:7 4}
.limit{stroke:var(--limit);stroke-dasharray:2 3}
.whisker{stroke:var(--ink);stroke-width:1.5}
.band{fill:var(--soft)}
.bars td{white-space:nowrap}
.meter{display:inline-block;width:90px;height:9px;margin-left:8px;background:var(--soft);vertical-align:baseline}
.meter i{display:block;height:100%;background:var(--accent)}
td.h{text-align:center;padding:4px 6px;border:1px solid var(--ground);min-width:3.4em}
td.q0{background:var(--q0)}td.q1{background:var(--q1)}td.q2{background:var(--q2)}td.q3{background:var(--q3)}td.q4{background:var(--q4)}td.q5{background:var(--q5)}
td.q6{background:var(--q6);color:var(--deep)}td.q7{background:var(--q7);color:var(--deep)}td.q8{background:var(--q8);color:var(--deep)}
td.exact,td.none{color:var(--quiet);border-bottom-color:var(--rule)}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:.8rem;color:var(--quiet);margin:.6em 0}
.legend span span{display:inline-block;width:1.5em;height:1em;margin-right:.4em;vertical-align:-.12em;border:1px solid var(--rule)}
.legend .q0{background:var(--q0)}.legend .q1{background:var(--q1)}.legend .q2{background:var(--q2)}.legend .q3{background:var(--q3)}.legend .q4{background:var(--q4)}
.legend .q5{background:var(--q5)}.legend .q6{background:var(--q6)}.legend .q7{background:var(--q7)}.legend .q8{background:var(--q8)}
details{border-top:1px solid var(--rule);padding:.2em 0}
details:last-of-type{border-bottom:1px solid var(--rule)}
summary{cursor:pointer;padding:.45em 0}
summary span{color:var(--quiet);font-size:.9rem;margin-left:.6em}
h3{font-size:1rem;margin:1.4em 0 .4em}
details table{font-size:.8rem}
details th,details td{padding:3px 10px}
details td.h{padding:2px 6px}
tr.group th{padding-top:12px;text-align:left;color:var(--quiet)}
.mark{fill:var(--accent);stroke:var(--ground)}
.lost{fill:var(--ground);stroke:var(--limit);stroke-width:2.5}
.bar{fill:var(--accent)}
.worst{fill:none;stroke:var(--ink);stroke-width:2}
.inlay{fill:none;stroke:var(--ground)}
.none .cell,.exact .cell{fill:none;stroke:var(--rule)}
.exact text,.none text{font-size:12px;fill:var(--quiet)}
.q0 .cell{fill:var(--q0)}.q1 .cell{fill:var(--q1)}.q2 .cell{fill:var(--q2)}.q3 .cell{fill:var(--q3)}.q4 .cell{fill:var(--q4)}
.q5 .cell{fill:var(--q5)}.q6 .cell{fill:var(--q6)}.q7 .cell{fill:var(--q7)}.q8 .cell{fill:var(--q8)}
.q6 text,.q7 text,.q8 text{fill:var(--deep)}
@media (max-width:600px){main{padding:20px 14px 32px}h1{font-size:1.5rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5em}th,td{padding:6px 9px}}
@page{size:A4;margin:13mm}
@page wide{size:A4 landscape;margin:10mm}
@media print{:root{font-size:9.5pt}body{font-size:1rem}main{padding:0;max-width:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll{overflow:visible;background:none}svg{max-width:100%;height:auto}table{font-size:7pt}th,td{padding:3pt 4pt}tbody th small{width:11em}
details::details-content{content-visibility:visible;block-size:auto}details th,details td{padding:1.5pt 4pt}summary{list-style:none}
h2,summary,h3{break-after:avoid}h2{margin-top:1.4em}tr,dl,.figure{break-inside:avoid}.wide{page:wide}.where{columns:2;column-gap:20px;font-size:.8rem}.panels{grid-template-columns:repeat(3,1fr)}}
)css";

}  // namespace

std::string page_start(const std::string& title) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           escape_html(title) + "</title>\n<style>" + std::string(style) + "</style>\n</head>\n<body>\n<main>\n";
}
std::string page_end() { return "</main>\n</body>\n</html>\n"; }

std::string provenance_list(const std::vector<std::pair<std::string, std::string>>& provenance) {
    if (provenance.empty()) return "";
    std::string items;
    for (const auto& [key, value] : provenance)
        items += "<dt>" + escape_html(key) + "</dt><dd>" + escape_html(value) + "</dd>\n";
    return "<h2>Provenance</h2>\n<dl>\n" + items + "</dl>\n";
}

}  // namespace study
