// SPDX-License-Identifier: Apache-2.0
// math: functions of one number, integer-only and float. Needs the standard library only.
#pragma once

#include <dyad/math/float_functions.hpp>
#include <dyad/math/integer_sqrt.hpp>
#include <dyad/math/requantize.hpp>
#include <dyad/math/shift_exp.hpp>
