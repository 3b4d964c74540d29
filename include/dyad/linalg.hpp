// SPDX-License-Identifier: Apache-2.0
// linalg: matrix products of any formats, their carriers and epilogues.
#pragma once

#include <dyad/linalg/carrier.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/linalg/gemm.hpp>
