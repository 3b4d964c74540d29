// SPDX-License-Identifier: Apache-2.0
// The charts of dyad-functions, as inline SVG.
#pragma once

#include <string>

#include "report_figures.hpp"

namespace functions {

/// The errors of all variants of a function at one scale. Functions of one number: the largest |error| of short
/// stretches of x, on a logarithmic axis. Elements of rows: the share of them with a larger |error|. Figures of rows:
/// their errors in order.
[[nodiscard]] std::string error_chart(const function_group& group, double scale);

/// A short stroke as the curves of variant `index` are drawn.
[[nodiscard]] std::string stroke_sample(std::size_t index);

}  // namespace functions
