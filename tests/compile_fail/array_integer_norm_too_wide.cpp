// expect: dyad::integer_norm's In must be a fixed-point number of at most 16 bits\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/integer_norms.hpp>

dyad::integer_layer_norm<dyad::fixed<17>, dyad::fixed<8>> plan;
