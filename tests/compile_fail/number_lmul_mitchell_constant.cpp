// expect: dyad::lmul_number.s Mitchell variant has no constant: choose the adder\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

dyad::lmul_number<float, dyad::lmul_variant::mitchell, dyad::lmul_constant{1, 4}> x;
