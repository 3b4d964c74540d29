// SPDX-License-Identifier: Apache-2.0
// embedding: rows of the table by id, kept as codes and as blocks that share scales; ids and operands that do not fit.
#include <dyad/nn/block_scaling.hpp>
#include <dyad/nn/embedding.hpp>
#include <dyad/number/presets.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using dyad::make_matrix;
using dyad::make_vector;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;

struct in_mxfp8 {
    static std::string name() { return "mxfp8"; }
    using weight = dyad::mxfp8_e4m3::element_type;
    using operand = weight;
    using probability = weight;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = dyad::nn::block_scaling<dyad::mxfp8_e4m3>;
    using functions = dyad::nn::float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
/// float32 but for its table.
struct small_table : in_float32 {
    static std::string name() { return "float32, table of mxfp8"; }
    template <dyad::nn::part P>
    using part = std::conditional_t<P == dyad::nn::part::embed, in_mxfp8, in_float32>;
};

constexpr index entries = 30;
constexpr index width = 40;

/// The rows of all ids, and the error that a weight of R may have.
template <class R>
void check_embedding(double decibels) {
    INFO(R::name());
    using layer_type = dyad::nn::embedding<R>;
    using stream = typename R::stream;
    auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, entries, width); });
    parameters source;
    real_matrix table = random_matrix(entries, width, 2, 8);
    for (index j = 0; j < width; ++j) {
        table(3, j) = 0;
        table(5, j) /= 64;  // rows have scales of their own
    }
    affine out = R::scaling::template scale<stream>(table.absmax());
    CHECK(held.layer.prepare(source, path("tok"), out) ==
          layer_status(status::parameter_missing, layer_kind::embedding, operand_kind::weight));
    source.add("tok.weight", table);
    CHECK(held.layer.prepare(source, path("tok"), affine(std::numeric_limits<double>::quiet_NaN())).operand() ==
          operand_kind::output_scale);
    REQUIRE(held.layer.prepare(source, path("tok"), out) == status::ok);
    std::vector<std::int32_t> ids;
    for (std::int32_t i = 0; i < 45; ++i) ids.push_back(i * 7 % static_cast<std::int32_t>(entries));
    const auto n = static_cast<index>(ids.size());
    const auto run = [&](auto from, auto to, const auto& context) -> status {
        return held.layer.run(row(from, 0), to, context);
    };
    const auto y = run_checked<stream>(ids, 1, n, n, width, run);
    real_matrix expected(n, width);
    for (index i = 0; i < n; ++i) {
        for (index j = 0; j < width; ++j) expected(i, j) = table(ids[static_cast<std::size_t>(i)], j);
    }
    const real_matrix got = decode(y, n, width, out.scale);
    const double error = sqnr(expected, got);
    MESSAGE(R::name() << ", embedding: " << error << " dB");
    CHECK(error >= decibels);
    CHECK(error < decibels + 4);
    for (index j = 0; j < width; ++j) CHECK(got(9, j) == 0);  // 9 * 7 mod 30 = 3
    CHECK(ids[9] == 3);

    auto z = y;
    const auto told = [&](const std::int32_t* data, index count, index rows, index columns, stream* to) {
        layer_status s;
        CHECK(run_in(std::size_t{1} << 16, [&](const auto& context) -> status {
                  s = held.layer.run(make_vector(data, count), make_matrix(to, rows, columns), context);
                  return s;
              }) != status::ok);
        CHECK(s.layer() == layer_kind::embedding);
        CHECK(equal_bits(z, y));  // nothing is written
        return s;
    };
    for (const std::int32_t bad : {-1, 30, std::numeric_limits<std::int32_t>::min()}) {
        auto wrong = ids;
        wrong.back() = bad;
        CHECK(told(wrong.data(), n, n, width, z.data()) ==
              layer_status(status::id_out_of_range, layer_kind::embedding, operand_kind::input));
    }
    CHECK(told(ids.data(), n, n - 1, width, z.data()).operand() == operand_kind::output);
    CHECK(told(ids.data(), n, n, width - 1, z.data()).operand() == operand_kind::output);
    CHECK(told(nullptr, n, n, width, z.data()).operand() == operand_kind::input);
    CHECK(told(ids.data(), n, n, width, nullptr).operand() == operand_kind::output);
}

TEST_CASE("embedding: rows of the table, in the stream's codes; ids out of range") {
    check_embedding<in_float32>(1e9);
    check_embedding<in_int8>(44);
    check_embedding<in_mxfp8>(30);
    check_embedding<small_table>(30);
}

}  // namespace
}  // namespace dyad_test
