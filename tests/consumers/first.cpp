// SPDX-License-Identifier: Apache-2.0
// One of two translation units that include everything.
#include <dyad/dyad.hpp>

dyad::fixed<8, 4> twice(dyad::fixed<8, 4> x);
const int* version_of_second();

// They agree on the arithmetic, and an inline variable is one object in the whole program.
int main() {
    const auto x = dyad::fixed<8, 4>::from_bits(3);
    return twice(x) == x + x && version_of_second() == &dyad::version_minor ? 0 : 1;
}
