// expect: cannot convert|no viable conversion|not contextually convertible|could not convert|is not contextually
// convertible SPDX-License-Identifier: Apache-2.0 Is a NaN true? Compare with zero instead.
#include <dyad/number.hpp>

bool truth(dyad::float8_e4m3fn x) { return x ? true : false; }
