// SPDX-License-Identifier: Apache-2.0
// quantize, dequantize, repack: memory that meets, extents and tiles that cannot be, and scales at the ends of what
// kernels take: told, or exact.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include <dyad/array/repack.hpp>
#include <dyad/number/power_of_two.hpp>

namespace {

using dyad::index;
using dyad::make_matrix;
using dyad::scale_rule;
using dyad::status;
using e8m0 = dyad::float8_e8m0fnu;

TEST_CASE("scales and zero points that meet codes or numbers are refused, and nothing is written") {
    std::vector<float> x(64 * 64, 1.5F);
    const std::vector<float> before = x;
    const auto numbers = make_matrix(x.data(), 64, 64);
    std::vector<dyad::float8_e4m3fn> codes(64 * 64, dyad::float8_e4m3fn(2.0F));
    const dyad::quantized_view inside{make_matrix(codes.data(), 64, 64),
                                      dyad::per_row(reinterpret_cast<e8m0*>(codes.data() + 1000))};
    CHECK(quantize_with_scales(numbers, inside) == status::scales_overlap_operand);
    CHECK(quantize(numbers, inside, scale_rule::floor) == status::scales_overlap_operand);
    CHECK(float(codes[0]) == 2);

    std::vector<dyad::integer<8>> raw(64 * 64);
    std::vector<float> scales(64, 1.0F);
    std::vector<std::int32_t> zeros(64);
    const auto matrix = make_matrix(raw.data(), 64, 64);
    const auto map = dyad::per_row(scales.data());
    const auto with = [&](std::int32_t* z) {
        return dyad::quantized_view{matrix, map, dyad::zero_points<std::int32_t>{z}};
    };
    auto* const in_numbers = reinterpret_cast<std::int32_t*>(x.data() + 100);
    auto* const in_codes = reinterpret_cast<std::int32_t*>(raw.data());
    CHECK(dequantize(with(in_numbers), numbers) == status::scales_overlap_operand);
    CHECK(quantize(numbers, with(in_numbers), scale_rule::min_max) == status::scales_overlap_operand);
    CHECK(quantize_with_scales(numbers, with(in_codes)) == status::scales_overlap_operand);
    CHECK(x == before);

    std::vector<dyad::integer<8>> other(64 * 64);
    std::vector<float> other_scales(64);
    const auto copy = [&](std::int32_t* z) {
        return dyad::quantized_view{make_matrix(other.data(), 64, 64), dyad::per_row(other_scales.data()),
                                    dyad::zero_points<std::int32_t>{z}};
    };
    CHECK(repack(with(zeros.data()), copy(zeros.data() + 1)) == status::scales_overlap_operand);
    CHECK(repack(with(zeros.data()), copy(in_codes)) == status::scales_overlap_operand);

    // The scales of blocks may lie between their codes, others may not.
    std::vector<dyad::mxfp4> blocks(8);
    const dyad::quantized_view foreign{dyad::block_codes<dyad::mxfp4>{blocks.data(), {8, 32}},
                                       dyad::per_row(reinterpret_cast<e8m0*>(blocks.data()))};
    CHECK(quantize(make_matrix(x.data(), 8, 32), foreign, scale_rule::floor) == status::scales_overlap_operand);
    CHECK(quantize(make_matrix(x.data(), 8, 32), dyad::view_of_blocks(blocks.data(), 8, 32), scale_rule::floor) ==
          status::ok);
}

TEST_CASE("null pointers, extents whose product is no index, tiles without extent") {
    constexpr index large = index{1} << 32;
    const dyad::matrix_view<const float> nothing{nullptr, {large, large}, {large, 1}};
    const dyad::quantized_view<dyad::matrix_view<dyad::int8>, float> view{
        {nullptr, {large, large}, {large, 1}}, {}, {}};
    CHECK(quantize(nothing, view, scale_rule::nearest) == status::src_null);
    std::vector<float> x(64, 1.0F);
    std::vector<dyad::int8> codes(64);
    std::vector<float> scales(64);
    const auto numbers = make_matrix(x.data(), 8, 8);
    for (const index tile : {index{0}, index{-1}}) {
        const dyad::quantized_view q{make_matrix(codes.data(), 8, 8), dyad::per_row_block(scales.data(), tile, 8)};
        CHECK(quantize(numbers, q, scale_rule::nearest) == status::tile_not_positive);
        CHECK(dequantize(q, numbers) == status::tile_not_positive);
    }
    dyad::quantized_view q{make_matrix(codes.data(), 8, 8), dyad::per_row(scales.data())};
    CHECK(quantize(numbers, q, static_cast<float*>(nullptr), scale_rule::nearest) == status::tensor_scale_null);
    for (const float g :
         {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        q.scales.tensor_scale = g;
        CHECK(quantize(numbers, q, scale_rule::nearest) == status::tensor_scale_not_positive);
        CHECK(dequantize(q, numbers) == status::tensor_scale_not_positive);
    }
}

TEST_CASE("scales at the ends of what kernels take") {
    // Of 53 digits: the element is that of the exact quotient.
    const double wide = 0x1.a03318fa41b5ep+0;
    double scale = wide;
    std::vector<dyad::integer<8>> code(1);
    dyad::quantized_view q{make_matrix(code.data(), 1, 1), dyad::per_tensor(&scale)};
    q.scales.tensor_scale = 0x1.1bdd22p+0F;
    const auto unit = dyad::unit_of(wide, q.scales.tensor_scale);
    for (int k = 0; k < 127; ++k) {
        const auto middle = (static_cast<double>(k) + 0.5) * wide * static_cast<double>(q.scales.tensor_scale);
        const auto x = static_cast<float>(middle);
        REQUIRE(quantize_with_scales(make_matrix(&x, 1, 1), q) == status::ok);
        const auto exact = dyad::quantize_element<dyad::integer<8>>(x, unit, dyad::rounding::nearest_even,
                                                                    dyad::saturation::propagate);
        CHECK(code[0].raw() == exact.raw());
    }
    // A power of two below what a double holds: everything beside zero saturates.
    auto tiny = dyad::power_of_two<>::from_exponent(-1100);
    const dyad::quantized_view small{make_matrix(code.data(), 1, 1), dyad::per_tensor(&tiny)};
    const float one = 1;
    REQUIRE(quantize_with_scales(make_matrix(&one, 1, 1), small) == status::ok);
    CHECK(code[0].raw() == 127);
    // 24 bits less a zero point have 25.
    std::vector<dyad::uinteger<24>> many(1, dyad::uinteger<24>::from_raw(0xffffff));
    float three = 3;
    std::int32_t zero = -1000;
    const dyad::quantized_view shifted{make_matrix(many.data(), 1, 1), dyad::per_tensor(&three),
                                       dyad::zero_points<std::int32_t>{&zero}};
    float y = 0;
    REQUIRE(dequantize(shifted, make_matrix(&y, 1, 1)) == status::ok);
    CHECK(y == shifted.value_as<float>(0, 0));
    CHECK(y == 50334644.0F);  // 3 * 16778215 = 50334645, a float's unit being 4
    // A NaN keeps its sign under a negative scale.
    std::vector<dyad::float16> half(1);
    float negative = -2;
    const dyad::quantized_view turned{make_matrix(half.data(), 1, 1), dyad::per_tensor(&negative)};
    const float nan = std::bit_cast<float>(0x7fda'0000U);
    REQUIRE(quantize_with_scales(make_matrix(&nan, 1, 1), turned) == status::ok);
    CHECK(half[0].bits() == dyad::float16(nan).bits());
}

}  // namespace
