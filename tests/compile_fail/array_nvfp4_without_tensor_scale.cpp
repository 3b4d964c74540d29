// expect: dyad::quantize of blocks with two levels of scales
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::status f(std::span<const float> x, std::span<dyad::nvfp4> blocks) {
    return quantize(x, blocks, dyad::scale_rule::nearest);
}
