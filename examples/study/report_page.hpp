// SPDX-License-Identifier: Apache-2.0
// What the study's pages have in common: head, style, small pieces of HTML.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "svg.hpp"
#include "text.hpp"

namespace study {

/// Everything before the first heading, and after the last section.
std::string page_start(const std::string& title);
std::string page_end();

/// Commit, compiler, machine ... as a list.
std::string provenance_list(const std::vector<std::pair<std::string, std::string>>& provenance);

inline std::string paragraph(std::string_view style_class, const std::string& html) {
    return "<p" + svg::class_of(style_class) + ">" + html + "</p>\n";
}

inline std::string bold(std::string_view name) { return "<b>" + escape_html(name) + "</b>"; }

/// A count in words a sentence can hold: "1 recipe", "3 recipes".
inline std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

inline std::string cell(const std::string& html) { return "<td>" + html + "</td>"; }

/// A row that begins a group of layers.
inline std::string group_row(std::string_view group, int columns) {
    return "<tr class=\"group\"><th colspan=\"" + std::to_string(columns) + "\" scope=\"rowgroup\">" +
           (group.empty() ? std::string("after the blocks") : escape_html(group)) + "</th></tr>\n";
}

}  // namespace study
