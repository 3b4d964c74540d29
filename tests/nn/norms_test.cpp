// SPDX-License-Identifier: Apache-2.0
// rms_norm, l1_norm, activation and softmax as layers: against double, with zero points, on every instruction set; what
// they refuse. (elementwise_test has layer_norm.)
#include <dyad/nn/activation.hpp>
#include <dyad/nn/norms.hpp>
#include <dyad/nn/published_functions.hpp>
#include <dyad/nn/softmax.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"
#include "support/instruction_sets.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::integer;
using dyad::make_matrix;
using dyad::norm_kind;
using dyad::scalar_function;
using dyad::uinteger;
using dyad::nn::affine;
using dyad::nn::bias_kind;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;
using dyad::nn::pointwise;
using dyad::nn::straight_function;

constexpr index rows = 19;
constexpr index width = 40;
constexpr double epsilon = 1e-5;
const double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::vector<T> encode_affine(const real_matrix& m, const affine& q) {
    std::vector<T> codes;
    for (const double x : m.values)
        codes.push_back(
            dyad::convert<T>(x / q.scale + q.zero_point, dyad::rounding::nearest_even, dyad::saturation::finite));
    return codes;
}
template <class T>
real_matrix decode_affine(const std::vector<T>& codes, index r, index c, const affine& q) {
    real_matrix m(r, c);
    for (std::size_t i = 0; i < codes.size(); ++i)
        m.values[i] = (dyad::convert<double>(codes[i]) - q.zero_point) * q.scale;
    return m;
}
template <class Out, class Layer, class In>
std::vector<Out> run_layer(const Layer& layer, const std::vector<In>& in, index r, index c) {
    const auto run = [&](auto x, auto y, const auto& context) { return status(layer.run(x, y, context)); };
    const auto out = run_checked<Out>(in, r, c, r, c, run);
    std::vector<Out> again(out.size());
    for (const auto isa : instruction_sets()) {
        CHECK(run_in(0, [&](auto context) {
                  context.cap = isa;
                  return run(make_matrix(in.data(), r, c), make_matrix(again.data(), r, c), context);
              }) == status::ok);
        CHECK(equal_bits(again, out));
    }
    return out;
}
double largest_error(const real_matrix& expected, const real_matrix& got) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
        const double e = std::fabs(expected.values[i] - got.values[i]);
        worst = e <= worst ? worst : e;
    }
    return worst;
}

real_matrix norm_in_double(norm_kind kind, const real_matrix& x, const real_matrix& gamma, const real_matrix* beta) {
    real_matrix y(x.rows, x.columns);
    const auto n = static_cast<double>(x.columns);
    for (index i = 0; i < x.rows; ++i) {
        double mean = 0;
        double spread = 0;
        for (index j = 0; j < x.columns; ++j) mean += kind == norm_kind::rms ? 0 : x(i, j) / n;
        for (index j = 0; j < x.columns; ++j) {
            const double d = x(i, j) - mean;
            spread += kind == norm_kind::l1 ? std::fabs(d) / n : d * d / n;
        }
        const double divisor = kind == norm_kind::l1 ? spread + epsilon : std::sqrt(spread + epsilon);
        for (index j = 0; j < x.columns; ++j)
            y(i, j) = (x(i, j) - mean) / divisor * gamma(0, j) + (beta != nullptr ? (*beta)(0, j) : 0);
    }
    return y;
}

template <class R, norm_kind Kind, class In, class Out>
void check_norm(const affine& in_code, const affine& out_code, bias_kind bias, double codes) {
    INFO(R::name() << ", kind " << static_cast<int>(Kind));
    using layer_type = dyad::nn::norm<R, Kind, In, Out>;
    parameters source;
    add_norm(source, "n", width, 3);
    const real_matrix beta = source.get("n.bias");
    const auto in = encode_affine<In>(random_matrix(rows, width, 4, 5), in_code);
    const real_matrix expected = norm_in_double(Kind, decode_affine(in, rows, width, in_code), source.get("n.weight"),
                                                bias == bias_kind::given ? &beta : nullptr);
    auto held = shaped<layer_type>([](auto& layer, dyad::arena& a) { return layer.shape(a, width); });
    REQUIRE(held.layer.prepare(source, path("n"), epsilon, in_code, out_code, bias) == status::ok);
    const auto out = run_layer<Out>(held.layer, in, rows, width);
    const double worst = largest_error(expected, decode_affine(out, rows, width, out_code)) / out_code.scale;
    MESSAGE(R::name() << ", norm " << static_cast<int>(Kind) << ": " << worst << " codes");
    CHECK(worst <= codes);
    // What does not fit.
    constexpr auto kind = layer_type::kind;
    const auto told = [&](const char* lost, operand_kind operand) {
        const real_matrix kept = source.get(lost);
        source.remove(lost);
        CHECK(held.layer.prepare(source, path("n"), epsilon, in_code, out_code, bias_kind::given) ==
              layer_status(status::parameter_missing, kind, operand));
        real_matrix bad = kept;
        bad(0, width - 1) = nan;
        source.add(lost, bad);
        CHECK(held.layer.prepare(source, path("n"), epsilon, in_code, out_code, bias_kind::given) ==
              layer_status(status::parameter_not_finite, kind, operand));
        source.add(lost, kept);
    };
    told("n.weight", operand_kind::gain);
    told("n.bias", operand_kind::offset);
    CHECK(held.layer.prepare(source, path("n"), epsilon, nan, out_code).operand() == operand_kind::input_scale);
    CHECK(held.layer.prepare(source, path("n"), epsilon, in_code, -1.0).operand() == operand_kind::output_scale);
    CHECK(held.layer.prepare(source, path("n"), -1, in_code, out_code) == status::parameter_out_of_range);
    const auto run_views = [&](matrix_view<const In> x, matrix_view<Out> y) {
        layer_status s;
        CHECK(run_in(0, [&](const auto& c) { return status(s = held.layer.run(x, y, c)); }) != status::ok);
        CHECK(s.layer() == kind);
        return s.operand();
    };
    REQUIRE(held.layer.prepare(source, path("n"), epsilon, in_code, out_code) == status::ok);
    std::vector<Out> y(out.size());
    const auto from = make_matrix(in.data(), rows, width);
    const auto to = make_matrix(y.data(), rows, width);
    CHECK(run_views(make_matrix(in.data(), rows, width - 1), to) == operand_kind::input);
    CHECK(run_views(from, make_matrix(y.data(), rows - 1, width)) == operand_kind::output);
    CHECK(run_views(make_matrix<const In>(nullptr, rows, width), to) == operand_kind::input);
    CHECK(run_views(from, make_matrix<Out>(nullptr, rows, width)) == operand_kind::output);
}

TEST_CASE("norms: each kind against double, in codes; zero points of both sides") {
    constexpr auto given = bias_kind::given;
    using byte = integer<8>;
    check_norm<in_float32, norm_kind::rms, float, float>(1, 1, bias_kind::none, 5e-7);
    check_norm<in_float32, norm_kind::l1, float, float>(1, 1, given, 1e-6);
    check_norm<in_int8, norm_kind::rms, integer<16>, byte>(0x1p-12, 0.05, bias_kind::none, 0.5001);
    check_norm<in_int8, norm_kind::rms, integer<16>, byte>(0x1p-12, {0.05, -17}, given, 0.5001);
    check_norm<in_int8, norm_kind::l1, integer<16>, integer<16>>({0x1p-12, -300}, {0x1p-10, 4000}, given, 0.501);
    check_norm<in_int8, norm_kind::layer, byte, byte>({0.03, 9}, {0.1, 20}, given, 0.5001);
    check_norm<in_int8_float, norm_kind::layer, float, byte>(1, {0.06, 20}, given, 0.5001);
    check_norm<in_int8_float, norm_kind::rms, byte, float>({0.03, 9}, 1, given, 1e-6);
}

TEST_CASE("norms: rows that one task writes and another one reads are refused") {
    constexpr index many = 40;
    constexpr index wide = 4;
    parameters source;
    source.add("n.weight", constant_matrix(1, wide, 1));
    source.add("n.bias", constant_matrix(1, wide, 0));
    using layer_type = dyad::nn::layer_norm<in_float32, float, float>;
    auto held = shaped<layer_type>([](auto& l, dyad::arena& a) { return l.shape(a, wide); });
    std::vector<float> x(80 * wide, 1);
    const auto in = make_matrix<const float>(x.data(), many, wide);
    const auto run = [&](const dyad::matrix_view<float>& out) {
        return run_in(4096, [&](const auto& context) { return held.layer.run(in, out, context); });
    };
    CHECK(run(make_matrix(x.data(), many, wide)) == status::not_prepared);
    REQUIRE(held.layer.prepare(source, path("n"), 1e-5, 1, 1) == status::ok);
    CHECK(run(make_matrix(x.data() + 16 * wide, many, wide)) == status::dst_overlaps_src);
    CHECK(run({x.data() + many * wide, {many, wide}, {1, 16}}) == status::dst_overlaps_itself);
    CHECK(x == std::vector<float>(80 * wide, 1));
    CHECK(run(make_matrix(x.data(), many, wide)) == status::ok);
}

TEST_CASE("norms: the RMS norm in integers takes symmetric inputs only; zero points must be codes") {
    auto held = shaped<dyad::nn::rms_norm<in_int8, integer<16>, integer<8>>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, width); });
    parameters source;
    add_norm(source, "n", width, 3);
    CHECK(held.layer.prepare(source, path("n"), epsilon, {0.001, 1}, 0.05) ==
          layer_status(status::scale_unsupported, layer_kind::rms_norm, operand_kind::input_scale));
    CHECK(held.layer.prepare(source, path("n"), epsilon, 0.001, {0.05, 128}) == status::parameter_out_of_range);
    CHECK(held.layer.prepare(source, path("n"), epsilon, 0.001, {0.05, 127}) == status::ok);
    dyad::arena counts = dyad::arena::measuring();
    CHECK(held.layer.shape(counts, -1).operand() == operand_kind::geometry);
    CHECK(held.layer.shape(counts, 1 << 15) ==
          layer_status(status::row_too_long, layer_kind::rms_norm, operand_kind::geometry));
}

double in_double(const pointwise& f, double x) {
    if (f.kind == pointwise::shape::straight) {
        switch (f.straight) {
            case straight_function::identity: return x;
            case straight_function::relu: return std::max(x, 0.0);
            case straight_function::relu6: return std::clamp(x, 0.0, 6.0);
            case straight_function::leaky_relu: return x < 0 ? x * f.slope_millionths / 1e6 : x;
            case straight_function::hard_sigmoid: return std::clamp(x + 3, 0.0, 6.0) / 6;
            case straight_function::hard_swish: return x * std::clamp(x + 3, 0.0, 6.0) / 6;
        }
    }
    const double infinity = std::numeric_limits<double>::infinity();
    switch (f.smooth) {
        case scalar_function::exp_nonpositive: return std::exp(std::min(x, 0.0));
        case scalar_function::exp2: return std::exp2(x);
        case scalar_function::log2: return x > 0 ? std::log2(x) : -infinity;
        case scalar_function::reciprocal: return x == 0 ? infinity : 1 / x;
        case scalar_function::sqrt: return x > 0 ? std::sqrt(x) : 0;
        case scalar_function::rsqrt: return x > 0 ? 1 / std::sqrt(x) : infinity;
        case scalar_function::erf: return std::erf(x);
        case scalar_function::gelu: return x * std::erfc(-x / std::sqrt(2.0)) / 2;
        case scalar_function::gelu_tanh:
            return x / (1 + std::exp(-2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
        case scalar_function::sigmoid: return 1 / (1 + std::exp(-x));
        case scalar_function::tanh: return std::tanh(x);
        case scalar_function::silu: return x / (1 + std::exp(-x));
        case scalar_function::softplus: return std::log1p(std::exp(x));
    }
    return 0;
}

/// Of results that are codes, in codes; of floats, in units of 2^-24 of the result.
double worst_of(const pointwise& f, const real_matrix& x, const real_matrix& raw, const affine& out, double low,
                double high) {
    double worst = 0;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
        const double y = in_double(f, x.values[i]) / out.scale + out.zero_point;
        const double unit = high > 1e30 ? std::max(std::fabs(y), 0x1p-126) * 0x1p-24 : 1;
        const bool both_far = std::isinf(y) && std::isinf(raw.values[i]);
        const double e = both_far ? 0 : std::fabs(raw.values[i] - std::clamp(y, low, high)) / unit;
        worst = e <= worst ? worst : e;  // keeps NaN
    }
    return worst;
}
/// A layer without parameters of its own, run once.
template <class Out, class Layer, class In>
std::vector<Out> run_plainly(const Layer& layer, const std::vector<In>& in, index r, index c) {
    std::vector<Out> out(in.size());
    dyad::arena none({});
    REQUIRE(layer.run(make_matrix(in.data(), r, c), make_matrix(out.data(), r, c), dyad::nn::quiet(none)) ==
            status::ok);
    return out;
}

template <class R, class In, class Out, pointwise F>
void check_activation(const affine& in_code, const affine& out_code, double codes) {
    const std::string name = to_string(F);
    INFO(R::name() << ", " << name);
    std::vector<std::byte> table(1 << 18);
    dyad::arena memory(table);
    dyad::nn::activation<R, In, Out, F> layer;
    REQUIRE(layer.shape(memory) == status::ok);
    REQUIRE(layer.prepare(in_code, out_code) == status::ok);
    const auto in = encode_affine<In>(random_matrix(rows, width, 8, 5), in_code);
    const real_matrix raw = decode(run_plainly<Out>(layer, in, rows, width), rows, width, 1);
    const double worst = worst_of(F, decode_affine(in, rows, width, in_code), raw, out_code,
                                  dyad::convert<double>(std::numeric_limits<Out>::lowest()),
                                  dyad::convert<double>(std::numeric_limits<Out>::max()));
    CAPTURE(worst);
    CHECK(worst <= codes);
    CHECK(layer.prepare(nan, out_code) ==
          layer_status(status::scale_not_positive, layer_kind::activation, operand_kind::input_scale));
    CHECK(layer.prepare(in_code, 0.0).operand() == operand_kind::output_scale);
}

template <pointwise F>
void check_everywhere() {
    using byte = integer<8>;
    check_activation<in_float32, float, float, F>(1, 1, 6);
    check_activation<in_int8, byte, byte, F>({0.06, 12}, {0.05, -30}, 0.5 + 1e-6);
    check_activation<in_int8_float, float, byte, F>(1, {0.05, -30}, 0.5 + 1e-3);
}

TEST_CASE("activation: all functions, between floats, codes with zero points, and from floats to codes") {
    dyad::nn::activation<in_float32, float, float, scalar_function::silu> one;
    REQUIRE(one.prepare(1, 1) == status::ok);
    static_cast<void>(run_layer<float>(one, encode<float>(random_matrix(rows, width, 8, 5), 1), rows, width));
    check_everywhere<scalar_function::exp_nonpositive>();
    check_everywhere<scalar_function::exp2>();
    check_everywhere<scalar_function::log2>();
    check_everywhere<scalar_function::reciprocal>();
    check_everywhere<scalar_function::sqrt>();
    check_everywhere<scalar_function::rsqrt>();
    check_everywhere<scalar_function::erf>();
    check_everywhere<scalar_function::gelu>();
    check_everywhere<scalar_function::gelu_tanh>();
    check_everywhere<scalar_function::sigmoid>();
    check_everywhere<scalar_function::tanh>();
    check_everywhere<scalar_function::silu>();
    check_everywhere<scalar_function::softplus>();
    check_everywhere<straight_function::identity>();
    check_everywhere<straight_function::relu>();
    check_everywhere<straight_function::relu6>();
    check_everywhere<dyad::nn::leaky_relu(200'000)>();
    check_everywhere<straight_function::hard_sigmoid>();
    check_everywhere<straight_function::hard_swish>();
    check_activation<in_int8, integer<16>, integer<16>, scalar_function::silu>({0x1p-12, 77}, {0x1p-11, -5}, 0.501);
}

TEST_CASE("activation of floats: infinities, zeros and NaN") {
    const float infinity = std::numeric_limits<float>::infinity();
    const auto at = []<pointwise F>(std::integral_constant<int, 0>, float x) {
        dyad::nn::activation<in_float32, float, float, F> layer;
        REQUIRE(layer.prepare(1, 1) == status::ok);
        float y = 7;
        CHECK(run_in(0, [&](const auto& c) {
                  return status(layer.run(make_matrix<const float>(&x, 1, 1), make_matrix(&y, 1, 1), c));
              }) == status::ok);
        return y;
    };
    const auto check = [&]<pointwise F>(std::integral_constant<int, 0> tag) {
        const std::string name = to_string(F);
        CAPTURE(name);
        for (const double x : {-1e30, 1e30, 0.0}) {
            const double y = in_double(F, x);
            if (std::fabs(y) > 1e38) continue;
            CHECK(static_cast<double>(at.template operator()<F>(tag, static_cast<float>(x))) ==
                  doctest::Approx(y).epsilon(1e-6));
        }
        CHECK(std::isnan(at.template operator()<F>(tag, std::numeric_limits<float>::quiet_NaN())));
        const float above = at.template operator()<F>(tag, infinity);
        const double far = in_double(F, 1e300);
        CHECK((std::isinf(above) ? far > 1e38 : std::fabs(static_cast<double>(above) - far) < 1e-6));
    };
    constexpr std::integral_constant<int, 0> tag;
    check.operator()<scalar_function::exp_nonpositive>(tag);
    check.operator()<scalar_function::rsqrt>(tag);
    check.operator()<scalar_function::erf>(tag);
    check.operator()<straight_function::relu>(tag);
    check.operator()<straight_function::relu6>(tag);
    check.operator()<straight_function::hard_sigmoid>(tag);
    check.operator()<straight_function::hard_swish>(tag);
}

TEST_CASE("softmax: a layer for classifiers, with any zero point of the output") {
    const auto check = []<class R, class In, class Out>(R, In, Out, const affine& in_code, const affine& out_code,
                                                        double codes) {
        INFO(R::name());
        dyad::nn::softmax<R, In, Out> layer;
        REQUIRE(layer.prepare(in_code, out_code) == status::ok);
        const auto in = encode_affine<In>(random_matrix(rows, 12, 6, 5), in_code);
        const auto out = run_plainly<Out>(layer, in, rows, 12);
        const real_matrix x = decode_affine(in, rows, 12, in_code);
        const real_matrix got = decode_affine(out, rows, 12, out_code);
        double worst = 0;
        for (index i = 0; i < rows; ++i) {
            const auto first = x.values.begin() + i * 12;
            const std::vector<double> shares = softmax_of({first, first + 12});
            for (index j = 0; j < 12; ++j) {
                const double high =
                    (dyad::convert<double>(std::numeric_limits<Out>::max()) - out_code.zero_point) * out_code.scale;
                const double e = std::fabs(std::min(shares[static_cast<std::size_t>(j)], high) - got(i, j));
                worst = std::max(worst, e / out_code.scale);
            }
        }
        CAPTURE(worst);
        CHECK(worst <= codes);
        CHECK(layer.prepare(nan, out_code) ==
              layer_status(status::scale_not_positive, layer_kind::softmax, operand_kind::input_scale));
        CHECK(layer.prepare(in_code, 0.0).operand() == operand_kind::output_scale);
    };
    dyad::nn::softmax<in_int8, integer<16>, integer<8>> one;
    REQUIRE(one.prepare(0x1p-12, {0x1p-8, -128}) == status::ok);
    static_cast<void>(
        run_layer<integer<8>>(one, encode<integer<16>>(random_matrix(rows, 12, 6, 5), 0x1p-12), rows, 12));
    check(in_float32{}, float{}, float{}, 1, 1, 1e-6);
    check(in_int8{}, integer<8>{}, integer<8>{}, {0.05, 5}, {0x1p-8, -128}, 0.501);
    check(in_int8{}, integer<16>{}, uinteger<8>{}, 0x1p-12, 1 / 255.0, 0.501);
    check(in_int8{}, integer<16>{}, uinteger<8>{}, 0x1p-12, {1 / 200.0, 55}, 0.501);
    check(in_int8{}, integer<16>{}, integer<16>{}, 0x1p-12, {0x1p-15, -3}, 0.51);
    check(in_int8_float{}, float{}, integer<8>{}, 1, {0x1p-8, -128}, 0.501);
    CHECK((dyad::nn::softmax<in_int8>::usual_output() == affine(1 / 255.0)));
}

TEST_CASE("softmax of families: causal and masked rows have no share where nothing is seen") {
    const auto check = []<class F, class In, class Out>(F f, In, Out, const affine& in_code, const affine& out_code) {
        constexpr index n = 9;
        REQUIRE(f.set(in_code, out_code) == status::ok);
        const auto in = encode_affine<In>(random_matrix(n, n, 6, 5), in_code);
        std::vector<std::uint8_t> mask;
        for (index i = 0; i < n; ++i) {
            for (index j = 0; j < n; ++j) mask.push_back(j <= i + 1 && i != 4 ? 1 : 0);
        }
        std::vector<Out> causal(in.size());
        std::vector<Out> masked(in.size());
        const auto from = make_matrix<const In>(in.data(), n, n);
        REQUIRE(f.run_causal(from, 1, make_matrix(causal.data(), n, n)) == status::ok);
        REQUIRE(f.run_masked(from, make_matrix<const std::uint8_t>(mask.data(), n, n),
                             make_matrix(masked.data(), n, n)) == status::ok);
        for (index i = 0; i < n; ++i) {
            const index seen = std::min(n, i + 2);
            std::vector<Out> alone(static_cast<std::size_t>(seen));
            REQUIRE(f.run(make_matrix<const In>(in.data() + i * n, 1, seen), make_matrix(alone.data(), 1, seen)) ==
                    status::ok);
            for (index j = 0; j < n; ++j) {
                const auto at = static_cast<std::size_t>(i * n + j);
                const double expected =
                    j < seen ? dyad::convert<double>(alone[static_cast<std::size_t>(j)]) : out_code.zero_point;
                CHECK(dyad::convert<double>(causal[at]) == expected);
                CHECK(dyad::convert<double>(masked[at]) == (i == 4 ? out_code.zero_point : expected));
            }
        }
        CHECK(f.run_masked(from, make_matrix<const std::uint8_t>(nullptr, n, n), make_matrix(masked.data(), n, n)) ==
              status::mask_null);
    };
    using dyad::nn::float_functions;
    using dyad::nn::integer_functions;
    check(float_functions::softmax<float, float>{}, float{}, float{}, 1, 1);
    check(float_functions::softmax<float, uinteger<8>>{}, float{}, uinteger<8>{}, 1, 1 / 255.0);
    check(float_functions::softmax<float, integer<8>>{}, float{}, integer<8>{}, 1, {0x1p-8, -128});
    check(integer_functions::softmax<integer<16>, uinteger<8>>{}, integer<16>{}, uinteger<8>{}, 0x1p-12, 1 / 255.0);
    check(integer_functions::softmax<integer<8>, integer<8>>{}, integer<8>{}, integer<8>{}, 0.05, {0x1p-8, -128});
}

TEST_CASE("published families: their own GELU, ours for the rest; results may have a zero point") {
    using byte = integer<8>;
    using dyad::nn::ivit_functions;
    static_assert(std::same_as<dyad::nn::activation_of<ivit_functions, scalar_function::gelu, byte, byte>,
                               ivit_functions::gelu<byte, byte>>);
    static_assert(std::same_as<dyad::nn::activation_of<ivit_functions, scalar_function::silu, byte, byte>,
                               dyad::nn::integer_functions::activation<scalar_function::silu, byte, byte>>);
    const auto shifted = []<class F>(F f, double out_scale) {
        std::vector<byte> in;
        for (int i = -128; i < 128; ++i) in.push_back(byte::from_raw(static_cast<std::int8_t>(i)));
        const auto run = [&](const affine& out) {
            std::vector<byte> y(in.size());
            REQUIRE(f.set(0.05, out) == status::ok);
            REQUIRE(f.run(dyad::make_vector<const byte>(in.data(), 256), dyad::make_vector(y.data(), 256)) ==
                    status::ok);
            return y;
        };
        const auto plain = run(out_scale);
        const auto moved = run({out_scale, -20});
        for (std::size_t i = 0; i < in.size(); ++i)
            CHECK(moved[i].raw() == (plain[i].raw() == 127 ? moved[i].raw() : std::max(plain[i].raw() - 20, -128)));
        CHECK(f.set({0.05, 1}, out_scale) == status::scale_unsupported);
    };
    shifted(ivit_functions::gelu<byte, byte>{}, 0.06);
    shifted(ivit_functions::softmax<byte, byte>{}, 1 / 127.0);
}

}  // namespace
}  // namespace dyad_test
