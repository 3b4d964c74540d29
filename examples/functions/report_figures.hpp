// SPDX-License-Identifier: Apache-2.0
// Figures for readers: short decimals, scales as fractions; and the outcomes of a function in groups.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "../study/text.hpp"
#include "report.hpp"

namespace functions {

/// 1/16 where the scale is one part of an integer, else the shortest decimal.
[[nodiscard]] inline std::string scale_text(double scale) {
    const double parts = std::round(1 / scale);
    return scale < 1 && 1 / parts == scale ? "1/" + study::fixed(parts, 0) : study::shortest(scale);
}

/// Two or three digits: 0.0434, 1.9e-3, 2.1e-10.
[[nodiscard]] inline std::string short_text(double x) {
    const double size = std::fabs(x);
    if (x == 0 || !std::isfinite(x)) return study::shortest(x == 0 ? 0 : x);
    if (size >= 0.01 && size < 10000) return study::fixed(x, size < 0.1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : 1);
    const auto [digits, exponent] = study::scientific(x);
    return digits + "e" + std::to_string(exponent);
}

/// The same with a raised exponent and a true minus.
[[nodiscard]] inline std::string short_html(double x) {
    const std::string text = short_text(x);
    const std::size_t e = text.find('e');
    if (e == std::string::npos || !std::isfinite(x)) return study::typeset(text);
    return study::typeset(text.substr(0, e)) + "\u00B710" + study::raised(std::stoi(text.substr(e + 1)));
}

/// The outcomes of one function, the scales and the variants that occur, in order.
struct function_group {
    const function_entry* function = nullptr;
    std::vector<const outcome*> outcomes;
    std::vector<double> scales;
    std::vector<const variant*> variants;

    [[nodiscard]] std::size_t index_of(const variant* v) const {
        return static_cast<std::size_t>(std::find(variants.begin(), variants.end(), v) - variants.begin());
    }
    [[nodiscard]] std::vector<const outcome*> at_scale(double scale) const {
        std::vector<const outcome*> some;
        for (const auto* o : outcomes)
            if (o->scale == scale) some.push_back(o);
        return some;
    }
};

[[nodiscard]] inline std::vector<function_group> groups_of(const study_result& result) {
    std::vector<function_group> groups;
    const auto add = [](auto& list, const auto& x) {
        if (std::find(list.begin(), list.end(), x) == list.end()) list.push_back(x);
    };
    for (const outcome& o : result.outcomes) {
        if (groups.empty() || groups.back().function != o.function) {
            groups.emplace_back();
            groups.back().function = o.function;
        }
        function_group& group = groups.back();
        group.outcomes.push_back(&o);
        add(group.scales, o.scale);
        add(group.variants, o.subject);
    }
    return groups;
}

}  // namespace functions
