// SPDX-License-Identifier: Apache-2.0
// quantize with zero points against the reference, and what has no NaN at all: dynamic fixed point, ternary numbers.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include <dyad/number/ternary.hpp>

#include "support/quantize_matrix_check.hpp"

#include <cstdint>
#include <vector>

namespace {

using dyad::index;
using dyad::rounding;
using dyad::saturation;
using dyad::scale_rule;
using dyad::status;
using dyad::stochastic_stream;
using dyad::whole_extent;
using dyad_test::matrix_case;
using dyad_test::matrix_check;
using dyad_test::request;
using dyad_test::strides;
using dyad_test::tally;
using dyad_test::with_executor;

constexpr std::array<std::array<index, 2>, 5> granularities{
    {{whole_extent, whole_extent}, {1, whole_extent}, {whole_extent, 1}, {1, 32}, {5, 7}}};

template <class E, class S, class Zero>
void check_formats(const char* name, scale_rule rule, int headroom = 0) {
    tally cases(name);
    matrix_check<E, S, Zero> check(cases);
    const bool refuses = std::same_as<S, dyad::power_of_two<12>>;
    std::uint64_t seed = 1;
    for (const float g : {1.0f, 0x1.3579bp-6f}) {
        for (const auto& tile : granularities) {
            for (const rounding mode : dyad_test::all_rounding_modes) {
                seed += refuses && seed % 5 == 4 ? 2 : 1;  // without NaN and infinities
                const auto order = dyad_test::all_strides[seed % 5];
                const auto policy = static_cast<saturation>(seed % 3);
                const matrix_case m{11, 70, tile, order, dyad_test::all_strides[seed / 5 % 5], seed % 2 != 0};
                check.run(m, request<rounding>{{rule, headroom}, mode, policy, g}, seed, with_executor());
                const auto variant = dyad_test::all_stochastic_variants[seed % 3];
                const stochastic_stream stream{variant, 1 + static_cast<int>(seed % 32), seed, 1};
                check.run(m, request<stochastic_stream>{{rule, headroom}, stream, policy, g}, seed, with_executor());
            }
        }
    }
}

using zeros = dyad::zero_points<std::int32_t>;

TEST_CASE("quantize: zero points from the smallest to the largest number") {
    check_formats<dyad::uinteger<8>, float, zeros>("uint8 under floats", scale_rule::min_max);
    check_formats<dyad::integer<8>, float, zeros>("int8 under floats", scale_rule::min_max);
    check_formats<dyad::uinteger<4>, dyad::float16, zeros>("uint4 under float16", scale_rule::min_max);
    check_formats<dyad::fixed<6, 3>, dyad::float8_e8m0fnu, zeros>("fixed<6, 3> under e8m0", scale_rule::min_max);
}
TEST_CASE("quantize: zero points that a symmetric rule leaves 0") {
    check_formats<dyad::integer<8>, float, zeros>("int8 under floats", scale_rule::nearest);
}
TEST_CASE("quantize: dynamic fixed point") {
    using power = dyad::power_of_two<12>;
    check_formats<dyad::integer<16>, power, dyad::no_zero_points>("int16 under powers of two", scale_rule::floor);
    check_formats<dyad::integer<16>, power, dyad::no_zero_points>("with headroom", scale_rule::floor, 2);
    check_formats<dyad::integer<16>, power, dyad::no_zero_points>("nothing clamps", scale_rule::rceil);
}
TEST_CASE("quantize: ternary numbers by the mean magnitude") {
    check_formats<dyad::ternary, float, dyad::no_zero_points>("ternary under floats", scale_rule::absmean);
}

/// Zero points at their ends and beyond: positive numbers only, negative only, ties, one value, zeros, the largest
/// float.
TEST_CASE("quantize: zero points of ranges that do not straddle 0") {
    tally cases("zero points");
    const auto e = reference::element_format_of<dyad::uinteger<8>>();
    const auto s = reference::scale_format(dyad::binary32_format);
    constexpr float top = std::numeric_limits<float>::max();
    const std::vector<std::vector<float>> groups{{1, 2, 3},
                                                 {-1, -2, -3},
                                                 {-1, 1},
                                                 {-127.5f, 127.5f},
                                                 {-0.5f, 254.5f},
                                                 {-1.5f, 253.5f},
                                                 {-2.5f, 252.5f},
                                                 {0, 0, -0.0f},
                                                 {7},
                                                 {-7},
                                                 {top, -top},
                                                 {top},
                                                 {-top},
                                                 {0x1p-149f},
                                                 {-0x1p-149f},
                                                 {0x1p-149f, top},
                                                 {-0x1p-149f, top},
                                                 {-top, 0x1p-149f},
                                                 {0x1p-140f, -1},
                                                 {-3, 0x1p-140f},
                                                 {-0x1p-141f, 0x1p-141f}};
    for (const std::vector<float>& x : groups) {
        for (const float g : {1.0f, 0x1p-149f, 3.0f, top}) {
            float scale = 0;
            std::int32_t zero = 0;
            std::vector<dyad::uinteger<8>> codes(x.size());
            const auto n = static_cast<index>(x.size());
            dyad::scale_map<float> map = dyad::per_tensor(&scale);
            map.tensor_scale = g;
            const dyad::quantized_view dst{dyad::make_matrix(codes.data(), 1, n), map, zeros{&zero}};
            CHECK(dyad::quantize(dyad::make_matrix(x.data(), 1, n), dst, scale_rule::min_max) == status::ok);
            reference::quantized_group group;
            const std::vector<std::uint64_t> indices(x.size());
            quantize_group(e, s, {reference::scaling::min_max, 0, g}, x, indices, rounding::nearest_even, group);
            bool same = dyad_test::scale_traits<float>::code(scale) == group.scale && zero == group.zero_point;
            for (std::size_t i = 0; i < x.size(); ++i) same = same && codes[i].raw() == group.codes[i];
            cases.check(same, dyad_test::numbers{x}, " tensor scale ", g, ": scale ", scale, " zero point ", zero,
                        " not ", group.zero_point);
        }
    }
}

TEST_CASE("quantize: NaN and infinities that neither elements nor scales can express") {
    std::vector<float> x(40, 1.0f);
    std::vector<dyad::integer<8>> codes(x.size(), dyad::integer<8>::from_raw(5));
    std::vector<dyad::power_of_two<8>> scales(2, dyad::power_of_two<8>::from_exponent(3));
    const dyad::quantized_view dst{dyad::make_matrix(codes.data(), 1, 40), dyad::per_row_block(scales.data(), 32, 40)};
    const auto src = dyad::make_matrix(static_cast<const float*>(x.data()), 1, 40);
    const auto untouched = [&] {
        for (const auto c : codes)
            if (c.raw() != 5) return false;
        return scales[0].exponent() == 3 && scales[1].exponent() == 3;
    };
    for (const float y : {dyad_test::not_a_number, dyad_test::infinity, -dyad_test::infinity}) {
        x[37] = y;
        const bool is_nan = std::isnan(y);
        for (const auto policy : {saturation::none, saturation::propagate}) {
            CHECK(dyad::quantize(src, dst, scale_rule::floor, rounding::nearest_even, policy) ==
                  status::value_not_finite);
            CHECK(dyad::quantize_with_scales(src, dst, rounding::nearest_even, policy) == status::value_not_finite);
            CHECK(untouched());
        }
        if (is_nan) {
            CHECK(dyad::quantize(src, dst, scale_rule::floor, rounding::nearest_even, saturation::finite) ==
                  status::value_not_finite);
            CHECK(untouched());
        }
    }
    CHECK(dyad::quantize(src, dst, scale_rule::floor, rounding::nearest_even, saturation::finite) == status::ok);
    CHECK(codes[37].raw() == -128);
    CHECK(codes[36].raw() == 64);
}

}  // namespace
