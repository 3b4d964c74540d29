// SPDX-License-Identifier: Apache-2.0
// read_blocks, write_blocks: a round trip through a file of raw blocks.
#include <dyad/io/blocks.hpp>

#include <doctest/doctest.h>

#include "io/damaged_files.hpp"

#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <dyad/array/quantize.hpp>

namespace dyad_test {
namespace {

template <dyad::block_type B>
std::vector<B> blocks_of(const std::vector<float>& x) {
    std::vector<B> blocks((x.size() + B::size - 1) / B::size);
    const std::span<const float> from(x);
    if constexpr (B::layout.levels == dyad::scale_levels::two) {
        CHECK(quantize(from, std::span<B>(blocks), 0.01F, dyad::scale_rule::nearest) == dyad::status::ok);
    } else {
        CHECK(quantize(from, std::span<B>(blocks), dyad::scale_rule::floor) == dyad::status::ok);
    }
    return blocks;
}

TEST_CASE_TEMPLATE("blocks written to a file and read again are the same bytes", B, dyad::mxfp4, dyad::mxfp6_e3m2,
                   dyad::mxfp8_e4m3, dyad::mxint8, dyad::nvfp4, dyad::msfp12, dyad::q8_0, dyad::q4_0) {
    const temporary_folder folder;
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
        std::vector<float> x(n);
        for (float& value : x) value = normal(random);
        const std::vector<B> blocks = blocks_of<B>(x);
        const std::string name = folder / "tensor.blocks";
        dyad::io::write_blocks(name, std::span<const B>(blocks));
        CHECK(dyad::io::read_file(name).size() == blocks.size() * sizeof(B));
        const std::vector<B> again = dyad::io::read_blocks<B>(name);
        REQUIRE(again.size() == blocks.size());
        CHECK((n == 0 || std::memcmp(again.data(), blocks.data(), blocks.size() * sizeof(B)) == 0));
    }
}

TEST_CASE("files that are no blocks are told") {
    const temporary_folder folder;
    const auto fault = [](const std::string& name) {
        return fault_of(name, 0, [&] { static_cast<void>(dyad::io::read_blocks<dyad::mxfp4>(name)); });
    };
    CHECK(fault(write_file(folder / "short", std::string(33, 'x'))) == "has 33 bytes, no multiple of a block's 17");
    CHECK(fault(folder / "missing") == "cannot be opened");
    const std::string nowhere = folder / "no_folder/file";
    CHECK(fault_of(nowhere, 0, [&] { dyad::io::write_blocks(nowhere, std::span<const dyad::mxfp4>()); }) ==
          "cannot be opened for writing");
}

}  // namespace
}  // namespace dyad_test
