// SPDX-License-Identifier: Apache-2.0
// Which images are for what, work on all of them with progress on the terminal, and the ranges of float32's
// tensors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "observers.hpp"

namespace study {

struct split_images {
    std::vector<std::vector<double>> calibration;
    std::vector<std::vector<double>> test;
    std::vector<std::size_t> labels;  ///< of the test images
};

[[nodiscard]] inline split_images split_by_use(const digits::image_set& data) {
    split_images split;
    for (std::size_t i = 0; i < data.images.size(); ++i) {
        (digits::is_test_image(i) ? split.test : split.calibration).push_back(data.images[i]);
        if (digits::is_test_image(i)) split.labels.push_back(data.labels[i]);
    }
    return split;
}

/// One line on the terminal that is written over.
class progress {
public:
    progress(std::string label, std::size_t total) : label_(std::move(label)), total_(total) {}
    void step() {
        const std::size_t done = ++done_;
        if (done % 10 == 0 || done == total_) {
            std::fprintf(stderr, "\r%s %zu / %zu%s", label_.c_str(), done, total_, done == total_ ? "\n" : "");
        }
    }

private:
    std::string label_;
    std::size_t total_;
    std::atomic<std::size_t> done_ = 0;
};

/// f(i, scratch) for every i < n on all cores; every result goes to a place of its own, so order does not matter.
template <class F>
void for_each_image(const std::string& label, std::size_t n, F&& f) {
    progress shown(label, n);
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        digits::scratch_memory scratch;
        for (std::size_t i = next++; i < n; i = next++) {
            f(i, scratch);
            shown.step();
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < std::thread::hardware_concurrency(); ++t) threads.emplace_back(work);
    work();
}

/// Lowest and highest value of every edge in float32 over the calibration images.
[[nodiscard]] inline std::vector<dyad::nn::value_interval> calibrate(const runner& float32,
                                                                     const std::vector<std::vector<double>>& images) {
    using intervals = std::vector<dyad::nn::value_interval>;
    const std::size_t edges = float32.edge_names().size();
    const dyad::nn::value_interval nothing{std::numeric_limits<double>::infinity(),
                                           -std::numeric_limits<double>::infinity()};
    const auto widen = [](dyad::nn::value_interval& seen, double low, double high) {
        seen.low = std::min(seen.low, low);
        seen.high = std::max(seen.high, high);
    };
    std::vector<intervals> of_image(images.size(), intervals(edges, nothing));
    for_each_image("calibrate on images", images.size(), [&](std::size_t i, digits::scratch_memory& scratch) {
        const tensors seen = capture(float32, images[i], scratch);
        for (std::size_t e = 0; e < edges; ++e) {
            for (const double x : seen[e]) widen(of_image[i][e], x, x);
        }
    });
    intervals ranges(edges, nothing);
    for (const intervals& one : of_image) {
        for (std::size_t e = 0; e < edges; ++e) widen(ranges[e], one[e].low, one[e].high);
    }
    return ranges;
}

}  // namespace study
