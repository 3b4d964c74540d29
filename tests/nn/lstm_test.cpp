// SPDX-License-Identifier: Apache-2.0
// lstm: in integers against a plain loop of TensorFlow Lite's contract, code by code; all recipes against doubles; step
// by step and all steps at once; what it refuses.
#include <dyad/nn/lstm.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"
#include "support/instruction_sets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::make_matrix;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;

constexpr index inputs = 10;
constexpr index units = 9;
constexpr index batch = 2;
constexpr index steps = 12;
constexpr const char* gates[] = {"input", "forget", "cell", "output"};

parameters weights_of_lstm() {
    parameters source;
    std::uint64_t seed = 1;
    for (const char* const g : gates) {
        const std::string name = std::string("lstm.") + g;
        source.add(name + ".x.weight", random_matrix(units, inputs, 1.5, seed));
        source.add(name + ".x.bias", random_matrix(1, units, 1, seed + 1));
        source.add(name + ".h.weight", random_matrix(units, units, 1.2, seed + 2));
        seed += 3;
    }
    source.set_range("l.cell", 4);
    source.set_range("l.hidden", 1);
    return source;
}

/// h of all steps and c of the last, in double, on unrounded weights.
struct real_result {
    real_matrix hidden = real_matrix(steps * batch, units);
    real_matrix cell = real_matrix(batch, units);
};
real_result in_double(const parameters& source, const real_matrix& x, double clip) {
    real_result r;
    std::vector<double> h(static_cast<std::size_t>(batch * units));
    for (index t = 0; t < steps; ++t) {
        std::vector<double> next(h.size());
        for (index b = 0; b < batch; ++b) {
            for (index j = 0; j < units; ++j) {
                double z[4] = {};
                for (int g = 0; g < 4; ++g) {
                    const std::string name = std::string("lstm.") + gates[g];
                    const real_matrix w = source.get(name + ".x.weight");
                    const real_matrix u = source.get(name + ".h.weight");
                    z[g] = source.get(name + ".x.bias")(0, j);
                    for (index k = 0; k < inputs; ++k) z[g] += w(j, k) * x(t * batch + b, k);
                    for (index k = 0; k < units; ++k) z[g] += u(j, k) * h[static_cast<std::size_t>(b * units + k)];
                    z[g] = g == 2 ? std::tanh(z[g]) : 1 / (1 + std::exp(-z[g]));
                }
                double& c = r.cell(b, j);
                c = z[1] * c + z[0] * z[2];
                if (clip > 0) c = std::clamp(c, -clip, clip);
                next[static_cast<std::size_t>(b * units + j)] = r.hidden(t * batch + b, j) = z[3] * std::tanh(c);
            }
        }
        h = next;
    }
    return r;
}

template <class R>
using layer_of = dyad::nn::lstm<R>;
template <class R>
with_memory<layer_of<R>> new_layer() {
    return shaped<layer_of<R>>([](auto& layer, dyad::arena& a) { return layer.shape(a, inputs, units); });
}

/// The state, and views of it.
template <class R>
struct held_state {
    using hidden_type = typename layer_of<R>::output;
    using cell_type = typename layer_of<R>::gate_type;
    std::vector<hidden_type> hidden = std::vector<hidden_type>(static_cast<std::size_t>(batch * units));
    std::vector<cell_type> cell = std::vector<cell_type>(static_cast<std::size_t>(batch * units));

    [[nodiscard]] dyad::nn::lstm_state<R> view() {
        return {make_matrix(hidden.data(), batch, units), make_matrix(cell.data(), batch, units)};
    }
};
template <class R, class Context>
layer_status run_lstm(const layer_of<R>& layer, matrix_view<const typename layer_of<R>::output> x,
                      const dyad::nn::lstm_state<R>& state, matrix_view<typename layer_of<R>::output> y,
                      const Context& context) {
    dyad::nn::tensor_of<R, typename R::operand> t;
    const status s = dyad::nn::as_operand<R, typename R::operand>(x, t, 0, context);
    return s == status::ok ? layer.run(t, state, y, context) : layer_status(s);
}

/// One layer of R on random input; whole sequences, checked on 1 to 4 tasks and with too little memory.
template <class R>
struct example {
    using code = typename layer_of<R>::output;
    parameters source = weights_of_lstm();
    with_memory<layer_of<R>> held = new_layer<R>();
    affine in;
    affine out;
    std::vector<code> x;
    std::vector<code> y;
    held_state<R> last;

    explicit example(double clip = 0, affine given = {0, 0}) {
        const real_matrix values = random_matrix(steps * batch, inputs, 2, 77);
        in = given.scale > 0 ? given : affine(R::scaling::template scale<code>(values.absmax()));
        real_matrix shifted = values;
        for (double& v : shifted.values) v += in.zero_point * in.scale;
        x = encode<code>(shifted, in.scale);
        REQUIRE(held.layer.prepare(source, path("lstm"), path("l"), in, out, clip) == status::ok);
        y = run_checked<code>(x, steps * batch, inputs, steps * batch, units,
                              [this](auto from, auto to, const auto& context) -> status {
                                  held_state<R> state;
                                  if (held.layer.reset(state.view()) != status::ok) return status::code_invalid;
                                  const layer_status s = run_lstm<R>(held.layer, from, state.view(), to, context);
                                  if (s == status::ok && !context.measuring()) last = state;
                                  return s;
                              });
    }
    [[nodiscard]] real_matrix values() const {
        real_matrix m = decode(x, steps * batch, inputs, in.scale);
        for (double& v : m.values) v -= in.zero_point * in.scale;
        return m;
    }
};

TEST_CASE("lstm: against double, with and without a bound of the cell") {
    const auto check = [](auto r, double largest) {
        using R = decltype(r);
        INFO(R::name());
        for (const double clip : {0.0, 0.5}) {
            const example<R> e(clip);
            const real_result expected = in_double(e.source, e.values(), clip);
            const real_matrix got = decode(e.y, steps * batch, units, e.out.scale);
            double worst = 0;
            double size = 0;
            for (std::size_t i = 0; i < got.values.size(); ++i) {
                worst = std::max(worst, std::fabs(got.values[i] - expected.hidden.values[i]));
                size = std::max(size, std::fabs(expected.hidden.values[i]));
            }
            MESSAGE(R::name() << ", clip " << clip << ": |h - h in double| <= " << worst << " of " << size);
            CHECK(worst <= largest);
            CHECK(worst > largest / 4);  // a bound that has become loose tells nothing
            CHECK(size > 0.4);
            CHECK(sqnr(expected.cell,
                       decode(e.last.cell, batch, units,
                              R::scaling::template scale<typename R::operand>(1.0) > 0 && dyad::nn::lstm_in_integers<R>
                                  ? 0x1p-12
                                  : 1.0)) > 25);
        }
    };
    check(in_float32{}, 1e-7);
    check(in_int8{}, 0.008);
    check(in_int8_float{}, 0.008);
}

/// TensorFlow Lite's fixed-point numbers, plainly.
struct published_multiplier {
    std::int64_t digits = 0;
    int exponent = 0;
    explicit published_multiplier(double m) {
        const double q = std::frexp(m, &exponent);
        digits = std::llround(q * 0x1p31);
        if (digits == std::int64_t{1} << 31) {
            digits /= 2;
            ++exponent;
        }
    }
    /// Single rounding, half up.
    [[nodiscard]] std::int32_t operator()(std::int32_t x) const {
        const int shift = 31 - exponent;
        return static_cast<std::int32_t>((x * digits + (std::int64_t{1} << (shift - 1))) >> shift);
    }
};
/// As published: one look-up and a straight line, x in steps of 1/24 with 9 bits behind the point (tanh: of 2 x, 8).
int plain_sigmoid(int x) {
    const int size = std::abs(x);
    const int step = size >> 9;
    int y = 0x7fff << 10;
    if (step < 255) {
        const int base = dyad::tflite::sigmoid_table[static_cast<std::size_t>(step)];
        const int next = dyad::tflite::sigmoid_table[static_cast<std::size_t>(step + 1)];
        y = (base << 9) + (size & 511) * (next - base);
    }
    y = x >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1;
    return y >> 10;
}
int plain_tanh(int x) {
    const int size = std::abs(x);
    const int step = size >> 8;
    int y = 0xffff << 8;
    if (step < 255) {
        const int base = dyad::tflite::sigmoid_table[static_cast<std::size_t>(step)];
        const int next = dyad::tflite::sigmoid_table[static_cast<std::size_t>(step + 1)];
        y = (base << 8) + (size & 255) * (next - base);
    }
    y = x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
    return y >> 8;
}
int held16(std::int64_t x) { return static_cast<int>(std::clamp<std::int64_t>(x, -32768, 32767)); }

TEST_CASE("lstm in integers: a plain loop of the contract gives the same codes, also from an input with a zero point") {
    for (const affine given : {affine{0, 0}, affine{0.015, -11}}) {
        for (const double clip : {0.0, 0.75}) {
            const example<in_int8> e(clip, given);
            struct plain_gate {
                std::vector<int> w, u, bias;
                std::vector<published_multiplier> of_x, of_h;
            } g[4];
            for (int i = 0; i < 4; ++i) {
                const std::string name = std::string("lstm.") + gates[i];
                const real_matrix w = e.source.get(name + ".x.weight");
                const real_matrix u = e.source.get(name + ".h.weight");
                const real_matrix b = e.source.get(name + ".x.bias");
                const auto quantized = [](const real_matrix& m, index row, std::vector<int>& codes) {
                    double most = 0;
                    for (index k = 0; k < m.columns; ++k) most = std::max(most, std::fabs(m(row, k)));
                    for (index k = 0; k < m.columns; ++k)
                        codes.push_back(static_cast<int>(std::nearbyint(m(row, k) / (most / 127))));
                    return most / 127;
                };
                for (index j = 0; j < units; ++j) {
                    const double w_scale = quantized(w, j, g[i].w) * e.in.scale;
                    const double u_scale = quantized(u, j, g[i].u) * e.out.scale;
                    g[i].bias.push_back(static_cast<int>(std::nearbyint(b(0, j) / w_scale)));
                    g[i].of_x.emplace_back(w_scale / 0x1p-12);
                    g[i].of_h.emplace_back(u_scale / 0x1p-12);
                }
            }
            constexpr double cell_scale = 0x1p-12;  // the least power of two with 4 <= 32767 of it, and one above
            const published_multiplier keep(0x1p-15);
            const published_multiplier add(0x1p-30 / cell_scale);
            const published_multiplier show(0x1p-30 / e.out.scale);
            const int limit = static_cast<int>(clip / cell_scale);
            std::vector<int> h(static_cast<std::size_t>(batch * units), e.out.zero_point);
            std::vector<int> c(h.size());
            std::size_t differ = 0;
            for (index t = 0; t < steps; ++t) {
                std::vector<int> next = h;
                for (index b = 0; b < batch; ++b) {
                    for (index j = 0; j < units; ++j) {
                        int z[4] = {};
                        const auto row = static_cast<std::size_t>(j);
                        for (int i = 0; i < 4; ++i) {
                            int of_x = g[i].bias[row];
                            int of_h = 0;
                            for (std::size_t k = 0; k < inputs; ++k) {
                                const auto at = static_cast<std::size_t>((t * batch + b) * inputs) + k;
                                of_x += g[i].w[row * inputs + k] * (e.x[at].raw() - e.in.zero_point);
                            }
                            for (std::size_t k = 0; k < units; ++k) {
                                const auto at = static_cast<std::size_t>(b * units) + k;
                                of_h += g[i].u[row * units + k] * (h[at] - e.out.zero_point);
                            }
                            const int sum = held16(held16(g[i].of_x[row](of_x)) + held16(g[i].of_h[row](of_h)));
                            z[i] = i == 2 ? plain_tanh(3 * sum) : plain_sigmoid(3 * sum);
                        }
                        int& cell = c[static_cast<std::size_t>(b * units + j)];
                        cell = held16(held16(keep(z[1] * cell)) + held16(add(z[0] * z[2])));
                        if (limit > 0) cell = std::clamp(cell, -limit, limit);
                        const int code = show(z[3] * plain_tanh(3 * cell)) + e.out.zero_point;
                        next[static_cast<std::size_t>(b * units + j)] = std::clamp(code, -128, 127);
                        const auto at = static_cast<std::size_t>((t * batch + b) * units + j);
                        differ += e.y[at].raw() != next[static_cast<std::size_t>(b * units + j)] ? 1U : 0U;
                    }
                }
                h = next;
            }
            CHECK(differ == 0);
            for (std::size_t i = 0; i < c.size(); ++i) CHECK(e.last.cell[i].raw() == c[i]);
        }
    }
}

TEST_CASE("lstm: step by step gives the bits of all steps at once; so does every instruction set") {
    const auto check = [](auto r) {
        using R = decltype(r);
        INFO(R::name());
        const example<R> e;
        for (const auto isa : instruction_sets()) {
            const assumed_instruction_set only(isa);
            const example<R> here;
            CHECK(equal_bits(here.y, e.y));
            held_state<R> state;
            REQUIRE(here.held.layer.reset(state.view()) == status::ok);
            auto y = e.y;
            std::fill(y.begin(), y.end(), typename example<R>::code{});
            for (index t = 0; t < steps; ++t) {
                const auto from = make_matrix(e.x.data() + t * batch * inputs, batch, inputs);
                const auto to = make_matrix(y.data() + t * batch * units, batch, units);
                CHECK(run_in(std::size_t{1} << 16, [&](const auto& context) {
                          return status(run_lstm<R>(here.held.layer, from, state.view(), to, context));
                      }) == status::ok);
            }
            CHECK(equal_bits(y, e.y));
            CHECK(equal_bits(state.cell, e.last.cell));
            CHECK(equal_bits(state.hidden, e.last.hidden));
        }
    };
    check(in_float32{});
    check(in_int8{});
}

TEST_CASE("lstm: shapes, pointers and parameters that do not fit are told, by layer and operand") {
    using R = in_int8;
    example<R> e;
    held_state<R> state;
    auto y = e.y;
    const auto told = [&](index in_rows, index in_columns, index out_rows, index out_columns,
                          const dyad::nn::lstm_state<R>& s, const char* what, operand_kind operand) {
        layer_status got;
        CHECK(run_in(std::size_t{1} << 16, [&](const auto& context) -> status {
                  got = run_lstm<R>(e.held.layer, make_matrix(e.x.data(), in_rows, in_columns), s,
                                    make_matrix(y.data(), out_rows, out_columns), context);
                  return got;
              }) != status::ok);
        CAPTURE(what);
        CHECK(got.layer() == layer_kind::lstm);
        CHECK(got.operand() == operand);
    };
    const auto good = state.view();
    told(batch, inputs - 1, batch, units, good, "columns of the input", operand_kind::input);
    told(batch + 1, inputs, batch + 1, units, good, "rows of half a step", operand_kind::state);
    told(batch, inputs, 2 * batch, units, good, "rows of the output", operand_kind::output);
    told(batch, inputs, batch, units - 1, good, "columns of the output", operand_kind::output);
    told(batch, inputs, batch, units, {good.hidden, row_block(good.cell, 0, 1)}, "rows of c", operand_kind::state);
    told(batch, inputs, batch, units, {good.hidden, make_matrix<dyad::integer<16>>(nullptr, batch, units)}, "no c",
         operand_kind::state);
    told(batch, inputs, batch, units, {make_matrix(y.data(), batch, units), good.cell}, "h is the output",
         operand_kind::state);
    CHECK(e.held.layer.reset({row_block(good.hidden, 0, 1), good.cell}) ==
          layer_status(status::extents_differ, layer_kind::lstm, operand_kind::state));

    affine out;
    for (const std::string& name : e.source.names()) {
        CAPTURE(name);
        const real_matrix kept = e.source.get(name);
        e.source.remove(name);
        const layer_status s = e.held.layer.prepare(e.source, path("lstm"), path("l"), e.in, out);
        const bool is_bias = name.size() > 4 && name.substr(name.size() - 4) == "bias";
        CHECK(s == layer_status(status::parameter_missing, layer_kind::lstm,
                                is_bias ? operand_kind::bias : operand_kind::weight));
        e.source.add(name, kept);
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(e.held.layer.prepare(e.source, path("lstm"), path("l"), e.in, out, nan).operand() == operand_kind::state);
    CHECK(e.held.layer.prepare(e.source, path("lstm"), path("l"), affine(nan), out).operand() ==
          operand_kind::input_scale);
    e.source.set_range("l.cell", 1e9);
    CHECK(e.held.layer.prepare(e.source, path("lstm"), path("l"), e.in, out) == status::ok);  // saturates
    dyad::arena arena = dyad::arena::measuring();
    layer_of<R> other;
    CHECK(other.shape(arena, -1, units) ==
          layer_status(status::negative_extent, layer_kind::lstm, operand_kind::geometry));
}

}  // namespace
}  // namespace dyad_test
