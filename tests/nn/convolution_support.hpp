// SPDX-License-Identifier: Apache-2.0
// Convolution layers for tests: random parameters, the definition in double, a layer with its memory.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <dyad/nn/conv2d_geometry.hpp>
#include <dyad/nn/layer_status.hpp>

#include "nn/layer_support.hpp"
#include "support/instruction_sets.hpp"

namespace dyad_test {

/// Static integer scaling with zero points: the interval between the lowest and the highest code.
struct zero_point_scaling : dyad::nn::dyadic_scaling {
    template <dyad::number T>
    [[nodiscard]] static constexpr dyad::nn::affine quantization(const dyad::nn::value_interval& seen) noexcept {
        const double scale = (seen.high - seen.low) / (T::max_raw - T::min_raw);
        const double zero = T::min_raw - seen.low / scale;
        return {scale, dyad::convert<std::int32_t>(zero, dyad::rounding::nearest_even, dyad::saturation::finite)};
    }
};
struct in_int8_zero : in_int8 {
    static std::string name() { return "int8, integer-only, zero points"; }
    using scaling = zero_point_scaling;
};

/// Input pixel under kernel position (ky, kx) at output (y, x), or -1 outside the image.
[[nodiscard]] inline index pixel_under(const dyad::conv2d_shape& s, index b, index y, index x, index ky, index kx) {
    const index iy = y * s.step_down - s.padding_top + ky * s.dilation_down;
    const index ix = x * s.step_across - s.padding_left + kx * s.dilation_across;
    return iy < 0 || iy >= s.height || ix < 0 || ix >= s.width ? -1 : (b * s.height + iy) * s.width + ix;
}

/// sum(pixel, o) of at(input pixel, channel, weight row, weight column) over the taps inside the image, as matrices:
/// weights are out x (kernel row, kernel column, channel of the group).
template <class Sum, class At>
[[nodiscard]] Sum window_sum(const dyad::conv2d_shape& s, index pixel, index o, const At& at) {
    const index w = s.out_width();
    const index h = s.out_height();
    const index first = o / s.group_outputs() * s.group_channels();
    Sum sum = 0;
    for (index ky = 0; ky < s.kernel_height; ++ky) {
        for (index kx = 0; kx < s.kernel_width; ++kx) {
            const index p = pixel_under(s, pixel / w / h, pixel / w % h, pixel % w, ky, kx);
            for (index c = 0; c < s.group_channels() && p >= 0; ++c)
                sum += at(p, first + c, o, (ky * s.kernel_width + kx) * s.group_channels() + c);
        }
    }
    return sum;
}

/// The shape by which a Layer sees a geometry.
template <class Layer>
[[nodiscard]] dyad::conv2d_shape shape_seen(dyad::nn::conv2d_geometry g) {
    if (Layer::kind == dyad::nn::layer_kind::depthwise_conv2d) g.groups = g.channels;
    dyad::conv2d_shape s;
    REQUIRE(dyad::nn::shape_of(g, s) == status::ok);
    return s;
}
[[nodiscard]] inline real_matrix transpose_of(const real_matrix& m) {
    real_matrix t(m.columns, m.rows);
    for (index i = 0; i < m.rows; ++i) {
        for (index j = 0; j < m.columns; ++j) t(j, i) = m(i, j);
    }
    return t;
}

/// A random image, weights (a row for each output) and biases for a Layer of geometry g.
template <class Layer>
struct convolution_case {
    dyad::conv2d_shape shape;
    real_matrix x;
    real_matrix w;
    real_matrix b;

    convolution_case(const dyad::nn::conv2d_geometry& g, double absmax, std::uint64_t seed)
        : shape(shape_seen<Layer>(g)),
          x(random_matrix(shape.batch * shape.height * shape.width, shape.channels, absmax, seed)),
          w(random_matrix(shape.out_channels, shape.depth(), 0.5, seed + 1)),
          b(random_matrix(1, shape.out_channels, 0.5, seed + 2)) {}

    /// As the layer's source holds them.
    void add_to(parameters& source, const std::string& name) const {
        const bool depthwise = Layer::kind == dyad::nn::layer_kind::depthwise_conv2d;
        source.add(name + ".weight", depthwise ? transpose_of(w) : w);
        source.add(name + ".bias", b);
    }
    [[nodiscard]] real_matrix result() const {
        real_matrix y(shape.pixels(), shape.out_channels);
        for (index p = 0; p < y.rows; ++p) {
            for (index o = 0; o < y.columns; ++o) {
                const auto at = [&](index i, index c, index r, index k) { return x(i, c) * w(r, k); };
                y(p, o) = b(0, o) + window_sum<double>(shape, p, o, at);
            }
        }
        return y;
    }
};

/// What an integer-only layer gives, from the definition in integers: codes of weights at absmax / 127, bias in units
/// of the sum, one rounding half up, zero point, clamp to the codes of `bounds`.
template <class Layer>
[[nodiscard]] std::vector<typename Layer::output> integer_result(const convolution_case<Layer>& c,
                                                                 const std::vector<typename Layer::input>& x,
                                                                 const dyad::nn::affine& in,
                                                                 const dyad::nn::affine& out,
                                                                 dyad::nn::value_interval bounds) {
    using Out = typename Layer::output;
    const auto rounded = [](double v, dyad::rounding r) {
        return std::int64_t{dyad::convert<std::int32_t>(v, r, dyad::saturation::finite)};
    };
    const auto code_of = [&](double v) {
        const std::int64_t code = rounded(v / out.scale, dyad::rounding::nearest_away) + out.zero_point;
        return std::clamp<std::int64_t>(code, Out::min_raw, Out::max_raw);
    };
    std::vector<Out> y;
    for (index p = 0; p < c.shape.pixels(); ++p) {
        for (index o = 0; o < c.shape.out_channels; ++o) {
            double largest = 0;
            for (index k = 0; k < c.w.columns; ++k) largest = std::max(largest, std::fabs(c.w(o, k)));
            const double scale = largest / 127;
            const auto at = [&](index i, index channel, index r, index k) {
                const auto code = x[static_cast<std::size_t>(i * c.shape.channels + channel)].raw() - in.zero_point;
                return code * rounded(c.w(r, k) / scale, dyad::rounding::nearest_even);
            };
            const double unit = scale * in.scale;
            const std::int64_t sum =
                window_sum<std::int64_t>(c.shape, p, o, at) + rounded(c.b(0, o) / unit, dyad::rounding::nearest_even);
            // floor(sum * m * 2^e + 1/2), exactly: |sum| < 2^31, m < 2^31, 1 <= -e <= 62.
            const auto m = dyad::multiplier::from_ratio(unit, out.scale);
            const auto product = static_cast<dyad::int128_t>(sum) * m.significand;
            REQUIRE(m.exponent < 0);
            const auto code =
                static_cast<std::int64_t>((product + (dyad::int128_t{1} << (-m.exponent - 1))) >> -m.exponent);
            y.push_back(Out::from_raw(static_cast<typename Out::raw_type>(
                std::clamp(code + out.zero_point, code_of(bounds.low), code_of(bounds.high)))));
        }
    }
    return y;
}

/// A layer, shaped and prepared, with its memory.
template <class Layer>
struct prepared_convolution {
    with_memory<Layer> held;
    dyad::nn::layer_status answer;

    template <class Source>
    prepared_convolution(Source& source, const dyad::nn::path& name, const dyad::nn::conv2d_geometry& g,
                         const dyad::nn::affine& in, const dyad::nn::affine& out)
        : held(shaped<Layer>([&](auto& layer, dyad::arena& a) { return layer.shape(a, g); })),
          answer(held.layer.prepare(source, name, in, out)) {}

    [[nodiscard]] std::vector<typename Layer::output> run(const std::vector<typename Layer::input>& codes) const {
        const dyad::conv2d_shape& s = held.layer.extents();
        return run_checked<typename Layer::output>(
            codes, s.batch * s.height * s.width, s.channels, s.pixels(), s.out_channels,
            [this](auto in, auto out, const auto& context) { return held.layer.run(in, out, context); });
    }
};

template <class R, class Layer>
void check_against_double(const std::vector<dyad::nn::conv2d_geometry>& all, const error_bounds& bounds) {
    INFO(R::name());
    worst_tensor worst;
    for (const dyad::nn::conv2d_geometry& g : all) {
        const convolution_case<Layer> c(g, 3, 11);
        parameters source;
        c.add_to(source, "some.conv");
        const dyad::nn::affine in =
            R::scaling::template quantization<typename Layer::input>({-c.x.absmax(), c.x.absmax()});
        const real_matrix expected = c.result();
        const dyad::nn::affine out =
            R::scaling::template quantization<typename Layer::output>({-expected.absmax(), expected.absmax()});
        const prepared_convolution<Layer> layer(source, dyad::nn::path("some") / "conv", g, in, out);
        REQUIRE(layer.answer == status::ok);
        const auto codes = encode<typename Layer::input>(c.x, in.scale);
        const auto got = layer.run(codes);
        worst.add<R>("", expected, decode(got, expected.rows, expected.columns, out.scale));
    }
    worst.check<R>(to_string(Layer::kind), bounds);
}

/// One after the other, with `tasks` workers, the last first.
struct workers {
    unsigned tasks;
    template <class Task>
    void operator()(index n, Task&& task) const {
        for (index t = static_cast<index>(tasks) - 1; t >= 0; --t) {
            for (index i = t; i < n; i += static_cast<index>(tasks)) task(i);
        }
    }
};

/// Under every instruction set and for 1 to 8 tasks.
template <class Layer>
void check_same_bits(const Layer& layer, const std::vector<typename Layer::input>& x,
                     const std::vector<typename Layer::output>& expected) {
    const dyad::conv2d_shape& s = layer.extents();
    const dyad::nn::no_probe nobody;
    std::vector<std::byte> memory(std::size_t{1} << 20);
    for (const dyad::instruction_set isa : instruction_sets()) {
        for (unsigned tasks = 1; tasks <= 8; ++tasks) {
            dyad::arena scratch(memory);
            const workers execute{tasks};
            std::vector<typename Layer::output> y(expected.size());
            const dyad::nn::context<const dyad::nn::no_probe, const workers> context{scratch, nobody, execute, isa};
            REQUIRE(layer.run(dyad::make_matrix(x.data(), s.batch * s.height * s.width, s.channels),
                              dyad::make_matrix(y.data(), s.pixels(), s.out_channels), context) == status::ok);
            CHECK_MESSAGE(equal_bits(y, expected), to_string(isa), ", ", tasks, " tasks");
        }
    }
}

template <class Layer, class R>
void check_exactly(const std::vector<dyad::nn::conv2d_geometry>& all) {
    INFO(R::name());
    for (dyad::nn::conv2d_geometry g : all) {
        for (const auto activation : {dyad::nn::fused_activation::none, dyad::nn::fused_activation::relu,
                                      dyad::nn::fused_activation::relu6, dyad::nn::fused_activation::relu_n1_to_1}) {
            g.activation = activation;
            const convolution_case<Layer> c(g, 3, 11);
            parameters source;
            c.add_to(source, "c");
            const dyad::nn::affine in = R::scaling::template quantization<typename Layer::input>({-2, 3});
            const dyad::nn::affine out = R::scaling::template quantization<typename Layer::output>({-3, 9});
            const prepared_convolution<Layer> layer(source, dyad::nn::path("c"), g, in, out);
            REQUIRE(layer.answer == status::ok);
            std::mt19937_64 engine(7);
            std::vector<typename Layer::input> x(static_cast<std::size_t>(c.x.rows * c.x.columns));
            for (auto& code : x) code = Layer::input::from_raw(static_cast<std::int8_t>(engine() & 0xff));
            const auto expected = integer_result<Layer>(c, x, in, out, bounds(activation));
            CHECK(equal_bits(layer.run(x), expected));
            if (activation == dyad::nn::fused_activation::relu6) check_same_bits(layer.held.layer, x, expected);
        }
    }
}

template <class Layer>
void check_floats(const dyad::nn::conv2d_geometry& g) {
    const convolution_case<Layer> c(g, 3, 5);
    parameters source;
    c.add_to(source, "c");
    const prepared_convolution<Layer> layer(source, dyad::nn::path("c"), g, 0.5, 0.25);
    REQUIRE(layer.answer == status::ok);
    const auto x = encode<typename Layer::input>(c.x, 0.5);
    check_same_bits(layer.held.layer, x, layer.run(x));
}
inline void check_named(const dyad::nn::layer_status& s, status code, dyad::nn::layer_kind layer,
                        dyad::nn::operand_kind operand) {
    CHECK_MESSAGE((s == dyad::nn::layer_status(code, layer, operand)), std::string(to_string(s).text()));
}

}  // namespace dyad_test
