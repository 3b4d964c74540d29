// SPDX-License-Identifier: Apache-2.0
// quantize and dequantize: what the calls promise around the arithmetic. The scale of a tensor, indices of random bits,
// sources that are no floats, scales that are given, empty operands, faults that leave everything as it was.
// (The arithmetic: quantize_blocks_test.cpp, quantize_matrix_test.cpp and their neighbours.)
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::index;
using dyad::rounding;
using dyad::saturation;
using dyad::scale_rule;
using dyad::status;
using dyad::stochastic_stream;
using dyad_test::tally;

std::vector<float> random_floats(std::size_t n, int centre = 0) {
    std::mt19937_64 random(n);
    std::vector<float> x(n);
    for (float& y : x) {
        const auto m = static_cast<float>(static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000);
        y = std::ldexp(m, centre - 20 - static_cast<int>(random() % 5));
    }
    return x;
}

template <class B>
bool same_bytes(const std::vector<B>& a, const std::vector<B>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(B)) == 0;
}

// --- the scale of the tensor ---

TEST_CASE("quantize: the tensor's scale brings the largest number to the largest of both formats") {
    tally cases("scales of tensors");
    const auto e = reference::element_format_of<dyad::float4_e2m1fn>();
    const auto s = reference::scale_format(dyad::float8_e4m3fn_format);
    constexpr float top = std::numeric_limits<float>::max();
    std::vector<std::vector<float>> tensors{{0, -0.0f}, {2688}, {-2688.0f * 3}, {0x1p-149f}, {top, 1}, {1e-38f}};
    tensors.push_back({dyad_test::not_a_number, 5, dyad_test::infinity});
    tensors.push_back({dyad_test::not_a_number});
    for (int k = -149; k <= 120; ++k) tensors.push_back(random_floats(static_cast<std::size_t>(40 + (k & 31)), k));
    for (const std::vector<float>& x : tensors) {
        std::vector<dyad::nvfp4> computed((x.size() + 15) / 16);
        std::vector<dyad::nvfp4> given(computed.size());
        float g = -1;
        REQUIRE(dyad::quantize(std::span<const float>(x), std::span(computed), &g, scale_rule::nearest) == status::ok);
        const float expected = reference::tensor_scale(e, s, x);
        cases.check(g == expected, "tensor scale ", g, " not ", expected, " of", dyad_test::numbers{x});
        REQUIRE(dyad::quantize(std::span<const float>(x), std::span(given), g, scale_rule::nearest) == status::ok);
        cases.check(same_bytes(computed, given), "blocks with a scale that was computed, of", dyad_test::numbers{x});
    }
}

TEST_CASE("quantize: the tensor's scale of a matrix") {
    const std::vector<float> x = random_floats(40 * 50);
    std::vector<dyad::float4_e2m1fn> codes(x.size());
    std::vector<dyad::float8_e4m3fn> scales(40 * 4);
    const dyad::quantized_view dst{dyad::make_matrix(codes.data(), 40, 50), dyad::per_row_block(scales.data(), 16, 50)};
    float g = 0;
    REQUIRE(dyad::quantize(dyad::make_matrix(x.data(), 40, 50), dst, &g, scale_rule::nearest) == status::ok);
    const auto e = reference::element_format_of<dyad::float4_e2m1fn>();
    CHECK(g == reference::tensor_scale(e, reference::scale_format(dyad::float8_e4m3fn_format), x));
    CHECK(scales[0].bits() > 0);
}

// --- random bits ---

/// Element i of a span and element (i / columns, i % columns) of a matrix of the same numbers have the same random
/// bits, whatever the blocks and tiles.
TEST_CASE("quantize: random bits belong to the element's place alone") {
    const index rows = 24;
    const index columns = 96;
    const std::vector<float> x = random_floats(static_cast<std::size_t>(rows * columns));
    for (const auto variant : dyad_test::all_stochastic_variants) {
        const stochastic_stream stream{variant, 7, 123, 4};
        std::vector<dyad::mxint8> blocks(x.size() / 32);
        REQUIRE(dyad::quantize(std::span<const float>(x), std::span(blocks), scale_rule::floor, stream) == status::ok);
        std::vector<dyad::fixed<8, 6>> codes(x.size());
        std::vector<dyad::float8_e8m0fnu> scales(x.size() / 32);
        const dyad::quantized_view dst{dyad::make_matrix(codes.data(), rows, columns),
                                       dyad::per_row_block(scales.data(), 32, columns)};
        const auto src = dyad::make_matrix(x.data(), rows, columns);
        REQUIRE(dyad::quantize(src, dst, scale_rule::floor, stream) == status::ok);
        bool same = true;
        for (std::size_t i = 0; i < x.size(); ++i)
            same = same && codes[i].raw() == blocks[i / 32].element(static_cast<int>(i % 32)).raw();
        CHECK(same);
        // By columns of tiles, with the same scales everywhere: nothing but the place decides.
        for (auto& scale : scales) scale = dyad::float8_e8m0fnu::from_bits(127);
        std::vector<dyad::fixed<8, 6>> by_rows(x.size());
        std::vector<dyad::fixed<8, 6>> by_tiles(x.size());
        const dyad::quantized_view first{dyad::make_matrix(by_rows.data(), rows, columns),
                                         dyad::per_row(scales.data())};
        const dyad::quantized_view second{dyad::make_matrix(by_tiles.data(), rows, columns),
                                          dyad::per_tile(scales.data(), 5, 7, columns)};
        REQUIRE(dyad::quantize_with_scales(src, first, stream) == status::ok);
        REQUIRE(dyad::quantize_with_scales(src, second, stream) == status::ok);
        CHECK(by_rows == by_tiles);
        CHECK(by_rows != codes);
    }
}

// --- sources ---

template <class From>
void check_source(tally& cases, const char* name) {
    std::vector<From> x;
    std::vector<float> same;
    for (const float y : random_floats(1000)) {
        x.push_back(dyad::convert<From>(y));
        same.push_back(dyad::convert<float>(x.back()));
    }
    std::vector<dyad::mxfp4> blocks(32);
    std::vector<dyad::mxfp4> of_floats(32);
    for (const scale_rule rule : dyad_test::block_rules) {
        REQUIRE(dyad::quantize(std::span<const From>(x), std::span(blocks), rule) == status::ok);
        REQUIRE(dyad::quantize(std::span<const float>(same), std::span(of_floats), rule) == status::ok);
        cases.check(same_bytes(blocks, of_floats), name, " by rule ", static_cast<int>(rule));
    }
}

TEST_CASE("quantize: numbers of other types, as floats of the same values") {
    tally cases("sources");
    check_source<double>(cases, "double");
    check_source<dyad::bfloat16>(cases, "bfloat16");
    check_source<dyad::float16>(cases, "float16");
    check_source<std::int16_t>(cases, "int16_t");
}

/// 1 + 2^-30 times a midpoint: through a float it would be a tie.
TEST_CASE("quantize: doubles are not rounded on their way") {
    const std::vector<double> x{6, 2.5 * (1 + 0x1p-30), -2.5 * (1 + 0x1p-30), 2.5 * (1 - 0x1p-30), 2.5};
    std::vector<dyad::mxfp4> block(1);
    REQUIRE(dyad::quantize(std::span<const double>(x), std::span(block), scale_rule::floor) == status::ok);
    const float expected[]{6, 3, -3, 2, 2};
    for (int i = 0; i < 5; ++i) CHECK(static_cast<float>(block[0].element(i)) == expected[i]);
}

TEST_CASE("dequantize: to doubles, without a rounding") {
    std::vector<dyad::nvfp4> block(1);
    block[0].scale = dyad::float8_e4m3fn(1.125f);
    for (int i = 0; i < 16; ++i) block[0].set_element(i, dyad::float4_e2m1fn::from_bits(static_cast<std::uint8_t>(i)));
    std::vector<double> y(16);
    const float g = 0x1.fffffep-100f;
    REQUIRE(dyad::dequantize(std::span<const dyad::nvfp4>(block), g, std::span(y)) == status::ok);
    const double values[]{0, 0.5, 1, 1.5, 2, 3, 4, 6};
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(y[i] == values[i] * 1.125 * static_cast<double>(g));
        CHECK(y[i + 8] == -y[i]);
    }
}

// --- given scales ---

TEST_CASE("quantize_with_scales: with any finite scale, by the reference") {
    tally cases("given scales");
    const auto e = reference::element_format_of<dyad::float8_e4m3fn>();
    const std::vector<float> x = random_floats(200);
    std::vector<std::uint64_t> indices(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) indices[i] = i;
    std::vector<dyad::float8_e4m3fn> codes(x.size());
    std::vector<std::int64_t> expected;
    for (const float s : {1.0f, 3.0f, 0x1p-149f, 0x1.234568p-10f, 0x1.fffffep127f, 0x1.fffffep3f, 0x1.8p-126f, 0.0f}) {
        for (const float g : {1.0f, 0x1p-149f, 0x1.5p100f, 0x1.abcdeep-1f}) {
            float scale = s;
            dyad::scale_map<float> map = dyad::per_tensor(&scale);
            map.tensor_scale = g;
            const dyad::quantized_view dst{dyad::make_matrix(codes.data(), 1, 200), map};
            const auto r = product(reference::magnitude_of(s), reference::magnitude_of(g));
            for (const rounding mode : dyad_test::all_rounding_modes) {
                for (const auto policy : {saturation::none, saturation::propagate, saturation::finite}) {
                    REQUIRE(dyad::quantize_with_scales(dyad::make_matrix(x.data(), 1, 200), dst, mode, policy) ==
                            status::ok);
                    quantize_with_scale(e, r, x, indices, mode, policy, 0, expected);
                    for (std::size_t i = 0; i < x.size(); ++i)
                        cases.check(codes[i].bits() == expected[i], "scale ", s, " times ", g, " ", mode, " of ", x[i]);
                }
            }
        }
    }
}

// --- empty operands and faults ---

TEST_CASE("quantize: nothing to do") {
    CHECK(dyad::quantize(std::span<const float>{}, std::span<dyad::mxfp4>{}, scale_rule::floor) == status::ok);
    CHECK(dyad::dequantize(std::span<const dyad::mxfp4>{}, std::span<float>{}) == status::ok);
    float g = 0;
    CHECK(dyad::quantize(std::span<const float>{}, std::span<dyad::nvfp4>{}, &g, scale_rule::nearest) == status::ok);
    CHECK(g == 1);
    const dyad::quantized_view<dyad::matrix_view<dyad::integer<8>>, float> none{{nullptr, {0, 5}, {5, 1}}, {}, {}};
    CHECK(dyad::quantize(dyad::matrix_view<const float>{nullptr, {0, 5}, {5, 1}}, none, scale_rule::nearest) ==
          status::ok);
}

/// A matrix of 4 x 6 with scales of 1 x 3, whose faults are made one by one.
struct fixture {
    std::vector<float> x = std::vector<float>(24, 1.5f);
    std::vector<dyad::integer<8>> codes = std::vector<dyad::integer<8>>(24, dyad::integer<8>::from_raw(77));
    std::vector<float> scales = std::vector<float>(8, 0.25f);
    dyad::matrix_view<const float> src = dyad::make_matrix(static_cast<const float*>(x.data()), 4, 6);
    dyad::quantized_view<dyad::matrix_view<dyad::integer<8>>, float> dst{
        dyad::make_matrix(codes.data(), 4, 6), dyad::per_row_block(scales.data(), 3, 6), {}};
    void refuses(status expected) {
        CHECK(dyad::quantize(src, dst, scale_rule::nearest) == expected);
        CHECK(dyad::quantize(src, dst, scale_rule::nearest, stochastic_stream{}) == expected);
        for (const auto c : codes) CHECK(c.raw() == 77);
        for (const float s : scales) CHECK(s == 0.25f);
    }
};

TEST_CASE("quantize: faults leave everything as it was") {
    {
        fixture f;
        f.src.extent[0] = 3;
        f.refuses(status::extents_differ);
    }
    {
        fixture f;
        f.src.extent[1] = -1;
        f.refuses(status::negative_extent);
    }
    {
        fixture f;
        f.src.data = nullptr;
        f.refuses(status::src_null);
    }
    {
        fixture f;
        f.dst.codes.data = nullptr;
        f.refuses(status::dst_null);
    }
    {
        fixture f;
        f.dst.scales.data = nullptr;
        f.refuses(status::scales_null);
    }
    {
        fixture f;
        f.dst.scales.tile[1] = 0;
        f.refuses(status::tile_not_positive);
    }
    for (const float g : {0.0f, -1.0f, dyad_test::infinity, dyad_test::not_a_number}) {
        fixture f;
        f.dst.scales.tensor_scale = g;
        f.refuses(status::tensor_scale_not_positive);
    }
    {
        fixture f;
        f.dst.codes.stride[0] = 5;
        f.refuses(status::dst_overlaps_itself);
    }
    {
        fixture f;
        f.dst.scales.stride = {1, 1};
        f.refuses(status::scales_overlap_themselves);
    }
    {
        fixture f;
        f.dst.scales.data = f.x.data();
        f.refuses(status::scales_overlap_operand);
    }
    {
        fixture f;
        std::vector<float> memory(30, 2.0f);
        f.src.data = memory.data();
        f.dst.codes.data = reinterpret_cast<dyad::integer<8>*>(memory.data() + 23);
        f.refuses(status::dst_overlaps_src);
        CHECK(memory == std::vector<float>(30, 2.0f));
    }
    fixture f;
    CHECK(dyad::quantize(f.src, f.dst, scale_rule::min_max) == status::rule_needs_zero_points);
    CHECK(dyad::quantize(f.src, f.dst, scale_rule::nearest, stochastic_stream{.n = 33}) ==
          status::random_bits_out_of_range);
    CHECK(dyad::quantize(f.src, f.dst, scale_rule::nearest, stochastic_stream{.n = 0}) ==
          status::random_bits_out_of_range);
    CHECK(f.codes[0].raw() == 77);
    CHECK(dyad::quantize(f.src, f.dst, scale_rule::nearest) == status::ok);
    CHECK(f.codes[0].raw() == 127);
}

TEST_CASE("quantize: the number of blocks must be that of the elements") {
    const std::vector<float> x(33, 1.0f);
    std::vector<dyad::mxfp4> blocks(3);
    std::vector<float> back(33);
    const std::span<const float> src(x);
    CHECK(dyad::quantize(src, std::span(blocks), scale_rule::floor) == status::block_count_differs);
    CHECK(dyad::quantize(src, std::span(blocks.data(), 1), scale_rule::floor) == status::block_count_differs);
    CHECK(dyad::quantize(src, std::span(blocks.data(), 2), scale_rule::floor) == status::ok);
    CHECK(dyad::dequantize(std::span<const dyad::mxfp4>(blocks), std::span(back)) == status::block_count_differs);
    CHECK(dyad::dequantize(std::span<const dyad::mxfp4>(blocks.data(), 2), std::span(back)) == status::ok);
    CHECK(back == x);
}

TEST_CASE("dequantize: faults leave everything as it was") {
    fixture f;
    std::vector<float> back(30, 5.0f);
    const auto refuses = [&](const auto& view, dyad::matrix_view<float> dst, status expected) {
        CHECK(dyad::dequantize(view, dst) == expected);
        for (const float y : back) CHECK(y == 5.0f);
        for (const float y : f.scales) CHECK(y == 0.25f);
    };
    const auto good = dyad::make_matrix(back.data(), 4, 6);
    refuses(f.dst, dyad::make_matrix(back.data(), 6, 4), status::extents_differ);
    refuses(f.dst, dyad::make_matrix<float>(nullptr, 4, 6), status::dst_null);
    refuses(f.dst, {back.data(), {4, 6}, {5, 1}}, status::dst_overlaps_itself);
    refuses(f.dst, {back.data(), {4, 6}, {0, 1}}, status::dst_overlaps_itself);
    auto wrong = f.dst;
    wrong.scales.data = back.data() + 22;
    refuses(wrong, good, status::scales_overlap_operand);
    wrong = f.dst;
    wrong.codes.data = reinterpret_cast<dyad::integer<8>*>(back.data() + 23);
    refuses(wrong, good, status::dst_overlaps_src);
    wrong = f.dst;
    wrong.codes.data = nullptr;
    refuses(wrong, good, status::src_null);
    wrong = f.dst;
    wrong.scales.data = nullptr;
    refuses(wrong, good, status::scales_null);
    wrong = f.dst;
    wrong.scales.tensor_scale = 0;
    refuses(wrong, good, status::tensor_scale_not_positive);
    CHECK(dyad::dequantize(f.dst, good) == status::ok);
    CHECK(back[0] == 77 * 0.25f);
    CHECK(back[24] == 5.0f);
}

}  // namespace
