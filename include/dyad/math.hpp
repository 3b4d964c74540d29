// SPDX-License-Identifier: Apache-2.0
// math: functions of one number: of every scalar type, by argument-dependent lookup, and integer-only ones. Needs the
// standard library only.
#pragma once

#include <dyad/math/autonumerics.hpp>
#include <dyad/math/carried.hpp>
#include <dyad/math/exp_q43.hpp>
#include <dyad/math/exp_q44.hpp>
#include <dyad/math/float_functions.hpp>
#include <dyad/math/fqvit.hpp>
#include <dyad/math/function_scales.hpp>
#include <dyad/math/gemmlowp.hpp>
#include <dyad/math/hawq.hpp>
#include <dyad/math/ibert.hpp>
#include <dyad/math/index_softmax.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/ivit.hpp>
#include <dyad/math/narrow_error_functions.hpp>
#include <dyad/math/narrow_exponentials.hpp>
#include <dyad/math/narrow_functions.hpp>
#include <dyad/math/narrow_logarithms.hpp>
#include <dyad/math/narrow_real.hpp>
#include <dyad/math/narrow_roots.hpp>
#include <dyad/math/reciprocal_root.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/scalar_function.hpp>
#include <dyad/math/scalar_functions.hpp>
#include <dyad/math/scaled_functions.hpp>
#include <dyad/math/shift_exp.hpp>
#include <dyad/math/sine_cosine.hpp>
#include <dyad/math/softermax.hpp>
#include <dyad/math/tflite_functions.hpp>
#include <dyad/math/tflite_tables.hpp>
#include <dyad/math/wide_activations.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_powers.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/math/wide_trigonometric.hpp>
