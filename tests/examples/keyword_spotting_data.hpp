// SPDX-License-Identifier: Apache-2.0
// The data of the keyword-spotting example's tests, read once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../../examples/keyword_spotting/graph.hpp"
#include "../../examples/keyword_spotting/recordings.hpp"
#include "support/shared_data.hpp"

namespace dyad_test {

using codes = std::vector<std::int8_t>;

/// The example's data, read once; nothing where it is missing.
struct keyword_data {
    bool complete = false;
    keyword_spotting::graph graph;
    codes inputs;
    codes cmsis;
    codes st;
    std::vector<std::uint8_t> labels;

    keyword_data() {
        const std::string network = shared_data("kws_dscnn_int8");
        const std::string io = shared_data("kws_io");
        if (network.empty() || io.empty()) return;
        using namespace keyword_spotting;
        graph = read_graph(network);
        inputs = read_bytes<std::int8_t>(io + "/kws01_1000x49x10_int8.npy", 490);
        cmsis = read_bytes<std::int8_t>(io + "/device_cmsisnn_double_int8_1000x12.npy", classes);
        st = read_bytes<std::int8_t>(io + "/device_st_single_int8_1000x12.npy", classes);
        labels = read_bytes<std::uint8_t>(io + "/kws01_labels_u8.npy", 1);
        complete = true;
    }
    [[nodiscard]] codes input(std::size_t i) const { return rows(inputs, 490, i, 1); }
    [[nodiscard]] static codes rows(const codes& all, std::size_t columns, std::size_t first, std::size_t count) {
        const auto at = all.begin() + static_cast<std::ptrdiff_t>(first * columns);
        return {at, at + static_cast<std::ptrdiff_t>(count * columns)};
    }
};
inline const keyword_data& data() {
    static const keyword_data once;
    return once;
}

}  // namespace dyad_test
