// SPDX-License-Identifier: Apache-2.0
// From results of single images to what the reports show.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "observers.hpp"
#include "report.hpp"

namespace study {

/// Root mean square of all logits of float32.
[[nodiscard]] inline double rms(const std::vector<image_result>& results) {
    double sum = 0;
    std::size_t n = 0;
    for (const image_result& r : results) {
        for (const double x : r.logits) sum += x * x;
        n += r.logits.size();
    }
    return n == 0 ? 1 : std::sqrt(sum / static_cast<double>(n));
}

inline void add_error(error_histogram& histogram, double error, double unit) {
    if (error == 0) {
        ++histogram.exact;
        return;
    }
    const double relative = std::fabs(error) / unit;
    int bin = error_histogram::bins - 1;  // NaN and infinity count as the largest errors
    if (std::isfinite(relative)) bin = std::clamp(std::ilogb(relative) + error_histogram::offset, 0, bin);
    ++histogram.counts[static_cast<std::size_t>(bin)];
}

/// Bits that a two's complement number of this magnitude needs, the sign included.
[[nodiscard]] inline int bits_of(double magnitude) {
    return std::isfinite(magnitude) && magnitude >= 1 ? std::ilogb(magnitude) + 2 : 1;
}

[[nodiscard]] inline layer_result layer_of(const std::string& name, const edge_result& edge) {
    layer_result out;
    out.name = name;
    out.sqnr_db = edge.energy.sqnr_db();
    out.cosine = edge.direction.cosine();
    out.clipped = edge.losses.clipped_share();
    out.zeroed = edge.losses.zeroed_share();
    out.sum_terms = edge.sums.k;
    out.sum_bits_proven = edge.sums.proven_bits;
    out.sum_largest = edge.sums.largest;
    out.sum_bits_observed = edge.sums.proven_bits == 0 ? 0 : bits_of(edge.sums.largest);
    return out;
}

/// Everything that is counted per image, added up in the order of the images.
[[nodiscard]] inline recipe_result summarize(const recipe_entry& entry, const runner& subject,
                                             const std::vector<image_result>& results,
                                             const std::vector<image_result>& reference,
                                             const std::vector<std::size_t>& labels) {
    recipe_result out;
    out.name = entry.name;
    out.summary = entry.summary;
    out.bits_per_weight = entry.bits_per_weight;
    out.images = results.size();
    out.weight_bytes = subject.weight_bytes();
    const double unit = rms(reference);
    std::vector<edge_result> edges(subject.edge_names().size());
    std::size_t agreeing = 0;
    double kl = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::size_t top = dyad::study::argmax(results[i].logits);
        out.correct += top == labels[i] ? 1U : 0U;
        agreeing += top == dyad::study::argmax(reference[i].logits) ? 1U : 0U;
        kl += dyad::study::kl_divergence(reference[i].logits, results[i].logits);
        for (std::size_t e = 0; e < edges.size(); ++e) edges[e].merge(results[i].edges[e]);
        for (std::size_t c = 0; c < results[i].logits.size(); ++c) {
            add_error(out.errors, results[i].logits[c] - reference[i].logits[c], unit);
        }
    }
    const auto n = static_cast<double>(results.size());
    const auto [low, high] = dyad::study::wilson_interval(out.correct, out.images);
    out.accuracy = static_cast<double>(out.correct) / n;
    out.accuracy_low = low;
    out.accuracy_high = high;
    out.agreement = static_cast<double>(agreeing) / n;
    out.kl = kl / n;
    out.sqnr_db = edges.back().energy.sqnr_db();
    out.worst_layer_sqnr_db = std::numeric_limits<double>::infinity();
    for (std::size_t e = 0; e < edges.size(); ++e) {
        const double sqnr = edges[e].energy.sqnr_db();
        out.layers.push_back(layer_of(subject.edge_names()[e], edges[e]));
        if (!(sqnr >= out.worst_layer_sqnr_db)) {
            out.worst_layer = subject.edge_names()[e];
            out.worst_layer_sqnr_db = sqnr;
        }
    }
    return out;
}

}  // namespace study
