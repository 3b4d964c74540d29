// SPDX-License-Identifier: Apache-2.0
// Recipes whose products read blocks that share a scale.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> block_recipes() {
    return {
        entry<mxfp8>("mxfp8", "products of MXFP8 (E4M3): blocks of 32 under a power of two, the rest float"),
        entry<mxfp6>("mxfp6", "products of MXFP6 (E2M3): blocks of 32 under a power of two, the rest float"),
        entry<mxfp4>("mxfp4", "products of MXFP4: blocks of 32 under a power of two, the rest float"),
        entry<mxint8>("mxint8", "products of MXINT8: blocks of 32 under a power of two, the rest float"),
        entry<nvfp4>("nvfp4", "products of NVFP4: blocks of 16 under E4M3, tensors under float, the rest float"),
    };
}

}  // namespace study
