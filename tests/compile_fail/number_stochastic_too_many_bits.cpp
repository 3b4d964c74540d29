// expect: contract_violated
// SPDX-License-Identifier: Apache-2.0
#include <dyad/number.hpp>

constexpr auto x = dyad::convert<dyad::float8_e4m3fn>(0.3f, dyad::stochastic{dyad::stochastic_variant::a, 33, 0});
