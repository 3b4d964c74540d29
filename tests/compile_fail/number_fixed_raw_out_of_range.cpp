// expect: contract_violated
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

constexpr auto x = dyad::fixed<6, 2>::from_raw(32);
