// SPDX-License-Identifier: Apache-2.0
// Every instruction set that this machine has, to force kernels one by one.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include <dyad/kernels/cpu.hpp>

namespace dyad_test {

/// From scalar to the best; says which ones are left out.
[[nodiscard]] inline std::vector<dyad::instruction_set> instruction_sets() {
    std::vector<dyad::instruction_set> there;
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::avx512}) {
        if (isa <= dyad::best_instruction_set()) there.push_back(isa);
        else MESSAGE("not run: this machine has no " << dyad::to_string(isa));
    }
    return there;
}

}  // namespace dyad_test
