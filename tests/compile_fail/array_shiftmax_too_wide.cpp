// expect: dyad::shiftmax takes codes of at most 31 bits\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/softmax.hpp>

using in = dyad::vector_view<const dyad::integer<32>>;
using out = dyad::vector_view<dyad::integer<8>>;
dyad::status s = dyad::shiftmax(in{}, dyad::multiplier{}, 127, out{});
