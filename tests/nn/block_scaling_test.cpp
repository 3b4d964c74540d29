// SPDX-License-Identifier: Apache-2.0
// block_scaling: operands are decode(encode(x)) of blocks along the sums; linear and attention on them against the same
// in double; what lies packed in memory; NaN, infinities, extremes.
#include <dyad/nn/block_scaling.hpp>

#include <doctest/doctest.h>

#include <dyad/nn/archive.hpp>
#include <dyad/nn/attention.hpp>
#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/linear.hpp>

#include "nn/reference_layers.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::as_const;
using dyad::bfloat16;
using dyad::block_type;
using dyad::scale_levels;
using dyad::scale_rule;

/// Weights in blocks of W, activations in blocks like those of another element.
template <block_type Block, class W = typename Block::element_type>
struct in_blocks {
    using weight = W;
    using operand = typename Block::element_type;
    using probability = typename Block::element_type;
    using value = float;
    using stream = float;
    using accumulator = dyad::float_ordered;
    using scaling = block_scaling<Block>;
    using functions = float_functions;
    static constexpr auto product = dyad::product_rule::exact;
};
using in_mxfp8 = in_blocks<dyad::mxfp8_e4m3>;
using in_mxfp4 = in_blocks<dyad::mxfp4>;
using in_mxint8 = in_blocks<dyad::mxint8>;
using in_nvfp4 = in_blocks<dyad::nvfp4>;
using mxfp4_by_mxfp8 = in_blocks<dyad::mxfp8_e4m3, dyad::float4_e2m1fn>;

static_assert(recipe<in_mxfp8> && recipe<in_nvfp4> && recipe<mxfp4_by_mxfp8>);
static_assert(weights_of<in_mxfp8>::bits_per_weight == 8.25 && weights_of<in_mxint8>::bits_per_weight == 8.25);
static_assert(weights_of<in_blocks<dyad::mxfp6_e2m3>>::bits_per_weight == 6.25);
static_assert(weights_of<in_mxfp4>::bits_per_weight == 4.25 && weights_of<mxfp4_by_mxfp8>::bits_per_weight == 4.25);
static_assert(weights_of<in_nvfp4>::bits_per_weight == 4.5);

// --- what holds the values

/// Is x, to 8 digits, x?
constexpr bool is_bfloat16(const dyad::unpacked& x) {
    const auto y = dyad::unpack(dyad::pack_as<bfloat16>(x, dyad::rounding::nearest_even, dyad::saturation::none));
    return x.kind != dyad::number_class::finite || dyad::compare(x, y) == 0;
}
/// Is every element times every finite scale whose exponent is at least `lowest` a bfloat16?
template <block_type B>
constexpr bool values_are_bfloat16(int lowest, unsigned step) {
    using E = typename B::element_type;
    using S = typename B::scale_type;
    for (unsigned e = 0; e < (1U << E::width); ++e) {
        const auto element = dyad::unpack(E::from_bits(static_cast<typename E::bits_type>(e)));
        for (unsigned s = 0; s < (1U << S::width); s += step) {
            const auto scale = dyad::unpack(S::from_bits(static_cast<typename S::bits_type>(s)));
            if (scale.kind != dyad::number_class::finite || scale.top_exponent() < lowest) continue;
            if (element.kind != dyad::number_class::finite) continue;
            const auto wide = dyad::exact_product(element, scale);
            if (!is_bfloat16(dyad::resize<std::uint64_t>(wide))) return false;
        }
    }
    return true;
}
// (all scales at run time below)
static_assert(values_are_bfloat16<dyad::mxint8>(0, 64));

template <class T, block_type B>
constexpr bool is_carried_by = std::same_as<block_value<B>, T>;
static_assert(is_carried_by<bfloat16, dyad::mxfp8_e4m3> && is_carried_by<bfloat16, dyad::mxfp8_e5m2>);
static_assert(is_carried_by<bfloat16, dyad::mxfp6_e2m3> && is_carried_by<bfloat16, dyad::mxint8>);
static_assert(is_carried_by<bfloat16, dyad::msfp16> && is_carried_by<bfloat16, dyad::bfp<9, 32>>);
static_assert(is_carried_by<float, dyad::bfp<10, 32>> && is_carried_by<float, dyad::q8_0>);
static_assert(is_carried_by<float, dyad::q4_0>);

TEST_CASE("block_scaling: bfloat16 holds every value of the blocks that it is chosen for") {
    const auto is_exact = []<block_type B>(int scale_exponent) {
        using E = typename B::element_type;
        const auto scale = dyad::unpacked::finite(false, 1, scale_exponent);
        for (unsigned code = 0; code < (1U << E::width); ++code) {
            const auto element = dyad::unpack(E::from_bits(static_cast<typename E::bits_type>(code)));
            if (element.kind != dyad::number_class::finite) continue;
            if (!is_bfloat16(dyad::resize<std::uint64_t>(dyad::exact_product(element, scale)))) return false;
        }
        return true;
    };
    // From the smallest scale, or where bfloat16 begins, to the scale of the largest floats.
    const auto check = [&]<block_type B>(int lowest) {
        const int highest = 127 - dyad::largest_element<typename B::element_type>.top_exponent();
        const bool minus_two = std::same_as<B, dyad::mxint8>;  // -2 2^127 is no float
        for (int e = lowest; e <= highest - (minus_two ? 1 : 0); ++e) {
            if (!is_exact.template operator()<B>(e)) FAIL_CHECK("inexact with 2^", e);
        }
        if (lowest > -127) CHECK(!is_exact.template operator()<B>(lowest - 1));
    };
    check.template operator()<dyad::mxint8>(-127);
    check.template operator()<dyad::mxfp4>(-127);
    check.template operator()<dyad::mxfp6_e2m3>(-127);
    check.template operator()<dyad::mxfp6_e3m2>(-127);
    check.template operator()<dyad::msfp16>(-127);
    check.template operator()<dyad::mxfp8_e4m3>(-116 - 8);
    check.template operator()<dyad::mxfp8_e5m2>(-102 - 15);
    CHECK(values_are_bfloat16<dyad::nvfp4>(-9, 1));
}

// --- the plain way, in double

/// One block of numbers as the values of its elements, without the tensor's scale.
template <block_type B>
void quantize_plainly(std::vector<double*> block, double tensor) {
    using E = typename B::element_type;
    using S = typename B::scale_type;
    const double most = dyad::convert<double>(std::numeric_limits<E>::max());
    double largest = 0;
    for (const double* x : block) largest = std::max(largest, std::fabs(*x));
    double scale = 0;
    if (largest > 0 && B::layout.levels == scale_levels::one) {
        scale = std::ldexp(1.0, std::max(std::ilogb(largest) - std::ilogb(most), -127));
    } else if (largest > 0) {
        scale = dyad::convert<double>(
            dyad::convert<S>(largest / (tensor * most), dyad::rounding::nearest_even, dyad::saturation::finite));
    }
    for (double* x : block) {
        if (scale == 0) {
            *x = 0;
            continue;
        }
        const double quotient = *x / (scale * tensor);
        *x = scale *
             dyad::convert<double>(dyad::convert<E>(quotient, dyad::rounding::nearest_even, dyad::saturation::finite));
    }
}
template <block_type B>
double tensor_scale_of(const real_matrix& m) {
    if (B::layout.levels == scale_levels::one) return 1;
    return m.absmax() == 0 ? 1 : static_cast<double>(static_cast<float>(m.absmax() / (6.0 * 448.0)));
}
/// m in blocks of B along its columns or rows, beginning anew at every multiple of `length`; the values, with the
/// tensor's scale.
template <block_type B>
real_matrix in_blocks_plainly(real_matrix m, contracted over, index length) {
    const double tensor = tensor_scale_of<B>(m);
    const bool along_rows = over == contracted::columns;
    const index lines = along_rows ? m.rows : m.columns;
    const index size = along_rows ? m.columns : m.rows;
    for (index line = 0; line < lines; ++line) {
        std::vector<double*> block;
        for (index k = 0; k < size; ++k) {
            if (!block.empty() && (k % length == 0 || k % length % B::size == 0)) {
                quantize_plainly<B>(block, tensor);
                block.clear();
            }
            block.push_back(along_rows ? &m(line, k) : &m(k, line));
        }
        quantize_plainly<B>(block, tensor);
    }
    for (double& x : m.values) x *= tensor;
    return m;
}

// --- operands

std::vector<float> floats_of(const real_matrix& m) { return {m.values.begin(), m.values.end()}; }

/// scaling::operand of x, decoded with its token; run under several executors in the memory it asks for.
template <class R>
real_matrix operand_of(const real_matrix& x, const contraction& sums) {
    const std::vector<float> in = floats_of(x);
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor_of<R, typename R::operand> t;
        const status s = as_operand<R, typename R::operand>(from, sums, t, 0, context);
        if (s != status::ok || context.measuring()) return s;
        for (index i = 0; i < x.rows; ++i) {
            for (index j = 0; j < x.columns; ++j) {
                to(i, j) = dyad::convert<double>(t.codes(i, j)) * factor_at(t.token, i, j);
            }
        }
        return s;
    };
    return decode(run_checked<double>(in, x.rows, x.columns, x.rows, x.columns, run), x.rows, x.columns, 1);
}

struct operand_shape {
    index rows, columns;
    contraction sums;
};
const std::vector<operand_shape> operand_shapes{
    {1, 1, {contracted::columns, 1}},   {3, 64, {contracted::columns, 64}},  {5, 33, {contracted::columns, 33}},
    {7, 60, {contracted::columns, 20}}, {4, 105, {contracted::columns, 35}}, {16, 64, {contracted::columns, 16}},
    {64, 3, {contracted::rows, 64}},    {33, 5, {contracted::rows, 33}},     {70, 4, {contracted::rows, 35}},
    {17, 48, {contracted::rows, 17}},   {2, 300, {contracted::columns, 300}}};

/// Numbers of very different magnitudes: each block has its own scale.
real_matrix uneven_matrix(index rows, index columns, std::uint64_t seed) {
    real_matrix m = random_matrix(rows, columns, 4, seed);
    std::mt19937_64 engine(seed + 1);
    for (double& x : m.values) x *= std::ldexp(1.0, static_cast<int>(engine() % 12) - 6);
    return m;
}

template <class R>
void check_operands() {
    using B = typename R::scaling::template block_of<typename R::operand>;
    std::uint64_t seed = 1;
    for (const auto& shape : operand_shapes) {
        CAPTURE(shape.rows);
        CAPTURE(shape.columns);
        const real_matrix x = uneven_matrix(shape.rows, shape.columns, ++seed);
        const real_matrix got = operand_of<R>(x, shape.sums);
        CHECK(got.values == in_blocks_plainly<B>(x, shape.sums.over, shape.sums.length).values);
    }
}

TEST_CASE("block_scaling: operands are the blocks of the plain way, along columns and rows, anew for each group") {
    check_operands<in_mxfp8>();
    check_operands<in_mxfp4>();
    check_operands<in_mxint8>();
    check_operands<in_nvfp4>();
    check_operands<in_blocks<dyad::bfp<12, 16>>>();  // carried as floats
}

TEST_CASE("block_scaling: an operand is decode(encode(x)) of the same blocks") {
    const auto check = []<class R>(R) {
        using B = typename R::scaling::template block_of<typename R::operand>;
        constexpr index rows = 6;
        constexpr index length = 45;
        const real_matrix x = uneven_matrix(rows, 2 * length, 77);
        const real_matrix got = operand_of<R>(x, {contracted::columns, length});
        const auto tensor = static_cast<float>(tensor_scale_of<B>(x));
        for (index i = 0; i < rows; ++i) {
            for (index g = 0; g < 2; ++g) {
                std::vector<float> line;
                for (index k = 0; k < length; ++k) line.push_back(static_cast<float>(x(i, g * length + k)));
                std::vector<B> blocks(static_cast<std::size_t>(dyad::tiles_of(length, B::size)));
                std::vector<double> values(line.size());
                const auto from = std::span<const float>(line);
                const auto to = std::span<B>(blocks);
                const auto back = std::span<const B>(blocks);
                if constexpr (B::layout.levels == scale_levels::two) {
                    REQUIRE(dyad::quantize(from, to, tensor, scale_rule::nearest) == status::ok);
                    REQUIRE(dyad::dequantize(back, tensor, std::span(values)) == status::ok);
                } else {
                    REQUIRE(dyad::quantize(from, to, scale_rule::floor) == status::ok);
                    REQUIRE(dyad::dequantize(back, std::span(values)) == status::ok);
                }
                for (index k = 0; k < length; ++k) {
                    CHECK(got(i, g * length + k) == values[static_cast<std::size_t>(k)]);
                }
            }
        }
    };
    check(in_mxfp8{});
    check(in_nvfp4{});
}

template <class R>
status operand_status(const std::vector<float>& x) {
    return run_in(8192, [&](const auto& context) {
        tensor_of<R, typename R::operand> t;
        const auto in = dyad::make_matrix(x.data(), 1, static_cast<index>(x.size()));
        return as_operand<R, typename R::operand>(in, t, 0, context);
    });
}

TEST_CASE("block_scaling: there is no operand for NaN and infinity") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
        for (const std::size_t place : {0U, 40U}) {
            std::vector<float> x(41, 1.0F);
            CHECK(operand_status<in_mxfp4>(x) == status::ok);
            x[place] = bad;
            CHECK(operand_status<in_mxfp4>(x) == status::value_not_finite);
            CHECK(operand_status<in_mxfp8>(x) == status::value_not_finite);
            CHECK(operand_status<in_nvfp4>(x) == status::value_not_finite);
        }
    }
}

TEST_CASE("block_scaling: zeros, the largest and the smallest floats") {
    const real_matrix zeros(2, 40);
    CHECK(operand_of<in_mxfp4>(zeros, {contracted::columns, 40}).values == zeros.values);
    CHECK(operand_of<in_nvfp4>(zeros, {contracted::rows, 2}).values == zeros.values);
    const double largest = static_cast<double>(std::numeric_limits<float>::max());
    real_matrix x(1, 4);
    x.values = {largest, -largest, 0x1p126, 0};
    using numbers = std::vector<double>;
    const contraction sums{contracted::columns, 4};
    CHECK(operand_of<in_mxfp4>(x, sums).values == numbers{0x1.8p127, -0x1.8p127, 0x1p126, 0});
    CHECK(operand_of<in_mxfp8>(x, sums).values == numbers{0x1.Cp127, -0x1.Cp127, 0x1p126, 0});
    // (two's complement reaches -2, and -2 2^127 is no float)
    CHECK(operand_of<in_mxint8>(x, sums).values ==
          numbers{0x1.FCp127, -std::numeric_limits<double>::infinity(), 0x1p126, 0});
    x.values = {0x1p-126, -0x1.8p-127, 0x1p-128, 0x1p-149};
    CHECK(operand_of<in_mxfp4>(x, sums).values == numbers{0x1p-126, -0x1.8p-127, 0x1p-128, 0});
    CHECK(operand_of<in_mxint8>(x, sums).values == numbers{0x1p-126, -0x1.8p-127, 0x1p-128, 0});
    // The scale cannot be less than 2^-127, and a subnormal of E4M3 is less than bfloat16's: rounded once.
    x.values = {0x1p-133, 0x1.8p-133, 0x1p-134, 0x1.8p-134};
    CHECK(operand_of<in_mxfp8>(x, sums).values == numbers{0x1p-133, 0x1p-132, 0, 0x1p-133});
    CHECK(operand_of<in_mxfp4>(x, sums).values == numbers(4, 0.0));
}

// --- weights

/// A linear layer with uneven weights, prepared.
template <class R>
struct prepared {
    parameters source;
    with_memory<linear<R, float>> held;

    prepared(index out, index in)
        : held(shaped<linear<R, float>>([=](auto& layer, dyad::arena& a) { return layer.shape(a, out, in); })) {
        source.add("l.weight", uneven_matrix(out, in, 3));
        source.add("l.bias", random_matrix(1, out, 1, 4));
        REQUIRE(held.layer.prepare(source, path("l"), 1, [](index) { return 1.0; }) == status::ok);
    }
    [[nodiscard]] real_matrix run(const real_matrix& x) const {
        const auto [in, out] = std::pair{x.columns, source.get("l.bias").columns};
        const auto call = [this](auto from, auto to, const auto& context) {
            tensor_of<R, typename R::operand> t;
            const status s = as_operand<R, typename R::operand>(from, t, 0, context);
            return s == status::ok ? status(held.layer.run(t, to, context)) : s;
        };
        return decode(run_checked<float>(floats_of(x), x.rows, in, x.rows, out, call), x.rows, out, 1);
    }
};

/// The largest |x_k w_k| sum of a row and a column bounds the error of its float sum: less than k roundings of 2^-24.
void check_sums(const real_matrix& got, const real_matrix& x, const real_matrix& w, const real_matrix& b) {
    const real_matrix expected = linear_of(x, w, b);
    for (index i = 0; i < got.rows; ++i) {
        for (index j = 0; j < got.columns; ++j) {
            double all = std::fabs(b(0, j));
            for (index k = 0; k < x.columns; ++k) all += std::fabs(x(i, k) * w(j, k));
            const double bound = all * static_cast<double>(x.columns) * 0x1p-24;
            if (!(std::fabs(got(i, j) - expected(i, j)) <= bound)) FAIL_CHECK(i, " ", j, ": ", got(i, j));
        }
    }
}

template <class R>
void check_linear() {
    using scaling = typename R::scaling;
    for (const index in : {1, 31, 40, 64, 600}) {
        CAPTURE(in);
        const index out = in == 600 ? 3 : 11;
        const prepared<R> layer(out, in);
        const real_matrix x = uneven_matrix(5, in, 8);
        using W = typename scaling::template block_of<typename R::weight>;
        using X = typename scaling::template block_of<typename R::operand>;
        const real_matrix w = in_blocks_plainly<W>(layer.source.get("l.weight"), contracted::columns, in);
        check_sums(layer.run(x), in_blocks_plainly<X>(x, contracted::columns, in), w, layer.source.get("l.bias"));
    }
}

TEST_CASE("block_scaling: linear multiplies the values of blocks along its inputs") {
    check_linear<in_mxint8>();
    check_linear<in_nvfp4>();
    check_linear<mxfp4_by_mxfp8>();
}

TEST_CASE("block_scaling: packed blocks are what lies in memory and in archives; a NaN scale poisons its output") {
    prepared<in_mxfp4> layer(3, 40);
    packed_size packed;
    archive_size size;
    REQUIRE(layer.held.layer.visit(packed) == status::ok);
    REQUIRE(layer.held.layer.visit(size) == status::ok);
    constexpr std::size_t blocks = 3 * 2 * 17;
    CHECK(packed.bytes() == blocks + 4 + 3 * 4 + sizeof(value_interval));  // one factor, three biases
    CHECK(size.bytes() == packed.bytes());
    const real_matrix x = uneven_matrix(4, 40, 5);
    const real_matrix expected = layer.run(x);
    std::vector<std::byte> bytes(size.bytes());
    archive_writer writer(bytes);
    REQUIRE(layer.held.layer.visit(writer) == status::ok);
    prepared<in_mxfp4> other(3, 40);
    const auto read = [&] {
        for (std::byte& b : other.held.memory) b = std::byte{0x55};
        archive_reader reader(bytes);
        REQUIRE(other.held.layer.visit(reader) == status::ok);
        return other.run(x);
    };
    CHECK(read().values == expected.values);
    bytes[17 * 3] = std::byte{0xFF};  // the scale of row 1's second block
    const real_matrix poisoned = read();
    for (index i = 0; i < 4; ++i) {
        CHECK(poisoned(i, 0) == expected(i, 0));
        CHECK(std::isnan(poisoned(i, 1)));
        CHECK(poisoned(i, 2) == expected(i, 2));
    }
}

TEST_CASE("block_scaling: linear gives back the scratch memory of decoded weights") {
    const prepared<in_mxfp4> layer(3, 40);
    const std::vector<float> x = floats_of(uneven_matrix(2, 40, 5));
    std::vector<float> y(6);
    const auto run = [&](const auto& context) {
        tensor_of<in_mxfp4, in_mxfp4::operand> t;
        const auto from = dyad::make_matrix(x.data(), 2, 40);
        REQUIRE(as_operand<in_mxfp4, in_mxfp4::operand>(from, t, 0, context) == status::ok);
        const std::size_t used = context.scratch.used();
        const status s = layer.held.layer.run(t, dyad::make_matrix(y.data(), 2, 3), context);
        CHECK(context.scratch.used() == used);
        CHECK(context.scratch.peak() > used);
        return s;
    };
    CHECK(run_in(std::size_t{1} << 14, run) == status::ok);
}

TEST_CASE("block_scaling: weights must be finite, extents not negative") {
    prepared<in_nvfp4> layer(2, 20);
    real_matrix w(2, 20);
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        w(1, 19) = bad;
        layer.source.add("l.weight", w);
        CHECK(layer.held.layer.prepare(layer.source, path("l"), 1, [](index) { return 1.0; }) ==
              status::parameter_not_finite);
    }
    linear<in_nvfp4, float> other;
    dyad::arena arena = dyad::arena::measuring();
    CHECK(other.shape(arena, -1, 3) == status::negative_extent);
    CHECK(other.shape(arena, 3, -1) == status::negative_extent);
    CHECK(other.shape(arena, std::numeric_limits<index>::max() / 2, 80) == status::arena_too_small);
    // Zeros leave the bias.
    layer.source.add("l.weight", real_matrix(2, 20));
    REQUIRE(layer.held.layer.prepare(layer.source, path("l"), 1, [](index) { return 1.0; }) == status::ok);
    const real_matrix y = layer.run(uneven_matrix(1, 20, 5));
    CHECK(y.values == layer.source.get("l.bias").values);
}

// --- attention

/// Equal but for a tensor's scale one ulp away, and for a sum in float near a boundary that falls to the other side.
void check_nearly_all(const std::string& what, const real_matrix& got, const real_matrix& expected) {
    REQUIRE(got.values.size() == expected.values.size());
    std::size_t other = 0;
    for (std::size_t i = 0; i < got.values.size(); ++i) {
        const double error = std::fabs(got.values[i] - expected.values[i]);
        other += error <= 0x1p-22 * std::fabs(expected.values[i]) ? 0U : 1U;
    }
    MESSAGE(what << ": " << other << " of " << got.values.size() << " differ");
    CHECK(other * 200 <= got.values.size());
}
void check_close(const std::string& what, const real_matrix& got, const real_matrix& expected) {
    INFO(what);
    CHECK(sqnr(expected, got) > 120);
}
real_matrix columns_of_matrix(const real_matrix& m, index first, index count) {
    real_matrix part(m.rows, count);
    for (index i = 0; i < m.rows; ++i) {
        for (index j = 0; j < count; ++j) part(i, j) = m(i, first + j);
    }
    return part;
}

template <class R>
void check_attention() {
    using B = typename R::scaling::template block_of<typename R::operand>;
    constexpr index tokens = 37;
    constexpr index heads = 3;
    constexpr index d = 36;
    constexpr index width = heads * d;
    parameters source;
    add_attention(source, "a", width, 5);
    auto held = shaped<attention<R>>([](auto& layer, dyad::arena& a) { return layer.shape(a, tokens, width, heads); });
    dyad::nn::affine out_scale;
    REQUIRE(held.layer.prepare(source, path("a"), path("e"), 1, out_scale) == status::ok);
    CHECK(out_scale == 1);
    const real_matrix in = random_matrix(tokens, width, 2, 6);
    std::vector<float> x = floats_of(in);
    std::vector<float> out(x.size());
    recorder seen;
    REQUIRE(run_in(
                std::size_t{1} << 21,
                [&](const auto& context) {
                    tensor_of<R, typename R::operand> t;
                    const auto from = dyad::make_matrix<const float>(x.data(), tokens, width);
                    const status s = as_operand<R, typename R::operand>(from, t, 1000, context);
                    if (s != status::ok) return dyad::nn::layer_status(s);
                    return held.layer.run(t, dyad::make_matrix(out.data(), tokens, width), context);
                },
                one_after_another, seen) == status::ok);
    REQUIRE(seen.seen.size() == 8);
    const auto edge = [&](std::size_t i) -> const real_matrix& { return seen.seen[i].codes; };
    const auto weights = [&](const std::string& name) {
        return in_blocks_plainly<B>(source.get(name), contracted::columns, width);
    };
    // 1. q and k in blocks along each head, v along the tokens.
    CHECK(edge(0).values == in_blocks_plainly<B>(in, contracted::columns, width).values);
    const real_matrix qkv = linear_of(edge(0), weights("a.qkv.weight"), source.get("a.qkv.bias"));
    const auto part = [&](index i) { return columns_of_matrix(qkv, i * width, width); };
    check_nearly_all("q", edge(1), in_blocks_plainly<B>(part(0), contracted::columns, d));
    check_nearly_all("k", edge(2), in_blocks_plainly<B>(part(1), contracted::columns, d));
    check_nearly_all("v", edge(3), in_blocks_plainly<B>(part(2), contracted::rows, tokens));
    // 2. Scores, their softmax in blocks along the tokens, the mixture in blocks along the width.
    real_matrix scores(heads * tokens, tokens);
    real_matrix shares(heads * tokens, tokens);
    real_matrix mixed(tokens, width);
    for (index i = 0; i < heads * tokens; ++i) {
        const index h = i / tokens;
        std::vector<double> of_row;
        for (index j = 0; j < tokens; ++j) {
            for (index c = h * d; c < h * d + d; ++c) scores(i, j) += edge(1)(i % tokens, c) * edge(2)(j, c);
            scores(i, j) /= std::sqrt(static_cast<double>(d));
            of_row.push_back(edge(4)(i, j));
        }
        const std::vector<double> p = softmax_of(of_row);
        for (index j = 0; j < tokens; ++j) shares(i, j) = p[static_cast<std::size_t>(j)];
        for (index c = h * d; c < h * d + d; ++c) {
            for (index j = 0; j < tokens; ++j) mixed(i % tokens, c) += edge(5)(i, j) * edge(3)(j, c);
        }
    }
    check_close("scores", edge(4), scores);
    check_nearly_all("softmax", edge(5), in_blocks_plainly<B>(shares, contracted::columns, tokens));
    check_nearly_all("context", edge(6), in_blocks_plainly<B>(mixed, contracted::columns, width));
    // 3. The projection.
    check_close("projection", decode(out, tokens, width, 1),
                linear_of(edge(6), weights("a.proj.weight"), source.get("a.proj.bias")));
}

TEST_CASE("block_scaling: attention's operands have blocks along what each product sums") {
    check_attention<in_mxfp8>();
    check_attention<in_nvfp4>();
}

TEST_CASE("block_scaling: attention gives the same bits for any number of tasks, and tells of NaN") {
    constexpr index tokens = 5;
    constexpr index width = 12;
    parameters source;
    add_attention(source, "a", width, 9);
    auto held = shaped<attention<in_nvfp4>>([](auto& layer, dyad::arena& a) { return layer.shape(a, 5, 12, 2); });
    dyad::nn::affine out_scale;
    REQUIRE(held.layer.prepare(source, path("a"), path("e"), 1, out_scale) == status::ok);
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor_of<in_nvfp4, in_nvfp4::operand> t;
        const status s = as_operand<in_nvfp4, in_nvfp4::operand>(from, t, 0, context);
        return s == status::ok ? status(held.layer.run(t, to, context)) : s;
    };
    std::vector<float> x = floats_of(random_matrix(tokens, width, 1, 2));
    CHECK(run_checked<float>(x, tokens, width, tokens, width, run).size() == x.size());
    x[30] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> y(x.size(), 7.0F);
    const auto told = [&](const auto& context) {
        return run(dyad::make_matrix<const float>(x.data(), tokens, width), dyad::make_matrix(y.data(), tokens, width),
                   context);
    };
    CHECK(run_in(std::size_t{1} << 18, told) == status::value_not_finite);
    CHECK(y == std::vector<float>(y.size(), 7.0F));
}

TEST_CASE("block_scaling: the mean over tokens reads blocks along the tokens") {
    constexpr index rows = 35;
    constexpr index width = 6;
    auto held =
        shaped<mean_rows<in_nvfp4, float>>([](auto& layer, dyad::arena& a) { return layer.shape(a, rows, width); });
    REQUIRE(held.layer.prepare(1, 1) == status::ok);
    const real_matrix x = uneven_matrix(rows, width, 12);
    const auto run = [&](auto from, auto to, const auto& context) {
        tensor_of<in_nvfp4, in_nvfp4::operand> t;
        const status s = as_operand<in_nvfp4, in_nvfp4::operand>(from, {contracted::rows, rows}, t, 0, context);
        return s == status::ok ? status(held.layer.run(t, to, context)) : s;
    };
    const real_matrix got = decode(run_checked<float>(floats_of(x), rows, width, 1, width, run), 1, width, 1);
    const real_matrix values = in_blocks_plainly<dyad::nvfp4>(x, contracted::rows, rows);
    real_matrix expected(1, width);
    for (index i = 0; i < rows; ++i) {
        for (index j = 0; j < width; ++j) expected(0, j) += values(i, j) / static_cast<double>(rows);
    }
    check_close("mean", got, expected);
}

}  // namespace
}  // namespace dyad_test
