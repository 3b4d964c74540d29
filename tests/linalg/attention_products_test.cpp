// SPDX-License-Identifier: Apache-2.0
// The products of attention: against loops over heads, with grouped queries and causal masks, and through a softmax.
#include <dyad/linalg/attention_products.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"

#include <string>

#include <dyad/array/float_softmax.hpp>

namespace {

using dyad::attention_mask;
using dyad::attention_scores_plan;
using dyad::attention_shape;
using dyad::attention_values_plan;
using dyad::bfloat16;
using dyad::float_ordered;
using dyad::index;
using dyad::integer;
using dyad::make_batch;
using dyad::make_matrix;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::exact_value;
using dyad_test::random_code;
using dyad_test::shuffled_tasks;
using dyad_test::sum_order;
using dyad_test::tally;

template <class T>
std::vector<T> random_codes(std::mt19937_64& random, index n) {
    std::vector<T> codes;
    for (index i = 0; i < n; ++i) codes.push_back(random_code<T>(random));
    return codes;
}

struct attention_case {
    attention_shape shape;
    attention_mask mask = attention_mask::none;
    index offset = 0;
};
constexpr attention_case attention_cases[]{
    {{1, 1, 1, 1, 1}},
    {{7, 9, 3, 3, 5}},
    {{65, 70, 4, 2, 16}},
    {{5, 80, 6, 1, 32}},
    {{0, 4, 2, 1, 8}},
    {{4, 0, 2, 2, 8}},
    {{4, 4, 0, 1, 8}},
    {{150, 150, 2, 1, 24}, attention_mask::causal},
    {{70, 200, 4, 2, 8}, attention_mask::causal, 130},
    {{130, 64, 2, 2, 8}, attention_mask::causal, -66},
};

template <class Sum>
bool equal(Sum x, Sum y) {
    if constexpr (std::same_as<Sum, float>) return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
    else return x == y;
}

template <class Query, class Key, class Accumulator>
void check_scores(const char* name, sum_order order) {
    tally cases(name);
    std::mt19937_64 random(4);
    using plan_type = attention_scores_plan<Query, Key, Accumulator>;
    using sum_type = typename plan_type::sum_type;
    const auto sets = dyad_test::instruction_sets();
    for (const auto& [s, mask, offset] : attention_cases) {
        const auto q = random_codes<Query>(random, s.tokens * s.heads * s.width + 1);
        const auto k = random_codes<Key>(random, s.keys * s.key_heads * s.width + 1);
        const auto queries = make_matrix(q.data(), s.tokens, s.heads * s.width);
        const auto keys = make_matrix(k.data(), s.keys, s.key_heads * s.width);
        for (const auto isa : sets) {
            plan_type plan;
            REQUIRE(plan_type::make(s, {.cap = isa, .mask = mask, .offset = offset}, plan) == status::ok);
            std::vector<sum_type> scores(static_cast<std::size_t>(s.heads * s.tokens * s.keys), 77);
            std::vector<std::byte> workspace(plan.workspace_bytes());
            REQUIRE(plan.run(queries, keys, make_batch(scores.data(), s.heads, s.tokens, s.keys), dyad::keep_sum{},
                             workspace, shuffled_tasks{3}) == status::ok);
            std::size_t place = 0;
            for (index h = 0; h < s.heads; ++h) {
                const index g = h / (s.heads / s.key_heads);
                for (index i = 0; i < s.tokens; ++i) {
                    for (index j = 0; j < s.keys; ++j, ++place) {
                        std::vector<double> x;
                        std::vector<double> y;
                        for (index c = 0; c < s.width; ++c) {
                            x.push_back(exact_value(queries(i, h * s.width + c)));
                            y.push_back(exact_value(keys(j, g * s.width + c)));
                        }
                        const bool written = mask == attention_mask::none || j < (i / 64 + 1) * 64 + offset;
                        const auto expected = written ? dyad_test::ordered_sum<sum_type>(order, x, y) : sum_type{77};
                        cases.check(equal(scores[place], expected), name, " by ", to_string(isa), ", head ", h,
                                    ", token ", i, ", key ", j, ": got ", scores[place], ", expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("attention: scores") {
    check_scores<integer<8>, integer<8>, proven<std::int32_t>>("int8 scores", sum_order::exact);
    check_scores<bfloat16, bfloat16, float_ordered>("bfloat16 scores", sum_order::bf16);
}

template <class Share, class Value, class Accumulator>
void check_values(const char* name, sum_order order) {
    tally cases(name);
    std::mt19937_64 random(5);
    using plan_type = attention_values_plan<Share, Value, Accumulator>;
    using sum_type = typename plan_type::sum_type;
    const auto sets = dyad_test::instruction_sets();
    for (const auto& [s, mask, offset] : attention_cases) {
        auto p = random_codes<Share>(random, s.heads * s.tokens * s.keys + 1);
        const auto v = random_codes<Value>(random, s.keys * s.key_heads * s.width + 1);
        const auto shares = make_batch(p.data(), s.heads, s.tokens, s.keys);
        if (mask == attention_mask::causal) {
            for (index h = 0; h < s.heads; ++h)
                for (index i = 0; i < s.tokens; ++i)
                    for (index j = std::max<index>(0, i + offset + 1); j < s.keys; ++j) shares(h, i, j) = Share{};
        }
        const auto values = make_matrix(v.data(), s.keys, s.key_heads * s.width);
        for (const auto isa : sets) {
            plan_type plan;
            REQUIRE(plan_type::make(s, {.cap = isa, .mask = mask, .offset = offset}, plan) == status::ok);
            std::vector<sum_type> out(static_cast<std::size_t>(s.tokens * s.heads * s.width), 77);
            std::vector<std::byte> workspace(plan.workspace_bytes());
            REQUIRE(plan.run(dyad::as_const(shares), values, make_matrix(out.data(), s.tokens, s.heads * s.width),
                             dyad::keep_sum{}, workspace, shuffled_tasks{5}) == status::ok);
            std::size_t place = 0;
            for (index i = 0; i < s.tokens; ++i) {
                for (index h = 0; h < s.heads; ++h) {
                    const index g = h / (s.heads / s.key_heads);
                    for (index c = 0; c < s.width; ++c, ++place) {
                        std::vector<double> x;
                        std::vector<double> y;
                        for (index j = 0; j < s.keys; ++j) {
                            x.push_back(exact_value(shares(h, i, j)));
                            y.push_back(exact_value(values(j, g * s.width + c)));
                        }
                        const auto expected = dyad_test::ordered_sum<sum_type>(order, x, y);
                        cases.check(equal(out[place], expected), name, " by ", to_string(isa), ", head ", h, ", token ",
                                    i, ", column ", c, ": got ", out[place], ", expected ", expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("attention: values") {
    check_values<uinteger<8>, integer<8>, proven<std::int32_t>>("uint8 shares of int8 values", sum_order::exact);
    check_values<float, float, float_ordered>("float shares of float values", sum_order::f32);
}

TEST_CASE("attention: causal, long: whole blocks of k are left out") {
    // 3000 floats are several blocks of k; the shares beyond the diagonal are 0, and the values there are large.
    constexpr attention_shape s{2, 3000, 1, 1, 3};
    using plan_type = attention_values_plan<float, float, float_ordered>;
    plan_type plan;
    REQUIRE(plan_type::make(s, {.mask = attention_mask::causal, .offset = 700}, plan) == status::ok);
    std::mt19937_64 random(6);
    auto p = random_codes<float>(random, 2 * s.keys);
    auto v = random_codes<float>(random, s.keys * s.width);
    std::vector<float> expected(6);
    for (index i = 0; i < 2; ++i)
        for (index j = 701 + i; j < s.keys; ++j) p[static_cast<std::size_t>(i * s.keys + j)] = 0;
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < 3000; ++j)
            expected[i] = std::fma(p[i / 3 * 3000 + j], v[j * 3 + i % 3], expected[i]);
    std::vector<float> out(6);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    const auto shares = make_batch<const float>(p.data(), 1, 2, s.keys);
    const auto values = make_matrix<const float>(v.data(), s.keys, s.width);
    REQUIRE(plan.run(shares, values, make_matrix(out.data(), 2, 3), dyad::keep_sum{}, workspace) == status::ok);
    CHECK(out == expected);
    // What is left out is not read: NaN at the last key would show.
    v.back() = std::numeric_limits<float>::quiet_NaN();
    REQUIRE(plan.run(shares, values, make_matrix(out.data(), 2, 3), dyad::keep_sum{}, workspace) == status::ok);
    CHECK(out == expected);
}

TEST_CASE("attention: causal scores, softmax, values: skipped scores do not matter") {
    constexpr attention_shape s{100, 100, 2, 1, 8};
    std::mt19937_64 random(8);
    const auto q = random_codes<float>(random, s.tokens * s.heads * s.width);
    const auto k = random_codes<float>(random, s.keys * s.width);
    const auto v = random_codes<float>(random, s.keys * s.width);
    const auto mixed = [&](attention_mask mask, float unwritten) {
        attention_scores_plan<float, float, float_ordered> scores_plan;
        attention_values_plan<float, float, float_ordered> values_plan;
        REQUIRE(decltype(scores_plan)::make(s, {.mask = mask}, scores_plan) == status::ok);
        REQUIRE(decltype(values_plan)::make(s, {.mask = mask}, values_plan) == status::ok);
        std::vector<float> scores(20'000, unwritten);
        std::vector<float> out(1600);
        std::vector<std::byte> workspace(std::max(scores_plan.workspace_bytes(), values_plan.workspace_bytes()));
        const auto batch = make_batch(scores.data(), s.heads, s.tokens, s.keys);
        REQUIRE(scores_plan.run(make_matrix(q.data(), s.tokens, s.heads * s.width),
                                make_matrix(k.data(), s.keys, s.width), batch, dyad::keep_sum{},
                                workspace) == status::ok);
        dyad::float_softmax softmax;
        for (index h = 0; h < s.heads; ++h) {
            const auto one = dyad::matrix_of(batch, h);
            REQUIRE(softmax.run_causal(dyad::as_const(one), 0, one) == status::ok);
        }
        REQUIRE(values_plan.run(dyad::as_const(batch), make_matrix(v.data(), s.keys, s.width),
                                make_matrix(out.data(), s.tokens, s.heads * s.width), dyad::keep_sum{},
                                workspace) == status::ok);
        return out;
    };
    const auto all = mixed(attention_mask::none, 0);
    CHECK(mixed(attention_mask::causal, 0) == all);
    CHECK(mixed(attention_mask::causal, 1e9f) == all);
}

TEST_CASE("attention: bad input") {
    using scores_plan = attention_scores_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    using values_plan = attention_values_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    scores_plan scores;
    values_plan values;
    CHECK(scores_plan::make({-1, 2, 1, 1, 4}, {}, scores) == status::negative_extent);
    CHECK(scores_plan::make({2, 2, 3, 2, 4}, {}, scores) == status::batch_extents_differ);
    CHECK(values_plan::make({2, 2, 3, 0, 4}, {}, values) == status::batch_extents_differ);
    CHECK(scores_plan::make({2, 2, 2, 2, 131072}, {}, scores) == status::k_exceeds_accumulator);
    constexpr attention_shape s{3, 4, 4, 2, 5};
    REQUIRE(scores_plan::make(s, {}, scores) == status::ok);
    REQUIRE(values_plan::make(s, {}, values) == status::ok);
    std::vector<integer<8>> codes(200);
    std::vector<std::int32_t> out(100, 42);
    std::vector<std::byte> workspace(std::max(scores.workspace_bytes(), values.workspace_bytes()));
    const auto m = [&](index rows, index columns) {
        return make_matrix<const integer<8>>(codes.data(), rows, columns);
    };
    const auto b = make_batch(out.data(), 4, 3, 4);
    const auto run = [&](auto queries, auto keys) { return scores.run(queries, keys, b, dyad::keep_sum{}, workspace); };
    CHECK(run(m(2, 20), m(4, 10)) == status::lhs_rows_differ);
    CHECK(run(m(3, 15), m(4, 10)) == status::lhs_columns_differ);
    CHECK(run(m(3, 20), m(3, 10)) == status::rhs_columns_differ);
    CHECK(run(m(3, 20), m(4, 20)) == status::rhs_rows_differ);
    const auto shares = make_batch<const integer<8>>(codes.data(), 4, 3, 4);
    const auto mix = [&](auto v, index rows, index columns) {
        return values.run(shares, v, make_matrix(out.data(), rows, columns), dyad::keep_sum{}, workspace);
    };
    CHECK(mix(m(3, 10), 3, 20) == status::rhs_rows_differ);
    CHECK(mix(m(4, 20), 3, 20) == status::rhs_columns_differ);
    CHECK(mix(m(4, 10), 4, 20) == status::dst_rows_differ);
    CHECK(mix(m(4, 10), 3, 10) == status::dst_columns_differ);
    for (const std::int32_t x : out) CHECK(x == 42);
    CHECK(run(m(3, 20), m(4, 10)) == status::ok);
    CHECK(mix(m(4, 10), 3, 20) == status::ok);
}

}  // namespace
