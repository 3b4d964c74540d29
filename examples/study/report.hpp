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

/// One tensor of the network under a recipe, against the same tensor in float32.
struct layer_result {
    std::string name;    ///< e.g. "block 1 softmax"
    double sqnr_db = 0;  ///< signal to quantization noise, dB; infinity where every value is equal
    // The rest with --layers only.
    double cosine = 1;            ///< of the angle between the two
    double clipped = 0;           ///< share of codes at an end of the format beyond which float32's value lies
    double zeroed = 0;            ///< share of zeros where float32 has none
    std::uint64_t sum_terms = 0;  ///< K of the products behind it; 0 where there are none
    int sum_bits_proven = 0;      ///< that every sum and its bias fit, sign included; 0 for sums of floats
    int sum_bits_observed = 0;    ///< that the sums of the tested images would have fit
    double sum_largest = 0;       ///< their largest magnitude, in units of their codes
};

/// The model with one segment in another arithmetic than the rest.
struct mixture_result {
    double sqnr_db = 0;  ///< of the logits; infinity where they equal float32's
    double accuracy = 0;
    double agreement = 0;  ///< share of images with float32's class
};
/// How much a segment matters to a recipe (--layers).
struct segment_result {
    std::string name;     ///< e.g. "block 1 mlp"
    mixture_result only;  ///< this segment under the recipe, float32 elsewhere
    mixture_result rest;  ///< this segment in float32, the recipe elsewhere
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
    std::vector<segment_result> segments;  ///< with --layers; none for float32, which is the other arithmetic
    error_histogram errors;
};

/// How much is said of each layer.
enum class detail { sqnr, everything };

struct study_result {
    detail layers = detail::sqnr;
    std::vector<std::pair<std::string, std::string>> provenance;  ///< in the order of display: commit, compiler, ...
    std::vector<recipe_result> recipes;
};

void print_table(std::ostream& out, const study_result& result);
/// The tables of --layers: for each recipe its segments and its layers.
void print_layers(std::ostream& out, const study_result& result);
void write_html(std::ostream& out, const study_result& result);
void write_csv(std::ostream& out, const study_result& result);
void write_json(std::ostream& out, const study_result& result);

}  // namespace study
