// SPDX-License-Identifier: Apache-2.0
// What two recipes make of the same images: how many outputs differ, by how much, and where they part first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "report.hpp"
#include "runner.hpp"

namespace study {

/// One tensor of the network, b against a: real values, compared exactly.
struct diff_layer {
    std::string name;
    std::size_t images = 0;       ///< in which it differs anywhere
    std::size_t first = 0;        ///< images in which it is the first that differs
    std::uint64_t values = 0;     ///< of all images
    std::uint64_t different = 0;  ///< that differ
    double largest = 0;           ///< |b - a|
    double sqnr_db = 0;           ///< of b against a; infinity where all are equal
};

/// |b - a| of the logits in codes: how many lie 0, 1, 2, 3 to 4, 5 to 8, ... codes apart.
struct code_histogram {
    static constexpr std::size_t bins = 34;
    std::array<std::uint64_t, bins> counts = {};  ///< bin 0: equal; bin i: 2^(i - 2) < distance <= 2^(i - 1)

    [[nodiscard]] static std::size_t bin_of(double distance);
    [[nodiscard]] static std::string label(std::size_t bin);  ///< "0", "2", "3 to 4"
};

struct diff_result {
    std::vector<std::pair<std::string, std::string>> provenance;
    std::string a, b;  ///< names
    std::string summary_a, summary_b;
    std::size_t images = 0;
    std::size_t logits = 0;
    std::size_t different_logits = 0;
    std::size_t different_images = 0;   ///< in which any logit differs
    std::size_t different_classes = 0;  ///< top-1
    std::size_t only_a_right = 0;       ///< of these
    std::size_t only_b_right = 0;
    double rms = 0;            ///< root mean square of a's logits, the unit of the next two
    double largest = 0;        ///< |b - a| of a logit
    double mean = 0;           ///< over all logits
    error_histogram errors;    ///< of |b - a| / rms
    bool same_format = false;  ///< the logits of both are codes of one format with one scale
    double largest_codes = 0;  ///< then: in codes
    double mean_codes = 0;
    code_histogram codes;
    std::vector<diff_layer> layers;
};

[[nodiscard]] diff_result diff(const recipe_entry& a, const runner& run_a, const recipe_entry& b, const runner& run_b,
                               const std::vector<std::vector<double>>& images, const std::vector<std::size_t>& labels);

void print_diff(std::ostream& out, const diff_result& result);
void write_diff_html(std::ostream& out, const diff_result& result);
void write_diff_json(std::ostream& out, const diff_result& result);

}  // namespace study
