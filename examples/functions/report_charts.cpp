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

std::string style_of(std::size_t index) { return "curve c" + std::to_string(index % 12); }

/// A power of ten as a label.
std::string power_label(int exponent, bool negative) {
    const std::string sign = negative ? "\u2212" : "";
    if (exponent >= -2 && exponent <= 3) return sign + study::shortest(std::pow(10, exponent));
    return sign + "10" + study::raised(exponent);
}

/// Linear up to `near` on both sides of 0, then one decade a step, up to `far`.
class error_axis {
public:
    explicit error_axis(const std::vector<const outcome*>& shown) {
        double smallest = 0;
        double largest = 0;
        for (const auto* o : shown) {
            double most = 0;
            for (const curve_point& p : o->curve)
                if (std::isfinite(p.error)) most = std::max(most, std::fabs(p.error));
            if (most == 0) continue;
            largest = std::max(largest, most);
            smallest = smallest == 0 ? most : std::min(smallest, most);
        }
        if (largest == 0) largest = smallest = 1;
        far_ = largest;
        near_power_ = static_cast<int>(std::floor(std::log10(std::max(smallest, largest * 1e-5))));
        near_ = std::pow(10, near_power_);
    }
    [[nodiscard]] double y(double error) const {
        const double size = std::fabs(error) / near_;
        double steps = size <= 1 ? size : 1 + std::log10(size);
        if (!std::isfinite(steps)) steps = 2 * most_steps();
        const double part = std::min(steps / most_steps(), 1.0) * (error < 0 ? -1 : 1);
        return plot.y + plot.height / 2 * (1 - part);
    }
    [[nodiscard]] std::string grid() const {
        std::string body = tick(0, "0", "axis");
        const int decades = static_cast<int>(std::floor(std::log10(far_ / near_) + 1e-9));
        const int stride = decades > 4 ? 2 : 1;
        for (int i = 0; i <= decades; ++i) {
            const bool labelled = (decades - i) % stride == 0;
            for (const double sign : {1.0, -1.0})
                body += tick(sign * std::pow(10, near_power_ + i),
                             labelled ? power_label(near_power_ + i, sign < 0) : "", "grid");
        }
        return body;
    }

private:
    [[nodiscard]] double most_steps() const { return (1 + std::log10(std::max(far_ / near_, 1.0))) * 1.04; }
    [[nodiscard]] std::string tick(double error, const std::string& label, std::string_view style) const {
        return svg::line({plot.x, y(error)}, {plot.x + plot.width, y(error)}, style) +
               svg::text({plot.x - 6, y(error) + 4}, "small end", label);
    }

    double near_ = 1;
    double far_ = 1;
    int near_power_ = 0;
};

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

/// The curve of an outcome in the order that it is drawn in: rows by their error.
std::vector<curve_point> drawn_curve(const outcome& o) {
    std::vector<curve_point> curve = o.curve;
    if (o.function->kind != shape::row) return curve;
    std::sort(curve.begin(), curve.end(), [](auto& a, auto& b) { return a.error < b.error; });
    for (std::size_t i = 0; i < curve.size(); ++i) curve[i].x = static_cast<double>(i);
    return curve;
}

std::string curves_chart(const function_group& group, const std::vector<const outcome*>& shown) {
    double low = 0;
    double high = 0;
    bool first = true;
    for (const auto* o : shown)
        for (const curve_point& p : drawn_curve(*o)) {
            low = first ? p.x : std::min(low, p.x);
            high = first ? p.x : std::max(high, p.x);
            first = false;
        }
    const error_axis axis(shown);
    const bool rows = group.function->kind == shape::row;
    std::string body = axis.grid() + x_axis(low, high, rows ? "rows, by their error" : "x") + y_title("error");
    for (const auto* o : shown) {
        std::vector<svg::point> points;
        for (const curve_point& p : drawn_curve(*o))
            points.push_back({plot.x + plot.width * (p.x - low) / std::max(high - low, 1e-300), axis.y(p.error)});
        body += "<g><title>" + study::escape_html(o->subject->name) + "</title>" +
                polyline(points, style_of(group.index_of(o->subject))) + "</g>";
    }
    return body;
}

/// For each |error| the share of elements with a larger one; horizontally logarithmic.
std::string shares_chart(const function_group& group, const std::vector<const outcome*>& shown) {
    double largest = 0;
    for (const auto* o : shown)
        if (std::isfinite(o->state.max())) largest = std::max(largest, o->state.max());
    if (largest == 0) largest = 1;
    const int top = static_cast<int>(std::ceil(std::log10(largest)));
    const int bottom = top - 6;
    const auto x_of = [&](double error) {
        return plot.x + plot.width * std::clamp((std::log10(error) - bottom) / (top - bottom), 0.0, 1.0);
    };
    std::string body;
    for (int power = bottom; power <= top; ++power) {
        const double x = x_of(std::pow(10, power));
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
            const double error = std::pow(10, bottom + (top - bottom) * i / 120.0);
            const auto above = sizes.end() - std::upper_bound(sizes.begin(), sizes.end(), error);
            const double share = static_cast<double>(above) / std::max(1.0, static_cast<double>(sizes.size()));
            points.push_back({x_of(error), plot.y + plot.height * (1 - share)});
        }
        body += "<g><title>" + study::escape_html(o->subject->name) + "</title>" +
                polyline(points, style_of(group.index_of(o->subject))) + "</g>";
    }
    return body;
}

}  // namespace

std::string error_chart(const function_group& group, double scale) {
    const auto shown = group.at_scale(scale);
    const std::string body =
        group.function->kind == shape::element ? shares_chart(group, shown) : curves_chart(group, shown);
    return svg::picture(chart_width, chart_height,
                        "errors of " + group.function->name + " at scale " + scale_text(scale), body);
}

std::string stroke_sample(std::size_t index) {
    return "<svg class=\"sample\" viewBox=\"0 0 34 10\" width=\"34\" height=\"10\" aria-hidden=\"true\">" +
           polyline({{1, 5}, {33, 5}}, style_of(index)) + "</svg>";
}

}  // namespace functions
