// SPDX-License-Identifier: Apache-2.0
// The keyword-spotting network under other arithmetics, by one template argument: how often they find int8's class.
#include <doctest/doctest.h>

#include "../../examples/keyword_spotting/model.hpp"
#include "../../examples/keyword_spotting/recordings.hpp"

#include "keyword_spotting_data.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <dyad/array/executor.hpp>
#include <dyad/nn/recipes.hpp>

namespace {

using namespace keyword_spotting;
using dyad_test::data;
using dyad_test::keyword_data;

/// The classes that a recipe finds for the first inputs.
template <class R>
std::vector<std::size_t> classes_of(std::size_t count) {
    const model<R> m(data().graph, 10);
    const dyad::serial one_thread;
    const auto all = answers(m, keyword_data::rows(data().inputs, 490, 0, count), one_thread);
    std::vector<double> shares;
    for (const auto code : all) shares.push_back(m.share(code));
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < count; ++i) found.push_back(top_class(shares, i));
    return found;
}

}  // namespace

TEST_CASE("keyword spotting: other arithmetics by one template argument find the same classes") {
    if (!data().complete) return;
    constexpr std::size_t count = 500;
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < count; ++i) expected.push_back(top_class(data().cmsis, i));
    const auto check = [&](const std::string& name, const std::vector<std::size_t>& found, std::size_t least) {
        std::size_t equal = 0;
        std::size_t right = 0;
        for (std::size_t i = 0; i < count; ++i) {
            equal += found[i] == expected[i] ? 1U : 0U;
            right += found[i] == data().labels[i] ? 1U : 0U;
        }
        MESSAGE(name, ": the class of int8's in ", equal, " of ", count, ", the label's in ", right);
        CHECK(equal >= least);
    };
    check("int8 dyadic", classes_of<dyad::nn::recipes::int8_dyadic>(count), 475);
    check("float8 e4m3", classes_of<dyad::nn::recipes::float8_e4m3fn>(count), 480);
}
