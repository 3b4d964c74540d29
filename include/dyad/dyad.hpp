// SPDX-License-Identifier: Apache-2.0
// Everything from core to nn.
#pragma once

#include <dyad/array.hpp>
#include <dyad/core.hpp>
#include <dyad/linalg.hpp>
#include <dyad/math.hpp>
#include <dyad/nn.hpp>
#include <dyad/number.hpp>
