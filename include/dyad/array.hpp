// SPDX-License-Identifier: Apache-2.0
// array: views, status, executor, arena, bulk conversion and arithmetic, packed storage, row functions.
#pragma once

#include <dyad/array/arena.hpp>
#include <dyad/array/arithmetic.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/dot_product.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/layer_norm.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/packed.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
