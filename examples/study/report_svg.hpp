// SPDX-License-Identifier: Apache-2.0
// The page's three charts.
#pragma once

#include "report.hpp"
#include "report_detail.hpp"
#include "svg.hpp"

#include <string>

namespace study {

/// Accuracy with its 95 % interval against bits per weight, one column per recipe.
std::string accuracy_chart(const study_result& result);

/// SQNR in dB, recipe x layer.
std::string layer_chart(const study_result& result);

/// Scale of layer_chart's shades, dB.
std::string layer_legend();

/// Distribution of the logits' errors: one small chart per recipe, all on the same axes.
std::string error_charts(const study_result& result);

}  // namespace study
