// SPDX-License-Identifier: Apache-2.0
// bit_plane_gemv: every pair of widths and signs against the sum of products, any shape, every instruction set; bad
// calls.
#include <dyad/linalg/bit_plane_gemv.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace {

using dyad::bit_plane_plan;
using dyad::index;
using dyad::integer;
using dyad::matrix_view;
using dyad::status;
using dyad::uinteger;
using dyad_test::tally;

/// Bytes at a multiple of 64.
struct memory {
    std::vector<std::byte> bytes;
    std::size_t size;
    explicit memory(std::size_t n) : bytes(n + 64), size(n) {}
    [[nodiscard]] std::span<std::byte> span() {
        const auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
        return {bytes.data() + (64 - at % 64) % 64, size};
    }
};

struct backwards {
    template <class F>
    void operator()(index n, F&& f) const {
        for (index i = n - 1; i >= 0; --i) f(i);
    }
};

enum class contents { random, extremes };

template <class T>
std::vector<T> make_codes(index n, contents c, std::mt19937_64& random) {
    std::vector<T> codes;
    for (index i = 0; i < n; ++i) {
        const std::uint64_t r = random();
        const auto low = std::numeric_limits<T>::lowest();
        codes.push_back(c == contents::extremes ? (r % 4 == 0 ? std::numeric_limits<T>::max() : low)
                                                : T::from_bits(static_cast<std::uint8_t>(r & ((1U << T::width) - 1))));
    }
    return codes;
}

template <class A, class B>
void compare(tally& t, index m, index k, index n, contents c, std::mt19937_64& random) {
    const auto x = make_codes<A>(m * k, c, random);
    const auto w = make_codes<B>(k * n, c, random);
    const auto lhs = dyad::make_matrix(x.data(), m, k);
    const auto rhs = dyad::make_matrix(w.data(), k, n);
    static const auto sets = dyad_test::instruction_sets();
    for (const auto isa : sets) {
        bit_plane_plan<A, B> plan;
        auto s = bit_plane_plan<A, B>::make(m, k, n, {isa}, plan);
        memory packed(plan.packed_bytes());
        memory workspace(plan.workspace_bytes());
        if (s == status::ok) s = plan.pack(rhs, packed.span());
        std::vector<std::int32_t> dst(static_cast<std::size_t>(m * n), -7);
        if (s == status::ok)
            s = plan.run(lhs, packed.span(), dyad::make_matrix(dst.data(), m, n), workspace.span(), backwards{});
        bool same = s == status::ok;
        for (index i = 0; i < m; ++i) {
            for (index j = 0; j < n; ++j) {
                std::int64_t sum = 0;
                for (index l = 0; l < k; ++l) sum += lhs(i, l).raw() * rhs(l, j).raw();
                same &= sum == dst[static_cast<std::size_t>(i * n + j)];
            }
        }
        t.check(same, dyad::to_string(isa), " ", dyad::to_string(s), " widths ", A::width, " ", B::width, " m ", m,
                " k ", k, " n ", n);
    }
}

template <class A, class B>
void compare_pair(tally& t) {
    std::mt19937_64 random(A::width * 8 + B::width);
    compare<A, B>(t, 2, 70, 3, contents::random, random);
    compare<A, B>(t, 1, 515, 2, contents::extremes, random);
}
/// One pair of signs for each pair of widths, by turns, for the compiler's time; all four for the narrowest and widest.
template <int P, int Q>
void compare_signs(tally& t) {
    constexpr bool all = P % 7 == 1 && Q % 7 == 1;
    constexpr int turn = (P + 2 * Q + Q / 2) % 4;
    if constexpr (all || turn == 0) compare_pair<integer<P>, integer<Q>>(t);
    if constexpr (all || turn == 1) compare_pair<uinteger<P>, integer<Q>>(t);
    if constexpr (all || turn == 2) compare_pair<integer<P>, uinteger<Q>>(t);
    if constexpr (all || turn == 3) compare_pair<uinteger<P>, uinteger<Q>>(t);
}
template <int... N>
void compare_widths(tally& t, std::integer_sequence<int, N...>) {
    (compare_signs<N / 8 + 1, N % 8 + 1>(t), ...);
}

TEST_CASE("every pair of widths and signs") {
    tally t("bit planes, all pairs of formats");
    compare_widths(t, std::make_integer_sequence<int, 64>{});
}

TEST_CASE("every shape") {
    tally t("bit planes, shapes");
    std::mt19937_64 random(1);
    for (index i = 0; i <= 70; ++i) {
        compare<integer<6>, integer<6>>(t, 1 + i % 8, i, 1 + i * 37 % 70, contents::random, random);
        compare<integer<8>, uinteger<3>>(t, 1 + i % 3, 1 + i * 29 % 70, i, contents::extremes, random);
    }
    for (const index k : {127, 128, 130, 511, 512, 513, 1024, 1500})
        compare<uinteger<8>, integer<4>>(t, 2, k, 5, contents::extremes, random);
    for (const index m : {0, 1, 8, 9, 17}) compare<integer<2>, integer<2>>(t, m, 65, 130, contents::random, random);
}

TEST_CASE("bad calls") {
    using plan_type = bit_plane_plan<integer<4>, integer<6>>;
    plan_type plan;
    CHECK(plan_type::make(-1, 2, 3, {}, plan) == status::negative_extent);
    // 8 * 32 * k < 2^31.
    CHECK(plan_type::max_k() == (std::uint64_t{0x7fff'ffff}) / (8 * 32));
    CHECK(plan_type::make(1, static_cast<index>(plan_type::max_k()), 1, {}, plan) == status::ok);
    CHECK(plan_type::make(1, static_cast<index>(plan_type::max_k()) + 1, 1, {}, plan) == status::k_exceeds_accumulator);
    REQUIRE(plan_type::make(2, 9, 3, {}, plan) == status::ok);
    std::vector<integer<4>> x(18, integer<4>::from_raw(1));
    std::vector<integer<6>> w(27, integer<6>::from_raw(2));
    std::vector<std::int32_t> y(6, -7);
    memory packed(plan.packed_bytes());
    memory workspace(plan.workspace_bytes());
    const auto lhs = dyad::as_const(dyad::make_matrix(x.data(), 2, 9));
    const auto rhs = dyad::as_const(dyad::make_matrix(w.data(), 9, 3));
    const auto dst = dyad::make_matrix(y.data(), 2, 3);
    CHECK(plan.pack(dyad::row_block(rhs, 0, 8), packed.span()) == status::rhs_rows_differ);
    CHECK(plan.pack(dyad::column_block(rhs, 0, 2), packed.span()) == status::rhs_columns_differ);
    CHECK(plan.pack(matrix_view<const integer<6>>{nullptr, {9, 3}, {3, 1}}, packed.span()) == status::rhs_null);
    CHECK(plan.pack(rhs, packed.span().first(packed.size - 1)) == status::packed_memory_too_small);
    CHECK(plan.pack(rhs, packed.span()) == status::ok);
    CHECK(plan.run(dyad::row_block(lhs, 0, 1), packed.span(), dst, workspace.span()) == status::lhs_rows_differ);
    CHECK(plan.run(dyad::column_block(lhs, 0, 1), packed.span(), dst, workspace.span()) == status::lhs_columns_differ);
    CHECK(plan.run(lhs, packed.span(), dyad::row_block(dst, 0, 1), workspace.span()) == status::dst_rows_differ);
    CHECK(plan.run(lhs, packed.span(), dyad::column_block(dst, 0, 1), workspace.span()) == status::dst_columns_differ);
    CHECK(plan.run({nullptr, {2, 9}, {9, 1}}, packed.span(), dst, workspace.span()) == status::lhs_null);
    CHECK(plan.run(lhs, {}, dst, workspace.span()) == status::rhs_null);
    CHECK(plan.run(lhs, packed.span().first(63), dst, workspace.span()) == status::rhs_packed_too_short);
    CHECK(plan.run(lhs, packed.span(), {nullptr, {2, 3}, {3, 1}}, workspace.span()) == status::dst_null);
    CHECK(plan.run(lhs, packed.span(), {y.data(), {2, 3}, {0, 1}}, workspace.span()) == status::dst_overlaps_itself);
    auto* const in_packed = reinterpret_cast<std::int32_t*>(packed.span().data());
    CHECK(plan.run(lhs, packed.span(), dyad::make_matrix(in_packed, 2, 3), workspace.span()) ==
          status::dst_overlaps_rhs);
    CHECK(plan.run(lhs, packed.span(), dst, workspace.span().first(63)) == status::workspace_too_small);
    CHECK(plan.run(lhs, packed.span(), dst, packed.span()) == status::workspace_overlaps_operand);
    for (const auto sum : y) CHECK(sum == -7);
    CHECK(plan.run(lhs, packed.span(), dst, workspace.span()) == status::ok);
    for (const auto sum : y) CHECK(sum == 18);
}

}  // namespace
