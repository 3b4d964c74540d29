// SPDX-License-Identifier: Apache-2.0
// Every instruction set that this machine has, to force kernels one by one.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include <dyad/kernels/cpu.hpp>

namespace dyad_test {

/// Those of this kind of machine, from the least to the best.
[[nodiscard]] inline std::vector<dyad::instruction_set> known_instruction_sets() {
    using enum dyad::instruction_set;
#if defined(__x86_64__)
    return {scalar, avx2, avx512, avx512_bf16, amx};
#elif defined(__aarch64__)
    return {scalar, neon, neon_dot};
#else
    return {scalar};
#endif
}

/// From scalar to the best; says which ones are left out.
[[nodiscard]] inline std::vector<dyad::instruction_set> instruction_sets() {
    std::vector<dyad::instruction_set> there;
    for (const dyad::instruction_set isa : known_instruction_sets()) {
        if (isa <= dyad::best_instruction_set()) there.push_back(isa);
        else MESSAGE("not run: this machine has no " << dyad::to_string(isa));
    }
    return there;
}

}  // namespace dyad_test
