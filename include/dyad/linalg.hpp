// SPDX-License-Identifier: Apache-2.0
// linalg: products of matrices of any formats, with and without shared scales, convolutions, attention's products, their
// carriers and epilogues.
#pragma once

#include <dyad/linalg/attention_products.hpp>
#include <dyad/linalg/batched_gemm.hpp>
#include <dyad/linalg/bit_plane_gemv.hpp>
#include <dyad/linalg/block_check.hpp>
#include <dyad/linalg/block_choice.hpp>
#include <dyad/linalg/block_gemm.hpp>
#include <dyad/linalg/block_lines.hpp>
#include <dyad/linalg/block_operand.hpp>
#include <dyad/linalg/block_panels.hpp>
#include <dyad/linalg/block_path.hpp>
#include <dyad/linalg/block_scan.hpp>
#include <dyad/linalg/block_sum.hpp>
#include <dyad/linalg/block_tables.hpp>
#include <dyad/linalg/block_tiles.hpp>
#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/conv2d.hpp>
#include <dyad/linalg/conv2d_depthwise.hpp>
#include <dyad/linalg/conv2d_plain.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/linalg/epilogue_form.hpp>
#include <dyad/linalg/epilogue_reals.hpp>
#include <dyad/linalg/epilogue_requantize.hpp>
#include <dyad/linalg/epilogue_scale.hpp>
#include <dyad/linalg/epilogue_scale_float.hpp>
#include <dyad/linalg/epilogue_stages.hpp>
#include <dyad/linalg/epilogue_words.hpp>
#include <dyad/linalg/exact_gemm.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/linalg/gemm_arithmetic.hpp>
#include <dyad/linalg/gemv.hpp>
#include <dyad/linalg/im2col.hpp>
#include <dyad/linalg/k_blocks.hpp>
#include <dyad/linalg/packed_operand.hpp>
#include <dyad/linalg/packed_weights.hpp>
#include <dyad/linalg/plain_gemm.hpp>
#include <dyad/linalg/plain_product.hpp>
#include <dyad/linalg/product.hpp>
#include <dyad/linalg/running_sum.hpp>
#include <dyad/linalg/shift_add.hpp>
#include <dyad/linalg/sources.hpp>
#include <dyad/linalg/zero_points.hpp>
