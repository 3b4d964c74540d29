// expect: contract_violated
// SPDX-License-Identifier: Apache-2.0
// Codes of six bits have zeros above.
#include <dyad/number.hpp>

constexpr auto x = dyad::float6_e2m3fn::from_bits(0x40);
