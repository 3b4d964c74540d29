// SPDX-License-Identifier: Apache-2.0
// Runs two recipes on the same images and counts what differs.

#include "diff.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <dyad/study/metrics.hpp>

#include "calibrate.hpp"
#include "observers.hpp"
#include "summary.hpp"

namespace study {
namespace {

/// Equal numbers, or both NaN; zeros of either sign are equal.
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

struct edge_diff {
    std::uint64_t values = 0;
    std::uint64_t different = 0;
    double largest = 0;
    dyad::study::error_energy energy;
};

struct image_diff {
    std::vector<double> a, b;  ///< logits
    std::vector<edge_diff> edges;
};

edge_diff compare_edge(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) throw std::logic_error("two recipes give a tensor different extents");
    edge_diff out;
    out.values = a.size();
    for (std::size_t i = 0; i < a.size(); ++i) {
        out.energy.add(a[i], b[i]);
        if (same(a[i], b[i])) continue;
        ++out.different;
        const double size = std::fabs(b[i] - a[i]);
        if (!(size <= out.largest)) out.largest = size;
    }
    return out;
}

image_diff run_both(const runner& a, const runner& b, const std::vector<double>& image,
                    digits::scratch_memory& scratch) {
    keep_tensors of_a(a.edge_names().size());
    keep_tensors of_b(b.edge_names().size());
    image_diff out;
    out.a = a.run(image, scratch, of_a);
    out.b = b.run(image, scratch, of_b);
    for (std::size_t e = 0; e < of_a.kept.size(); ++e) out.edges.push_back(compare_edge(of_a.kept[e], of_b.kept[e]));
    return out;
}

/// Codes of one format between two values: steps of fixed-point; of floats, numbers of the format from one to the
/// other.
double codes_between(double a, double b, const output_format& format) {
    if (same(a, b)) return 0;
    if (format.step != 0) return std::round(std::fabs(b - a) / format.step);
    if (format.width != 32) return std::numeric_limits<double>::quiet_NaN();
    const auto rank = [](double x) {
        const auto bits = std::bit_cast<std::int32_t>(static_cast<float>(x));
        return bits < 0 ? -static_cast<double>(bits & 0x7fffffff) : static_cast<double>(bits);
    };
    return std::fabs(rank(b) - rank(a));
}

void add_layers(diff_result& out, const std::vector<std::string>& names, const std::vector<image_diff>& images) {
    for (std::size_t e = 0; e < names.size(); ++e) {
        diff_layer layer;
        layer.name = names[e];
        dyad::study::error_energy energy;
        for (const image_diff& image : images) {
            const edge_diff& edge = image.edges[e];
            layer.values += edge.values;
            layer.different += edge.different;
            layer.images += edge.different != 0 ? 1U : 0U;
            if (!(edge.largest <= layer.largest)) layer.largest = edge.largest;
            energy.merge(edge.energy);
        }
        layer.sqnr_db = layer.different == 0 ? std::numeric_limits<double>::infinity() : energy.sqnr_db();
        out.layers.push_back(layer);
    }
    for (const image_diff& image : images) {
        const auto first = std::find_if(image.edges.begin(), image.edges.end(),
                                        [](const edge_diff& edge) { return edge.different != 0; });
        if (first != image.edges.end()) ++out.layers[static_cast<std::size_t>(first - image.edges.begin())].first;
    }
}

void add_logits(diff_result& out, const std::vector<image_diff>& images, const output_format& format,
                const std::vector<std::size_t>& labels) {
    double sum = 0;
    double sum_codes = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto& [a, b, edges] = images[i];
        bool any = false;
        for (std::size_t c = 0; c < a.size(); ++c) {
            const double size = same(a[c], b[c]) ? 0 : std::fabs(b[c] - a[c]);
            any = any || size != 0;
            out.different_logits += size != 0 ? 1U : 0U;
            if (!(size <= out.largest)) out.largest = size;
            sum += size;
            add_error(out.errors, size, out.rms);
            if (!out.same_format) continue;
            const double codes = codes_between(a[c], b[c], format);
            ++out.codes.counts[code_histogram::bin_of(codes)];
            if (!(codes <= out.largest_codes)) out.largest_codes = codes;
            sum_codes += codes;
        }
        out.logits += a.size();
        out.different_images += any ? 1U : 0U;
        const std::size_t top_a = dyad::study::argmax(a);
        const std::size_t top_b = dyad::study::argmax(b);
        if (top_a == top_b) continue;
        ++out.different_classes;
        out.only_a_right += top_a == labels[i] ? 1U : 0U;
        out.only_b_right += top_b == labels[i] ? 1U : 0U;
    }
    out.mean = sum / static_cast<double>(std::max<std::size_t>(out.logits, 1));
    out.mean_codes = sum_codes / static_cast<double>(std::max<std::size_t>(out.logits, 1));
}

}  // namespace

std::size_t code_histogram::bin_of(double distance) {
    if (distance == 0) return 0;
    if (!(distance < 0x1p32)) return bins - 1;  // NaN counts as the largest
    return distance <= 1 ? 1 : static_cast<std::size_t>(std::ilogb(distance - 0.5)) + 2;
}

diff_result diff(const recipe_entry& a, const runner& run_a, const recipe_entry& b, const runner& run_b,
                 const std::vector<std::vector<double>>& images, const std::vector<std::size_t>& labels) {
    diff_result out;
    out.a = a.name;
    out.b = b.name;
    out.summary_a = a.summary;
    out.summary_b = b.summary;
    out.images = images.size();
    std::vector<image_diff> each(images.size());
    for_each_image("run both recipes on images", images.size(), [&](std::size_t i, digits::scratch_memory& scratch) {
        each[i] = run_both(run_a, run_b, images[i], scratch);
    });
    double squares = 0;
    std::size_t n = 0;
    for (const image_diff& image : each) {
        for (const double x : image.a) squares += x * x;
        n += image.a.size();
    }
    out.rms = n == 0 || squares == 0 ? 1 : std::sqrt(squares / static_cast<double>(n));
    const output_format format = run_a.output();
    out.same_format = format == run_b.output() && (format.step != 0 || format.width == 32);
    add_logits(out, each, format, labels);
    add_layers(out, run_a.edge_names(), each);
    return out;
}

}  // namespace study
