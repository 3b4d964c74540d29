// SPDX-License-Identifier: Apache-2.0
// The result as text: an aligned table for a terminal, CSV and JSON for other programs.

#include "../study/text.hpp"
#include "report.hpp"
#include "report_figures.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace functions {
namespace {

using study::json_joined;
using study::json_member;
using study::json_number;
using study::json_string;
using study::shortest;

std::vector<std::string> csv_fields(const outcome& o) {
    const auto& s = o.state;
    const bool any = s.count() != 0;
    const bool curve = o.function->kind == shape::curve;  // rows have no order to break
    return {o.function->name,
            o.subject->name,
            shortest(o.scale),
            std::to_string(s.count()),
            shortest(s.max()),
            shortest(s.mean()),
            shortest(s.bias()),
            shortest(s.rms()),
            shortest(s.max_ulps()),
            shortest(s.ulp()),
            curve ? std::to_string(s.steps().breaks) : "",
            curve && s.steps().breaks != 0 ? std::to_string(s.steps().first_input) : "",
            curve ? shortest(s.steps().largest_step) : "",
            any ? std::to_string(s.worst().input) : "",
            shortest(s.worst().value.high),
            shortest(s.worst().reference.high),
            std::to_string(s.not_finite()),
            shortest(o.nanoseconds)};
}

const std::vector<std::string> csv_header = {
    "function",    "variant",         "scale",      "inputs",        "max",         "mean",          "bias",
    "rms",         "max_ulps",        "ulp",        "breaks",        "first_break", "longest_break", "worst_input",
    "worst_value", "worst_reference", "not_finite", "ns_per_element"};

std::string json_outcome(const outcome& o) {
    const auto& s = o.state;
    std::vector<std::string> bins;
    for (const auto n : s.histogram().counts) bins.push_back(std::to_string(n));
    const std::vector<std::string> members = {
        json_member("function", json_string(o.function->name)),
        json_member("variant", json_string(o.subject->name)),
        json_member("summary", json_string(o.subject->summary)),
        json_member("scale", json_number(o.scale)),
        json_member("inputs", std::to_string(s.count())),
        json_member("max", json_number(s.max())),
        json_member("mean", json_number(s.mean())),
        json_member("bias", json_number(s.bias())),
        json_member("rms", json_number(s.rms())),
        json_member("max_ulps", json_number(s.max_ulps())),
        json_member("ulp", json_number(s.ulp())),
        json_member("breaks", std::to_string(s.steps().breaks)),
        json_member("longest_break", json_number(s.steps().largest_step)),
        json_member("worst_input", std::to_string(s.worst().input)),
        json_member("worst_value", json_number(s.worst().value.high)),
        json_member("worst_reference", json_number(s.worst().reference.high)),
        json_member("not_finite", std::to_string(s.not_finite())),
        json_member("ns_per_element", json_number(o.nanoseconds)),
        json_member("ulp_histogram",
                    "{" + json_member("exact", std::to_string(s.histogram().exact)) + ", " +
                        json_member("log2_first_edge", std::to_string(-dyad::study::ulp_histogram::offset)) + ", " +
                        json_member("counts", "[" + json_joined(bins, ", ") + "]") + "}"),
    };
    return "\n    {\n      " + json_joined(members, ",\n      ") + "\n    }";
}

}  // namespace

void print_table(std::ostream& out, const study_result& result) {
    constexpr std::size_t columns = 10;
    using row = std::array<std::string, columns>;
    std::vector<row> rows = {
        {"function", "variant", "scale", "max", "mean", "bias", "max ulp", "breaks", "worst at", "ns"}};
    for (const outcome& o : result.outcomes) {
        const auto& s = o.state;
        rows.push_back({o.function->name, o.subject->name, scale_text(o.scale), short_text(s.max()),
                        short_text(s.mean()), short_text(s.bias()),
                        s.max_ulps() < 1e4 ? study::three_digits(s.max_ulps()) : short_text(s.max_ulps()),
                        o.function->kind == shape::curve ? std::to_string(s.steps().breaks) : "-",
                        std::to_string(s.worst().input), study::three_digits(o.nanoseconds)});
    }
    std::array<std::size_t, columns> widths = {};
    for (const row& r : rows)
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], study::display_width(r[i]));
    for (const row& r : rows) {
        std::string line;
        for (std::size_t i = 0; i < columns; ++i) {
            const std::string padding(widths[i] - study::display_width(r[i]), ' ');
            line += (i < 2 ? r[i] + padding : padding + r[i]) + (i + 1 < columns ? "  " : "");
        }
        out << line << '\n';
    }
}

void write_csv(std::ostream& out, const study_result& result) {
    out << study::csv_line(csv_header);
    for (const outcome& o : result.outcomes) out << study::csv_line(csv_fields(o));
}

void write_json(std::ostream& out, const study_result& result) {
    std::vector<std::string> provenance;
    for (const auto& [key, value] : result.provenance)
        provenance.push_back("\n    " + json_member(key, json_string(value)));
    std::vector<std::string> outcomes;
    for (const outcome& o : result.outcomes) outcomes.push_back(json_outcome(o));
    out << "{\n  " << json_member("provenance", "{" + json_joined(provenance, ",") + "}") << ",\n  "
        << json_member("outcomes", "[" + json_joined(outcomes, ",") + "]") << "\n}\n";
}

}  // namespace functions
