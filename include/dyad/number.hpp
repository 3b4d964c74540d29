// SPDX-License-Identifier: Apache-2.0
// number: one number of each kind, conversion between all of them, accumulators. Needs the standard library only.
#pragma once

#include <dyad/core.hpp>
#include <dyad/number/accumulator.hpp>
#include <dyad/number/arithmetic.hpp>
#include <dyad/number/classification.hpp>
#include <dyad/number/convert.hpp>
#include <dyad/number/decimal.hpp>
#include <dyad/number/dyadic.hpp>
#include <dyad/number/exact_accumulator.hpp>
#include <dyad/number/exact_arithmetic.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/from_chars.hpp>
#include <dyad/number/hash.hpp>
#include <dyad/number/lmul.hpp>
#include <dyad/number/lmul_adder.hpp>
#include <dyad/number/lmul_number.hpp>
#include <dyad/number/minifloat.hpp>
#include <dyad/number/minimum.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/native.hpp>
#include <dyad/number/natural.hpp>
#include <dyad/number/operations.hpp>
#include <dyad/number/p3109.hpp>
#include <dyad/number/power.hpp>
#include <dyad/number/power_of_two.hpp>
#include <dyad/number/presets.hpp>
#include <dyad/number/ternary.hpp>
#include <dyad/number/text_format.hpp>
#include <dyad/number/to_chars.hpp>
#include <dyad/number/value_range.hpp>
