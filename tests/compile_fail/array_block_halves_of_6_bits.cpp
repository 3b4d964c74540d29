// expect: dyad::block.s code_order::halves needs elements of 1, 2 or 4 bits
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::block<dyad::float6_e2m3fn, dyad::float8_e8m0fnu, 32, dyad::block_layout{.order = dyad::code_order::halves}> b;
