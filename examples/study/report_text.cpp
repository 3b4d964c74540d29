// SPDX-License-Identifier: Apache-2.0
// The study's result as text: an aligned table for a terminal, CSV and JSON for other programs.

#include "report.hpp"
#include "report_detail.hpp"
#include "report_layers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace study {
namespace {

// --- table

constexpr std::size_t table_width = 118;
constexpr std::size_t columns = 9;
constexpr std::size_t recipe_column = 0;
constexpr std::size_t layer_column = 6;
using table_row = std::array<std::string, columns>;

std::string shorten(std::string text, std::size_t width) {
    if (display_width(text) <= width) return text;
    while (display_width(text) >= width) text.pop_back();  // stops at a lead byte: no character is cut in two
    return text + "~";
}

std::string kl_text(double kl) {
    if (kl == 0 || !wants_scientific(kl)) return kl == 0 ? "0" : fixed(kl, 4);
    const auto [digits, exponent] = scientific(kl);
    return digits + "e" + std::to_string(exponent);
}

std::string worst_layer_text(const recipe_result& recipe) {
    if (recipe.worst_layer.empty()) return "-";
    return shorten(recipe.worst_layer, 21) + " (" + fixed(recipe.worst_layer_sqnr_db, 1) + ")";
}

table_row row_of(const recipe_result& r) {
    return {shorten(r.name, 22),
            shortest(r.bits_per_weight),
            percent(r.accuracy, 2) + " [" + percent(r.accuracy_low, 1) + ", " + percent(r.accuracy_high, 1) + "]",
            percent(r.agreement, 2),
            decibels(r.sqnr_db, 1),
            kl_text(r.kl),
            worst_layer_text(r),
            fixed(static_cast<double>(r.weight_bytes) / 1024, 1),
            three_digits(r.ns_per_image * 1e-6)};
}

std::array<std::size_t, columns> column_widths(const std::vector<table_row>& rows) {
    std::array<std::size_t, columns> widths = {};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], display_width(row[i]));
    return widths;
}

/// Words left-aligned, numbers right-aligned, two blanks between columns where the terminal has room.
std::string aligned(const table_row& row, const std::array<std::size_t, columns>& widths, std::size_t gap) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) {
        const std::string padding(widths[i] - display_width(row[i]), ' ');
        const bool words = i == recipe_column || i == layer_column;
        line += words ? row[i] + padding : padding + row[i];
        if (i + 1 < columns) line.append(gap, ' ');
    }
    return line;
}

// --- the tables of --layers

/// Columns with two blanks between them: the first left-aligned, the others right-aligned.
void print_columns(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
    for (const auto& row : rows) {
        std::string line = "  ";
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - display_width(row[i]), ' ');
            line += i == 0 ? row[i] + padding : "  " + padding + row[i];
        }
        out << line.erase(line.find_last_not_of(' ') + 1) << '\n';
    }
}

/// "-" where there is nothing to tell.
std::string share_text(double share) { return std::isnan(share) ? "-" : small_percent(share); }
std::string gain_or_none(double db) { return std::isnan(db) ? "-" : gain_text(db); }

void print_segments(std::ostream& out, const recipe_result& r, double best) {
    std::vector<std::vector<std::string>> rows = {
        {"segment", "only: dB", "noise %", "acc. pp", "agree %", "all but: dB", "gain dB", "acc. pp", "agree pp"}};
    for (const auto& s : r.segments)
        rows.push_back({s.name, decibels(s.only.sqnr_db, 1), share_text(noise_share(r, s)),
                        points(s.only.accuracy - best), percent(s.only.agreement, 2), decibels(s.rest.sqnr_db, 1),
                        gain_or_none(gain_db(r, s)), points(s.rest.accuracy - r.accuracy),
                        points(s.rest.agreement - r.agreement)});
    print_columns(out, rows);
}

void print_layers_of(std::ostream& out, const recipe_result& r) {
    std::vector<std::vector<std::string>> rows = {
        {"layer", "SQNR dB", "cosine", "clipped %", "zero %", "K", "bits proven", "seen"}};
    for (const auto& l : r.layers) {
        const bool integers = l.sum_bits_proven != 0;
        rows.push_back({l.name, decibels(l.sqnr_db, 1), cosine_text(l.cosine), small_percent(l.clipped),
                        small_percent(l.zeroed), l.sum_terms == 0 ? "" : std::to_string(l.sum_terms),
                        l.sum_terms == 0 ? ""
                        : integers       ? std::to_string(l.sum_bits_proven)
                                         : "float",
                        integers ? std::to_string(l.sum_bits_observed) : ""});
    }
    print_columns(out, rows);
}

// --- CSV

std::vector<std::string> csv_fields(const recipe_result& r) {
    return {r.name,
            r.summary,
            shortest(r.bits_per_weight),
            std::to_string(r.images),
            std::to_string(r.correct),
            shortest(r.accuracy),
            shortest(r.accuracy_low),
            shortest(r.accuracy_high),
            shortest(r.agreement),
            shortest(r.sqnr_db),
            shortest(r.kl),
            r.worst_layer,
            shortest(r.worst_layer_sqnr_db),
            std::to_string(r.weight_bytes),
            shortest(r.ns_per_image)};
}

/// A column for each layer: "name:layer".
struct layer_column_kind {
    std::string_view name;
    std::string (*text)(const layer_result&);
};
constexpr std::array<layer_column_kind, 8> all_layer_columns = {{
    {"sqnr_db", [](const layer_result& l) { return shortest(l.sqnr_db); }},
    {"cosine", [](const layer_result& l) { return shortest(l.cosine); }},
    {"clipped", [](const layer_result& l) { return shortest(l.clipped); }},
    {"zero", [](const layer_result& l) { return shortest(l.zeroed); }},
    {"sum_terms", [](const layer_result& l) { return l.sum_terms == 0 ? "" : std::to_string(l.sum_terms); }},
    {"sum_bits_proven",
     [](const layer_result& l) { return l.sum_bits_proven == 0 ? "" : std::to_string(l.sum_bits_proven); }},
    {"sum_bits_observed",
     [](const layer_result& l) { return l.sum_bits_proven == 0 ? "" : std::to_string(l.sum_bits_observed); }},
    {"sum_largest", [](const layer_result& l) { return l.sum_terms == 0 ? "" : shortest(l.sum_largest); }},
}};
std::span<const layer_column_kind> layer_columns(detail shown) {
    return std::span(all_layer_columns).first(shown == detail::everything ? all_layer_columns.size() : 1);
}

/// A column for each segment.
struct segment_column_kind {
    std::string_view name;
    std::string (*text)(const segment_result&);
};
constexpr std::array<segment_column_kind, 6> segment_columns = {{
    {"only_sqnr_db", [](const segment_result& s) { return shortest(s.only.sqnr_db); }},
    {"only_accuracy", [](const segment_result& s) { return shortest(s.only.accuracy); }},
    {"only_agreement", [](const segment_result& s) { return shortest(s.only.agreement); }},
    {"rest_sqnr_db", [](const segment_result& s) { return shortest(s.rest.sqnr_db); }},
    {"rest_accuracy", [](const segment_result& s) { return shortest(s.rest.accuracy); }},
    {"rest_agreement", [](const segment_result& s) { return shortest(s.rest.agreement); }},
}};

std::vector<std::string> segment_names(const study_result& result) {
    std::vector<std::string> names;
    for (const auto& r : result.recipes) {
        if (r.segments.empty()) continue;
        for (const auto& s : r.segments) names.push_back(s.name);
        return names;
    }
    return names;
}

// --- JSON

std::string json_histogram(const error_histogram& errors) {
    std::vector<std::string> counts;
    for (const auto count : errors.counts) counts.push_back(std::to_string(count));
    return "{" + json_member("exact", std::to_string(errors.exact)) + ", " +
           json_member("log2_lowest", std::to_string(-error_histogram::offset)) + ", " +
           json_member("counts", "[" + json_joined(counts, ", ") + "]") + "}";
}

std::string json_of_codes(const layer_result& l) {
    std::string text = ", " + json_member("cosine", json_number(l.cosine)) + ", " +
                       json_member("clipped", json_number(l.clipped)) + ", " +
                       json_member("zero", json_number(l.zeroed));
    if (l.sum_terms == 0) return text;
    text += ", " + json_member("sum_terms", std::to_string(l.sum_terms)) + ", " +
            json_member("sum_largest", json_number(l.sum_largest));
    if (l.sum_bits_proven == 0) return text;
    return text + ", " + json_member("sum_bits_proven", std::to_string(l.sum_bits_proven)) + ", " +
           json_member("sum_bits_observed", std::to_string(l.sum_bits_observed));
}

std::string json_mixture(const mixture_result& m) {
    return "{" + json_member("sqnr_db", json_number(m.sqnr_db)) + ", " +
           json_member("accuracy", json_number(m.accuracy)) + ", " +
           json_member("agreement", json_number(m.agreement)) + "}";
}

std::string json_segments(const std::vector<segment_result>& segments) {
    std::vector<std::string> items;
    for (const auto& s : segments)
        items.push_back("\n        {" + json_member("name", json_string(s.name)) + ", " +
                        json_member("only", json_mixture(s.only)) + ", " + json_member("rest", json_mixture(s.rest)) +
                        "}");
    return "[" + json_joined(items, ",") + "]";
}

std::string json_layers(const std::vector<layer_result>& layers, detail shown) {
    std::vector<std::string> items;
    for (const auto& layer : layers)
        items.push_back("\n        {" + json_member("name", json_string(layer.name)) + ", " +
                        json_member("sqnr_db", json_number(layer.sqnr_db)) +
                        (shown == detail::everything ? json_of_codes(layer) : "") + "}");
    return "[" + json_joined(items, ",") + "]";
}

std::string json_recipe(const recipe_result& r, detail shown) {
    std::vector<std::string> members = {
        json_member("recipe", json_string(r.name)),
        json_member("summary", json_string(r.summary)),
        json_member("bits_per_weight", json_number(r.bits_per_weight)),
        json_member("images", std::to_string(r.images)),
        json_member("correct", std::to_string(r.correct)),
        json_member("accuracy", json_number(r.accuracy)),
        json_member("accuracy_low", json_number(r.accuracy_low)),
        json_member("accuracy_high", json_number(r.accuracy_high)),
        json_member("agreement", json_number(r.agreement)),
        json_member("sqnr_db", json_number(r.sqnr_db)),
        json_member("kl", json_number(r.kl)),
        json_member("worst_layer", json_string(r.worst_layer)),
        json_member("worst_layer_sqnr_db", json_number(r.worst_layer_sqnr_db)),
        json_member("weight_bytes", std::to_string(r.weight_bytes)),
        json_member("ns_per_image", json_number(r.ns_per_image)),
        json_member("error_histogram", json_histogram(r.errors)),
        json_member("layers", json_layers(r.layers, shown)),
    };
    if (shown == detail::everything) members.push_back(json_member("segments", json_segments(r.segments)));
    return "\n    {\n      " + json_joined(members, ",\n      ") + "\n    }";
}

}  // namespace

void print_table(std::ostream& out, const study_result& result) {
    std::vector<table_row> rows = {{"recipe", "bits", "accuracy % [95 %]", "agree %", "SQNR dB", "KL nats",
                                    "worst layer (dB)", "KiB", "ms/image"}};
    for (const auto& recipe : result.recipes) rows.push_back(row_of(recipe));
    const auto widths = column_widths(rows);
    std::size_t wide = 2 * (columns - 1);
    for (const auto width : widths) wide += width;
    for (const auto& row : rows) out << aligned(row, widths, wide <= table_width ? 2 : 1) << '\n';
}

void print_layers(std::ostream& out, const study_result& result) {
    const auto* float32 = float32_of(result);
    for (const auto& r : result.recipes) {
        if (&r == float32 && result.recipes.size() > 1) continue;  // exact everywhere: nothing to read
        out << '\n' << r.name << ": " << r.summary << '\n';
        if (!r.segments.empty()) {
            print_segments(out, r, float32 ? float32->accuracy : r.accuracy);
            out << '\n';
        }
        print_layers_of(out, r);
    }
    out << "\nonly: this segment low, float32 elsewhere; noise: its part of the recipe's error power; all but: this "
           "segment\nfloat32, the recipe elsewhere. acc., agree: changes in percentage points. bits: that sums fit, "
           "proven and seen;\nq, k and v are one product, told at q.\n";
}

void write_csv(std::ostream& out, const study_result& result) {
    const auto names = layer_names(result);
    std::vector<std::string> header = {
        "recipe",   "summary",      "bits_per_weight",     "images",       "correct",
        "accuracy", "accuracy_low", "accuracy_high",       "agreement",    "sqnr_db",
        "kl",       "worst_layer",  "worst_layer_sqnr_db", "weight_bytes", "ns_per_image"};
    const auto segments = segment_names(result);
    for (const auto& column : layer_columns(result.layers))
        for (const auto& name : names) header.push_back(std::string(column.name) + ":" + name);
    for (const auto& column : segment_columns)
        for (const auto& name : segments) header.push_back(std::string(column.name) + ":" + name);
    out << csv_line(header);
    for (const auto& recipe : result.recipes) {
        auto fields = csv_fields(recipe);
        for (const auto& column : layer_columns(result.layers))
            for (const auto& name : names) {
                const auto* layer = find_layer(recipe, name);
                fields.push_back(layer ? column.text(*layer) : "");
            }
        for (const auto& column : segment_columns)
            for (std::size_t i = 0; i < segments.size(); ++i)
                fields.push_back(i < recipe.segments.size() ? column.text(recipe.segments[i]) : "");
        out << csv_line(fields);
    }
}

void write_json(std::ostream& out, const study_result& result) {
    std::vector<std::string> provenance;
    for (const auto& [key, value] : result.provenance)
        provenance.push_back("\n    " + json_member(key, json_string(value)));
    std::vector<std::string> recipes;
    for (const auto& recipe : result.recipes) recipes.push_back(json_recipe(recipe, result.layers));
    out << "{\n  " << json_member("provenance", "{" + json_joined(provenance, ",") + "}") << ",\n  "
        << json_member("recipes", "[" + json_joined(recipes, ",") + "]") << "\n}\n";
}

}  // namespace study
