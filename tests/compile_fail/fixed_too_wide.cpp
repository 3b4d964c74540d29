// expect: Width must be 1 to 64 bits
#include <dyad/number/fixed.hpp>

dyad::fixed<65, 0> x;
