// SPDX-License-Identifier: Apache-2.0
// context, multiply, as_operand, for_each_row: what layers are made of.
#include <dyad/nn/context.hpp>

#include <doctest/doctest.h>

#include "nn/layer_support.hpp"

#include <cstdint>
#include <numeric>
#include <vector>

namespace dyad_test {
namespace {

using dyad::integer;
using dyad::make_matrix;
using dyad::nn::context;
using dyad::nn::no_probe;
using dyad::nn::static_scale;

/// Sums of 8-bit products as they are.
const dyad::keep_sum sums;

TEST_CASE("multiply: a product under the recipe's accumulator; the workspace is given back") {
    const std::vector<integer<8>> a(6, integer<8>::from_raw(3));
    const std::vector<integer<8>> b(12, integer<8>::from_raw(-5));
    const auto lhs = make_matrix(a.data(), 2, 3);
    const auto rhs = make_matrix(b.data(), 3, 4);
    std::vector<std::int32_t> c(8);
    const auto dst = make_matrix(c.data(), 2, 4);
    const auto run = [&](const auto& with) { return dyad::nn::multiply<in_int8>(lhs, rhs, dst, 0, sums, with); };

    const std::size_t need = scratch_needed(run);
    CHECK(c == std::vector<std::int32_t>(8, 0));  // measuring computes nothing
    CHECK(need > 0);
    CHECK(run_in(need - 1, run) == status::arena_too_small);
    CHECK(c == std::vector<std::int32_t>(8, 0));

    std::vector<std::byte> memory(need + 64);
    dyad::arena arena(memory);
    const no_probe nobody;
    const dyad::serial one_thread;
    const context<const no_probe, const dyad::serial> with{arena, nobody, one_thread};
    dyad::vector_view<std::byte> before;
    REQUIRE(arena.take(1, before) == status::ok);
    const std::size_t mark = arena.used();
    CHECK(run(with) == status::ok);
    CHECK(c == std::vector<std::int32_t>(8, -45));
    CHECK(arena.used() == mark);
    CHECK(arena.peak() > mark);

    // Failures give it back as well.
    const auto short_dst = make_matrix(c.data(), 2, 3);
    CHECK(dyad::nn::multiply<in_int8>(lhs, rhs, short_dst, 0, sums, with) == status::dst_columns_differ);
    CHECK(arena.used() == mark);
    CHECK(dyad::nn::multiply<in_int8>(lhs, make_matrix(b.data(), 4, 3), short_dst, 0, sums, with) ==
          status::rhs_rows_differ);
    CHECK(dyad::nn::multiply<in_int8>(make_matrix<const integer<8>>(nullptr, 2, 3), rhs, dst, 0, sums, with) ==
          status::lhs_null);
    CHECK(arena.used() == mark);
    CHECK(dyad::nn::multiply<in_int8>(lhs, rhs, dst, 0x7FFFFFFF, sums, with) == status::bias_exceeds_accumulator);
    CHECK(dyad::nn::multiply<in_int8>(lhs, rhs, dst, 0x7FFFFFFF - 2 * 16384, sums, with) ==
          status::k_exceeds_accumulator);
    CHECK(dyad::nn::multiply<in_int8>(lhs, rhs, dst, 0x7FFFFFFF - 3 * 16384, sums, with) == status::ok);
    CHECK(arena.used() == mark);
}

struct by_lmul : in_float8 {
    static constexpr auto product = dyad::product_rule::lmul;
};

TEST_CASE("multiply: the product rule is the recipe's") {
    const auto x = dyad::convert<dyad::float8_e4m3fn>(1.5F);
    float y = 0;
    const auto run = [&]<class R>(R) {
        return run_in(4096, [&](const auto& with) {
            return dyad::nn::multiply<R>(make_matrix(&x, 1, 1), make_matrix(&x, 1, 1), make_matrix(&y, 1, 1), 0, sums,
                                         with);
        });
    };
    CHECK(run(in_float8{}) == status::ok);
    CHECK(y == 2.25F);
    CHECK(run(by_lmul{}) == status::ok);
    CHECK(y == 2.125F);  // 1 + 1/2 + 1/2 + 2^-3
}

TEST_CASE("context: the probe sees what is shown, but nothing while memory is measured") {
    const std::vector<float> x{1, -2, 3};
    const auto view = make_matrix(x.data(), 1, 3);
    recorder seen;
    const dyad::serial one_thread;
    std::vector<std::byte> memory(4096);
    dyad::arena arena(memory);
    dyad::arena need = dyad::arena::measuring();
    const context<recorder, const dyad::serial> real{arena, seen, one_thread};
    const context<recorder, const dyad::serial> measured{need, seen, one_thread};
    CHECK(measured.measuring());
    CHECK(!real.measuring());
    measured.show(4, view, static_scale{});
    CHECK(seen.seen.empty());
    real.show(4, view, static_scale{});
    REQUIRE(seen.seen.size() == 1);
    CHECK(seen.seen[0].edge == 4);
    CHECK(seen.seen[0].codes.values == std::vector<double>{1, -2, 3});

    dyad::nn::tensor_of<in_dynamic16, integer<16>> out;
    CHECK(dyad::nn::as_operand<in_dynamic16, integer<16>>(view, out, 9, measured) == status::ok);
    CHECK(seen.seen.size() == 1);
    CHECK(dyad::nn::as_operand<in_dynamic16, integer<16>>(view, out, 9, real) == status::ok);
    REQUIRE(seen.seen.size() == 2);
    CHECK(seen.seen[1].edge == 9);
    CHECK(seen.seen[1].codes.values == std::vector<double>{1, -2, 3});  // codes times 2^exponent
    CHECK(out.codes(0, 1).raw() == -2 * 8192);

    std::vector<std::byte> few(8);
    dyad::arena small(few);
    const context<recorder, const dyad::serial> tight{small, seen, one_thread};
    CHECK(dyad::nn::as_operand<in_dynamic16, integer<16>>(view, out, 9, tight) == status::arena_too_small);
    CHECK(seen.seen.size() == 2);
}

/// Fails on rows whose first element is negative.
struct doubling {
    status run(dyad::vector_view<const float> src, dyad::vector_view<float> dst) const noexcept {
        if (src(0) < 0) return status::lhs_null;
        for (index i = 0; i < src.extent[0]; ++i) dst(i) = 2 * src(i);
        return status::ok;
    }
};

TEST_CASE("for_each_row: every row once, the first one tells") {
    std::vector<float> x(12);
    std::iota(x.begin(), x.end(), 0.0F);
    std::vector<float> y(12);
    const auto src = make_matrix<const float>(x.data(), 4, 3);
    const auto run = [&](auto from, auto to) {
        return [=](const auto& with) { return dyad::nn::for_each_row(doubling{}, from, to, with); };
    };
    CHECK(scratch_needed(run(src, make_matrix(y.data(), 4, 3))) == 0);
    CHECK(y == std::vector<float>(12, 0));
    for (unsigned threads = 1; threads <= 4; ++threads) {
        std::fill(y.begin(), y.end(), 0.0F);
        CHECK(run_in(0, run(src, make_matrix(y.data(), 4, 3)), shuffling{threads, 3}) == status::ok);
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == 2 * x[i]);
    }
    CHECK(run_in(0, run(src, make_matrix(y.data(), 3, 4))) == status::extents_differ);
    CHECK(run_in(0, run(make_matrix<const float>(x.data(), 3, 3), make_matrix(y.data(), 4, 3))) ==
          status::extents_differ);
    CHECK(run_in(0, run(make_matrix<const float>(nullptr, 0, 3), make_matrix<float>(nullptr, 0, 3))) == status::ok);
    x[0] = -1;
    std::fill(y.begin(), y.end(), 0.0F);
    CHECK(run_in(0, run(src, make_matrix(y.data(), 4, 3))) == status::lhs_null);
    CHECK(y == std::vector<float>(12, 0));
}

}  // namespace
}  // namespace dyad_test
