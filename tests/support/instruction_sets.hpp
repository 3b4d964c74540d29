// SPDX-License-Identifier: Apache-2.0
// Every instruction set that this machine has, to force kernels one by one.
#pragma once

#include <doctest/doctest.h>

#include <string>
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
        else MESSAGE("not run: this machine has no " << std::string(dyad::to_string(isa)));
    }
    return there;
}

/// The library takes the machine for one with `isa` while this lives.
class assumed_instruction_set {
public:
    explicit assumed_instruction_set(dyad::instruction_set isa) { dyad::assume_instruction_set(isa); }
    ~assumed_instruction_set() { dyad::assume_instruction_set(before_); }
    assumed_instruction_set(const assumed_instruction_set&) = delete;
    assumed_instruction_set& operator=(const assumed_instruction_set&) = delete;

private:
    dyad::instruction_set before_ = dyad::best_instruction_set();
};

}  // namespace dyad_test
