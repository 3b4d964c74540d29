// SPDX-License-Identifier: Apache-2.0
// path, preparation_source and edge.
#include <dyad/nn/preparation.hpp>

#include <doctest/doctest.h>

#include "nn/layer_support.hpp"

#include <limits>
#include <string>

namespace dyad_test {
namespace {

using dyad::nn::path;

static_assert((path("blocks") / 3 / "attn").text() == "blocks.3.attn");
static_assert((path() / "head").text() == "head");
static_assert((path("a") / 0).text() == "a.0");
static_assert((path("a") / 10 / 200).text() == "a.10.200");
static_assert((path("a") / std::numeric_limits<int>::max()).text() == "a.2147483647");
static_assert(path().text().empty());

TEST_CASE("path: names are cut at 119 characters") {
    const std::string longest(119, 'x');
    CHECK(path(longest).text() == longest);
    CHECK(path(longest + "y").text() == longest);
    CHECK((path(longest) / "y").text() == longest);
    CHECK((path(std::string(117, 'x')) / "yz").text() == std::string(117, 'x') + ".y");
    CHECK((path(std::string(116, 'x')) / 12).text() == std::string(116, 'x') + ".12");
}

TEST_CASE("path: a longer name leaves the shorter one as it was") {
    const path blocks("blocks");
    static_cast<void>(blocks / 1);
    CHECK(blocks.text() == "blocks");
}

struct deaf {
    status parameter(std::string_view, index, index, matrix_view<const float>&) { return status::ok; }
    int edge(std::string_view) { return 0; }
    double absmax(int) { return 1; }
};
struct mute : deaf {
    void set_scale(int, const dyad::nn::affine&) {}
    double absmax(int) = delete;
};
struct complete : deaf {
    void set_scale(int, const dyad::nn::affine&) {}
};
static_assert(dyad::nn::preparation_source<complete>);
static_assert(!dyad::nn::preparation_source<deaf> && !dyad::nn::preparation_source<mute> &&
              !dyad::nn::preparation_source<int>);

TEST_CASE("edge: takes the next number, and a scale from the range that its name has") {
    parameters source;
    source.set_range("block.0.q", 254);
    source.set_range("block.0.k", 0);
    dyad::nn::edge<in_int8, dyad::integer<8>> q;
    dyad::nn::edge<in_int8, dyad::integer<8>> k;
    dyad::nn::edge<in_int8, dyad::integer<16>> logits;
    dyad::nn::edge<in_dynamic16, float> dynamic;
    CHECK(q.number == -1);
    CHECK(q.prepare(source, path("block") / 0 / "q") == 2);
    CHECK(k.prepare(source, path("block") / 0 / "k") == 1);
    CHECK(logits.prepare(source, path("logits")) == 1 / 32767.0);
    CHECK(dynamic.prepare(source, path("block") / 0 / "q") == 1);
    CHECK(q.number == 0);
    CHECK(k.number == 1);
    CHECK(logits.number == 2);
    CHECK(dynamic.number == 3);
    CHECK(source.edges == std::vector<std::string>{"block.0.q", "block.0.k", "logits", "block.0.q"});
    CHECK(source.scales == std::vector<double>{2, 1, 1 / 32767.0, 1});
}

}  // namespace
}  // namespace dyad_test
