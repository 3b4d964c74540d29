// SPDX-License-Identifier: Apache-2.0
// Random blocks of one kind, every scale rule and every rounding in turn, against the reference.
#pragma once

#include "support/block_inputs.hpp"
#include "support/exact.hpp"
#include "support/quantize_check.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>

namespace dyad_test {

template <class B>
void check_random_blocks(const char* name, std::size_t blocks) {
    constexpr std::size_t at_once = 500;
    tally cases(name);
    block_check<B> check(cases);
    std::mt19937_64 random(blocks);
    for (std::size_t done = 0; done < blocks; done += at_once) {
        const std::size_t turn = done / at_once;
        // Near 1, over all of float's range, at its two ends; and relative to any scale of the tensor.
        const int centre = turn % 7 == 5 ? -140 : turn % 7 == 6 ? 122 : 0;
        const int range = turn % 7 == 4 ? 150 : 8;
        const block_inputs inputs = block_inputs(check.element(), B::size).add_random(at_once, turn, centre, range);
        const dyad::scale_rule rule = block_rules[turn % block_rules.size()];
        const auto policy = static_cast<dyad::saturation>(random() % 3);
        float g = 1;
        if (B::layout.levels == dyad::scale_levels::two) {
            const auto bits = static_cast<std::uint32_t>(random() % 0x7f80'0000);
            g = std::bit_cast<float>(turn % 3 == 0 ? bits : 0x3b00'0000 + bits % 0x0100'0000);
            if (g == 0) g = 1;
        }
        if (random() % 2 == 0) {
            const std::uint64_t mode = random() % 14;  // nearest even as often as all the others
            check.run(inputs.values(),
                      request<dyad::rounding>{rule, all_rounding_modes[mode < 7 ? mode : 0], policy, g});
        } else {
            const auto variant = static_cast<dyad::stochastic_variant>(random() % 3);
            const int n = 1 + static_cast<int>(random() % (random() % 2 == 0 ? 4 : 32));
            const dyad::stochastic_stream stream{variant, n, random(), random()};
            check.run(inputs.values(), request<dyad::stochastic_stream>{rule, stream, policy, g});
        }
    }
}

}  // namespace dyad_test
