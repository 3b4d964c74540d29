// expect: dyad::add_exact has no type of at most 64 bits for the sum: use dyad::exact_accumulator
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

auto x = add_exact(dyad::bfloat16(1), dyad::bfloat16(2));
