// SPDX-License-Identifier: Apache-2.0
// The charts of dyad-functions.

#include "report_charts.hpp"
#include "../study/svg.hpp"
#include "../study/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace functions {
namespace {

namespace svg = study::svg;

constexpr svg::box plot = {62, 12, 540, 216};
constexpr double chart_width = 616;
constexpr double chart_height = 268;

std::string style_of(std::size_t index) {
    return "curve c" + std::to_string(index % 6) + " d" + std::to_string(index / 6 % 3);
}

/// A power of ten as a label.
std::string power_label(int exponent, bool negative) {
    const std::string sign = negative ? "\u2212" : "";
    if (exponent >= -3 && exponent <= 3) return sign + study::shortest(std::pow(10, exponent));
    return sign + "10" + study::raised(exponent);
}

/// Round numbers, five or so, from low to high.
std::vector<double> round_ticks(double low, double high) {
    const double span = high - low;
    if (!(span > 0)) return {low};
    const double unit = std::pow(10, std::floor(std::log10(span / 4)));
    const double step = unit * (span / unit > 25 ? 10 : span / unit > 12 ? 5 : span / unit > 6 ? 2 : 1);
    std::vector<double> ticks;
    for (double t = std::ceil(low / step); t * step <= high + 1e-9 * span; ++t) ticks.push_back(t * step);
    return ticks;
}

std::string polyline(const std::vector<svg::point>& points, std::string_view style) {
    std::string coordinates;
    for (const auto& p : points)
        coordinates += (coordinates.empty() ? "" : " ") + study::fixed(p.x, 1) + "," + study::fixed(p.y, 1);
    return "<polyline" + svg::class_of(style) + " points=\"" + coordinates + "\"/>";
}

std::string x_axis(double low, double high, const std::string& title) {
    std::string body;
    for (const double t : round_ticks(low, high)) {
        const double x = plot.x + plot.width * (t - low) / std::max(high - low, 1e-300);
        body += svg::line({x, plot.y}, {x, plot.y + plot.height + 4}, "grid");
        const double rounded = std::fabs(t) < 1e-9 * (high - low) ? 0 : std::round(t * 1e6) / 1e6;
        body += svg::text({x, plot.y + plot.height + 16}, "small mid", study::typeset(study::shortest(rounded)));
    }
    return body + svg::text({plot.x + plot.width / 2, plot.y + plot.height + 33}, "small mid", title);
}

std::string y_title(std::string_view words) {
    return svg::turned_text({11, plot.y + plot.height / 2}, -90, "small mid", words);
}

std::string drawn(const function_group& group, const outcome& o, const std::vector<svg::point>& points) {
    return "<g><title>" + study::escape_html(o.subject->name) + "</title>" +
           polyline(points, style_of(group.index_of(o.subject))) + "</g>";
}

/// Errors of rows, sorted.
std::string rows_chart(const function_group& group, const std::vector<const outcome*>& shown) {
    double last = 1;
    double low = 0;
    double high = 0;
    for (const auto* o : shown) {
        last = std::max(last, static_cast<double>(o->curve.size()) - 1);
        for (const curve_point& p : o->curve) low = std::min(low, p.error), high = std::max(high, p.error);
    }
    const double room = std::max((high - low) * 0.04, 1e-300);
    const auto y_of = [&](double e) { return plot.y + plot.height * (high + room - e) / (high - low + 2 * room); };
    std::string body = x_axis(0, last, "rows, by their error") + y_title("error");
    for (const double tick : round_ticks(low, high)) {
        const double rounded = std::round(tick * 1e9) / 1e9;
        body += svg::line({plot.x, y_of(tick)}, {plot.x + plot.width, y_of(tick)}, rounded == 0 ? "axis" : "grid");
        body += svg::text({plot.x - 6, y_of(tick) + 4}, "small end",
                          study::typeset(study::shortest(rounded == 0 ? 0 : rounded)));
    }
    for (const auto* o : shown) {
        std::vector<double> errors;
        for (const curve_point& p : o->curve) errors.push_back(p.error);
        std::sort(errors.begin(), errors.end());
        std::vector<svg::point> points;
        for (std::size_t i = 0; i < errors.size(); ++i)
            points.push_back({plot.x + plot.width * static_cast<double>(i) / last, y_of(errors[i])});
        body += drawn(group, *o, points);
    }
    return body;
}

/// Powers of ten from `bottom` to `top`, below which all is drawn at the lower edge.
struct power_axis {
    double bottom;
    double top;
    [[nodiscard]] double part(double x) const {
        if (std::isnan(x) || x > std::pow(10, top)) return 1;
        return x > 0 ? std::clamp((std::log10(x) - bottom) / (top - bottom), 0.0, 1.0) : 0;
    }
    [[nodiscard]] double y(double x) const { return plot.y + plot.height * (1 - part(x)); }
    [[nodiscard]] double x(double x) const { return plot.x + plot.width * part(x); }
    /// Marks that leave room for labels, every power or every second, third ...
    [[nodiscard]] std::vector<int> marks() const {
        const int step = std::max(1, static_cast<int>(std::ceil((top - bottom) / 9)));
        std::vector<int> powers;
        for (int power = static_cast<int>(std::floor(top)); power >= bottom; power -= step) powers.push_back(power);
        return powers;
    }
};

constexpr int stretches = 64;

/// The largest |error| of each stretch of the inputs from `low` to `high`; -1 where there are none.
std::vector<double> largest_of_stretches(const outcome& o, double low, double high) {
    std::vector<double> largest(stretches, -1);
    for (const curve_point& p : o.curve) {
        const double part = high > low ? (p.x - low) / (high - low) : 0;
        double& most = largest[static_cast<std::size_t>(std::min(stretches * part, stretches - 1.0))];
        most = std::max(most, std::isfinite(p.error) ? std::fabs(p.error) : INFINITY);
    }
    return largest;
}

/// The largest |error| of short stretches of x, logarithmic.
std::string curves_chart(const function_group& group, const std::vector<const outcome*>& shown) {
    double low = shown.front()->curve.front().x;
    double high = low;
    double smallest = INFINITY;
    double largest = 0;
    for (const auto* o : shown) {
        for (const curve_point& p : o->curve) low = std::min(low, p.x), high = std::max(high, p.x);
        if (!std::isfinite(o->state.max()) || o->state.max() == 0) continue;
        smallest = std::min(smallest, o->state.max());
        largest = std::max(largest, o->state.max());
    }
    if (largest == 0) smallest = largest = 1;
    const power_axis axis{std::floor(std::log10(smallest)) - 1, std::log10(largest) + 0.15};
    std::string body = x_axis(low, high, "x") + y_title("largest |error|");
    for (const int power : axis.marks()) {
        const double y = axis.y(std::pow(10, power));
        body += svg::line({plot.x, y}, {plot.x + plot.width, y}, "grid");
        body += svg::text({plot.x - 6, y + 4}, "small end", power_label(power, false));
    }
    body += svg::line({plot.x, plot.y + plot.height}, {plot.x + plot.width, plot.y + plot.height}, "axis");
    for (const auto* o : shown) {
        const std::vector<double> most = largest_of_stretches(*o, low, high);
        std::vector<svg::point> points;
        for (int i = 0; i < stretches; ++i) {
            const double x = plot.x + plot.width * (i + 0.5) / stretches;
            if (most[static_cast<std::size_t>(i)] >= 0)
                points.push_back({x, axis.y(most[static_cast<std::size_t>(i)])});
        }
        body += drawn(group, *o, points);
    }
    return body;
}

/// For each |error| the share of elements with a larger one; horizontally logarithmic.
std::string shares_chart(const function_group& group, const std::vector<const outcome*>& shown) {
    double largest = 0;
    for (const auto* o : shown)
        if (std::isfinite(o->state.max())) largest = std::max(largest, o->state.max());
    if (largest == 0) largest = 1;
    const double top = std::ceil(std::log10(largest));
    const power_axis axis{top - 6, top};
    std::string body;
    for (const int power : axis.marks()) {
        const double x = axis.x(std::pow(10, power));
        body += svg::line({x, plot.y}, {x, plot.y + plot.height + 4}, "grid");
        body += svg::text({x, plot.y + plot.height + 16}, "small mid", power_label(power, false));
    }
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        const double y = plot.y + plot.height * (1 - share);
        body += svg::line({plot.x, y}, {plot.x + plot.width, y}, share == 0 ? "axis" : "grid");
        body += svg::text({plot.x - 6, y + 4}, "small end", study::percent(share, 0) + " %");
    }
    body += svg::text({plot.x + plot.width / 2, plot.y + plot.height + 33}, "small mid", "|error|") +
            y_title("elements with a larger one");
    for (const auto* o : shown) {
        std::vector<double> sizes;
        for (const curve_point& p : o->curve) sizes.push_back(std::fabs(p.error));
        std::sort(sizes.begin(), sizes.end());
        std::vector<svg::point> points;
        for (int i = 0; i <= 120; ++i) {
            const double error = std::pow(10, axis.bottom + (axis.top - axis.bottom) * i / 120.0);
            const auto above = sizes.end() - std::upper_bound(sizes.begin(), sizes.end(), error);
            const double share = static_cast<double>(above) / std::max(1.0, static_cast<double>(sizes.size()));
            points.push_back({axis.x(error), plot.y + plot.height * (1 - share)});
        }
        body += drawn(group, *o, points);
    }
    return body;
}

}  // namespace

std::string error_chart(const function_group& group, double scale) {
    const auto shown = group.at_scale(scale);
    const shape kind = group.function->kind;
    const std::string body = kind == shape::element ? shares_chart(group, shown)
                             : kind == shape::row   ? rows_chart(group, shown)
                                                    : curves_chart(group, shown);
    return svg::picture(chart_width, chart_height,
                        "errors of " + group.function->name + " at scale " + scale_text(scale), body);
}

std::string stroke_sample(std::size_t index) {
    return "<svg class=\"sample\" viewBox=\"0 0 34 10\" width=\"34\" height=\"10\" aria-hidden=\"true\">" +
           polyline({{1, 5}, {33, 5}}, style_of(index)) + "</svg>";
}

}  // namespace functions
