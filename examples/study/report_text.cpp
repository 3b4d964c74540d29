// SPDX-License-Identifier: Apache-2.0
// The study's result as text: an aligned table for a terminal, CSV and JSON for other programs.

#include "report.hpp"
#include "report_detail.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <ostream>
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

// --- JSON

std::string json_histogram(const error_histogram& errors) {
    std::vector<std::string> counts;
    for (const auto count : errors.counts) counts.push_back(std::to_string(count));
    return "{" + json_member("exact", std::to_string(errors.exact)) + ", " +
           json_member("log2_lowest", std::to_string(-error_histogram::offset)) + ", " +
           json_member("counts", "[" + json_joined(counts, ", ") + "]") + "}";
}

std::string json_layers(const std::vector<layer_result>& layers) {
    std::vector<std::string> items;
    for (const auto& layer : layers)
        items.push_back("\n        {" + json_member("name", json_string(layer.name)) + ", " +
                        json_member("sqnr_db", json_number(layer.sqnr_db)) + "}");
    return "[" + json_joined(items, ",") + "]";
}

std::string json_recipe(const recipe_result& r) {
    const std::vector<std::string> members = {
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
        json_member("layers", json_layers(r.layers)),
    };
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

void write_csv(std::ostream& out, const study_result& result) {
    const auto names = layer_names(result);
    std::vector<std::string> header = {
        "recipe",   "summary",      "bits_per_weight",     "images",       "correct",
        "accuracy", "accuracy_low", "accuracy_high",       "agreement",    "sqnr_db",
        "kl",       "worst_layer",  "worst_layer_sqnr_db", "weight_bytes", "ns_per_image"};
    for (const auto& name : names) header.push_back("sqnr_db:" + name);
    out << csv_line(header);
    for (const auto& recipe : result.recipes) {
        auto fields = csv_fields(recipe);
        for (const auto& name : names) {
            const auto* layer = find_layer(recipe, name);
            fields.push_back(layer ? shortest(layer->sqnr_db) : "");
        }
        out << csv_line(fields);
    }
}

void write_json(std::ostream& out, const study_result& result) {
    std::vector<std::string> provenance;
    for (const auto& [key, value] : result.provenance)
        provenance.push_back("\n    " + json_member(key, json_string(value)));
    std::vector<std::string> recipes;
    for (const auto& recipe : result.recipes) recipes.push_back(json_recipe(recipe));
    out << "{\n  " << json_member("provenance", "{" + json_joined(provenance, ",") + "}") << ",\n  "
        << json_member("recipes", "[" + json_joined(recipes, ",") + "]") << "\n}\n";
}

}  // namespace study
