// expect: no matching function for call to .*from_chars|constraints not satisfied
// SPDX-License-Identifier: Apache-2.0
// 128-bit integers are written but not read: their roundings need more digits than the exact ratio has.
#include <dyad/number/from_chars.hpp>

dyad::from_chars_result read(const char* first, const char* last, dyad::int128_t& x) {
    return dyad::from_chars(first, last, x);
}
