// SPDX-License-Identifier: Apache-2.0
// How much each segment matters to a recipe: the model with one segment under the recipe and float32 elsewhere, and the
// other way round. Between two arithmetics the residual stream goes over as real values, into the codes that the
// recipe has at that border.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <dyad/study/metrics.hpp>

#include "calibrate.hpp"
#include "report.hpp"
#include "runner.hpp"

namespace study {

/// Logits of one image, by segment.
struct mixed_logits {
    std::vector<std::vector<double>> only;
    std::vector<std::vector<double>> rest;
};

/// The values before each segment, the logits last.
[[nodiscard]] inline std::vector<std::vector<double>> borders(const runner& subject, const std::vector<double>& image,
                                                              digits::scratch_memory& scratch) {
    std::vector<std::vector<double>> values{image};
    for (int s = 0; s < digits::segments; ++s) values.push_back(subject.segment(s, values.back(), scratch));
    return values;
}

/// Segment s by one runner on `in`, those behind it by another.
[[nodiscard]] inline std::vector<double> finish(const runner& one, int s, const std::vector<double>& in,
                                                const runner& others, digits::scratch_memory& scratch) {
    std::vector<double> values = one.segment(s, in, scratch);
    for (int t = s + 1; t < digits::segments; ++t) values = others.segment(t, values, scratch);
    return values;
}

/// `of_float32`: borders(float32, image).
[[nodiscard]] inline mixed_logits mix(const runner& float32, const runner& low,
                                      const std::vector<std::vector<double>>& of_float32,
                                      digits::scratch_memory& scratch) {
    const auto of_low = borders(low, of_float32.front(), scratch);
    mixed_logits out;
    for (int s = 0; s < digits::segments; ++s) {
        const auto before = static_cast<std::size_t>(s);
        out.only.push_back(finish(low, s, of_float32[before], float32, scratch));
        out.rest.push_back(finish(float32, s, of_low[before], low, scratch));
    }
    return out;
}

/// One kind of mixture over all images, in their order.
class mixture_sums {
public:
    void add(const std::vector<double>& logits, const std::vector<double>& reference, std::size_t label) {
        for (std::size_t c = 0; c < logits.size(); ++c) energy_.add(reference[c], logits[c]);
        const std::size_t top = dyad::study::argmax(logits);
        correct_ += top == label ? 1U : 0U;
        agreeing_ += top == dyad::study::argmax(reference) ? 1U : 0U;
        ++images_;
    }
    [[nodiscard]] mixture_result result() const {
        const auto n = static_cast<double>(images_);
        return {energy_.sqnr_db(), static_cast<double>(correct_) / n, static_cast<double>(agreeing_) / n};
    }

private:
    dyad::study::error_energy energy_;
    std::size_t correct_ = 0;
    std::size_t agreeing_ = 0;
    std::size_t images_ = 0;
};

/// The segments of every recipe but the first, which is float32 (and has none).
[[nodiscard]] inline std::vector<std::vector<segment_result>> sensitivities(
    const std::vector<std::unique_ptr<runner>>& runners, const std::vector<std::vector<double>>& images,
    const std::vector<std::size_t>& labels) {
    const runner& float32 = *runners.front();
    constexpr auto segments = static_cast<std::size_t>(digits::segments);
    std::vector<std::vector<mixed_logits>> mixed(runners.size(), std::vector<mixed_logits>(images.size()));
    std::vector<std::vector<double>> reference(images.size());
    for_each_image("mix " + std::to_string(runners.size() - 1) + " recipes with float32 on images", images.size(),
                   [&](std::size_t i, digits::scratch_memory& scratch) {
                       const auto of_float32 = borders(float32, images[i], scratch);
                       reference[i] = of_float32.back();
                       for (std::size_t r = 1; r < runners.size(); ++r)
                           mixed[r][i] = mix(float32, *runners[r], of_float32, scratch);
                   });
    std::vector<std::vector<segment_result>> all(runners.size());
    for (std::size_t r = 1; r < runners.size(); ++r) {
        for (std::size_t s = 0; s < segments; ++s) {
            mixture_sums only;
            mixture_sums rest;
            for (std::size_t i = 0; i < images.size(); ++i) {
                only.add(mixed[r][i].only[s], reference[i], labels[i]);
                rest.add(mixed[r][i].rest[s], reference[i], labels[i]);
            }
            std::string name(digits::segment_name(static_cast<int>(s)).text());
            for (char& c : name) c = c == '.' ? ' ' : c;
            all[r].push_back({name, only.result(), rest.result()});
        }
    }
    return all;
}

}  // namespace study
