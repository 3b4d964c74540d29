// SPDX-License-Identifier: Apache-2.0
// How long an element takes: the median of short runs on this machine, now. For comparisons on one page, not for
// publication.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace functions {

/// Nanoseconds per element of run(), which handles `elements` of them: the median of nine samples, each of enough runs
/// to take about a fifth of a millisecond.
template <class Run>
[[nodiscard]] double median_nanoseconds(std::size_t elements, const Run& run) {
    using clock = std::chrono::steady_clock;
    const auto timed = [&](int runs) {
        const auto start = clock::now();
        for (int i = 0; i < runs; ++i) run();
        return std::chrono::duration<double, std::nano>(clock::now() - start).count();
    };
    const double once = std::max(1.0, timed(1));
    const int runs = static_cast<int>(std::clamp(2e5 / once, 1.0, 1e5));
    std::vector<double> samples;
    for (int i = 0; i < 9; ++i) samples.push_back(timed(runs) / runs);
    std::nth_element(samples.begin(), samples.begin() + 4, samples.end());
    return samples[4] / static_cast<double>(elements);
}

/// Keeps the compiler from leaving out what wrote to `memory`.
inline void keep(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

}  // namespace functions
