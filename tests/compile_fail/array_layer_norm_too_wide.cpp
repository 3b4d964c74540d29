// expect: dyad::layer_norm_integer takes codes of at most 16 bits\.
// SPDX-License-Identifier: Apache-2.0
#include <dyad/array/layer_norm.hpp>

using in = dyad::vector_view<const dyad::integer<17>>;
using gains = dyad::vector_view<const std::int32_t>;
using offsets = dyad::vector_view<const std::int64_t>;
using out = dyad::vector_view<dyad::integer<8>>;
dyad::status s = dyad::layer_norm_integer(in{}, gains{}, offsets{}, 0, 0, out{});
