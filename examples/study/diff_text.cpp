// SPDX-License-Identifier: Apache-2.0
// What two recipes differ in, as text for a terminal and as JSON.

#include "diff.hpp"

#include "report_detail.hpp"
#include "report_layers.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace study {
namespace {

std::string of(std::size_t part, std::size_t all) {
    const double share = all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
    return std::to_string(part) + " of " + std::to_string(all) + " (" + percent(share, 2) + " %)";
}

std::string bar(std::uint64_t part, std::uint64_t most) {
    constexpr std::uint64_t longest = 40;
    return std::string(most == 0 ? 0 : static_cast<std::size_t>((part * longest + most - 1) / most), '#');
}

void print_line(std::ostream& out, const std::string& label, std::uint64_t count, std::uint64_t most,
                std::size_t width) {
    const std::string number = std::to_string(count);
    out << "  " << label << std::string(width - label.size(), ' ') << "  "
        << std::string(number.size() < 6 ? 6 - number.size() : 0, ' ') << number << "  " << bar(count, most) << '\n';
}

void print_sizes(std::ostream& out, const error_histogram& errors) {
    std::uint64_t most = errors.exact;
    for (const auto count : errors.counts) most = std::max(most, count);
    out << "\n|difference| of the logits over their rms:\n";
    print_line(out, "equal", errors.exact, most, 14);
    for (int i = 0; i < error_histogram::bins; ++i) {
        const auto count = errors.counts[static_cast<std::size_t>(i)];
        const int power = i - error_histogram::offset;
        const std::string label = i + 1 < error_histogram::bins ? "below 2^" + std::to_string(power + 1)
                                                                : "2^" + std::to_string(power) + " and more";
        if (count != 0) print_line(out, label, count, most, 14);
    }
}

void print_codes(std::ostream& out, const diff_result& r) {
    if (!r.same_format) return;
    const auto& counts = r.codes.counts;
    const std::uint64_t most = *std::max_element(counts.begin(), counts.end());
    out << "\n|difference| of the logits in codes (both have one format and one scale): largest "
        << fixed(r.largest_codes, 0) << ", mean " << three_digits(r.mean_codes) << '\n';
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] != 0) print_line(out, code_histogram::label(i), counts[i], most, 23);
}

void print_parting(std::ostream& out, const diff_result& r) {
    out << "\nfirst layer where they part, images:\n";
    std::size_t width = 0;
    std::uint64_t most = 0;
    std::size_t never = r.images;
    for (const auto& l : r.layers) {
        if (l.first == 0) continue;
        width = std::max(width, l.name.size());
        most = std::max<std::uint64_t>(most, l.first);
        never -= l.first;
    }
    width = std::max<std::size_t>(width, 7);
    most = std::max<std::uint64_t>(most, never);
    for (const auto& l : r.layers)
        if (l.first != 0) print_line(out, l.name, l.first, most, width);
    if (never != 0) print_line(out, "nowhere", never, most, width);
}

std::string json_layer(const diff_layer& l) {
    return "\n    {" + json_member("name", json_string(l.name)) + ", " +
           json_member("first_in_images", std::to_string(l.first)) + ", " +
           json_member("images_different", std::to_string(l.images)) + ", " +
           json_member("values", std::to_string(l.values)) + ", " +
           json_member("values_different", std::to_string(l.different)) + ", " +
           json_member("largest", json_number(l.largest)) + ", " + json_member("sqnr_db", json_number(l.sqnr_db)) + "}";
}

template <class Counts>
std::string json_counts(const Counts& counts) {
    std::vector<std::string> items;
    for (const auto count : counts) items.push_back(std::to_string(count));
    return "[" + json_joined(items, ", ") + "]";
}

}  // namespace

std::string code_histogram::label(std::size_t bin) {
    if (bin <= 2) return std::to_string(bin);
    const std::string from = std::to_string((std::uint64_t{1} << (bin - 2)) + 1);
    if (bin == bins - 1) return from + " and more";
    return from + " to " + std::to_string(std::uint64_t{1} << (bin - 1));
}

void print_diff(std::ostream& out, const diff_result& r) {
    out << "a = " << r.a << ": " << r.summary_a << "\nb = " << r.b << ": " << r.summary_b << "\n\n"
        << "classes that differ   " << of(r.different_classes, r.images) << "; right only under a " << r.only_a_right
        << ", only under b " << r.only_b_right << '\n'
        << "images that differ    " << of(r.different_images, r.images) << '\n'
        << "logits that differ    " << of(r.different_logits, r.logits) << '\n'
        << "largest difference    " << three_digits(r.largest) << " = " << three_digits(r.largest / r.rms)
        << " rms of a's logits\n"
        << "mean difference       " << three_digits(r.mean) << " = " << three_digits(r.mean / r.rms) << " rms\n";
    print_parting(out, r);
    print_sizes(out, r.errors);
    print_codes(out, r);
}

void write_diff_json(std::ostream& out, const diff_result& r) {
    std::vector<std::string> provenance;
    for (const auto& [key, value] : r.provenance) provenance.push_back("\n    " + json_member(key, json_string(value)));
    std::vector<std::string> layers;
    for (const auto& l : r.layers) layers.push_back(json_layer(l));
    const std::string codes = "{" + json_member("largest", json_number(r.largest_codes)) + ", " +
                              json_member("mean", json_number(r.mean_codes)) + ", " +
                              json_member("counts", json_counts(r.codes.counts)) + "}";
    const std::vector<std::string> members = {
        json_member("provenance", "{" + json_joined(provenance, ",") + "}"),
        json_member("a", json_string(r.a)),
        json_member("b", json_string(r.b)),
        json_member("images", std::to_string(r.images)),
        json_member("images_different", std::to_string(r.different_images)),
        json_member("classes_different", std::to_string(r.different_classes)),
        json_member("right_only_a", std::to_string(r.only_a_right)),
        json_member("right_only_b", std::to_string(r.only_b_right)),
        json_member("logits", std::to_string(r.logits)),
        json_member("logits_different", std::to_string(r.different_logits)),
        json_member("rms", json_number(r.rms)),
        json_member("largest", json_number(r.largest)),
        json_member("mean", json_number(r.mean)),
        json_member("largest_over_rms", json_number(r.largest / r.rms)),
        json_member("mean_over_rms", json_number(r.mean / r.rms)),
        json_member("histogram", "{" + json_member("exact", std::to_string(r.errors.exact)) + ", " +
                                     json_member("log2_lowest", std::to_string(-error_histogram::offset)) + ", " +
                                     json_member("counts", json_counts(r.errors.counts)) + "}"),
        json_member("codes", r.same_format ? codes : "null"),
        json_member("layers", "[" + json_joined(layers, ",") + "]"),
    };
    out << "{\n  " << json_joined(members, ",\n  ") << "\n}\n";
}

}  // namespace study
