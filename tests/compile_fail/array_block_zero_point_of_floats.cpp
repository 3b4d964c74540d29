// expect: dyad::block.s zero_point needs a fixed-point Element
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::block<dyad::float4_e2m1fn, dyad::float8_e8m0fnu, 32, dyad::block_layout{.zero_point = 8}> b;
