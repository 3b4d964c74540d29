// SPDX-License-Identifier: Apache-2.0
// Residual sums in integers: every pair of 8-bit codes against the plain formulas, on every instruction set.
#include <dyad/array/residual_sum.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace {

using dyad::index;
using dyad::int128_t;
using dyad::int16;
using dyad::int8;
using dyad::multiplier;
using dyad::requantization;
using dyad::status;
using dyad::uint16;
using dyad::uint8;
using dyad_test::tally;

constexpr requantization modes[] = {requantization::single_half_up, requantization::gemmlowp_double,
                                    requantization::nearest_even};

int128_t floor_shift(int128_t x, int shift) { return x >> (shift > 120 ? 120 : shift); }

/// The three roundings as they stand in their sources, for |x| < 2^31 and -100 <= e <= 20.
int128_t plain_requantize(std::int64_t x, multiplier m, requantization mode) {
    constexpr int128_t most = 0x7fff'ffff;
    const auto saturated = [&](int128_t y) { return y > most ? most : y < -most - 1 ? -most - 1 : y; };
    const int128_t product = static_cast<int128_t>(x) * m.significand;
    if (mode == requantization::gemmlowp_double) {
        const int shift = m.exponent + 31;
        const int128_t raised = saturated(static_cast<int128_t>(x) << (shift > 0 ? shift : 0));
        const int128_t high = floor_shift(raised * m.significand * 2 + (int128_t{1} << 31), 32);
        if (shift >= 0) return high;
        const int128_t magnitude = high < 0 ? -high : high;
        const int128_t y = floor_shift(magnitude + (int128_t{1} << (-shift - 1)), -shift);
        return high < 0 ? -y : y;
    }
    if (m.exponent >= 0) return saturated(product << m.exponent);
    const int places = -m.exponent;
    const int128_t down = floor_shift(product, places);
    const int128_t rest = (product - (down << places)) * 2;
    const int128_t one = int128_t{1} << places;
    const bool up =
        mode == requantization::single_half_up ? rest >= one : rest > one || (rest == one && (down & 1) != 0);
    return saturated(down + (up ? 1 : 0));
}

template <class T>
std::vector<T> all_codes() {
    std::vector<T> codes;
    for (std::int32_t raw = T::min_raw; raw <= T::max_raw; ++raw)
        codes.push_back(T::from_raw(static_cast<typename T::raw_type>(raw)));
    return codes;
}
/// Codes for the columns of a matrix: all of 8 bits, some of more.
template <class T>
std::vector<T> column_codes(std::mt19937_64& random) {
    if constexpr (T::width <= 8) return all_codes<T>();
    std::vector<T> codes{T::from_raw(T::min_raw), T::from_raw(T::max_raw), T::from_raw(0)};
    while (codes.size() < 301) {
        const auto wide = static_cast<std::int32_t>(random() % 65536) - (T::is_signed ? 32768 : 0);
        codes.push_back(T::saturating_from_raw(wide >> (random() % 12)));
    }
    return codes;
}

/// run on all pairs of x's rows and y's columns, on every instruction set, against `right`.
template <class X, class Y, class Out, class Plan, class Right>
void check_pairs(tally& cases, const Plan& plan, const std::vector<X>& xs, const std::vector<Y>& ys,
                 const std::vector<dyad::instruction_set>& sets, const Right& right) {
    const auto rows = static_cast<index>(xs.size());
    const auto columns = static_cast<index>(ys.size());
    std::vector<Out> expected;
    for (const X x : xs) {
        for (const Y y : ys) expected.push_back(Out::from_raw(static_cast<typename Out::raw_type>(right(x, y))));
    }
    const auto compare = [&](dyad::instruction_set isa, const Out* got, std::size_t first, std::size_t count) {
        cases.check(true);
        if (std::memcmp(got, expected.data() + first, count * sizeof(Out)) == 0) return;
        for (std::size_t i = 0; i < count; ++i) {
            const Out want = expected[first + i];
            cases.check(got[i].raw() == want.raw(), dyad::to_string(isa), " of ", count, ": x ",
                        xs[(first + i) / ys.size()].raw(), " y ", ys[(first + i) % ys.size()].raw(), ": ", got[i].raw(),
                        " instead of ", want.raw(), " mode ", static_cast<int>(plan.mode), " b ",
                        plan.x_factor.significand, " e ", plan.x_factor.exponent, " b ", plan.y_factor.significand,
                        " e ", plan.y_factor.exponent);
        }
    };
    std::vector<X> all_x;
    std::vector<Y> all_y;
    for (const X x : xs) {
        for (const Y y : ys) all_x.push_back(x), all_y.push_back(y);
    }
    std::vector<Out> got(all_x.size());
    for (const auto isa : sets) {
        // Row by row, and many at once (by tables): not quite all, so that something is left of the last vector.
        for (index i = 0; i < rows; ++i) {
            const status s =
                plan.run(dyad::make_vector<const X>(all_x.data() + i * columns, columns),
                         dyad::make_vector<const Y>(ys.data(), columns), dyad::make_vector(got.data(), columns), {isa});
            cases.check(s == status::ok, dyad::to_string(s));
            compare(isa, got.data(), static_cast<std::size_t>(i * columns), ys.size());
        }
        const std::size_t many = all_x.size() - (columns == 256 ? 29 : 0);
        const auto n = static_cast<index>(many);
        const status s = plan.run(dyad::make_vector<const X>(all_x.data(), n),
                                  dyad::make_vector<const Y>(all_y.data(), n), dyad::make_vector(got.data(), n), {isa});
        cases.check(s == status::ok, dyad::to_string(s));
        compare(isa, got.data(), 0, many);
    }
}

struct inputs {
    std::mt19937_64 random{11};

    [[nodiscard]] multiplier factor(int low, int high) {
        const int e = low + static_cast<int>(random() % static_cast<std::uint64_t>(high - low + 1));
        switch (random() % 5) {
            case 0: return {0x7fff'ffff, e};
            case 1: return {1 << 30, e};  // ties
            case 2: return {static_cast<std::int32_t>(random() % 4), e};
            default: return {(1 << 30) | static_cast<std::int32_t>(random() & 0x3fff'ffff), e};
        }
    }
    template <class T>
    [[nodiscard]] std::int32_t code() {
        const auto codes = static_cast<std::uint64_t>(std::int32_t{T::max_raw} - T::min_raw + 1);
        return random() % 3 == 0 ? 0 : T::min_raw + static_cast<std::int32_t>(random() % codes);
    }
};

template <class X, class Y, class Out>
void check_dyadic(tally& cases, const dyad::dyadic_residual_sum<X, Y, Out>& plan, const std::vector<X>& xs,
                  const std::vector<Y>& ys) {
    static const auto sets = dyad_test::instruction_sets();
    check_pairs<X, Y, Out>(cases, plan, xs, ys, sets, [&](X x, Y y) {
        const int128_t sum = plain_requantize(x.raw() - plan.x_zero_point, plan.x_factor, plan.mode) +
                             plain_requantize(y.raw() - plan.y_zero_point, plan.y_factor, plan.mode) + plan.zero_point;
        const int128_t code = sum < plan.low ? int128_t{plan.low} : sum > plan.high ? int128_t{plan.high} : sum;
        cases.check(plan(x, y).raw() == code, "one call");
        return code;
    });
}

/// Every mode on factors from low to high, with zero points and bounds.
template <class X, class Y, class Out>
void check_factors(tally& cases, int low, int high, int count) {
    inputs in;
    const auto ys = column_codes<Y>(in.random);
    const auto xs = column_codes<X>(in.random);
    for (const auto mode : modes) {
        for (int i = 0; i < count; ++i) {
            dyad::dyadic_residual_sum<X, Y, Out> plan{in.factor(low, high), in.factor(low, high)};
            plan.mode = mode;
            if (i % 2 != 0) {
                plan.x_zero_point = in.code<X>();
                plan.y_zero_point = in.code<Y>();
                plan.zero_point = in.code<Out>();
                const std::int32_t a = in.code<Out>();
                const std::int32_t b = in.code<Out>();
                if (i % 4 == 1) plan.low = a < b ? a : b, plan.high = a < b ? b : a;
            }
            // Some rows of x against all columns.
            std::vector<X> some;
            for (int r = 0; r < 12; ++r) some.push_back(xs[in.random() % xs.size()]);
            some.push_back(X::from_raw(X::min_raw));
            some.push_back(X::from_raw(X::max_raw));
            check_dyadic(cases, plan, some, ys);
        }
    }
}

TEST_CASE("dyadic_residual_sum is the plain formula") {
    tally cases("dyadic residual sums");
    check_factors<int8, int8, int8>(cases, -36, -28, 60);
    check_factors<int8, int8, int8>(cases, -100, 3, 60);
    check_factors<uint8, int8, int8>(cases, -34, -26, 20);
    check_factors<uint8, uint8, uint8>(cases, -34, -26, 20);
    check_factors<uint8, uint8, uint8>(cases, -36, -30, 20);
    check_factors<int8, uint8, int8>(cases, -24, -21, 20);
    check_factors<int16, int8, int16>(cases, -36, -20, 20);
    check_factors<int16, int16, int16>(cases, -66, -10, 30);
    check_factors<int16, int16, int8>(cases, -40, -30, 20);
    check_factors<uint16, int16, uint16>(cases, -36, -26, 20);
    check_factors<dyad::integer<4>, dyad::integer<6>, dyad::integer<5>>(cases, -36, -26, 20);
}

TEST_CASE("dyadic_residual_sum: all pairs of 8-bit codes") {
    tally cases("all pairs");
    inputs in;
    const auto codes = all_codes<int8>();
    for (const auto mode : modes) {
        for (const auto x : {multiplier{1 << 30, -30}, multiplier{0x5555'5555, -31}, multiplier{1 << 30, -33}}) {
            dyad::dyadic_residual_sum<int8> plan{x, {0x7fff'ffff, -31}};
            plan.mode = mode;
            check_dyadic(cases, plan, codes, codes);
            plan.x_zero_point = -128, plan.y_zero_point = 127, plan.zero_point = -3, plan.low = -100;
            check_dyadic(cases, plan, codes, codes);
        }
    }
}

/// MultiplyByQuantizedMultiplier of TensorFlow Lite, in its own steps; b in [2^30, 2^31) or 0, shift = e + 31.
std::int32_t published_multiply(std::int32_t x, std::int32_t b, int shift, requantization mode) {
    if (mode == requantization::single_half_up) {
        const int total = 31 - shift;
        return static_cast<std::int32_t>((std::int64_t{x} * b + (std::int64_t{1} << (total - 1))) >> total);
    }
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const std::int64_t product = std::int64_t{x} * (std::int64_t{1} << left) * b;
    const std::int64_t nudge = product >= 0 ? (1 << 30) : 1 - (1 << 30);
    const auto high = static_cast<std::int32_t>((product + nudge) / (std::int64_t{1} << 31));
    const std::int32_t mask = static_cast<std::int32_t>((std::int64_t{1} << right) - 1);
    const std::int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    return (high >> right) + ((high & mask) > threshold ? 1 : 0);
}
struct published_factor {
    std::int32_t b;
    int shift;
};
published_factor published_quantize(double m) {
    int shift = 0;
    const double f = std::frexp(m, &shift);
    auto b = static_cast<std::int64_t>(std::round(f * 2147483648.0));
    if (b == (std::int64_t{1} << 31)) b /= 2, ++shift;
    if (shift < -31) b = 0, shift = 0;
    return {static_cast<std::int32_t>(b), shift};
}

template <class Code>
void check_tflite(tally& cases, int count) {
    static const auto sets = dyad_test::instruction_sets();
    inputs in;
    const auto ys = column_codes<Code>(in.random);
    std::uniform_real_distribution<double> log_scale(-9, 1);
    for (int i = 0; i < count; ++i) {
        const auto x_scale = static_cast<double>(static_cast<float>(std::exp2(log_scale(in.random))));
        const auto y_scale =
            i % 5 == 0 ? x_scale : static_cast<double>(static_cast<float>(std::exp2(log_scale(in.random))));
        const auto out_scale =
            static_cast<double>(static_cast<float>((x_scale + y_scale) * std::exp2(log_scale(in.random) / 4)));
        dyad::tflite::residual_sum<Code> plan;
        CHECK(plan.set(x_scale, y_scale, out_scale) == status::ok);
        plan.mode = i % 2 == 0 ? requantization::gemmlowp_double : requantization::single_half_up;
        plan.operation =
            i % 3 == 0 ? dyad::tflite::residual_operation::subtract : dyad::tflite::residual_operation::add;
        if (Code::width == 8) {
            plan.x_zero_point = in.code<Code>(), plan.y_zero_point = in.code<Code>(), plan.zero_point = in.code<Code>();
            if (i % 4 == 0) plan.low = plan.zero_point;
        }
        constexpr int left = Code::width == 8 ? 20 : 15;
        const double twice = 2 * std::max(x_scale, y_scale);
        const auto fx = published_quantize(x_scale / twice);
        const auto fy = published_quantize(y_scale / twice);
        const auto fo = published_quantize(twice / (static_cast<double>(1 << left) * out_scale));
        std::vector<Code> xs{Code::from_raw(Code::min_raw), Code::from_raw(Code::max_raw)};
        for (int r = 0; r < 8; ++r) xs.push_back(ys[in.random() % ys.size()]);
        check_pairs<Code, Code, Code>(cases, plan, xs, ys, sets, [&](Code x, Code y) {
            const std::int32_t a =
                published_multiply((x.raw() - plan.x_zero_point) * (1 << left), fx.b, fx.shift, plan.mode);
            const std::int32_t b =
                published_multiply((y.raw() - plan.y_zero_point) * (1 << left), fy.b, fy.shift, plan.mode);
            const bool add = plan.operation == dyad::tflite::residual_operation::add;
            const std::int32_t sum =
                published_multiply(add ? a + b : a - b, fo.b, fo.shift, plan.mode) + plan.zero_point;
            const std::int32_t code = sum < plan.low ? plan.low : sum > plan.high ? plan.high : sum;
            cases.check(plan(x, y).raw() == code, "one call");
            return code;
        });
    }
}

TEST_CASE("tflite::residual_sum is the published code") {
    tally cases("residual sums of TensorFlow Lite");
    check_tflite<int8>(cases, 120);
    check_tflite<uint8>(cases, 40);
    check_tflite<int16>(cases, 60);
}

TEST_CASE("residual sums: lengths, strides, places") {
    tally cases("views of residual sums");
    std::mt19937_64 random{5};
    std::vector<int8> x(3000);
    std::vector<int8> y(3000);
    for (auto* v : {&x, &y})
        for (auto& e : *v) e = int8::from_raw(static_cast<std::int8_t>(random()));
    const dyad::dyadic_residual_sum<int8> plan{{0x6000'0000, -31}, {0x7000'0000, -32}, 3, -5, 7, -100, 120};
    struct layout {
        index down;
        index across;
    };
    for (const auto isa : dyad_test::instruction_sets()) {
        for (const auto of_x :
             {layout{71, 1}, layout{70, 1}, layout{1, 9}, layout{140, 2}, layout{0, 1}, layout{-71, 1}}) {
            for (const auto to : {layout{71, 1}, layout{1, 9}, layout{150, 2}}) {
                for (index columns = 0; columns <= 70; ++columns) {
                    const index rows = 1 + columns % 9;
                    const auto at = [&](const std::vector<int8>& v, layout l) {
                        return dyad::matrix_view<const int8>{
                            v.data() + (l.down < 0 ? 1000 : 0), {rows, columns}, {l.down, l.across}};
                    };
                    std::vector<int8> out(3000, int8::from_raw(1));
                    const dyad::matrix_view<int8> dst{out.data(), {rows, columns}, {to.down, to.across}};
                    const auto from_x = at(x, of_x);
                    const auto from_y = at(y, {71, 1});
                    CHECK(plan.run(from_x, from_y, dst, {isa}) == status::ok);
                    std::vector<int8> expected(3000, int8::from_raw(1));
                    for (index i = 0; i < rows; ++i) {
                        for (index j = 0; j < columns; ++j)
                            expected[static_cast<std::size_t>(i * to.down + j * to.across)] =
                                plan(from_x(i, j), from_y(i, j));
                    }
                    cases.check(std::memcmp(out.data(), expected.data(), out.size()) == 0, dyad::to_string(isa),
                                " columns ", columns, " strides ", of_x.down, " ", to.down);
                }
            }
        }
        // In place, of either operand and of both.
        for (index n = 0; n < 3000; n += n < 100 ? 1 : 613) {
            auto a = x;
            auto b = y;
            auto c = x;
            const auto va = dyad::make_vector(a.data(), n);
            const auto vb = dyad::make_vector(b.data(), n);
            const auto vc = dyad::make_vector(c.data(), n);
            const auto in_x = dyad::make_vector<const int8>(x.data(), n);
            const auto in_y = dyad::make_vector<const int8>(y.data(), n);
            CHECK(plan.run(dyad::as_const(va), in_y, va, {isa}) == status::ok);
            CHECK(plan.run(in_x, dyad::as_const(vb), vb, {isa}) == status::ok);
            CHECK(plan.run(dyad::as_const(vc), dyad::as_const(vc), vc, {isa}) == status::ok);
            for (index i = 0; i < n; ++i) {
                cases.check(va(i).raw() == plan(in_x(i), in_y(i)).raw() && vb(i).raw() == va(i).raw(), "in place ", n);
                cases.check(vc(i).raw() == plan(in_x(i), in_x(i)).raw(), "both in place ", n);
            }
            cases.check(a[static_cast<std::size_t>(n)].raw() == x[static_cast<std::size_t>(n)].raw(), "behind");
        }
    }
}

TEST_CASE("residual sums: what is refused") {
    dyad::dyadic_residual_sum<int8> plan;
    CHECK(plan.set(1, 0.5, 2) == status::ok);
    CHECK(static_cast<double>(plan.x_factor) == 0.5);
    CHECK(static_cast<double>(plan.y_factor) == 0.25);
    for (const double bad : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
        CHECK(plan.set(bad, 1, 1) == status::scale_not_positive);
        CHECK(plan.set(1, bad, 1) == status::scale_not_positive);
        CHECK(plan.set(1, 1, bad) == status::scale_not_positive);
        CHECK(dyad::tflite::residual_sum<int8>{}.set(1, bad, 1) == status::scale_not_positive);
    }
    int8 memory[32] = {};
    const auto x = dyad::make_matrix<const int8>(memory, 2, 4);
    const auto dst = dyad::make_matrix(memory + 8, 2, 4);
    CHECK(plan.run(x, x, dst) == status::ok);
    CHECK(plan.run(x, dyad::make_matrix<const int8>(memory, 2, 3), dst) == status::extents_differ);
    CHECK(plan.run(dyad::make_matrix<const int8>(memory, 1, 4), x, dst) == status::extents_differ);
    CHECK(plan.run(dyad::make_matrix<const int8>(nullptr, 2, 4), x, dst) == status::lhs_null);
    CHECK(plan.run(x, dyad::make_matrix<const int8>(nullptr, 2, 4), dst) == status::rhs_null);
    CHECK(plan.run(x, x, dyad::make_matrix<int8>(nullptr, 2, 4)) == status::dst_null);
    CHECK(plan.run(x, x, {memory + 8, {2, 4}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(plan.run(x, dyad::as_const(dst), dyad::make_matrix(memory + 1, 2, 4)) == status::dst_overlaps_lhs);
    CHECK(plan.run(x, dyad::as_const(dst), dyad::make_matrix(memory + 15, 2, 4)) == status::dst_overlaps_rhs);
    CHECK(plan.run(dyad::make_matrix<const int8>(memory, -1, 4), dyad::make_matrix<const int8>(memory, -1, 4),
                   dyad::make_matrix(memory, -1, 4)) == status::negative_extent);
    CHECK(plan.run(dyad::make_matrix<const int8>(nullptr, 0, 4), dyad::make_matrix<const int8>(nullptr, 0, 4),
                   dyad::make_matrix<int8>(nullptr, 0, 4)) == status::ok);
    for (const std::int32_t bad : {-129, 128}) {
        auto p = plan;
        p.x_zero_point = bad;
        CHECK(p.run(x, x, dst) == status::parameter_out_of_range);
        p = plan, p.y_zero_point = bad;
        CHECK(p.run(x, x, dst) == status::parameter_out_of_range);
        p = plan, p.zero_point = bad;
        CHECK(p.run(x, x, dst) == status::parameter_out_of_range);
        p = plan, p.low = p.high = bad;
        CHECK(p.run(x, x, dst) == status::parameter_out_of_range);
    }
    auto p = plan;
    p.low = 3, p.high = 2;
    CHECK(p.run(x, x, dst) == status::parameter_out_of_range);
    p = plan, p.y_factor = {-1, 0};
    CHECK(p.run(x, x, dst) == status::scale_not_positive);
    dyad::tflite::residual_sum<int16> q;
    CHECK(q.set(1, 1, 1) == status::ok);
    CHECK(q.check() == status::ok);
    q.zero_point = 1;
    CHECK(q.check() == status::parameter_out_of_range);
    q.zero_point = 0, q.x_factor = {1 << 30, -30};
    CHECK(q.check() == status::parameters_not_usable);
}

}  // namespace
