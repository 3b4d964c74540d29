// expect: no match for 'operator\+'|invalid operands to binary expression
#include <dyad/number/fixed.hpp>

auto x = dyad::fixed<8, 4>{} + dyad::fixed<8, 5>{};
