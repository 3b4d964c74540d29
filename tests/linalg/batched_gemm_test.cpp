// SPDX-License-Identifier: Apache-2.0
// Batches of products: against loops, for layouts, shared and repeated operands, causality, every instruction set and
// number of tasks; bad input.
#include <dyad/linalg/batched_gemm.hpp>

#include <doctest/doctest.h>

#include "support/convolutions.hpp"

#include <string>

namespace {

using dyad::batch_view;
using dyad::batched_gemm_plan;
using dyad::bfloat16;
using dyad::causality;
using dyad::chained;
using dyad::float8_e4m3fn;
using dyad::float_ordered;
using dyad::index;
using dyad::integer;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::exact_value;
using dyad_test::random_code;
using dyad_test::shuffled_tasks;
using dyad_test::sum_order;
using dyad_test::tally;

/// Matrices one after the other, rows side by side (heads), columns first, backwards, or one for all.
enum class layout { apart, side_by_side, columns_first, backwards, one };

template <class T>
struct batch {
    std::vector<T> memory;
    index offset = 0;
    std::array<index, 3> extent{};
    std::array<index, 3> stride{};

    batch(std::array<index, 3> extents, layout l) : extent(extents) {
        const auto [n, rows, columns] = extents;
        switch (l) {
            case layout::apart: stride = {rows * columns, columns, 1}; break;
            case layout::side_by_side: stride = {columns, n * columns + 1, 1}; break;
            case layout::columns_first: stride = {rows * columns, 1, rows}; break;
            case layout::backwards: stride = {-2 * (rows + 1) * columns, 2 * columns, -2}; break;
            case layout::one: stride = {0, columns + 3, 1}; break;
        }
        index reach = 1;
        for (std::size_t r = 0; r < 3; ++r) {
            const index last = extent[r] == 0 ? 0 : (extent[r] - 1) * stride[r];
            reach += last < 0 ? -last : last;
            offset += last < 0 ? -last : 0;
        }
        memory.resize(static_cast<std::size_t>(reach));
    }
    [[nodiscard]] batch_view<T> view() { return {memory.data() + offset, extent, stride}; }
    [[nodiscard]] batch_view<const T> view() const { return {memory.data() + offset, extent, stride}; }
};

struct shape {
    index n_batch;
    index share;
    index m;
    index k;
    index n;
    causality causal = causality::none;
    index offset = 0;
};

template <class A, class B, class Accumulator>
class batch_check {
public:
    using plan_type = batched_gemm_plan<A, B, Accumulator>;
    using sum_type = typename plan_type::sum_type;

    batch_check(std::string name, sum_order order) : order_(order), cases_(name), name_(std::move(name)) {}

    void check(const shape& s, std::array<layout, 3> layouts, index tasks) {
        batch<A> lhs({s.n_batch, s.m, s.k}, layouts[0]);
        batch<B> rhs({s.n_batch / s.share, s.k, s.n}, layouts[1]);
        for (A& x : lhs.memory) x = random_code<A>(random_);
        for (B& x : rhs.memory) x = random_code<B>(random_);
        if (s.causal == causality::products) {
            for (index b = 0; b < s.n_batch; ++b)
                for (index i = 0; i < s.m; ++i)
                    for (index p = std::max<index>(0, i + s.offset + 1); p < s.k; ++p) lhs.view()(b, i, p) = A{};
        }
        for (const auto isa : instruction_sets_) {
            plan_type plan;
            REQUIRE(plan_type::make(s.n_batch, s.m, s.k, s.n,
                                    {.cap = isa, .share = s.share, .causal = s.causal, .offset = s.offset},
                                    plan) == status::ok);
            batch<sum_type> dst({s.n_batch, s.m, s.n}, layouts[2]);
            std::fill(dst.memory.begin(), dst.memory.end(), sum_type{77});
            std::vector<std::byte> workspace(plan.workspace_bytes() + 5, std::byte{0xa5});
            const auto at = [&](index row, index column) { return sum_type(row * 3 + column); };
            const auto epilogue = [&](sum_type sum, index row, index column) { return sum + at(row, column); };
            const bool keeps = ++calls_ % 2 == 0;
            const auto call = [&](const auto& e) {
                return plan.run(std::as_const(lhs).view(), std::as_const(rhs).view(), dst.view(), e,
                                std::span(workspace).subspan(5), shuffled_tasks{tasks});
            };
            REQUIRE((keeps ? call(dyad::keep_sum{}) : call(epilogue)) == status::ok);
            for (index b = 0; b < s.n_batch; ++b) {
                for (index i = 0; i < s.m; ++i) {
                    for (index j = 0; j < s.n; ++j) {
                        sum_type expected = sum_of(lhs, rhs, s, b, i, j);
                        if (!keeps) expected += at(b * s.m + i, j);
                        const index seen = (i / 64 + 1) * 64 + s.offset;
                        if (s.causal == causality::columns && j >= seen) expected = 77;
                        sum_type& got = dst.view()(b, i, j);
                        cases_.check(equal(got, expected), name_, " by ", to_string(isa), ": ", s.n_batch, " of ", s.m,
                                     " x ", s.k, " x ", s.n, ", share ", s.share, ", at ", b, " ", i, " ", j, ": got ",
                                     got, ", expected ", expected);
                        got = 77;
                    }
                }
            }
            cases_.check(std::all_of(dst.memory.begin(), dst.memory.end(), [](sum_type x) { return x == 77; }),
                         "gaps of dst");
        }
    }
    void run() {
        constexpr std::array all{layout::apart, layout::side_by_side, layout::columns_first, layout::backwards,
                                 layout::one};
        index call = 0;
        for (const shape& s :
             {shape{0, 1, 3, 4, 5}, shape{1, 1, 1, 1, 1}, shape{3, 1, 5, 7, 9}, shape{6, 2, 17, 33, 20},
              shape{6, 3, 4, 70, 33}, shape{8, 8, 9, 16, 31}, shape{2, 1, 0, 4, 4}, shape{2, 1, 4, 0, 4},
              shape{2, 1, 4, 4, 0}, shape{12, 1, 19, 8, 19}, shape{2, 1, 150, 20, 40},
              shape{4, 2, 150, 16, 150, causality::columns}, shape{2, 1, 70, 9, 200, causality::columns, 100},
              shape{2, 1, 130, 9, 70, causality::columns, -70}, shape{2, 1, 150, 150, 16, causality::products},
              shape{4, 4, 67, 170, 16, causality::products, 90}}) {
            for (int round = 0; round < 3; ++round, ++call) {
                const auto any = [&](std::size_t kinds) { return all[random_() % kinds]; };
                check(s, {any(5), any(5), any(4)}, 1 + call % 8);
            }
        }
    }

private:
    sum_type sum_of(const batch<A>& lhs, const batch<B>& rhs, const shape& s, index b, index i, index j) const {
        std::vector<double> x;
        std::vector<double> y;
        for (index p = 0; p < s.k; ++p) {
            x.push_back(exact_value(lhs.view()(b, i, p)));
            y.push_back(exact_value(rhs.view()(b / s.share, p, j)));
        }
        return dyad_test::ordered_sum<sum_type>(order_, x, y);
    }
    static bool equal(sum_type x, sum_type y) {
        if constexpr (std::same_as<sum_type, float>)
            return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
        else return x == y;
    }

    sum_order order_;
    tally cases_;
    std::string name_;
    std::mt19937_64 random_{1};
    std::vector<dyad::instruction_set> instruction_sets_ = dyad_test::instruction_sets();
    index calls_ = 0;
};

TEST_CASE("batched gemm: integers") {
    batch_check<integer<8>, integer<8>, proven<std::int32_t>>("batches of int8", sum_order::exact).run();
    batch_check<uinteger<8>, integer<4>, proven<std::int32_t>>("batches of uint8 x int4", sum_order::exact).run();
    batch_check<integer<12>, integer<12>, chained<std::int32_t, 40, std::int64_t>>("batches of chains of int12",
                                                                                   sum_order::exact)
        .run();
    batch_check<integer<16>, integer<16>, chained<std::int64_t, 40, std::int64_t>>("batches of chains of int16",
                                                                                   sum_order::exact)
        .run();
}
TEST_CASE("batched gemm: floats, and no kernel") {
    batch_check<float8_e4m3fn, bfloat16, float_ordered>("batches of e4m3 x bfloat16", sum_order::bf16).run();
    batch_check<float, float, float_ordered>("batches of float", sum_order::f32).run();
    batch_check<integer<20>, integer<8>, proven<std::int64_t>>("batches of int20", sum_order::exact).run();
}

TEST_CASE("batched gemm: more matrices than are packed at a time") {
    // Panels of 4 MB each: two or one at a time.
    using plan_type = batched_gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    constexpr index n = 3;
    constexpr index k = 1000;
    constexpr index columns = 4000;
    plan_type plan;
    REQUIRE(plan_type::make(n, 2, k, columns, {}, plan) == status::ok);
    CHECK(plan.describe().tasks < n);
    CHECK(plan.workspace_bytes() < 10'000'000);
    std::mt19937_64 random(2);
    std::vector<integer<8>> codes;
    for (index i = 0; i < 20'000; ++i) codes.push_back(random_code<integer<8>>(random));
    // Neighbouring columns and matrices overlap in memory, which operands may.
    const batch_view<const integer<8>> lhs{codes.data(), {n, 2, k}, {31, 17, 1}};
    const batch_view<const integer<8>> rhs{codes.data(), {n, k, columns}, {777, 1, 3}};
    std::vector<std::int32_t> sums(static_cast<std::size_t>(n * 2 * columns));
    std::vector<std::byte> workspace(plan.workspace_bytes());
    REQUIRE(plan.run(lhs, rhs, dyad::make_batch(sums.data(), n, 2, columns), dyad::keep_sum{}, workspace) ==
            status::ok);
    tally cases("waves of a batch");
    for (index b = 0; b < n; ++b) {
        for (index i = 0; i < 2; ++i) {
            for (index j = 0; j < columns; j += 37) {
                std::int32_t expected = 0;
                for (index p = 0; p < k; ++p) expected += lhs(b, i, p).raw() * rhs(b, p, j).raw();
                const auto got = sums[static_cast<std::size_t>((b * 2 + i) * columns + j)];
                cases.check(got == expected, b, " ", i, " ", j, ": got ", got, ", expected ", expected);
            }
        }
    }
}

// --- bad input ---

struct good_batch {
    using plan_type = batched_gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    std::vector<integer<8>> codes = std::vector<integer<8>>(400, integer<8>::from_raw(1));
    std::vector<std::int32_t> out = std::vector<std::int32_t>(100, 42);
    std::vector<std::byte> memory;
    batch_view<const integer<8>> lhs{codes.data(), {4, 2, 3}, {6, 3, 1}};
    batch_view<const integer<8>> rhs{codes.data() + 100, {2, 3, 5}, {15, 5, 1}};
    batch_view<std::int32_t> dst{out.data(), {4, 2, 5}, {10, 5, 1}};
    std::span<std::byte> workspace;

    good_batch() {
        REQUIRE(plan_type::make(4, 2, 3, 5, {.share = 2}, plan) == status::ok);
        memory.resize(plan.workspace_bytes());
        workspace = memory;
    }
    [[nodiscard]] status run() const { return plan.run(lhs, rhs, dst, dyad::keep_sum{}, workspace); }
};

template <class Spoil>
void expect(status s, const Spoil& spoil) {
    good_batch r;
    spoil(r);
    CAPTURE(std::string(dyad::to_string(s)));
    CHECK(r.run() == s);
    for (const std::int32_t x : r.out) REQUIRE(x == 42);
}

TEST_CASE("batched gemm: each fault has its status, and nothing is written") {
    good_batch r;
    REQUIRE(r.run() == status::ok);
    for (std::size_t i = 0; i < r.out.size(); ++i) REQUIRE(r.out[i] == (i < 40 ? 3 : 42));
    expect(status::batch_extents_differ, [](good_batch& g) { g.lhs.extent[0] = 2; });
    expect(status::batch_extents_differ, [](good_batch& g) { g.rhs.extent[0] = 4; });
    expect(status::batch_extents_differ, [](good_batch& g) { g.dst.extent[0] = 3; });
    expect(status::lhs_rows_differ, [](good_batch& g) { g.lhs.extent[1] = 1; });
    expect(status::lhs_columns_differ, [](good_batch& g) { g.lhs.extent[2] = 2; });
    expect(status::rhs_rows_differ, [](good_batch& g) { g.rhs.extent[1] = 2; });
    expect(status::rhs_columns_differ, [](good_batch& g) { g.rhs.extent[2] = 4; });
    expect(status::dst_rows_differ, [](good_batch& g) { g.dst.extent[1] = 1; });
    expect(status::dst_columns_differ, [](good_batch& g) { g.dst.extent[2] = 6; });
    expect(status::lhs_null, [](good_batch& g) { g.lhs.data = nullptr; });
    expect(status::rhs_null, [](good_batch& g) { g.rhs.data = nullptr; });
    expect(status::dst_null, [](good_batch& g) { g.dst.data = nullptr; });
    expect(status::dst_overlaps_itself, [](good_batch& g) { g.dst.stride[0] = 0; });
    expect(status::dst_overlaps_itself, [](good_batch& g) { g.dst.stride = {7, 5, 1}; });
    expect(status::dst_overlaps_itself, [](good_batch& g) { g.dst.stride = {-9, 5, 1}; });
    expect(status::workspace_too_small, [](good_batch& g) { g.workspace = g.workspace.first(g.workspace.size() - 1); });
    expect(status::workspace_too_small, [](good_batch& g) { g.workspace = {}; });
    const auto in_codes = [](good_batch& g, std::size_t at) {
        g.codes.resize(100'000, integer<8>::from_raw(1));
        g.lhs.data = g.codes.data();
        g.rhs.data = g.codes.data() + 100;
        g.workspace = std::as_writable_bytes(std::span(g.codes).subspan(at));
    };
    expect(status::workspace_overlaps_operand, [&](good_batch& g) { in_codes(g, 23); });
    expect(status::workspace_overlaps_operand, [&](good_batch& g) { in_codes(g, 129); });
}

TEST_CASE("batched_gemm_plan: bad plans") {
    using plan_type = good_batch::plan_type;
    plan_type plan;
    CHECK(plan_type::make(-1, 2, 3, 4, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(4, -2, 3, 4, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(4, 2, 131072, 4, {}, plan) == status::k_exceeds_accumulator);
    CHECK(plan_type::make(4, 2, 1, 4, {.max_bias = 0x7fff'ffff}, plan) == status::bias_exceeds_accumulator);
    CHECK(plan_type::make(4, 2, 3, 4, {.share = 3}, plan) == status::batch_extents_differ);
    CHECK(plan_type::make(4, 2, 3, 4, {.share = 0}, plan) == status::batch_extents_differ);
    REQUIRE(plan_type::make(4, 2, 3, 4, {.share = 4}, plan) == status::ok);
    CHECK(plan.describe().workspace_bytes == plan.workspace_bytes());
    CHECK(plan.describe().carrier == dyad::carrier::integer8);
    CHECK(plan.describe().tasks == 4);
}

}  // namespace
