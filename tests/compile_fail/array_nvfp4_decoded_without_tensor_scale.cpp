// expect: dyad::dequantize of blocks with two levels of scales
// SPDX-License-Identifier: Apache-2.0
#include <dyad/dyad.hpp>

dyad::status f(std::span<const dyad::nvfp4> blocks, std::span<float> x) { return dequantize(blocks, x); }
