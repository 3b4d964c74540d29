// SPDX-License-Identifier: Apache-2.0
// Exact dot products of pairs of kinds of blocks against sums of big integers.
#pragma once

#include <dyad/array/block_dot.hpp>

#include <doctest/doctest.h>

#include "support/shared_scale_check.hpp"
#include "support/tally.hpp"

#include <limits>
#include <memory>
#include <random>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dyad_test {

using dyad::index;
using dyad::rounding;
using dyad::status;

/// Blocks of a kind, with the tensor's scale where it has one.
template <class B>
struct row_of_blocks {
    std::vector<B> blocks;
    float tensor_scale = 1;

    row_of_blocks(index n, row_kind kind, bool is_lhs, std::mt19937_64& random) {
        using E = typename B::element_type;
        using S = typename B::scale_type;
        const bool any = kind == row_kind::any;
        blocks.resize(static_cast<std::size_t>(dyad::tiles_of(n, B::size)));
        const S same = random_number<S>(random, false);
        for (B& b : blocks) {
            b.scale = random_number<S>(random, any && random() % 4 == 0);
            if (kind == row_kind::largest) b.scale = std::numeric_limits<S>::max();
            if (kind == row_kind::cancelling && random() % 4 != 0) b.scale = same;
            for (int i = 0; i < B::size; ++i) {
                E x = random_number<E>(random, any && random() % 32 == 0);
                if (kind == row_kind::largest)
                    x = random() % 2 == 0 ? std::numeric_limits<E>::max() : negated(std::numeric_limits<E>::max());
                if (kind == row_kind::cancelling && i % 2 == 1)
                    x = is_lhs ? negated(b.element(i - 1)) : b.element(i - 1);
                b.set_element(i, x);
            }
        }
        if (n % B::size != 0) {
            for (int i = static_cast<int>(n % B::size); i < B::size; ++i) blocks.back().set_element(i, E::from_bits(0));
        }
        if constexpr (B::layout.levels == dyad::scale_levels::two) {
            do {
                tensor_scale = from_random_bits<float>(random() >> 33);
            } while (!(tensor_scale > 0 && tensor_scale <= std::numeric_limits<float>::max()));
        }
    }
    [[nodiscard]] auto view(index n) const { return dyad::view_of_blocks(blocks.data(), 1, n, tensor_scale); }
};

/// A row whose kind of blocks is forgotten, so that each pair of kinds costs little more than the call.
struct test_row {
    std::shared_ptr<const void> blocks;
    std::vector<exact_value> numbers;
};
template <class B>
test_row make_row(index n, row_kind kind, bool is_lhs, std::mt19937_64& random) {
    const auto row = std::make_shared<row_of_blocks<B>>(n, kind, is_lhs, random);
    return {row, numbers_of(row->view(n), 0)};
}
template <class A, class B>
status multiply(const test_row& lhs, const test_row& rhs, index n, rounding mode, double& result) {
    const auto& a = *static_cast<const row_of_blocks<A>*>(lhs.blocks.get());
    const auto& b = *static_cast<const row_of_blocks<B>*>(rhs.blocks.get());
    return dot_product(a.view(n), 0, b.view(n), 0, result, mode);
}

struct pair_of_kinds {
    test_row (*lhs)(index, row_kind, bool, std::mt19937_64&);
    test_row (*rhs)(index, row_kind, bool, std::mt19937_64&);
    status (*multiply)(const test_row&, const test_row&, index, rounding, double&);
};

inline void check_pair(const pair_of_kinds& pair, tally& cases, std::mt19937_64& random) {
    for (const row_kind kind : {row_kind::any, row_kind::finite, row_kind::cancelling, row_kind::largest}) {
        for (int round = 0; round < 20; ++round) {
            const auto n = static_cast<index>(round == 0 ? 0 : round == 1 ? 1040 : random() % 200);
            const test_row lhs = pair.lhs(n, kind, true, random);
            const test_row rhs = pair.rhs(n, kind, false, random);
            const dyad::unpacked_wide expected = sum_of_products(lhs.numbers, rhs.numbers);
            const rounding mode = all_rounding_modes[random() % 7];
            // As double, so that what float cannot hold is seen too.
            double result = 0;
            CHECK(pair.multiply(lhs, rhs, n, mode, result) == status::ok);
            const auto right = dyad::pack_as<double>(expected, mode, dyad::saturation::none);
            const bool same = result == right || (result != result && right != right);
            cases.check(same, "row of ", n, " ", mode, ": ", result, " instead of ", right);
        }
    }
}

/// Every pair once, the one or the other first.
template <class... B>
void check_all_pairs() {
    tally cases("dot products of blocks");
    std::mt19937_64 random(1);
    const auto check = [&]<class L, class R>(std::type_identity<L>, std::type_identity<R>) {
        check_pair({make_row<L>, make_row<R>, multiply<L, R>}, cases, random);
    };
    const auto with_later = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        using all = std::tuple<B...>;
        [&]<std::size_t... J>(std::index_sequence<J...>) {
            (check(std::type_identity<std::tuple_element_t<J % 2 == 0 ? I : I + J, all>>{},
                   std::type_identity<std::tuple_element_t<J % 2 == 0 ? I + J : I, all>>{}),
             ...);
        }
        (std::make_index_sequence<sizeof...(B) - I>{});
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (with_later(std::integral_constant<std::size_t, I>{}), ...); }
    (std::make_index_sequence<sizeof...(B)>{});
}

}  // namespace dyad_test
