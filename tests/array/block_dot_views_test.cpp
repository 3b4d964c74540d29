// SPDX-License-Identifier: Apache-2.0
// Exact dot products of rows of quantized views: any tiles, strides, zero points, scale formats, and elements that no
// integer of a word holds; with blocks too. Against sums of big integers.
#include <dyad/array/block_dot.hpp>
#include <dyad/number/power_of_two.hpp>

#include <doctest/doctest.h>

#include "support/shared_scale_check.hpp"
#include "support/tally.hpp"

#include <array>
#include <limits>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::rounding;
using dyad::status;

constexpr index rows = 3;
constexpr index columns = 70;

/// A matrix of random codes and scales; every tile fits into `columns` scales a row.
template <class E, class S, class Z = dyad::no_zero_points>
struct random_matrix {
    std::vector<E> codes;
    std::vector<S> scales;
    std::vector<std::int32_t> wide_zeros;
    std::vector<std::int8_t> narrow_zeros;

    random_matrix(std::mt19937_64& random, bool any) {
        for (index i = 0; i < rows * columns * 2; ++i) {
            codes.push_back(dyad_test::random_number<E>(random, any && random() % 64 == 0));
            scales.push_back(dyad_test::random_number<S>(random, any && random() % 64 == 0));
            const auto zero = static_cast<std::int32_t>(static_cast<std::uint32_t>(random()));
            wide_zeros.push_back(i % 5 == 0 ? std::numeric_limits<std::int32_t>::min() : zero);
            narrow_zeros.push_back(static_cast<std::int8_t>(zero));
        }
    }
    /// Every second column of a wider matrix, or the transpose of one.
    [[nodiscard]] auto view(std::array<index, 2> tile, bool is_transposed, float tensor_scale) const {
        const dyad::matrix_view<const E> matrix =
            is_transposed ? dyad::matrix_view<const E>{codes.data(), {rows, columns}, {1, rows}}
                          : dyad::matrix_view<const E>{codes.data(), {rows, columns}, {2 * columns, 2}};
        const dyad::scale_map<const S> map{scales.data(), tile, {columns, 1}, tensor_scale};
        if constexpr (std::same_as<Z, dyad::no_zero_points>) {
            return dyad::quantized_view{matrix, map};
        } else if constexpr (std::same_as<Z, std::int8_t>) {
            return dyad::quantized_view{matrix, map, dyad::zero_points<const std::int8_t>{narrow_zeros.data()}};
        } else {
            return dyad::quantized_view{matrix, map, dyad::zero_points<const std::int32_t>{wide_zeros.data()}};
        }
    }
};

constexpr std::array<std::array<index, 2>, 5> tiles{{{1, dyad::whole_extent}, {2, 1}, {1, 16}, {3, 7}, {1, 69}}};

template <class A, class B>
void check_views(const char* name) {
    dyad_test::tally cases(name);
    std::mt19937_64 random(7);
    for (int round = 0; round < 30; ++round) {
        const A lhs(random, round % 3 == 0);
        const B rhs(random, round % 3 == 0);
        const float g = round % 2 == 0 ? 1.0f : 0x1.fffffep-100f;
        const auto a = lhs.view(tiles[static_cast<std::size_t>(round) % 5], round % 2 == 0, g);
        const auto b = rhs.view(tiles[random() % 5], round % 4 < 2, 0x1.aaaaaap+90f);
        for (index i = 0; i < rows; ++i) {
            const index j = (i + round) % rows;
            const auto expected = dyad_test::sum_of_products(dyad_test::numbers_of(a, i), dyad_test::numbers_of(b, j));
            const rounding mode = dyad_test::all_rounding_modes[random() % 7];
            double result = 0;
            CHECK(dot_product(a, i, b, j, result, mode) == status::ok);
            const auto right = dyad::pack_as<double>(expected, mode, dyad::saturation::none);
            cases.check(result == right || (result != result && right != right), i, " ", j, " ", mode, ": ", result,
                        " instead of ", right);
        }
    }
}

using dfp16 = random_matrix<dyad::integer<16>, dyad::power_of_two<>>;
using dfp32 = random_matrix<dyad::integer<32>, dyad::power_of_two<>>;
using int8_by_float = random_matrix<dyad::integer<8>, float>;
using uint8_zero = random_matrix<dyad::uinteger<8>, float, std::int8_t>;
using int8_wide_zero = random_matrix<dyad::integer<8>, dyad::float16, std::int32_t>;
using fp8_by_float16 = random_matrix<dyad::float8_e4m3fn, dyad::float16>;
using fp8_by_float = random_matrix<dyad::float8_e5m2, float>;
using half_by_float = random_matrix<dyad::float16, float>;
using bfloat16_by_bfloat16 = random_matrix<dyad::bfloat16, dyad::bfloat16>;

TEST_CASE("dynamic fixed point") {
    check_views<dfp16, dfp16>("dfp16 with dfp16");
    check_views<dfp16, fp8_by_float16>("dfp16 with E4M3 under float16");
    check_views<dfp32, fp8_by_float>("dfp32 with E5M2 under float");
}

TEST_CASE("zero points") {
    check_views<uint8_zero, int8_by_float>("uint8 with zero points with int8");
    check_views<uint8_zero, int8_wide_zero>("uint8 with zero points with int8 with zero points of 32 bits");
    check_views<int8_wide_zero, int8_wide_zero>("int8 with zero points of 32 bits");
}

TEST_CASE("numbers of many digits") {
    check_views<fp8_by_float, fp8_by_float>("E5M2 under float");
    check_views<half_by_float, half_by_float>("float16 under float");
    check_views<bfloat16_by_bfloat16, half_by_float>("bfloat16 under bfloat16 with float16 under float");
    check_views<bfloat16_by_bfloat16, uint8_zero>("bfloat16 with uint8 with zero points");
}

TEST_CASE("blocks with rows of matrices") {
    dyad_test::tally cases("blocks with dfp16 and among ggml's");
    std::mt19937_64 random(3);
    for (int round = 0; round < 60; ++round) {
        std::vector<dyad::q4_0> q4(3);
        std::vector<dyad::q8_0> q8(3);
        for (dyad::q4_0& b : q4) {
            b.scale = dyad_test::random_number<dyad::float16>(random, round % 4 == 0);
            for (std::uint8_t& byte : b.codes) byte = static_cast<std::uint8_t>(random());
        }
        for (dyad::q8_0& b : q8) {
            b.scale = dyad_test::random_number<dyad::float16>(random, round % 4 == 0);
            for (std::uint8_t& byte : b.codes) byte = static_cast<std::uint8_t>(random());
        }
        const dfp16 matrix(random, false);
        const auto a = dyad::view_of_blocks(static_cast<const dyad::q4_0*>(q4.data()), columns);
        const auto b = dyad::view_of_blocks(static_cast<const dyad::q8_0*>(q8.data()), columns);
        const auto c = matrix.view({1, 9}, false, 1);
        const auto check = [&](const auto& x, const auto& y, index j) {
            double result = 0;
            CHECK(dot_product(x, 0, y, j, result) == status::ok);
            const auto sum = dyad_test::sum_of_products(dyad_test::numbers_of(x, 0), dyad_test::numbers_of(y, j));
            const auto right = dyad::pack_as<double>(sum, rounding::nearest_even, dyad::saturation::none);
            cases.check(result == right || (result != result && right != right), result, " instead of ", right);
        };
        check(a, b, 0);
        check(a, a, 0);
        check(b, c, 1);
        check(a, c, 2);
    }
}

TEST_CASE("a sum beyond 512 columns that cancels to its smallest term") {
    constexpr index n = 1500;
    std::vector<dyad::integer<16>> codes(n, dyad::integer<16>::from_raw(-32768));
    std::vector<dyad::power_of_two<>> exponents(n, dyad::power_of_two<>::from_exponent(2000));
    std::vector<dyad::integer<16>> other = codes;
    for (index k = n / 2; k < n; ++k) other[static_cast<std::size_t>(k)] = dyad::integer<16>::from_raw(32767);
    // -32768 * -32768 and -32768 * 32767 leave 32768 for each pair; then the same against it, and one far smaller term.
    const auto view = [&](auto& c) {
        return dyad::quantized_view{dyad::make_matrix(c.data(), 1, n), dyad::per_row_block(exponents.data(), 1, n)};
    };
    dyad::fixed<64, 0> unused{};
    CHECK(dot_product(view(codes), 0, view(other), 0, unused, rounding::toward_zero) == status::ok);
    CHECK(unused.raw() == std::numeric_limits<std::int64_t>::max());
    for (index k = 0; k < n; ++k) {
        other[static_cast<std::size_t>(k)] = dyad::integer<16>::from_raw(k % 2 == 0 ? 12345 : -12345);
    }
    exponents[0] = dyad::power_of_two<>::from_exponent(-20);
    exponents[1] = dyad::power_of_two<>::from_exponent(-20);
    other[1] = dyad::integer<16>::from_raw(-12344);
    float result = 0;
    CHECK(dot_product(view(codes), 0, view(other), 0, result) == status::ok);
    CHECK(result == -32768 * 0x1p-40f);
}

TEST_CASE("constant expressions") {
    constexpr float result = [] {
        const std::array<dyad::float8_e4m3fn, 4> codes{dyad::float8_e4m3fn(1.0f), dyad::float8_e4m3fn(-2.0f),
                                                       dyad::float8_e4m3fn(3.0f), dyad::float8_e4m3fn(0.5f)};
        const std::array<float, 2> scales{2.0f, 0.25f};
        const dyad::quantized_view view{dyad::make_matrix(codes.data(), 2, 2), dyad::per_row(scales.data())};
        float sum = 0;
        return dot_product(view, 0, view, 1, sum) == status::ok ? sum : -1.0f;
    }();
    // (1 * 3 - 2 * 0.5) * 2 * 0.25
    CHECK(result == 1.0f);
}

TEST_CASE("faults leave the result as it was") {
    std::vector<dyad::integer<8>> codes(6);
    std::vector<float> scales(6, 1.0f);
    std::vector<std::int8_t> zeros(6);
    const auto per_row = dyad::per_row(scales.data());
    const dyad::quantized_view good{dyad::make_matrix(codes.data(), 2, 3), per_row};
    float result = 7;
    const auto both = [&](const auto& bad, status as_lhs, status as_rhs) {
        CHECK(dot_product(bad, 0, good, 0, result) == as_lhs);
        CHECK(dot_product(good, 0, bad, 0, result) == as_rhs);
    };
    auto bad = good;
    bad.codes.extent = {2, 2};
    both(bad, status::extents_differ, status::extents_differ);
    bad.codes.extent = {-1, 3};
    both(bad, status::negative_extent, status::negative_extent);
    bad = good;
    bad.codes.data = nullptr;
    both(bad, status::lhs_null, status::rhs_null);
    bad = good;
    bad.scales.data = nullptr;
    both(bad, status::scales_null, status::scales_null);
    bad = good;
    bad.scales.tile[1] = 0;
    both(bad, status::tile_not_positive, status::tile_not_positive);
    bad = good;
    bad.scales.tensor_scale = std::numeric_limits<float>::quiet_NaN();
    both(bad, status::tensor_scale_not_positive, status::tensor_scale_not_positive);
    const dyad::quantized_view without_zeros{good.codes, per_row, dyad::zero_points<std::int8_t>{}};
    both(without_zeros, status::zero_points_null, status::zero_points_null);
    CHECK(result == 7);
}

}  // namespace
