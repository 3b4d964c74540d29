// expect: dyad's text is for types whose values lie between 2\^-131072 and 2\^131072
// SPDX-License-Identifier: Apache-2.0
// Exact text is computed in memory whose size the range of the type decides.
#include <dyad/number/minifloat.hpp>
#include <dyad/number/to_chars.hpp>

inline constexpr dyad::float_format far_away{.exponent_bits = 4, .significand_bits = 3, .bias = 200'000};

dyad::to_chars_result write(char* first, char* last, dyad::minifloat<far_away> x) {
    return dyad::to_chars(first, last, x);
}
