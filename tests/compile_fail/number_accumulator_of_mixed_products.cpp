// expect: dyad::exact_accumulator adds products of lmul_number with its own type only\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

void add(dyad::exact_accumulator<-600, 600>& sum, dyad::lmul_number<float> x, float y) { sum.add_product(x, y); }
