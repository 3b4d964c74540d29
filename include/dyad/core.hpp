// SPDX-License-Identifier: Apache-2.0
// core: bits and widths, rounding, saturation, unpacked numbers, random bits, the concept format.
#pragma once

#include <dyad/core/assert.hpp>
#include <dyad/core/bits.hpp>
#include <dyad/core/format.hpp>
#include <dyad/core/fused.hpp>
#include <dyad/core/random.hpp>
#include <dyad/core/rounding.hpp>
#include <dyad/core/saturation.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/core/version.hpp>
