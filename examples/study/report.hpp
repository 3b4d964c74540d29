// SPDX-License-Identifier: Apache-2.0
// What the study found, and the four ways of showing it: table, HTML page, CSV, JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace study {

/// Error of one tensor of the network under a recipe, against the same tensor in float32.
struct layer_result {
    std::string name;  ///< e.g. "block 1 softmax"
    double sqnr_db;    ///< signal to quantization noise, dB; infinity where every value is equal
};

/// Distribution of the logits' errors e: bin i counts 2^(i - offset) <= |e| / rms(float32 logits) < 2^(i + 1 - offset).
struct error_histogram {
    static constexpr int bins = 32;
    static constexpr int offset = 28;  ///< bin 0 holds everything below 2^-27, the last bin everything above 2^3
    std::uint64_t exact = 0;           ///< logits that equal float32's
    std::array<std::uint64_t, bins> counts = {};  ///< the others
};

struct recipe_result {
    std::string name;            ///< as on the command line, e.g. "int8_integer_only"
    std::string summary;         ///< one phrase that says what the arithmetic is
    double bits_per_weight = 0;  ///< of the matrices, with the scales of blocks
    std::size_t images = 0;
    std::size_t correct = 0;
    double accuracy = 0;      ///< correct / images
    double accuracy_low = 0;  ///< Wilson 95 % interval
    double accuracy_high = 0;
    double agreement = 0;     ///< share of images with float32's top-1 class
    double sqnr_db = 0;       ///< of the logits; infinity for float32 itself
    double kl = 0;            ///< mean KL(float32 || recipe) of the softmax of the logits, nats
    std::string worst_layer;  ///< the tensor with the lowest SQNR ("" where all are exact)
    double worst_layer_sqnr_db = 0;
    std::uint64_t weight_bytes = 0;  ///< all parameters as stored: codes, scales, biases
    double ns_per_image = 0;         ///< one thread, median over images
    std::vector<layer_result> layers;
    error_histogram errors;
};

struct study_result {
    std::vector<std::pair<std::string, std::string>> provenance;  ///< in the order of display: commit, compiler, ...
    std::vector<recipe_result> recipes;
};

void print_table(std::ostream& out, const study_result& result);
void write_html(std::ostream& out, const study_result& result);
void write_csv(std::ostream& out, const study_result& result);
void write_json(std::ostream& out, const study_result& result);

}  // namespace study
