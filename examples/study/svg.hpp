// SPDX-License-Identifier: Apache-2.0
// SVG elements as strings. Lengths in CSS pixels, y downwards; colours come from the page's style.
#pragma once

#include "text.hpp"

#include <string>
#include <string_view>

namespace study {
namespace svg {

struct point {
    double x, y;
};

struct box {
    double x, y, width, height;
};

inline std::string attribute(std::string_view name, double value) {
    return " " + std::string(name) + "=\"" + fixed(value, 1) + "\"";
}

inline std::string class_of(std::string_view name) { return " class=\"" + std::string(name) + "\""; }

inline std::string line(point from, point to, std::string_view style) {
    return "<line" + class_of(style) + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) +
           attribute("y2", to.y) + "/>";
}

inline std::string rect(box b, std::string_view style) {
    return "<rect" + class_of(style) + attribute("x", b.x) + attribute("y", b.y) + attribute("width", b.width) +
           attribute("height", b.height) + "/>";
}

/// Text on the baseline at `at`; `style` says on which side (start, mid, end) and how it looks.
inline std::string text(point at, std::string_view style, std::string_view words) {
    return "<text" + class_of(style) + attribute("x", at.x) + attribute("y", at.y) + ">" + escape_html(words) +
           "</text>";
}

/// Text turned about its own anchor, degrees clockwise.
inline std::string turned_text(point at, double degrees, std::string_view style, std::string_view words) {
    return "<text" + class_of(style) + " transform=\"translate(" + fixed(at.x, 1) + " " + fixed(at.y, 1) + ") rotate(" +
           fixed(degrees, 0) + ")\">" + escape_html(words) + "</text>";
}

/// The body as a picture of width x height with a name for those who can't see it.
inline std::string picture(double width, double height, std::string_view name, std::string_view body) {
    const std::string w = fixed(width, 0);
    const std::string h = fixed(height, 0);
    return "<svg viewBox=\"0 0 " + w + " " + h + "\" width=\"" + w + "\" height=\"" + h +
           "\" role=\"img\" aria-label=\"" + escape_html(name) + "\">" + std::string(body) + "</svg>\n";
}

}  // namespace svg
}  // namespace study
