// SPDX-License-Identifier: Apache-2.0
// Scaling policies: ranges to scales, sums to codes, residual sums, dynamic scales.
#include <dyad/nn/scaling.hpp>

#include <doctest/doctest.h>

#include "nn/layer_support.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace dyad_test {
namespace {

using namespace dyad::nn;
using dyad::integer;
using dyad::uinteger;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
constexpr bool is_scaled = requires {
    T::max_raw;
}
|| sizeof(T) == 1;

template <class T, class Scaling>
void check_range() {
    for (const double absmax : {1.0, 3.0, 0.1, 1e-30, 1e30, 126.99999, 448.0, 0x1p-20}) {
        const double scale = Scaling::template scale<T>(absmax);
        CAPTURE(absmax);
        if (is_scaled<T>) {
            const T code = dyad::convert<T>(absmax / scale, dyad::rounding::nearest_even, dyad::saturation::none);
            CHECK(dyad::convert<double>(code) == dyad::convert<double>(std::numeric_limits<T>::max()));
            CHECK(std::fabs(dyad::convert<double>(code) * scale / absmax - 1) < 1e-15);
        } else {
            CHECK(scale == 1);
        }
    }
    CHECK(Scaling::template scale<T>(0) == 1);
    CHECK(Scaling::template scale<T>(nan) == 1);
    CHECK(Scaling::template scale<T>(-1) == 1);
}

TEST_CASE("real_scaling: the largest magnitude becomes the largest code; wide floats keep scale 1; nothing gives 1") {
    check_range<integer<4>, real_scaling>();
    check_range<integer<8>, real_scaling>();
    check_range<uinteger<8>, real_scaling>();
    check_range<integer<16>, dyadic_scaling>();
    check_range<dyad::float8_e4m3fn, real_scaling>();
    check_range<dyad::float8_e5m2, real_scaling>();
    check_range<dyad::bfloat16, real_scaling>();
    check_range<dyad::float16, real_scaling>();
    check_range<float, dynamic_power_of_two_scaling>();
    static_assert(wants_scale<integer<32>>() && wants_scale<dyad::float8_e5m2>());
    static_assert(!wants_scale<float>() && !wants_scale<double>() && !wants_scale<dyad::bfloat16>());
}

TEST_CASE("real_scaling: each row of weights has the scale of its own largest magnitude") {
    const std::vector<float> w{1, -8, 2, 0, 0, 0, 0.5F, 0.25F, 0.125F};
    const auto view = dyad::make_matrix(w.data(), 3, 3);
    CHECK(real_scaling::weight_scale<integer<8>>(view, 0, 0.25) == 8 / 127.0);
    CHECK(real_scaling::weight_scale<integer<8>>(view, 1, 0.25) == 0.25);  // for a row of zeros the caller chooses
    CHECK(real_scaling::weight_scale<dyad::bfloat16>(view, 1, 0.25) == 1);
    CHECK(real_scaling::weight_scale<integer<8>>(view, 2, 0.25) == 0.5 / 127);
    CHECK(unit_scaling::weight_scale<integer<8>>(view, 1, 0.25) == 1);
    CHECK(unit_scaling::scale<integer<8>>(12) == 1);
    CHECK(dynamic_power_of_two_scaling::weight_scale<integer<8>>(view, 1, 0.25) == 0x1p-3);  // 3 - 6, all rows
    CHECK(largest_magnitude(view) == 8);
    CHECK(largest_magnitude(dyad::row_block(view, 0, 0)) == 0);
    CHECK(largest_magnitude(dyad::transposed(dyad::column_block(view, 2, 1))) == 2);
}

/// The operand of a product that sums over columns, in an arena.
template <class Scaling, class T, class In>
status operand_in(matrix_view<const In> in, dyad::arena& arena, tensor<T, typename Scaling::token>& out) {
    const no_probe nobody;
    const dyad::serial one_thread;
    const context<const no_probe, const dyad::serial> with{arena, nobody, one_thread};
    return Scaling::template operand<T>(in, {contracted::columns, in.extent[1]}, with, out);
}

TEST_CASE("real_scaling: the operand is the produced memory") {
    const std::vector<integer<8>> codes(6, integer<8>::from_raw(3));
    const auto view = dyad::make_matrix(codes.data(), 2, 3);
    dyad::arena none{{}};
    tensor<integer<8>, static_scale> out;
    CHECK(operand_in<real_scaling>(view, none, out) == status::ok);
    CHECK(out.codes.data == codes.data());
    CHECK(out.codes.extent == view.extent);
    CHECK(none.used() == 0);
    static_assert(static_scale::factor() == 1);
}

TEST_CASE("dynamic scales: floor(log2 absmax) - (width - 2), at powers of two and on both sides of them") {
    using scaling = dynamic_power_of_two_scaling;
    for (int e = -1074; e <= 1023; ++e) {
        const double power = std::ldexp(1.0, e);
        CHECK(scaling::exponent<integer<16>>(power) == e - 14);
        CHECK(scaling::exponent<integer<8>>(power) == e - 6);
        if (e > -1022) CHECK(scaling::exponent<integer<16>>(std::nextafter(power, 0.0)) == e - 1 - 14);
        if (e > -1022) CHECK(scaling::exponent<integer<16>>(std::nextafter(power, infinity)) == e - 14);
    }
    CHECK(scaling::exponent<integer<16>>(0) == 0);
    CHECK(scaling::exponent<integer<16>>(infinity) == 0);
    CHECK(scaling::exponent<integer<16>>(nan) == 0);
    for (int e = -1074; e <= 1023; ++e) CHECK(dynamic_scale{e}.factor() == std::ldexp(1.0, e));
}

/// The codes of x under a dynamic scale, and the exponent.
template <class T>
std::pair<std::vector<int>, int> dynamic_codes(const std::vector<float>& x) {
    std::vector<std::byte> memory(1024);
    dyad::arena arena(memory);
    tensor<T, dynamic_scale> out;
    const auto view = dyad::make_matrix(x.data(), 1, static_cast<index>(x.size()));
    REQUIRE(operand_in<dynamic_power_of_two_scaling>(view, arena, out) == status::ok);
    std::vector<int> codes;
    for (index i = 0; i < out.codes.extent[1]; ++i) codes.push_back(out.codes(0, i).raw());
    return {codes, out.token.exponent};
}

TEST_CASE("dynamic scales: codes of a tensor") {
    using codes = std::vector<int>;
    // A power of two takes half of the range, the largest float below the next one saturates when it rounds up.
    CHECK(dynamic_codes<integer<8>>({1.0F, -1.0F, 0.5F}) == std::pair(codes{64, -64, 32}, -6));
    CHECK(dynamic_codes<integer<8>>({std::nextafter(2.0F, 0.0F), 1.0F}) == std::pair(codes{127, 64}, -6));
    CHECK(dynamic_codes<integer<8>>({2.0F, 1.0F}) == std::pair(codes{64, 32}, -5));
    CHECK(dynamic_codes<integer<8>>({-1.99F}) == std::pair(codes{-127}, -6));
    CHECK(dynamic_codes<integer<16>>({1.0F, 0x1p-15F, 0x1.8p-14F}) == std::pair(codes{16384, 0, 2}, -14));
    CHECK(dynamic_codes<integer<16>>({0x1p-149F}) == std::pair(codes{16384}, -163));
    CHECK(dynamic_codes<integer<16>>({std::numeric_limits<float>::max()}) == std::pair(codes{32767}, 113));
    CHECK(dynamic_codes<integer<16>>({0.0F, -0.0F}) == std::pair(codes{0, 0}, 0));
    CHECK(dynamic_codes<integer<16>>({}) == std::pair(codes{}, 0));
}

TEST_CASE("dynamic scales: there is none for NaN and infinity") {
    for (const float bad : {float(nan), float(infinity), -float(infinity)}) {
        std::vector<std::byte> memory(1024);
        dyad::arena arena(memory);
        const std::vector<float> x{1, bad, 2};
        tensor<integer<16>, dynamic_scale> out;
        CHECK(operand_in<dynamic_power_of_two_scaling>(dyad::make_matrix(x.data(), 1, 3), arena, out) ==
              status::value_not_finite);
    }
}

TEST_CASE("dynamic scales: every value is within half a code of its code, but for the saturated end") {
    const real_matrix m = random_matrix(1, 200, 3.5, 4);
    std::vector<float> x;
    for (const double v : m.values) x.push_back(static_cast<float>(v));
    const auto [codes, exponent] = dynamic_codes<integer<16>>(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
        CHECK(std::fabs(std::ldexp(static_cast<double>(codes[i]), exponent) - m.values[i]) <=
              std::ldexp(0.5, exponent));
    }
}

TEST_CASE("dynamic scales: an arena that is too small is told, a measuring one only counts") {
    const std::vector<float> x(100, 1.0F);
    const auto view = dyad::make_matrix(x.data(), 10, 10);
    tensor<integer<16>, dynamic_scale> out;
    dyad::arena need = dyad::arena::measuring();
    const auto nowhere = dyad::make_matrix<const float>(nullptr, 10, 10);
    CHECK(operand_in<dynamic_power_of_two_scaling>(nowhere, need, out) == status::ok);
    CHECK(need.peak() == 256 + 64);  // 200 bytes, and what alignment may cost
    std::vector<std::byte> memory(need.peak());
    dyad::arena small(std::span<std::byte>(memory).first(need.peak() - 1));
    CHECK(operand_in<dynamic_power_of_two_scaling>(view, small, out) == status::arena_too_small);
    dyad::arena enough(memory);
    CHECK(operand_in<dynamic_power_of_two_scaling>(view, enough, out) == status::ok);
    CHECK(out.codes(9, 9).raw() == 16384);
}

template <class Columns>
Columns columns_in(std::vector<std::byte>& memory, index n) {
    memory.resize(4096);
    dyad::arena arena(memory);
    Columns c;
    REQUIRE(c.shape(arena, n) == status::ok);
    return c;
}

template <class Columns>
void check_scales_refused() {
    std::vector<std::byte> memory;
    auto c = columns_in<Columns>(memory, 2);
    CHECK(c.set(0, {.bias = 0, .sum_scale = 1}, 2) == status::ok);
    for (const double bad : {0.0, -1.0, infinity, nan}) {
        CHECK(c.set(1, {.bias = 0, .sum_scale = bad}, 1) == status::scale_not_positive);
        CHECK(c.set(1, {.bias = 0, .sum_scale = 1}, bad) == status::scale_not_positive);
    }
    CHECK(c.set(1, {.bias = 0, .sum_scale = 1e300}, 1e-300) == status::scale_not_positive);
}

TEST_CASE("columns: (sum * sum_scale + bias) / out_scale, rounded once") {
    check_scales_refused<real_columns<float>>();
    check_scales_refused<unit_columns<float>>();
    check_scales_refused<dyadic_columns<integer<8>>>();

    std::vector<std::byte> memory;
    auto real = columns_in<real_columns<integer<8>>>(memory, 2);
    CHECK(real.set(0, {.bias = 3, .sum_scale = 0.5}, 0.25) == status::ok);
    CHECK(real.set(1, {.bias = -1, .sum_scale = 0.125}, 0.25) == status::ok);
    CHECK(real.max_bias() == 0);
    const auto static_codes = real.epilogue(static_scale{});
    CHECK(static_codes(10, 0, 0).raw() == 32);  // (10 / 2 + 3) 4
    CHECK(static_codes(10, 5, 1).raw() == 1);   // (10 / 8 - 1) 4
    CHECK(static_codes(1, 0, 1).raw() == -4);   // -3.5, to even
    CHECK(static_codes(3, 0, 1).raw() == -2);   // -2.5, to even
    CHECK(static_codes(100, 0, 0).raw() == 127);
    const auto dynamic = real.epilogue(dynamic_scale{2}, dynamic_scale{-1});
    CHECK(dynamic(10, 0, 0).raw() == 52);  // (10 / 2 * 2 + 3) 4: dynamic scales do not touch the bias
    const auto mixed = real.epilogue(static_scale{}, dynamic_scale{1});
    CHECK(mixed(10, 0, 0).raw() == 52);

    std::vector<std::byte> unit_memory;
    auto unit = columns_in<unit_columns<float>>(unit_memory, 3);
    for (index j = 0; j < 3; ++j) CHECK(unit.set(j, {.bias = static_cast<double>(j), .sum_scale = 1}, 1) == status::ok);
    CHECK(unit.epilogue(static_scale{})(1.5F, 0, 2) == 3.5F);
    CHECK(unit.epilogue(static_scale{})(1.5F, 0, 0) == 1.5F);

    std::vector<std::byte> dyadic_memory;
    auto dyadic = columns_in<dyadic_columns<integer<8>>>(dyadic_memory, 2);
    CHECK(dyadic.set(0, {.bias = 3, .sum_scale = 0.5}, 0.25) == status::ok);
    CHECK(dyadic.set(1, {.bias = -1, .sum_scale = 0.125}, 0.25) == status::ok);
    CHECK(dyadic.max_bias() == 8);
    const auto integers = dyadic.epilogue(static_scale{}, static_scale{});
    CHECK(integers(10, 0, 0).raw() == 32);
    CHECK(integers(10, 5, 1).raw() == 1);
    CHECK(integers(1, 0, 1).raw() == -3);  // -3.5, half up
    CHECK(integers(3, 0, 1).raw() == -2);  // -2.5, half up
    CHECK(integers(100, 0, 0).raw() == 127);
    CHECK(integers(-100, 0, 0).raw() == -128);
}

TEST_CASE("columns: integer biases stop short of 2^30 units") {
    std::vector<std::byte> memory;
    auto c = columns_in<dyadic_columns<integer<16>>>(memory, 1);
    CHECK(c.set(0, {.bias = 0x1p30 - 1, .sum_scale = 1}, 1) == status::ok);
    CHECK(c.max_bias() == 0x3FFFFFFF);
    CHECK(c.set(0, {.bias = 1 - 0x1p30, .sum_scale = 1}, 1) == status::ok);
    CHECK(c.bias(0) == -0x3FFFFFFF);
    for (const double bad : {0x1p30, -0x1p30, infinity, -infinity, nan}) {
        CHECK(c.set(0, {.bias = bad, .sum_scale = 1}, 1) == status::bias_exceeds_accumulator);
        CHECK(c.set(0, {.bias = bad / 1024, .sum_scale = 0x1p-10}, 1) == status::bias_exceeds_accumulator);
    }
}

TEST_CASE("columns: one factor for all columns takes the memory of one") {
    std::vector<std::byte> memory(256);
    dyad::arena arena(memory);
    dyadic_columns<integer<8>> c;
    REQUIRE(c.shape_uniform(arena, 1000) == status::ok);
    CHECK(c.set(0, {.bias = 0, .sum_scale = 0.5}, 1) == status::ok);
    CHECK(c.bias.extent[0] == 1000);
    CHECK(c.epilogue(static_scale{})(20, 0, 999).raw() == 10);
    CHECK(stored(c.bias).extent[0] == 1);
    CHECK(stored(dyad::make_vector(c.bias.data, 7)).extent[0] == 7);
    dyad::arena small(std::span<std::byte>(memory).first(64));
    CHECK(c.shape_uniform(small, 1000) == status::arena_too_small);
    real_columns<float> r;
    dyad::arena again(memory);
    REQUIRE(r.shape_uniform(again, 1000) == status::ok);
    CHECK(r.set(0, {.sum_scale = 3}, 1) == status::ok);
    CHECK(r.epilogue(static_scale{})(2.0F, 0, 999) == 6);
}

template <class Sum>
void check_sum_scales_refused() {
    Sum sum;
    CHECK(sum.set(1, 1, 1) == status::ok);
    for (const double bad : {0.0, -1.0, infinity, nan}) {
        CHECK(sum.set(bad, 1, 1) == status::scale_not_positive);
        CHECK(sum.set(1, bad, 1) == status::scale_not_positive);
        CHECK(sum.set(1, 1, bad) == status::scale_not_positive);
    }
}

TEST_CASE("residual sums: both branches at the scale of the sum") {
    check_sum_scales_refused<real_sum<float>>();
    check_sum_scales_refused<dyadic_sum<integer<16>>>();

    real_sum<float> real;
    CHECK(real(1.25F, 2.5F) == 3.75F);
    REQUIRE(real.set(2, 0.5, 4) == status::ok);
    CHECK(real(3, 5) == 2.125F);  // (3 * 2 + 5 / 2) / 4
    // One rounding; ulps of 2^25 are 4.
    REQUIRE(real.set(1, 1, 1) == status::ok);
    CHECK(real(0x1p25F, 2.0F) == 0x1p25F);  // the tie goes to even
    CHECK(real(0x1.000002p25F, 2.0F) == 0x1.000004p25F);

    dyadic_sum<integer<8>> sum;
    REQUIRE(sum.set(0.5, 0.25, 1) == status::ok);
    const auto add = [&](int x, int y) {
        return int{
            sum(integer<8>::from_raw(static_cast<std::int8_t>(x)), integer<8>::from_raw(static_cast<std::int8_t>(y)))
                .raw()};
    };
    for (int x = -128; x < 128; ++x) {
        for (int y = -128; y < 128; ++y) {
            // Each branch is rounded half up, then they are added.
            const int expected = static_cast<int>(std::floor(x / 2.0 + 0.5) + std::floor(y / 4.0 + 0.5));
            if (add(x, y) != std::min(expected, 127)) FAIL(x, " ", y, ": ", add(x, y), ", expected ", expected);
        }
    }
    REQUIRE(sum.set(1, 1, 1) == status::ok);
    CHECK(add(100, 100) == 127);
    CHECK(add(-100, -100) == -128);
    REQUIRE(sum.set(1e6, 1, 1) == status::ok);
    CHECK(add(100, -100) == 127);
    CHECK(add(-100, 100) == -128);
}

}  // namespace
}  // namespace dyad_test
