// SPDX-License-Identifier: Apache-2.0
// softmax_of_heads: functions that know no masks give the codes of those that do.
#include <dyad/nn/attention_softmax.hpp>

#include <doctest/doctest.h>

#include <dyad/array/integer_softmax.hpp>

#include "nn/layer_support.hpp"

#include <cstdint>
#include <vector>

namespace dyad_test {
namespace {

using dyad::attention_mask;
using dyad::row_options;
using dyad::nn::seen_keys;
using In = dyad::integer<16>;
using Out = dyad::uinteger<8>;
using plan = dyad::integer_softmax<In, Out>;

constexpr index heads = 3;
constexpr index tokens = 21;  // more than one task a head
constexpr index keys = 25;
constexpr index rows = heads * tokens;

/// Takes rows only, matrices only, masks as well.
struct by_rows {
    const plan& p;
    status run(dyad::vector_view<const In> src, dyad::vector_view<Out> dst) const noexcept { return p.run(src, dst); }
};
struct by_matrices {
    const plan& p;
    status run(matrix_view<const In> src, matrix_view<Out> dst) const noexcept { return p.run(src, dst); }
};

plan made() {
    plan p;
    REQUIRE(p.set(dyad::multiplier::from_scale(1.0 / 4096), 255) == status::ok);
    return p;
}

template <class F>
std::vector<Out> shares_of(const F& f, std::vector<In> scores, const seen_keys& seen, unsigned threads,
                           status expected = status::ok) {
    std::vector<Out> out(scores.size(), Out::from_raw(77));
    const shuffling several{threads, 9};
    const std::size_t need = scratch_needed([&](const auto& context) {
        return softmax_of_heads(f, matrix_view<In>{nullptr, {rows, keys}, {keys, 1}}, tokens, seen,
                                matrix_view<Out>{nullptr, {rows, keys}, {keys, 1}}, context);
    });
    CHECK(run_in(
              need,
              [&](const auto& context) {
                  return softmax_of_heads(f, dyad::make_matrix(scores.data(), rows, keys), tokens, seen,
                                          dyad::make_matrix(out.data(), rows, keys), context);
              },
              several) == expected);
    return out;
}

TEST_CASE("attention's softmax: with masks of its own, by matrices and by rows the same codes") {
    const auto scores = encode<In>(random_matrix(rows, keys, 30000, 8), 1);
    std::vector<std::uint8_t> bytes;
    for (index i = 0; i < tokens * keys; ++i)
        bytes.push_back(i % 3 != 0 && i / keys != 17 ? std::uint8_t{1} : std::uint8_t{0});
    const auto mask = dyad::make_matrix<const std::uint8_t>(bytes.data(), tokens, keys);
    const plan p = made();
    for (const seen_keys& seen :
         {seen_keys{}, seen_keys{attention_mask::causal, 4, {}}, seen_keys{attention_mask::causal, -3, {}},
          seen_keys{attention_mask::none, 0, mask}, seen_keys{attention_mask::causal, 4, mask}}) {
        const auto expected = shares_of(p, scores, seen, 1);
        CHECK(equal_bits(shares_of(p, scores, seen, 4), expected));
        CHECK(equal_bits(shares_of(by_rows{p}, scores, seen, 3), expected));
        CHECK(equal_bits(shares_of(by_matrices{p}, scores, seen, 2), expected));
        for (index r = 0; r < rows; ++r) {
            int sum = 0;
            bool any = false;
            for (index j = 0; j < keys; ++j) {
                const int share = expected[static_cast<std::size_t>(r * keys + j)].raw();
                if (!seen.sees(r % tokens, j)) CHECK(share == 0);
                any = any || seen.sees(r % tokens, j);
                sum += share;
            }
            CHECK(sum <= (any ? 255 + keys / 2 : 0));
            CHECK(sum >= (any ? 255 - keys / 2 : 0));
        }
    }
}

TEST_CASE("attention's softmax: what a function says is told, nothing runs") {
    const std::vector<In> scores(static_cast<std::size_t>(rows * keys));
    const plan unset;
    for (const seen_keys& seen : {seen_keys{}, seen_keys{attention_mask::causal, 4, {}}}) {
        for (const Out& x : shares_of(unset, scores, seen, 1, status::scale_not_positive)) CHECK(x.raw() == 77);
    }
    dyad::arena measuring = dyad::arena::measuring();
    CHECK(softmax_of_heads(unset, matrix_view<In>{nullptr, {rows, keys}, {keys, 1}}, tokens,
                           {attention_mask::causal, 0, {}}, matrix_view<Out>{nullptr, {rows, keys - 1}, {keys, 1}},
                           dyad::nn::quiet(measuring)) == status::extents_differ);
}

}  // namespace
}  // namespace dyad_test
