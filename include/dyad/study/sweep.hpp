// SPDX-License-Identifier: Apache-2.0
// The error of a function over all of its inputs: largest, mean, bias, root mean square, a histogram in ulps, breaks of
// monotonicity, the worst input. Any number of threads, and any partition into shards, gives the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

#include <dyad/array/executor.hpp>
#include <dyad/study/all_cores.hpp>
#include <dyad/study/sweep_state.hpp>

namespace dyad::inline v1::study {

/// Inputs in a row: the codes first to last, both of them; decode(code) is what the function gets.
template <class Decode = std::identity>
struct domain {
    std::int64_t first = 0;
    std::int64_t last = -1;  ///< first - 1: no inputs
    Decode decode = {};

    [[nodiscard]] std::uint64_t size() const noexcept {
        return static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
    }
};
domain(std::int64_t, std::int64_t)->domain<>;
template <class Decode>
domain(std::int64_t, std::int64_t, Decode) -> domain<Decode>;

/// Part i of n, 0 <= i < n, of a domain: contiguous, in order, as equal as can be; empty where there are more parts
/// than inputs.
template <class Decode>
[[nodiscard]] domain<Decode> part_of(const domain<Decode>& whole, std::uint64_t i, std::uint64_t n) {
    const auto border = [&](std::uint64_t part) {
        return static_cast<std::uint64_t>(static_cast<uint128_t>(whole.size()) * part / n);
    };
    return {static_cast<std::int64_t>(static_cast<std::uint64_t>(whole.first) + border(i)),
            static_cast<std::int64_t>(static_cast<std::uint64_t>(whole.first) + border(i + 1) - 1), whole.decode};
}

/// Compares function(x) with reference(x) for every input x of the domain. Both answer in the same unit with anything
/// to_real() takes: double, integers, Dyad's numbers, reals, numbers of Boost.Multiprecision. The error of an input is
/// difference(value, reference), a double good to 2^-52 of itself and 2^-105 of the operands; `ulp` is the step of the
/// function's output in that unit. Both are called from several threads at once.
/// Throws std::invalid_argument for a domain of more than 2^62 inputs (or a last below first - 1) and for an ulp that
/// is not a positive number; and what the functions throw.
template <class Function, class Reference, class Decode, executor Executor = all_cores>
[[nodiscard]] sweep_state sweep(const Function& function, const Reference& reference, const domain<Decode>& inputs,
                                double ulp = 1, Executor&& run = Executor{}) {
    // (the size of all codes of 64 bits wraps to 0)
    const bool all = inputs.size() == 0 && inputs.first <= inputs.last;
    if (all || inputs.size() > std::uint64_t{1} << 62)
        throw std::invalid_argument("dyad::study::sweep: at most 2^62 inputs, and first <= last + 1");
    if (!(ulp > 0) || !std::isfinite(ulp))
        throw std::invalid_argument("dyad::study::sweep: the ulp must be a positive number");
    // Parts enough that threads of unequal speed end together; the result does not depend on their number.
    constexpr std::uint64_t most_parts = 1024;
    constexpr std::uint64_t inputs_per_part = 1024;
    const std::uint64_t parts = std::clamp<std::uint64_t>(inputs.size() / inputs_per_part, 1, most_parts);
    std::vector<sweep_state> states(static_cast<std::size_t>(parts), sweep_state(ulp));
    run(static_cast<index>(parts), [&](index task) {
        const domain<Decode> part = part_of(inputs, static_cast<std::uint64_t>(task), parts);
        sweep_state state(ulp);
        for (std::uint64_t i = 0; i < part.size(); ++i) {
            const auto code = static_cast<std::int64_t>(static_cast<std::uint64_t>(part.first) + i);
            const auto x = part.decode(code);
            state.add(code, to_real(function(x)), to_real(reference(x)));
        }
        states[static_cast<std::size_t>(task)] = state;
    });
    sweep_state whole(ulp);
    for (const sweep_state& state : states) whole.append(state);
    return whole;
}

}  // namespace dyad::inline v1::study
