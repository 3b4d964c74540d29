// expect: dyad::exact_accumulator must reach from the smallest to the largest value that it adds\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

void add(dyad::exact_accumulator<-16, 16>& sum, dyad::float16 x) { sum.add(x); }
