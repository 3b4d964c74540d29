// SPDX-License-Identifier: Apache-2.0
// A linear layer from plain pointers: zero points, codes that a file prescribes, biases, fused activations, reports of
// sums, each against sums written out in integers.
#include <dyad/nn/product_parameters.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <dyad/math/requantize.hpp>
#include <dyad/nn/linear.hpp>

#include "nn/test_recipes.hpp"

namespace {

using dyad::integer;
using dyad::status;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::named_parameter;
using dyad::nn::operand_kind;
using dyad::nn::parameter_list;
using dyad::nn::path;

constexpr dyad::index rows = 5;
constexpr dyad::index inputs = 37;
constexpr dyad::index outputs = 11;

/// INT8 with dyadic scales that takes what files prescribe.
struct files_scaling : dyad::nn::dyadic_scaling {
    static constexpr auto file_scales = dyad::nn::prescribed::taken;
};
struct from_files : dyad_test::in_int8 {
    using scaling = files_scaling;
};

struct model {
    std::vector<float> weight = std::vector<float>(outputs * inputs);
    std::vector<float> bias = std::vector<float>(outputs);
    std::vector<integer<8>> x = std::vector<integer<8>>(rows * inputs);

    model() {
        std::mt19937 random(7);
        std::uniform_int_distribution<int> code(-127, 127);
        for (float& w : weight) w = static_cast<float>(code(random)) / 64;
        for (float& b : bias) b = static_cast<float>(code(random)) / 8;
        for (auto& c : x) c = integer<8>::from_raw(static_cast<std::int8_t>(code(random)));
    }
    [[nodiscard]] std::array<named_parameter, 2> list() const {
        return {named_parameter{"l.weight", dyad::make_matrix(weight.data(), outputs, inputs)},
                named_parameter{"l.bias", dyad::make_matrix(bias.data(), 1, outputs)}};
    }
};

template <class R>
struct held_layer {
    dyad::nn::linear<R> layer;
    std::vector<std::byte> memory;
    std::vector<std::byte> scratch = std::vector<std::byte>(std::size_t{1} << 18);

    held_layer() {
        auto need = dyad::arena::measuring();
        REQUIRE(layer.shape(need, outputs, inputs) == status::ok);
        memory.resize(need.peak());
        dyad::arena given(memory);
        REQUIRE(layer.shape(given, outputs, inputs) == status::ok);
    }
    std::vector<integer<8>> run(const model& m) { return run(m, dyad::nn::context_rules::nobody); }
    template <class Probe>
    std::vector<integer<8>> run(const model& m, Probe& probe) {
        std::vector<integer<8>> out(rows * outputs);
        dyad::arena work(scratch);
        const dyad::serial one_thread;
        const dyad::nn::context<Probe, const dyad::serial> context{work, probe, one_thread};
        REQUIRE(layer.run({dyad::make_matrix(m.x.data(), rows, inputs), {}},
                          dyad::make_matrix(out.data(), rows, outputs), context) == status::ok);
        CHECK(work.used() == 0);
        return out;
    }
};

/// The definition: every weight an integer of its row's scale.
std::vector<int> expected(const model& m, const std::vector<std::vector<int>>& codes, const std::vector<double>& scales,
                          const std::vector<std::int64_t>& bias, const affine& in, const affine& out, int low,
                          int high) {
    std::vector<int> y;
    for (dyad::index i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < outputs; ++j) {
            std::int64_t sum = bias[j];
            for (std::size_t k = 0; k < inputs; ++k) {
                const int x = m.x[static_cast<std::size_t>(i) * inputs + k].raw();
                sum += std::int64_t{x - in.zero_point} * codes[j][k];
            }
            const auto factor = dyad::multiplier::from_ratio(scales[j] * in.scale, out.scale);
            const std::int64_t code = std::int64_t{dyad::requantize(static_cast<std::int32_t>(sum), factor,
                                                                    dyad::requantization::single_half_up)} +
                                      out.zero_point;
            y.push_back(static_cast<int>(code < low ? low : code > high ? high : code));
        }
    }
    return y;
}

struct integers_of {
    std::vector<std::vector<int>> codes;
    std::vector<double> scales;
    std::vector<std::int64_t> bias;

    integers_of(const model& m, double in_scale) {
        for (std::size_t j = 0; j < outputs; ++j) {
            const float* const row = &m.weight[j * inputs];
            float most = 0;
            for (std::size_t k = 0; k < inputs; ++k) most = std::max(most, std::fabs(row[k]));
            scales.push_back(static_cast<double>(most) / 127);
            codes.emplace_back();
            for (std::size_t k = 0; k < inputs; ++k) {
                codes.back().push_back(static_cast<int>(std::nearbyint(static_cast<double>(row[k]) / scales.back())));
            }
            bias.push_back(std::llrint(static_cast<double>(m.bias[j]) / (scales.back() * in_scale)));
        }
    }
};

std::vector<int> raw(const std::vector<integer<8>>& codes) {
    std::vector<int> r;
    for (const auto c : codes) r.push_back(c.raw());
    return r;
}

}  // namespace

TEST_CASE("zero points of the input and the output, to the code") {
    const model m;
    const auto list = m.list();
    for (const affine in : {affine(0.05), affine(0.05, 3), affine(0.05, -128), affine(0.05, 127)}) {
        for (const affine out : {affine(0.4), affine(0.4, -20), affine(0.4, 127)}) {
            CAPTURE(in.zero_point);
            CAPTURE(out.zero_point);
            held_layer<dyad_test::in_int8> held;
            parameter_list source(list);
            REQUIRE(held.layer.prepare(source, path("l"), in, out) == status::ok);
            const integers_of n(m, in.scale);
            CHECK(raw(held.run(m)) == expected(m, n.codes, n.scales, n.bias, in, out, -128, 127));
        }
    }
}

TEST_CASE("a fused activation clamps codes") {
    using dyad::nn::bias_kind;
    using dyad::nn::fused_activation;
    const model m;
    const auto list = m.list();
    const affine in(0.05, 3);
    const affine out(0.4, -20);
    const integers_of n(m, in.scale);
    const auto check = [&](fused_activation f, int low, int high) {
        held_layer<dyad_test::in_int8> held;
        parameter_list source(list);
        REQUIRE(held.layer.prepare(source, path("l"), in, out, bias_kind::given, f) == status::ok);
        CHECK(raw(held.run(m)) == expected(m, n.codes, n.scales, n.bias, in, out, low, high));
    };
    check(fused_activation::none, -128, 127);
    check(fused_activation::relu, -20, 127);
    check(fused_activation::relu6, -20, -5);
    check(fused_activation::relu_n1_to_1, -23, -17);  // 1 / 0.4 = 2.5: half away from zero
}

TEST_CASE("without a bias") {
    const model m;
    const auto list = m.list();
    held_layer<dyad_test::in_int8> held;
    parameter_list weights_only(std::span<const named_parameter>(list).first(1));
    const auto missing = held.layer.prepare(weights_only, path("l"), affine(0.05), affine(0.4));
    CHECK(to_string(missing).text() == "linear, bias: a parameter of the model is missing");
    REQUIRE(held.layer.prepare(weights_only, path("l"), affine(0.05), affine(0.4), dyad::nn::bias_kind::none) ==
            status::ok);
    integers_of n(m, 0.05);
    n.bias.assign(outputs, 0);
    CHECK(raw(held.run(m)) == expected(m, n.codes, n.scales, n.bias, 0.05, 0.4, -128, 127));
}

namespace {

/// A file with codes, scales of rows or of all, and biases of 32 bits.
struct codes_file : parameter_list {
    std::vector<std::int8_t> codes = std::vector<std::int8_t>(outputs * inputs);
    std::vector<float> scales;
    std::vector<std::int32_t> biases = std::vector<std::int32_t>(outputs);
    status weight_answer = status::ok;

    explicit codes_file(std::size_t scale_count) : parameter_list(std::span<const named_parameter>{}) {
        std::mt19937 random(9);
        std::uniform_int_distribution<int> code(-127, 127);
        for (auto& c : codes) c = static_cast<std::int8_t>(code(random));
        for (auto& b : biases) b = code(random) * 100003;
        for (std::size_t i = 0; i < scale_count; ++i) scales.push_back(0.01F + 0.001F * static_cast<float>(i));
    }
    bool given(int, affine&) { return false; }
    status given_weight(std::string_view name, dyad::index n, dyad::index k, dyad::nn::given_codes& w) const {
        if (name != "l.weight" || n != outputs || k != inputs) return status::parameter_shape_differs;
        w.codes = dyad::make_matrix(codes.data(), n, k);
        w.scales = dyad::make_vector(scales.data(), static_cast<dyad::index>(scales.size()));
        return weight_answer;
    }
    status given_bias(std::string_view, dyad::index n, dyad::vector_view<const std::int32_t>& b) const {
        b = dyad::make_vector(biases.data(), n);
        return status::ok;
    }
};
static_assert(dyad::nn::quantized_source<codes_file>);

}  // namespace

TEST_CASE("codes that a file prescribes are taken as they are") {
    const model m;
    const affine in(static_cast<double>(0.05F), 3);
    const affine out(static_cast<double>(0.4F), -20);
    for (const std::size_t count : {std::size_t{1}, std::size_t{outputs}}) {
        codes_file file(count);
        held_layer<from_files> held;
        REQUIRE(held.layer.prepare(file, path("l"), in, out) == status::ok);
        std::vector<std::vector<int>> codes;
        std::vector<double> scales;
        for (std::size_t j = 0; j < outputs; ++j) {
            codes.emplace_back(&file.codes[j * inputs], &file.codes[j * inputs] + inputs);
            scales.push_back(static_cast<double>(file.scales[count == 1 ? 0 : j]));
        }
        const std::vector<std::int64_t> bias(file.biases.begin(), file.biases.end());
        CHECK(raw(held.run(m)) == expected(m, codes, scales, bias, in, out, -128, 127));
    }
}

TEST_CASE("what is wrong with a file is told with the operand") {
    codes_file file(2);  // neither one scale nor one for each row
    held_layer<from_files> held;
    CHECK(held.layer.prepare(file, path("l"), affine(0.05), affine(0.4)) ==
          dyad::nn::layer_status(status::parameter_shape_differs, layer_kind::linear, operand_kind::weight));
    file.weight_answer = status::parameter_not_finite;
    CHECK(held.layer.prepare(file, path("l"), affine(0.05), affine(0.4)).operand() == operand_kind::weight);
    file.weight_answer = status::ok;
    file.scales.resize(1);
    CHECK(held.layer.prepare(file, path("l"), affine(0), affine(0.4)).operand() == operand_kind::input_scale);
    CHECK(held.layer.prepare(file, path("l"), affine(-1), affine(0.4)) == status::scale_not_positive);
    CHECK(held.layer.prepare(file, path("l"), affine(0.05), affine(0)) == status::scale_not_positive);
}

TEST_CASE("a probe is told what sums there were") {
    struct watcher {
        std::vector<dyad::nn::sum_report> reports;
        void operator()(int, dyad::matrix_view<const integer<8>>, dyad::nn::static_scale) {}
        void sums(const dyad::nn::sum_report& r) { reports.push_back(r); }
    };
    const model m;
    const auto list = m.list();
    held_layer<dyad_test::in_int8> held;
    parameter_list source(list);
    REQUIRE(held.layer.prepare(source, path("l"), affine(0.05), affine(0.4)) == status::ok);
    watcher w;
    CHECK(raw(held.run(m, w)) == raw(held.run(m)));
    REQUIRE(w.reports.size() == 1);
    CHECK(w.reports[0].k == inputs);
    const integers_of n(m, 0.05);
    double largest = 0;
    std::int64_t bias = 0;
    for (std::size_t j = 0; j < outputs; ++j) {
        bias = std::max(bias, std::abs(n.bias[j]));
        for (std::size_t i = 0; i < rows; ++i) {
            double sum = 0;
            for (std::size_t k = 0; k < inputs; ++k) sum += m.x[i * inputs + k].raw() * n.codes[j][k];
            largest = std::max(largest, std::fabs(sum));
        }
    }
    CHECK(w.reports[0].largest == largest);
    // 37 * 2^14 and the largest bias, with a sign.
    CHECK(w.reports[0].proven_bits == 1 + dyad::bit_width(static_cast<std::uint64_t>(inputs * 16384 + bias)));
}

TEST_CASE("extents that do not fit are told before anything is written") {
    const model m;
    const auto list = m.list();
    held_layer<dyad_test::in_int8> held;
    parameter_list source(list);
    REQUIRE(held.layer.prepare(source, path("l"), affine(0.05), affine(0.4)) == status::ok);
    std::vector<integer<8>> out(rows * outputs, integer<8>(77));
    dyad::arena work(held.scratch);
    const auto told = [&](dyad::index in_columns, dyad::index out_rows, dyad::index out_columns) {
        const auto s = held.layer.run({dyad::make_matrix(m.x.data(), rows, in_columns), {}},
                                      dyad::make_matrix(out.data(), out_rows, out_columns), dyad::nn::quiet(work));
        for (const auto c : out) CHECK(c.raw() == 77);
        return to_string(s);
    };
    CHECK(told(inputs - 1, rows, outputs).text() == "linear, input: lhs must have k columns, as planned");
    CHECK(told(inputs, rows - 1, outputs).text() == "linear, output: dst must have m rows, as planned");
    CHECK(told(inputs, rows, outputs - 1).text() == "linear, output: dst must have n columns, as planned");
    dyad::arena none(std::span<std::byte>{});
    const auto s = held.layer.run({dyad::make_matrix(m.x.data(), rows, inputs), {}},
                                  dyad::make_matrix(out.data(), rows, outputs), dyad::nn::quiet(none));
    CHECK(to_string(s).text() == "linear, memory: the arena is too small");
}
