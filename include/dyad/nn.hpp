// SPDX-License-Identifier: Apache-2.0
// nn: recipes, and layers as templates over them.
#pragma once

#include <dyad/nn/affine.hpp>
#include <dyad/nn/archive.hpp>
#include <dyad/nn/attention.hpp>
#include <dyad/nn/block_scaling.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/functions.hpp>
#include <dyad/nn/fused_activation.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/product_parameters.hpp>
#include <dyad/nn/published_functions.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/scaling.hpp>
#include <dyad/nn/tensor.hpp>
#include <dyad/nn/token_scaling.hpp>
#include <dyad/nn/transformer.hpp>
#include <dyad/nn/weights.hpp>
