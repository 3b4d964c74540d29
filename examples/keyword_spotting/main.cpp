// SPDX-License-Identifier: Apache-2.0
// Runs the keyword-spotting network of MLPerf Tiny from a folder of data, in the two roundings of TensorFlow Lite, and
// compares every byte with what boards answered. Exit status: 0 where all is as published, 1 where not.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <dyad/array/executor.hpp>
#include <dyad/nn/tflite_scaling.hpp>

#include "graph.hpp"
#include "model.hpp"
#include "recordings.hpp"

namespace {

using keyword_spotting::comparison;

constexpr const char* usage =
    "usage: dyad-keyword-spotting DATA_FOLDER\n"
    "  DATA_FOLDER/kws_dscnn_int8   the network: graph.json and its constants\n"
    "  DATA_FOLDER/kws_io           inputs, labels and the boards' answers\n";

/// The answers of a recipe to all inputs, as the file's codes.
template <class R>
std::vector<std::int8_t> answers_of(const keyword_spotting::graph& g, const std::vector<std::int8_t>& inputs,
                                    std::size_t count) {
    const keyword_spotting::model<R> model(g, count % 10 == 0 ? 10 : 1);
    const dyad::serial one_thread;
    std::vector<std::int8_t> codes;
    for (const auto code : keyword_spotting::answers(model, inputs, one_thread)) codes.push_back(code.raw());
    return codes;
}

/// Prints how many bytes are equal; true where as many as must be.
bool report(const std::string& what, const comparison& c, std::size_t expected) {
    std::cout << what << ": " << c.equal_bytes << " of " << c.bytes << " bytes equal";
    if (c.differing_rows == 1)
        std::cout << " (the other is " << c.largest << " off, in row " << c.last_different << ")";
    const bool good = c.equal_bytes == expected;
    std::cout << (good ? "\n" : "; " + std::to_string(expected) + " should be\n");
    return good;
}

int run(const std::string& folder) {
    using keyword_spotting::compare;
    using keyword_spotting::count_right;
    using keyword_spotting::read_bytes;
    const keyword_spotting::graph g = keyword_spotting::read_graph(folder + "/kws_dscnn_int8");
    const std::size_t pixels = g.tensors[g.input].size();
    const std::string io = folder + "/kws_io/";
    const auto inputs = read_bytes<std::int8_t>(io + "kws01_1000x49x10_int8.npy", pixels);
    const auto labels = read_bytes<std::uint8_t>(io + "kws01_labels_u8.npy", 1);
    const std::size_t count = labels.size();
    const auto boards = [&](const char* file) {
        auto bytes = read_bytes<std::int8_t>(io + file, keyword_spotting::classes);
        if (bytes.size() != count * keyword_spotting::classes)
            throw dyad::io::io_error(io + file, "must have a row for each label");
        return bytes;
    };
    if (inputs.size() != count * pixels) throw dyad::io::io_error(io, "must have a label for each input");
    const auto cmsis = boards("device_cmsisnn_double_int8_1000x12.npy");
    const auto st = boards("device_st_single_int8_1000x12.npy");

    const auto twice = answers_of<dyad::nn::tflite_int8_double>(g, inputs, count);
    const auto once = answers_of<dyad::nn::tflite_int8_single>(g, inputs, count);
    std::cout << "MLPerf Tiny keyword spotting (DS-CNN, int8), " << count << " inputs\n";
    bool good = report("double rounding, boards with CMSIS-NN", compare(twice, cmsis), 12000);
    good = report("single rounding, ST's boards", compare(once, st), 11999) && good;

    const comparison wrong = compare(twice, once);
    std::cout << "the wrong rounding: " << wrong.differing_rows << " of " << wrong.rows << " outputs differ ("
              << wrong.bytes - wrong.equal_bytes << " of " << wrong.bytes << " bytes, by up to " << wrong.largest
              << "), the class of " << wrong.differing_classes << '\n';
    if (wrong.differing_rows != 363) {
        std::cout << "363 outputs should differ\n";
        good = false;
    }
    std::cout << "right classes: " << count_right(twice, labels) << " of " << count << " with double rounding, "
              << count_right(once, labels) << " with single\n";
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || std::string(argv[1]) == "--help") {
        (argc == 2 ? std::cout : std::cerr) << usage;
        return argc == 2 ? 0 : 2;
    }
    try {
        return run(argv[1]);
    } catch (const std::exception& e) {
        std::cerr << "dyad-keyword-spotting: " << e.what() << '\n';
        return 1;
    }
}
