// SPDX-License-Identifier: Apache-2.0
// Families of nonlinear functions that a recipe names. Each has, from In to Out:
//   softmax<In, Out>                        run, run_causal, run_masked on rows
//   activation<pointwise F, In, Out>        any function of nn/pointwise.hpp, element by element; gelu: the tanh form
//   layer_norm, rms_norm, l1_norm<In, Out>  rows, with gains and offsets
// `set` prepares one from what the codes of its input and output are worth (affine: scale and zero point); `run`
// applies it to a row, or to the rows of a matrix; `shape` takes what memory it needs; `visit` shows its parameters.
#pragma once

#include <dyad/nn/float_functions.hpp>
#include <dyad/nn/integer_functions.hpp>
