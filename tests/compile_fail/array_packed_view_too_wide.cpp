// expect: dyad::packed_elements. T must be a format of 1 to 8 bits\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/packed_view.hpp>
#include <dyad/number/fixed.hpp>

dyad::packed_view<dyad::integer<9>> x;
