// SPDX-License-Identifier: Apache-2.0
// The normalizations of a row: what is taken from each element and what it is divided by.
#pragma once

#include <cstdint>

namespace dyad::inline v1 {

enum class norm_kind : std::uint8_t {
    layer,  ///< x - mean by sqrt(mean (x - mean)^2 + epsilon): Ba, Kiros, Hinton, arXiv 1607.06450
    rms,    ///< x by sqrt(mean x^2 + epsilon): Zhang and Sennrich, arXiv 1910.07467
    l1      ///< x - mean by mean |x - mean| + epsilon: arXiv 2411.10948
};

}  // namespace dyad::inline v1
