// SPDX-License-Identifier: Apache-2.0
// tflite_scaling and tflite_functions_of against the contract in plain integers, in both roundings: ranges, sums to
// codes, residual sums, functions; a linear layer with zero points, given codes and fused activations.
#include <dyad/nn/tflite_scaling.hpp>

#include <doctest/doctest.h>

#include "nn/layer_support.hpp"
#include "support/plain_tflite.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <dyad/array/tflite_rows.hpp>
#include <dyad/nn/activation.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/codes.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/softmax.hpp>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::integer;
using dyad::requantization;
using dyad::scalar_function;
using dyad::uinteger;
using byte = integer<8>;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <requantization Rounding>
constexpr auto plain_rounds =
    Rounding == requantization::gemmlowp_double ? plain_tflite::rounds::twice : plain_tflite::rounds::once;

std::int8_t random_byte(std::mt19937_64& engine) { return static_cast<std::int8_t>(engine()); }
/// A float between 2^-low and 2^(1 - low) * 2^(bits - 1).
float random_scale(std::mt19937_64& engine, int low, int bits) {
    const float m = 1 + static_cast<float>(engine() % (1u << 23)) * 0x1p-23f;
    return std::ldexp(m, static_cast<int>(engine() % static_cast<unsigned>(bits)) - low);
}

TEST_CASE("tflite_scaling: ranges become codes as the converter's do") {
    using scaling = tflite_scaling<>;
    const auto check = [](double low, double high, float scale, std::int32_t zero) {
        CAPTURE(low);
        CAPTURE(high);
        CHECK(scaling::quantization<byte>({low, high}) == affine(static_cast<double>(scale), zero));
    };
    check(0, 6, 6.0f / 255, -128);
    check(-1, 1, 2.0f / 255, -1);  // -0.5, away from zero
    check(2, 5.1, 5.1f / 255, -128);
    check(-5.1, -2, 5.1f / 255, 127);
    check(0, 0, 1, 0);
    check(-0.1, 0.3, 0.4f / 255, -64);
    CHECK(scaling::quantization<uinteger<8>>({0, 1}) == affine(static_cast<double>(1.0f / 255), 0));
    CHECK(scaling::quantization<integer<16>>({-2, 1}) == affine(static_cast<double>(2.0f / 32767)));
    CHECK(scaling::scale<byte>(2.54) == static_cast<double>(2.54f / 127));
    CHECK(scaling::scale<byte>(0) == 1);

    // 0 always has a code, and no value of the range is farther than a step from a code.
    std::mt19937_64 engine(1);
    for (int i = 0; i < 2000; ++i) {
        const double low = static_cast<double>(random_scale(engine, 6, 9)) * (engine() % 3 == 0 ? 1 : -1);
        const double high = low + static_cast<double>(random_scale(engine, 6, 9));
        const affine q = scaling::quantization<byte>({low, high});
        const double first = q.scale * (-128 - q.zero_point);
        const double last = q.scale * (127 - q.zero_point);
        CHECK(first <= 0);
        CHECK(last >= 0);
        CHECK(first <= low + q.scale * 0.51);
        CHECK(last >= high - q.scale * 0.51);
    }
}

template <requantization Rounding>
void check_columns() {
    constexpr auto how = plain_rounds<Rounding>;
    std::mt19937_64 engine(7);
    std::int32_t bias_memory[1];
    dyad::multiplier multiplier_memory[1];
    for (int i = 0; i < 4000; ++i) {
        const float sx = random_scale(engine, 8, 8);
        const float sw = random_scale(engine, 12, 8);
        const float sy = random_scale(engine, 6, 8);
        const std::int32_t zero = random_byte(engine);
        const auto bias = static_cast<std::int32_t>(engine() % 20000) - 10000;
        const auto offset = static_cast<std::int64_t>(engine() % 20000) - 10000;
        const auto kind = engine() % 2 == 0 ? weight_scales::one : weight_scales::by_row;
        const auto f = static_cast<fused_activation>(engine() % 4);
        const auto product = kind == weight_scales::one ? static_cast<double>(sx * sw)
                                                        : static_cast<double>(sx) * static_cast<double>(sw);
        const auto sum_scale =
            tflite_scaling<Rounding>::sum_scale(static_cast<double>(sx), static_cast<double>(sw), kind);
        CHECK(sum_scale == product);
        tflite_columns<byte, Rounding> columns;
        columns.bias = dyad::make_vector(bias_memory, 1);
        columns.multipliers = dyad::make_vector(multiplier_memory, 1);
        const affine out(static_cast<double>(sy), zero);
        columns.clamp_to(bounds(f), out);
        REQUIRE(columns.set(0, {bias * sum_scale, sum_scale, offset}, out) == status::ok);
        const auto epilogue = columns.epilogue(static_scale{});
        const auto m = plain_tflite::quantize_multiplier(product / static_cast<double>(sy));
        if (how == plain_tflite::rounds::once && m.e > 30) continue;
        const auto range = plain_tflite::activation_range(static_cast<float>(bounds(f).low),
                                                          static_cast<float>(bounds(f).high), sy, zero);
        for (int k = 0; k < 20; ++k) {
            const auto sum = static_cast<std::int32_t>(engine() % (1u << (8 + k % 14))) - (1 << (7 + k % 14));
            const auto code = plain_tflite::multiply(sum + bias + offset, m, how) + zero;
            CHECK(epilogue(sum, 0, 0).raw() == std::clamp(code, range.low, range.high));
        }
    }
}

TEST_CASE("tflite_columns: every sum becomes the contract's code, clamped by fused activations") {
    check_columns<requantization::gemmlowp_double>();
    check_columns<requantization::single_half_up>();
}

TEST_CASE("tflite_columns: the product of two scales in float or in double gives other bits") {
    // Why weights with one scale have a rule of their own: a float keeps 24 bits of the product, a multiplier 31.
    std::mt19937_64 engine(3);
    int differ = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto x = static_cast<double>(random_scale(engine, 8, 4));
        const auto w = static_cast<double>(random_scale(engine, 8, 4));
        using scaling = tflite_scaling<>;
        const double one = scaling::sum_scale(x, w, weight_scales::one);
        const double each = scaling::sum_scale(x, w, weight_scales::by_row);
        CHECK(one == static_cast<double>(static_cast<float>(x) * static_cast<float>(w)));
        CHECK(each == x * w);
        differ += dyad::tflite::quantize_multiplier(one) == dyad::tflite::quantize_multiplier(each) ? 0 : 1;
    }
    MESSAGE(differ, " of 1000 multipliers differ");
    CHECK(differ > 900);
}

TEST_CASE("tflite_columns: scales and zero points that do not fit are refused") {
    tflite_columns<byte, requantization::gemmlowp_double> columns;
    std::int32_t bias[1];
    dyad::multiplier m[1];
    columns.bias = dyad::make_vector(bias, 1);
    columns.multipliers = dyad::make_vector(m, 1);
    for (const double bad : {0.0, -1.0, infinity, std::nan("")}) {
        CHECK(columns.set(0, {0, bad, 0}, 1) == status::scale_not_positive);
        CHECK(columns.set(0, {0, 1, 0}, bad) == status::scale_not_positive);
    }
    CHECK(columns.set(0, {0, 1, 0}, affine(1, 128)) == status::scale_unsupported);
    CHECK(columns.set(0, {0x1p30, 1, 0}, 1) == status::bias_exceeds_accumulator);
    CHECK(columns.set(0, {0, 1, std::int64_t{1} << 30}, 1) == status::bias_exceeds_accumulator);
}

template <requantization Rounding>
void check_sum() {
    std::mt19937_64 engine(11);
    for (int i = 0; i < 6; ++i) {
        const plain_tflite::quantized x{random_scale(engine, 6, 4), random_byte(engine)};
        const plain_tflite::quantized y{random_scale(engine, 6, 4), random_byte(engine)};
        const plain_tflite::quantized z{random_scale(engine, 6, 4), random_byte(engine)};
        tflite_sum<byte, Rounding> sum;
        const auto q = [](const plain_tflite::quantized& p) { return affine(static_cast<double>(p.scale), p.zero); };
        REQUIRE(sum.set(q(x), q(y), q(z)) == status::ok);
        std::vector<std::byte> bytes(100);
        archive_writer writer(bytes);
        REQUIRE(sum.visit(writer) == status::ok);
        tflite_sum<byte, Rounding> copy;
        archive_reader reader(bytes);
        REQUIRE(copy.visit(reader) == status::ok);
        int wrong = 0;
        for (int a = -128; a < 128; ++a) {
            for (int b = -128; b < 128; ++b) {
                const auto code = plain_tflite::add(static_cast<std::int8_t>(a), static_cast<std::int8_t>(b), x, y, z,
                                                    plain_rounds<Rounding>);
                const auto of = [](int c) { return byte::from_raw(static_cast<std::int8_t>(c)); };
                byte in_a_row;
                const byte x_code = of(a);
                const byte y_code = of(b);
                REQUIRE(sum.run(dyad::make_matrix<const byte>(&x_code, 1, 1),
                                dyad::make_matrix<const byte>(&y_code, 1, 1), dyad::make_matrix(&in_a_row, 1, 1),
                                {}) == status::ok);
                if (in_a_row.raw() != code) ++wrong;
                if (sum(of(a), of(b)).raw() != code || copy(of(a), of(b)).raw() != code) ++wrong;
            }
        }
        CHECK(wrong == 0);
    }
    tflite_sum<byte, Rounding> sum;
    CHECK(sum.set(0.0, 1.0, 1.0) == status::scale_not_positive);
    CHECK(sum.set(1.0, affine(1, 200), 1.0) == status::scale_unsupported);
    CHECK(sum.set(1.0, 1.0, 0x1p-30) == status::scale_unsupported);
}

TEST_CASE("tflite_sum: ADD of all pairs of codes") {
    check_sum<requantization::gemmlowp_double>();
    check_sum<requantization::single_half_up>();
}

/// All codes through a layer of R.
template <class Layer>
std::array<std::int8_t, 256> all_codes(const Layer& layer) {
    std::array<byte, 256> in;
    std::array<byte, 256> out;
    for (int c = 0; c < 256; ++c) in[static_cast<std::size_t>(c)] = byte::from_raw(static_cast<std::int8_t>(c - 128));
    std::vector<std::byte> memory(4096);
    dyad::arena scratch(memory);
    REQUIRE(layer.run(dyad::make_matrix<const byte>(in.data(), 16, 16), dyad::make_matrix(out.data(), 16, 16),
                      quiet(scratch)) == status::ok);
    std::array<std::int8_t, 256> codes;
    for (std::size_t c = 0; c < 256; ++c) codes[c] = out[c].raw();
    return codes;
}
template <class R, pointwise F>
std::array<std::int8_t, 256> activated(const affine& in, const affine& out) {
    activation<R, byte, byte, F> layer;
    std::array<std::byte, 16> none;
    dyad::arena memory(none);
    REQUIRE(layer.shape(memory) == status::ok);
    REQUIRE(layer.prepare(in, out) == status::ok);
    const auto codes = all_codes(layer);
    // What is left of it in an archive gives the same.
    std::vector<std::byte> bytes(100);
    archive_writer writer(bytes);
    REQUIRE(layer.visit(writer) == status::ok);
    activation<R, byte, byte, F> copy;
    archive_reader reader(bytes);
    REQUIRE(copy.visit(reader) == status::ok);
    CHECK(all_codes(copy) == codes);
    return codes;
}

template <requantization Rounding>
void check_activations() {
    using R = tflite_int8<Rounding>;
    constexpr auto how = plain_rounds<Rounding>;
    std::mt19937_64 engine(5);
    for (int i = 0; i < 20; ++i) {
        const float sx = random_scale(engine, 6, 4);
        const float sy = random_scale(engine, 6, 4);
        const affine in(static_cast<double>(sx), random_byte(engine));
        const affine out(static_cast<double>(sy), random_byte(engine));
        const auto relu = activated<R, straight_function::relu>(in, out);
        const auto relu6 = activated<R, straight_function::relu6>(in, out);
        const auto leaky = activated<R, leaky_relu(100'000)>(in, out);
        const auto same = activated<R, straight_function::identity>(in, out);
        const auto above = plain_tflite::quantize_multiplier(static_cast<double>(sx / sy));
        const auto below = plain_tflite::quantize_multiplier(static_cast<double>(sx * 0.1f / sy));
        const auto six = static_cast<std::int64_t>(std::round(6.0f / sy));
        for (std::int64_t c = -128; c < 128; ++c) {
            const auto at = static_cast<std::size_t>(c + 128);
            const std::int64_t x = c - in.zero_point;
            const auto code = [&](std::int64_t y) { return std::clamp<std::int64_t>(y + out.zero_point, -128, 127); };
            const std::int64_t y = plain_tflite::multiply(x, above, how);
            CHECK(same[at] == code(y));
            CHECK(relu[at] == code(std::max<std::int64_t>(y, 0)));
            CHECK(relu6[at] == code(std::clamp<std::int64_t>(y, 0, six)));
            CHECK(leaky[at] == code(x >= 0 ? y : plain_tflite::multiply(x, below, how)));
        }
        // The micro runtime's kernels where the output is theirs.
        dyad::tflite::activation_parameters p;
        REQUIRE(p.set(sx, static_cast<std::int8_t>(in.zero_point), Rounding) == status::ok);
        const auto logistic = activated<R, scalar_function::sigmoid>(in, affine(0x1p-8, -128));
        const auto tanh = activated<R, scalar_function::tanh>(in, affine(0x1p-7, 0));
        // Else the desktop's tables, in double here: at most a tie away.
        const auto scaled = activated<R, scalar_function::sigmoid>(in, affine(0.01, -100));
        const auto gelu = activated<R, scalar_function::gelu>(in, out);
        for (int c = -128; c < 128; ++c) {
            const auto at = static_cast<std::size_t>(c + 128);
            CHECK(logistic[at] == dyad::tflite::logistic(static_cast<std::int8_t>(c), p));
            CHECK(tanh[at] == dyad::tflite::tanh(static_cast<std::int8_t>(c), p));
            const double x = (c - in.zero_point) * in.scale;
            const double shares = 1 / (1 + std::exp(-x)) / 0.01 - 100;
            CHECK(std::fabs(scaled[at] - std::clamp(shares, -128.0, 127.0)) < 0.501);
            const double g = x / 2 * std::erfc(-x / std::sqrt(2.0)) / out.scale + out.zero_point;
            CHECK(std::fabs(gelu[at] - std::clamp(g, -128.0, 127.0)) < 0.501);
        }
    }
}

TEST_CASE("tflite_functions: activations with zero points, all codes") {
    check_activations<requantization::gemmlowp_double>();
    check_activations<requantization::single_half_up>();
}

TEST_CASE("tflite_functions: softmax, whose codes begin at the lowest") {
    const auto check = []<requantization Rounding>(std::integral_constant<requantization, Rounding>) {
        using R = tflite_int8<Rounding>;
        softmax<R, byte, byte> layer;
        constexpr affine usual = softmax<R, byte, byte>::usual_output();
        CHECK(usual == affine(0x1p-8, -128));
        CHECK(layer.prepare(affine(0.1, 5), affine(0x1p-8)) ==
              layer_status(status::scale_unsupported, layer_kind::softmax, operand_kind::output_scale));
        std::mt19937_64 engine(9);
        for (int i = 0; i < 200; ++i) {
            const float scale = random_scale(engine, 6, 6);
            REQUIRE(layer.prepare(affine(static_cast<double>(scale), random_byte(engine))) == status::ok);
            std::vector<std::int8_t> x(1 + engine() % 40);
            std::vector<byte> in;
            for (std::int8_t& c : x) in.push_back(byte::from_raw(c = random_byte(engine)));
            std::vector<byte> out(x.size());
            const auto n = static_cast<dyad::index>(x.size());
            std::vector<std::byte> memory(1024);
            dyad::arena scratch(memory);
            REQUIRE(layer.run(dyad::make_matrix<const byte>(in.data(), 1, n), dyad::make_matrix(out.data(), 1, n),
                              quiet(scratch)) == status::ok);
            const auto expected = plain_tflite::softmax(x, scale, plain_rounds<Rounding>);
            for (std::size_t j = 0; j < x.size(); ++j) CHECK(out[j].raw() == expected[j]);
        }
    };
    check(std::integral_constant<requantization, requantization::gemmlowp_double>{});
    check(std::integral_constant<requantization, requantization::single_half_up>{});
}

/// A file that prescribes everything.
struct given_parameters : parameters {
    std::vector<std::int8_t> codes;
    std::vector<float> scales;
    std::vector<std::int32_t> bias;

    bool given(int, affine&) { return false; }
    status given_weight(std::string_view, index rows, index columns, given_codes& w) {
        w = {dyad::make_matrix(std::as_const(codes).data(), rows, columns),
             dyad::make_vector(std::as_const(scales).data(), static_cast<index>(scales.size()))};
        return status::ok;
    }
    status given_bias(std::string_view, index n, dyad::vector_view<const std::int32_t>& b) {
        b = dyad::make_vector(std::as_const(bias).data(), n);
        return status::ok;
    }
};

template <requantization Rounding>
void check_linear() {
    using R = tflite_int8<Rounding>;
    constexpr auto how = plain_rounds<Rounding>;
    std::mt19937_64 engine(13);
    for (const index inputs : {1, 7, 64, 130}) {
        for (const std::size_t scales : {std::size_t{1}, std::size_t{19}}) {
            constexpr index outputs = 19;
            constexpr index rows = 6;
            given_parameters source;
            for (index i = 0; i < inputs * outputs; ++i)
                source.codes.push_back(static_cast<std::int8_t>(static_cast<int>(engine() % 255) - 127));
            for (std::size_t i = 0; i < scales; ++i) source.scales.push_back(random_scale(engine, 10, 2));
            for (index i = 0; i < outputs; ++i)
                source.bias.push_back(static_cast<std::int32_t>(engine() % 10000) - 5000);
            const auto held =
                shaped<linear<R>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, outputs, inputs); });
            auto layer = held.layer;
            const float sx = 0.05f;
            const float sy = random_scale(engine, 5, 4);
            const affine in(static_cast<double>(sx), random_byte(engine));
            const affine out(static_cast<double>(sy), random_byte(engine));
            REQUIRE(layer.prepare(source, path("l"), in, out, bias_kind::given, fused_activation::relu) == status::ok);
            std::vector<byte> x;
            for (index i = 0; i < rows * inputs; ++i) x.push_back(byte::from_raw(random_byte(engine)));
            std::vector<byte> y(static_cast<std::size_t>(rows * outputs));
            std::vector<std::byte> memory(1 << 20);
            dyad::arena scratch(memory);
            REQUIRE(layer.run({dyad::make_matrix<const byte>(x.data(), rows, inputs), {}},
                              dyad::make_matrix(y.data(), rows, outputs), quiet(scratch)) == status::ok);
            int wrong = 0;
            for (index i = 0; i < rows; ++i) {
                for (index j = 0; j < outputs; ++j) {
                    std::int64_t sum = source.bias[static_cast<std::size_t>(j)];
                    for (index k = 0; k < inputs; ++k)
                        sum += source.codes[static_cast<std::size_t>(j * inputs + k)] *
                               (x[static_cast<std::size_t>(i * inputs + k)].raw() - in.zero_point);
                    const float sw = source.scales[scales == 1 ? 0 : static_cast<std::size_t>(j)];
                    const double product =
                        scales == 1 ? static_cast<double>(sx * sw) : static_cast<double>(sx) * static_cast<double>(sw);
                    const auto m = plain_tflite::quantize_multiplier(product / static_cast<double>(sy));
                    const auto code = plain_tflite::multiply(sum, m, how) + out.zero_point;
                    const auto expected = std::clamp<std::int64_t>(code, out.zero_point, 127);
                    wrong += y[static_cast<std::size_t>(i * outputs + j)].raw() == expected ? 0 : 1;
                }
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("tflite_int8: a linear layer of given codes equals the plain loops") {
    check_linear<requantization::gemmlowp_double>();
    check_linear<requantization::single_half_up>();
}

/// x W^T + b by a layer of R whose scales come from ranges, against doubles; in units of the output's code.
template <class R>
double linear_error(double low, double high) {
    constexpr index rows = 12;
    constexpr index inputs = 48;
    constexpr index outputs = 20;
    parameters source;
    source.add("l.weight", random_matrix(outputs, inputs, 0.5, 3));
    source.add("l.bias", random_matrix(1, outputs, 1, 4));
    const real_matrix shares = random_matrix(rows, inputs, 0.5, 5);
    const affine in = R::scaling::template quantization<byte>({low, high});
    std::vector<byte> x;
    for (const double share : shares.values) x.push_back(encode<byte>(low + (share + 0.5) * (high - low), in));
    const real_matrix w = source.get("l.weight");
    const real_matrix b = source.get("l.bias");
    real_matrix expected(rows, outputs);
    value_interval seen;
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < outputs; ++j) {
            double& y = expected(i, j);
            y = b(0, j);
            for (index k = 0; k < inputs; ++k) y += decode(x[static_cast<std::size_t>(i * inputs + k)], in) * w(j, k);
            seen = {std::min(seen.low, y), std::max(seen.high, y)};
        }
    }
    const affine out = R::scaling::template quantization<byte>(seen);
    const auto held = shaped<linear<R>>([](auto& layer, dyad::arena& a) { return layer.shape(a, outputs, inputs); });
    auto layer = held.layer;
    REQUIRE(layer.prepare(source, path("l"), in, out) == status::ok);
    std::vector<byte> y(static_cast<std::size_t>(rows * outputs));
    std::vector<std::byte> memory(1 << 18);
    dyad::arena scratch(memory);
    REQUIRE(layer.run({dyad::make_matrix<const byte>(x.data(), rows, inputs), {}},
                      dyad::make_matrix(y.data(), rows, outputs), quiet(scratch)) == status::ok);
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
        worst = std::max(worst, std::fabs(decode(y[i], out) - expected.values[i]) / out.scale);
    return worst;
}

TEST_CASE("tflite_int8: a linear layer of float parameters, whose ranges do not lie around 0") {
    // Half a code of its own, and half a step of each of 48 weights.
    for (const auto& [low, high] : {value_interval{-1, 1}, value_interval{0, 4}, value_interval{-3, 0.5}}) {
        const double worst = linear_error<tflite_int8_double>(low, high);
        MESSAGE("inputs from ", low, " to ", high, ": off by up to ", worst, " codes");
        CHECK(worst < 1.5);
        CHECK(linear_error<tflite_int8_single>(low, high) < 1.5);
    }
}

TEST_CASE("tflite_int8: a layer norm does not see its input's zero point, and adds its output's") {
    constexpr index n = 32;
    using norm = tflite_int8_double::functions::layer_norm<byte, byte>;
    std::mt19937_64 engine(17);
    std::vector<float> gains(n);
    std::vector<float> offsets(n);
    for (index i = 0; i < n; ++i) {
        gains[static_cast<std::size_t>(i)] = static_cast<float>(engine() % 100) / 100;
        offsets[static_cast<std::size_t>(i)] = static_cast<float>(engine() % 100) / 100 - 0.5f;
    }
    std::vector<byte> codes(n);
    std::vector<byte> moved(n);
    for (std::size_t i = 0; i < n; ++i) {
        const auto x = static_cast<int>(engine() % 100) - 50;
        codes[i] = byte::from_raw(static_cast<std::int8_t>(x));
        moved[i] = byte::from_raw(static_cast<std::int8_t>(x - 70));
    }
    const auto normed = [&](const std::vector<byte>& in, const affine& from, const affine& to) {
        norm f;
        std::vector<std::byte> memory(4096);
        dyad::arena arena(memory);
        REQUIRE(f.shape(arena, n) == status::ok);
        REQUIRE(f.set(dyad::make_vector<const float>(gains.data(), n),
                      dyad::make_vector<const float>(offsets.data(), n), 1e-5, from, to) == status::ok);
        std::vector<byte> out(n);
        REQUIRE(f.run(dyad::make_matrix(in.data(), 1, n), dyad::make_matrix(out.data(), 1, n)) == status::ok);
        return out;
    };
    const auto symmetric = normed(codes, 0.05, 0.03);
    CHECK(normed(moved, affine(0.05, -70), 0.03) == symmetric);
    const auto above = normed(codes, 0.05, affine(0.03, 20));
    for (std::size_t i = 0; i < n; ++i) CHECK(above[i].raw() == std::min(symmetric[i].raw() + 20, 127));
}

}  // namespace
}  // namespace dyad_test
