// SPDX-License-Identifier: Apache-2.0
// The keyword-spotting network: every tensor and every byte that the boards gave, under every instruction set and
// number of tasks.
#include <doctest/doctest.h>

#include "../../examples/keyword_spotting/model.hpp"
#include "../../examples/keyword_spotting/recordings.hpp"
#include "support/instruction_sets.hpp"
#include "support/plain_network.hpp"
#include "support/shared_data.hpp"

#include "keyword_spotting_data.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <dyad/array/executor.hpp>
#include <dyad/array/thread_executor.hpp>
#include <dyad/nn/tflite_scaling.hpp>

namespace {

using namespace keyword_spotting;
using dyad::nn::tflite_int8_double;
using dyad::nn::tflite_int8_single;
using dyad_test::codes;
using dyad_test::data;
using dyad_test::keyword_data;

template <class T>
codes raw(const std::vector<T>& numbers) {
    codes all;
    for (const T x : numbers) all.push_back(x.raw());
    return all;
}

/// Keeps every tensor of int8 codes that a run makes, by its edge.
struct recorder {
    std::map<int, codes>& seen;

    template <class T, class Token>
    void operator()(int edge, dyad::matrix_view<const T> m, const Token&) const {
        codes& to = seen[edge];
        to.clear();
        for (dyad::index i = 0; i < m.extent[0]; ++i) {
            for (dyad::index j = 0; j < m.extent[1]; ++j) to.push_back(m(i, j).raw());
        }
    }
};

/// Every tensor that a model makes of one input, by its number in the graph.
template <class R>
std::map<std::size_t, codes> tensors_of(const model<R>& m, const codes& input) {
    std::map<int, codes> seen;
    recorder probe{seen};
    std::vector<std::byte> memory(m.scratch_bytes());
    dyad::arena scratch(memory);
    const dyad::serial one_thread;
    std::vector<typename model<R>::output> out;
    m.run(m.encode(input.data()), out, dyad::nn::context<recorder, const dyad::serial>{scratch, probe, one_thread});
    std::map<std::size_t, codes> tensors;
    for (const auto& [edge, tensor] : seen) tensors[m.source().number_at(static_cast<std::size_t>(edge))] = tensor;
    return tensors;
}

template <class R>
codes answers_on_this_thread(const model<R>& m, const codes& inputs) {
    const dyad::serial one_thread;
    return raw(answers(m, inputs, one_thread));
}

}  // namespace

TEST_CASE("keyword spotting: the plain loops are the contract") {
    if (!data().complete) return;
    const std::string layers = shared_data("kws_layers");
    if (layers.empty()) return;
    const auto& g = data().graph;
    const auto tensors = plain_tflite::run(g, data().input(0), plain_tflite::rounds::twice);
    for (std::size_t i = 0; i < g.operations.size(); ++i) {
        const std::size_t number = g.operations[i].output;
        CAPTURE(number);
        const std::string file = layers + "/t0" + std::to_string(number) + ".npy";
        CHECK(tensors[i + 1] == read_bytes<std::int8_t>(file, g.tensors[number].size()));
    }
    for (std::size_t row = 0; row < 1000; row += 45) {
        const codes in = data().input(row);
        CHECK(plain_tflite::run(g, in, plain_tflite::rounds::twice).back() ==
              keyword_data::rows(data().cmsis, 12, row, 1));
        if (row == 855) continue;
        CHECK(plain_tflite::run(g, in, plain_tflite::rounds::once).back() == keyword_data::rows(data().st, 12, row, 1));
    }
}

TEST_CASE("keyword spotting: every tensor of a run, in both roundings") {
    if (!data().complete) return;
    const std::string layers = shared_data("kws_layers");
    if (layers.empty()) return;
    const auto& g = data().graph;
    const auto of_first = tensors_of(model<tflite_int8_double>(g), data().input(0));
    CHECK(of_first.size() == g.operations.size());
    for (const auto& made : of_first) {
        const std::size_t number = made.first;
        CAPTURE(number);
        const std::string file = layers + "/t0" + std::to_string(number) + ".npy";
        CHECK(made.second == read_bytes<std::int8_t>(file, g.tensors[number].size()));
    }
    const model<tflite_int8_single> single(g);
    for (const std::size_t row : {std::size_t{0}, std::size_t{17}, std::size_t{855}, std::size_t{999}}) {
        const auto expected = plain_tflite::run(g, data().input(row), plain_tflite::rounds::once);
        const auto tensors = tensors_of(single, data().input(row));
        for (std::size_t i = 0; i < g.operations.size(); ++i) {
            const std::size_t number = g.operations[i].output;
            CAPTURE(number);
            CHECK(tensors.at(number) == expected[i + 1]);
        }
    }
}

TEST_CASE("keyword spotting: every byte of the boards' answers, and what the wrong rounding costs") {
    if (!data().complete) return;
    const auto twice = answers_on_this_thread(model<tflite_int8_double>(data().graph, 10), data().inputs);
    const auto once = answers_on_this_thread(model<tflite_int8_single>(data().graph, 10), data().inputs);
    CHECK(compare(twice, data().cmsis).equal_bytes == 12000);
    const comparison st = compare(once, data().st);
    CHECK(st.equal_bytes == 11999);
    CHECK(st.last_different == 855);
    CHECK(st.largest == 1);
    const comparison wrong = compare(twice, once);
    CHECK(wrong.differing_rows == 363);
    CHECK(wrong.equal_bytes == 12000 - 907);
    CHECK(wrong.largest == 22);
    CHECK(wrong.differing_classes == 7);
    CHECK(count_right(twice, data().labels) == 901);
    CHECK(count_right(once, data().labels) == 902);
}

TEST_CASE("keyword spotting: equal bytes with every instruction set, number of tasks and batch") {
    if (!data().complete) return;
    constexpr std::size_t count = 24;
    const codes inputs = keyword_data::rows(data().inputs, 490, 100, count);
    const auto check = [&]<class R>(std::type_identity<R>, const codes& board) {
        const codes expected = keyword_data::rows(board, 12, 100, count);
        for (const dyad::instruction_set isa : dyad_test::instruction_sets()) {
            const std::string name = dyad::to_string(isa);
            CAPTURE(name);
            const dyad_test::assumed_instruction_set assumed(isa);
            for (const dyad::index batch : {1, 3, 24})
                CHECK(answers_on_this_thread(model<R>(data().graph, batch), inputs) == expected);
            const model<R> m(data().graph, 2);
            for (int tasks = 1; tasks <= 8; ++tasks) {
                CAPTURE(tasks);
                dyad::thread_executor execute(tasks);
                CHECK(raw(answers(m, inputs, execute)) == expected);
            }
        }
    };
    check(std::type_identity<tflite_int8_double>{}, data().cmsis);
    check(std::type_identity<tflite_int8_single>{}, data().st);
}
