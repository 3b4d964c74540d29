// SPDX-License-Identifier: Apache-2.0
// math: functions of one number: of every scalar type, by argument-dependent lookup, and integer-only ones. Needs the
// standard library only.
#pragma once

#include <dyad/math/float_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/scalar_functions.hpp>
#include <dyad/math/shift_exp.hpp>
#include <dyad/math/wide_constants.hpp>
#include <dyad/math/wide_error_functions.hpp>
#include <dyad/math/wide_exponentials.hpp>
#include <dyad/math/wide_logarithms.hpp>
#include <dyad/math/wide_powers.hpp>
#include <dyad/math/wide_real.hpp>
#include <dyad/math/wide_trigonometric.hpp>
