// SPDX-License-Identifier: Apache-2.0
// A program that needs the numbers alone.
#include <dyad/number.hpp>

using q4 = dyad::fixed<8, 4>;

static_assert(q4{} + q4{} == q4{});

int main(int argc, char**) {
    const q4 x = q4::from_bits(static_cast<q4::bits_type>(argc));
    return x.bits() == argc ? 0 : 1;
}
