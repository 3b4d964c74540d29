// expect: dyad::packed_elements. Rank must be at least 1\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/packed_view.hpp>
#include <dyad/number/fixed.hpp>

dyad::packed_elements<dyad::integer<4>, 0> x;
