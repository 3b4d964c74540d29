// SPDX-License-Identifier: Apache-2.0
// array: views, status, executor, arena, bulk conversion and arithmetic, packed storage, row functions.
#pragma once

#include <dyad/array/arena.hpp>
#include <dyad/array/arithmetic.hpp>
#include <dyad/array/bit_planes.hpp>
#include <dyad/array/block.hpp>
#include <dyad/array/block_dot.hpp>
#include <dyad/array/code_order.hpp>
#include <dyad/array/convert.hpp>
#include <dyad/array/dfp.hpp>
#include <dyad/array/dfp_chain.hpp>
#include <dyad/array/dot_product.hpp>
#include <dyad/array/element_integers.hpp>
#include <dyad/array/elements.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/fused_blocks.hpp>
#include <dyad/array/ggml.hpp>
#include <dyad/array/group.hpp>
#include <dyad/array/layer_norm.hpp>
#include <dyad/array/matrix_cut.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/packed.hpp>
#include <dyad/array/packed_copy.hpp>
#include <dyad/array/packed_iterator.hpp>
#include <dyad/array/packed_view.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/array/quantized_view.hpp>
#include <dyad/array/repack.hpp>
#include <dyad/array/scale_map.hpp>
#include <dyad/array/scale_rule.hpp>
#include <dyad/array/scaled_elements.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/ternary_packing.hpp>
#include <dyad/array/tile_scales.hpp>
#include <dyad/array/view.hpp>
