// SPDX-License-Identifier: Apache-2.0
// The study's recipes: those of the library, and the names by which results know some of them.
#pragma once

#include <dyad/nn.hpp>
#include <dyad/nn/recipes.hpp>

namespace study {

using namespace dyad::nn::recipes;  // NOLINT: study::mxfp4 is the recipe

using int8_ivit = ivit;
using int8_ibert = ibert;
using int8_tflite = tflite_functions_only;

}  // namespace study
