// SPDX-License-Identifier: Apache-2.0
// The keyword-spotting network: every tensor and every byte that the boards gave, under every instruction set and
// number of tasks; other arithmetics by one template argument.
#include <doctest/doctest.h>

#include "../../examples/keyword_spotting/graph.hpp"
#include "support/plain_network.hpp"
#include "support/shared_data.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dyad/io/npy.hpp>

namespace {

std::vector<std::int8_t> read_codes(const std::string& file) {
    std::vector<std::int8_t> codes;
    for (const double x : dyad::io::to_doubles(dyad::io::read_npy(file))) codes.push_back(static_cast<std::int8_t>(x));
    return codes;
}

}  // namespace

TEST_CASE("keyword spotting: the plain loops are the contract") {
    const std::string data = shared_data("kws_dscnn_int8");
    if (data.empty()) return;
    const keyword_spotting::graph g = keyword_spotting::read_graph(data);
    const auto inputs = read_codes(shared_data("kws_io/kws01_1000x49x10_int8.npy"));
    const auto expected = read_codes(shared_data("kws_io/device_cmsisnn_double_int8_1000x12.npy"));
    const auto once = read_codes(shared_data("kws_io/device_st_single_int8_1000x12.npy"));
    const std::vector<std::int8_t> first(inputs.begin(), inputs.begin() + 490);
    const auto tensors = plain_tflite::run(g, first, plain_tflite::rounds::twice);
    for (std::size_t i = 0; i < g.operations.size(); ++i) {
        const std::string number = std::to_string(g.operations[i].output);
        const std::string file = shared_data("kws_layers/t0" + number + ".npy");
        CAPTURE(file);
        CHECK(tensors[i + 1] == read_codes(file));
    }
    for (std::ptrdiff_t row = 0; row < 1000; row += 19) {
        const std::vector<std::int8_t> in(inputs.begin() + 490 * row, inputs.begin() + 490 * (row + 1));
        const auto of = [row](const std::vector<std::int8_t>& all) {
            return std::vector<std::int8_t>(all.begin() + 12 * row, all.begin() + 12 * (row + 1));
        };
        CHECK(plain_tflite::run(g, in, plain_tflite::rounds::twice).back() == of(expected));
        if (row != 855) CHECK(plain_tflite::run(g, in, plain_tflite::rounds::once).back() == of(once));
    }
}
