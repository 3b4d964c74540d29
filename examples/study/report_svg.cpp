// SPDX-License-Identifier: Apache-2.0
// The three charts of the study's page.

#include "report_svg.hpp"

#include "report_shades.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace study {
namespace {

double real(std::size_t count) { return static_cast<double>(count); }

// --- accuracy against bits per weight

/// Logarithmic in the share of wrong images, so that one per cent lost and ninety lost fit one picture:
/// each equal step upwards divides the errors by the same factor.
class accuracy_axis {
public:
    accuracy_axis(const study_result& result, double top, double bottom) : top_(top), bottom_(bottom) {
        double most = 0;
        double least = 1;
        for (const auto& r : result.recipes) {
            const double half_an_image = 0.5 / std::max(real(r.images), 1.0);
            most = std::max(most, std::clamp(1 - r.accuracy_low, half_an_image, 1.0));
            least = std::min(least, std::clamp(1 - r.accuracy_high, half_an_image, 1.0));
        }
        const double margin = std::pow(std::max(most / least, 1.1), 0.04);
        most_ = std::max(most, least) * margin;
        fewest_ = least;
        least_ = least / margin;
    }

    /// Half an image wrong stands in for none, whose logarithm is not finite.
    double y(double accuracy) const {
        const double wrong = std::clamp(1 - accuracy, fewest_, most_);
        return top_ + (bottom_ - top_) * std::log(wrong / least_) / std::log(most_ / least_);
    }

    /// Round accuracies, the roundest first, none closer to another than two lines of text.
    std::vector<double> ticks() const {
        std::vector<double> kept;
        for (const double factor : {1.0, 2.0, 5.0, 3.0, 4.0, 1.5, 2.5, 8.0, 6.0, 7.0})
            for (const double unit : {0.0001, 0.001, 0.01, 0.1, 1.0}) {
                const double tick = 1 - factor * unit;
                if (1 - tick < least_ || 1 - tick > most_ || tick < 0) continue;
                if (std::all_of(kept.begin(), kept.end(), [&](double k) { return std::abs(y(tick) - y(k)) > 24; }))
                    kept.push_back(tick);
            }
        return kept;
    }

private:
    double top_, bottom_, fewest_, least_, most_;
};

/// Where things stand in the accuracy chart.
struct accuracy_frame {
    std::vector<const recipe_result*> recipes;  ///< by bits per weight
    double left = 62, slot = 0, top = 12, bottom = 352;

    explicit accuracy_frame(const study_result& result) {
        for (const auto& r : result.recipes) recipes.push_back(&r);
        std::stable_sort(recipes.begin(), recipes.end(),
                         [](auto* a, auto* b) { return a->bits_per_weight < b->bits_per_weight; });
        slot = std::clamp(1090 / std::max(real(recipes.size()), 1.0), 64.0, 150.0);
    }

    double edge(std::size_t i) const { return left + slot * real(i); }
    double centre(std::size_t i) const { return edge(i) + slot / 2; }
    double right() const { return edge(recipes.size()); }
    /// Characters of a name that a column has room for.
    std::size_t letters() const { return static_cast<std::size_t>((slot - 2) / 6.2); }

    /// One past the last recipe with as many bits as recipe i.
    std::size_t band_end(std::size_t i) const {
        std::size_t end = i;
        while (end < recipes.size() && recipes[end]->bits_per_weight == recipes[i]->bits_per_weight) ++end;
        return end;
    }
};

/// A name cut at its underscores into lines that fit a column.
std::vector<std::string> wrapped(std::string_view name, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!name.empty()) {
        const std::size_t word = std::min({name.find_first_of("_- ") + 1, name.size(), width});
        const std::size_t length = word == 0 ? std::min(name.size(), width) : word;  // find failed: npos + 1 is 0
        if (!lines.back().empty() && lines.back().size() + length > width) lines.emplace_back();
        lines.back() += name.substr(0, length);
        name.remove_prefix(length);
    }
    return lines;
}

/// Shape says what colour may not: square = float32 itself, disc = keeps its accuracy, open diamond = loses more.
std::string marker(svg::point at, const recipe_result& recipe, const recipe_result* float32) {
    if (&recipe == float32) return svg::rect({at.x - 5, at.y - 5, 10, 10}, "mark");
    if (!float32 || keeps_accuracy(recipe, *float32))
        return "<circle class=\"mark\" r=\"5.5\"" + svg::attribute("cx", at.x) + svg::attribute("cy", at.y) + "/>";
    return "<path class=\"lost\" transform=\"translate(" + fixed(at.x, 1) + " " + fixed(at.y, 1) +
           ")\" d=\"M0-7L7 0L0 7L-7 0Z\"/>";
}

std::string accuracy_grid(const accuracy_frame& frame, const accuracy_axis& axis) {
    std::string body;
    for (std::size_t i = 0, band = 0; i < frame.recipes.size(); i = frame.band_end(i), ++band)
        if (band % 2 == 0)
            body += svg::rect(
                {frame.edge(i), frame.top, frame.edge(frame.band_end(i)) - frame.edge(i), frame.bottom - frame.top},
                "band");
    for (const double tick : axis.ticks()) {
        body += svg::line({frame.left, axis.y(tick)}, {frame.right(), axis.y(tick)}, "grid");
        body += svg::text({frame.left - 8, axis.y(tick) + 4}, "tick end", shortest(std::round(1e6 * tick) / 1e4));
    }
    body += svg::line({frame.left, frame.bottom}, {frame.right(), frame.bottom}, "axis");
    return body + svg::turned_text({16, (frame.top + frame.bottom) / 2}, -90, "title mid", "accuracy, %");
}

/// float32's accuracy and one image in a hundred below it; the labels keep a line's distance.
std::string reference_lines(const accuracy_frame& frame, const accuracy_axis& axis, const recipe_result* float32) {
    if (!float32) return "";
    const double best = axis.y(float32->accuracy);
    const double limit = axis.y(float32->accuracy - 0.01);
    const double beside = std::max(frame.right() + 6, frame.centre(frame.recipes.size() - 1) + 46);
    return svg::line({frame.left, best}, {frame.right(), best}, "reference") +
           svg::line({frame.left, limit}, {frame.right(), limit}, "limit") +
           svg::text({beside, best + 4}, "tick", "float32") +
           svg::text({beside, std::max(limit, best + 14) + 4}, "tick", "1 in 100 less");
}

std::string accuracy_point(const accuracy_frame& frame, const accuracy_axis& axis, std::size_t i,
                           const recipe_result* float32) {
    const recipe_result& r = *frame.recipes[i];
    const double x = frame.centre(i);
    const double high = axis.y(r.accuracy_high);
    const double low = axis.y(r.accuracy_low);
    std::string body = svg::line({x, high}, {x, low}, "whisker");
    for (const double end : {high, low}) body += svg::line({x - 5, end}, {x + 5, end}, "whisker");
    body += marker({x, axis.y(r.accuracy)}, r, float32);
    return body + svg::text({x + 10, axis.y(r.accuracy) + 4}, "value", percent(r.accuracy, 1));
}

/// Names below their columns, and below these a bracket for each number of bits.
std::string accuracy_labels(const accuracy_frame& frame, double bracket) {
    std::string body;
    for (std::size_t i = 0; i < frame.recipes.size(); ++i) {
        double y = frame.bottom + 17;
        for (const auto& line : wrapped(frame.recipes[i]->name, frame.letters())) {
            body += svg::text({frame.centre(i), y}, "label mid", line);
            y += 14;
        }
    }
    for (std::size_t i = 0; i < frame.recipes.size(); i = frame.band_end(i)) {
        const double from = frame.edge(i) + 4;
        const double to = frame.edge(frame.band_end(i)) - 4;
        body += svg::line({from, bracket}, {to, bracket}, "axis");
        body += svg::text({(from + to) / 2, bracket + 17}, "value mid", shortest(frame.recipes[i]->bits_per_weight));
    }
    return body + svg::text({(frame.left + frame.right()) / 2, bracket + 38}, "title mid", "bits per weight");
}

std::size_t most_lines(const accuracy_frame& frame) {
    std::size_t most = 1;
    for (const auto* r : frame.recipes) most = std::max(most, wrapped(r->name, frame.letters()).size());
    return most;
}

// --- SQNR of every layer

struct layer_frame {
    std::vector<std::string> names;
    double left = 0, top = 26, cell = 0, row = 22;

    explicit layer_frame(const study_result& result) : names(layer_names(result)) {
        std::size_t longest = 0;
        for (const auto& r : result.recipes) longest = std::max(longest, r.name.size());
        left = std::max(60.0, 6.6 * real(longest) + 10);
        cell = std::clamp((1230 - left) / std::max(real(names.size()), 1.0), 17.0, 40.0);
    }

    double x(std::size_t column) const { return left + cell * real(column); }
    double y(std::size_t line) const { return top + row * real(line); }
};

/// A border that shows on the deepest shade too: ink outside, ground inside.
std::string worst_border(svg::box b) {
    return svg::rect({b.x - 0.5, b.y - 0.5, b.width + 1, b.height + 1}, "worst") +
           svg::rect({b.x + 1, b.y + 1, b.width - 2, b.height - 2}, "inlay");
}

std::string layer_cell(svg::box b, const recipe_result& recipe, const layer_result& layer) {
    const std::string digits = cell_text(layer.sqnr_db);
    const bool tight = std::abs(layer.sqnr_db) >= 99.5 || layer.sqnr_db <= -9.5;
    const std::string unit = std::isfinite(layer.sqnr_db) ? " dB" : "";
    return "<g class=\"" + shade(layer.sqnr_db) + "\"><title>" +
           escape_html(recipe.name + ", " + layer.name + ": " + decibels(layer.sqnr_db, 1) + unit) + "</title>" +
           svg::rect(b, "cell") + (layer.name == recipe.worst_layer ? worst_border(b) : "") +
           svg::text({b.x + b.width / 2, b.y + 14}, tight ? "digits tight mid" : "digits mid", digits) + "</g>";
}

/// One recipe's cells; the worst comes last, so that no neighbour covers its border.
std::string layer_row(const layer_frame& frame, const recipe_result& recipe, std::size_t line) {
    std::string body = svg::text({frame.left - 8, frame.y(line) + 15}, "label end", recipe.name);
    std::string worst;
    for (std::size_t i = 0; i < frame.names.size(); ++i) {
        const auto* layer = find_layer(recipe, frame.names[i]);
        if (!layer) continue;
        const svg::box b = {frame.x(i) + 0.5, frame.y(line) + 0.5, frame.cell - 1, frame.row - 1};
        (layer->name == recipe.worst_layer ? worst : body) += layer_cell(b, recipe, *layer);
    }
    return body + worst;
}

/// Layer names below the columns, the blocks they belong to above; a line parts one group from the next.
std::string layer_headings(const layer_frame& frame, std::size_t lines) {
    const double bottom = frame.y(lines);
    std::string body;
    for (std::size_t i = 0, first = 0; i < frame.names.size(); ++i) {
        const auto label = split_layer(frame.names[i]);
        body += svg::turned_text({frame.x(i) + frame.cell / 2 + 5, bottom + 10}, -60, "small end", label.part);
        const bool last = i + 1 == frame.names.size() || split_layer(frame.names[i + 1]).group != label.group;
        if (!last) continue;
        const double from = frame.x(first) + 2;
        const double to = frame.x(i + 1) - 2;
        if (!label.group.empty()) {
            body += svg::line({from, frame.top - 5}, {to, frame.top - 5}, "axis");
            body += svg::text({(from + to) / 2, frame.top - 10}, "label mid", label.group);
        }
        if (i + 1 < frame.names.size())
            body += svg::line({frame.x(i + 1), frame.top - 5}, {frame.x(i + 1), bottom + 4}, "axis");
        first = i + 1;
    }
    return body;
}

std::size_t longest_part(const layer_frame& frame) {
    std::size_t longest = 0;
    for (const auto& name : frame.names) longest = std::max(longest, split_layer(name).part.size());
    return longest;
}

// --- histograms of the logits' errors

constexpr svg::box plot = {34, 42, 256, 88};
constexpr double bin_width = plot.width / error_histogram::bins;

double logits_of(const error_histogram& errors) {
    return static_cast<double>(std::accumulate(errors.counts.begin(), errors.counts.end(), errors.exact));
}

double tallest_share(const study_result& result) {
    double tallest = 0;
    for (const auto& r : result.recipes)
        for (const auto count : r.errors.counts)
            tallest = std::max(tallest, static_cast<double>(count) / std::max(logits_of(r.errors), 1.0));
    return tallest;
}

/// The top of the common y axis: the next round per cent.
double round_share(double share) {
    for (const double top : {0.02, 0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8})
        if (share <= top) return top;
    return 1;
}

/// "median < 2^-8": the upper edge of the bin that holds the middle logit, exact ones first.
std::string median_text(const error_histogram& errors) {
    double below = static_cast<double>(errors.exact);
    const double half = logits_of(errors) / 2;
    if (below >= half) return "median 0";
    int bin = 0;
    for (const auto count : errors.counts) {
        below += static_cast<double>(count);
        if (below >= half) break;
        ++bin;
    }
    if (bin == error_histogram::bins - 1) return "median \u2265 2" + raised(bin - error_histogram::offset);
    return "median < 2" + raised(bin + 1 - error_histogram::offset);
}

std::string error_axes(double top_share) {
    std::string body;
    for (const double part : {0.0, 0.5, 1.0}) {
        const double y = plot.y + plot.height * (1 - part);
        body += svg::line({plot.x, y}, {plot.x + plot.width, y}, part == 0 ? "axis" : "grid");
        body += svg::text({plot.x - 5, y + 4}, "small end", percent(part * top_share, 0));
    }
    for (int power = -24; power <= 0; power += 8) {
        const double x = plot.x + bin_width * (power + error_histogram::offset);
        body += svg::line({x, plot.y}, {x, plot.y + plot.height + 4}, power == 0 ? "limit" : "grid");
        body += svg::text({x, plot.y + plot.height + 15}, "small mid", typeset(std::to_string(power)));
    }
    body += svg::turned_text({9, plot.y + plot.height / 2}, -90, "small mid", "% of logits");
    return body +
           svg::text({plot.x + plot.width / 2, plot.y + plot.height + 30}, "small mid", "log\u2082 (|error| / rms)");
}

std::string error_chart(const recipe_result& recipe, double top_share) {
    const double logits = logits_of(recipe.errors);
    std::string body = svg::text({plot.x, 14}, "label strong", recipe.name);
    if (logits == 0)
        return svg::picture(300, 164, recipe.name,
                            body + error_axes(top_share) + svg::text({plot.x + 8, plot.y + 50}, "small", "no logits"));
    const double exact = static_cast<double>(recipe.errors.exact) / logits;
    body += svg::text({plot.x, 29}, "small", "exact " + percent(exact, 1) + " %, " + median_text(recipe.errors)) +
            error_axes(top_share);
    for (std::size_t i = 0; i < recipe.errors.counts.size(); ++i) {
        const double height = plot.height * static_cast<double>(recipe.errors.counts[i]) / (logits * top_share);
        if (height > 0)
            body += svg::rect(
                {plot.x + bin_width * real(i) + 0.5, plot.y + plot.height - height, bin_width - 1, height}, "bar");
    }
    if (exact == 1)
        body +=
            svg::text({plot.x + plot.width / 2, plot.y + 50}, "label mid halo", "every logit equals float32\u2019s");
    return svg::picture(300, 164, "logit errors of " + recipe.name, body);
}

}  // namespace

std::string accuracy_chart(const study_result& result) {
    const accuracy_frame frame(result);
    const accuracy_axis axis(result, frame.top, frame.bottom);
    const auto* float32 = float32_of(result);
    const double bracket = frame.bottom + 14 * real(most_lines(frame)) + 14;
    std::string body = accuracy_grid(frame, axis) + reference_lines(frame, axis, float32);
    for (std::size_t i = 0; i < frame.recipes.size(); ++i) body += accuracy_point(frame, axis, i, float32);
    return svg::picture(frame.right() + 94, bracket + 46, "accuracy against bits per weight",
                        body + accuracy_labels(frame, bracket));
}

std::string layer_chart(const study_result& result) {
    const layer_frame frame(result);
    std::string body;
    for (std::size_t i = 0; i < result.recipes.size(); ++i) body += layer_row(frame, result.recipes[i], i);
    body += layer_headings(frame, result.recipes.size());
    const double names_height = 5.2 * real(longest_part(frame)) + 20;
    return svg::picture(frame.x(frame.names.size()) + 8, frame.y(result.recipes.size()) + names_height,
                        "SQNR in dB, recipe by layer", body);
}

std::string layer_legend() {
    constexpr double width = 46;
    std::string body = svg::text({0, 15}, "small", "SQNR, dB");
    for (std::size_t i = 0; i <= shade_edges.size(); ++i) {
        const std::size_t depth = shade_edges.size() - i;
        const double x = 62 + width * real(i);
        body += "<g class=\"q" + std::to_string(depth) + "\">" + svg::rect({x, 2, width, 18}, "cell") + "</g>";
        if (depth < shade_edges.size()) body += svg::text({x, 33}, "small mid", std::to_string(shade_edges[depth]));
    }
    const double x = 62 + width * real(shade_edges.size() + 1) + 16;
    body +=
        "<g class=\"exact\">" + svg::rect({x, 2, 22, 18}, "cell") + svg::text({x + 11, 15}, "digits mid", "=") + "</g>";
    body += svg::text({x + 28, 15}, "small", "exact") + worst_border({x + 74, 2, 22, 18}) +
            svg::text({x + 102, 15}, "small", "worst of its recipe");
    return svg::picture(x + 205, 38, "shades of the heat map", body);
}

std::string error_charts(const study_result& result) {
    const double top_share = round_share(tallest_share(result));
    std::string charts;
    for (const auto& recipe : result.recipes) charts += error_chart(recipe, top_share);
    return charts;
}

}  // namespace study
