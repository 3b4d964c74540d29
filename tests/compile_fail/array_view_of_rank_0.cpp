// expect: dyad::view.s Rank must be at least 1\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/view.hpp>

dyad::view<int, 0> x;
