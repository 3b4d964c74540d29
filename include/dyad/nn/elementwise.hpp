// SPDX-License-Identifier: Apache-2.0
// Layers that work on rows or elements, together.
#pragma once

#include <dyad/nn/activation.hpp>
#include <dyad/nn/mean_rows.hpp>
#include <dyad/nn/norms.hpp>
#include <dyad/nn/residual.hpp>
