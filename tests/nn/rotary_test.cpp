// SPDX-License-Identifier: Apache-2.0
// rotary alone: codes by tables of integers, floats by floats, other numbers as floats; against double.
#include <dyad/nn/rotary.hpp>

#include <doctest/doctest.h>

#include <dyad/number/named_formats.hpp>

#include "nn/reference_attention.hpp"

#include <cmath>
#include <vector>

namespace dyad_test {
namespace {

using dyad::rotary_layout;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::rotary_geometry;

constexpr index rows = 37;  // more than two tasks
constexpr index head_width = 6;
constexpr index columns = 3 * head_width;
constexpr index first = 11;

template <class T>
with_memory<dyad::nn::rotary<T>> rotary_of(const rotary_geometry& g) {
    return shaped<dyad::nn::rotary<T>>([&](auto& layer, dyad::arena& a) { return status(layer.shape(a, g)); });
}

/// The largest distance from the exact turn, in units of `unit(exact)`.
template <class T, class Unit>
double worst_turn(double absmax, Unit&& unit) {
    double worst = 0;
    for (const auto layout : {rotary_layout::halves, rotary_layout::interleaved}) {
        const auto held = rotary_of<T>({10000, head_width, rows + first, layout});
        const auto in = encode<T>(random_matrix(rows, columns, absmax, 3), 1);
        const auto out = run_checked<T>(in, rows, columns, rows, columns, [&](auto x, auto y, const auto& context) {
            return status(held.layer.run(dyad::as_const(x), first, y, context));
        });
        const real_matrix exact = rotated(decode(in, rows, columns, 1), head_width, 10000, first, layout);
        const real_matrix got = decode(out, rows, columns, 1);
        for (std::size_t i = 0; i < exact.values.size(); ++i) {
            const double e = std::fabs(got.values[i] - exact.values[i]) / unit(exact.values[i]);
            worst = e <= worst ? worst : e;
        }
    }
    MESSAGE("worst turn: " << worst);
    return worst;
}

TEST_CASE("rotary: against double") {
    const auto code = [](double) { return 1.0; };
    CHECK(worst_turn<dyad::integer<8>>(80, code) <= 0.5 + 0x1p-7);
    CHECK(worst_turn<dyad::integer<16>>(20000, code) <= 0.5 + 0x1p-14);
    CHECK(worst_turn<float>(2, code) <= 0x1p-22);
    // One rounding of a float that is off by far less: half an ulp of 8 digits, and of 4.
    const auto ulp = [](int digits) {
        return [digits](double x) { return std::ldexp(1.0, std::ilogb(std::fmax(std::fabs(x), 0x1p-6)) + 1 - digits); };
    };
    CHECK(worst_turn<dyad::bfloat16>(2, ulp(8)) <= 0.501);
    CHECK(worst_turn<dyad::float8_e4m3fn>(2, ulp(4)) <= 0.501);
}

TEST_CASE("rotary: in place, saturating, position 0 turns nothing") {
    using T = dyad::integer<8>;
    const auto held = rotary_of<T>({10000, 2, 200, rotary_layout::halves});
    std::vector<T> x(2 * 200, T::from_raw(127));
    const auto m = dyad::make_matrix(x.data(), 200, 2);
    CHECK(run_in(std::size_t{1} << 12, [&](const auto& context) {
              return status(held.layer.run(dyad::as_const(m), 0, m, context));
          }) == status::ok);
    CHECK(x[0].raw() == 127);
    CHECK(x[1].raw() == 127);
    bool saturates = false;
    for (index i = 1; i < 200; ++i) {
        const double p = static_cast<double>(i);
        const double a = 127 * (std::cos(p) - std::sin(p));
        saturates = saturates || a > 127.5;
        CHECK(std::fabs(m(i, 0).raw() - std::fmax(-128, std::fmin(127, a))) <= 0.51);
    }
    CHECK(saturates);
}

TEST_CASE("rotary: faults name the layer and the operand") {
    using enum status;
    dyad::nn::rotary<float> layer;
    const auto shape = [&](const rotary_geometry& g) {
        dyad::arena arena = dyad::arena::measuring();
        return layer.shape(arena, g);
    };
    const auto fault = [](status s, operand_kind operand) { return layer_status(s, layer_kind::rotary, operand); };
    std::vector<float> x(24);
    std::vector<std::byte> memory(4096);
    dyad::arena arena(memory);
    const auto run = [&](index r, index c, index at, index out_rows) {
        dyad::arena scratch(memory);
        return layer.run(dyad::make_matrix<const float>(x.data(), r, c), at, dyad::make_matrix(x.data(), out_rows, c),
                         dyad::nn::quiet(scratch));
    };
    CHECK(run(1, 4, 0, 1) == fault(table_missing, operand_kind::geometry));
    CHECK(shape({10000, 3, 5}) == fault(width_odd, operand_kind::geometry));
    CHECK(shape({10000, 0, 5}) == fault(width_odd, operand_kind::geometry));
    CHECK(shape({0, 4, 5}) == fault(scale_not_positive, operand_kind::geometry));
    CHECK(shape({10000, 4, -1}) == fault(negative_extent, operand_kind::geometry));
    std::vector<std::byte> small(32);
    dyad::arena too_small(small);
    CHECK(layer.shape(too_small, {10000, 4, 5}) == fault(arena_too_small, operand_kind::memory));
    REQUIRE(layer.shape(arena, {10000, 4, 5}) == ok);
    CHECK(run(2, 8, 3, 2) == ok);
    CHECK(run(2, 8, 4, 2) == fault(position_out_of_range, operand_kind::position));
    CHECK(run(2, 8, -1, 2) == fault(position_out_of_range, operand_kind::position));
    CHECK(run(2, 6, 0, 2) == fault(heads_do_not_divide_width, operand_kind::input));
    CHECK(run(2, 8, 0, 1) == fault(extents_differ, operand_kind::output));
    CHECK(layer.run({nullptr, {2, 4}, {4, 1}}, 0, dyad::make_matrix(x.data(), 2, 4), dyad::nn::quiet(arena)) ==
          fault(src_null, operand_kind::input));
}

}  // namespace
}  // namespace dyad_test
