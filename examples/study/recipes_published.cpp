// SPDX-License-Identifier: Apache-2.0
// Integer-only recipes that others published.
#include "recipe_runner.hpp"
#include "recipes.hpp"

namespace study {

std::vector<recipe_entry> published_recipes() {
    return {
        entry<int8_dyadic>("int8_dyadic", "HAWQ-V3: INT8, functions as well, a residual stream of 16 bits"),
        entry<int8_dyadic_stream8>("int8_dyadic_stream8", "INT8 for every tensor, the residual stream as well"),
        entry<int8_ivit>("ivit", "INT8 with I-ViT's published functions"),
        entry<int8_ibert>("ibert", "INT8 with I-BERT's published functions"),
        entry<int8_tflite>("tflite", "INT8 with TensorFlow Lite's published functions"),
        entry<tflite_int8>("tflite_int8", "TensorFlow Lite's INT8 with zero points, double rounding"),
    };
}

}  // namespace study
