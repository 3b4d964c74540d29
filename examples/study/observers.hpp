// SPDX-License-Identifier: Apache-2.0
// What the study wants to know of a forward pass: all tensors, or how each compares with float32's.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runner.hpp"

namespace study {

/// The decoded values of every edge for one image.
using tensors = std::vector<std::vector<double>>;

/// Sums of one edge over images; they merge by addition.
struct edge_result {
    dyad::study::error_energy energy;
    dyad::study::direction direction;
    dyad::study::code_losses losses;
    dyad::nn::sum_report sums;  ///< of the products behind it: the most terms and bits, the largest sum

    void merge(const dyad::nn::sum_report& other) {
        sums.k = std::max(sums.k, other.k);
        sums.proven_bits = std::max(sums.proven_bits, other.proven_bits);
        sums.largest = std::max(sums.largest, other.largest);
    }
    void merge(const edge_result& other) {
        energy.merge(other.energy);
        direction.merge(other.direction);
        losses.merge(other.losses);
        merge(other.sums);
    }
};

struct image_result {
    std::vector<double> logits;
    std::vector<edge_result> edges;  ///< each against the reference
};

class keep_tensors final : public observer {
public:
    explicit keep_tensors(std::size_t edges) : kept(edges) {}
    void tensor(std::size_t edge, std::span<const double> values, std::span<const dyad::study::code_end>) override {
        kept[edge].assign(values.begin(), values.end());
    }
    tensors kept;
};

class compare_tensors final : public observer {
public:
    explicit compare_tensors(const tensors& reference) : edges(reference.size()), reference_(&reference) {}
    void sums(const dyad::nn::sum_report& report) override { waiting_.merge(report); }
    void tensor(std::size_t edge, std::span<const double> values,
                std::span<const dyad::study::code_end> ends) override {
        const std::vector<double>& expected = (*reference_)[edge];
        edge_result& result = edges[edge];
        for (std::size_t i = 0; i < values.size(); ++i) {
            result.energy.add(expected[i], values[i]);
            result.direction.add(expected[i], values[i]);
            result.losses.add(expected[i], values[i], ends[i]);
        }
        result.merge(waiting_.sums);
        waiting_ = {};
    }
    std::vector<edge_result> edges;

private:
    const tensors* reference_;
    edge_result waiting_;  ///< sums that no tensor was made of yet
};

/// Runs one image and keeps all edges.
[[nodiscard]] inline tensors capture(const runner& subject, const std::vector<double>& image,
                                     digits::scratch_memory& scratch) {
    keep_tensors seen(subject.edge_names().size());
    static_cast<void>(subject.run(image, scratch, seen));
    return std::move(seen.kept);
}
/// Runs one image and compares all edges.
[[nodiscard]] inline image_result compare(const runner& subject, const std::vector<double>& image,
                                          const tensors& reference, digits::scratch_memory& scratch, sums reported) {
    compare_tensors seen(reference);
    image_result result;
    result.logits = subject.run(image, scratch, seen, reported);
    result.edges = std::move(seen.edges);
    return result;
}

}  // namespace study
